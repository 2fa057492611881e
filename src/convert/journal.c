/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes and reads the journal record. The form on disk is described in docs/ONDISK.md. */
#include "convert/journal.h"

#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/endian.h"
#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs_csum.h"

#define JOURNAL_VERSION 1u

static const u8 journal_magic[16] = "fsconvert record";

struct piece_disk {
	le64 home, len, source;
	u8 digest[16];
} __packed;

struct journal_disk {
	u8 digest[32];                    /* +0x0000: blake2b-256 of all that follows */
	u8 magic[16];                     /* +0x0020 */
	le32 version;                     /* +0x0030: 1 */
	le32 target;                      /* +0x0034: enum journal_target */
	le64 address;                     /* +0x0038: of the first copy */
	le64 device_size;                 /* +0x0040 */
	le32 nr_pieces;                   /* +0x0048: at most JOURNAL_MAX_PIECES */
	u8 reserved[948];                 /* +0x004c: 0 */
	u8 ext_super[EXT_MARK_SIZE];      /* +0x0400 */
	u8 boot_code[1024];               /* +0x0800 */
	u8 btrfs_super[BTRFS_SUPER_SIZE]; /* +0x0c00 */
	struct piece_disk pieces[JOURNAL_MAX_PIECES]; /* +0x1c00 */
	u8 pad[JOURNAL_COPY - 0x1c00 - JOURNAL_MAX_PIECES * sizeof(struct piece_disk)];
} __packed;

static_assert(sizeof(struct piece_disk) == 40, "piece size");
static_assert(sizeof(struct journal_disk) == JOURNAL_COPY, "record size");
static_assert(offsetof(struct journal_disk, ext_super) == 0x400, "E");
static_assert(offsetof(struct journal_disk, btrfs_super) == 0xc00, "B");
static_assert(offsetof(struct journal_disk, pieces) == 0x1c00, "pieces");

void journal_digest(const void *buf, size_t len, u8 digest[16])
{
	u8 full[BTRFS_CSUM_MAX];

	btrfs_csum(BTRFS_CSUM_BLAKE2B, buf, len, full);
	memcpy(digest, full, 16);
}

static void digest_record(const struct journal_disk *d, u8 digest[32])
{
	btrfs_csum(BTRFS_CSUM_BLAKE2B, d->magic, sizeof(*d) - offsetof(struct journal_disk, magic), digest);
}

static void encode(struct journal_disk *d, const struct journal *j)
{
	memset(d, 0, sizeof(*d));
	memcpy(d->magic, journal_magic, sizeof(d->magic));
	d->version = cpu_to_le32(JOURNAL_VERSION);
	d->target = cpu_to_le32(j->target);
	d->address = cpu_to_le64(j->address);
	d->device_size = cpu_to_le64(j->device_size);
	d->nr_pieces = cpu_to_le32(j->nr_pieces);
	memcpy(d->ext_super, j->ext_super, sizeof(d->ext_super));
	memcpy(d->boot_code, j->boot_code, sizeof(d->boot_code));
	memcpy(d->btrfs_super, j->btrfs_super, sizeof(d->btrfs_super));
	for (u32 i = 0; i < j->nr_pieces; i++) {
		d->pieces[i].home = cpu_to_le64(j->pieces[i].home);
		d->pieces[i].len = cpu_to_le64(j->pieces[i].len);
		d->pieces[i].source = cpu_to_le64(j->pieces[i].source);
		memcpy(d->pieces[i].digest, j->pieces[i].digest, sizeof(d->pieces[i].digest));
	}
	digest_record(d, d->digest);
}

static bool decode(const struct journal_disk *d, u64 address, struct journal *j)
{
	u8 digest[32];

	if (memcmp(d->magic, journal_magic, sizeof(d->magic)) != 0)
		return false;
	digest_record(d, digest);
	if (memcmp(d->digest, digest, sizeof(digest)) != 0 || le32_to_cpu(d->version) != JOURNAL_VERSION ||
	    le32_to_cpu(d->target) > JOURNAL_TO_EXT || le32_to_cpu(d->nr_pieces) > JOURNAL_MAX_PIECES ||
	    le64_to_cpu(d->address) != address)
		return false;
	j->target = (enum journal_target)le32_to_cpu(d->target);
	j->address = address;
	j->device_size = le64_to_cpu(d->device_size);
	j->nr_pieces = le32_to_cpu(d->nr_pieces);
	memcpy(j->ext_super, d->ext_super, sizeof(j->ext_super));
	memcpy(j->boot_code, d->boot_code, sizeof(j->boot_code));
	memcpy(j->btrfs_super, d->btrfs_super, sizeof(j->btrfs_super));
	for (u32 i = 0; i < j->nr_pieces; i++) {
		j->pieces[i].home = le64_to_cpu(d->pieces[i].home);
		j->pieces[i].len = le64_to_cpu(d->pieces[i].len);
		j->pieces[i].source = le64_to_cpu(d->pieces[i].source);
		memcpy(j->pieces[i].digest, d->pieces[i].digest, sizeof(j->pieces[i].digest));
	}
	return true;
}

int journal_write(struct dev *dev, const struct journal *journal)
{
	struct journal_disk *d = malloc(sizeof(*d));
	int ret;

	if (!d)
		return msg_nomem("journal");
	encode(d, journal);
	ret = dev_write(dev, journal->address, d, sizeof(*d));
	if (!ret)
		ret = dev_write(dev, journal->address + JOURNAL_COPY, d, sizeof(*d));
	free(d);
	return ret ? ret : dev_flush(dev);
}

int journal_read(struct dev *dev, u64 address, struct journal *journal)
{
	struct journal_disk *d;
	int ret = 0;
	bool found = false;

	if (address % JOURNAL_AREA || address >= dev->size || dev->size - address < JOURNAL_AREA) {
		msg_err("%s: the address of the journal record (%llu) is impossible", dev->name,
			(unsigned long long)address);
		return ERR_CORRUPT;
	}
	d = malloc(sizeof(*d));
	if (!d)
		return msg_nomem("journal");
	for (u32 copy = 0; !found && copy < 2; copy++) {
		ret = dev_read(dev, address + copy * JOURNAL_COPY, d, sizeof(*d));
		found = !ret && decode(d, address, journal);
	}
	free(d);
	if (found)
		return 0;
	if (!ret) {
		msg_err("%s: both copies of the journal record at %llu are damaged", dev->name,
			(unsigned long long)address);
		ret = ERR_CORRUPT;
	}
	return ret;
}

int journal_clear(struct dev *dev, u64 address)
{
	u8 *zeros = calloc(1, JOURNAL_AREA);
	int ret;

	if (!zeros)
		return msg_nomem("journal");
	ret = dev_write(dev, address, zeros, JOURNAL_AREA);
	free(zeros);
	return ret ? ret : dev_flush(dev);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checksums of btrfs behind one function. Digests are little-endian; one shorter than the field it is stored in
 * leaves the rest of that field to the caller.
 */
#include "btrfs/btrfs_csum.h"

#include <sodium.h>
#include <strings.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/crc32c.h"
#include "base/endian.h"
#include "base/msg.h"
#include "base/status.h"

/* Sectors whose crc32c is computed in one call. */
#define CRC_BATCH 64

static_assert(crypto_hash_sha256_BYTES == 32 && BTRFS_CSUM_MAX == 32, "sha256 digest");

static const struct csum_kind {
	u32 size;
	const char *name;
	const char *alias;
} csum_kinds[] = {
	[BTRFS_CSUM_CRC32C] = { 4, "crc32c", NULL },
	[BTRFS_CSUM_XXHASH] = { 8, "xxhash64", "xxhash" },
	[BTRFS_CSUM_SHA256] = { 32, "sha256", NULL },
	[BTRFS_CSUM_BLAKE2B] = { 32, "blake2b", "blake2" },
};

u32 btrfs_csum_size(enum btrfs_csum_type type)
{
	return csum_kinds[type].size;
}

const char *btrfs_csum_name(enum btrfs_csum_type type)
{
	return csum_kinds[type].name;
}

int btrfs_csum_parse(const char *name, enum btrfs_csum_type *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(csum_kinds); i++) {
		const struct csum_kind *kind = &csum_kinds[i];

		if (!strcasecmp(name, kind->name) || (kind->alias && !strcasecmp(name, kind->alias))) {
			*type = (enum btrfs_csum_type)i;
			return 0;
		}
	}
	return ERR_USAGE;
}

void btrfs_csum(enum btrfs_csum_type type, const void *buf, size_t len, u8 *out)
{
	switch (type) {
	case BTRFS_CSUM_CRC32C:
		put_le32(out, ~crc32c_raw(~(u32)0, buf, len));
		break;
	case BTRFS_CSUM_XXHASH:
		put_le64(out, XXH64(buf, len, 0));
		break;
	case BTRFS_CSUM_SHA256:
		/* Of these two functions only the length arguments, constant here, could make them fail. */
		(void)crypto_hash_sha256(out, buf, len);
		break;
	case BTRFS_CSUM_BLAKE2B:
		(void)crypto_generichash(out, BTRFS_CSUM_MAX, buf, len, NULL, 0);
		break;
	}
}

static void csum_sectors_crc32c(const u8 *sectors, size_t nr, u8 *out)
{
	u32 crcs[CRC_BATCH];

	while (nr) {
		size_t batch = nr < CRC_BATCH ? nr : CRC_BATCH;

		crc32c_sectors(sectors, batch, crcs);
		for (size_t i = 0; i < batch; i++)
			put_le32(out + 4 * i, crcs[i]);
		sectors += batch * SECTOR;
		out += batch * 4;
		nr -= batch;
	}
}

void btrfs_csum_sectors(enum btrfs_csum_type type, const void *sectors, size_t nr, u8 *out)
{
	const u8 *sector = sectors;
	u32 size = btrfs_csum_size(type);

	if (type == BTRFS_CSUM_CRC32C) {
		csum_sectors_crc32c(sector, nr, out);
		return;
	}
	for (size_t i = 0; i < nr; i++)
		btrfs_csum(type, sector + i * SECTOR, SECTOR, out + i * size);
}

int btrfs_csum_init(void)
{
	if (sodium_init() < 0) {
		msg_err("checksum library: initialisation failed");
		return ERR_BUG;
	}
	return 0;
}

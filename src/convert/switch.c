/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The switch. J is the journal record, E the ext superblock at 1 KiB, B the btrfs superblock at 64 KiB, E' and B' the
 * same with our mark, M the copies of B at 64 MiB and 256 GiB, H what ext has in the places of M and below 1 MiB
 * beside E and B.
 *
 *     head of the device as ext    | boot | E  | H ...........  | block of ext | H ............ 1M |
 *     head of the device as btrfs  | boot | zeros ............. | B            | zeros ........ 1M |
 *
 * To btrfs (the device holds ext)               a power cut after it leaves
 *     1  J, flush                               ext
 *     2  E', flush                              armed by E'
 *     3  M, flush                               armed by E'
 *     4  B' over the block of ext, flush        armed by both
 *     5  zeros over E' and the rest, flush      armed by B'
 *     6  B, flush                               btrfs
 *     7  J cleared                              btrfs
 *
 * To ext (the device holds btrfs)
 *     1  J, flush                               btrfs
 *     2  B', flush                              armed by B'
 *     3  H, flush                               armed by B'
 *     4  E', flush                              armed by both
 *     5  the block of ext over B', flush        armed by E'
 *     6  E, flush                               ext
 *     7  J cleared                              ext
 *
 * Going back from an armed state is the other list from step 3 on, without the mark that stands already. Each step may
 * be done again. No superblock that could be mounted stands beside a mark. Torn writes: E' has its mark in both of its
 * sectors when both change, so either half leads to J; B and B' differ in one sector only; B' over the block of ext is
 * written while E' stands, the block of ext over B' too, and E' is taken away while B' stands.
 */
#include "convert/switch.h"

#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs_mark.h"
#include "btrfs/btrfs_super.h"

#define HEAD MIB
#define BOOT_END EXT_MARK_HOME
#define EXT_END (EXT_MARK_HOME + EXT_MARK_SIZE)
#define SUPER_END (BTRFS_SUPER_PRIMARY + BTRFS_SUPER_SIZE)

/* --- the fence --- */

static int open_homes(struct dev *fence, const struct journal *j)
{
	int ret;

	dev_fence_close(fence);
	ret = dev_fence_open(fence, 0, HEAD, "the head of the device");
	for (u32 nr = 1; !ret && nr < 3; nr++) {
		u64 offset = btrfs_super_offset(nr, j->device_size);

		if (offset)
			ret = dev_fence_open(fence, offset, BTRFS_STRIPE_LEN, "the home of a superblock copy");
	}
	return ret ? ret : dev_fence_open(fence, j->address, JOURNAL_AREA, "the journal record");
}

/* --- writes --- */

static int write_flush(struct dev *dev, u64 offset, const void *buf, size_t len)
{
	int ret = dev_write(dev, offset, buf, len);

	return ret ? ret : dev_flush(dev);
}

static int write_zeros(struct dev *dev, u64 start, u64 end)
{
	static const u8 zeros[64 * 1024];
	int ret = 0;

	while (!ret && start < end) {
		u64 len = min_u64(sizeof(zeros), end - start);

		ret = dev_write(dev, start, zeros, len);
		start += len;
	}
	return ret;
}

static int write_ext_mark(struct dev *dev, const struct journal *j)
{
	u8 super[EXT_MARK_SIZE];

	memcpy(super, j->ext_super, sizeof(super));
	ext_mark_set(super, j->address);
	return write_flush(dev, EXT_MARK_HOME, super, sizeof(super));
}

static int write_btrfs_mark(struct dev *dev, const struct journal *j)
{
	u8 super[BTRFS_SUPER_SIZE];

	memcpy(super, j->btrfs_super, sizeof(super));
	btrfs_mark_set(super, j->address);
	return write_flush(dev, BTRFS_SUPER_PRIMARY, super, sizeof(super));
}

static int write_mirrors(struct dev *dev, const struct journal *j)
{
	u8 super[BTRFS_SUPER_SIZE];
	int ret = 0;

	memcpy(super, j->btrfs_super, sizeof(super));
	for (u32 nr = 1; !ret && nr < 3; nr++) {
		u64 offset = btrfs_super_offset(nr, j->device_size);

		if (!offset)
			continue;
		btrfs_mark_readdress(super, offset);
		ret = dev_write(dev, offset, super, sizeof(super));
	}
	return ret ? ret : dev_flush(dev);
}

/* The boot code is not ours to change: it is written only where a roll back may have replaced it. */
static int restore_boot_code(struct dev *dev, const struct journal *j)
{
	return j->target == JOURNAL_TO_EXT ? dev_write(dev, 0, j->boot_code, sizeof(j->boot_code)) : 0;
}

/* --- pieces: what ext has in the reserved ranges --- */

static int read_piece(struct dev *dev, const struct journal_piece *p, u8 *buf)
{
	u8 digest[16];
	int ret;

	if (p->source == JOURNAL_ZEROS) {
		memset(buf, 0, p->len);
		return 0;
	}
	ret = dev_read(dev, p->source, buf, p->len);
	if (ret)
		return ret;
	journal_digest(buf, p->len, digest);
	if (memcmp(digest, p->digest, sizeof(digest)) == 0)
		return 0;
	msg_err("%s: the copy at %llu of the %llu bytes that belong at %llu is damaged", dev->name,
		(unsigned long long)p->source, (unsigned long long)p->len, (unsigned long long)p->home);
	return ERR_CORRUPT;
}

int switch_check_sources(struct dev *dev, const struct journal *j)
{
	u8 *buf = malloc(HEAD);
	int ret = 0;

	if (!buf)
		return msg_nomem("switch");
	for (u32 i = 0; !ret && i < j->nr_pieces; i++) {
		const struct journal_piece *p = &j->pieces[i];

		if (p->len > HEAD) {
			msg_err("%s: the journal record names a piece of %llu bytes, which is impossible", dev->name,
				(unsigned long long)p->len);
			ret = ERR_CORRUPT;
		} else {
			ret = read_piece(dev, p, buf);
		}
	}
	free(buf);
	return ret;
}

/* Writes the part of a piece that lies in [start, end). */
static int write_part(struct dev *dev, const struct journal_piece *p, const u8 *buf, u64 start, u64 end)
{
	u64 from = max_u64(start, p->home), to = min_u64(end, p->home + p->len);

	return from < to ? dev_write(dev, from, buf + (from - p->home), to - from) : 0;
}

/* All of H, but neither E nor the block of ext under B. */
static int write_homes(struct dev *dev, const struct journal *j, u8 *buf)
{
	int ret = 0;

	for (u32 nr = 1; !ret && nr < 3; nr++) {
		u64 offset = btrfs_super_offset(nr, j->device_size);

		if (offset)
			ret = write_zeros(dev, offset, offset + BTRFS_SUPER_SIZE);
	}
	for (u32 i = 0; !ret && i < j->nr_pieces; i++) {
		const struct journal_piece *p = &j->pieces[i];

		ret = read_piece(dev, p, buf);
		if (!ret)
			ret = write_part(dev, p, buf, 0, BOOT_END);
		if (!ret)
			ret = write_part(dev, p, buf, EXT_END, BTRFS_SUPER_PRIMARY);
		if (!ret)
			ret = write_part(dev, p, buf, SUPER_END, ~(u64)0);
	}
	return ret ? ret : dev_flush(dev);
}

/* The block of ext under B; zeros where ext uses none. */
static int write_under_super(struct dev *dev, const struct journal *j, u8 *buf)
{
	u8 block[BTRFS_SUPER_SIZE] = { 0 };
	int ret = 0;

	for (u32 i = 0; !ret && i < j->nr_pieces; i++) {
		const struct journal_piece *p = &j->pieces[i];
		u64 from = max_u64(p->home, BTRFS_SUPER_PRIMARY), to = min_u64(p->home + p->len, SUPER_END);

		if (from >= to)
			continue;
		ret = read_piece(dev, p, buf);
		if (!ret)
			memcpy(block + (from - BTRFS_SUPER_PRIMARY), buf + (from - p->home), to - from);
	}
	return ret ? ret : write_flush(dev, BTRFS_SUPER_PRIMARY, block, sizeof(block));
}

/* --- the switch --- */

int switch_arm(struct dev *fence, const struct journal *j, bool *armed)
{
	int ret = open_homes(fence, j);

	*armed = false;
	if (!ret)
		ret = journal_write(fence, j);
	if (ret)
		return ret;
	*armed = true;
	return j->target == JOURNAL_TO_BTRFS ? write_ext_mark(fence, j) : write_btrfs_mark(fence, j);
}

int switch_rearm(struct dev *fence, const struct journal *j)
{
	struct journal_state state;
	int ret = open_homes(fence, j);

	if (!ret)
		ret = journal_probe(fence, &state);
	if (!ret && state.ext_marked)
		ret = write_ext_mark(fence, j);
	if (!ret && state.btrfs_marked)
		ret = write_btrfs_mark(fence, j);
	return ret;
}

/* Which marks stand. Without any, a power cut between the next writes would leave nothing to resume from. */
static int read_marks(struct dev *fence, struct journal_state *state)
{
	int ret = journal_probe(fence, state);

	if (ret || state->ext_marked || state->btrfs_marked)
		return ret;
	msg_err("%s: the mark that was just written cannot be read back: the device cannot be trusted", fence->name);
	return ERR_IO;
}

/* Everything below 1 MiB that is not B' becomes zero, but the boot code. */
static int clear_head(struct dev *dev, const struct journal *j)
{
	int ret = write_zeros(dev, EXT_MARK_HOME, BTRFS_SUPER_PRIMARY);

	if (!ret)
		ret = write_zeros(dev, SUPER_END, min_u64(HEAD, j->device_size));
	return ret ? ret : dev_flush(dev);
}

/* The device is what it shall be, without a mark, and this is on the disk. What fails now is no failure of the switch:
 * the record stands in space that is free. */
static void tidy(struct dev *fence, const struct journal *j)
{
	if (journal_clear(fence, j->address))
		msg_warn("%s: the switch is complete, but its record at %llu could not be cleared: it stands in free "
			 "space and does no harm; look after the device", fence->name,
			 (unsigned long long)j->address);
}

int switch_to_btrfs(struct dev *fence, const struct journal *j)
{
	struct journal_state state;
	int ret = open_homes(fence, j);

	if (!ret)
		ret = read_marks(fence, &state);
	if (!ret)
		ret = restore_boot_code(fence, j);
	if (!ret)
		ret = write_mirrors(fence, j);
	if (!ret && !state.btrfs_marked)
		ret = write_btrfs_mark(fence, j);
	if (!ret)
		ret = clear_head(fence, j);
	if (!ret)
		ret = write_flush(fence, BTRFS_SUPER_PRIMARY, j->btrfs_super, BTRFS_SUPER_SIZE);
	if (!ret)
		tidy(fence, j);
	return ret;
}

int switch_to_ext(struct dev *fence, const struct journal *j)
{
	struct journal_state state;
	u8 *buf = NULL;
	int ret = open_homes(fence, j);

	if (!ret)
		ret = switch_check_sources(fence, j);
	if (!ret)
		ret = read_marks(fence, &state);
	if (ret)
		return ret;
	buf = malloc(HEAD);
	if (!buf)
		return msg_nomem("switch");
	ret = write_homes(fence, j, buf);
	if (!ret && !state.ext_marked)
		ret = write_ext_mark(fence, j);
	if (!ret)
		ret = write_under_super(fence, j, buf);
	if (!ret)
		ret = write_flush(fence, EXT_MARK_HOME, j->ext_super, EXT_MARK_SIZE);
	free(buf);
	if (!ret)
		tidy(fence, j);
	return ret;
}

int switch_wipe_stale(struct dev *fence)
{
	u8 super[EXT_MARK_SIZE];
	int ret;

	dev_fence_close(fence);
	ret = dev_fence_open(fence, EXT_MARK_HOME, EXT_MARK_SIZE, "the ext superblock");
	if (!ret)
		ret = dev_read(fence, EXT_MARK_HOME, super, sizeof(super));
	if (ret)
		return ret;
	ext_mark_wipe(super);
	return write_flush(fence, EXT_MARK_HOME, super, sizeof(super));
}

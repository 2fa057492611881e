/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bitmaps, one group at a time. A bitmap that was never written is made up from what its group must hold; a written
 * one must match its checksum.
 */
#include "ext/ext_private.h"

#define PREFETCH_GROUPS 64u

u32 ext_bit_find(const u8 *map, u32 from, u32 end, bool set)
{
	u64 flip = set ? 0 : ~(u64)0;

	while (from < end) {
		u64 word = (get_le64(map + from / 64 * 8) ^ flip) >> (from & 63);

		if (word)
			return min_u64(from + (u32)__builtin_ctzll(word), end);
		from = (from | 63) + 1;
	}
	return end;
}

/* Bitmap checksums: low half in all descriptors, high half in those of 64 bytes. */
static bool bitmap_csum_ok(const struct ext_fs *fs, const u8 *map, u32 nr_bits, u16 lo, u16 hi)
{
	u32 csum = crc32c_raw(fs->csum_seed, map, nr_bits / 8);

	if ((csum & 0xFFFF) != lo)
		return false;
	return EXT2_DESC_SIZE(fs->lib->super) < EXT2_MIN_DESC_SIZE_64BIT || csum >> 16 == hi;
}

static const struct ext4_group_desc *descriptor(const struct ext_fs *fs, u32 group)
{
	return (const struct ext4_group_desc *)ext2fs_group_desc(fs->lib, fs->lib->group_desc, group);
}

/* Sets the bits of [block, block + nr) that lie in the group. */
static void set_bits(u8 *map, const struct ext_group *g, u64 block, u64 nr)
{
	u64 end = min_u64(block + nr, g->first + g->nr_blocks);

	for (block = max_u64(block, g->first); block < end; block++)
		map[(block - g->first) >> 3] |= 1u << ((block - g->first) & 7);
}

int ext_block_bitmap_read(struct ext_fs *fs, u32 group, u8 *buf)
{
	const struct ext4_group_desc *desc = descriptor(fs, group);
	struct ext_group g;
	int ret;

	ext_group_get(fs, group, &g);
	if (g.block_uninit) {
		memset(buf, 0, fs->block_size);
		set_bits(buf, &g, g.first, ext_group_base_blocks(fs, group));
		set_bits(buf, &g, g.block_bitmap, 1);
		set_bits(buf, &g, g.inode_bitmap, 1);
		set_bits(buf, &g, g.itable, fs->itable_blocks);
		return 0;
	}
	ret = ext_read_block(fs, g.block_bitmap, buf, fs->block_size);
	if (ret)
		return ret;
	if (fs->metadata_csum && !bitmap_csum_ok(fs, buf, fs->blocks_per_group, desc->bg_block_bitmap_csum_lo,
						 desc->bg_block_bitmap_csum_hi))
		return ext_corrupt(fs, "group %u: wrong checksum of the block bitmap", group);
	return 0;
}

int ext_inode_bitmap_read(struct ext_fs *fs, u32 group, u8 *buf)
{
	const struct ext4_group_desc *desc = descriptor(fs, group);
	struct ext_group g;
	int ret;

	ext_group_get(fs, group, &g);
	if (g.inode_uninit) {
		memset(buf, 0, fs->block_size);
		return 0;
	}
	ret = ext_read_block(fs, g.inode_bitmap, buf, fs->block_size);
	if (ret)
		return ret;
	if (fs->metadata_csum && !bitmap_csum_ok(fs, buf, fs->inodes_per_group, desc->bg_inode_bitmap_csum_lo,
						 desc->bg_inode_bitmap_csum_hi))
		return ext_corrupt(fs, "group %u: wrong checksum of the inode bitmap", group);
	return 0;
}

int ext_blocks_used(struct ext_fs *fs, u64 block, u64 nr_blocks, bool *used)
{
	u64 end = min_u64(block + nr_blocks, fs->nr_blocks);

	*used = false;
	while (block < end && !*used) {
		u32 group = block / fs->blocks_per_group;
		u32 from = block % fs->blocks_per_group;
		u32 to = min_u64(fs->blocks_per_group, from + (end - block));
		int ret = ext_block_bitmap_read(fs, group, fs->bitmap_buf);

		if (ret)
			return ret;
		*used = ext_bit_find(fs->bitmap_buf, from, to, true) < to;
		block += to - from;
	}
	return 0;
}

/* --- the walk over all groups --- */

struct used_walk {
	struct ext_fs *fs;
	ext_range_fn fn;
	void *ctx;
	u64 block, nr_blocks; /* not yet delivered */
	u64 nr_used;
};

static int deliver(struct used_walk *w)
{
	u32 bits = w->fs->block_bits;
	u64 nr = w->nr_blocks;

	w->nr_blocks = 0;
	return nr ? w->fn(w->ctx, w->block << bits, nr << bits) : 0;
}

static int add_used(struct used_walk *w, u64 block, u64 nr_blocks)
{
	int ret = 0;

	w->nr_used += nr_blocks;
	if (w->nr_blocks && w->block + w->nr_blocks == block) {
		w->nr_blocks += nr_blocks;
		return 0;
	}
	ret = deliver(w);
	w->block = block;
	w->nr_blocks = nr_blocks;
	return ret;
}

static int walk_group(struct used_walk *w, u32 group)
{
	struct ext_fs *fs = w->fs;
	struct ext_group g;
	u32 bit = 0;
	int ret;

	ext_group_get(fs, group, &g);
	ret = ext_block_bitmap_read(fs, group, fs->bitmap_buf);
	while (!ret && bit < g.nr_blocks) {
		u32 start = ext_bit_find(fs->bitmap_buf, bit, g.nr_blocks, true);

		if (start == g.nr_blocks)
			break;
		bit = ext_bit_find(fs->bitmap_buf, start, g.nr_blocks, false);
		ret = add_used(w, g.first + start, bit - start);
	}
	return ret;
}

static void prefetch_bitmaps(struct ext_fs *fs, u32 group)
{
	u32 end = min_u64((u64)group + PREFETCH_GROUPS, fs->nr_groups);
	struct ext_prefetch p = { 0 };

	for (; group < end; group++) {
		struct ext_group g;

		ext_group_get(fs, group, &g);
		if (!g.block_uninit)
			ext_prefetch_add(fs, &p, g.block_bitmap, 1);
	}
	ext_prefetch_flush(fs, &p);
}

int ext_used_iterate(struct ext_fs *fs, ext_range_fn fn, void *ctx)
{
	struct used_walk w = { .fs = fs, .fn = fn, .ctx = ctx };
	int ret = 0;

	for (u32 group = 0; group < fs->nr_groups && !ret; group++) {
		if (group % PREFETCH_GROUPS == 0)
			prefetch_bitmaps(fs, group);
		ret = walk_group(&w, group);
	}
	if (!ret)
		ret = deliver(&w);
	if (!ret)
		fs->info.free = (fs->nr_blocks - w.nr_used) << fs->block_bits;
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All inodes in use, in order. Inode tables are read in large pieces, the next piece while the present one is worked
 * on; parts of a table that were never initialised are not read. Each inode is held against the inode bitmap.
 */
#include <stdlib.h>

#include "ext/ext_private.h"

#define CHUNK ((u32)1 << 20)

struct ext_inode_iter {
	struct ext_fs *fs;
	u8 *chunk;    /* CHUNK bytes, or one group's table where that is less */
	u8 *bitmap;
	u32 group;
	u32 index;       /* next inode in the group */
	u32 chunk_first; /* index of the first inode in chunk */
	u32 chunk_nr;    /* inodes in chunk */
	u32 nr_inodes;   /* initialised inodes of the group */
	u64 bytes;
};

static u32 chunk_inodes(const struct ext_fs *fs)
{
	return CHUNK / fs->inode_size;
}

/* Loads the bitmap of the group and checks that nothing is in use where the table was never initialised. */
static int enter_group(struct ext_inode_iter *it)
{
	struct ext_fs *fs = it->fs;
	struct ext_group g;
	int ret;

	ext_group_get(fs, it->group, &g);
	it->nr_inodes = g.nr_inodes;
	it->chunk_first = 0;
	it->chunk_nr = 0;
	ret = ext_inode_bitmap_read(fs, it->group, it->bitmap);
	if (ret)
		return ret;
	if (ext_bit_find(it->bitmap, g.nr_inodes, fs->inodes_per_group, true) < fs->inodes_per_group)
		return ext_corrupt(fs, "group %u: inodes are in use in the unused part of the inode table", it->group);
	return 0;
}

/* Hints the device at the piece after the present one, which may begin in a later group. */
static void prefetch_next(struct ext_inode_iter *it)
{
	struct ext_fs *fs = it->fs;
	u32 index = it->chunk_first + it->chunk_nr;

	for (u32 group = it->group; group < fs->nr_groups; group++, index = 0) {
		struct ext_group g;

		ext_group_get(fs, group, &g);
		if (group != it->group && !g.inode_uninit)
			dev_prefetch(fs->dev, g.inode_bitmap << fs->block_bits, fs->block_size);
		if (index < g.nr_inodes) {
			dev_prefetch(fs->dev, (g.itable << fs->block_bits) + (u64)index * fs->inode_size,
				     (u64)min_u64(g.nr_inodes - index, chunk_inodes(fs)) * fs->inode_size);
			return;
		}
	}
}

/* Hints the device at what reading the inodes of the piece will need. */
static void prefetch_contents(struct ext_inode_iter *it)
{
	struct ext_fs *fs = it->fs;
	struct ext_prefetch p = { 0 };

	for (u32 i = 0; i < it->chunk_nr; i++) {
		if (ext_bit_test(it->bitmap, it->chunk_first + i))
			ext_prefetch_inode(fs, (const struct ext_inode_disk *)(it->chunk + (size_t)i * fs->inode_size),
					 &p);
	}
	ext_prefetch_flush(fs, &p);
}

static int load_chunk(struct ext_inode_iter *it)
{
	struct ext_fs *fs = it->fs;
	struct ext_group g;
	int ret;

	ext_group_get(fs, it->group, &g);
	it->chunk_first = it->index;
	it->chunk_nr = min_u64(it->nr_inodes - it->index, chunk_inodes(fs));
	ret = dev_read(fs->dev, (g.itable << fs->block_bits) + (u64)it->index * fs->inode_size, it->chunk,
		       (size_t)it->chunk_nr * fs->inode_size);
	if (ret)
		return ret;
	prefetch_next(it);
	prefetch_contents(it);
	return 0;
}

/* Whether the inode is in use: 1, 0, or an error where inode and bitmap disagree. */
static int check_use(struct ext_inode_iter *it, u32 ino, u8 *raw, bool marked)
{
	const struct ext_inode_disk *inode = (const struct ext_inode_disk *)raw;
	struct ext_fs *fs = it->fs;
	bool linked = inode->links_count != 0;

	if (!marked && !linked && ino >= fs->first_ino)
		return 0;
	if (ino < fs->first_ino && ino != EXT_ROOT_INO) {
		if (!marked)
			return ext_corrupt_inode(fs, ino, "a reserved inode is free in the inode bitmap");
		if (ext_inode_is_blank(raw))
			return 0;
	} else if (!marked) {
		return ext_corrupt_inode(fs, ino, "is in use, but free in the inode bitmap");
	}
	if (fs->metadata_csum && !ext_inode_csum_ok(fs, ino, raw))
		return ext_corrupt_inode(fs, ino, "wrong checksum");
	if (ino >= fs->first_ino || ino == EXT_ROOT_INO) {
		if (!linked)
			return ext_corrupt_inode(fs, ino, "is in use in the inode bitmap, but has no links");
		if (inode->dtime)
			return ext_corrupt_inode(fs, ino, "is in use, but has a time of deletion");
	}
	return 1;
}

int ext_inode_iter_next(struct ext_inode_iter *it, struct ext_inode *inode)
{
	struct ext_fs *fs = it->fs;
	int ret;

	for (;;) {
		u32 ino, index;
		u8 *raw;

		while (it->index >= it->nr_inodes) {
			if (it->group + 1 >= fs->nr_groups)
				return 0;
			it->group++;
			it->index = 0;
			ret = enter_group(it);
			if (ret)
				return ret;
		}
		if (it->index >= it->chunk_first + it->chunk_nr) {
			ret = load_chunk(it);
			if (ret)
				return ret;
		}
		index = it->index++;
		ino = it->group * fs->inodes_per_group + index + 1;
		raw = it->chunk + (size_t)(index - it->chunk_first) * fs->inode_size;
		it->bytes += fs->inode_size;
		ret = check_use(it, ino, raw, ext_bit_test(it->bitmap, index));
		if (ret < 0)
			return ret;
		if (!ret)
			continue;
		ret = ext_inode_decode(fs, ino, raw, inode);
		return ret ? ret : 1;
	}
}

int ext_inode_iter_new(struct ext_fs *fs, u32 first_ino, struct ext_inode_iter **out)
{
	struct ext_inode_iter *it = calloc(1, sizeof(*it));
	int ret;

	if (!it)
		return msg_nomem("inode table");
	it->fs = fs;
	it->chunk = malloc(CHUNK);
	it->bitmap = malloc(fs->block_size);
	if (!it->chunk || !it->bitmap) {
		ext_inode_iter_free(it);
		return msg_nomem("inode table");
	}
	if (first_ino)
		first_ino--;
	it->group = min_u64(first_ino / fs->inodes_per_group, fs->nr_groups - 1);
	ret = enter_group(it);
	if (ret) {
		ext_inode_iter_free(it);
		return ret;
	}
	it->index = first_ino - it->group * fs->inodes_per_group;
	*out = it;
	return 0;
}

u64 ext_inode_iter_bytes(const struct ext_inode_iter *it)
{
	return it->bytes;
}

u64 ext_inode_table_bytes(const struct ext_fs *fs)
{
	u64 bytes = 0;

	for (u32 group = 0; group < fs->nr_groups; group++) {
		struct ext_group g;

		ext_group_get(fs, group, &g);
		bytes += (u64)g.nr_inodes * fs->inode_size;
	}
	return bytes;
}

void ext_inode_iter_free(struct ext_inode_iter *it)
{
	if (!it)
		return;
	free(it->chunk);
	free(it->bitmap);
	free(it);
}

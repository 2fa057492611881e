/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Indirect maps: 12 direct pointers, then trees of one, two and three levels; a zero pointer is a hole at any level. */
#include <sys/stat.h>

#include "ext/ext_private.h"

#define NR_LEVELS 3u

static void prefetch_branch(struct ext_fs *fs, const u8 *ptrs, u32 nr)
{
	struct ext_prefetch p = { 0 };

	for (u32 i = 0; i < nr; i++) {
		u32 child = get_le32(ptrs + 4 * i);

		if (child)
			ext_prefetch_add(fs, &p, child, 1);
	}
	ext_prefetch_flush(fs, &p);
}

/* The tree below pblk: level 1 holds pointers to data. lblk is the first logical block that it maps. */
static int walk_branch(struct ext_map_walk *w, u32 pblk, u32 level, u64 lblk)
{
	struct ext_fs *fs = w->fs;
	u8 *buf = fs->node_buf + (size_t)(level - 1) * fs->block_size;
	u32 nr = fs->block_size / 4;
	u64 span = 1;
	int ret = ext_map_tree(w, pblk, buf);

	if (ret)
		return ret;
	if (level > 1)
		prefetch_branch(fs, buf, nr);
	for (u32 i = 1; i < level; i++)
		span *= nr;
	for (u32 i = 0; i < nr && !ret; i++) {
		u32 child = get_le32(buf + 4 * i);

		if (!child)
			continue;
		if (level == 1)
			ret = ext_map_add(w, lblk + i, child, 1, false);
		else
			ret = walk_branch(w, child, level - 1, lblk + i * span);
	}
	return ret;
}

int ext_map_walk_indirect(struct ext_map_walk *w)
{
	const u8 *ptrs = ext_inode_raw(w->inode)->block;
	u64 lblk = EXT_NR_DIRECT;
	u64 span = 1;
	int ret = 0;

	for (u32 i = 0; i < EXT_NR_DIRECT && !ret; i++) {
		u32 pblk = get_le32(ptrs + 4 * i);

		if (pblk)
			ret = ext_map_add(w, i, pblk, 1, false);
	}
	for (u32 level = 1; level <= NR_LEVELS && !ret; level++) {
		u32 pblk = get_le32(ptrs + 4 * (EXT_NR_DIRECT + level - 1));

		span *= w->fs->block_size / 4;
		if (pblk)
			ret = walk_branch(w, pblk, level, lblk);
		lblk += span;
	}
	return ret;
}

void ext_map_prefetch_indirect(struct ext_fs *fs, const u8 *area, bool contents, struct ext_prefetch *p)
{
	for (u32 i = contents ? 0 : EXT_NR_DIRECT; i < EXT_NR_BLOCK_PTRS; i++) {
		u32 pblk = get_le32(area + 4 * i);

		if (pblk)
			ext_prefetch_add(fs, p, pblk, 1);
	}
}

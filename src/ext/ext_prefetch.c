/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hints of what the inodes ahead will need. They are made from unchecked inodes, so nothing here may trust or refuse
 * anything; a wrong hint costs a read and no more.
 */
#include <sys/stat.h>

#include "ext/ext_private.h"

/* A hint longer than this would push others out of the cache. */
#define MAX_HINT_BLOCKS 1024u

void ext_prefetch_flush(struct ext_fs *fs, struct ext_prefetch *p)
{
	if (p->nr_blocks)
		dev_prefetch(fs->dev, p->block << fs->block_bits, p->nr_blocks << fs->block_bits);
	p->nr_blocks = 0;
}

void ext_prefetch_add(struct ext_fs *fs, struct ext_prefetch *p, u64 block, u64 nr_blocks)
{
	nr_blocks = min_u64(nr_blocks, MAX_HINT_BLOCKS);
	if (!ext_map_block_ok(fs, block, nr_blocks))
		return;
	if (p->nr_blocks && block == p->block + p->nr_blocks) {
		p->nr_blocks += nr_blocks;
		return;
	}
	ext_prefetch_flush(fs, p);
	p->block = block;
	p->nr_blocks = nr_blocks;
}

void ext_prefetch_inode(struct ext_fs *fs, const struct ext_inode_disk *raw, struct ext_prefetch *p)
{
	u32 mode = le16_to_cpu(raw->mode);
	bool contents = S_ISDIR(mode) || S_ISLNK(mode);
	u64 xattrs = le32_to_cpu(raw->file_acl_lo);

	if (fs->incompat & EXT_INCOMPAT_64BIT)
		xattrs |= (u64)le16_to_cpu(raw->file_acl_hi) << 32;
	if (xattrs)
		ext_prefetch_add(fs, p, xattrs, 1);
	if (!S_ISREG(mode) && !contents)
		return;
	if (S_ISLNK(mode) && le32_to_cpu(raw->size_lo) < EXT_BLOCK_AREA)
		return;
	if (le32_to_cpu(raw->flags) & EXT_FLAG_EXTENTS)
		ext_map_prefetch_extents(fs, raw->block, contents, p);
	else
		ext_map_prefetch_indirect(fs, raw->block, contents, p);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Targets of symlinks: in the inode's block area when they are shorter than that, else in one block. */
#include <sys/stat.h>

#include "ext/ext_private.h"

/* The kernel decides by the blocks that the inode owns besides its attributes; old images may have a short target in a
 * block. */
bool ext_symlink_is_fast(const struct ext_fs *fs, const struct ext_inode *inode)
{
	u32 blocks = le32_to_cpu(ext_inode_raw(inode)->blocks_lo);
	u32 unit = inode->flags & EXT_FLAG_HUGE_FILE ? 1 : fs->block_size / 512;

	return inode->size < EXT_BLOCK_AREA && blocks == (inode->xattr_block ? unit : 0);
}

struct target_block {
	struct ext_fs *fs;
	u32 ino;
	u64 physical;
};

static int take_run(void *ctx, const struct ext_run *run)
{
	struct target_block *t = ctx;

	if (t->physical || run->logical || run->len != t->fs->block_size || run->unwritten)
		return ext_corrupt_inode(t->fs, t->ino, "a symlink maps more or other than one block");
	t->physical = run->physical;
	return 0;
}

static int find_block(struct ext_fs *fs, const struct ext_inode *inode, u64 *physical)
{
	struct target_block t = { .fs = fs, .ino = inode->ino };
	const struct ext_map_sink sink = { .run = take_run, .ctx = &t };
	int ret = ext_map_iterate(fs, inode, &sink);

	if (!ret && !t.physical)
		ret = ext_corrupt_inode(fs, inode->ino, "a symlink without a target");
	*physical = t.physical;
	return ret;
}

int ext_symlink_read(struct ext_fs *fs, const struct ext_inode *inode, char *buf, u32 *len)
{
	const struct ext_inode_disk *raw = ext_inode_raw(inode);
	u64 physical;
	int ret;

	if (!S_ISLNK(inode->mode) || !inode->size || inode->size >= fs->block_size)
		return ext_corrupt_inode(fs, inode->ino, "impossible length of a symlink");
	if (inode->size < EXT_BLOCK_AREA && inode->flags & EXT_FLAG_EXTENTS)
		return ext_corrupt_inode(fs, inode->ino, "a short symlink is mapped by extents");
	if (inode->size > EXT_SYMLINK_MAX)
		return ext_refuse(fs, "make the symlink shorter", "inode %u: a symlink of %llu bytes, btrfs takes %u",
				  inode->ino, (unsigned long long)inode->size, EXT_SYMLINK_MAX);
	if (ext_symlink_is_fast(fs, inode)) {
		memcpy(buf, raw->block, inode->size + 1);
	} else {
		ret = find_block(fs, inode, &physical);
		if (!ret)
			ret = dev_read(fs->dev, physical, buf, inode->size + 1);
		if (ret)
			return ret;
	}
	if (strnlen(buf, inode->size + 1) != inode->size)
		return ext_corrupt_inode(fs, inode->ino, "the target of a symlink does not fit its length");
	*len = inode->size;
	return 0;
}

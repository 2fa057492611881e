/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block maps: what both kinds of map have in common. A map may cost no more reading than the inode's block count
 * allows, so that a damaged one can neither loop nor name more blocks than the file system has.
 */
#include <sys/stat.h>

#include "ext/ext_private.h"

#define MAX_LBLK ((u64)1 << 32)

static bool is_regular(const struct ext_inode *inode)
{
	return S_ISREG(inode->mode) || !(inode->mode & S_IFMT);
}

bool ext_map_block_ok(const struct ext_fs *fs, u64 block, u64 nr_blocks)
{
	return block > 0 && block < fs->nr_blocks && nr_blocks <= fs->nr_blocks - block;
}

bool ext_map_exists(const struct ext_fs *fs, const struct ext_inode *inode)
{
	if (S_ISLNK(inode->mode))
		return !ext_symlink_is_fast(fs, inode);
	return is_regular(inode) || S_ISDIR(inode->mode);
}

static int deliver_run(struct ext_map_walk *w)
{
	struct ext_run run = w->run;

	w->run.len = 0;
	return run.len && w->sink->run ? w->sink->run(w->sink->ctx, &run) : 0;
}

static int count_blocks(struct ext_map_walk *w, u64 nr_blocks)
{
	if (nr_blocks > w->max_blocks - w->nr_blocks)
		return ext_corrupt_inode(w->fs, w->inode->ino, "owns more blocks than its block count says");
	w->nr_blocks += nr_blocks;
	return 0;
}

int ext_map_add(struct ext_map_walk *w, u64 lblk, u64 pblk, u64 nr_blocks, bool unwritten)
{
	u32 bits = w->fs->block_bits;
	u32 ino = w->inode->ino;
	int ret;

	if (lblk < w->next_lblk)
		return ext_corrupt_inode(w->fs, ino, "the piece at logical block %llu overlaps the one before",
					 (unsigned long long)lblk);
	if (nr_blocks > MAX_LBLK || lblk > MAX_LBLK - nr_blocks)
		return ext_corrupt_inode(w->fs, ino, "the piece at logical block %llu is past the largest file",
					 (unsigned long long)lblk);
	if (!ext_map_block_ok(w->fs, pblk, nr_blocks))
		return ext_corrupt_inode(w->fs, ino, "logical block %llu lies outside the file system, at block %llu",
					 (unsigned long long)lblk, (unsigned long long)pblk);
	ret = count_blocks(w, nr_blocks);
	if (ret)
		return ret;
	w->next_lblk = lblk + nr_blocks;
	if (!unwritten) {
		w->written_end = w->next_lblk;
		if (lblk == w->dense_end)
			w->dense_end = w->next_lblk;
	}
	if (w->run.len && w->run.unwritten == unwritten && w->run.logical + w->run.len == lblk << bits &&
	    w->run.physical + w->run.len == pblk << bits) {
		w->run.len += nr_blocks << bits;
		return 0;
	}
	ret = deliver_run(w);
	w->run.logical = lblk << bits;
	w->run.physical = pblk << bits;
	w->run.len = nr_blocks << bits;
	w->run.unwritten = unwritten;
	return ret;
}

int ext_map_tree(struct ext_map_walk *w, u64 pblk, u8 *buf)
{
	struct ext_fs *fs = w->fs;
	int ret;

	if (!ext_map_block_ok(fs, pblk, 1))
		return ext_corrupt_inode(fs, w->inode->ino, "a block of its map lies outside the file system, at %llu",
					 (unsigned long long)pblk);
	ret = count_blocks(w, 1);
	if (!ret && w->sink->tree)
		ret = w->sink->tree(w->sink->ctx, pblk << fs->block_bits, fs->block_size);
	return ret ? ret : ext_read_block(fs, pblk, buf, fs->block_size);
}

/* The block count of the inode in blocks. */
static int decode_block_count(struct ext_map_walk *w)
{
	const struct ext_inode_disk *raw = ext_inode_raw(w->inode);
	struct ext_fs *fs = w->fs;
	u32 unit = fs->block_size / 512;
	u64 count = le32_to_cpu(raw->blocks_lo);

	if (fs->ro_compat & EXT_RO_HUGE_FILE) {
		count |= (u64)le16_to_cpu(raw->blocks_hi) << 32;
		if (w->inode->flags & EXT_FLAG_HUGE_FILE)
			unit = 1;
	}
	w->max_blocks = count / unit;
	if (count % unit || w->max_blocks > fs->nr_blocks)
		return ext_corrupt_inode(fs, w->inode->ino, "impossible block count %llu", (unsigned long long)count);
	return 0;
}

static int check_directory(const struct ext_map_walk *w)
{
	struct ext_fs *fs = w->fs;
	u64 size_blocks = w->inode->size >> fs->block_bits;

	if (!size_blocks || w->inode->size & (fs->block_size - 1))
		return ext_corrupt_inode(fs, w->inode->ino, "impossible size of a directory");
	if (w->dense_end < size_blocks)
		return ext_corrupt_inode(fs, w->inode->ino, "the directory has a hole at logical block %llu",
					 (unsigned long long)w->dense_end);
	if (w->next_lblk > size_blocks + fs->super.prealloc_dir_blocks)
		return ext_corrupt_inode(fs, w->inode->ino, "the directory has blocks past its end");
	return 0;
}

static int check_file_size(const struct ext_map_walk *w)
{
	struct ext_fs *fs = w->fs;
	u64 ptrs = fs->block_size / 4;
	u64 max = MAX_LBLK;

	if (!(w->inode->flags & EXT_FLAG_EXTENTS))
		max = min_u64(max, EXT_NR_DIRECT + ptrs + ptrs * ptrs + ptrs * ptrs * ptrs);
	if (w->inode->size > max << fs->block_bits)
		return ext_corrupt_inode(fs, w->inode->ino, "impossible size %llu",
					 (unsigned long long)w->inode->size);
	if (w->written_end && (w->written_end - 1) << fs->block_bits > w->inode->size)
		return ext_corrupt_inode(fs, w->inode->ino, "has data at logical block %llu, past its end",
					 (unsigned long long)w->written_end - 1);
	return 0;
}

/* What can be said only when the whole map was seen. */
static int finish_walk(struct ext_map_walk *w)
{
	int ret = deliver_run(w);

	if (ret)
		return ret;
	if (w->nr_blocks != w->max_blocks)
		return ext_corrupt_inode(w->fs, w->inode->ino, "owns %llu blocks, but its block count says %llu",
					 (unsigned long long)w->nr_blocks, (unsigned long long)w->max_blocks);
	if (S_ISDIR(w->inode->mode))
		return check_directory(w);
	return is_regular(w->inode) ? check_file_size(w) : 0;
}

/* The resize inode maps the reserved descriptor blocks, which have a fixed place; only the root of its map is its
 * own. Its block count covers all of them and says nothing here. */
static int walk_resize(struct ext_map_walk *w)
{
	const u8 *ptrs = ext_inode_raw(w->inode)->block;
	struct ext_fs *fs = w->fs;
	u64 root = get_le32(ptrs + 4 * EXT_DIND);

	for (u32 i = 0; i < EXT_NR_BLOCK_PTRS; i++) {
		if (i != EXT_DIND && get_le32(ptrs + 4 * i))
			return ext_corrupt_inode(fs, w->inode->ino, "impossible map of the resize inode");
	}
	if (!root)
		return 0;
	if (!(fs->compat & EXT_COMPAT_RESIZE_INODE) || !ext_map_block_ok(fs, root, 1))
		return ext_corrupt_inode(fs, w->inode->ino, "impossible map of the resize inode");
	return w->sink->tree ? w->sink->tree(w->sink->ctx, root << fs->block_bits, fs->block_size) : 0;
}

int ext_map_iterate(struct ext_fs *fs, const struct ext_inode *inode, const struct ext_map_sink *sink)
{
	struct ext_map_walk w = { .fs = fs, .inode = inode, .sink = sink };
	int ret;

	if (inode->ino == EXT_RESIZE_INO)
		return walk_resize(&w);
	ret = decode_block_count(&w);
	if (!ret && inode->xattr_block)
		ret = count_blocks(&w, 1);
	if (ret)
		return ret;
	if (ext_map_exists(fs, inode)) {
		ret = inode->flags & EXT_FLAG_EXTENTS ? ext_map_walk_extents(&w) : ext_map_walk_indirect(&w);
		if (ret)
			return ret;
	}
	return finish_walk(&w);
}

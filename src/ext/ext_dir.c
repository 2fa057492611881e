/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directories, read linearly: blocks of a hash index look like unused entries to this reader, as to the kernel's own
 * fallback. Blocks past the size (dir_prealloc) are left alone.
 */
#include <sys/stat.h>

#include "ext/ext_private.h"

struct dir_walk {
	struct ext_fs *fs;
	const struct ext_inode *dir;
	ext_dirent_fn fn;
	void *ctx;
	u32 csum_seed;
	u32 parent;
	u64 nr_seen; /* entries in use so far, with . and .. */
};

/* A place in a directory block, for the checks of one entry. */
struct dir_pos {
	const u8 *block;
	u64 lblk;
	u32 offset;
	u32 end; /* of the entries: the tail, or the block's end */
};

static int bad_entry(const struct dir_walk *w, const struct dir_pos *pos, const char *what)
{
	return ext_corrupt_inode(w->fs, w->dir->ino, "directory entry at block %llu, byte %u: %s",
				 (unsigned long long)pos->lblk, pos->offset, what);
}

/* Blocks of 64 KiB need more than 16 bits: the two low bits, otherwise zero, are bits 16 and 17. */
static u32 decode_rec_len(const struct ext_fs *fs, le16 disk)
{
	u32 len = le16_to_cpu(disk);

	if (fs->block_size < 65536)
		return len;
	return len == 65535 || len == 0 ? fs->block_size : (len & 65532) | (len & 3) << 16;
}

static bool has_tail(const struct ext_fs *fs, const u8 *block)
{
	const struct ext_dir_tail_disk *tail =
		(const struct ext_dir_tail_disk *)(block + fs->block_size - EXT_DIR_TAIL);

	return !tail->zero1 && le16_to_cpu(tail->rec_len) == EXT_DIR_TAIL && !tail->zero2 &&
	       tail->type == EXT_DIR_TAIL_TYPE;
}

static bool tail_csum_ok(const struct dir_walk *w, const u8 *block)
{
	u32 covered = w->fs->block_size - EXT_DIR_TAIL;

	return crc32c_raw(w->csum_seed, block, covered) == get_le32(block + w->fs->block_size - 4);
}

/* Reads a value and tells whether it names a known thing at all. */
static int check_name(const struct dir_walk *w, const struct dir_pos *pos, const struct ext_dirent *e)
{
	if (!e->name_len)
		return bad_entry(w, pos, "no name");
	if (memchr(e->name, '\0', e->name_len) || memchr(e->name, '/', e->name_len))
		return bad_entry(w, pos, "impossible name");
	if (e->type > 7)
		return bad_entry(w, pos, "unknown file type");
	if (!ext_inode_nr_ok(w->fs, e->ino))
		return bad_entry(w, pos, "impossible inode number");
	return 0;
}

static bool is_dots(const struct ext_dirent *e)
{
	return e->name[0] == '.' && (e->name_len == 1 || (e->name_len == 2 && e->name[1] == '.'));
}

static int take_entry(struct dir_walk *w, const struct dir_pos *pos, const struct ext_dirent *e)
{
	u64 nr = w->nr_seen++;
	int ret = check_name(w, pos, e);

	if (ret)
		return ret;
	if (nr < 2) {
		if (!is_dots(e) || e->name_len != nr + 1)
			return bad_entry(w, pos, nr ? "the second entry is not .." : "the first entry is not .");
		if (e->type != 0 && e->type != EXT2_FT_DIR)
			return bad_entry(w, pos, "type of . or .. is not a directory");
		if (nr == 0 && e->ino != w->dir->ino)
			return bad_entry(w, pos, ". is another inode");
		if (nr == 1)
			w->parent = e->ino;
		return 0;
	}
	if (is_dots(e))
		return bad_entry(w, pos, "a second . or ..");
	if (e->ino == EXT_ROOT_INO)
		return bad_entry(w, pos, "a name of the root directory");
	return w->fn(w->ctx, e);
}

static int walk_entries(struct dir_walk *w, struct dir_pos *pos)
{
	struct ext_fs *fs = w->fs;

	while (pos->offset < pos->end) {
		const u8 *p = pos->block + pos->offset;
		const struct ext_dirent_disk *disk = (const struct ext_dirent_disk *)p;
		struct ext_dirent e;
		u32 rec_len;
		int ret = 0;

		if (pos->end - pos->offset < EXT_DIRENT_HEAD)
			return bad_entry(w, pos, "no room for an entry");
		rec_len = decode_rec_len(fs, disk->rec_len);
		if (rec_len < EXT_DIRENT_MIN || rec_len % 4 || rec_len > pos->end - pos->offset)
			return bad_entry(w, pos, "impossible length");
		e.ino = le32_to_cpu(disk->inode);
		e.name_len = disk->name_len;
		/* without the feature the byte means nothing to the kernel, whatever stands there */
		e.type = fs->incompat & EXT_INCOMPAT_FILETYPE ? disk->type : 0;
		if (EXT_DIRENT_HEAD + e.name_len > rec_len)
			return bad_entry(w, pos, "the name is longer than the entry");
		e.name = (const char *)p + EXT_DIRENT_HEAD;
		e.index = 2 + ((pos->lblk << fs->block_bits) + pos->offset) / 4;
		if (e.ino)
			ret = take_entry(w, pos, &e);
		else if (w->nr_seen < 2)
			ret = bad_entry(w, pos, ". or .. is missing");
		if (ret)
			return ret;
		pos->offset += rec_len;
	}
	return 0;
}

static int walk_block(struct dir_walk *w, const u8 *block, u64 lblk)
{
	struct ext_fs *fs = w->fs;
	struct dir_pos pos = { .block = block, .lblk = lblk, .end = fs->block_size };

	if (fs->metadata_csum) {
		bool ok;

		if (w->dir->flags & EXT_FLAG_INDEX && ext_dx_is_node(fs, block, lblk)) {
			ok = ext_dx_csum_ok(fs, w->csum_seed, block, lblk);
		} else {
			if (!has_tail(fs, block))
				return bad_entry(w, &pos, "the block has no checksum");
			pos.end -= EXT_DIR_TAIL;
			ok = tail_csum_ok(w, block);
		}
		if (!ok)
			return bad_entry(w, &pos, "wrong checksum of the block");
	}
	return walk_entries(w, &pos);
}

static int walk_run(void *ctx, const struct ext_run *run)
{
	struct dir_walk *w = ctx;
	struct ext_fs *fs = w->fs;
	u64 len, done = 0;

	if (run->unwritten || run->logical >= w->dir->size)
		return 0;
	len = min_u64(run->len, w->dir->size - run->logical);
	if (len > fs->dir_buf_size)
		dev_prefetch(fs->dev, run->physical, len);
	while (done < len) {
		u32 part = min_u64(len - done, fs->dir_buf_size);
		int ret = dev_read(fs->dev, run->physical + done, fs->dir_buf, part);

		for (u32 at = 0; at < part && !ret; at += fs->block_size)
			ret = walk_block(w, fs->dir_buf + at, (run->logical + done + at) >> fs->block_bits);
		if (ret)
			return ret;
		done += part;
	}
	return 0;
}

int ext_dir_iterate(struct ext_fs *fs, const struct ext_inode *dir, u32 *parent, ext_dirent_fn fn, void *ctx)
{
	struct dir_walk w = { .fs = fs, .dir = dir, .fn = fn, .ctx = ctx };
	const struct ext_map_sink sink = { .run = walk_run, .ctx = &w };
	int ret;

	if (!S_ISDIR(dir->mode) || dir->size & (fs->block_size - 1))
		return ext_corrupt_inode(fs, dir->ino, "impossible size of a directory");
	w.csum_seed = fs->metadata_csum ? ext_inode_csum_seed(fs, dir) : 0;
	ret = ext_map_iterate(fs, dir, &sink);
	if (ret)
		return ret;
	if (w.nr_seen < 2)
		return ext_corrupt_inode(fs, dir->ino, "the directory lacks . or ..");
	*parent = w.parent;
	return 0;
}

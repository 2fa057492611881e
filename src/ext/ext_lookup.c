/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Single inodes, names and pieces of files, for those who look for something. */
#include <sys/stat.h>

#include "ext/ext_private.h"

int ext_inode_get(struct ext_fs *fs, u32 ino, struct ext_inode *inode)
{
	int ret;

	if (!ext_inode_nr_ok(fs, ino))
		return ext_corrupt(fs, "inode %u cannot be that of a file", ino);
	ret = ext_inode_read(fs, ino, inode);
	if (!ret && (inode->kind == EXT_INODE_SPECIAL || !inode->nlink))
		ret = ext_corrupt_inode(fs, ino, "is not in use, but has a name");
	return ret;
}

struct find_ctx {
	const char *name;
	size_t len;
	struct ext_dirent *found;
};

static int find_entry(void *ctx, const struct ext_dirent *entry)
{
	struct find_ctx *f = ctx;

	if (entry->name_len != f->len || memcmp(entry->name, f->name, f->len) != 0)
		return 0;
	*f->found = *entry;
	f->found->name = f->name;
	return 1;
}

static int find_nothing(void *ctx, const struct ext_dirent *entry)
{
	(void)ctx;
	(void)entry;
	return 0;
}

int ext_dir_find(struct ext_fs *fs, const struct ext_inode *dir, const char *name, size_t len,
		 struct ext_dirent *found)
{
	struct find_ctx f = { name, len, found };
	u32 parent = 0;
	int ret;

	if (len != 2 || memcmp(name, "..", 2) != 0)
		return ext_dir_iterate(fs, dir, &parent, find_entry, &f);
	ret = ext_dir_iterate(fs, dir, &parent, find_nothing, NULL);
	if (ret)
		return ret;
	*found = (struct ext_dirent){ .ino = parent, .type = EXT2_FT_DIR, .name_len = 2, .name = name };
	return 1;
}

struct read_ctx {
	struct ext_fs *fs;
	u64 offset, end;
	u8 *buf;
};

static int read_run(void *ctx, const struct ext_run *run)
{
	struct read_ctx *r = ctx;
	u64 from = max_u64(r->offset, run->logical), to = min_u64(r->end, run->logical + run->len);

	if (run->unwritten || from >= to)
		return 0;
	return dev_read(r->fs->dev, run->physical + (from - run->logical), r->buf + (from - r->offset), to - from);
}

int ext_file_read(struct ext_fs *fs, const struct ext_inode *inode, u64 offset, void *buf, size_t len)
{
	struct read_ctx r = { .fs = fs, .offset = offset, .end = offset + len, .buf = buf };
	const struct ext_map_sink sink = { .run = read_run, .ctx = &r };

	memset(buf, 0, len);
	return ext_map_iterate(fs, inode, &sink);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small ext images for tests of the ext layer: made by mke2fs and debugfs, loaded into memory, damaged there byte by
 * byte, and read as a conversion would read them. Numbers and offsets are of the format, not taken from the code under
 * test.
 */
#ifndef TESTS_UNIT_EXT_IMAGE_H
#define TESTS_UNIT_EXT_IMAGE_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/endian.h"
#include "base/status.h"
#include "ext/ext.h"
#include "messages.h"

#define SUPER 1024u
#define BLOCK 4096u /* of all images that tests damage */

struct image {
	struct dev *dev;
	u8 *data;
	u64 size;
};

/* --- making --- */

static inline void __printf(1, 2) run(const char *fmt, ...)
{
	char command[4096];
	va_list args;

	va_start(args, fmt);
	vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	if (system(command))
		fail_msg("failed: %s", command);
}

/* Where images are made: in memory where possible, as mke2fs flushes what it wrote. */
static inline const char *image_parent(void)
{
	return access("/dev/shm", W_OK) ? P_tmpdir : "/dev/shm";
}

/* Reads a file into a device of the same size, without its holes. */
static inline struct image image_load(const char *path)
{
	struct image image;
	struct stat st;
	off_t at = 0;
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	image.size = st.st_size;
	assert_int_equal(dev_mem_new(image.size, &image.dev), 0);
	image.data = dev_mem_data(image.dev);
	while ((at = lseek(fd, at, SEEK_DATA)) >= 0) {
		off_t end = lseek(fd, at, SEEK_HOLE);

		while (at < end) {
			ssize_t n = pread(fd, image.data + at, end - at, at);

			assert_true(n > 0);
			at += n;
		}
	}
	close(fd);
	return image;
}

/*
 * An image of megabytes MiB: mke2fs with options and, if tree is not NULL, the files that this shell code makes in an
 * empty folder; then debugfs with the commands, if any.
 */
static inline struct image image_make(u32 megabytes, const char *options, const char *tree, const char *commands)
{
	char dir[64], path[80];
	struct image image;

	snprintf(dir, sizeof(dir), "%s/ext-image-XXXXXX", image_parent());
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/image", dir);
	run("mkdir %s/tree; cd %s/tree && { %s; }", dir, dir, tree ? tree : ":");
	run("cd %s && truncate -s %uM image && { PATH=$PATH:/usr/sbin:/sbin mke2fs -q -F %s -d tree image >log 2>&1 || "
	    "{ cat log; false; }; }", dir, megabytes, options);
	if (commands) {
		run("cat >%s/commands <<'END'\n%s\nEND\n", dir, commands);
		run("cd %s && PATH=$PATH:/usr/sbin:/sbin debugfs -w -f commands image >log 2>&1 && "
		    "! grep -vE '^debugfs|^Allocated inode' log", dir);
	}
	image = image_load(path);
	run("rm -rf %s", dir);
	return image;
}

static inline struct image image_copy(const struct image *of)
{
	struct image image = { .size = of->size };

	assert_int_equal(dev_mem_new(of->size, &image.dev), 0);
	image.data = dev_mem_data(image.dev);
	memcpy(image.data, of->data, of->size);
	return image;
}

static inline void image_free(struct image *image)
{
	assert_int_equal(dev_close(image->dev), 0);
	image->dev = NULL;
}

/* --- places in an image of blocks of 4096 bytes --- */

static inline u8 *super_at(const struct image *image, u32 offset)
{
	return image->data + SUPER + offset;
}

static inline u32 desc_size(const struct image *image)
{
	return get_le32(super_at(image, 0x60)) & 0x80 ? get_le16(super_at(image, 0xFE)) : 32;
}

/* The descriptor of a group; they begin in block 1. */
static inline u8 *desc_at(const struct image *image, u32 group)
{
	return image->data + BLOCK + (size_t)group * desc_size(image);
}

static inline u32 inode_size(const struct image *image)
{
	return get_le32(super_at(image, 0x4C)) ? get_le16(super_at(image, 0x58)) : 128;
}

static inline u8 *inode_at(const struct image *image, u32 ino)
{
	u32 per_group = get_le32(super_at(image, 0x28));
	u64 table = get_le32(desc_at(image, (ino - 1) / per_group) + 8);

	return image->data + table * BLOCK + (size_t)((ino - 1) % per_group) * inode_size(image);
}

static inline u8 *block_at(const struct image *image, u64 block)
{
	assert_true((block + 1) * BLOCK <= image->size);
	return image->data + block * BLOCK;
}

/* Physical block of a file's block, by its first extents in the inode or its direct pointers; 0: none. */
static inline u64 file_block(const struct image *image, u32 ino, u32 lblk)
{
	const u8 *inode = inode_at(image, ino);
	const u8 *area = inode + 0x28;

	if (!(get_le32(inode + 0x20) & 0x80000))
		return get_le32(area + 4 * (size_t)lblk);
	for (u32 i = 0; i < get_le16(area + 2); i++) {
		const u8 *e = area + 12 + 12 * (size_t)i;

		if (lblk >= get_le32(e) && lblk < get_le32(e) + get_le16(e + 4))
			return get_le32(e + 8) + (lblk - get_le32(e));
	}
	return 0;
}

/* --- looking up names --- */

struct find_name {
	const char *name;
	u32 ino;
};

static inline int find_name_entry(void *ctx, const struct ext_dirent *entry)
{
	struct find_name *f = ctx;

	if (strlen(f->name) == entry->name_len && !memcmp(f->name, entry->name, entry->name_len))
		f->ino = entry->ino;
	return 0;
}

/* --- reading --- */

static inline struct ext_fs *image_open(const struct image *image)
{
	struct ext_fs *fs = NULL;

	assert_int_equal(ext_open(image->dev, &fs), 0);
	assert_non_null(fs);
	return fs;
}

/* The inode, through an iterator that the caller frees when it is done with it. */
static inline int find_inode(struct ext_fs *fs, u32 ino, struct ext_inode_iter **it, struct ext_inode *inode)
{
	int ret = ext_inode_iter_new(fs, ino, it);

	if (ret)
		return ret;
	ret = ext_inode_iter_next(*it, inode);
	if (ret == 1)
		assert_int_equal(inode->ino, ino);
	return ret == 1 ? 0 : ret;
}

/* The inode that has this name in the root. */
static inline u32 find_ino(const struct image *image, const char *name)
{
	struct find_name f = { .name = name };
	struct ext_fs *fs = image_open(image);
	struct ext_inode_iter *it = NULL;
	struct ext_inode root;
	u32 parent;

	assert_int_equal(find_inode(fs, EXT_ROOT_INO, &it, &root), 0);
	assert_int_equal(ext_dir_iterate(fs, &root, &parent, find_name_entry, &f), 0);
	assert_int_equal(parent, EXT_ROOT_INO);
	ext_inode_iter_free(it);
	ext_close(fs);
	assert_int_not_equal(f.ino, 0);
	return f.ino;
}

struct totals {
	u64 used, meta, uninit, written, unwritten, tree;
	u64 xattr_shares; /* attribute blocks, in parts of 1024 / references */
	u64 nr_inodes, nr_special, nr_names, nr_xattrs, nr_dirs, nr_symlinks;
	u64 last_used_end, last_index, last_logical_end;
};

static inline int total_used(void *ctx, u64 start, u64 len)
{
	struct totals *t = ctx;

	assert_true(len > 0 && (t->used == 0 || start > t->last_used_end));
	t->last_used_end = start + len;
	t->used += len;
	return 0;
}

static inline int total_fixed(void *ctx, u64 start, u64 len, enum ext_fixed kind)
{
	struct totals *t = ctx;

	(void)start;
	assert_true(len > 0);
	*(kind == EXT_FIXED_META ? &t->meta : &t->uninit) += len;
	return 0;
}

static inline int total_run(void *ctx, const struct ext_run *run_of)
{
	struct totals *t = ctx;

	assert_true(run_of->len > 0 && run_of->logical >= t->last_logical_end);
	t->last_logical_end = run_of->logical + run_of->len;
	*(run_of->unwritten ? &t->unwritten : &t->written) += run_of->len;
	return 0;
}

static inline int total_tree(void *ctx, u64 physical, u64 len)
{
	struct totals *t = ctx;

	(void)physical;
	t->tree += len;
	return 0;
}

static inline int total_name(void *ctx, const struct ext_dirent *entry)
{
	struct totals *t = ctx;

	assert_true(entry->ino && entry->name_len && entry->index >= 2 && entry->index > t->last_index);
	t->last_index = entry->index;
	t->nr_names++;
	return 0;
}

static inline int total_xattr(void *ctx, const struct ext_xattr *xattr)
{
	struct totals *t = ctx;
	const u8 *value = xattr->value;
	u8 sum = 0;

	for (u32 i = 0; i < xattr->value_len; i++)
		sum += value[i];
	assert_true(xattr->name_len > 0 && xattr->name_len <= 255);
	t->nr_xattrs += 1 + (sum & 0); /* every byte was read */
	return 0;
}

/* Everything of one inode. */
static inline int total_inode(struct ext_fs *fs, const struct ext_inode *inode, struct totals *t)
{
	const struct ext_map_sink sink = { .run = total_run, .tree = total_tree, .ctx = t };
	char target[EXT_SYMLINK_MAX + 1];
	u32 parent, len, refcount = 0;
	int ret;

	t->nr_inodes++;
	t->nr_special += inode->kind == EXT_INODE_SPECIAL;
	t->last_index = 0;
	t->last_logical_end = 0;
	ret = ext_map_iterate(fs, inode, &sink);
	if (!ret && S_ISDIR(inode->mode)) {
		t->nr_dirs++;
		ret = ext_dir_iterate(fs, inode, &parent, total_name, t);
	}
	if (!ret && S_ISLNK(inode->mode)) {
		t->nr_symlinks++;
		ret = ext_symlink_read(fs, inode, target, &len);
	}
	if (!ret)
		ret = ext_xattr_iterate(fs, inode, &refcount, total_xattr, t);
	if (!ret && refcount)
		t->xattr_shares += 1024 / refcount;
	return ret;
}

/* Reads all that there is. */
static inline int total_all(struct ext_fs *fs, struct totals *t)
{
	struct ext_inode_iter *it = NULL;
	struct ext_inode inode;
	int ret;

	memset(t, 0, sizeof(*t));
	ret = ext_used_iterate(fs, total_used, t);
	if (!ret)
		ret = ext_fixed_iterate(fs, total_fixed, t);
	if (!ret)
		ret = ext_inode_iter_new(fs, 1, &it);
	while (!ret) {
		ret = ext_inode_iter_next(it, &inode);
		if (ret <= 0)
			break;
		ret = total_inode(fs, &inode, t);
	}
	ext_inode_iter_free(it);
	return ret;
}

/* Opens and reads everything; what was refused stands in the messages. */
static inline int image_read(const struct image *image, struct totals *t)
{
	struct ext_fs *fs = NULL;
	int ret = ext_open(image->dev, &fs);

	if (!ret)
		ret = total_all(fs, t);
	ext_close(fs);
	return ret;
}

/* The image must be refused, at whatever place, with a message that holds the text, and with nothing else printed. */
static inline void image_refused(const struct image *image, int status, const char *text)
{
	struct messages m;
	struct totals t;
	int ret;

	messages_gather(&m);
	ret = image_read(image, &t);
	msg_set_sink(NULL, NULL);
	if (ret != status)
		fail_msg("status %d, expected %d for \"%s\"; messages: %s", ret, status, text, m.text);
	if (!strstr(m.text, text))
		fail_msg("expected \"%s\" in: %s", text, m.text);
	if (!strstr(m.text, "Nothing was written."))
		fail_msg("no last sentence: %s", m.text);
	if (status == ERR_CORRUPT && !strstr(m.text, "run e2fsck -f memory"))
		fail_msg("no remedy: %s", m.text);
	assert_int_equal(m.nr[MSG_ERR], 1);
}

/* The same for an image with bytes replaced; they are put back. */
static inline void patch_refused(struct image *image, u8 *at, const void *bytes, u32 len, int status, const char *text)
{
	u8 saved[256];

	assert_true(len <= sizeof(saved));
	memcpy(saved, at, len);
	memcpy(at, bytes, len);
	image_refused(image, status, text);
	memcpy(at, saved, len);
}

/* A device that fails is an I/O error with one message, at whatever read of an image it fails. */
static inline void image_io_errors(const struct image *image)
{
	struct messages m;
	struct totals t;
	int ret = ERR_IO;

	for (u64 nr = 1; ret; nr++) {
		struct dev_fault_opts opts = { .fail_read = nr };
		struct image faulty = { .size = image->size };

		assert_int_equal(dev_fault_new(image->dev, &opts, &faulty.dev), 0);
		messages_gather(&m);
		ret = image_read(&faulty, &t);
		msg_set_sink(NULL, NULL);
		image_free(&faulty);
		assert_true(!ret || (ret == ERR_IO && m.nr[MSG_ERR] == 1));
		assert_true(ret ? nr < 1000 : nr > 10);
	}
}

static inline void patch8(struct image *image, u8 *at, u8 value, int status, const char *text)
{
	patch_refused(image, at, &value, 1, status, text);
}

static inline void patch16(struct image *image, u8 *at, u16 value, int status, const char *text)
{
	u8 bytes[2];

	put_le16(bytes, value);
	patch_refused(image, at, bytes, sizeof(bytes), status, text);
}

static inline void patch32(struct image *image, u8 *at, u32 value, int status, const char *text)
{
	u8 bytes[4];

	put_le32(bytes, value);
	patch_refused(image, at, bytes, sizeof(bytes), status, text);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directories: entries and their indexes, hash-indexed and large blocks, and every contradiction of a damaged one;
 * checksums held against the library's.
 */
#include "ext/ext_private.h"
#include "ext_image.h"

#define NO_CSUM "-t ext4 -b 4096 -N 64 -O ^metadata_csum,^uninit_bg,^has_journal,^resize_inode"

static struct image plain;
static u32 dir, file;
static u8 *block; /* the directory's only one */

static int make_plain(void **state)
{
	(void)state;
	plain = image_make(16, NO_CSUM, "mkdir dir; >dir/first; >dir/second_name; mkdir dir/sub; >file", NULL);
	dir = find_ino(&plain, "dir");
	file = find_ino(&plain, "file");
	block = block_at(&plain, file_block(&plain, dir, 0));
	return 0;
}

static int free_plain(void **state)
{
	(void)state;
	image_free(&plain);
	return 0;
}

/* --- entries --- */

#define MAX_NAMES 1000u

struct names {
	char name[MAX_NAMES][256];
	u32 ino[MAX_NAMES];
	u64 index[MAX_NAMES];
	u8 type[MAX_NAMES];
	u32 nr, parent;
	int stop;
};

static struct names names;

static int note_name(void *ctx, const struct ext_dirent *entry)
{
	struct names *n = ctx;
	u32 i = n->nr++;

	assert_true(i < MAX_NAMES);
	memcpy(n->name[i], entry->name, entry->name_len);
	n->name[i][entry->name_len] = '\0';
	n->ino[i] = entry->ino;
	n->index[i] = entry->index;
	n->type[i] = entry->type;
	return n->stop;
}

static int read_dir(const struct image *image, u32 ino)
{
	struct ext_fs *fs = image_open(image);
	struct ext_inode_iter *it = NULL;
	struct ext_inode inode;
	int ret = find_inode(fs, ino, &it, &inode);

	names.nr = 0;
	names.parent = 0;
	if (!ret)
		ret = ext_dir_iterate(fs, &inode, &names.parent, note_name, &names);
	ext_inode_iter_free(it);
	ext_close(fs);
	return ret;
}

static void test_entries(void **state)
{
	u32 at;

	(void)state;
	assert_int_equal(read_dir(&plain, dir), 0);
	assert_int_equal(names.nr, 3);
	assert_int_equal(names.parent, EXT_ROOT_INO);
	for (u32 i = 0; i < names.nr; i++) {
		bool sub = !strcmp(names.name[i], "sub");

		at = (names.index[i] - 2) * 4;
		assert_int_equal(get_le32(block + at), names.ino[i]);
		assert_memory_equal(block + at + 8, names.name[i], strlen(names.name[i]));
		assert_int_equal(names.type[i], sub ? 2 : 1);
		assert_true(sub || !strcmp(names.name[i], "first") || !strcmp(names.name[i], "second_name"));
	}
	assert_int_equal(names.index[0], 2 + 24 / 4); /* behind . and .. */
	names.stop = 55;
	assert_int_equal(read_dir(&plain, dir), 55);
	assert_int_equal(names.nr, 1);
	names.stop = 0;
}

static void test_unused_entries_are_skipped(void **state)
{
	struct image image = image_copy(&plain);
	u8 *b = block_at(&image, file_block(&image, dir, 0));

	(void)state;
	put_le32(b + 24, 0);
	b[24 + 6] = 255; /* what an unused entry says besides its length means nothing, as long as it fits */
	put_le16(b + 24 + 4, 0x10);
	b[24 + 6] = 8;
	b[24 + 7] = 99;
	assert_int_equal(read_dir(&image, dir), 0);
	assert_int_equal(names.nr, 2);
	image_free(&image);
}

static void test_without_filetype(void **state)
{
	struct image image = image_make(16, NO_CSUM ",^filetype", "mkdir dir; >dir/first", NULL);
	u32 ino = find_ino(&image, "dir");
	u8 *b = block_at(&image, file_block(&image, ino, 0));

	(void)state;
	assert_int_equal(read_dir(&image, ino), 0);
	assert_int_equal(names.nr, 1);
	assert_int_equal(names.type[0], 0);
	b[24 + 7] = 2; /* means nothing, and the kernel does not look at it either */
	assert_int_equal(read_dir(&image, ino), 0);
	assert_int_equal(names.type[0], 0);
	put_le32(b + 24, 0);
	assert_int_equal(read_dir(&image, ino), 0);
	assert_int_equal(names.nr, 0);
	image_free(&image);
}

/* Blocks past the size are reserved and hold anything; unwritten ones hold nothing. */
static void test_blocks_without_entries(void **state)
{
	struct image image = image_copy(&plain);
	u8 *inode = inode_at(&image, dir);
	struct messages m;

	(void)state;
	*super_at(&image, 0xCD) = 1;
	put_le32(inode + 0x1C, 16);
	put_le16(inode + 0x28 + 2, 2);
	put_le32(inode + 0x28 + 24, 1);
	put_le16(inode + 0x28 + 28, 1);
	put_le32(inode + 0x28 + 32, 3000);
	memset(block_at(&image, 3000), 0xFF, BLOCK);
	assert_int_equal(read_dir(&image, dir), 0);
	assert_int_equal(names.nr, 3);
	put_le16(inode + 0x28 + 16, 32769);
	messages_gather(&m);
	assert_int_equal(read_dir(&image, dir), ERR_CORRUPT);
	msg_set_sink(NULL, NULL);
	assert_int_equal(names.nr, 0);
	image_free(&image);
}

/* --- damage --- */

static void put_name(u8 *entry, const char *name)
{
	entry[6] = strlen(name);
	memcpy(entry + 8, name, strlen(name));
}

static void name_refused(const char *name, const char *text)
{
	u8 saved[BLOCK];

	memcpy(saved, block, BLOCK);
	put_name(block + 24, name);
	image_refused(&plain, ERR_CORRUPT, text);
	memcpy(block, saved, BLOCK);
}

static void test_damaged_entries(void **state)
{
	char where[64];

	(void)state;
	snprintf(where, sizeof(where), "inode %u: directory entry at block 0, byte 24: ", dir);
	patch16(&plain, block + 28, 0, ERR_CORRUPT, where);
	patch16(&plain, block + 28, 0, ERR_CORRUPT, "impossible length");
	patch16(&plain, block + 28, 8, ERR_CORRUPT, "impossible length");
	patch16(&plain, block + 28, 18, ERR_CORRUPT, "impossible length");
	patch16(&plain, block + 28, 4096 - 24 + 4, ERR_CORRUPT, "impossible length");
	patch16(&plain, block + 28, 0xFFFC, ERR_CORRUPT, "impossible length");
	patch16(&plain, block + 28, 4096 - 24 - 4, ERR_CORRUPT, "no room for an entry");
	patch8(&plain, block + 30, 9, ERR_CORRUPT, "the name is longer than the entry");
	patch8(&plain, block + 30, 0, ERR_CORRUPT, "no name");
	patch8(&plain, block + 31, 8, ERR_CORRUPT, "unknown file type");
	patch32(&plain, block + 24, 65, ERR_CORRUPT, "impossible inode number");
	patch32(&plain, block + 24, 0xFFFFFFFF, ERR_CORRUPT, "impossible inode number");
	patch32(&plain, block + 24, 1, ERR_CORRUPT, "impossible inode number");
	patch32(&plain, block + 24, 8, ERR_CORRUPT, "impossible inode number");
	patch32(&plain, block + 24, 2, ERR_CORRUPT, "a name of the root directory");
	patch8(&plain, block + 33, '/', ERR_CORRUPT, "impossible name");
	patch8(&plain, block + 33, '\0', ERR_CORRUPT, "impossible name");
	name_refused(".", "a second . or ..");
	name_refused("..", "a second . or ..");
	put_name(block + 24, "...st"); /* a name like any other */
	assert_int_equal(read_dir(&plain, dir), 0);
	put_name(block + 24, "first");
}

static void test_damaged_dots(void **state)
{
	(void)state;
	patch16(&plain, block + 4, 0, ERR_CORRUPT, "impossible length");
	patch32(&plain, block, 0, ERR_CORRUPT, ". or .. is missing");
	patch32(&plain, block, file, ERR_CORRUPT, ". is another inode");
	patch8(&plain, block + 8, 'x', ERR_CORRUPT, "the first entry is not .");
	patch8(&plain, block + 6, 2, ERR_CORRUPT, "impossible name");
	patch8(&plain, block + 7, 1, ERR_CORRUPT, "type of . or .. is not a directory");
	patch32(&plain, block + 12, 0, ERR_CORRUPT, ". or .. is missing");
	patch32(&plain, block + 12, 65, ERR_CORRUPT, "impossible inode number");
	patch8(&plain, block + 12 + 6, 1, ERR_CORRUPT, "the second entry is not ..");
	patch8(&plain, block + 12 + 9, 'x', ERR_CORRUPT, "the second entry is not ..");
	patch8(&plain, block + 12 + 7, 1, ERR_CORRUPT, "type of . or .. is not a directory");
	patch16(&plain, block + 4, 4096, ERR_CORRUPT, "the directory lacks . or ..");
}

/* An entry for the orphan file or a quota inode would give a name to what has none. */
static void test_names_of_special_inodes(void **state)
{
	struct image image = image_make(32, "-t ext4 -b 4096 -N 64 -O ^metadata_csum,^uninit_bg,project,quota,"
					"orphan_file", "mkdir dir; >dir/first", NULL);
	u8 *b = block_at(&image, file_block(&image, find_ino(&image, "dir"), 0));
	u32 project = get_le32(super_at(&image, 0x26C));
	u32 orphans = get_le32(super_at(&image, 0x280));
	struct messages m;

	(void)state;
	assert_true(project >= 11 && orphans >= 11);
	for (u32 i = 0; i < 2; i++) {
		struct totals t;

		put_le32(b + 24, i ? project : orphans);
		messages_gather(&m);
		assert_int_equal(image_read(&image, &t), ERR_CORRUPT);
		assert_non_null(strstr(m.text, "impossible inode number"));
		msg_set_sink(NULL, NULL);
	}
	image_free(&image);
}

/* --- large directories --- */

static const char *const large_tree = "mkdir dir; cd dir; printf '%0200d\\n' $(seq 1000) | xargs touch";

/* debugfs builds no hash index, so e2fsck does. */
static struct image make_indexed(const char *options)
{
	struct image image = image_make(32, options, large_tree, NULL);
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/ext-dir-XXXXXX", image_parent());
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, image.data, image.size), image.size);
	close(fd);
	image_free(&image);
	run("PATH=$PATH:/usr/sbin:/sbin e2fsck -fyD %s >%s.log 2>&1 || [ $? = 1 ]", path, path);
	image = image_load(path);
	run("rm -f %s %s.log", path, path);
	return image;
}

static void check_large(void)
{
	u8 seen[1001] = { 0 };

	assert_int_equal(names.nr, 1000);
	for (u32 i = 0; i < 1000; i++) {
		u32 nr = strtoul(names.name[i], NULL, 10);

		assert_int_equal(strlen(names.name[i]), 200);
		assert_true(nr >= 1 && nr <= 1000 && !seen[nr]++);
		assert_true(!i || names.index[i] > names.index[i - 1]);
	}
}

static void test_indexed(void **state)
{
	static const char *const options[] = { "-t ext4 -b 4096 -N 2048", "-t ext4 -b 4096 -N 2048 -O ^metadata_csum" };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(options); i++) {
		struct image image = make_indexed(options[i]);
		u32 ino = find_ino(&image, "dir");

		assert_true(get_le32(inode_at(&image, ino) + 0x20) & 0x1000);
		assert_int_equal(read_dir(&image, ino), 0);
		check_large();
		image_free(&image);
	}
}

/* Our verdict on each kind of block is the library's, sound and damaged. */
static void test_checksums_as_the_library(void **state)
{
	struct image image = make_indexed("-t ext4 -b 4096 -N 2048");
	u32 ino = find_ino(&image, "dir"), seed = 3, nr_bad = 0;
	struct ext_fs *fs = image_open(&image);
	struct messages m;

	(void)state;
	for (u32 i = 0; i < 120; i++) {
		u8 *b = block_at(&image, file_block(&image, ino, i % 8));
		u8 saved, *at;
		bool sound;

		seed = seed * 1103515245 + 12345;
		at = b + (seed >> 16) % BLOCK;
		saved = *at;
		*at ^= seed & 0x4000 ? 1 : 0;
		sound = ext2fs_dir_block_csum_verify(fs->lib, ino, (struct ext2_dir_entry *)b);
		messages_gather(&m);
		if (read_dir(&image, ino) != (sound ? 0 : ERR_CORRUPT))
			fail_msg("block %u, byte %zu: %s", i % 8, (size_t)(at - b), m.text);
		*at = saved;
		nr_bad += !sound;
	}
	msg_set_sink(NULL, NULL);
	assert_in_range(nr_bad, 30, 90);
	ext_close(fs);
	image_free(&image);
}

static void test_checksums(void **state)
{
	struct image image = make_indexed("-t ext4 -b 4096 -N 2048");
	u32 ino = find_ino(&image, "dir");
	u8 *root = block_at(&image, file_block(&image, ino, 0));
	u8 *leaf = block_at(&image, file_block(&image, ino, 1));
	struct ext_fs *fs;
	u8 *inode;

	(void)state;
	patch8(&image, leaf + 4095, leaf[4095] ^ 1, ERR_CORRUPT, "wrong checksum of the block");
	patch8(&image, leaf + 4085, 1, ERR_CORRUPT, "the block has no checksum");
	patch8(&image, leaf + 9, leaf[9] ^ 1, ERR_CORRUPT, "block 1, byte 0: wrong checksum of the block");
	patch8(&image, root + 40, root[40] ^ 1, ERR_CORRUPT, "block 0, byte 0: wrong checksum of the block");
	patch8(&image, root + 4095, root[4095] ^ 1, ERR_CORRUPT, "block 0, byte 0: wrong checksum of the block");
	patch16(&image, root + 32, 0xFFFF, ERR_CORRUPT, "wrong checksum of the block");
	patch16(&image, root + 34, 0xFFFF, ERR_CORRUPT, "wrong checksum of the block");
	patch8(&image, root + 29, 7, ERR_CORRUPT, "the block has no checksum");
	/* without its flag the directory has no index */
	fs = image_open(&image);
	inode = inode_at(&image, ino);
	put_le32(inode + 0x20, get_le32(inode + 0x20) & ~0x1000u);
	assert_int_equal(ext2fs_inode_csum_set(fs->lib, ino, (struct ext2_inode_large *)inode), 0);
	image_refused(&image, ERR_CORRUPT, "the block has no checksum");
	ext_close(fs);
	image_free(&image);
}

/* Blocks of 64 KiB, whose entries may be as long as the block. */
static void test_blocks_of_64k(void **state)
{
	struct image image = image_make(64, "-t ext4 -b 65536 -N 1024 -O ^has_journal,^resize_inode,^metadata_csum",
					"mkdir dir empty; >dir/first", NULL);
	u8 *table = image.data + (u64)get_le32(image.data + 65536 + 8) * 65536;
	u32 ino = find_ino(&image, "empty"), other = find_ino(&image, "dir");
	u8 *b = image.data + (u64)get_le32(table + (ino - 1) * 256ull + 0x28 + 12 + 8) * 65536;
	u8 *inode = table + (other - 1) * 256ull;
	u8 *d = image.data + (u64)get_le32(inode + 0x28 + 12 + 8) * 65536;

	(void)state;
	assert_int_equal(get_le16(b + 12 + 4), 65536 - 12); /* .. reaches to the end */
	assert_int_equal(read_dir(&image, ino), 0);
	assert_int_equal(names.nr, 0);
	assert_int_equal(names.parent, EXT_ROOT_INO);
	assert_int_equal(read_dir(&image, other), 0);
	assert_int_equal(names.nr, 1);
	assert_int_equal(names.index[0], 2 + 24 / 4);
	patch16(&image, d + 24 + 4, 65535, ERR_CORRUPT, "impossible length");
	patch16(&image, d + 24 + 4, 0, ERR_CORRUPT, "impossible length");
	patch16(&image, d + 24 + 4, (65536 - 24) | 1, ERR_CORRUPT, "impossible length");
	/* a second block with one unused entry, whose length has two forms */
	put_le32(inode + 4, 2 * 65536);
	put_le32(inode + 0x1C, 2 * 128);
	put_le16(inode + 0x28 + 2, 2);
	put_le32(inode + 0x28 + 24, 1);
	put_le16(inode + 0x28 + 28, 1);
	put_le32(inode + 0x28 + 32, 900);
	put_le16(image.data + 900 * 65536ull + 4, 65535);
	assert_int_equal(read_dir(&image, other), 0);
	put_le16(image.data + 900 * 65536ull + 4, 0);
	assert_int_equal(read_dir(&image, other), 0);
	put_le16(image.data + 900 * 65536ull + 4, 65532);
	image_refused(&image, ERR_CORRUPT, "directory entry at block 1, byte 65532: no room for an entry");
	image_free(&image);
}

static void test_io_errors(void **state)
{
	(void)state;
	image_io_errors(&plain);
}

static void test_not_a_directory(void **state)
{
	struct ext_fs *fs = image_open(&plain);
	struct ext_inode_iter *it = NULL;
	struct ext_inode inode;
	struct messages m;
	u32 parent;

	(void)state;
	assert_int_equal(find_inode(fs, file, &it, &inode), 0);
	messages_gather(&m);
	assert_int_equal(ext_dir_iterate(fs, &inode, &parent, note_name, &names), ERR_CORRUPT);
	msg_set_sink(NULL, NULL);
	ext_inode_iter_free(it);
	ext_close(fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_unused_entries_are_skipped),
		cmocka_unit_test(test_without_filetype),
		cmocka_unit_test(test_blocks_without_entries),
		cmocka_unit_test(test_damaged_entries),
		cmocka_unit_test(test_damaged_dots),
		cmocka_unit_test(test_names_of_special_inodes),
		cmocka_unit_test(test_indexed),
		cmocka_unit_test(test_checksums_as_the_library),
		cmocka_unit_test(test_checksums),
		cmocka_unit_test(test_blocks_of_64k),
		cmocka_unit_test(test_io_errors),
		cmocka_unit_test(test_not_a_directory),
	};

	return cmocka_run_group_tests_name("ext_dir", tests, make_plain, free_plain);
}

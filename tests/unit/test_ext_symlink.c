/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Targets of symlinks of all lengths, in the inode and in a block, and damaged ones. */
#include "ext_image.h"

#define NO_CSUM "-N 256 -O ^metadata_csum,^uninit_bg,^has_journal,^resize_inode"

static const u32 lengths[] = { 1, 2, 58, 59, 60, 61, 100, 255, 1000, 2047, 4000 };

static const char *const tree =
	"for i in 1 2 58 59 60 61 100 255 1000 2047 4000; do ln -s $(printf \"%0${i}d\" 1) l$i; done; >file";

static char target[EXT_SYMLINK_MAX + 1];
static u32 target_len;

static int read_link(const struct image *image, u32 ino)
{
	struct ext_fs *fs = image_open(image);
	struct ext_inode_iter *it = NULL;
	struct ext_inode inode;
	int ret = find_inode(fs, ino, &it, &inode);

	if (!ret)
		ret = ext_symlink_read(fs, &inode, target, &target_len);
	ext_inode_iter_free(it);
	ext_close(fs);
	return ret;
}

static u32 link_of(const struct image *image, u32 len)
{
	char name[16];

	snprintf(name, sizeof(name), "l%u", len);
	return find_ino(image, name);
}

static void test_lengths(void **state)
{
	static const char *const options[] = {
		"-b 4096 -t ext4", "-b 4096 -t ext4 " NO_CSUM, "-b 4096 -t ext2", "-b 4096 -t ext2 -I 128 -r 0",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		struct image image = image_make(16, options[i], tree, NULL);

		for (size_t j = 0; j < ARRAY_SIZE(lengths); j++) {
			char expect[EXT_SYMLINK_MAX + 1];

			snprintf(expect, sizeof(expect), "%0*d", (int)lengths[j], 1);
			assert_int_equal(read_link(&image, link_of(&image, lengths[j])), 0);
			assert_int_equal(target_len, lengths[j]);
			assert_string_equal(target, expect);
		}
		image_free(&image);
	}
}

/* 4095 bytes are the longest; a block of 4096 has room for them and the NUL. */
static void test_longest(void **state)
{
	struct image image = image_make(16, "-b 4096 -t ext4 " NO_CSUM, tree, NULL);
	u32 ino = link_of(&image, 4000);
	u8 *block = block_at(&image, file_block(&image, ino, 0));
	u8 *size = inode_at(&image, ino) + 4;

	(void)state;
	memset(block, 'x', 4095);
	put_le32(size, 4095);
	assert_int_equal(read_link(&image, ino), 0);
	assert_int_equal(target_len, 4095);
	put_le32(size, 4096);
	image_refused(&image, ERR_CORRUPT, "impossible length of a symlink");
	put_le32(size, 4095);
	block[4095] = 'x';
	image_refused(&image, ERR_CORRUPT, "the target of a symlink does not fit its length");
	image_free(&image);
}

/* Larger blocks could hold more than btrfs takes. */
static void test_too_long_for_btrfs(void **state)
{
	struct image image = image_make(32, "-b 8192 -t ext2 -N 64 -I 256 -O ^resize_inode",
					"ln -s $(printf %0100d 1) l", NULL);
	u8 *table = image.data + get_le32(image.data + 8192 + 8) * 8192ull;
	u32 ino = find_ino(&image, "l");
	u8 *inode = table + (ino - 1) * 256ull;
	u8 *block = image.data + get_le32(inode + 0x28) * 8192ull;

	(void)state;
	memset(block, 'x', 4096);
	put_le32(inode + 4, 4096);
	image_refused(&image, ERR_REFUSED, "a symlink of 4096 bytes, btrfs takes 4095; make the symlink shorter");
	block[4095] = '\0';
	put_le32(inode + 4, 4095);
	assert_int_equal(read_link(&image, ino), 0);
	image_free(&image);
}

/* Old images hold short targets in a block; then the inode owns one. */
static void test_short_target_in_a_block(void **state)
{
	struct image image = image_make(16, "-b 4096 -t ext2 " NO_CSUM, tree, NULL);
	u32 ino = link_of(&image, 100);
	u8 *inode = inode_at(&image, ino);

	(void)state;
	block_at(&image, file_block(&image, ino, 0))[50] = '\0';
	put_le32(inode + 4, 50);
	assert_int_equal(read_link(&image, ino), 0);
	assert_int_equal(target_len, 50);
	image_free(&image);
}

static void test_with_attribute_block(void **state)
{
	struct image image = image_make(16, "-b 4096 -t ext4 -I 128 -O ^extra_isize,^metadata_csum,^uninit_bg", tree,
					"ea_set l58 trusted.a b\nea_set l100 trusted.a b");

	(void)state;
	assert_int_equal(read_link(&image, link_of(&image, 58)), 0);
	assert_int_equal(target_len, 58);
	assert_int_equal(read_link(&image, link_of(&image, 100)), 0);
	assert_int_equal(target_len, 100);
	image_free(&image);
}

static void test_damaged_short_links(void **state)
{
	struct image image = image_make(16, "-b 4096 -t ext4 " NO_CSUM, tree, NULL);
	u8 *inode = inode_at(&image, link_of(&image, 58));

	(void)state;
	patch32(&image, inode + 4, 0, ERR_CORRUPT, "impossible length of a symlink");
	patch32(&image, inode + 4, 57, ERR_CORRUPT, "the target of a symlink does not fit its length");
	patch32(&image, inode + 4, 59, ERR_CORRUPT, "the target of a symlink does not fit its length");
	patch8(&image, inode + 0x28 + 10, 0, ERR_CORRUPT, "the target of a symlink does not fit its length");
	patch32(&image, inode + 0x20, 0x80000, ERR_CORRUPT, "a short symlink is mapped by extents");
	/* the first bytes of the target taken for a block: a digit four times */
	patch32(&image, inode + 4, 60, ERR_CORRUPT, "lies outside the file system, at block 808464432");
	image_free(&image);
}

static void test_damaged_long_links(void **state)
{
	struct image image = image_make(16, "-b 4096 -t ext4 " NO_CSUM, tree, NULL);
	u32 ino = link_of(&image, 100);
	u8 *inode = inode_at(&image, ino);
	u8 *extent = inode + 0x28 + 12;
	u8 *block = block_at(&image, file_block(&image, ino, 0));

	(void)state;
	patch8(&image, block + 40, 0, ERR_CORRUPT, "the target of a symlink does not fit its length");
	patch32(&image, inode + 4, 101, ERR_CORRUPT, "the target of a symlink does not fit its length");
	patch32(&image, inode + 4, 99, ERR_CORRUPT, "the target of a symlink does not fit its length");
	patch32(&image, extent, 1, ERR_CORRUPT, "a symlink maps more or other than one block");
	patch16(&image, extent + 4, 32769, ERR_CORRUPT, "a symlink maps more or other than one block");
	patch32(&image, inode + 4, 59, ERR_CORRUPT, "a short symlink is mapped by extents");
	put_le16(extent + 4, 2);
	patch32(&image, inode + 0x1C, 16, ERR_CORRUPT, "a symlink maps more or other than one block");
	put_le16(inode + 0x28 + 2, 0);
	patch32(&image, inode + 0x1C, 0, ERR_CORRUPT, "a symlink without a target");
	image_free(&image);
}

static void test_not_a_symlink(void **state)
{
	struct image image = image_make(16, "-b 4096 -t ext4 " NO_CSUM, tree, NULL);
	struct messages m;

	(void)state;
	messages_gather(&m);
	assert_int_equal(read_link(&image, find_ino(&image, "file")), ERR_CORRUPT);
	msg_set_sink(NULL, NULL);
	image_free(&image);
}

static void test_io_errors(void **state)
{
	struct image image = image_make(16, "-b 4096 -t ext4 " NO_CSUM, tree, NULL);

	(void)state;
	image_io_errors(&image);
	image_free(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_too_long_for_btrfs),
		cmocka_unit_test(test_short_target_in_a_block),
		cmocka_unit_test(test_with_attribute_block),
		cmocka_unit_test(test_damaged_short_links),
		cmocka_unit_test(test_damaged_long_links),
		cmocka_unit_test(test_not_a_symlink),
		cmocka_unit_test(test_io_errors),
	};

	return cmocka_run_group_tests_name("ext_symlink", tests, NULL, NULL);
}

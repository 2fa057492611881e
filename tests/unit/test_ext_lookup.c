/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Single inodes, names and pieces of files: what is there, what is not, and damaged ones. */
#include "ext_image.h"

#define OPTIONS "-b 4096 -t ext4 -N 256 -O ^has_journal,^resize_inode"
#define NO_CSUM OPTIONS ",^metadata_csum,^uninit_bg"

static const char *const tree =
	"mkdir d d/e; printf 0123456789 >d/file; : >d/empty; "
	"printf 'abc' | dd of=holes bs=1 seek=9000 2>/dev/null; "
	"for i in $(seq 200); do : >d/e/$(printf %0100d $i); done; : >d/e/last";

static int get(const struct image *image, const char *name, struct ext_fs **fs, struct ext_inode *inode)
{
	u32 ino = find_ino(image, name);

	*fs = image_open(image);
	return ext_inode_get(*fs, ino, inode);
}

static void test_names(void **state)
{
	struct image image = image_make(16, OPTIONS, tree, NULL);
	struct ext_inode dir, inode;
	struct ext_dirent found;
	struct ext_fs *fs;
	u32 d;

	(void)state;
	assert_int_equal(get(&image, "d", &fs, &dir), 0);
	d = dir.ino;
	assert_int_equal(ext_dir_find(fs, &dir, "file", 4, &found), 1);
	assert_int_equal(ext_inode_get(fs, found.ino, &inode), 0);
	assert_true(S_ISREG(inode.mode) && inode.size == 10 && found.index >= 2);
	assert_int_equal(ext_inode_get(fs, d, &dir), 0);
	assert_int_equal(ext_dir_find(fs, &dir, "fil", 3, &found), 0);
	assert_int_equal(ext_dir_find(fs, &dir, "filf", 4, &found), 0);
	assert_int_equal(ext_dir_find(fs, &dir, "..", 2, &found), 1);
	assert_true(found.ino == EXT_ROOT_INO && found.index == 0);
	assert_int_equal(ext_dir_find(fs, &dir, "e", 1, &found), 1);
	assert_int_equal(ext_inode_get(fs, found.ino, &dir), 0);
	assert_int_equal(ext_dir_find(fs, &dir, "last", 4, &found), 1);
	assert_int_equal(ext_dir_find(fs, &dir, "..", 2, &found), 1);
	assert_int_equal(found.ino, d);
	ext_close(fs);
	image_free(&image);
}

static void test_content(void **state)
{
	struct image image = image_make(16, OPTIONS, tree, NULL);
	char buf[16384];
	struct ext_inode inode;
	struct ext_fs *fs;

	(void)state;
	assert_int_equal(get(&image, "holes", &fs, &inode), 0);
	assert_int_equal(inode.size, 9003);
	memset(buf, 'x', sizeof(buf));
	assert_int_equal(ext_file_read(fs, &inode, 0, buf, 9003), 0);
	assert_int_equal(buf[8999], 0);
	assert_memory_equal(buf + 9000, "abc", 3);
	assert_int_equal(buf[9003], 'x');
	assert_int_equal(ext_file_read(fs, &inode, 9001, buf, 2), 0);
	assert_memory_equal(buf, "bc", 2);
	assert_int_equal(ext_file_read(fs, &inode, 100, buf, 10), 0);
	assert_int_equal(buf[0] | buf[9], 0);
	/* far behind all blocks */
	assert_int_equal(ext_file_read(fs, &inode, 1 << 20, buf, 10), 0);
	assert_int_equal(buf[0] | buf[9], 0);
	ext_close(fs);
	image_free(&image);
}

static void test_wrong_inodes(void **state)
{
	struct image image = image_make(16, NO_CSUM, tree, NULL);
	struct ext_fs *fs = image_open(&image);
	struct ext_inode inode;
	struct messages m;

	(void)state;
	messages_gather(&m);
	assert_int_equal(ext_inode_get(fs, 0, &inode), ERR_CORRUPT);
	assert_int_equal(ext_inode_get(fs, 7, &inode), ERR_CORRUPT);
	assert_int_equal(ext_inode_get(fs, 100000, &inode), ERR_CORRUPT);
	/* never used */
	assert_int_equal(ext_inode_get(fs, 250, &inode), ERR_CORRUPT);
	/* deleted */
	put_le16(inode_at(&image, find_ino(&image, "holes")) + 0x1a, 0);
	assert_int_equal(ext_inode_get(fs, find_ino(&image, "holes"), &inode), ERR_CORRUPT);
	assert_int_equal(m.nr[MSG_ERR], 5);
	msg_set_sink(NULL, NULL);
	ext_close(fs);
	image_free(&image);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_content),
		cmocka_unit_test(test_wrong_inodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

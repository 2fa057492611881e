/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening: every feature that is carried over opens and reads whole, every other one is refused by name; impossible
 * superblocks, unclean states, devices that are too short or in use are refused.
 */
#include "base/crc32c.h"
#include "ext_image.h"

#define COMPAT 0x5C
#define INCOMPAT 0x60
#define RO_COMPAT 0x64

/* 4096 blocks in one group; no checksums, so that any byte can be changed alone. */
#define PLAIN "-t ext4 -b 4096 -N 256 -O ^metadata_csum,^uninit_bg"

static struct image plain;

static int make_plain(void **state)
{
	(void)state;
	plain = image_make(16, PLAIN, "echo content >file", NULL);
	return 0;
}

static int free_plain(void **state)
{
	(void)state;
	image_free(&plain);
	return 0;
}

/* --- what is accepted --- */

static const char *const tree =
	"mkdir -p many/deep/er; for i in $(seq 300); do : >many/a_name_of_some_length_$i; done;"
	"echo 1 >f1; ln f1 f2; ln -s target short; ln -s $(printf '%0100d' 0) long; mkfifo fifo;"
	"head -c 900000 /dev/zero | tr '\\0' x >big; truncate -s 3000000 sparse; cat f1 >>sparse";

#define NR_TREE_NAMES 311u /* all of these and lost+found */

struct variant {
	u32 megabytes;
	const char *options;
	const char *type;
};

static const struct variant variants[] = {
	{ 16, "-b 4096 -t ext2", "ext2" },
	{ 16, "-b 4096 -t ext2 -r 0", "ext2" },
	{ 16, "-b 4096 -t ext2 -I 128", "ext2" },
	{ 32, "-b 4096 -t ext3", "ext3" },
	{ 32, "-b 4096 -t ext3 -I 128 -O ^dir_index,^resize_inode", "ext3" },
	{ 32, "-b 4096 -t ext4", "ext4" },
	{ 32, "-b 4096 -t ext4 -I 128 -O ^metadata_csum,^extra_isize", "ext4" },
	{ 32, "-b 4096 -t ext4 -I 512", "ext4" },
	{ 32, "-b 4096 -t ext4 -I 1024", "ext4" },
	{ 32, "-b 4096 -t ext4 -O ^64bit", "ext4" },
	{ 32, "-b 4096 -t ext4 -O ^flex_bg -g 1024 -N 512", "ext4" },
	{ 32, "-b 4096 -t ext4 -g 1024 -N 512", "ext4" },
	{ 32, "-b 4096 -t ext4 -g 512 -G 8 -N 512", "ext4" },
	{ 32, "-b 4096 -t ext4 -O meta_bg,^resize_inode -g 256 -N 512", "ext4" },
	{ 32, "-b 4096 -t ext4 -O meta_bg,^resize_inode,^flex_bg -g 512 -N 512", "ext4" },
	{ 32, "-b 4096 -t ext4 -O ^sparse_super,^resize_inode -g 1024 -N 512", "ext4" },
	{ 32, "-b 4096 -t ext4 -O sparse_super2,^resize_inode -g 1024 -N 512", "ext4" },
	{ 32, "-b 4096 -t ext4 -O uninit_bg,^metadata_csum -g 1024 -N 512", "ext4" },
	{ 32, "-b 4096 -t ext4 -O ^uninit_bg,^metadata_csum -g 1024 -N 512", "ext4" },
	{ 32, "-b 4096 -t ext4 -O metadata_csum,metadata_csum_seed", "ext4" },
	{ 32, "-b 4096 -t ext4 -O orphan_file", "ext4" },
	{ 32, "-b 4096 -t ext4 -O ^huge_file", "ext4" },
	{ 32, "-b 4096 -t ext4 -O large_dir", "ext4" },
	{ 32, "-b 4096 -t ext4 -O ^dir_nlink,^dir_index", "ext4" },
	{ 32, "-b 4096 -t ext4 -O ^resize_inode", "ext4" },
	{ 32, "-b 4096 -t ext4 -O ^has_journal", "ext4" },
	{ 32, "-b 4096 -t ext4 -O fast_commit", "ext4" },
	{ 32, "-b 4096 -t ext4 -O mmp", "ext4" },
	{ 32, "-b 4096 -t ext4 -O ^filetype", "ext4" },
	{ 32, "-b 4096 -t ext4 -O ^ext_attr", "ext4" },
	{ 32, "-b 4096 -t ext4 -O stable_inodes,encrypt", "ext4" },
	{ 32, "-b 4096 -t ext4 -O casefold -E encoding=utf8", "ext4" },
	{ 32, "-b 4096 -t ext4 -O ^extent,^64bit", "ext4" },
	{ 64, "-b 8192 -t ext4", "ext4" },
	{ 64, "-b 16384 -t ext4 -O ^has_journal", "ext4" },
	{ 64, "-b 32768 -t ext3 -O ^has_journal", "ext2" },
	{ 64, "-b 65536 -t ext4 -O ^has_journal", "ext4" },
	{ 64, "-b 65536 -t ext2 -I 128 -O ^dir_index", "ext2" },
};

/* What the bitmaps say is used is what has an owner, to the block. */
static void check_totals(const struct ext_fs *fs, const struct totals *t)
{
	const struct ext_info *info = ext_get_info(fs);
	u64 owned = t->meta + t->uninit + t->written + t->unwritten + t->tree;

	owned += t->xattr_shares / 1024 * info->block_size;
	assert_int_equal(t->used, owned);
	assert_int_equal(info->free, info->size - t->used);
	assert_int_equal(t->nr_names, NR_TREE_NAMES);
	assert_int_equal(t->nr_dirs, 5);
	assert_int_equal(t->nr_symlinks, 2);
}

static void test_variants(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(variants); i++) {
		const struct variant *v = &variants[i];
		/* debugfs needs the ext_attr feature, and waits for other hosts with mmp */
		bool xattr = !strstr(v->options, "-r 0") && !strstr(v->options, "^ext_attr") &&
			     !strstr(v->options, "mmp");
		struct image image = image_make(v->megabytes, v->options, tree, xattr ? "ea_set f1 user.a b" : NULL);
		struct ext_fs *fs = image_open(&image);
		struct totals t;

		if (total_all(fs, &t))
			fail_msg("not read: %s", v->options);
		check_totals(fs, &t);
		assert_int_equal(t.nr_xattrs, xattr);
		assert_string_equal(ext_get_info(fs)->type, v->type);
		assert_int_equal(ext_check_unchanged(fs), 0);
		ext_close(fs);
		image_free(&image);
	}
}

static void test_info(void **state)
{
	struct image image = image_make(16, PLAIN ",^has_journal,^resize_inode -L sixteen_letters_ "
					"-U 01234567-89ab-cdef-0123-456789abcdef", NULL, NULL);
	const struct ext_info *info;
	struct ext_fs *fs;

	(void)state;
	put_le32(super_at(&image, 0x30), 0x23456789);
	*super_at(&image, 0x274) = 1;
	fs = image_open(&image);
	info = ext_get_info(fs);
	assert_string_equal(info->label, "sixteen_letters_");
	assert_memory_equal(info->uuid, "\x01\x23\x45\x67\x89\xAB\xCD\xEF\x01\x23\x45\x67\x89\xAB\xCD\xEF", 16);
	assert_int_equal(info->block_size, 4096);
	assert_int_equal(info->size, 16 * MIB);
	assert_int_equal(info->nr_groups, 1);
	assert_int_equal(info->nr_inodes, 256);
	assert_int_equal(info->nr_free_inodes, 256 - 11);
	assert_int_equal(info->inode_size, 256);
	assert_int_equal(info->last_write, 0x123456789);
	assert_int_equal(info->free, get_le32(super_at(&image, 0x0C)) * (u64)4096);
	assert_string_equal(info->features, "ext_attr dir_index filetype extent 64bit flex_bg sparse_super large_file "
					    "huge_file dir_nlink extra_isize");
	ext_close(fs);
	ext_close(NULL);
	image_free(&image);
}

static void test_quota_is_announced(void **state)
{
	struct image image = image_make(32, "-t ext4 -b 4096 -O quota,project -E quotatype=usrquota:prjquota", tree,
					NULL);
	struct messages m;
	struct totals t;

	(void)state;
	messages_gather(&m);
	assert_int_equal(image_read(&image, &t), 0);
	assert_int_equal(m.nr[MSG_WARN], 1);
	assert_non_null(strstr(m.text, "quota limits"));
	msg_set_sink(NULL, NULL);
	assert_int_equal(t.nr_special, 4); /* resize, journal, user and project quota */
	assert_int_equal(t.nr_names, NR_TREE_NAMES);
	image_free(&image);
}

/* --- features --- */

struct refusal {
	u32 word, bit;
	const char *text;
};

static const struct refusal refusals[] = {
	{ COMPAT, 0x0040, "feature lazy_bg" },
	{ COMPAT, 0x0080, "feature exclude_inode" },
	{ COMPAT, 0x0100, "feature snapshot_bitmap" },
	{ COMPAT, 0x2000, "unknown compat feature bits 0x2000" },
	{ COMPAT, 0x80000000, "unknown compat feature bits 0x80000000" },
	{ INCOMPAT, 0x0001, "feature compression" },
	{ INCOMPAT, 0x0004, "feature needs_recovery: the journal must be replayed first; run e2fsck -p memory" },
	{ INCOMPAT, 0x0008, "feature journal_dev" },
	{ INCOMPAT, 0x0020, "unknown incompat feature bits 0x20" },
	{ INCOMPAT, 0x0400, "feature ea_inode" },
	{ INCOMPAT, 0x0800, "unknown incompat feature bits 0x800" },
	{ INCOMPAT, 0x1000, "feature dirdata" },
	{ INCOMPAT, 0x8000, "feature inline_data" },
	{ INCOMPAT, 0x40000, "unknown incompat feature bits 0x40000" },
	{ RO_COMPAT, 0x0004, "feature btree_dir" },
	{ RO_COMPAT, 0x0080, "feature has_snapshot" },
	{ RO_COMPAT, 0x0200, "feature bigalloc" },
	{ RO_COMPAT, 0x0800, "feature replica" },
	{ RO_COMPAT, 0x1000, "run tune2fs -O ^read-only memory" },
	{ RO_COMPAT, 0x4000, "run e2fsck -f -E unshare_blocks memory" },
	{ RO_COMPAT, 0x8000, "feature verity" },
	{ RO_COMPAT, 0x10000, "feature orphan_present" },
	{ RO_COMPAT, 0x20000, "unknown ro_compat feature bits 0x20000" },
};

static void test_refused_features(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		u8 *at = super_at(&plain, refusals[i].word);

		patch32(&plain, at, get_le32(at) | refusals[i].bit, ERR_REFUSED, refusals[i].text);
	}
}

static void test_all_refused_features_are_named(void **state)
{
	struct image image = image_copy(&plain);
	struct messages m;
	struct totals t;

	(void)state;
	put_le32(super_at(&image, INCOMPAT), get_le32(super_at(&image, INCOMPAT)) | 0x8400);
	messages_gather(&m);
	assert_int_equal(image_read(&image, &t), ERR_REFUSED);
	assert_int_equal(m.nr[MSG_ERR], 2);
	assert_non_null(strstr(m.text, "ea_inode"));
	assert_non_null(strstr(m.text, "inline_data"));
	msg_set_sink(NULL, NULL);
	image_free(&image);
}

static void test_small_blocks(void **state)
{
	struct image image = image_make(16, "-t ext4 -b 1024", NULL, NULL);

	(void)state;
	image_refused(&image, ERR_REFUSED, "blocks of 1024 bytes");
	image_free(&image);
	image = image_make(16, "-t ext2 -b 2048", NULL, NULL);
	image_refused(&image, ERR_REFUSED, "blocks of 2048 bytes");
	image_free(&image);
}

/* --- superblock --- */

struct patch {
	u32 offset, size, value;
	int status;
	const char *text;
};

static const struct patch patches[] = {
	{ 0x38, 2, 0xEF52, ERR_REFUSED, "no ext2, ext3 or ext4 file system" },
	{ 0x4C, 4, 2, ERR_REFUSED, "revision 2" },
	{ 0x4C, 4, 0, ERR_CORRUPT, "feature bits in a file system of revision 0" },
	{ 0x48, 4, 1, ERR_REFUSED, "Hurd" },
	{ 0x3A, 2, 0, ERR_REFUSED, "not unmounted cleanly" },
	{ 0x3A, 2, 3, ERR_REFUSED, "marked as having errors; run e2fsck -f memory" },
	{ 0x3A, 2, 5, ERR_REFUSED, "not unmounted cleanly" },
	{ 0x3A, 2, 0x21, ERR_REFUSED, "not unmounted cleanly" },
	{ 0xE8, 4, 12, ERR_REFUSED, "orphan inode 12); run e2fsck -p memory" },
	{ 0x180, 4, 13, ERR_REFUSED, "snapshots" },
	{ 0x190, 4, 13, ERR_REFUSED, "snapshots" },
	{ 0x18, 4, 7, ERR_CORRUPT, "impossible block size" },
	{ 0x14, 4, 1, ERR_CORRUPT, "first data block" },
	{ 0x1C, 4, 3, ERR_CORRUPT, "cluster size" },
	{ 0x04, 4, 4097, ERR_REFUSED, "the device has only 16777216" },
	{ 0x04, 4, 1, ERR_CORRUPT, "impossible number of blocks" },
	{ 0x150, 4, 0x10000, ERR_CORRUPT, "impossible number of blocks" },
	{ 0x20, 4, 0, ERR_CORRUPT, "blocks per group" },
	{ 0x20, 4, 32764, ERR_CORRUPT, "blocks per group" },
	{ 0x20, 4, 32776, ERR_CORRUPT, "blocks per group" },
	{ 0x28, 4, 0, ERR_CORRUPT, "inodes per group" },
	{ 0x28, 4, 257, ERR_CORRUPT, "inodes per group" },
	{ 0x28, 4, 32776, ERR_CORRUPT, "inodes per group" },
	{ 0x00, 4, 255, ERR_CORRUPT, "255 inodes do not fill 1 groups" },
	{ 0x58, 2, 192, ERR_CORRUPT, "inode size 192" },
	{ 0x58, 2, 64, ERR_CORRUPT, "inode size 64" },
	{ 0x58, 2, 8192, ERR_CORRUPT, "inode size 8192" },
	{ 0x54, 4, 10, ERR_CORRUPT, "first inode 10" },
	{ 0x54, 4, 257, ERR_CORRUPT, "first inode 257" },
	{ 0xFE, 2, 32, ERR_CORRUPT, "descriptor size 32" },
	{ 0xFE, 2, 96, ERR_CORRUPT, "descriptor size 96" },
	{ 0xFE, 2, 2048, ERR_CORRUPT, "descriptor size 2048" },
	{ 0xCE, 2, 1025, ERR_CORRUPT, "reserved descriptor blocks" },
	{ 0xE0, 4, 9, ERR_CORRUPT, "journal inode 9" },
	{ 0xE0, 4, 257, ERR_CORRUPT, "journal inode 257" },
	{ 0xE0, 4, 11, ERR_CORRUPT, "inode 11: the journal is no file" },
};

static void test_superblock(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(patches); i++) {
		const struct patch *p = &patches[i];

		if (p->size == 2)
			patch16(&plain, super_at(&plain, p->offset), p->value, p->status, p->text);
		else
			patch32(&plain, super_at(&plain, p->offset), p->value, p->status, p->text);
	}
}

/* Fields that their feature alone gives a meaning are left alone without it. */
static void test_fields_without_feature(void **state)
{
	struct image image = image_make(16, "-t ext2 -b 4096 -N 256", NULL, NULL);
	struct totals t;

	(void)state;
	put_le32(super_at(&image, 0x150), 1); /* blocks, high half */
	put_le32(super_at(&image, 0xE0), 9); /* journal */
	put_le32(super_at(&image, 0x280), 9999); /* orphan file */
	put_le32(super_at(&image, 0x26C), 9999); /* project quota */
	put_le16(super_at(&image, 0xFE), 99); /* descriptor size */
	put_le32(super_at(&image, 0x104), 99); /* first meta group */
	assert_int_equal(image_read(&image, &t), 0);
	put_le32(super_at(&image, RO_COMPAT), get_le32(super_at(&image, RO_COMPAT)) | 0x2000);
	image_refused(&image, ERR_CORRUPT, "project quota inode 9999");
	put_le32(super_at(&image, 0x26C), 2);
	image_refused(&image, ERR_CORRUPT, "project quota inode 2");
	put_le32(super_at(&image, 0x26C), 0); /* none yet */
	assert_int_equal(image_read(&image, &t), 0);
	image_free(&image);
}

static void test_first_meta_bg(void **state)
{
	struct image image = image_make(16, PLAIN ",meta_bg,^resize_inode", NULL, NULL);

	(void)state;
	patch32(&image, super_at(&image, 0x104), 2, ERR_CORRUPT, "first meta group");
	image_free(&image);
}

static void test_superblock_checksum(void **state)
{
	struct image image = image_make(16, "-t ext4 -b 4096 -N 256", NULL, NULL);
	u8 *at = super_at(&image, 0x3FC);

	(void)state;
	patch32(&image, at, get_le32(at) ^ 1, ERR_CORRUPT, "superblock: wrong checksum");
	patch8(&image, super_at(&image, 0x88), 1, ERR_CORRUPT, "superblock: wrong checksum");
	patch8(&image, super_at(&image, 0x175), 2, ERR_CORRUPT, "unknown checksum type 2");
	put_le32(super_at(&image, RO_COMPAT), get_le32(super_at(&image, RO_COMPAT)) | 0x10);
	put_le32(at, crc32c_raw(~0u, super_at(&image, 0), 0x3FC));
	image_refused(&image, ERR_CORRUPT, "uninit_bg and metadata_csum exclude each other");
	at = super_at(&plain, RO_COMPAT);
	patch32(&plain, at, get_le32(at) | 0x10, ERR_CORRUPT, "group 0: wrong descriptor checksum");
	image_free(&image);
}

static void test_short_devices(void **state)
{
	struct dev *dev;
	struct image image = { 0 };

	(void)state;
	assert_int_equal(dev_mem_new(2000, &dev), 0);
	image.dev = dev;
	image_refused(&image, ERR_REFUSED, "too small");
	image_free(&image);
	image = image_copy(&plain);
	image.dev->size -= 4096;
	image_refused(&image, ERR_REFUSED, "spans 16777216 bytes, the device has only 16773120; restore the size of "
		      "the device, or run e2fsck -f memory and resize2fs memory. Nothing was written.");
	image.dev->size += 4096;
	image_free(&image);
}

static void test_unchanged(void **state)
{
	struct image image = image_copy(&plain);
	struct ext_fs *fs = image_open(&image);
	struct messages m;

	(void)state;
	assert_int_equal(ext_check_unchanged(fs), 0);
	(*super_at(&image, 0x34))++; /* mounted once more */
	messages_gather(&m);
	assert_int_equal(ext_check_unchanged(fs), ERR_REFUSED);
	assert_non_null(strstr(m.text, "changed while it was read"));
	msg_set_sink(NULL, NULL);
	ext_close(fs);
	image_free(&image);
}

/* Another host mounts it while it is read: the first that is written is the MMP block. */
static void test_mounted_elsewhere(void **state)
{
	struct image image = image_make(16, "-t ext4 -b 4096 -N 256 -O mmp,^metadata_csum", NULL, NULL);
	struct ext_fs *fs = image_open(&image);
	struct messages m;

	(void)state;
	assert_int_equal(ext_check_unchanged(fs), 0);
	put_le32(block_at(&image, get_le64(super_at(&image, 0x168))) + 4, 17);
	messages_gather(&m);
	assert_int_equal(ext_check_unchanged(fs), ERR_REFUSED);
	assert_non_null(strstr(m.text, "in use by another host"));
	msg_set_sink(NULL, NULL);
	ext_close(fs);
	image_free(&image);
}

static void test_past_errors_are_announced(void **state)
{
	struct image image = image_copy(&plain);
	struct messages m;
	struct totals t;

	(void)state;
	put_le32(super_at(&image, 0x194), 5);
	messages_gather(&m);
	assert_int_equal(image_read(&image, &t), 0);
	assert_int_equal(m.nr[MSG_WARN], 1);
	assert_non_null(strstr(m.text, "5 errors were recorded"));
	msg_set_sink(NULL, NULL);
	image_free(&image);
}

static void test_io_errors(void **state)
{
	(void)state;
	image_io_errors(&plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_variants),
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_quota_is_announced),
		cmocka_unit_test(test_refused_features),
		cmocka_unit_test(test_all_refused_features_are_named),
		cmocka_unit_test(test_small_blocks),
		cmocka_unit_test(test_superblock),
		cmocka_unit_test(test_fields_without_feature),
		cmocka_unit_test(test_first_meta_bg),
		cmocka_unit_test(test_superblock_checksum),
		cmocka_unit_test(test_short_devices),
		cmocka_unit_test(test_unchanged),
		cmocka_unit_test(test_mounted_elsewhere),
		cmocka_unit_test(test_past_errors_are_announced),
		cmocka_unit_test(test_io_errors),
	};

	return cmocka_run_group_tests_name("ext_open", tests, make_plain, free_plain);
}

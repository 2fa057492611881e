/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inodes: times, owners, device numbers and sizes as the kernel reads them; which inodes are in use and which are
 * special; damaged ones; and the checksum held against the library's.
 */
#include "ext/ext_private.h"
#include "ext_image.h"

#define NO_CSUM "-t ext4 -b 4096 -N 256 -O ^metadata_csum,^uninit_bg"

static struct image plain;
static u32 file, dir;

static int make_plain(void **state)
{
	(void)state;
	plain = image_make(16, NO_CSUM, "echo content >file; mkdir dir; ln -s target link",
			   "mknod fifo p\nmknod null c 1 3");
	file = find_ino(&plain, "file");
	dir = find_ino(&plain, "dir");
	return 0;
}

static int free_plain(void **state)
{
	(void)state;
	image_free(&plain);
	return 0;
}

/* Reads one inode of an image that is sound. */
static struct ext_inode decode(const struct image *image, u32 ino)
{
	struct ext_fs *fs = image_open(image);
	struct ext_inode_iter *it = NULL;
	struct ext_inode inode;

	assert_int_equal(find_inode(fs, ino, &it, &inode), 0);
	assert_int_equal(inode.ino, ino);
	ext_inode_iter_free(it);
	ext_close(fs);
	inode.raw = NULL;
	return inode;
}

/* --- times --- */

struct time_vector {
	u32 sec, extra;
	s64 expect_sec;
	u32 expect_nsec;
	bool odd;
};

/* As the kernel shows them. */
static const struct time_vector times[] = {
	{ 0, 0, 0, 0, false },
	{ 1, 4, 1, 1, false },
	{ 0x7FFFFFFF, 0, 2147483647, 0, false },
	{ 0xFFFFFFFF, 0, -1, 0, false },
	{ 0xFFFFFFFF, 1, 4294967295, 0, false },
	{ 0x80000000, 0, -2147483648LL, 0, false },
	{ 0x80000000, 1, 2147483648LL, 0, false },
	{ 0x80000000, 2, 6442450944LL, 0, false },
	{ 0x00000000, 2, 8589934592LL, 0, false },
	{ 0x80000000, 3, 10737418240LL, 0, true },
	{ 0x7FFFFFFF, 3, 15032385535LL, 0, false },
	{ 0x7FFFFFFF, 999999999u << 2 | 3, 15032385535LL, 999999999, false },
	{ 5, 1000000000u << 2, 6, 0, true },
	{ 5, 0xFFFFFFFF, 6 + (3LL << 32), 73741823, true },
};

static void test_time_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		const struct time_vector *v = &times[i];
		struct time64 t = ext_time_decode(v->sec, v->extra);

		assert_int_equal(t.sec, v->expect_sec);
		assert_int_equal(t.nsec, v->expect_nsec);
		assert_int_equal(ext_time_odd(v->sec, v->extra), v->odd);
	}
}

static void put_times(u8 *inode, u16 extra_isize)
{
	put_le32(inode + 0x08, 100);
	put_le32(inode + 0x0C, 200);
	put_le32(inode + 0x10, 300);
	put_le32(inode + 0x24, 0x11223344);
	put_le16(inode + 0x80, extra_isize);
	put_le32(inode + 0x84, 21 << 2 | 1); /* ctime */
	put_le32(inode + 0x88, 31 << 2 | 2); /* mtime */
	put_le32(inode + 0x8C, 11 << 2 | 3); /* atime */
	put_le32(inode + 0x90, 400);
	put_le32(inode + 0x94, 41 << 2 | 1);
	put_le32(inode + 0x98, 0x55667788);
}

static void assert_time(struct time64 t, s64 sec, u32 nsec)
{
	assert_int_equal(t.sec, sec);
	assert_int_equal(t.nsec, nsec);
}

#define EPOCH (1LL << 32)

/* A field counts when the inode says that it reaches over it; 0 means all, as the kernel takes it. */
static void test_fields_by_extra_size(void **state)
{
	struct image image = image_copy(&plain);

	(void)state;
	for (u32 extra = 0; extra <= 32; extra += 4) {
		u32 end = 0x80 + (extra ? extra : 32);
		struct ext_inode inode;

		put_times(inode_at(&image, file), extra);
		inode = decode(&image, file);
		assert_time(inode.ctime, end >= 0x88 ? 200 + EPOCH : 200, end >= 0x88 ? 21 : 0);
		assert_time(inode.mtime, end >= 0x8C ? 300 + 2 * EPOCH : 300, end >= 0x8C ? 31 : 0);
		assert_time(inode.atime, end >= 0x90 ? 100 + 3 * EPOCH : 100, end >= 0x90 ? 11 : 0);
		assert_time(inode.otime, end >= 0x98 ? 400 + EPOCH : end >= 0x94 ? 400 : 0, end >= 0x98 ? 41 : 0);
		assert_int_equal(inode.version, end >= 0x9C ? 0x5566778811223344 : 0x11223344);
	}
	image_free(&image);
}

static void test_small_inodes(void **state)
{
	struct image image = image_make(16, "-t ext2 -b 4096 -I 128 -N 256", "echo >file", NULL);
	u32 ino = find_ino(&image, "file");
	struct ext_inode inode;

	(void)state;
	put_le32(inode_at(&image, ino) + 0x0C, 0xFFFFFFFF);
	put_le16(inode_at(&image, ino + 1), 32); /* what follows belongs to the next inode */
	put_le32(inode_at(&image, ino + 1) + 0x10, 777);
	inode = decode(&image, ino);
	assert_time(inode.ctime, -1, 0);
	assert_time(inode.otime, 0, 0);
	image_free(&image);
}

static void test_odd_times_are_announced_once(void **state)
{
	struct image image = image_copy(&plain);
	struct messages m;
	struct totals t;

	(void)state;
	put_le32(inode_at(&image, file) + 0x88, 0xFFFFFFFF);
	put_le32(inode_at(&image, dir) + 0x88, 0xFFFFFFFF);
	messages_gather(&m);
	assert_int_equal(image_read(&image, &t), 0);
	assert_int_equal(m.nr[MSG_WARN], 1);
	assert_non_null(strstr(m.text, "odd time"));
	msg_set_sink(NULL, NULL);
	image_free(&image);
}

/* --- owners, sizes, device numbers --- */

static void test_owners(void **state)
{
	struct image image = image_copy(&plain);
	u8 *inode = inode_at(&image, file);
	struct ext_inode got;

	(void)state;
	put_le16(inode + 0x02, 4464);
	put_le16(inode + 0x18, 0xFFFE);
	put_le16(inode + 0x78, 1);
	put_le16(inode + 0x7A, 0xFFFF);
	put_le16(inode, 0107755);
	got = decode(&image, file);
	assert_int_equal(got.uid, 70000);
	assert_int_equal(got.gid, 4294967294u);
	assert_int_equal(got.mode, 0107755);
	assert_int_equal(got.nlink, 1);
	/* uid16 in the default mount options: the kernel ignores the high halves */
	put_le32(super_at(&image, 0x100), get_le32(super_at(&image, 0x100)) | 0x10);
	got = decode(&image, file);
	assert_int_equal(got.uid, 4464);
	assert_int_equal(got.gid, 0xFFFE);
	image_free(&image);
}

struct rdev_vector {
	u32 old, new;
	u32 major, minor;
};

static const struct rdev_vector rdevs[] = {
	{ 0x0103, 0, 1, 3 },
	{ 0x0800, 0, 8, 0 },
	{ 0xFFFF, 0, 255, 255 },
	{ 0, 0x10000, 256, 0 },
	{ 0, 0x00100100, 1, 256 },
	{ 0, (70000 & 0xFF) | 511 << 8 | (70000 & 0xFFF00) << 12, 511, 70000 },
	{ 0, 0xFFFFFFFF, 4095, 1048575 },
	{ 0, 0, 0, 0 }, /* a whiteout of overlayfs */
};

static void test_device_numbers(void **state)
{
	struct image image = image_copy(&plain);
	u8 *area = inode_at(&image, find_ino(&image, "null")) + 0x28;
	u32 ino = find_ino(&image, "null");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rdevs); i++) {
		struct ext_inode inode;

		put_le32(area, rdevs[i].old);
		put_le32(area + 4, rdevs[i].new);
		inode = decode(&image, ino);
		assert_int_equal(inode.rdev_major, rdevs[i].major);
		assert_int_equal(inode.rdev_minor, rdevs[i].minor);
	}
	put_le32(area, 0x0807);
	put_le16(inode_at(&image, ino), 0060600);
	assert_int_equal(decode(&image, ino).rdev_major, 8);
	assert_int_equal(decode(&image, ino).rdev_minor, 7);
	assert_int_equal(decode(&image, file).rdev_major, 0);
	put_le32(inode_at(&image, ino) + 4, 12345); /* the size of a device means nothing */
	assert_int_equal(decode(&image, ino).size, 0);
	image_free(&image);
}

static void test_sizes(void **state)
{
	struct image image = image_copy(&plain);
	u8 *inode = inode_at(&image, file);

	(void)state;
	put_le32(inode + 0x6C, 0x0FFF);
	assert_int_equal(decode(&image, file).size, 0x0FFF00000008);
	put_le32(super_at(&image, 0x64), get_le32(super_at(&image, 0x64)) & ~2u);
	image_refused(&image, ERR_CORRUPT, "larger than 2 GiB");
	put_le32(inode + 0x6C, 0);
	put_le32(inode + 4, 0x80000000);
	image_refused(&image, ERR_CORRUPT, "larger than 2 GiB");
	put_le32(inode + 4, 8);
	patch32(&image, inode_at(&image, dir) + 0x6C, 1, ERR_CORRUPT, "impossible size");
	patch32(&image, inode_at(&image, find_ino(&image, "link")) + 0x6C, 1, ERR_CORRUPT, "impossible size");
	/* with large_dir the high half counts for directories too, and this one is not that long */
	put_le32(super_at(&image, 0x60), get_le32(super_at(&image, 0x60)) | 0x4000);
	patch32(&image, inode_at(&image, dir) + 0x6C, 1, ERR_CORRUPT, "has a hole");
	image_free(&image);
}

/* --- damage --- */

struct field_patch {
	u32 offset, size, value;
	int status;
	const char *text;
};

static const struct field_patch file_patches[] = {
	{ 0x20, 4, 0x80800, ERR_REFUSED, "is encrypted" },
	{ 0x20, 4, 0x40080000, ERR_REFUSED, "ignores case" },
	{ 0x20, 4, 0x180000, ERR_REFUSED, "fs-verity" },
	{ 0x20, 4, 0x1080000, ERR_REFUSED, "is a snapshot" },
	{ 0x20, 4, 0x4080000, ERR_REFUSED, "is a snapshot" },
	{ 0x20, 4, 0x8080000, ERR_REFUSED, "is a snapshot" },
	{ 0x20, 4, 0x82000, ERR_REFUSED, "AFS" },
	{ 0x20, 4, 0x80080000, ERR_REFUSED, "unknown flag" },
	{ 0x20, 4, 0x10000000, ERR_CORRUPT, "inline data" },
	{ 0x20, 4, 0x280000, ERR_CORRUPT, "an attribute's value" },
	{ 0x00, 2, 0x0000, ERR_CORRUPT, "impossible mode" },
	{ 0x00, 2, 0x31FF, ERR_CORRUPT, "impossible mode" },
	{ 0x00, 2, 0xF1FF, ERR_CORRUPT, "impossible mode" },
	{ 0x00, 2, 0x21FF, ERR_CORRUPT, "mapped by extents" },
	{ 0x00, 2, 0xC1FF, ERR_CORRUPT, "mapped by extents" },
	{ 0x1A, 2, 0, ERR_CORRUPT, "in use in the inode bitmap, but has no links" },
	{ 0x14, 4, 77, ERR_CORRUPT, "time of deletion" },
	{ 0x80, 2, 33, ERR_CORRUPT, "extra size 33" },
	{ 0x80, 2, 2, ERR_CORRUPT, "extra size 2" },
	{ 0x80, 2, 132, ERR_CORRUPT, "extra size 132" },
	{ 0x68, 4, 4096, ERR_CORRUPT, "attribute block 4096 is outside" },
	{ 0x76, 2, 1, ERR_CORRUPT, "attribute block 4294967296 is outside" },
};

static void test_damaged_inodes(void **state)
{
	char text[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(file_patches); i++) {
		const struct field_patch *p = &file_patches[i];
		u8 *at = inode_at(&plain, file) + p->offset;

		snprintf(text, sizeof(text), "inode %u: ", file);
		if (p->size == 2)
			patch16(&plain, at, p->value, p->status, text);
		else
			patch32(&plain, at, p->value, p->status, text);
		if (p->size == 2)
			patch16(&plain, at, p->value, p->status, p->text);
		else
			patch32(&plain, at, p->value, p->status, p->text);
	}
	patch16(&plain, inode_at(&plain, 2) + 0x1A, 0, ERR_CORRUPT, "inode 2: is in use in the inode bitmap, but");
	patch16(&plain, inode_at(&plain, 2), 0x81ED, ERR_CORRUPT, "inode 2: the root is no directory");
	patch32(&plain, inode_at(&plain, find_ino(&plain, "fifo")) + 0x28, 5, ERR_CORRUPT, "has a block map");
}

/* Flags whose feature is off. */
static void test_flags_without_feature(void **state)
{
	struct image image = image_make(16, "-t ext3 -b 4096 -I 256 -N 256", "echo >file", NULL);
	u8 *inode = inode_at(&image, find_ino(&image, "file"));

	(void)state;
	patch32(&image, inode + 0x20, 0x80000, ERR_CORRUPT, "mapped by extents, but the feature is off");
	patch32(&image, inode + 0x20, 0x40000, ERR_CORRUPT, "the huge_file feature is off");
	patch16(&image, inode + 0x76, 1, ERR_CORRUPT, "impossible attribute block");
	image_free(&image);
}

static void test_inode_bitmap(void **state)
{
	u8 *map = block_at(&plain, get_le32(desc_at(&plain, 0) + 4));
	u32 bit = file - 1;

	(void)state;
	patch8(&plain, map + bit / 8, map[bit / 8] & ~(1u << bit % 8), ERR_CORRUPT,
	       "is in use, but free in the inode bitmap");
	patch8(&plain, map, map[0] & ~2, ERR_CORRUPT, "inode 2: is in use, but free");
	patch8(&plain, map, map[0] & ~0x40, ERR_CORRUPT, "inode 7: a reserved inode is free");
	patch8(&plain, map, map[0] & ~0x20, ERR_CORRUPT, "inode 6: a reserved inode is free");
	patch8(&plain, map + 20, 1, ERR_CORRUPT, "inode 161: is in use in the inode bitmap, but has no links");
}

/* A deleted inode is nobody's business, whatever it holds. */
static void test_deleted_inodes(void **state)
{
	struct image image = image_copy(&plain);
	struct totals before, after;

	(void)state;
	assert_int_equal(image_read(&image, &before), 0);
	memset(inode_at(&image, 200), 0xFF, 256);
	put_le16(inode_at(&image, 200) + 0x1A, 0);
	assert_int_equal(image_read(&image, &after), 0);
	assert_memory_equal(&before, &after, sizeof(before));
	image_free(&image);
}

static void test_checksums(void **state)
{
	struct image image = image_make(16, "-t ext4 -b 4096 -N 256", "echo >file", NULL);
	struct image small = image_make(16, "-t ext4 -b 4096 -N 256 -I 128 -O ^extra_isize", "echo >file", NULL);
	u32 ino = find_ino(&image, "file");
	u8 *at = inode_at(&image, ino);

	(void)state;
	patch8(&image, at + 0x7C, at[0x7C] ^ 1, ERR_CORRUPT, "wrong checksum");
	patch8(&image, at + 0x83, at[0x83] ^ 1, ERR_CORRUPT, "wrong checksum");
	patch8(&image, at + 0xFF, at[0xFF] ^ 1, ERR_CORRUPT, "wrong checksum");
	patch8(&image, at, at[0] ^ 1, ERR_CORRUPT, "wrong checksum");
	patch8(&image, inode_at(&image, 8), 1, ERR_CORRUPT, "inode 8: wrong checksum");
	at = inode_at(&small, find_ino(&small, "file"));
	patch8(&small, at + 0x7C, at[0x7C] ^ 1, ERR_CORRUPT, "wrong checksum");
	patch8(&small, at + 0x70, at[0x70] ^ 1, ERR_CORRUPT, "wrong checksum");
	image_free(&image);
	image_free(&small);
}

/* Our verdict is the library's, for sound and for damaged inodes of all kinds of extra size. */
static void test_checksum_as_the_library(void **state)
{
	struct image image = image_make(16, "-t ext4 -b 4096 -N 256", "echo >file", NULL);
	struct ext_fs *fs = image_open(&image);
	u32 seed = 7, nr_good = 0;
	u8 raw[256], before[256];

	(void)state;
	for (u32 i = 0; i < 4000; i++) {
		u32 ino = 1 + i % 12;
		bool ok;

		memcpy(raw, inode_at(&image, ino), sizeof(raw));
		seed = seed * 1103515245 + 12345;
		if (i & 1)
			put_le16(raw + 0x80, seed >> 16 & 0x1C);
		if (i & 2)
			raw[seed >> 8 & 0xFF] ^= 1u << (seed >> 28 & 7);
		if (i & 4)
			assert_int_equal(ext2fs_inode_csum_set(fs->lib, ino, (struct ext2_inode_large *)raw), 0);
		memcpy(before, raw, sizeof(raw));
		ok = ext_inode_csum_ok(fs, ino, raw);
		assert_memory_equal(before, raw, sizeof(raw));
		/* an inode of zeros passes there whatever its checksum; here it is not asked for one */
		if (raw[0] || raw[1])
			assert_int_equal(ok, ext2fs_inode_csum_verify(fs->lib, ino, (struct ext2_inode_large *)raw));
		nr_good += ok;
	}
	assert_in_range(nr_good, 500, 3500);
	ext_close(fs);
	image_free(&image);
}

/* --- the walk --- */

static void test_kinds(void **state)
{
	struct ext_fs *fs = image_open(&plain);
	struct ext_inode_iter *it = NULL;
	struct ext_inode inode;
	u32 expect[16] = { 2, 7, 8, 11, 12, 13, 14, 15, 16 };
	u32 nr = 0;

	(void)state;
	assert_int_equal(ext_inode_iter_new(fs, 0, &it), 0);
	while (ext_inode_iter_next(it, &inode) == 1) {
		assert_int_equal(inode.ino, expect[nr++]);
		assert_int_equal(inode.kind, inode.ino == 7 || inode.ino == 8 ? EXT_INODE_SPECIAL : EXT_INODE_FILE);
		assert_int_equal(get_le16(inode.raw), inode.mode);
	}
	assert_int_equal(nr, 9);
	assert_int_equal(ext_inode_iter_bytes(it), 256 * 256);
	assert_int_equal(ext_inode_table_bytes(fs), 256 * 256);
	ext_inode_iter_free(it);
	ext_inode_iter_free(NULL);
	ext_close(fs);
}

/* Groups of 64 inodes; uninitialised parts are skipped; the walk may begin anywhere. */
static void test_walk_from_anywhere(void **state)
{
	struct image image = image_make(32, "-t ext4 -b 4096 -g 1024 -N 512",
					"mkdir a b c d; for i in $(seq 30); do >a/$i; >b/$i; >c/$i; done", NULL);
	struct ext_fs *fs = image_open(&image);
	u32 used[512], nr_used = 0;
	struct ext_inode_iter *it = NULL;
	struct ext_inode inode;

	(void)state;
	assert_int_equal(ext_inode_iter_new(fs, 1, &it), 0);
	while (ext_inode_iter_next(it, &inode) == 1)
		used[nr_used++] = inode.ino;
	assert_int_equal(ext_inode_iter_bytes(it), ext_inode_table_bytes(fs));
	assert_true(ext_inode_table_bytes(fs) < 512 * 256);
	ext_inode_iter_free(it);
	assert_int_equal(nr_used, 1 + 2 + 1 + 4 + 90);
	for (u32 first = 1, at = 0; first <= 600; first++) {
		int expect;

		while (at < nr_used && used[at] < first)
			at++;
		expect = at < nr_used;
		assert_int_equal(ext_inode_iter_new(fs, first, &it), 0);
		assert_int_equal(ext_inode_iter_next(it, &inode), expect);
		if (expect)
			assert_int_equal(inode.ino, used[at]);
		ext_inode_iter_free(it);
	}
	ext_close(fs);
	image_free(&image);
}

/* The boot loader inode is special, and is delivered as soon as it holds anything. */
static void test_reserved_inodes(void **state)
{
	struct image image = image_copy(&plain);
	u8 *boot = inode_at(&image, 5);
	struct totals t;

	(void)state;
	put_le16(boot, 0100600);
	put_le16(boot + 0x1A, 1);
	assert_int_equal(image_read(&image, &t), 0);
	assert_int_equal(t.nr_special, 3);
	patch16(&image, boot, 0040755, ERR_CORRUPT, "inode 5: a reserved inode is a directory");
	put_le16(boot, 0); /* blocks without a mode are still owned, without links too */
	put_le16(boot + 0x1A, 0);
	put_le32(boot + 0x28, 3000);
	put_le32(boot + 0x1C, 8);
	put_le32(boot + 4, 10);
	assert_int_equal(image_read(&image, &t), 0);
	assert_int_equal(t.nr_special, 3);
	image_free(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time_vectors),
		cmocka_unit_test(test_fields_by_extra_size),
		cmocka_unit_test(test_small_inodes),
		cmocka_unit_test(test_odd_times_are_announced_once),
		cmocka_unit_test(test_owners),
		cmocka_unit_test(test_device_numbers),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_damaged_inodes),
		cmocka_unit_test(test_flags_without_feature),
		cmocka_unit_test(test_inode_bitmap),
		cmocka_unit_test(test_deleted_inodes),
		cmocka_unit_test(test_checksums),
		cmocka_unit_test(test_checksum_as_the_library),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_walk_from_anywhere),
		cmocka_unit_test(test_reserved_inodes),
	};

	return cmocka_run_group_tests_name("ext_inode", tests, make_plain, free_plain);
}

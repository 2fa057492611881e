/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every encoder, byte by byte: the length, all fields at their places, zeros elsewhere, nothing written behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/endian.h"
#include "btrfs/btrfs_csum.h"
#include "btrfs/btrfs_item.h"
#include "btrfs_fields.h"

#define ROOM 1024
#define GUARD 0xa5

static const u8 fsid[16] = "fsid-fsid-fsid-";
static const u8 dev_uuid[16] = "devu-devu-devu-";
static const u8 chunk_uuid[16] = "chun-chun-chun-";
static u8 buf[ROOM];

static struct btrfs_params make_params(u64 incompat)
{
	struct btrfs_params params = { .nodesize = 16384, .generation = 0x1122334455, .incompat = incompat };

	memcpy(params.fsid, fsid, 16);
	memcpy(params.dev_uuid, dev_uuid, 16);
	memcpy(params.chunk_tree_uuid, chunk_uuid, 16);
	return params;
}

static int fill_guard(void **state)
{
	(void)state;
	memset(buf, GUARD, sizeof(buf));
	return 0;
}

static void expect(u32 len, u32 want_len, const struct field *fields, size_t nr)
{
	u8 want[ROOM];

	assert_int_equal(len, want_len);
	fields_expand(fields, nr, want, len);
	assert_memory_equal(buf, want, len);
	for (size_t i = len; i < ROOM; i++)
		assert_int_equal(buf[i], GUARD);
}

#define EXPECT(len, want_len, ...) \
	do { \
		const struct field fields_[] = { __VA_ARGS__ }; \
		expect(len, want_len, fields_, ARRAY_SIZE(fields_)); \
	} while (0)

static void inode(void **state)
{
	struct btrfs_inode in = {
		.size = 0x123456789a, .nbytes = 0x2000, .nlink = 3, .uid = 0xfffffffe, .gid = 1001, .mode = 020640,
		.rdev_major = 0xabc, .rdev_minor = 0xfffff, .flags = BTRFS_INODE_NODATASUM | BTRFS_INODE_PREALLOC,
		.sequence = 9, .atime = { -1, 1 }, .ctime = { 0x1ffffffff, 2 }, .mtime = { 3, 999999999 },
		.otime = { -0x80000000ll, 4 },
	};

	(void)state;
	EXPECT(btrfs_inode_encode(buf, &in, 7), 160,
	       NUM(0, 8, 7), NUM(8, 8, 7), NUM(16, 8, 0x123456789a), NUM(24, 8, 0x2000), NUM(40, 4, 3),
	       NUM(44, 4, 0xfffffffe), NUM(48, 4, 1001), NUM(52, 4, 020640), NUM(56, 8, 0xabcfffff), NUM(64, 8, 0x11),
	       NUM(72, 8, 9), NUM(112, 8, (u64)-1), NUM(120, 4, 1), NUM(124, 8, 0x1ffffffff), NUM(132, 4, 2),
	       NUM(136, 8, 3), NUM(144, 4, 999999999), NUM(148, 8, 0xffffffff80000000), NUM(156, 4, 4));
}

static void inode_ref(void **state)
{
	(void)state;
	EXPECT(btrfs_inode_ref_encode(buf, 0x0102030405, "name", 4), 14,
	       NUM(0, 8, 0x0102030405), NUM(8, 2, 4), BYTES(10, 4, "name"));
}

static void inode_extref(void **state)
{
	(void)state;
	EXPECT(btrfs_inode_extref_encode(buf, 256, 77, "longname", 8), 26,
	       NUM(0, 8, 256), NUM(8, 8, 77), NUM(16, 2, 8), BYTES(18, 8, "longname"));
}

static void dir_entry(void **state)
{
	struct btrfs_key location = { 300, BTRFS_INODE_ITEM, 0 };
	struct btrfs_key subvol = { 256, BTRFS_ROOT_ITEM, (u64)-1 };

	(void)state;
	EXPECT(btrfs_dir_item_encode(buf, &location, BTRFS_FT_SYMLINK, 5, "link", 4, NULL, 0), 34,
	       NUM(0, 8, 300), NUM(8, 1, 1), NUM(17, 8, 5), NUM(27, 2, 4), NUM(29, 1, 7), BYTES(30, 4, "link"));
	fill_guard(NULL);
	EXPECT(btrfs_dir_item_encode(buf, &subvol, BTRFS_FT_DIR, 5, "s", 1, NULL, 0), 31,
	       NUM(0, 8, 256), NUM(8, 1, 132), NUM(9, 8, (u64)-1), NUM(17, 8, 5), NUM(27, 2, 1), NUM(29, 1, 2),
	       NUM(30, 1, 's'));
}

static void xattr(void **state)
{
	struct btrfs_key none = { 0 };

	(void)state;
	EXPECT(btrfs_dir_item_encode(buf, &none, BTRFS_FT_XATTR, 5, "user.a", 6, "value", 5), 41,
	       NUM(17, 8, 5), NUM(25, 2, 5), NUM(27, 2, 6), NUM(29, 1, 8), BYTES(30, 6, "user.a"),
	       BYTES(36, 5, "value"));
}

static void file_extent(void **state)
{
	struct btrfs_file_extent fe = {
		.type = BTRFS_EXTENT_PREALLOC, .disk_bytenr = 0x40000000, .disk_num_bytes = 0x100000, .offset = 0x3000,
		.num_bytes = 0x2000,
	};

	(void)state;
	EXPECT(btrfs_file_extent_encode(buf, &fe, 8), 53,
	       NUM(0, 8, 8), NUM(8, 8, 0x100000), NUM(20, 1, 2), NUM(21, 8, 0x40000000), NUM(29, 8, 0x100000),
	       NUM(37, 8, 0x3000), NUM(45, 8, 0x2000));
}

/* A hole has neither address, disk length nor offset, whatever the caller left in them; its ram_bytes is its length. */
static void hole_extent(void **state)
{
	struct btrfs_file_extent fe = {
		.type = BTRFS_EXTENT_REG, .disk_num_bytes = 0x7000, .offset = 0x1000, .num_bytes = 0x5000,
	};

	(void)state;
	EXPECT(btrfs_file_extent_encode(buf, &fe, 8), 53,
	       NUM(0, 8, 8), NUM(8, 8, 0x5000), NUM(20, 1, 1), NUM(45, 8, 0x5000));
}

static void inline_extent(void **state)
{
	(void)state;
	EXPECT(btrfs_inline_extent_encode(buf, "target/of/link", 14, 8), 35,
	       NUM(0, 8, 8), NUM(8, 8, 14), BYTES(21, 14, "target/of/link"));
}

static void data_extent_one_ref(void **state)
{
	struct btrfs_data_ref ref = { 5, 268, (u64)0 - 266240, 3 };

	(void)state;
	EXPECT(btrfs_data_extent_encode(buf, 6, &ref, 1), 53,
	       NUM(0, 8, 3), NUM(8, 8, 6), NUM(16, 8, 1), NUM(24, 1, 178), NUM(25, 8, 5), NUM(33, 8, 268),
	       NUM(41, 8, (u64)0 - 266240), NUM(49, 4, 3));
}

static void data_extent_no_inline_ref(void **state)
{
	(void)state;
	EXPECT(btrfs_data_extent_encode(buf, 6, NULL, 0), 24, NUM(8, 8, 6), NUM(16, 8, 1));
}

/* In whatever order they are given, references come out in strictly descending order of hash, none lost. */
static void data_extent_orders_refs(void **state)
{
	struct btrfs_data_ref refs[33];
	u32 nr = ARRAY_SIZE(refs);

	(void)state;
	srand(2);
	for (int round = 0; round < 50; round++) {
		u64 last = 0, inodes = 0, counts = 0;

		for (u32 i = 0; i < nr; i++)
			refs[i] = (struct btrfs_data_ref){ rand() % 2 ? 5 : 256, 257 + i, (u64)rand() * 4096, i + 1 };
		assert_int_equal(btrfs_data_extent_encode(buf, 1, refs, nr), 24 + 29 * nr);
		assert_int_equal(get_le64(buf), nr * (nr + 1) / 2);
		for (u32 i = 0; i < nr; i++) {
			const u8 *ref = buf + 24 + 29 * i;
			u64 hash = btrfs_data_ref_hash(get_le64(ref + 1), get_le64(ref + 9), get_le64(ref + 17));

			assert_int_equal(ref[0], 178);
			assert_true(i == 0 || hash < last);
			last = hash;
			inodes |= (u64)1 << (get_le64(ref + 9) - 257);
			counts += get_le32(ref + 25);
			/* Fields of one reference stay together. */
			assert_int_equal(get_le32(ref + 25), get_le64(ref + 9) - 256);
		}
		assert_true(inodes == ((u64)1 << nr) - 1);
		assert_int_equal(counts, nr * (nr + 1) / 2);
	}
}

static void metadata_item_skinny(void **state)
{
	struct btrfs_params params = make_params(BTRFS_INCOMPAT_SKINNY_METADATA);
	struct btrfs_key key;

	(void)state;
	EXPECT(btrfs_metadata_item_encode(buf, &params, 0x500000, BTRFS_DATA_RELOC_TREE, 2, &key), 33,
	       NUM(0, 8, 1), NUM(8, 8, 0x1122334455), NUM(16, 8, 2), NUM(24, 1, 176), NUM(25, 8, (u64)-9));
	assert_true(key.objectid == 0x500000 && key.type == 169 && key.offset == 2);
}

static void metadata_item_fat(void **state)
{
	struct btrfs_params params = make_params(0);
	struct btrfs_key key;

	(void)state;
	EXPECT(btrfs_metadata_item_encode(buf, &params, 0x500000, BTRFS_FS_TREE, 2, &key), 51,
	       NUM(0, 8, 1), NUM(8, 8, 0x1122334455), NUM(16, 8, 2), NUM(41, 1, 2), NUM(42, 1, 176), NUM(43, 8, 5));
	assert_true(key.objectid == 0x500000 && key.type == 168 && key.offset == 16384);
}

static void block_group(void **state)
{
	(void)state;
	EXPECT(btrfs_block_group_encode(buf, 0x123000, 0x24), 24,
	       NUM(0, 8, 0x123000), NUM(8, 8, 256), NUM(16, 8, 0x24));
}

static void free_space_info(void **state)
{
	(void)state;
	EXPECT(btrfs_free_space_info_encode(buf, 300, false), 8, NUM(0, 4, 300));
	fill_guard(NULL);
	EXPECT(btrfs_free_space_info_encode(buf, 0, true), 8, NUM(4, 4, 1));
}

static void chunk_single(void **state)
{
	struct btrfs_params params = make_params(0);
	struct btrfs_chunk chunk = { 0x10000000, 0x800000, BTRFS_BLOCK_GROUP_DATA, 1, { 0x10000000, 0 } };

	(void)state;
	EXPECT(btrfs_chunk_encode(buf, &chunk, &params), 80,
	       NUM(0, 8, 0x800000), NUM(8, 8, 2), NUM(16, 8, 65536), NUM(24, 8, 1), NUM(32, 4, 65536),
	       NUM(36, 4, 65536),
	       NUM(40, 4, 4096), NUM(44, 2, 1), NUM(46, 2, 1), NUM(48, 8, 1), NUM(56, 8, 0x10000000),
	       BYTES(64, 16, dev_uuid));
}

static void chunk_dup(void **state)
{
	struct btrfs_params params = make_params(0);
	struct btrfs_chunk chunk = { 0x900000000, 0x100000, 0x22, 2, { 0x200000, 0x700000 } };

	(void)state;
	EXPECT(btrfs_chunk_encode(buf, &chunk, &params), 112,
	       NUM(0, 8, 0x100000), NUM(8, 8, 2), NUM(16, 8, 65536), NUM(24, 8, 0x22), NUM(32, 4, 65536),
	       NUM(36, 4, 65536), NUM(40, 4, 4096), NUM(44, 2, 2), NUM(46, 2, 1), NUM(48, 8, 1), NUM(56, 8, 0x200000),
	       BYTES(64, 16, dev_uuid), NUM(80, 8, 1), NUM(88, 8, 0x700000), BYTES(96, 16, dev_uuid));
}

static void dev_extent(void **state)
{
	struct btrfs_params params = make_params(0);
	struct btrfs_chunk chunk = { 0x900000000, 0x100000, 0x22, 2, { 0x200000, 0x700000 } };

	(void)state;
	EXPECT(btrfs_dev_extent_encode(buf, &chunk, &params), 48,
	       NUM(0, 8, 3), NUM(8, 8, 256), NUM(16, 8, 0x900000000), NUM(24, 8, 0x100000),
	       BYTES(32, 16, chunk_uuid));
}

static void dev_item(void **state)
{
	struct btrfs_params params = make_params(0);

	(void)state;
	EXPECT(btrfs_dev_item_encode(buf, 0x8000000000, 0x12340000, &params), 98,
	       NUM(0, 8, 1), NUM(8, 8, 0x8000000000), NUM(16, 8, 0x12340000), NUM(24, 4, 4096), NUM(28, 4, 4096),
	       NUM(32, 4, 4096), BYTES(66, 16, dev_uuid), BYTES(82, 16, fsid));
}

static void root_item_of_subvolume(void **state)
{
	static const u8 uuid[16] = "subvolume-uuid-";
	struct btrfs_params params = make_params(0);
	struct btrfs_root_desc root = {
		.logical = 0x1234000, .level = 2, .nr_blocks = 0x50000, .root_dirid = 256, .subvolume = true,
		.read_only = true, .time = { 1700000000, 5 },
	};
	u64 gen = params.generation;

	(void)state;
	memcpy(root.uuid, uuid, 16);
	EXPECT(btrfs_root_item_encode(buf, &root, &params), 439,
	       NUM(0, 8, 1), NUM(16, 8, 3), NUM(24, 8, 16384), NUM(40, 4, 1), NUM(52, 4, 040755), NUM(64, 8, 1u << 31),
	       NUM(160, 8, gen), NUM(168, 8, 256), NUM(176, 8, 0x1234000), NUM(192, 8, 0x140000000), NUM(208, 8, 1),
	       NUM(216, 4, 1), NUM(238, 1, 2), NUM(239, 8, gen), BYTES(247, 16, uuid), NUM(295, 8, gen),
	       NUM(303, 8, gen),
	       NUM(327, 8, 1700000000), NUM(335, 4, 5), NUM(339, 8, 1700000000), NUM(347, 4, 5));
}

static void root_item_of_internal_tree(void **state)
{
	struct btrfs_params params = make_params(0);
	struct btrfs_root_desc root = { .logical = 0x4000, .nr_blocks = 1 };
	u64 gen = params.generation;

	(void)state;
	EXPECT(btrfs_root_item_encode(buf, &root, &params), 439,
	       NUM(0, 8, 1), NUM(16, 8, 3), NUM(24, 8, 16384), NUM(40, 4, 1), NUM(52, 4, 040755), NUM(160, 8, gen),
	       NUM(176, 8, 0x4000), NUM(192, 8, 16384), NUM(216, 4, 1), NUM(239, 8, gen), NUM(295, 8, gen),
	       NUM(303, 8, gen));
}

static void root_ref(void **state)
{
	(void)state;
	EXPECT(btrfs_root_ref_encode(buf, 256, 12, "ext2_saved", 10), 28,
	       NUM(0, 8, 256), NUM(8, 8, 12), NUM(16, 2, 10), BYTES(18, 10, "ext2_saved"));
}

#define TEST(f) cmocka_unit_test_setup(f, fill_guard)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(inode), TEST(inode_ref), TEST(inode_extref), TEST(dir_entry), TEST(xattr), TEST(file_extent),
		TEST(hole_extent), TEST(inline_extent), TEST(data_extent_one_ref), TEST(data_extent_no_inline_ref),
		TEST(data_extent_orders_refs), TEST(metadata_item_skinny), TEST(metadata_item_fat), TEST(block_group),
		TEST(free_space_info), TEST(chunk_single), TEST(chunk_dup), TEST(dev_extent), TEST(dev_item),
		TEST(root_item_of_subvolume), TEST(root_item_of_internal_tree), TEST(root_ref),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Group descriptors and bitmaps: places, flags and checksums of damaged ones, and what sound ones say is used and
 * fixed, held against the bytes of the image.
 */
#include "ext/ext_private.h"
#include "ext_image.h"

#define GROUPS "-t ext4 -b 4096 -g 1024 -N 512 "
#define NR_GROUPS 8u
#define GROUP_BLOCKS 1024u
#define NR_BLOCKS (NR_GROUPS * GROUP_BLOCKS)

#define BLOCK_UNINIT 2u
#define INODE_UNINIT 1u

/* --- places --- */

static void test_places_in_group(void **state)
{
	struct image image = image_make(32, GROUPS "-O ^metadata_csum,^uninit_bg,^flex_bg", NULL, NULL);
	u8 *desc = desc_at(&image, 3);

	(void)state;
	for (u32 field = 0; field < 12; field += 4) {
		const char *text = field == 0 ? "group 3: block bitmap at" :
				   field == 4 ? "group 3: inode bitmap at" : "group 3: inode table at";

		patch32(&image, desc + field, 0, ERR_CORRUPT, text);
		patch32(&image, desc + field, 3 * GROUP_BLOCKS - 1, ERR_CORRUPT, text);
		patch32(&image, desc + field, 4 * GROUP_BLOCKS, ERR_CORRUPT, text);
		patch32(&image, desc + field, NR_BLOCKS, ERR_CORRUPT, text);
		patch32(&image, desc + field, 0xFFFFFFFF, ERR_CORRUPT, text);
		patch32(&image, desc + field + 0x20, 1, ERR_CORRUPT, text);
	}
	/* the table's first block lies in the group, its last one does not */
	patch32(&image, desc + 8, 4 * GROUP_BLOCKS - 3, ERR_CORRUPT, "inode table at impossible");
	image_free(&image);
}

static void test_places_with_flex_bg(void **state)
{
	struct image image = image_make(32, GROUPS "-O ^metadata_csum,^uninit_bg", NULL, NULL);
	u8 *desc = desc_at(&image, 3);
	u32 table = get_le32(desc + 8);

	(void)state;
	patch32(&image, desc, NR_BLOCKS, ERR_CORRUPT, "block bitmap at impossible");
	patch32(&image, desc + 8, NR_BLOCKS - 3, ERR_CORRUPT, "inode table at impossible");
	patch32(&image, desc, 0, ERR_CORRUPT, "block bitmap at impossible");
	patch32(&image, desc, 1, ERR_CORRUPT, "overlaps other metadata");
	patch32(&image, desc, table, ERR_CORRUPT, "overlaps other metadata");
	patch32(&image, desc, table + 3, ERR_CORRUPT, "overlaps other metadata");
	patch32(&image, desc, get_le32(desc + 4), ERR_CORRUPT, "overlaps other metadata");
	patch32(&image, desc + 8, table + 1, ERR_CORRUPT, "overlaps other metadata");
	patch32(&image, desc + 8, get_le32(desc_at(&image, 0) + 8), ERR_CORRUPT, "overlaps other metadata");
	/* group 1 has a backup of the superblock */
	patch32(&image, desc, GROUP_BLOCKS, ERR_CORRUPT, "overlaps other metadata");
	image_free(&image);
}

/* --- checksums --- */

static void test_descriptor_checksums(void **state)
{
	static const char *const options[] = { GROUPS, GROUPS "-O ^metadata_csum,uninit_bg" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		struct image image = image_make(32, options[i], NULL, NULL);

		patch16(&image, desc_at(&image, 5) + 0x1E, 0, ERR_CORRUPT, "group 5: wrong descriptor checksum");
		patch16(&image, desc_at(&image, 2) + 0x1C, 0, ERR_CORRUPT, "group 2: wrong descriptor checksum");
		image_free(&image);
	}
}

static void test_bitmap_checksums(void **state)
{
	struct image image = image_make(32, GROUPS, "head -c 20000000 /dev/zero | tr '\\0' x >file", NULL);
	struct image narrow = image_make(32, GROUPS "-O ^64bit", NULL, NULL);

	(void)state;
	for (u32 group = 0; group < 2; group++) {
		u8 *map = block_at(&image, get_le32(desc_at(&image, group)));

		patch8(&image, map, map[0] ^ 1, ERR_CORRUPT, "wrong checksum of the block bitmap");
		patch8(&image, map + GROUP_BLOCKS / 8 - 1, map[GROUP_BLOCKS / 8 - 1] ^ 0x80, ERR_CORRUPT,
		       "wrong checksum of the block bitmap");
	}
	for (u32 i = 0; i < 2; i++) {
		struct image *of = i ? &narrow : &image;
		u8 *map = block_at(of, get_le32(desc_at(of, 0) + 4));

		patch8(of, map + 7, map[7] ^ 0x80, ERR_CORRUPT, "group 0: wrong checksum of the inode bitmap");
	}
	image_free(&image);
	image_free(&narrow);
}

/* --- flags and counts, with the checksum made good --- */

/* Puts a descriptor back with the right checksum, as the library computes it. */
static void seal(struct image *image, struct ext_fs *fs, u32 group)
{
	ext2fs_group_desc_csum_set(fs->lib, group);
	memcpy(desc_at(image, group), ext2fs_group_desc(fs->lib, fs->lib->group_desc, group), desc_size(image));
}

static void flags_refused(struct image *image, u32 group, u16 flags, const char *text)
{
	struct ext_fs *fs = image_open(image);
	u16 saved = ext2fs_bg_flags(fs->lib, group);

	ext2fs_bg_flags_set(fs->lib, group, flags);
	seal(image, fs, group);
	image_refused(image, ERR_CORRUPT, text);
	ext2fs_bg_flags_clear(fs->lib, group, ~saved);
	seal(image, fs, group);
	ext_close(fs);
}

static void unused_refused(struct image *image, u32 group, u32 unused, const char *text)
{
	struct ext_fs *fs = image_open(image);
	u32 saved = ext2fs_bg_itable_unused(fs->lib, group);

	ext2fs_bg_itable_unused_set(fs->lib, group, unused);
	seal(image, fs, group);
	image_refused(image, ERR_CORRUPT, text);
	ext2fs_bg_itable_unused_set(fs->lib, group, saved);
	seal(image, fs, group);
	ext_close(fs);
}

static void test_flags(void **state)
{
	struct image image = image_make(32, GROUPS "-O ^metadata_csum,uninit_bg",
					"for i in $(seq 20); do >$i; done", NULL);
	struct totals t;
	u8 *map;

	(void)state;
	flags_refused(&image, NR_GROUPS - 1, BLOCK_UNINIT, "group 7: the last group has no block bitmap");
	flags_refused(&image, 0, BLOCK_UNINIT, "in group 0 without a bitmap");
	flags_refused(&image, 0, INODE_UNINIT, "group 0: the reserved inodes are not initialised");
	unused_refused(&image, 0, 65, "group 0: more unused inodes than inodes");
	unused_refused(&image, 0, 54 + 1, "group 0: the reserved inodes are not initialised");
	unused_refused(&image, 0, 64 - 30, "group 0: inodes are in use in the unused part");
	map = block_at(&image, get_le32(desc_at(&image, 0) + 4));
	patch8(&image, map + 7, 0x80, ERR_CORRUPT, "group 0: inodes are in use in the unused part");
	assert_int_equal(image_read(&image, &t), 0);
	image_free(&image);
}

/* Without checksums flags mean nothing: old kernels left anything there. */
static void test_flags_without_checksums(void **state)
{
	struct image image = image_make(32, GROUPS "-O ^metadata_csum,^uninit_bg", NULL, NULL);
	struct totals before, after;

	(void)state;
	assert_int_equal(image_read(&image, &before), 0);
	put_le16(desc_at(&image, 0) + 0x12, BLOCK_UNINIT | INODE_UNINIT);
	put_le16(desc_at(&image, 0) + 0x1C, 65);
	assert_int_equal(image_read(&image, &after), 0);
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(after.uninit, 0);
	image_free(&image);
}

/* --- what is fixed and used --- */

struct block_map {
	u8 kind[2 * NR_BLOCKS]; /* 0 nothing, 1 meta, 2 uninitialised */
	u8 used[2 * NR_BLOCKS];
};

static int note_fixed(void *ctx, u64 start, u64 len, enum ext_fixed kind)
{
	struct block_map *map = ctx;

	for (u64 block = start / BLOCK; block < (start + len) / BLOCK; block++) {
		assert_int_equal(map->kind[block], 0); /* each block once */
		map->kind[block] = kind == EXT_FIXED_META ? 1 : 2;
	}
	return 0;
}

static int note_used(void *ctx, u64 start, u64 len)
{
	struct block_map *map = ctx;

	memset(map->used + start / BLOCK, 1, len / BLOCK);
	return 0;
}

static void expect(const struct block_map *map, u32 block, u32 nr, u8 kind)
{
	for (u32 i = block; i < block + nr; i++) {
		if (map->kind[i] != kind)
			fail_msg("block %u is %u, expected %u", i, map->kind[i], kind);
		assert_int_equal(map->used[i], 1);
	}
}

/* Each group's places by its descriptor: 64 inodes of 256 bytes are 4 blocks of inode table. */
static void check_group(const struct image *image, const struct block_map *map, u32 group)
{
	const u8 *desc = desc_at(image, group);
	u16 flags = get_le16(desc + 0x12);
	u32 in_use = flags & INODE_UNINIT ? 0 : 64 - get_le16(desc + 0x1C);
	u32 live = (in_use + 15) / 16;

	expect(map, get_le32(desc), 1, flags & BLOCK_UNINIT ? 2 : 1);
	expect(map, get_le32(desc + 4), 1, flags & INODE_UNINIT ? 2 : 1);
	expect(map, get_le32(desc + 8), live, 1);
	expect(map, get_le32(desc + 8) + live, 4 - live, 2);
	/* superblocks in groups 0, 1, 3, 5 and 7; then descriptors and what is reserved for more of them */
	if (group <= 1 || group == 3 || group == 5 || group == 7)
		expect(map, group * GROUP_BLOCKS, 1 + 1 + get_le16(super_at(image, 0xCE)), 1);
	else if (flags & BLOCK_UNINIT)
		assert_int_equal(map->used[group * GROUP_BLOCKS], 0);
}

static void test_fixed_and_used(void **state)
{
	struct image image = image_make(32, GROUPS, "for i in $(seq 20); do >$i; done", NULL);
	struct block_map *map = calloc(1, sizeof(*map));
	struct ext_fs *fs = image_open(&image);
	u32 nr_uninit = 0, nr = 0;

	(void)state;
	assert_non_null(map);
	assert_int_equal(ext_fixed_iterate(fs, note_fixed, map), 0);
	assert_int_equal(ext_used_iterate(fs, note_used, map), 0);
	for (u32 group = 0; group < NR_GROUPS; group++) {
		check_group(&image, map, group);
		nr_uninit += get_le16(desc_at(&image, group) + 0x12) & BLOCK_UNINIT ? 1 : 0;
	}
	assert_in_range(nr_uninit, 1, NR_GROUPS - 2); /* else this test says little */
	for (u32 block = 0; block < NR_BLOCKS; block++)
		nr += map->used[block];
	assert_int_equal(NR_BLOCKS - nr, get_le32(super_at(&image, 0x0C)));
	assert_int_equal(ext_get_info(fs)->free, (u64)(NR_BLOCKS - nr) * BLOCK);
	ext_close(fs);
	free(map);
	image_free(&image);
}

/* Parts of the descriptors lie in their own groups with meta_bg, and nothing is reserved for more. */
static void test_fixed_with_meta_bg(void **state)
{
	struct image image = image_make(64, "-t ext4 -b 4096 -g 256 -N 1024 -O meta_bg,^resize_inode,^64bit",
					NULL, NULL);
	struct block_map *map = calloc(1, sizeof(*map));
	struct ext_fs *fs = image_open(&image);

	(void)state;
	assert_non_null(map);
	assert_int_equal(ext_get_info(fs)->nr_groups, 64);
	assert_int_equal(ext_fixed_iterate(fs, note_fixed, map), 0);
	/* 128 descriptors a block: one meta group, whose copies are in groups 0, 1 and the last */
	assert_int_equal(map->kind[1], 1);
	assert_int_equal(map->kind[257], 1);
	assert_int_equal(map->kind[2 * 256], 0);
	assert_int_equal(map->kind[3 * 256], 1);
	assert_int_equal(map->kind[3 * 256 + 1], 0);
	ext_close(fs);
	free(map);
	image_free(&image);
}

/* The bitmaps say how much is free, whatever the descriptors do. */
static void test_free_by_the_bitmaps(void **state)
{
	struct image image = image_make(32, GROUPS "-O ^metadata_csum,^uninit_bg", NULL, NULL);
	struct block_map *map = calloc(1, sizeof(*map));
	struct ext_fs *fs;

	(void)state;
	assert_non_null(map);
	put_le16(desc_at(&image, 3) + 0x0C, 7);
	fs = image_open(&image);
	assert_int_not_equal(ext_get_info(fs)->free, (u64)get_le32(super_at(&image, 0x0C)) * BLOCK);
	assert_int_equal(ext_used_iterate(fs, note_used, map), 0);
	assert_int_equal(ext_get_info(fs)->free, (u64)get_le32(super_at(&image, 0x0C)) * BLOCK);
	ext_close(fs);
	free(map);
	image_free(&image);
}

static int stop_used(void *ctx, u64 start, u64 len)
{
	(void)start;
	(void)len;
	return --*(int *)ctx ? 0 : 77;
}

static int stop_fixed(void *ctx, u64 start, u64 len, enum ext_fixed kind)
{
	(void)kind;
	return stop_used(ctx, start, len);
}

static void test_callbacks_can_stop(void **state)
{
	struct image image = image_make(32, GROUPS, NULL, NULL);
	struct ext_fs *fs = image_open(&image);
	int nr = 2;

	(void)state;
	assert_int_equal(ext_used_iterate(fs, stop_used, &nr), 77);
	nr = 9;
	assert_int_equal(ext_fixed_iterate(fs, stop_fixed, &nr), 77);
	ext_close(fs);
	image_free(&image);
}

static void test_bit_find(void **state)
{
	u8 map[32] = { 0 };

	(void)state;
	for (u32 bit = 0; bit < 256; bit++) {
		map[bit / 8] |= 1u << (bit % 8);
		for (u32 from = 0; from < 256; from++) {
			assert_int_equal(ext_bit_find(map, from, 256, true), from <= bit ? bit : 256);
			assert_int_equal(ext_bit_find(map, from, 256, false), from == bit ? from + 1 : from);
		}
		assert_int_equal(ext_bit_find(map, 0, bit, true), bit);
		assert_int_equal(ext_bit_test(map, bit), 1);
		map[bit / 8] = 0;
		assert_int_equal(ext_bit_test(map, bit), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places_in_group),
		cmocka_unit_test(test_places_with_flex_bg),
		cmocka_unit_test(test_descriptor_checksums),
		cmocka_unit_test(test_bitmap_checksums),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_flags_without_checksums),
		cmocka_unit_test(test_fixed_and_used),
		cmocka_unit_test(test_fixed_with_meta_bg),
		cmocka_unit_test(test_free_by_the_bitmaps),
		cmocka_unit_test(test_callbacks_can_stop),
		cmocka_unit_test(test_bit_find),
	};

	return cmocka_run_group_tests_name("ext_group", tests, NULL, NULL);
}

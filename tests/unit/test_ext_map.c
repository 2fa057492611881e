/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block maps: runs of extent and indirect maps as they were laid out, merged and in order, with holes and unwritten
 * parts; every contradiction of a damaged one; checksums of tree blocks held against the library's.
 */
#include "ext/ext_private.h"
#include "ext_image.h"

#define EXTENTS "-t ext4 -b 4096 -N 64 -O ^metadata_csum,^uninit_bg,^has_journal,^resize_inode"
#define INDIRECT "-t ext2 -b 4096 -N 64 -O ^resize_inode"

#define MAX_RUNS 64u

struct runs {
	struct ext_run run[MAX_RUNS];
	u64 tree[MAX_RUNS];
	u32 nr, nr_trees;
	int stop_run, stop_tree; /* what the callbacks return */
};

static int note_run(void *ctx, const struct ext_run *r)
{
	struct runs *runs = ctx;

	assert_true(runs->nr < MAX_RUNS);
	runs->run[runs->nr++] = *r;
	return runs->stop_run;
}

static int note_tree(void *ctx, u64 physical, u64 len)
{
	struct runs *runs = ctx;

	assert_int_equal(len, BLOCK);
	assert_true(runs->nr_trees < MAX_RUNS);
	runs->tree[runs->nr_trees++] = physical;
	return runs->stop_tree;
}

/* The map of one inode. */
static int map(const struct image *image, u32 ino, struct runs *runs)
{
	const struct ext_map_sink sink = { .run = note_run, .tree = note_tree, .ctx = runs };
	struct ext_fs *fs = image_open(image);
	struct ext_inode_iter *it = NULL;
	struct ext_inode inode;
	int ret;

	runs->nr = 0;
	runs->nr_trees = 0;
	ret = find_inode(fs, ino, &it, &inode);
	if (!ret)
		ret = ext_map_iterate(fs, &inode, &sink);
	ext_inode_iter_free(it);
	ext_close(fs);
	return ret;
}

/* All in blocks. */
static void assert_run(const struct runs *runs, u32 nr, u64 logical, u64 physical, u64 len, bool unwritten)
{
	assert_true(nr < runs->nr);
	assert_int_equal(runs->run[nr].logical, logical * BLOCK);
	assert_int_equal(runs->run[nr].physical, physical * BLOCK);
	assert_int_equal(runs->run[nr].len, len * BLOCK);
	assert_int_equal(runs->run[nr].unwritten, unwritten);
}

/* --- making maps --- */

struct extent {
	u32 lblk, len;
	u64 pblk;
};

static void put_head(u8 *node, u32 entries, u32 max, u32 depth)
{
	put_le16(node, 0xF30A);
	put_le16(node + 2, entries);
	put_le16(node + 4, max);
	put_le16(node + 6, depth);
	put_le32(node + 8, 0);
}

static void put_extent(u8 *node, u32 i, struct extent e)
{
	u8 *p = node + 12 + 12 * (size_t)i;

	put_le32(p, e.lblk);
	put_le16(p + 4, e.len);
	put_le16(p + 6, e.pblk >> 32);
	put_le32(p + 8, e.pblk);
}

static void put_index(u8 *node, u32 i, u32 lblk, u64 child)
{
	u8 *p = node + 12 + 12 * (size_t)i;

	put_le32(p, lblk);
	put_le32(p + 4, child);
	put_le16(p + 8, child >> 32);
	put_le16(p + 10, 0);
}

/* A regular file that owns nr_blocks, of size bytes. */
static u8 *put_file(struct image *image, u32 ino, u64 size, u32 nr_blocks)
{
	u8 *inode = inode_at(image, ino);

	put_le32(inode + 4, size);
	put_le32(inode + 0x6C, size >> 32);
	put_le32(inode + 0x1C, nr_blocks * 8);
	memset(inode + 0x28, 0, 60);
	return inode + 0x28;
}

static struct image extents, indirect;
static u32 ext_file, ind_file;

static int make_images(void **state)
{
	(void)state;
	extents = image_make(16, EXTENTS, "echo >file; ln -s x link; mkdir dir", NULL);
	indirect = image_make(16, INDIRECT, "echo >file; mkdir dir", NULL);
	ext_file = find_ino(&extents, "file");
	ind_file = find_ino(&indirect, "file");
	return 0;
}

static int free_images(void **state)
{
	(void)state;
	image_free(&extents);
	image_free(&indirect);
	return 0;
}

/* --- extents --- */

static void test_extents_in_the_inode(void **state)
{
	struct runs runs = { 0 };
	u8 *root = put_file(&extents, ext_file, 20 * BLOCK, 4 + 3 + 5 + 2);

	(void)state;
	put_head(root, 4, 4, 0);
	put_extent(root, 0, (struct extent){ 0, 4, 1000 });
	put_extent(root, 1, (struct extent){ 4, 3, 1004 });          /* goes on in both spaces */
	put_extent(root, 2, (struct extent){ 7, 32768 + 5, 1007 });  /* the same, but unwritten */
	put_extent(root, 3, (struct extent){ 18, 2, 500 });
	assert_int_equal(map(&extents, ext_file, &runs), 0);
	assert_int_equal(runs.nr, 3);
	assert_run(&runs, 0, 0, 1000, 7, false);
	assert_run(&runs, 1, 7, 1007, 5, true);
	assert_run(&runs, 2, 18, 500, 2, false);
	assert_int_equal(runs.nr_trees, 0);
	runs.stop_run = 99;
	assert_int_equal(map(&extents, ext_file, &runs), 99);
	assert_int_equal(runs.nr, 1);
}

/* Neighbours that must stay apart: adjacent in one space only. */
static void test_runs_that_do_not_merge(void **state)
{
	struct runs runs = { 0 };
	u8 *root = put_file(&extents, ext_file, 20 * BLOCK, 9);

	(void)state;
	put_head(root, 3, 4, 0);
	put_extent(root, 0, (struct extent){ 0, 3, 1000 });
	put_extent(root, 1, (struct extent){ 3, 3, 1004 });
	put_extent(root, 2, (struct extent){ 7, 3, 1007 });
	assert_int_equal(map(&extents, ext_file, &runs), 0);
	assert_int_equal(runs.nr, 3);
	assert_run(&runs, 1, 3, 1004, 3, false);
	assert_run(&runs, 2, 7, 1007, 3, false);
}

static void test_longest_extents(void **state)
{
	struct image image = image_make(300, EXTENTS, "echo >file", NULL);
	u32 ino = find_ino(&image, "file");
	struct runs runs = { 0 };
	u8 *root = put_file(&image, ino, 70000ull * BLOCK, 32768 + 32767);

	(void)state;
	put_head(root, 2, 4, 0);
	put_extent(root, 0, (struct extent){ 0, 32768, 5000 });
	put_extent(root, 1, (struct extent){ 40000, 65535, 37768 });
	assert_int_equal(map(&image, ino, &runs), 0);
	assert_run(&runs, 0, 0, 5000, 32768, false);
	assert_run(&runs, 1, 40000, 37768, 32767, true);
	image_free(&image);
}

/* Depth 2: the root names an index block, which names two leaves. */
static void put_deep_tree(struct image *image, u32 ino)
{
	u8 *root = put_file(image, ino, 100 * BLOCK, 3 + 3 * 2);

	put_head(root, 1, 4, 2);
	put_index(root, 0, 0, 600);
	put_head(block_at(image, 600), 2, 340, 1);
	put_index(block_at(image, 600), 0, 0, 601);
	put_index(block_at(image, 600), 1, 50, 602);
	put_head(block_at(image, 601), 2, 340, 0);
	put_extent(block_at(image, 601), 0, (struct extent){ 0, 2, 1000 });
	put_extent(block_at(image, 601), 1, (struct extent){ 48, 2, 1002 });
	put_head(block_at(image, 602), 1, 340, 0);
	put_extent(block_at(image, 602), 0, (struct extent){ 50, 2, 1004 });
}

static void test_extent_tree(void **state)
{
	struct runs runs = { 0 };

	(void)state;
	put_deep_tree(&extents, ext_file);
	assert_int_equal(map(&extents, ext_file, &runs), 0);
	assert_int_equal(runs.nr, 2);
	assert_run(&runs, 0, 0, 1000, 2, false);
	assert_run(&runs, 1, 48, 1002, 4, false); /* merged over the border of two leaves */
	assert_int_equal(runs.nr_trees, 3);
	for (u32 i = 0; i < 3; i++)
		assert_int_equal(runs.tree[i], (600 + i) * BLOCK);
	runs.stop_tree = 88;
	assert_int_equal(map(&extents, ext_file, &runs), 88);
}

static void test_damaged_extent_tree(void **state)
{
	u8 *root = inode_at(&extents, ext_file) + 0x28;
	u8 *index = block_at(&extents, 600);
	u8 *leaf = block_at(&extents, 601);

	(void)state;
	put_deep_tree(&extents, ext_file);
	patch16(&extents, root, 0xF30B, ERR_CORRUPT, "root of the extent tree: wrong magic");
	patch16(&extents, root + 2, 5, ERR_CORRUPT, "root of the extent tree: impossible number of entries");
	patch16(&extents, root + 4, 5, ERR_CORRUPT, "root of the extent tree: impossible number of entries");
	patch16(&extents, root + 4, 0, ERR_CORRUPT, "root of the extent tree: impossible number of entries");
	patch16(&extents, root + 2, 0, ERR_CORRUPT, "root of the extent tree: no entries");
	patch16(&extents, root + 6, 6, ERR_CORRUPT, "root of the extent tree: too deep");
	patch16(&extents, root + 6, 3, ERR_CORRUPT, "block 600 of the extent tree: wrong depth");
	patch16(&extents, root + 6, 1, ERR_CORRUPT, "block 600 of the extent tree: wrong depth");
	patch32(&extents, root + 16, 4096, ERR_CORRUPT, "a block of its map lies outside the file system, at 4096");
	patch32(&extents, root + 16, 0, ERR_CORRUPT, "a block of its map lies outside the file system, at 0");
	patch16(&extents, root + 20, 1, ERR_CORRUPT, "a block of its map lies outside the file system, at 42949");
	patch32(&extents, root + 12, 1, ERR_CORRUPT, "block 600 of the extent tree: logical blocks out of order");
	patch16(&extents, index, 0, ERR_CORRUPT, "block 600 of the extent tree: wrong magic");
	patch16(&extents, index + 2, 341, ERR_CORRUPT, "block 600 of the extent tree: impossible number");
	patch16(&extents, index + 4, 341, ERR_CORRUPT, "block 600 of the extent tree: impossible number");
	patch16(&extents, index + 2, 0, ERR_CORRUPT, "block 600 of the extent tree: no entries");
	patch32(&extents, index + 24, 0, ERR_CORRUPT, "block 600 of the extent tree: logical blocks out of order");
	patch32(&extents, index + 24, 51, ERR_CORRUPT, "block 602 of the extent tree: logical blocks out of order");
	patch32(&extents, index + 24, 49, ERR_CORRUPT,
		"block 601 of the extent tree: an extent reaches into the next node");
	patch32(&extents, index + 24, 48, ERR_CORRUPT, "block 601 of the extent tree: logical blocks out of order");
	patch32(&extents, index + 28, 601, ERR_CORRUPT, "block 601 of the extent tree: logical blocks out of order");
	patch32(&extents, index + 28, 600, ERR_CORRUPT, "block 600 of the extent tree: wrong depth");
	patch16(&extents, leaf + 2, 0, ERR_CORRUPT, "block 601 of the extent tree: no entries");
	patch16(&extents, leaf + 12 + 4, 0, ERR_CORRUPT, "block 601 of the extent tree: an extent of no blocks");
	patch16(&extents, leaf + 12 + 4, 50, ERR_CORRUPT, "owns more blocks");
	patch32(&extents, leaf + 24, 1, ERR_CORRUPT, "the piece at logical block 1 overlaps the one before");
	patch32(&extents, leaf + 24, 0, ERR_CORRUPT, "block 601 of the extent tree: logical blocks out of order");
	patch32(&extents, leaf + 12 + 8, 4095, ERR_CORRUPT,
		"logical block 0 lies outside the file system, at block 4095");
	patch32(&extents, leaf + 12 + 8, 0, ERR_CORRUPT, "logical block 0 lies outside the file system, at block 0");
	patch16(&extents, leaf + 12 + 6, 1, ERR_CORRUPT, "logical block 0 lies outside the file system");
}

static void test_extent_past_the_largest_file(void **state)
{
	u8 *root = put_file(&extents, ext_file, 0, 2);

	(void)state;
	put_head(root, 1, 4, 0);
	put_extent(root, 0, (struct extent){ 0xFFFFFFFF, 32768 + 2, 1000 });
	image_refused(&extents, ERR_CORRUPT, "an extent reaches into the next node");
}

/* --- sizes and counts --- */

static void test_sizes_and_counts(void **state)
{
	u8 *inode = inode_at(&extents, ext_file);
	u8 *root = put_file(&extents, ext_file, 3 * BLOCK, 3);
	struct runs runs = { 0 };

	(void)state;
	put_head(root, 1, 4, 0);
	put_extent(root, 0, (struct extent){ 0, 3, 1000 });
	assert_int_equal(map(&extents, ext_file, &runs), 0);
	patch32(&extents, inode + 0x1C, 2 * 8, ERR_CORRUPT, "owns more blocks than its block count says");
	patch32(&extents, inode + 0x1C, 4 * 8, ERR_CORRUPT, "owns 3 blocks, but its block count says 4");
	patch32(&extents, inode + 0x1C, 3 * 8 + 1, ERR_CORRUPT, "impossible block count 25");
	patch32(&extents, inode + 0x1C, 5000 * 8, ERR_CORRUPT, "impossible block count 40000");
	patch16(&extents, inode + 0x74, 1, ERR_CORRUPT, "impossible block count 4294967320");
	/* a block past the end is fine when it begins right there, and no further */
	put_le32(inode + 4, 2 * BLOCK);
	assert_int_equal(map(&extents, ext_file, &runs), 0);
	assert_run(&runs, 0, 0, 1000, 3, false);
	put_le32(inode + 4, 2 * BLOCK - 1);
	image_refused(&extents, ERR_CORRUPT, "has data at logical block 2, past its end");
	put_le32(inode + 0x6C, 0xFFF); /* larger than any indirect map */
	assert_int_equal(map(&extents, ext_file, &runs), 0);
	put_le32(inode + 0x6C, 0);
	/* unwritten blocks may lie anywhere */
	put_extent(root, 0, (struct extent){ 0, 32768 + 3, 1000 });
	put_le32(inode + 4, 0);
	assert_int_equal(map(&extents, ext_file, &runs), 0);
	assert_run(&runs, 0, 0, 1000, 3, true);
	patch32(&extents, inode + 0x6C, 0x1001, ERR_CORRUPT, "impossible size");
	/* counted in blocks */
	put_le32(inode + 0x20, 0x80000 | 0x40000);
	put_le32(inode + 0x1C, 3);
	assert_int_equal(map(&extents, ext_file, &runs), 0);
	put_le32(inode + 0x1C, 24);
	image_refused(&extents, ERR_CORRUPT, "owns 3 blocks, but its block count says 24");
	put_le32(inode + 0x20, 0x80000);
	put_le32(inode + 0x1C, 0);
	put_head(root, 0, 4, 0);
}

/* An attribute block belongs to the count, of inodes without a map too. */
static void test_attribute_block_counts(void **state)
{
	u8 *inode = inode_at(&extents, ext_file);
	u32 link = find_ino(&extents, "link");
	struct runs runs = { 0 };

	(void)state;
	put_file(&extents, ext_file, 0, 1);
	put_le32(inode + 0x68, 1000);
	assert_int_equal(map(&extents, ext_file, &runs), 0);
	assert_int_equal(runs.nr, 0);
	put_le32(inode + 0x1C, 0);
	image_refused(&extents, ERR_CORRUPT, "owns more blocks than its block count says");
	patch32(&extents, inode + 0x1C, 5000 * 8, ERR_CORRUPT, "impossible block count 40000");
	put_le32(inode + 0x68, 0);
	assert_int_equal(map(&extents, link, &runs), 0);
	assert_int_equal(runs.nr, 0);
	put_le32(inode_at(&extents, link) + 0x68, 1000);
	put_le32(inode_at(&extents, link) + 0x1C, 8);
	assert_int_equal(map(&extents, link, &runs), 0);
	assert_int_equal(runs.nr, 0);
	put_le32(inode_at(&extents, link) + 0x68, 0);
	put_le32(inode_at(&extents, link) + 0x1C, 0);
}

static void test_directory_maps(void **state)
{
	struct image image = image_copy(&extents);
	u32 ino = find_ino(&image, "dir");
	u8 *inode = inode_at(&image, ino);
	u8 *extent = inode + 0x28 + 12;

	(void)state;
	patch32(&image, inode + 4, 4095, ERR_CORRUPT, "impossible size of a directory");
	patch32(&image, inode + 4, 4097, ERR_CORRUPT, "impossible size of a directory");
	patch32(&image, inode + 4, 0, ERR_CORRUPT, "impossible size of a directory");
	patch32(&image, inode + 4, 2 * BLOCK, ERR_CORRUPT, "the directory has a hole at logical block 1");
	patch32(&image, extent, 1, ERR_CORRUPT, "the directory has a hole at logical block 0");
	patch16(&image, extent + 4, 32768 + 1, ERR_CORRUPT, "the directory has a hole at logical block 0");
	/* blocks reserved past the end, as many as the superblock promises */
	put_le16(extent + 4, 2);
	put_le32(inode + 0x1C, 16);
	put_le32(extent + 8, 1000);
	memcpy(block_at(&image, 1000), block_at(&extents, file_block(&extents, ino, 0)), BLOCK);
	image_refused(&image, ERR_CORRUPT, "the directory has blocks past its end");
	*super_at(&image, 0xCD) = 1;
	ext_close(image_open(&image));
	assert_int_equal(map(&image, ino, &(struct runs){ 0 }), 0);
	image_free(&image);
}

/* --- indirect maps --- */

static void put_pointer(u8 *block, u32 i, u32 pblk)
{
	put_le32(block + 4 * (size_t)i, pblk);
}

#define PTRS 1024u

/* Direct blocks, and one block through each kind of tree. */
static void put_indirect(struct image *image, u32 ino)
{
	u64 last = 12 + PTRS + PTRS * PTRS + 5ull * PTRS * PTRS + 6 * PTRS + 7;
	u8 *ptrs = put_file(image, ino, (last + 1) * BLOCK, 2 + 2 + 1 + 1 + 6);

	for (u32 i = 1; i <= 6; i++)
		memset(block_at(image, 600 + i), 0, BLOCK);
	put_pointer(ptrs, 0, 1000);
	put_pointer(ptrs, 1, 1001);
	put_pointer(ptrs, 12, 601);
	put_pointer(ptrs, 13, 602);
	put_pointer(ptrs, 14, 604);
	put_pointer(block_at(image, 601), 0, 1002);
	put_pointer(block_at(image, 601), 1023, 1003);
	put_pointer(block_at(image, 602), 0, 603);
	put_pointer(block_at(image, 603), 0, 1004); /* right behind 1003 in both spaces */
	put_pointer(block_at(image, 604), 5, 605);
	put_pointer(block_at(image, 605), 6, 606);
	put_pointer(block_at(image, 606), 7, 1005);
}

static void test_indirect(void **state)
{
	struct runs runs = { 0 };

	(void)state;
	put_indirect(&indirect, ind_file);
	assert_int_equal(map(&indirect, ind_file, &runs), 0);
	assert_int_equal(runs.nr, 4);
	assert_run(&runs, 0, 0, 1000, 2, false);
	assert_run(&runs, 1, 12, 1002, 1, false);
	assert_run(&runs, 2, 12 + 1023, 1003, 2, false);
	assert_run(&runs, 3, 12 + PTRS + PTRS * PTRS + 5ull * PTRS * PTRS + 6 * PTRS + 7, 1005, 1, false);
	assert_int_equal(runs.nr_trees, 6);
	for (u32 i = 0; i < 6; i++)
		assert_int_equal(runs.tree[i], (601 + i) * BLOCK);
	runs.stop_tree = 88;
	assert_int_equal(map(&indirect, ind_file, &runs), 88);
}

static void test_damaged_indirect(void **state)
{
	u8 *inode = inode_at(&indirect, ind_file);
	u8 *ptrs = inode + 0x28;
	u8 all[BLOCK];

	(void)state;
	put_indirect(&indirect, ind_file);
	patch32(&indirect, ptrs, 4096, ERR_CORRUPT, "logical block 0 lies outside the file system, at block 4096");
	patch32(&indirect, ptrs + 48, 4096, ERR_CORRUPT, "a block of its map lies outside the file system, at 4096");
	patch32(&indirect, block_at(&indirect, 604), 0xFFFFFFFF, ERR_CORRUPT, "at 4294967295");
	patch32(&indirect, block_at(&indirect, 603) + 8, 4096, ERR_CORRUPT, "lies outside the file system");
	patch32(&indirect, block_at(&indirect, 606), 1009, ERR_CORRUPT, "owns more blocks than its block count says");
	patch32(&indirect, inode + 4, 0, ERR_CORRUPT, "past its end");
	patch32(&indirect, inode + 0x1C, 5 * 8, ERR_CORRUPT, "owns more blocks than its block count says");
	/* a tree of blocks that all name themselves ends where the block count does */
	for (u32 i = 0; i < PTRS; i++)
		put_pointer(all, i, 604);
	memcpy(block_at(&indirect, 604), all, BLOCK);
	image_refused(&indirect, ERR_CORRUPT, "owns more blocks than its block count says");
	put_le32(inode + 0x1C, 4096 * 8);
	image_refused(&indirect, ERR_CORRUPT, "owns more blocks than its block count says");
	put_indirect(&indirect, ind_file);
	patch32(&indirect, inode + 0x6C, 0x403, ERR_CORRUPT, "impossible size");
}

/* Blocks of 64 KiB can name logical blocks that no file may have. */
static void test_indirect_past_the_largest_file(void **state)
{
	struct image image = image_make(64, "-t ext2 -b 65536 -N 64 -I 256 -O ^resize_inode", ">file", NULL);
	u32 ino = find_ino(&image, "file");
	u8 *inode = image.data + get_le32(image.data + 65536 + 8) * 65536ull + (ino - 1) * 256ull;
	u8 *root = image.data + 600 * 65536ull;

	(void)state;
	put_le32(inode + 0x1C, 4 * 128);
	put_pointer(inode + 0x28, 14, 600);
	put_pointer(image.data + 601 * 65536ull, 0, 602);
	put_pointer(image.data + 602 * 65536ull, 0, 603);
	put_pointer(root, 14, 601);
	image_refused(&image, ERR_CORRUPT, "has data at logical block 4026548236, past its end");
	put_pointer(root, 14, 0);
	put_pointer(root, 15, 601);
	image_refused(&image, ERR_CORRUPT, "the piece at logical block 4294983692 is past the largest file");
	image_free(&image);
}

/* Without huge_file the high half of the block count is not one. */
static void test_block_count_without_huge_file(void **state)
{
	struct runs runs = { 0 };

	(void)state;
	put_indirect(&indirect, ind_file);
	put_le16(inode_at(&indirect, ind_file) + 0x74, 1);
	assert_int_equal(map(&indirect, ind_file, &runs), 0);
	put_le16(inode_at(&indirect, ind_file) + 0x74, 0);
}

static void test_io_errors(void **state)
{
	(void)state;
	put_indirect(&indirect, ind_file);
	image_io_errors(&indirect);
	put_deep_tree(&extents, ext_file);
	image_io_errors(&extents);
}

/* --- checksums --- */

static void test_tree_checksums(void **state)
{
	struct image image = image_make(16, "-t ext4 -b 4096 -N 64 -O ^has_journal,^resize_inode",
					"for i in $(seq 10); do printf x >>file; truncate -s +8192 file; done", NULL);
	struct runs runs = { 0 };
	u32 ino = find_ino(&image, "file");
	struct ext_fs *fs = image_open(&image);
	struct messages m;
	u8 *leaf;

	(void)state;
	assert_int_equal(map(&image, ino, &runs), 0);
	assert_int_equal(runs.nr_trees, 1);
	leaf = image.data + runs.tree[0];
	assert_true(ext2fs_extent_block_csum_verify(fs->lib, ino, (struct ext3_extent_header *)leaf));
	for (u32 at = 0; at < 400; at += 37) {
		u8 saved = leaf[at];

		leaf[at] ^= 0x10;
		assert_false(ext2fs_extent_block_csum_verify(fs->lib, ino, (struct ext3_extent_header *)leaf));
		messages_gather(&m);
		assert_int_equal(map(&image, ino, &runs), ERR_CORRUPT);
		msg_set_sink(NULL, NULL);
		leaf[at] = saved;
	}
	patch8(&image, leaf + 100, leaf[100] ^ 1, ERR_CORRUPT, "of the extent tree: wrong checksum");
	patch8(&image, leaf + 4095, leaf[4095] ^ 1, ERR_CORRUPT, "of the extent tree: wrong checksum");
	ext_close(fs);
	image_free(&image);
}

/* --- special inodes --- */

static void test_resize_inode(void **state)
{
	struct image image = image_make(16, "-t ext4 -b 4096 -N 64 -O ^metadata_csum,^uninit_bg,^has_journal", NULL,
					NULL);
	u8 *area = inode_at(&image, 7) + 0x28;
	struct runs runs = { 0 };

	(void)state;
	assert_int_equal(map(&image, 7, &runs), 0);
	assert_int_equal(runs.nr, 0);
	assert_int_equal(runs.nr_trees, 1);
	assert_int_equal(runs.tree[0], get_le32(area + 4 * 13) * (u64)BLOCK);
	patch32(&image, area, 3000, ERR_CORRUPT, "inode 7: impossible map of the resize inode");
	patch32(&image, area + 4 * 14, 3000, ERR_CORRUPT, "inode 7: impossible map of the resize inode");
	patch32(&image, area + 4 * 13, 4096, ERR_CORRUPT, "inode 7: impossible map of the resize inode");
	put_le32(super_at(&image, 0x5C), get_le32(super_at(&image, 0x5C)) & ~0x10u);
	put_le16(super_at(&image, 0xCE), 0);
	image_refused(&image, ERR_CORRUPT, "inode 7: impossible map of the resize inode");
	put_le32(area + 4 * 13, 0);
	assert_int_equal(map(&image, 7, &runs), 0);
	assert_int_equal(runs.nr_trees, 0);
	image_free(&image);
}

static void test_sinks_may_be_missing(void **state)
{
	const struct ext_map_sink none = { 0 };
	struct ext_inode_iter *it = NULL;
	struct ext_inode inode;
	struct ext_fs *fs;

	(void)state;
	put_deep_tree(&extents, ext_file);
	fs = image_open(&extents);
	assert_int_equal(find_inode(fs, ext_file, &it, &inode), 0);
	assert_int_equal(ext_map_iterate(fs, &inode, &none), 0);
	ext_inode_iter_free(it);
	ext_close(fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_extents_in_the_inode),
		cmocka_unit_test(test_runs_that_do_not_merge),
		cmocka_unit_test(test_longest_extents),
		cmocka_unit_test(test_extent_tree),
		cmocka_unit_test(test_damaged_extent_tree),
		cmocka_unit_test(test_extent_past_the_largest_file),
		cmocka_unit_test(test_sizes_and_counts),
		cmocka_unit_test(test_attribute_block_counts),
		cmocka_unit_test(test_directory_maps),
		cmocka_unit_test(test_indirect),
		cmocka_unit_test(test_damaged_indirect),
		cmocka_unit_test(test_indirect_past_the_largest_file),
		cmocka_unit_test(test_block_count_without_huge_file),
		cmocka_unit_test(test_io_errors),
		cmocka_unit_test(test_tree_checksums),
		cmocka_unit_test(test_resize_inode),
		cmocka_unit_test(test_sinks_may_be_missing),
	};

	return cmocka_run_group_tests_name("ext_map", tests, make_images, free_images);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arithmetic of packing against the loader itself, and its shortcuts against the long way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "btrfs_memory.h"

static const u32 nodesizes[] = { 4096, 8192, 16384, 32768, 65536 };

static int set_up(void **state)
{
	(void)state;
	srand(3);
	return btrfs_csum_init();
}

/* Sizes of mixed kinds: mostly small, some large, some at the limit. */
static u32 random_size(u32 nodesize)
{
	switch (rand() % 8) {
	case 0:
		return 0;
	case 1:
		return (u32)rand() % (btrfs_max_item(nodesize) + 1);
	case 2:
		return btrfs_max_item(nodesize) - (u32)rand() % 3;
	default:
		return (u32)rand() % 300;
	}
}

static void equals_the_loader(void **state)
{
	(void)state;
	for (int round = 0; round < 200; round++) {
		u32 nodesize = nodesizes[round % ARRAY_SIZE(nodesizes)];
		u64 nr = (u64)rand() % (round % 10 ? 400 : 20000);
		struct memory m;
		struct btrfs_block_sink sink = memory_sink(&m);
		struct btrfs_tree *tree;
		struct btrfs_root root;
		struct btrfs_count count;
		void *place;

		memory_init(&m, nodesize, BTRFS_CSUM_CRC32C, false);
		btrfs_count_init(&count, nodesize);
		assert_int_equal(btrfs_tree_new(&m.params, 5, &sink, &tree), 0);
		for (u64 i = 0; i < nr; i++) {
			struct btrfs_key key = { i, 1, 0 };
			u32 size = random_size(nodesize);

			assert_int_equal(btrfs_tree_reserve(tree, &key, size, &place), 0);
			btrfs_count_add(&count, size);
		}
		assert_int_equal(btrfs_tree_finish(tree, &root), 0);
		assert_int_equal(btrfs_count_blocks(&count), root.nr_blocks);
		assert_int_equal(btrfs_count_blocks_for_leaves(root.nr_leaves, nodesize), root.nr_blocks);
		assert_int_equal(count.nr_items, nr);
		btrfs_tree_free(tree);
	}
}

static void add_many_equals_add(void **state)
{
	(void)state;
	for (int round = 0; round < 2000; round++) {
		u32 nodesize = nodesizes[round % ARRAY_SIZE(nodesizes)];
		struct btrfs_count one, many;

		btrfs_count_init(&one, nodesize);
		btrfs_count_init(&many, nodesize);
		for (int part = 0; part < 4; part++) {
			u32 size = random_size(nodesize);
			u64 nr = (u64)rand() % 300;

			for (u64 i = 0; i < nr; i++)
				btrfs_count_add(&one, size);
			btrfs_count_add_many(&many, size, nr);
			assert_int_equal(one.nr_leaves, many.nr_leaves);
			assert_int_equal(one.leaf_used, many.leaf_used);
			assert_int_equal(one.nr_items, many.nr_items);
		}
	}
}

/* Runs that end exactly with a leaf: 159 empty items fill one of 4096 bytes. */
static void add_many_at_leaf_ends(void **state)
{
	static const struct {
		u64 nr, blocks;
	} cases[] = { { 0, 1 }, { 1, 1 }, { 158, 1 }, { 159, 1 }, { 160, 3 }, { 318, 3 }, { 319, 4 }, { 477, 4 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct btrfs_count count;

		btrfs_count_init(&count, 4096);
		btrfs_count_add_many(&count, 0, cases[i].nr);
		assert_int_equal(btrfs_count_blocks(&count), cases[i].blocks);
	}
}

/* Nothing loops over items, so billions are as quick as one. */
static void huge_counts(void **state)
{
	struct btrfs_count count;
	u64 per_leaf = 16283 / (160 + 25);
	u64 leaves = ((u64)1 << 40) / per_leaf + 1;
	u64 blocks = leaves;

	(void)state;
	btrfs_count_init(&count, 16384);
	btrfs_count_add_many(&count, 160, (u64)1 << 40);
	for (u64 width = leaves; width > 1; blocks += width)
		width = (width + 492) / 493;
	assert_int_equal(btrfs_count_blocks(&count), blocks);
}

static void blocks_for_leaves(void **state)
{
	static const struct {
		u64 leaves, blocks;
		u32 nodesize;
	} cases[] = {
		{ 0, 1, 4096 }, { 1, 1, 4096 }, { 2, 3, 4096 }, { 121, 122, 4096 }, { 122, 125, 4096 },
		{ 493, 494, 16384 }, { 494, 497, 16384 }, { 1982, 1983, 65536 }, { 1983, 1986, 65536 },
		{ 243049, 243049 + 493 + 1, 16384 }, { 243050, 243050 + 494 + 2 + 1, 16384 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(btrfs_count_blocks_for_leaves(cases[i].leaves, cases[i].nodesize), cases[i].blocks);
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(equals_the_loader), TEST(add_many_equals_add), TEST(add_many_at_leaf_ends), TEST(huge_counts),
		TEST(blocks_for_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

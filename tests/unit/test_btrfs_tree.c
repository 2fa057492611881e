/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bulk loader: what it writes is parsed back, block by block, for trees of all shapes; misuse is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/msg.h"
#include "base/status.h"
#include "btrfs_memory.h"

static const u32 nodesizes[] = { 4096, 16384, 65536 };
static char last_message[512];

static void keep_message(void *ctx, enum msg_level level, const char *text)
{
	(void)ctx;
	(void)level;
	snprintf(last_message, sizeof(last_message), "%s", text);
}

static int set_up(void **state)
{
	(void)state;
	last_message[0] = '\0';
	msg_set_sink(keep_message, NULL);
	return btrfs_csum_init();
}

/* Item number i has this size, and this byte repeated as data, in the tests with items of many sizes. */
static u32 size_of_item(u64 i)
{
	return (u32)(i * 2654435761u >> 7) % 200;
}

static void check_item(u64 i, const struct btrfs_key *key, const u8 *data, u32 size)
{
	assert_int_equal(key->objectid, 256 + i / 3);
	assert_int_equal(key->type, 1 + i % 3);
	assert_int_equal(key->offset, i);
	assert_int_equal(size, size_of_item(i));
	for (u32 b = 0; b < size; b++)
		assert_int_equal(data[b], (u8)(i + 1));
}

static struct btrfs_key key_of_item(u64 i)
{
	return (struct btrfs_key){ 256 + i / 3, (u8)(1 + i % 3), i };
}

/* A tree of nr items; every second one goes through btrfs_tree_reserve. */
static void load_and_walk(u32 nodesize, enum btrfs_csum_type csum_type, u64 nr)
{
	struct memory m;
	struct walk w = { .item = check_item };
	struct btrfs_tree *tree;
	struct btrfs_root root;
	struct btrfs_block_sink sink = memory_sink(&m);
	u8 data[200];

	memory_init(&m, nodesize, csum_type, true);
	assert_int_equal(btrfs_tree_new(&m.params, 5, &sink, &tree), 0);
	for (u64 i = 0; i < nr; i++) {
		struct btrfs_key key = key_of_item(i);
		u32 size = size_of_item(i);

		memset(data, (u8)(i + 1), sizeof(data));
		if (i % 2) {
			void *place;

			assert_int_equal(btrfs_tree_reserve(tree, &key, size, &place), 0);
			for (u32 b = 0; b < size; b++)
				assert_int_equal(((u8 *)place)[b], 0);
			memcpy(place, data, size);
		} else {
			assert_int_equal(btrfs_tree_add(tree, &key, data, size), 0);
		}
	}
	assert_int_equal(btrfs_tree_finish(tree, &root), 0);
	assert_int_equal(root.owner, 5);
	assert_int_equal(root.nr_items, nr);
	walk_tree(&m, &w, &root);
	btrfs_tree_free(tree);
	memory_fini(&m);
}

static void trees_of_many_sizes(void **state)
{
	static const u64 counts[] = { 0, 1, 2, 30, 31, 32, 33, 500, 3000, 40000 };

	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(nodesizes); n++) {
		for (size_t c = 0; c < ARRAY_SIZE(counts); c++)
			load_and_walk(nodesizes[n], BTRFS_CSUM_CRC32C, counts[c]);
	}
}

static void all_checksums(void **state)
{
	(void)state;
	for (int type = BTRFS_CSUM_CRC32C; type <= BTRFS_CSUM_BLAKE2B; type++)
		load_and_walk(4096, (enum btrfs_csum_type)type, 300);
}

/* Loads nr items of one size without looking at the blocks' content. */
static struct btrfs_root load_equal(struct memory *m, u64 nr, u32 size)
{
	struct btrfs_block_sink sink = memory_sink(m);
	struct btrfs_tree *tree;
	struct btrfs_root root;
	u8 *data = calloc(1, size + 1);

	assert_non_null(data);
	assert_int_equal(btrfs_tree_new(&m->params, 7, &sink, &tree), 0);
	for (u64 i = 0; i < nr; i++) {
		struct btrfs_key key = { 1, 1, i };

		assert_int_equal(btrfs_tree_add(tree, &key, data, size), 0);
	}
	assert_int_equal(btrfs_tree_finish(tree, &root), 0);
	btrfs_tree_free(tree);
	free(data);
	return root;
}

/*
 * Levels begin exactly where the one below overflows. Items of the largest size make one leaf each; a node of 4096
 * bytes has 121 pointers.
 */
static void levels_at_their_borders(void **state)
{
	static const struct {
		u64 nr_leaves, nr_blocks;
		u8 level;
	} cases[] = {
		{ 1, 1, 0 }, { 2, 3, 1 }, { 120, 121, 1 }, { 121, 122, 1 }, { 122, 125, 2 }, { 242, 245, 2 },
		{ 243, 247, 2 }, { 14641, 14641 + 121 + 1, 2 }, { 14642, 14642 + 122 + 2 + 1, 3 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct memory m;
		struct walk w = { 0 };
		struct btrfs_root root;

		memory_init(&m, 4096, BTRFS_CSUM_CRC32C, true);
		root = load_equal(&m, cases[i].nr_leaves, btrfs_max_item(4096));
		assert_int_equal(root.nr_leaves, cases[i].nr_leaves);
		assert_int_equal(root.nr_blocks, cases[i].nr_blocks);
		assert_int_equal(root.level, cases[i].level);
		walk_tree(&m, &w, &root);
		memory_fini(&m);
	}
}

/* Every byte of a leaf is used: 3995 of them hold 47 items of 60 + 25 bytes, or 159 empty ones. */
static void leaves_are_full(void **state)
{
	static const struct {
		u64 nr;
		u32 size;
		u64 nr_leaves;
	} cases[] = { { 47, 60, 1 }, { 48, 60, 2 }, { 159, 0, 1 }, { 160, 0, 2 }, { 799, 0, 6 }, { 1, 3970, 1 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct memory m;

		memory_init(&m, 4096, BTRFS_CSUM_CRC32C, false);
		assert_int_equal(load_equal(&m, cases[i].nr, cases[i].size).nr_leaves, cases[i].nr_leaves);
	}
}

static void refuses_wrong_order(void **state)
{
	static const struct btrfs_key first = { 300, 50, 1000 };
	static const struct btrfs_key wrong[] = {
		{ 300, 50, 1000 }, { 300, 50, 999 }, { 300, 49, 2000 }, { 299, 60, 2000 }, { 0, 0, 0 },
	};
	static const struct btrfs_key right[] = { { 300, 50, 1001 }, { 300, 51, 0 }, { 301, 0, 0 }, { (u64)-9, 0, 0 } };
	struct memory m;
	struct btrfs_block_sink sink = memory_sink(&m);
	struct btrfs_tree *tree;
	struct btrfs_root root;
	void *place;

	(void)state;
	memory_init(&m, 4096, BTRFS_CSUM_CRC32C, false);
	assert_int_equal(btrfs_tree_new(&m.params, 5, &sink, &tree), 0);
	assert_int_equal(btrfs_tree_add(tree, &first, "x", 1), 0);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(btrfs_tree_add(tree, &wrong[i], "x", 1), ERR_BUG);
		assert_non_null(strstr(last_message, "out of order"));
		assert_int_equal(btrfs_tree_reserve(tree, &wrong[i], 1, &place), ERR_BUG);
	}
	for (size_t i = 0; i < ARRAY_SIZE(right); i++)
		assert_int_equal(btrfs_tree_add(tree, &right[i], "x", 1), 0);
	assert_int_equal(btrfs_tree_finish(tree, &root), 0);
	assert_int_equal(root.nr_items, 5);
	btrfs_tree_free(tree);
}

static void refuses_large_items(void **state)
{
	struct btrfs_key key = { 1, 1, 1 };

	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(nodesizes); n++) {
		struct memory m;
		struct btrfs_block_sink sink = memory_sink(&m);
		struct btrfs_tree *tree;
		u32 max = nodesizes[n] - 101 - 25;
		void *place;

		memory_init(&m, nodesizes[n], BTRFS_CSUM_CRC32C, false);
		assert_int_equal(btrfs_tree_new(&m.params, 5, &sink, &tree), 0);
		assert_int_equal(btrfs_tree_reserve(tree, &key, max + 1, &place), ERR_BUG);
		assert_non_null(strstr(last_message, "too large"));
		assert_int_equal(btrfs_tree_reserve(tree, &key, UINT32_MAX, &place), ERR_BUG);
		assert_int_equal(btrfs_tree_reserve(tree, &key, max, &place), 0);
		btrfs_tree_free(tree);
	}
}

static void refuses_use_after_finish(void **state)
{
	struct memory m;
	struct btrfs_block_sink sink = memory_sink(&m);
	struct btrfs_key key = { 1, 1, 1 };
	struct btrfs_tree *tree;
	struct btrfs_root root;

	(void)state;
	memory_init(&m, 4096, BTRFS_CSUM_CRC32C, false);
	assert_int_equal(btrfs_tree_new(&m.params, 5, &sink, &tree), 0);
	assert_int_equal(btrfs_tree_finish(tree, &root), 0);
	assert_int_equal(root.nr_blocks, 1);
	assert_int_equal(btrfs_tree_add(tree, &key, "x", 1), ERR_BUG);
	assert_int_equal(btrfs_tree_finish(tree, &root), ERR_BUG);
	assert_int_equal(m.nr_write, 1);
	btrfs_tree_free(tree);
	btrfs_tree_free(NULL);
}

/* 1000 items of the largest size are 1000 leaves, 9 nodes and a root; each call of the sink fails once. */
static void passes_sink_errors_up(void **state)
{
	static const u64 calls[] = { 1, 2, 121, 122, 123, 500, 1008, 1009, 1010 };

	(void)state;
	for (size_t c = 0; c < 2 * ARRAY_SIZE(calls); c++) {
		struct memory m;
		struct btrfs_block_sink sink = memory_sink(&m);
		struct btrfs_tree *tree;
		struct btrfs_root root;
		void *place;
		int err = 0;

		memory_init(&m, 4096, BTRFS_CSUM_CRC32C, false);
		if (c % 2)
			m.fail_alloc = calls[c / 2];
		else
			m.fail_write = calls[c / 2];
		assert_int_equal(btrfs_tree_new(&m.params, 5, &sink, &tree), 0);
		for (u64 i = 0; i < 1000 && !err; i++) {
			struct btrfs_key key = { 1, 1, i };

			err = btrfs_tree_reserve(tree, &key, btrfs_max_item(4096), &place);
		}
		if (!err)
			err = btrfs_tree_finish(tree, &root);
		assert_int_equal(err, c % 2 ? ERR_NOSPC : ERR_IO);
		assert_int_equal(m.nr_alloc, calls[c / 2]);
		btrfs_tree_free(tree);
	}
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(trees_of_many_sizes), TEST(all_checksums), TEST(levels_at_their_borders), TEST(leaves_are_full),
		TEST(refuses_wrong_order), TEST(refuses_large_items), TEST(refuses_use_after_finish),
		TEST(passes_sink_errors_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests of the bulk loader: a sink that keeps the blocks in memory at consecutive addresses, and a walk through
 * them that knows the format by its numbers only and fails the test on any breach of it.
 */
#ifndef TEST_BTRFS_MEMORY_H
#define TEST_BTRFS_MEMORY_H

#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "btrfs/btrfs_csum.h"
#include "btrfs/btrfs_tree.h"

#define MEMORY_BASE ((u64)0x40000000)

struct memory {
	struct btrfs_params params;
	bool keep;       /* store the blocks; otherwise only count */
	u8 **blocks;
	u64 nr_alloc, nr_write;
	u64 fail_alloc;  /* the call that fails, from 1; 0: none */
	u64 fail_write;
};

struct walk {
	struct btrfs_key last;
	bool any;
	u64 nr_items, nr_leaves, nr_blocks;
	/* Called for each item; may be NULL. */
	void (*item)(u64 index, const struct btrfs_key *key, const u8 *data, u32 size);
};

static inline int memory_alloc(void *ctx, u64 owner, u8 level, u64 *logical)
{
	struct memory *m = ctx;

	(void)owner;
	(void)level;
	/* An address is asked for only when the block before it was written. */
	assert_int_equal(m->nr_alloc, m->nr_write);
	if (++m->nr_alloc == m->fail_alloc)
		return -28;
	*logical = MEMORY_BASE + (m->nr_alloc - 1) * m->params.nodesize;
	return 0;
}

static inline int memory_write(void *ctx, u64 logical, const void *block)
{
	struct memory *m = ctx;

	assert_true(logical == MEMORY_BASE + m->nr_write * m->params.nodesize);
	if (++m->nr_write == m->fail_write)
		return -5;
	if (!m->keep)
		return 0;
	m->blocks = realloc(m->blocks, m->nr_write * sizeof(*m->blocks));
	assert_non_null(m->blocks);
	m->blocks[m->nr_write - 1] = malloc(m->params.nodesize);
	assert_non_null(m->blocks[m->nr_write - 1]);
	memcpy(m->blocks[m->nr_write - 1], block, m->params.nodesize);
	return 0;
}

static inline struct btrfs_block_sink memory_sink(struct memory *m)
{
	return (struct btrfs_block_sink){ memory_alloc, memory_write, m };
}

static inline void memory_init(struct memory *m, u32 nodesize, enum btrfs_csum_type csum_type, bool keep)
{
	*m = (struct memory){ .keep = keep };
	m->params = (struct btrfs_params){ .nodesize = nodesize, .csum_type = csum_type, .generation = 7 };
	memset(m->params.fsid, 0xf5, 16);
	memset(m->params.chunk_tree_uuid, 0xc5, 16);
}

static inline void memory_fini(struct memory *m)
{
	for (u64 i = 0; m->blocks && i < m->nr_write; i++)
		free(m->blocks[i]);
	free(m->blocks);
}

static inline struct btrfs_key key_at(const u8 *p)
{
	return (struct btrfs_key){ get_le64(p), p[8], get_le64(p + 9) };
}

static inline void walk_header(const struct memory *m, const u8 *block, u64 logical, u64 owner, u8 level)
{
	u8 csum[32] = { 0 };

	btrfs_csum(m->params.csum_type, block + 32, m->params.nodesize - 32, csum);
	assert_memory_equal(block, csum, 32);
	assert_memory_equal(block + 32, m->params.fsid, 16);
	assert_true(get_le64(block + 48) == logical);
	assert_true(get_le64(block + 56) == 0x0100000000000001);
	assert_memory_equal(block + 64, m->params.chunk_tree_uuid, 16);
	assert_true(get_le64(block + 80) == m->params.generation);
	assert_true(get_le64(block + 88) == owner);
	assert_int_equal(block[100], level);
}

static inline void walk_leaf(const struct memory *m, struct walk *w, const u8 *block)
{
	u32 nr = get_le32(block + 96);
	u32 end = m->params.nodesize - 101;

	for (u32 i = 0; i < nr; i++) {
		const u8 *item = block + 101 + 25 * i;
		struct btrfs_key key = key_at(item);
		u32 offset = get_le32(item + 17);
		u32 size = get_le32(item + 21);

		assert_true(!w->any || btrfs_key_compare(&w->last, &key) < 0);
		assert_int_equal(offset + size, end);
		end = offset;
		if (w->item)
			w->item(w->nr_items, &key, block + 101 + offset, size);
		w->last = key;
		w->any = true;
		w->nr_items++;
	}
	assert_true(25 * nr <= end);
	for (u32 i = 25 * nr; i < end; i++)
		assert_int_equal(block[101 + i], 0);
	w->nr_leaves++;
}

/* Walks a block and what is below it; its first key must be *first unless that is NULL. */
static inline void walk_block(const struct memory *m, struct walk *w, u64 logical, u64 owner, u8 level,
			      const struct btrfs_key *first)
{
	u64 number = (logical - MEMORY_BASE) / m->params.nodesize;
	const u8 *block;
	u32 nr;

	assert_true(logical >= MEMORY_BASE && logical % m->params.nodesize == 0 && number < m->nr_write);
	block = m->blocks[number];
	walk_header(m, block, logical, owner, level);
	w->nr_blocks++;
	nr = get_le32(block + 96);
	if (first) {
		struct btrfs_key key = key_at(block + 101);

		assert_true(nr > 0 && btrfs_key_compare(&key, first) == 0);
	}
	if (level == 0) {
		walk_leaf(m, w, block);
		return;
	}
	assert_true(nr >= 1 && nr <= (m->params.nodesize - 101) / 33);
	for (u32 i = 0; i < nr; i++) {
		const u8 *ptr = block + 101 + 33 * i;
		struct btrfs_key key = key_at(ptr);

		assert_true(get_le64(ptr + 25) == m->params.generation);
		walk_block(m, w, get_le64(ptr + 17), owner, level - 1, &key);
		/* A node stands right behind its last child, so a tree lies in key order. */
		if (i == nr - 1)
			assert_true(get_le64(ptr + 17) + m->params.nodesize == logical);
	}
	for (u32 i = 101 + 33 * nr; i < m->params.nodesize; i++)
		assert_int_equal(block[i], 0);
}

/* Walks the whole tree and compares it with what the loader says of it. */
static inline void walk_tree(const struct memory *m, struct walk *w, const struct btrfs_root *root)
{
	walk_block(m, w, root->logical, root->owner, root->level, NULL);
	if (root->level)
		assert_true(get_le32(m->blocks[(root->logical - MEMORY_BASE) / m->params.nodesize] + 96) >= 2);
	assert_int_equal(w->nr_items, root->nr_items);
	assert_int_equal(w->nr_leaves, root->nr_leaves);
	assert_int_equal(w->nr_blocks, root->nr_blocks);
	assert_int_equal(w->nr_blocks, m->nr_write);
}

#endif

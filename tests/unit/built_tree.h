/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes a tree that was built into a conversion made by hand from its device, and walks it by the format's numbers. */
#ifndef TEST_BUILT_TREE_H
#define TEST_BUILT_TREE_H

#include "btrfs_memory.h"
#include "hand_job.h"

#define BUILT_SIZE (8 * MIB) /* of the metadata chunk */
#define BUILT_AT (2 * MIB)   /* of its stripe on the device, which begins there */

struct built_item {
	struct btrfs_key key;
	u32 size;
	u8 *data;
};

static struct {
	struct built_item *items;
	u64 nr;
} built;

/* A device and a metadata chunk behind the data chunks, which have been added before. */
static inline void built_begin(struct job *job)
{
	hand_disk(job, BUILT_AT + BUILT_SIZE);
	hand_chunk(job, BTRFS_BLOCK_GROUP_METADATA, MEMORY_BASE, BUILT_SIZE, BUILT_AT, 0);
	assert_int_equal(arena_init(&job->build->meta, job, BTRFS_BLOCK_GROUP_METADATA), 0);
	assert_int_equal(arena_init(&job->build->sys, job, BTRFS_BLOCK_GROUP_SYSTEM), 0);
}

static inline void built_item(u64 index, const struct btrfs_key *key, const u8 *data, u32 size)
{
	struct built_item *item = &built.items[index];

	built.nr = index + 1;
	item->key = *key;
	item->size = size;
	item->data = malloc(size + 1);
	assert_non_null(item->data);
	memcpy(item->data, data, size);
}

static inline void built_free(void)
{
	for (u64 i = 0; i < built.nr; i++)
		free(built.items[i].data);
	free(built.items);
	built.items = NULL;
	built.nr = 0;
}

/* The only tree of the arena: its items are in built then. Returns the blocks, to be freed by memory_fini. */
static inline struct memory built_load(struct job *job, const struct btrfs_root *root)
{
	struct arena *a = &job->build->meta;
	u32 nodesize = job->plan->params.nodesize;
	struct walk walk = { .item = built_item };
	struct memory m;

	assert_int_equal(arena_flush(a), 0);
	memory_init(&m, nodesize, job->plan->params.csum_type, true);
	m.params = job->plan->params;
	for (u64 nr = 0; nr < a->blocks.nr; nr++)
		assert_int_equal(memory_write(&m, MEMORY_BASE + nr * nodesize,
					      dev_mem_data(job->dev) + BUILT_AT + nr * nodesize), 0);
	built.items = calloc(root->nr_items + 1, sizeof(*built.items));
	assert_non_null(built.items);
	walk_tree(&m, &walk, root);
	return m;
}

#endif

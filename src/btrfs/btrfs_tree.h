/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bulk loader of one B-tree: items in strictly ascending key order become full leaves, leaves become nodes, upward to
 * the root. Each block is finished once and never touched again. Block addresses come from the sink, in the order in
 * which blocks are finished (a node after its last child), so that a contiguous arena lays the tree out in key order.
 */
#ifndef BTRFS_TREE_H
#define BTRFS_TREE_H

#include "btrfs/btrfs.h"

struct btrfs_block_sink {
	/* Called once for each block, when it is begun to be addressed: *logical gets its address. */
	int (*alloc)(void *ctx, u64 owner, u8 level, u64 *logical);
	/* Called once for each block with its final nodesize bytes, sealed (header and checksum). */
	int (*write)(void *ctx, u64 logical, const void *block);
	void *ctx;
};

/* A finished tree. */
struct btrfs_root {
	u64 owner;
	u64 logical; /* of the root block */
	u8 level;
	u64 nr_blocks;
	u64 nr_leaves;
	u64 nr_items;
};

struct btrfs_tree;

/* params and sink are borrowed until btrfs_tree_free. */
int btrfs_tree_new(const struct btrfs_params *params, u64 owner, const struct btrfs_block_sink *sink,
		   struct btrfs_tree **out) __must_check;

/* Adds an item; data is copied. ERR_BUG (printed) when key is not above the last one or size exceeds
 * btrfs_max_item. */
int btrfs_tree_add(struct btrfs_tree *tree, const struct btrfs_key *key, const void *data, u32 size) __must_check;

/* As btrfs_tree_add, but gives the place of the item's data (size bytes, zeroed) to fill before the next call. */
int btrfs_tree_reserve(struct btrfs_tree *tree, const struct btrfs_key *key, u32 size, void **data) __must_check;

/* Bytes of data that one more item can have in the open leaf; 0 when not even an empty item fits. */
u32 btrfs_tree_room(const struct btrfs_tree *tree);

/* Writes what is left; an empty tree becomes one empty leaf. */
int btrfs_tree_finish(struct btrfs_tree *tree, struct btrfs_root *root) __must_check;
void btrfs_tree_free(struct btrfs_tree *tree); /* NULL is fine */

/* --- btrfs_count.c: the same packing as pure arithmetic --- */

/* Counts the blocks of a tree from the sizes (at most btrfs_max_item) of its items in key order; may be copied to try a
 * continuation. */
struct btrfs_count {
	u32 nodesize;
	u32 leaf_used;  /* bytes taken in the open leaf */
	u64 nr_leaves;  /* closed leaves */
	u64 nr_items;
};

void btrfs_count_init(struct btrfs_count *c, u32 nodesize);
void btrfs_count_add(struct btrfs_count *c, u32 item_size);
void btrfs_count_add_many(struct btrfs_count *c, u32 item_size, u64 nr);
/* Leaves and all node levels of the tree so far (at least 1). */
u64 btrfs_count_blocks(const struct btrfs_count *c);
/* The same for a known number of leaves. */
u64 btrfs_count_blocks_for_leaves(u64 nr_leaves, u32 nodesize);

#endif

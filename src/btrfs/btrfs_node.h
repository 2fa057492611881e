/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One tree block under construction. A leaf takes items, a node takes pointers to its children; both in the order in
 * which they come, which the caller has checked.
 *
 *	leaf: | header | item 0 | item 1 | ... -> (zero) <- ... | data 1 | data 0 |
 *	node: | header | pointer 0 | pointer 1 | ... ->              (zero)       |
 */
#ifndef BTRFS_NODE_H
#define BTRFS_NODE_H

#include "btrfs/btrfs_ondisk.h"

struct btrfs_node {
	u8 *block;     /* nodesize bytes; those not yet in use hold anything until the seal */
	u32 nodesize;
	u32 nr_items;
	u32 front;     /* end of the item or pointer array */
	u32 back;      /* start of the data; nodesize in a node */
	u8 level;
};

/* Allocates the block, empty. */
int btrfs_node_init(struct btrfs_node *node, u32 nodesize, u8 level) __must_check;
void btrfs_node_fini(struct btrfs_node *node);

/* Empties the block for the next use. */
void btrfs_node_reset(struct btrfs_node *node);

/* Adds an item to a leaf; *data gets the place for its size bytes, not zeroed. 1 = full, nothing was added. */
int btrfs_node_add_item(struct btrfs_node *node, const struct btrfs_key *key, u32 size, u8 **data) __must_check;

/* The node takes no further pointer. */
bool btrfs_node_full(const struct btrfs_node *node);

/* Adds a pointer to a sealed child at logical to a node that is not full. */
void btrfs_node_add_child(struct btrfs_node *node, const struct btrfs_node *child, u64 logical, u64 generation);

/* Completes the block: header, zeros in the middle, checksum. */
void btrfs_node_seal(struct btrfs_node *node, const struct btrfs_params *params, u64 owner, u64 logical);

#endif

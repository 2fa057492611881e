/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bulk loader of one B-tree. One block is open at each level that has been reached. A block is closed (gets an address,
 * is sealed, written and entered into its parent) only when something has to go into its successor; so a block that is
 * still open and has no parent at the end is the root, and a root never has a single child.
 */
#include "btrfs/btrfs_tree.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/copy.h"
#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs_node.h"

struct btrfs_tree {
	const struct btrfs_params *params;
	struct btrfs_block_sink sink;
	struct btrfs_node nodes[BTRFS_MAX_LEVEL]; /* block NULL: level not reached */
	struct btrfs_key last;                    /* key of the newest item, if there is one */
	struct btrfs_root root;                   /* counts, so far */
	bool finished;
};

int btrfs_tree_new(const struct btrfs_params *params, u64 owner, const struct btrfs_block_sink *sink,
		   struct btrfs_tree **out)
{
	struct btrfs_tree *tree = calloc(1, sizeof(*tree));
	int err;

	*out = NULL;
	if (!tree)
		return msg_nomem("tree");
	tree->params = params;
	tree->sink = *sink;
	tree->root.owner = owner;
	err = btrfs_node_init(&tree->nodes[0], params->nodesize, 0);
	if (err) {
		free(tree);
		return err;
	}
	*out = tree;
	return 0;
}

/* Addresses, seals and writes the open block of a level; it keeps its content. */
static int write_block(struct btrfs_tree *tree, u8 level, u64 *logical)
{
	struct btrfs_node *node = &tree->nodes[level];
	int err = tree->sink.alloc(tree->sink.ctx, tree->root.owner, level, logical);

	if (err)
		return err;
	btrfs_node_seal(node, tree->params, tree->root.owner, *logical);
	err = tree->sink.write(tree->sink.ctx, *logical, node->block);
	if (err)
		return err;
	tree->root.nr_blocks++;
	if (level == 0)
		tree->root.nr_leaves++;
	return 0;
}

static bool has_parent(const struct btrfs_tree *tree, u8 level)
{
	return level + 1 < BTRFS_MAX_LEVEL && tree->nodes[level + 1].block;
}

/* Closes the open block of a level and enters it into its parent, which has room. */
static int close_block(struct btrfs_tree *tree, u8 level)
{
	struct btrfs_node *node = &tree->nodes[level];
	struct btrfs_node *parent = node + 1;
	u64 logical = 0;
	int err;

	if (level + 1 >= BTRFS_MAX_LEVEL) {
		msg_err("tree %" PRIu64 ": more than %d levels", tree->root.owner, BTRFS_MAX_LEVEL);
		return ERR_BUG;
	}
	if (!parent->block) {
		err = btrfs_node_init(parent, tree->params->nodesize, level + 1);
		if (err)
			return err;
	}
	err = write_block(tree, level, &logical);
	if (err)
		return err;
	btrfs_node_add_child(parent, node, logical, tree->params->generation);
	btrfs_node_reset(node);
	return 0;
}

/*
 * Closes the open leaf. Nodes that are full, from the lowest upward, come first: the leaf will need their successors.
 * So every node stands right behind its last child, and none is full when a child is entered.
 */
static int close_leaf(struct btrfs_tree *tree)
{
	int err = 0;

	for (u8 level = 0; !err && has_parent(tree, level) && btrfs_node_full(&tree->nodes[level + 1]); level++)
		err = close_block(tree, level + 1);
	return err ? err : close_block(tree, 0);
}

static int refuse_item(const struct btrfs_tree *tree, const struct btrfs_key *key, u32 size, const char *why)
{
	const struct btrfs_key *last = &tree->last;

	msg_err("tree %" PRIu64 ": item (%" PRIu64 " %u %" PRIu64 ") of %" PRIu32 " bytes behind (%" PRIu64 " %u %"
		PRIu64 "): %s", tree->root.owner, key->objectid, key->type, key->offset, size, last->objectid,
		last->type, last->offset, why);
	return ERR_BUG;
}

/* Makes room for an item in the open leaf or the next one. */
static int add_item(struct btrfs_tree *tree, const struct btrfs_key *key, u32 size, u8 **data)
{
	int ret;

	if (tree->finished)
		return refuse_item(tree, key, size, "tree is finished");
	if (tree->root.nr_items && btrfs_key_compare(key, &tree->last) <= 0)
		return refuse_item(tree, key, size, "out of order");
	if (size > btrfs_max_item(tree->params->nodesize))
		return refuse_item(tree, key, size, "too large");
	ret = btrfs_node_add_item(&tree->nodes[0], key, size, data);
	if (ret) {
		ret = close_leaf(tree);
		if (ret)
			return ret;
		/* An empty leaf takes every item that is not too large. */
		ret = btrfs_node_add_item(&tree->nodes[0], key, size, data);
		if (ret)
			return refuse_item(tree, key, size, "does not fit an empty leaf");
	}
	tree->last = *key;
	tree->root.nr_items++;
	return 0;
}

int btrfs_tree_add(struct btrfs_tree *tree, const struct btrfs_key *key, const void *data, u32 size)
{
	u8 *place;
	int err = add_item(tree, key, size, &place);

	if (!err && size)
		copy_short(place, data, size);
	return err;
}

int btrfs_tree_reserve(struct btrfs_tree *tree, const struct btrfs_key *key, u32 size, void **data)
{
	u8 *place;
	int err = add_item(tree, key, size, &place);

	if (err)
		return err;
	memset(place, 0, size);
	*data = place;
	return 0;
}

u32 btrfs_tree_room(const struct btrfs_tree *tree)
{
	u32 room = tree->nodes[0].back - tree->nodes[0].front;

	return room < BTRFS_ITEM_SIZE ? 0 : room - BTRFS_ITEM_SIZE;
}

int btrfs_tree_finish(struct btrfs_tree *tree, struct btrfs_root *root)
{
	u8 level = 0;
	int err;

	if (tree->finished) {
		msg_err("tree %" PRIu64 ": finished twice", tree->root.owner);
		return ERR_BUG;
	}
	tree->finished = true;
	for (; has_parent(tree, level); level++) {
		err = level == 0 ? close_leaf(tree) : close_block(tree, level);
		if (err)
			return err;
	}
	err = write_block(tree, level, &tree->root.logical);
	if (err)
		return err;
	tree->root.level = level;
	*root = tree->root;
	return 0;
}

void btrfs_tree_free(struct btrfs_tree *tree)
{
	if (!tree)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(tree->nodes); i++)
		btrfs_node_fini(&tree->nodes[i]);
	free(tree);
}

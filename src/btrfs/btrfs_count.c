/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packing of the bulk loader as pure arithmetic. A leaf takes items as long as each one's data and header fit; then
 * n blocks of one level need ceil(n / pointers per node) of the next, until one is left.
 */
#include "base/arith.h"
#include "btrfs/btrfs_tree.h"

void btrfs_count_init(struct btrfs_count *c, u32 nodesize)
{
	*c = (struct btrfs_count){ .nodesize = nodesize };
}

void btrfs_count_add(struct btrfs_count *c, u32 item_size)
{
	u32 need = item_size + BTRFS_ITEM_SIZE;

	if (need > btrfs_leaf_space(c->nodesize) - c->leaf_used) {
		c->nr_leaves++;
		c->leaf_used = 0;
	}
	c->leaf_used += need;
	c->nr_items++;
}

void btrfs_count_add_many(struct btrfs_count *c, u32 item_size, u64 nr)
{
	u32 need = item_size + BTRFS_ITEM_SIZE;
	u64 here = min_u64(nr, (btrfs_leaf_space(c->nodesize) - c->leaf_used) / need);
	u64 per_leaf = btrfs_leaf_space(c->nodesize) / need;
	u64 rest = nr - here;

	c->nr_items += nr;
	c->leaf_used += (u32)here * need;
	if (!rest)
		return;
	/* The open leaf is closed, and so are all new ones but the last, which keeps 1..per_leaf items. */
	c->nr_leaves += div_up(rest, per_leaf);
	c->leaf_used = (u32)((rest - 1) % per_leaf + 1) * need;
}

u64 btrfs_count_blocks(const struct btrfs_count *c)
{
	return btrfs_count_blocks_for_leaves(c->nr_leaves + (c->leaf_used != 0), c->nodesize);
}

u64 btrfs_count_blocks_for_leaves(u64 nr_leaves, u32 nodesize)
{
	u64 width = max_u64(nr_leaves, 1);
	u64 blocks = width;

	while (width > 1) {
		width = div_up(width, btrfs_ptrs_per_node(nodesize));
		blocks += width;
	}
	return blocks;
}

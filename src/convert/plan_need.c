/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much room the trees need. Items are packed greedily in key order, so a leaf wastes less than the item that did
 * not fit any more. With B bytes of items, of which B_l belong to items above S bytes, each leaf break before a small
 * item wastes less than S and each large item causes at most one break, which wastes less than its own size:
 *
 *     leaves * (L - S) <= B + B_l + L        (L: bytes of a leaf behind its header)
 *
 * That bound holds whatever the order of the items. The expected size is the same without waste. Nodes above the leaves
 * are counted exactly. A leaf of checksums has at most one header more than is counted, of a run that goes on in it,
 * and wastes less than a header and a digest; or two headers more, and then wastes less than a digest.
 */
#include "base/arith.h"
#include "btrfs/btrfs_csum.h"
#include "convert/plan.h"

/* Sizes of items with their headers. */
#define ITEM(size) (BTRFS_ITEM_SIZE + (u64)(size))

struct tree_need {
	u64 bytes, large;
};

static u64 bound_blocks(const struct tree_need *t, u32 nodesize, u32 small)
{
	u64 leaf = btrfs_leaf_space(nodesize);
	u64 leaves = (t->bytes + t->large + leaf) / (leaf - small) + 1;

	return btrfs_count_blocks_for_leaves(leaves, nodesize);
}

static u64 expected_blocks(const struct tree_need *t, u32 nodesize)
{
	return btrfs_count_blocks_for_leaves(div_up(t->bytes + 1, btrfs_leaf_space(nodesize)), nodesize);
}

/* The extent tree describes itself: iterate until its own size is stable (it grows ever more slowly). */
static u64 extent_blocks(struct tree_need extent, u64 other, u32 nodesize, u32 item, bool bound)
{
	u64 blocks = 1, last = 0;

	while (blocks != last) {
		struct tree_need t = extent;

		last = blocks;
		t.bytes += (other + blocks) * item;
		blocks = bound ? bound_blocks(&t, nodesize, SCAN_LARGE_ITEM) : expected_blocks(&t, nodesize);
	}
	return blocks;
}

void plan_count_need(const struct job *job, u32 nodesize, u64 nr_data, u64 nr_chunks, struct plan_need *need)
{
	const struct btrfs_params *params = &job->plan->params;
	const struct scan_items *items = &job->scan->items;
	u32 csum_size = job->config.datasum ? btrfs_csum_size(params->csum_type) : 0;
	bool holes = !btrfs_has_incompat(params, BTRFS_INCOMPAT_NO_HOLES);
	bool skinny = btrfs_has_incompat(params, BTRFS_INCOMPAT_SKINNY_METADATA);
	u32 meta_item = (u32)ITEM(skinny ? BTRFS_METADATA_ITEM_BYTES : BTRFS_METADATA_ITEM_FAT_BYTES);
	u64 cuts = nr_data + job->plan->last_used / job->plan->max_extent + 2 * PLAN_NR_RESERVED + 64;
	u64 extents = items->data_extents + items->own_extents + cuts;
	u64 in_files = items->file_extents + cuts;
	u64 csum_bytes = csum_size ? items->csum_bytes / SECTOR * csum_size + items->csum_runs * BTRFS_ITEM_SIZE : 0;
	u64 free_runs = job->scan_stats.nr_used_runs + 2 * nr_chunks;
	u64 other, other_bound, describing;
	struct tree_need fs = {
		.bytes = items->bytes + in_files * ITEM(BTRFS_FILE_EXTENT_SIZE),
		.large = items->large_bytes,
	};
	struct tree_need saved = { .bytes = 1024 + extents * ITEM(BTRFS_FILE_EXTENT_SIZE) };
	struct tree_need csum = { .bytes = csum_bytes };
	struct tree_need space = { .bytes = nr_chunks * ITEM(BTRFS_FREE_SPACE_INFO_SIZE) + free_runs * ITEM(0) };
	struct tree_need dev = { .bytes = 128 + nr_chunks * 2 * ITEM(BTRFS_DEV_EXTENT_SIZE) };
	struct tree_need root = { .bytes = 8192 };
	struct tree_need groups = { .bytes = nr_chunks * ITEM(BTRFS_BLOCK_GROUP_ITEM_SIZE) };
	struct tree_need chunk = { .bytes = 128 + nr_chunks * ITEM(BTRFS_CHUNK_SIZE + 2 * BTRFS_STRIPE_SIZE) };
	struct tree_need extent = {
		.bytes = groups.bytes + extents * ITEM(BTRFS_EXTENT_ITEM_SIZE + 2 * BTRFS_INLINE_DATA_REF_SIZE),
	};
	u64 small, self;

	if (holes) {
		fs.bytes += (in_files + job->scan_stats.nr_files) * ITEM(BTRFS_FILE_EXTENT_SIZE);
		saved.bytes += (extents + 1) * ITEM(BTRFS_FILE_EXTENT_SIZE);
	}
	/* root, uuid, relocation and block group trees, and the chunk tree's blocks, which the extent tree lists too */
	small = bound_blocks(&root, nodesize, SCAN_LARGE_ITEM) + 2 + bound_blocks(&groups, nodesize, SCAN_LARGE_ITEM) +
		bound_blocks(&dev, nodesize, SCAN_LARGE_ITEM);
	need->system = bound_blocks(&chunk, nodesize, SCAN_LARGE_ITEM) * nodesize;

	other = expected_blocks(&fs, nodesize) + expected_blocks(&saved, nodesize) + expected_blocks(&csum, nodesize) +
		expected_blocks(&space, nodesize) + small;
	need->expected = (other + extent_blocks(extent, other, nodesize, meta_item, false)) * nodesize;

	describing = bound_blocks(&csum, nodesize, 2 * BTRFS_ITEM_SIZE + BTRFS_CSUM_MAX) +
		     bound_blocks(&space, nodesize, SCAN_LARGE_ITEM) + small;
	other_bound = bound_blocks(&fs, nodesize, SCAN_LARGE_ITEM) + bound_blocks(&saved, nodesize, SCAN_LARGE_ITEM) +
		      describing;
	self = extent_blocks(extent, other_bound + need->system / nodesize, nodesize, meta_item, true);
	need->bound = (other_bound + self) * nodesize;
	describing += self;
	need->reserve = min_u64(512 * MIB, max_u64((u64)368 * nodesize, describing * nodesize));
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The trees that describe all blocks in use, their own included: free space, block groups, extents; and the root tree,
 * which names them. Their sizes depend on how many blocks they have themselves. So they are built dry first, without
 * writing; then the size of the extent tree, the only one that grows with the number of blocks, is solved by
 * arithmetic, and what comes out is the forecast by which they are built. A tree that came out otherwise would be
 * built again by what came out; all this is written to free space, and nothing leads to it yet.
 */
#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "convert/build.h"

#define MAX_ROUNDS 8

/* Where the metadata arena stood. */
struct mark {
	u64 nr;
	size_t nr_segments;
};

static struct mark take_mark(const struct job *job)
{
	const struct arena_blocks *blocks = &job->build->meta.blocks;

	return (struct mark){ blocks->nr, blocks->nr_segments };
}

static void go_back(struct job *job, struct mark mark)
{
	arena_rewind(&job->build->meta, mark.nr, mark.nr_segments);
}

static int build_space_and_groups(struct job *job)
{
	const struct btrfs_params *params = &job->plan->params;
	int ret = 0;

	if (btrfs_has_compat_ro(params, BTRFS_COMPAT_RO_FREE_SPACE_TREE))
		ret = build_space_tree(job);
	if (!ret && btrfs_has_compat_ro(params, BTRFS_COMPAT_RO_BLOCK_GROUP_TREE))
		ret = build_group_tree(job);
	return ret;
}

static int build_all(struct job *job)
{
	int ret = build_space_and_groups(job);

	if (!ret)
		ret = build_extent_tree(job);
	return ret ? ret : build_root(job);
}

u64 build_chunk_used_of(const struct job *job, size_t nr, u64 nr_blocks)
{
	const struct plan *plan = job->plan;
	const struct build *b = job->build;

	if (nr < plan->nr_data)
		return plan->chunk_used[nr];
	if (plan->chunks[nr].type & BTRFS_BLOCK_GROUP_METADATA)
		return arena_chunk_used(&b->meta, (size_t)(&plan->chunks[nr] - b->meta.chunks), nr_blocks);
	return arena_chunk_used(&b->sys, (size_t)(&plan->chunks[nr] - b->sys.chunks), b->sys.blocks.nr);
}

u64 build_chunk_used(const struct job *job, size_t nr)
{
	return build_chunk_used_of(job, nr, job->build->forecast.nr);
}

/* The least number of leaves that describe themselves: others is the number of all other blocks. */
static u64 solve_leaves(const struct job *job, u64 others)
{
	u64 leaves = 1, last = 0;

	while (leaves != last) {
		u64 own = btrfs_count_blocks_for_leaves(leaves, job->plan->params.nodesize);

		last = leaves;
		leaves = max_u64(leaves, build_count_extent_leaves(job, others + own));
	}
	return leaves;
}

/* A tree of so many leaves, whatever is in them, has its blocks of each level in the same order. */
static int build_shape(struct job *job, u64 owner, u64 nr_leaves)
{
	u32 size = btrfs_max_item(job->plan->params.nodesize);
	struct btrfs_tree *tree = NULL;
	struct btrfs_root root;
	int ret = build_open_tree(job, &job->build->meta, owner, &tree);

	if (ret)
		return ret;
	for (u64 i = 0; !ret && i < nr_leaves; i++) {
		struct btrfs_key key = { i, 0, 0 };
		void *data;

		ret = btrfs_tree_reserve(tree, &key, size, &data);
	}
	return build_close_tree(job, tree, ret, &root);
}

/* Dry: makes the forecast. */
static int make_forecast(struct job *job)
{
	struct build *b = job->build;
	struct mark start = take_mark(job), extents;
	u64 others;
	int ret = arena_blocks_copy(&b->forecast, &b->meta.blocks);

	if (!ret)
		ret = build_space_and_groups(job);
	extents = take_mark(job);
	if (!ret)
		ret = build_extent_tree(job);
	if (!ret)
		ret = build_root(job);
	if (ret)
		return ret;
	others = b->meta.blocks.nr - b->extent.nr_blocks;
	go_back(job, extents);
	ret = build_shape(job, BTRFS_EXTENT_TREE, solve_leaves(job, others));
	if (!ret)
		ret = build_root(job);
	if (!ret)
		ret = arena_blocks_copy(&b->forecast, &b->meta.blocks);
	go_back(job, start);
	return ret;
}

int build_describe(struct job *job)
{
	struct build *b = job->build;
	struct build_stats stats = job->build_stats;
	struct mark start = take_mark(job);
	int ret = arena_flush(&b->meta);

	if (ret)
		return ret;
	b->meta.dry = true;
	ret = make_forecast(job);
	b->meta.dry = false;
	for (u32 round = 0; !ret && round < MAX_ROUNDS; round++) {
		job->build_stats = stats;
		ret = build_all(job);
		if (!ret)
			ret = arena_flush(&b->meta);
		if (ret || arena_blocks_equal(&b->forecast, &b->meta.blocks))
			return ret;
		msg_debug("build: round %u: %llu blocks, %llu were forecast", round,
			  (unsigned long long)b->meta.blocks.nr, (unsigned long long)b->forecast.nr);
		ret = arena_blocks_copy(&b->forecast, &b->meta.blocks);
		go_back(job, start);
	}
	return ret ? ret : job_bug("build: the extent tree finds no stable size");
}

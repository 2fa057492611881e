/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The trees that describe all blocks in use, their own included: free space, block groups, extents; and the root tree,
 * which names them. Their sizes depend on how many blocks they have themselves, so they are first built dry, without
 * writing, until the list of blocks that comes out equals the list that went in. The list only grows from round to
 * round, and each added block adds less than a block of items, so this ends, in practice at the third round.
 */
#include "base/msg.h"
#include "base/status.h"
#include "convert/build.h"

#define MAX_ROUNDS 32

static int build_all(struct job *job)
{
	const struct btrfs_params *params = &job->plan->params;
	int ret = 0;

	if (btrfs_has_compat_ro(params, BTRFS_COMPAT_RO_FREE_SPACE_TREE))
		ret = build_space_tree(job);
	if (!ret && btrfs_has_compat_ro(params, BTRFS_COMPAT_RO_BLOCK_GROUP_TREE))
		ret = build_group_tree(job);
	if (!ret)
		ret = build_extent_tree(job);
	if (!ret)
		ret = build_root(job);
	return ret;
}

u64 build_chunk_used(const struct job *job, size_t nr)
{
	const struct plan *plan = job->plan;
	const struct build *b = job->build;
	const struct arena *arena = &b->sys;
	u64 nr_blocks = b->sys.blocks.nr;

	if (nr < plan->nr_data)
		return plan->chunk_used[nr];
	if (plan->chunks[nr].type & BTRFS_BLOCK_GROUP_METADATA) {
		arena = &b->meta;
		nr_blocks = b->forecast.nr;
	}
	return arena_chunk_used(arena, (size_t)(&plan->chunks[nr] - arena->chunks), nr_blocks);
}

/* Dry rounds until the forecast comes true. */
static int solve(struct job *job, u64 nr, size_t nr_segments)
{
	struct build *b = job->build;
	int ret = arena_blocks_copy(&b->forecast, &b->meta.blocks);

	for (u32 round = 0; !ret && round < MAX_ROUNDS; round++) {
		ret = build_all(job);
		if (ret)
			break;
		if (arena_blocks_equal(&b->forecast, &b->meta.blocks)) {
			arena_rewind(&b->meta, nr, nr_segments);
			return 0;
		}
		ret = arena_blocks_copy(&b->forecast, &b->meta.blocks);
		arena_rewind(&b->meta, nr, nr_segments);
	}
	if (!ret) {
		ret = job_bug("build: the extent tree finds no stable size");
	}
	return ret;
}

int build_describe(struct job *job)
{
	struct build *b = job->build;
	u64 nr = b->meta.blocks.nr;
	size_t nr_segments = b->meta.blocks.nr_segments;
	int ret = arena_flush(&b->meta);

	if (ret)
		return ret;
	b->meta.dry = true;
	ret = solve(job, nr, nr_segments);
	b->meta.dry = false;
	if (!ret)
		ret = build_all(job);
	if (!ret && !arena_blocks_equal(&b->forecast, &b->meta.blocks)) {
		ret = job_bug("build: the trees differ from their forecast");
	}
	return ret ? ret : arena_flush(&b->meta);
}

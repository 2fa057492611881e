/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The build phase: writes the whole new file system but its superblocks, into space that is free in the old one. The
 * order: one sweep over the data (csum tree), the saved image, the files, the small trees, and last the trees that
 * describe all the others.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "base/uuid.h"
#include "btrfs/btrfs_csum.h"
#include "convert/build.h"

int build_open_tree(struct job *job, struct arena *arena, u64 owner, struct btrfs_tree **tree)
{
	int ret = arena_begin(arena, owner);

	return ret ? ret : btrfs_tree_new(&job->plan->params, owner, &arena->sink, tree);
}

int build_close_tree(struct job *job, struct btrfs_tree *tree, int ret, struct btrfs_root *root)
{
	if (!ret)
		ret = btrfs_tree_finish(tree, root);
	btrfs_tree_free(tree);
	if (!ret && !job->build->meta.dry)
		build_count_tree(job, root);
	return ret;
}

void build_count_tree(struct job *job, const struct btrfs_root *root)
{
	job->build_stats.nr_blocks += root->nr_blocks;
	job->build_stats.nr_items += root->nr_items;
}

/* Opens in the fence what build may write: the stripes of metadata and system chunks, and the places of what moves. */
static int open_fence(struct job *job)
{
	const struct plan *plan = job->plan;
	int ret = 0;

	for (size_t i = plan->nr_data; !ret && i < plan->nr_chunks; i++)
		for (u32 s = 0; !ret && s < plan->chunks[i].nr_stripes; s++)
			ret = dev_fence_open(job->dev, plan->chunks[i].physical[s], plan->chunks[i].len, "metadata");
	for (size_t i = 0; !ret && i < plan->nr_moves; i++)
		ret = dev_fence_open(job->dev, plan->moves[i].to, plan->moves[i].len, "moved blocks");
	return ret;
}

/* Inline files wait in memory, and what does not fit there in unallocated space of the device; where that is too small
 * either, in a temporary file. */
static int open_scratch(struct job *job)
{
	const struct plan *plan = job->plan;
	u64 need = job->scan->inline_bytes + job->scan_stats.nr_inline * 64 + 16 * MIB, have = 0;
	size_t first = plan->nr_pool;
	int ret = 0;

	while (first > 0 && have < need)
		have += plan->pool[--first].len;
	if (have < need)
		return scratch_new_file(job->config.tmpdir, &job->build->scratch);
	for (size_t i = first; !ret && i < plan->nr_pool; i++)
		ret = dev_fence_open(job->dev, plan->pool[i].start, plan->pool[i].len, "scratch space");
	return ret ? ret : scratch_new_dev(job->dev, plan->pool + first, plan->nr_pool - first, &job->build->scratch);
}

static int build_new(struct job *job)
{
	struct build *b = calloc(1, sizeof(*b));
	struct timespec now;
	int ret;

	if (!b)
		return msg_nomem("build");
	job->build = b;
	clock_gettime(CLOCK_REALTIME, &now);
	b->now = (struct time64){ now.tv_sec, (u32)now.tv_nsec };
	uuid_make_random(b->fs_uuid);
	uuid_make_random(b->saved_uuid);
	b->sweep_inline = job->scan_stats.nr_inline > 0;
	ret = btrfs_csum_init();
	if (!ret)
		ret = arena_init(&b->meta, job, BTRFS_BLOCK_GROUP_METADATA);
	if (!ret)
		ret = arena_init(&b->sys, job, BTRFS_BLOCK_GROUP_SYSTEM);
	if (!ret)
		ret = open_fence(job);
	if (!ret)
		ret = open_scratch(job);
	if (!ret)
		ret = sort_new(SORT_VARIABLE, (size_t)(job->config.memory / 8), b->scratch, &b->inlines);
	return ret;
}

static void prepare_super(struct job *job)
{
	const struct plan *plan = job->plan;
	struct btrfs_super *super = &job->build->super;

	super->total_bytes = plan->total_bytes;
	for (size_t i = 0; i < plan->nr_chunks; i++)
		super->dev_bytes_used += plan->chunks[i].len * plan->chunks[i].nr_stripes;
	memcpy(super->label, plan->label, sizeof(super->label));
}

static int finish_super(struct job *job)
{
	const struct plan *plan = job->plan;
	struct build *b = job->build;
	struct btrfs_super *super = &b->super;

	super->bytes_used = plan->count.used + (b->meta.blocks.nr + b->sys.blocks.nr) * plan->params.nodesize;
	super->root_tree = b->root;
	super->chunk_tree = b->chunk;
	super->extent_tree = b->extent;
	super->fs_tree = b->fs;
	super->dev_tree = b->dev;
	super->csum_tree = b->csum;
	super->uuid_tree = true;
	super->system = b->sys.chunks;
	super->nr_system = (u32)b->sys.nr_chunks;
	return btrfs_super_encode(b->super_block, super, &plan->params, BTRFS_SUPER_PRIMARY);
}

static int build_trees(struct job *job)
{
	int ret = build_saved(job);

	if (!ret)
		ret = build_fs(job);
	if (!ret)
		ret = build_reloc(job);
	if (!ret)
		ret = build_uuid(job);
	if (!ret)
		ret = build_dev(job);
	if (!ret)
		ret = build_chunk(job);
	if (!ret)
		ret = arena_flush(&job->build->sys);
	if (!ret)
		ret = build_describe(job);
	return ret;
}

int build_run(struct job *job)
{
	int ret = build_new(job);

	if (ret)
		return ret;
	prepare_super(job);
	progress_begin(job->progress, "data", job->plan->count.csum_bytes);
	ret = build_sweep(job);
	if (!ret)
		ret = sort_finish(job->build->inlines);
	progress_end(job->progress);
	if (ret)
		return ret;
	progress_begin(job->progress, "trees", ext_inode_table_bytes(job->ext));
	ret = build_trees(job);
	if (!ret)
		ret = dev_flush(job->dev);
	if (!ret)
		ret = finish_super(job);
	if (!ret) {
		job->build_stats.nr_data_extents = job->plan->count.nr_pieces;
		job->build_stats.bytes_written = job->build->meta.bytes_written + job->build->sys.bytes_written +
						 job->plan_stats.moved_bytes + sort_spilled(job->build->inlines);
	}
	progress_end(job->progress);
	return ret;
}

void build_free(struct build *b)
{
	if (!b)
		return;
	sort_free(b->inlines);
	scratch_free(b->scratch);
	arena_fini(&b->meta);
	arena_fini(&b->sys);
	arena_blocks_fini(&b->forecast);
	free(b);
}

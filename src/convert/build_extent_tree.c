/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The extent tree in logical order: data extents with their references, tree blocks by the forecast, and the block
 * groups between them (or in their own tree).
 */
#include "base/msg.h"
#include "base/status.h"
#include "convert/build.h"

struct extents {
	struct job *job;
	struct btrfs_tree *tree;
	size_t next_group;   /* first chunk whose block group item has not been written */
	bool groups;         /* block group items go into this tree */
	struct btrfs_count count; /* of the items so far */
};

static int add_group(struct job *job, struct btrfs_tree *tree, size_t nr)
{
	const struct btrfs_chunk *c = &job->plan->chunks[nr];
	struct btrfs_key key = { c->logical, BTRFS_BLOCK_GROUP_ITEM, c->len };
	u8 item[BTRFS_BLOCK_GROUP_ITEM_SIZE];

	return btrfs_tree_add(tree, &key, item, btrfs_block_group_encode(item, build_chunk_used(job, nr), c->type));
}

/* Block groups that begin below logical. One that begins at an extent's address comes behind it. */
static int add_groups_below(struct extents *x, u64 logical)
{
	int ret = 0;

	while (!ret && x->groups && x->next_group < x->job->plan->nr_chunks &&
	       x->job->plan->chunks[x->next_group].logical < logical) {
		ret = add_group(x->job, x->tree, x->next_group++);
		btrfs_count_add(&x->count, BTRFS_BLOCK_GROUP_ITEM_SIZE);
	}
	return ret;
}

static u32 piece_refs(const struct place_piece *piece, struct btrfs_data_ref *refs)
{
	u32 nr = 0;

	if (piece->kind == CLAIM_FILE || piece->kind == CLAIM_PREALLOC)
		refs[nr++] = (struct btrfs_data_ref){ BTRFS_FS_TREE, (u64)piece->ino + SCAN_INO_OFFSET,
						      piece->file_offset, 1 };
	if (claim_has_data(piece->kind))
		refs[nr++] = (struct btrfs_data_ref){ PLAN_SAVED_TREE, PLAN_IMAGE_INO, piece->physical, 1 };
	else if (piece->kind == CLAIM_UNINIT)
		refs[nr++] = (struct btrfs_data_ref){ PLAN_SAVED_TREE, PLAN_UNINIT_INO, piece->physical, 1 };
	return nr;
}

static int add_piece(void *ctx, const struct place_piece *piece)
{
	struct extents *x = ctx;
	struct btrfs_key key = { piece->logical, BTRFS_EXTENT_ITEM, piece->len };
	u8 item[BTRFS_EXTENT_ITEM_SIZE + 2 * BTRFS_INLINE_DATA_REF_SIZE];
	struct btrfs_data_ref refs[2];
	u32 nr = piece_refs(piece, refs), size;
	int ret = add_groups_below(x, piece->logical);

	if (ret)
		return ret;
	size = btrfs_data_extent_encode(item, x->job->plan->params.generation, refs, nr);
	btrfs_count_add(&x->count, size);
	return btrfs_tree_add(x->tree, &key, item, size);
}

/* The tree blocks of one arena, by the list given. */
static int add_blocks(struct extents *x, const struct arena *arena, const struct arena_blocks *blocks)
{
	const struct btrfs_params *params = &x->job->plan->params;
	size_t segment = 0, chunk = 0;
	u64 in_chunk = 0;
	int ret = 0;

	for (u64 i = 0; !ret && i < blocks->nr; i++) {
		u8 item[BTRFS_METADATA_ITEM_FAT_BYTES];
		struct btrfs_key key;
		u64 logical;
		u32 size;

		if (in_chunk == arena->chunks[chunk].len / params->nodesize) {
			chunk++;
			in_chunk = 0;
		}
		logical = arena->chunks[chunk].logical + in_chunk++ * params->nodesize;
		while (segment + 1 < blocks->nr_segments && blocks->segments[segment + 1].first <= i)
			segment++;
		ret = add_groups_below(x, logical);
		if (ret)
			break;
		size = btrfs_metadata_item_encode(item, params, logical, blocks->segments[segment].owner,
						  blocks->levels[i], &key);
		ret = btrfs_tree_add(x->tree, &key, item, size);
	}
	return ret;
}

int build_extent_tree(struct job *job)
{
	struct build *b = job->build;
	struct extents x = {
		.job = job,
		.groups = !btrfs_has_compat_ro(&job->plan->params, BTRFS_COMPAT_RO_BLOCK_GROUP_TREE),
	};
	struct place_sink sink = { .piece = add_piece, .ctx = &x };
	int ret = build_open_tree(job, &b->meta, BTRFS_EXTENT_TREE, &x.tree);

	if (ret)
		return ret;
	btrfs_count_init(&x.count, job->plan->params.nodesize);
	ret = place_walk(job, PLACE_BY_LOGICAL, &sink);
	b->data_items = x.count;
	b->data_groups = x.next_group;
	/* the system chunks lie below the metadata chunks in the logical space */
	if (!ret)
		ret = add_blocks(&x, &b->sys, &b->sys.blocks);
	if (!ret)
		ret = add_blocks(&x, &b->meta, &b->forecast);
	if (!ret)
		ret = add_groups_below(&x, ~(u64)0);
	return build_close_tree(job, x.tree, ret, &b->extent);
}

u64 build_count_extent_leaves(const struct job *job, u64 nr_blocks)
{
	const struct plan *plan = job->plan;
	struct btrfs_count c = job->build->data_items;
	bool skinny = btrfs_has_incompat(&plan->params, BTRFS_INCOMPAT_SKINNY_METADATA);
	bool groups = !btrfs_has_compat_ro(&plan->params, BTRFS_COMPAT_RO_BLOCK_GROUP_TREE);
	u32 size = skinny ? BTRFS_METADATA_ITEM_BYTES : BTRFS_METADATA_ITEM_FAT_BYTES;
	size_t first = groups && job->build->data_groups < plan->nr_data ? job->build->data_groups : plan->nr_data;

	for (size_t i = first; i < plan->nr_chunks; i++) {
		u64 nr = i < plan->nr_data ? 0 : build_chunk_used_of(job, i, nr_blocks) / plan->params.nodesize;

		/* the block at the beginning of a group comes before the group, all others behind it */
		if (nr)
			btrfs_count_add(&c, size);
		if (groups)
			btrfs_count_add(&c, BTRFS_BLOCK_GROUP_ITEM_SIZE);
		if (nr > 1)
			btrfs_count_add_many(&c, size, nr - 1);
	}
	return c.nr_leaves + (c.leaf_used != 0);
}

int build_group_tree(struct job *job)
{
	struct btrfs_tree *tree = NULL;
	int ret = build_open_tree(job, &job->build->meta, BTRFS_BLOCK_GROUP_TREE, &tree);

	if (ret)
		return ret;
	for (size_t i = 0; !ret && i < job->plan->nr_chunks; i++)
		ret = add_group(job, tree, i);
	return build_close_tree(job, tree, ret, &job->build->groups);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The small trees, whose content follows from the plan alone: relocation, uuid, device and chunk tree. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/endian.h"
#include "base/msg.h"
#include "btrfs/btrfs_csum.h"
#include "convert/build.h"

/* An empty subvolume: just its root directory. */
int build_reloc(struct job *job)
{
	struct btrfs_key inode_key = { BTRFS_FIRST_FREE, BTRFS_INODE_ITEM, 0 };
	struct btrfs_key ref_key = { BTRFS_FIRST_FREE, BTRFS_INODE_REF, BTRFS_FIRST_FREE };
	struct btrfs_inode inode = {
		.mode = S_IFDIR | 0755,
		.nlink = 1,
		.nbytes = job->plan->params.nodesize,
		.atime = job->build->now,
		.ctime = job->build->now,
		.mtime = job->build->now,
		.otime = job->build->now,
	};
	u8 item[BTRFS_INODE_ITEM_SIZE];
	struct btrfs_tree *tree = NULL;
	int ret = build_open_tree(job, &job->build->meta, BTRFS_DATA_RELOC_TREE, &tree);

	if (ret)
		return ret;
	ret = btrfs_tree_add(tree, &inode_key, item,
			     btrfs_inode_encode(item, &inode, job->plan->params.generation));
	if (!ret)
		ret = btrfs_tree_add(tree, &ref_key, item, btrfs_inode_ref_encode(item, 0, "..", 2));
	return build_close_tree(job, tree, ret, &job->build->reloc);
}

/* A subvolume's id under its uuid, which is the key. */
static struct btrfs_key uuid_key(const u8 uuid[16])
{
	return (struct btrfs_key){ get_le64(uuid), BTRFS_UUID_KEY_SUBVOL, get_le64(uuid + 8) };
}

int build_uuid(struct job *job)
{
	struct btrfs_key fs = uuid_key(job->build->fs_uuid), saved = uuid_key(job->build->saved_uuid);
	bool fs_first = btrfs_key_compare(&fs, &saved) < 0;
	le64 fs_id = cpu_to_le64(BTRFS_FS_TREE), saved_id = cpu_to_le64(PLAN_SAVED_TREE);
	struct btrfs_tree *tree = NULL;
	int ret = build_open_tree(job, &job->build->meta, BTRFS_UUID_TREE, &tree);

	if (ret)
		return ret;
	ret = btrfs_tree_add(tree, fs_first ? &fs : &saved, fs_first ? &fs_id : &saved_id, sizeof(fs_id));
	if (!ret)
		ret = btrfs_tree_add(tree, fs_first ? &saved : &fs, fs_first ? &saved_id : &fs_id, sizeof(fs_id));
	return build_close_tree(job, tree, ret, &job->build->uuid);
}

struct stripe {
	u64 physical;
	const struct btrfs_chunk *chunk;
};

static int compare_stripe(const void *a, const void *b)
{
	const struct stripe *x = a, *y = b;

	return x->physical < y->physical ? -1 : x->physical > y->physical;
}

static int add_dev_extents(struct job *job, struct btrfs_tree *tree)
{
	const struct plan *plan = job->plan;
	struct stripe *stripes = calloc(2 * plan->nr_chunks, sizeof(*stripes));
	u8 item[BTRFS_DEV_EXTENT_SIZE];
	size_t nr = 0;
	int ret = 0;

	if (!stripes)
		return msg_nomem("build");
	for (size_t i = 0; i < plan->nr_chunks; i++)
		for (u32 s = 0; s < plan->chunks[i].nr_stripes; s++)
			stripes[nr++] = (struct stripe){ plan->chunks[i].physical[s], &plan->chunks[i] };
	qsort(stripes, nr, sizeof(*stripes), compare_stripe);
	for (size_t i = 0; !ret && i < nr; i++) {
		struct btrfs_key key = { 1, BTRFS_DEV_EXTENT, stripes[i].physical };

		ret = btrfs_tree_add(tree, &key, item,
				     btrfs_dev_extent_encode(item, stripes[i].chunk, &plan->params));
	}
	free(stripes);
	return ret;
}

int build_dev(struct job *job)
{
	static const u8 no_errors[BTRFS_DEV_STATS_SIZE];
	struct btrfs_key stats = { 0, BTRFS_PERSISTENT_ITEM, 1 };
	struct btrfs_tree *tree = NULL;
	int ret = build_open_tree(job, &job->build->meta, BTRFS_DEV_TREE, &tree);

	if (ret)
		return ret;
	ret = btrfs_tree_add(tree, &stats, no_errors, sizeof(no_errors));
	if (!ret)
		ret = add_dev_extents(job, tree);
	return build_close_tree(job, tree, ret, &job->build->dev);
}

static_assert(BTRFS_CHUNK_SIZE + 2 * BTRFS_STRIPE_SIZE >= BTRFS_DEV_ITEM_BYTES, "both kinds of items fit one buffer");

int build_chunk(struct job *job)
{
	const struct plan *plan = job->plan;
	struct btrfs_key key = { 1, BTRFS_DEV_ITEM, 1 };
	u8 item[BTRFS_CHUNK_SIZE + 2 * BTRFS_STRIPE_SIZE];
	struct btrfs_tree *tree = NULL;
	u32 size;
	int ret = build_open_tree(job, &job->build->sys, BTRFS_CHUNK_TREE, &tree);

	if (ret)
		return ret;
	size = btrfs_dev_item_encode(item, plan->total_bytes, job->build->super.dev_bytes_used, &plan->params);
	ret = btrfs_tree_add(tree, &key, item, size);
	for (size_t i = 0; !ret && i < plan->nr_chunks; i++) {
		key = (struct btrfs_key){ BTRFS_FIRST_FREE, BTRFS_CHUNK_ITEM, plan->chunks[i].logical };
		ret = btrfs_tree_add(tree, &key, item, btrfs_chunk_encode(item, &plan->chunks[i], &plan->params));
	}
	return build_close_tree(job, tree, ret, &job->build->chunk);
}

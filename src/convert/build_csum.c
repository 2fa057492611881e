/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The csum tree: digests of contiguous sectors become items that fill what is left of a leaf, so that leaves are full
 * and the bound of plan_need.c holds.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs_csum.h"
#include "convert/build.h"

/* The longest item that readers accept: two item headers less than a leaf, and one digest less. */
static u32 max_digests(const struct job *job, u32 csum_size)
{
	u32 leaf = btrfs_leaf_space(job->plan->params.nodesize);

	return ((leaf - 2 * BTRFS_ITEM_SIZE) / csum_size - 1) * csum_size;
}

int csum_writer_init(struct csum_writer *w, struct job *job)
{
	*w = (struct csum_writer){ .job = job };
	w->csum_size = btrfs_csum_size(job->plan->params.csum_type);
	w->digests = malloc(job->plan->params.nodesize);
	if (!w->digests)
		return msg_nomem("build");
	return build_open_tree(job, &job->build->meta, BTRFS_CSUM_TREE, &w->tree);
}

static int close_item(struct csum_writer *w)
{
	struct btrfs_key key = { BTRFS_CSUM_OBJECTID, BTRFS_EXTENT_CSUM, w->start };
	int ret;

	if (!w->size)
		return 0;
	ret = btrfs_tree_add(w->tree, &key, w->digests, w->size);
	w->size = 0;
	return ret;
}

int csum_writer_add(struct csum_writer *w, u64 logical, const u8 *digests, u32 nr)
{
	w->job->build_stats.csum_bytes += (u64)nr * SECTOR;
	while (nr) {
		u32 take;

		if (w->size && (logical != w->next || w->size == w->room)) {
			int ret = close_item(w);

			if (ret)
				return ret;
		}
		if (!w->size) {
			u32 max = max_digests(w->job, w->csum_size);
			u32 room = btrfs_tree_room(w->tree) / w->csum_size * w->csum_size;

			w->room = room && room < max ? room : max;
			w->start = logical;
		}
		take = (u32)min_u64(nr, (w->room - w->size) / w->csum_size);
		memcpy(w->digests + w->size, digests, (size_t)take * w->csum_size);
		w->size += take * w->csum_size;
		digests += (size_t)take * w->csum_size;
		nr -= take;
		logical += (u64)take * SECTOR;
		w->next = logical;
	}
	return 0;
}

int csum_writer_finish(struct csum_writer *w)
{
	int ret = close_item(w);

	ret = build_close_tree(w->job, w->tree, ret, &w->job->build->csum);
	w->tree = NULL;
	return ret;
}

void csum_writer_fini(struct csum_writer *w)
{
	btrfs_tree_free(w->tree);
	free(w->digests);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One whole tree as verify sees it: every block is counted and noted, and the item at hand stays until the next is
 * asked for, so that several trees can be walked side by side.
 */
#include <string.h>

#include "base/status.h"
#include "convert/verify_private.h"

static int note_block(void *ctx, u64 logical, u64 owner, u8 level)
{
	struct verify_walk *w = ctx;
	struct verify *v = w->v;
	unsigned int nr;

	verify_sum_add(&w->tally->blocks_met, verify_mix(verify_mix(logical, owner), level), 1);
	w->nr_blocks++;
	nr = __atomic_add_fetch(&v->nr_blocks, 1, __ATOMIC_RELAXED);
	if (w->tally == &v->files && nr % 64 == 0) /* one thread only draws */
		progress_update(v->watch.progress, (u64)nr * v->info->nodesize);
	return v->watch.stop && *v->watch.stop ? ERR_STOPPED : 0;
}

int verify_walk_open(struct verify *v, struct verify_tally *tally, const struct verify_root *root,
		     struct verify_walk *w)
{
	int ret;

	memset(w, 0, sizeof(*w));
	w->v = v;
	w->tally = tally;
	w->root = root;
	ret = btrfs_walk_new(v->reader, root->id, root->logical, root->level, NULL, note_block, w, &w->walk);
	return ret ? ret : verify_walk_next(w);
}

int verify_walk_next(struct verify_walk *w)
{
	int ret = btrfs_walk_next(w->walk, &w->item);

	w->has_item = ret == 1;
	w->tally->counts.nr_items += w->has_item;
	return ret < 0 ? ret : 0;
}

int verify_walk_finish(struct verify_walk *w)
{
	const struct verify_root *root = w->root;
	u64 bytes = w->nr_blocks * w->v->info->nodesize;

	if (w->has_item)
		return verify_bad_item(w, "nothing else has to do with it");
	w->tally->counts.nr_blocks += w->nr_blocks;
	if (root->bytes_used && root->bytes_used != bytes)
		return verify_bug("tree %lld: its root item counts %llu bytes, its blocks are %llu",
				  (long long)root->id, (unsigned long long)root->bytes_used,
				  (unsigned long long)bytes);
	return 0;
}

void verify_walk_close(struct verify_walk *w)
{
	btrfs_walk_free(w->walk);
	w->walk = NULL;
	w->has_item = false;
}

int verify_bad_item(const struct verify_walk *w, const char *what)
{
	const struct btrfs_key *key = &w->item.key;

	return verify_bug("tree %lld, item (%lld %u %llu): %s", (long long)w->root->id, (long long)key->objectid,
			  key->type, (unsigned long long)key->offset, what);
}

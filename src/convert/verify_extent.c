/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The extent tree, extent by extent: each with its references, inline and keyed, in the order that kernels demand. The
 * references go into the sums; where the extent lies is for others to judge.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs_csum.h"
#include "convert/verify_private.h"

/* The kernel makes no longer ones, and cannot always move them. */
#define MAX_EXTENT_LEN (128 * MIB)

/* A keyed reference moves up by one for each other one with the same hash. */
#define MAX_HASH_MOVES 256u

struct verify_extents {
	struct verify_walk walk;
	bool skinny;
	bool taken;      /* the item at hand (a block group) was given away: move on first */
	u32 nr_hashes;   /* of the inline references of the extent at hand */
	u64 hashes[64 * KIB / sizeof(struct btrfs_inline_data_ref_disk)];
};

int verify_extents_new(struct verify *v, struct verify_extents **out)
{
	struct verify_extents *e = calloc(1, sizeof(*e));
	int ret;

	*out = NULL;
	if (!e)
		return msg_nomem("verify");
	e->skinny = (v->info->incompat & BTRFS_INCOMPAT_SKINNY_METADATA) != 0;
	ret = verify_walk_open(v, &v->space, verify_find_root(v, BTRFS_EXTENT_TREE), &e->walk);
	if (ret) {
		verify_extents_free(e);
		return ret;
	}
	*out = e;
	return 0;
}

void verify_extents_free(struct verify_extents *e)
{
	if (!e)
		return;
	verify_walk_close(&e->walk);
	free(e);
}

int verify_extents_finish(struct verify_extents *e)
{
	return verify_walk_finish(&e->walk);
}

/* --- tree blocks --- */

/* One reference, by the tree that the block belongs to. */
static int take_tree_block(struct verify_extents *e, const struct btrfs_extent_item_disk *d,
			   struct verify_extent *extent)
{
	const struct verify_walk *w = &e->walk;
	const u32 info_size = e->skinny ? 0 : sizeof(struct btrfs_tree_block_info_disk);
	const struct btrfs_inline_tree_ref_disk *ref = (const void *)((const u8 *)(d + 1) + info_size);
	u64 level = w->item.key.offset;

	if (w->item.size != sizeof(*d) + info_size + sizeof(*ref))
		return verify_bad_item(w, "wrong size");
	if (!e->skinny) {
		level = ((const struct btrfs_tree_block_info_disk *)(d + 1))->level;
		if (w->item.key.offset != w->v->info->nodesize)
			return verify_bad_item(w, "wrong length");
	}
	if (level >= BTRFS_MAX_LEVEL)
		return verify_bad_item(w, "wrong level");
	if (le64_to_cpu(d->refs) != 1 || ref->type != BTRFS_TREE_BLOCK_REF || !ref->root)
		return verify_bad_item(w, "not one reference by a tree");
	extent->len = w->v->info->nodesize;
	extent->owner = le64_to_cpu(ref->root);
	verify_sum_add(&w->tally->blocks_listed, verify_mix(verify_mix(extent->start, extent->owner), level), 1);
	return 0;
}

/* --- data --- */

static u64 hash_of(const struct btrfs_data_ref_disk *d)
{
	return btrfs_data_ref_hash(le64_to_cpu(d->root), le64_to_cpu(d->objectid), le64_to_cpu(d->offset));
}

static bool same_ref(const struct btrfs_data_ref_disk *a, const struct btrfs_data_ref_disk *b)
{
	return a->root == b->root && a->objectid == b->objectid && a->offset == b->offset;
}

static int take_ref(struct verify_extents *e, const struct verify_extent *extent, const struct btrfs_data_ref_disk *d,
		    u64 *total)
{
	u32 count = le32_to_cpu(d->count);
	u64 hash = verify_mix(verify_mix(extent->start, extent->len), le64_to_cpu(d->root));

	if (!count)
		return verify_bad_item(&e->walk, "a reference with count 0");
	hash = verify_mix(verify_mix(hash, le64_to_cpu(d->objectid)), le64_to_cpu(d->offset));
	verify_sum_add(&e->walk.tally->refs_listed, hash, count);
	*total += count;
	return 0;
}

/* References inside the item, by descending hash. */
static int take_inline_refs(struct verify_extents *e, const struct verify_extent *extent, u64 *total)
{
	const struct verify_walk *w = &e->walk;
	const struct btrfs_inline_data_ref_disk *refs =
		(const void *)(w->item.data + sizeof(struct btrfs_extent_item_disk));
	u32 size = w->item.size - (u32)sizeof(struct btrfs_extent_item_disk);
	u32 i, nr = size / (u32)sizeof(*refs);
	int ret = 0;

	if (size % sizeof(*refs))
		return verify_bad_item(w, "wrong size");
	for (i = 0; !ret && i < nr; i++) {
		if (refs[i].type != BTRFS_EXTENT_DATA_REF)
			return verify_bad_item(w, "an inline reference of another type");
		e->hashes[i] = hash_of(&refs[i].ref);
		if (i > 0 && (e->hashes[i - 1] < e->hashes[i] || same_ref(&refs[i - 1].ref, &refs[i].ref)))
			return verify_bad_item(w, "inline references do not descend");
		ret = take_ref(e, extent, &refs[i].ref, total);
	}
	e->nr_hashes = nr;
	return ret;
}

/* True when an inline reference has this hash: the list descends. */
static bool is_inline(const struct verify_extents *e, u64 hash)
{
	u32 low = 0, high = e->nr_hashes;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (e->hashes[mid] == hash)
			return true;
		if (e->hashes[mid] > hash)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* Items behind the extent's own: one reference each. */
static int take_keyed_refs(struct verify_extents *e, const struct verify_extent *extent, u64 *total)
{
	struct verify_walk *w = &e->walk;
	int ret = 0;

	while (!ret && verify_at(w, extent->start, BTRFS_EXTENT_DATA_REF)) {
		const struct btrfs_data_ref_disk *d = (const struct btrfs_data_ref_disk *)w->item.data;
		u64 hash;

		if (w->item.size != sizeof(*d))
			return verify_bad_item(w, "wrong size");
		hash = hash_of(d);
		if (w->item.key.offset - hash > MAX_HASH_MOVES)
			return verify_bad_item(w, "the key is not the hash of the reference");
		if (is_inline(e, hash))
			return verify_bad_item(w, "the reference is there inline as well");
		ret = take_ref(e, extent, d, total);
		if (!ret)
			ret = verify_walk_next(w);
	}
	return ret;
}

static int take_data(struct verify_extents *e, const struct btrfs_extent_item_disk *d, struct verify_extent *extent)
{
	struct verify_walk *w = &e->walk;
	u64 total = 0;
	int ret;

	extent->len = w->item.key.offset;
	extent->refs = le64_to_cpu(d->refs);
	if (extent->start % SECTOR || !extent->len || extent->len % SECTOR || extent->len > MAX_EXTENT_LEN)
		return verify_bad_item(w, "wrong address or length");
	ret = take_inline_refs(e, extent, &total);
	if (!ret)
		ret = verify_walk_next(w);
	if (!ret)
		ret = take_keyed_refs(e, extent, &total);
	if (!ret && (total != extent->refs || !total))
		ret = verify_bug("extent at %llu: %llu references, %llu counted", (unsigned long long)extent->start,
				 (unsigned long long)extent->refs, (unsigned long long)total);
	return ret;
}

static int take_extent(struct verify_extents *e, struct verify_extent *extent)
{
	struct verify_walk *w = &e->walk;
	const struct btrfs_extent_item_disk *d = (const struct btrfs_extent_item_disk *)w->item.data;
	int ret;

	memset(extent, 0, sizeof(*extent));
	extent->start = w->item.key.objectid;
	if (w->item.size < sizeof(*d))
		return verify_bad_item(w, "wrong size");
	if (le64_to_cpu(d->generation) != w->v->info->generation)
		return verify_bad_item(w, "wrong generation");
	switch (le64_to_cpu(d->flags)) {
	case BTRFS_EXTENT_FLAG_DATA:
		if (w->item.key.type != BTRFS_EXTENT_ITEM)
			return verify_bad_item(w, "data under the key of a tree block");
		return take_data(e, d, extent);
	case BTRFS_EXTENT_FLAG_TREE_BLOCK:
		if (w->item.key.type != (e->skinny ? BTRFS_METADATA_ITEM : BTRFS_EXTENT_ITEM))
			return verify_bad_item(w, "a tree block under the wrong key");
		ret = take_tree_block(e, d, extent);
		return ret ? ret : verify_walk_next(w);
	default:
		return verify_bad_item(w, "wrong flags");
	}
}

int verify_extents_next(struct verify_extents *e, struct verify_extent *extent, const struct btrfs_item **group)
{
	struct verify_walk *w = &e->walk;
	int ret;

	if (e->taken) {
		e->taken = false;
		ret = verify_walk_next(w);
		if (ret)
			return ret;
	}
	if (!w->has_item)
		return 0;
	switch (w->item.key.type) {
	case BTRFS_EXTENT_ITEM:
	case BTRFS_METADATA_ITEM:
		ret = take_extent(e, extent);
		return ret ? ret : 1;
	case BTRFS_BLOCK_GROUP_ITEM:
		memset(extent, 0, sizeof(*extent));
		*group = &w->item;
		e->taken = true;
		return 1;
	default:
		return verify_bad_item(w, "an item of this type has no place here");
	}
}

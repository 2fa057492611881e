/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checksum tree: which ranges have checksums. An extent has them all or has none, and nothing else has any.
 * Their values are not compared: that would read all data once more.
 */
#include "base/arith.h"
#include "base/status.h"
#include "btrfs/btrfs_csum.h"
#include "convert/verify_private.h"

/* Takes the item at hand, when there is one; else nothing is left. */
static int take_item(struct verify_csums *c, u64 last_end)
{
	const struct verify_walk *w = &c->walk;
	const struct btrfs_super_info *info = w->v->info;
	u32 digest = btrfs_csum_size(info->csum_type);
	u32 limit = (btrfs_leaf_space(info->nodesize) - 2 * BTRFS_ITEM_SIZE) / digest - 1;

	c->start = c->end = (u64)-1;
	if (!w->has_item)
		return 0;
	if (w->item.key.objectid != BTRFS_CSUM_OBJECTID || w->item.key.type != BTRFS_EXTENT_CSUM)
		return verify_bad_item(w, "an item of this type has no place here");
	if (!w->item.size || w->item.size % digest || w->item.size / digest > limit)
		return verify_bad_item(w, "wrong size");
	c->start = w->item.key.offset;
	if (c->start % SECTOR || c->start < last_end ||
	    add_overflows(c->start, (u64)(w->item.size / digest) * SECTOR, &c->end))
		return verify_bad_item(w, "not aligned, or it overlaps the one before");
	return 0;
}

int verify_csums_open(struct verify *v, struct verify_csums *c)
{
	int ret = verify_walk_open(v, &v->space, verify_find_root(v, BTRFS_CSUM_TREE), &c->walk);

	return ret ? ret : take_item(c, 0);
}

static int bad_range(u64 start, u64 len, const char *what)
{
	return verify_bug("checksums: extent of %llu bytes at %llu: %s", (unsigned long long)len,
			  (unsigned long long)start, what);
}

int verify_csums_extent(struct verify_csums *c, u64 start, u64 len, bool *covered)
{
	u64 pos = start, end = start + len;
	int ret;

	*covered = false;
	if (c->start < start)
		return bad_range(start, len, "something before it that is no data has checksums");
	if (c->start >= end)
		return 0;
	while (pos < end) {
		if (c->start != pos)
			return bad_range(start, len, "only a part of it has checksums");
		pos = min_u64(end, c->end);
		c->start = pos;
		if (pos != c->end)
			continue;
		ret = verify_walk_next(&c->walk);
		if (!ret)
			ret = take_item(c, c->end);
		if (ret)
			return ret;
	}
	*covered = true;
	return 0;
}

int verify_csums_finish(struct verify_csums *c)
{
	if (c->start != (u64)-1)
		return bad_range(c->start, c->end - c->start, "it has checksums but does not exist");
	return verify_walk_finish(&c->walk);
}

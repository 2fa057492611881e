/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Space, in the order of addresses: chunks, their block groups, the extents in them, the free runs between those, and
 * the checksums of data, each from its own tree, side by side. Nothing is remembered but the place where all of them
 * are.
 */
#include <stdlib.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "convert/verify_private.h"

/* On the device; the homes of superblocks and of boot loaders. */
static const struct range superblock_places[] = {
	{ 0, MIB },
	{ 64 * MIB, 64 * KIB },
	{ 256 * GIB, 64 * KIB },
};

struct space {
	struct verify *v;
	struct verify_extents *extents;
	struct verify_csums csums;
	struct verify_free free;
	struct verify_walk groups;       /* with a tree of their own */
	bool has_free_tree, has_group_tree;
	const struct btrfs_chunk *chunk; /* at hand */
	const struct btrfs_chunk *end;
	u64 pos;                         /* end of the last extent in it */
	u64 used;                        /* by its extents */
	u64 group_used;                  /* by its block group */
	bool has_group;
	u64 total_used;
};

static int bad_chunk(const struct space *s, const char *what)
{
	return verify_bug("chunk at %llu: %s", (unsigned long long)s->chunk->logical, what);
}

static int bad_extent(const struct verify_extent *extent, const char *what)
{
	return verify_bug("%s at %llu: %s", extent->owner ? "tree block" : "extent", (unsigned long long)extent->start,
			  what);
}

/* --- block groups --- */

static int take_group(struct space *s, const struct btrfs_item *item)
{
	const struct btrfs_block_group_disk *d = (const struct btrfs_block_group_disk *)item->data;

	if (item->key.objectid != s->chunk->logical || item->key.offset != s->chunk->len || s->has_group)
		return bad_chunk(s, "the block group here is not the chunk's");
	if (item->size != sizeof(*d) || le64_to_cpu(d->chunk_objectid) != BTRFS_FIRST_CHUNK_OBJECTID ||
	    le64_to_cpu(d->flags) != s->chunk->type)
		return bad_chunk(s, "its block group is of another type");
	s->group_used = le64_to_cpu(d->used);
	s->has_group = true;
	return 0;
}

/* --- chunks --- */

static int open_chunk(struct space *s)
{
	int ret = 0;

	s->pos = s->chunk->logical;
	s->used = 0;
	s->has_group = false;
	if (s->has_free_tree)
		ret = verify_free_begin(&s->free, s->chunk);
	if (!ret && s->has_group_tree) {
		if (!verify_at(&s->groups, s->chunk->logical, BTRFS_BLOCK_GROUP_ITEM))
			return bad_chunk(s, "its block group is missing");
		ret = take_group(s, &s->groups.item);
		if (!ret)
			ret = verify_walk_next(&s->groups);
	}
	return ret;
}

/* Everything from the last extent to here is free. */
static int take_gap(struct space *s, u64 to)
{
	if (s->pos == to || !s->has_free_tree)
		return 0;
	return verify_free_run(&s->free, s->pos, to - s->pos);
}

static int close_chunk(struct space *s)
{
	int ret = take_gap(s, s->chunk->logical + s->chunk->len);

	if (!ret && s->has_free_tree)
		ret = verify_free_end(&s->free);
	if (ret)
		return ret;
	if (!s->has_group)
		return bad_chunk(s, "its block group is missing");
	if (s->group_used != s->used)
		return verify_bug("chunk at %llu: its extents take %llu bytes, its block group says %llu",
				  (unsigned long long)s->chunk->logical, (unsigned long long)s->used,
				  (unsigned long long)s->group_used);
	s->total_used += s->used;
	return 0;
}

/* Closes chunks until the one that reaches beyond address. */
static int move_to(struct space *s, u64 address)
{
	while (address >= s->chunk->logical + s->chunk->len) {
		int ret = close_chunk(s);

		if (ret)
			return ret;
		if (++s->chunk == s->end)
			return verify_bug("something at %llu lies in no chunk", (unsigned long long)address);
		ret = open_chunk(s);
		if (ret)
			return ret;
	}
	return 0;
}

/* --- extents --- */

static int check_place(const struct space *s, const struct verify_extent *extent)
{
	u64 at = extent->start - s->chunk->logical;
	u64 type = BTRFS_BLOCK_GROUP_DATA;
	size_t i, n;

	if (extent->start < s->pos)
		return bad_extent(extent, "it overlaps the extent before, or lies in no chunk");
	if (extent->len > s->chunk->len - at)
		return bad_extent(extent, "it reaches beyond its chunk");
	if (extent->owner)
		type = extent->owner == BTRFS_CHUNK_TREE ? BTRFS_BLOCK_GROUP_SYSTEM : BTRFS_BLOCK_GROUP_METADATA;
	if (!(s->chunk->type & type))
		return bad_extent(extent, "its chunk is of another type");
	if (extent->owner && (extent->start % extent->len || at % extent->len))
		return bad_extent(extent, "it is not aligned");
	for (i = 0; i < s->chunk->nr_stripes; i++) {
		for (n = 0; n < ARRAY_SIZE(superblock_places); n++) {
			const struct range *place = &superblock_places[n];
			u64 physical = s->chunk->physical[i] + at;

			if (physical < place->start + place->len && place->start < physical + extent->len)
				return bad_extent(extent, "it lies in the place of a superblock");
		}
	}
	return 0;
}

static int take_extent(struct space *s, const struct verify_extent *extent)
{
	struct verify_tally *tally = &s->v->space;
	bool has_csums;
	int ret;

	ret = move_to(s, extent->start);
	if (!ret)
		ret = check_place(s, extent);
	if (!ret)
		ret = take_gap(s, extent->start);
	if (ret)
		return ret;
	s->pos = extent->start + extent->len;
	s->used += extent->len;
	if (extent->owner)
		return 0;

	ret = verify_csums_extent(&s->csums, extent->start, extent->len, &has_csums);
	if (ret)
		return ret;
	verify_sum_add(has_csums ? &tally->csums_listed : &tally->plain_listed, extent->start, extent->refs);
	tally->counts.found.csum_bytes += has_csums ? extent->len : 0;
	tally->counts.extent_bytes += extent->len;
	tally->counts.nr_extents++;
	return 0;
}

/* --- all of it --- */

static int open_trees(struct space *s)
{
	const struct verify_root *free_root = verify_find_root(s->v, BTRFS_FREE_SPACE_TREE);
	const struct verify_root *group_root = verify_find_root(s->v, BTRFS_BLOCK_GROUP_TREE);
	size_t nr;
	int ret;

	s->has_free_tree = free_root != NULL;
	s->has_group_tree = group_root != NULL;
	s->chunk = btrfs_reader_chunks(s->v->reader, &nr); /* at least that of the chunk tree */
	s->end = s->chunk + nr;
	ret = verify_extents_new(s->v, &s->extents);
	if (!ret)
		ret = verify_csums_open(s->v, &s->csums);
	if (!ret && s->has_free_tree)
		ret = verify_walk_open(s->v, &s->v->space, free_root, &s->free.walk);
	if (!ret && s->has_group_tree)
		ret = verify_walk_open(s->v, &s->v->space, group_root, &s->groups);
	return ret ? ret : open_chunk(s);
}

static int take_all(struct space *s)
{
	const struct btrfs_item *group;
	struct verify_extent extent;
	int ret;

	while ((ret = verify_extents_next(s->extents, &extent, &group)) == 1) {
		if (extent.len) {
			ret = take_extent(s, &extent);
		} else if (s->has_group_tree) {
			ret = bad_chunk(s, "its block group is in the extent tree as well");
		} else {
			ret = move_to(s, group->key.objectid);
			if (!ret)
				ret = take_group(s, group);
		}
		if (ret)
			return ret;
	}
	if (ret)
		return ret;
	ret = close_chunk(s);
	while (!ret && ++s->chunk != s->end) {
		ret = open_chunk(s);
		if (!ret)
			ret = close_chunk(s);
	}
	return ret;
}

static int finish(struct space *s)
{
	int ret = verify_extents_finish(s->extents);

	if (!ret)
		ret = verify_csums_finish(&s->csums);
	if (!ret && s->has_free_tree)
		ret = verify_walk_finish(&s->free.walk);
	if (!ret && s->has_group_tree)
		ret = verify_walk_finish(&s->groups);
	if (!ret && s->total_used != s->v->info->bytes_used)
		ret = verify_bug("all extents take %llu bytes, the superblock says %llu",
				 (unsigned long long)s->total_used, (unsigned long long)s->v->info->bytes_used);
	return ret;
}

int verify_space(struct verify *v)
{
	struct space *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return msg_nomem("verify");
	s->v = v;
	ret = open_trees(s);
	if (!ret)
		ret = take_all(s);
	if (!ret)
		ret = finish(s);
	verify_extents_free(s->extents);
	verify_walk_close(&s->csums.walk);
	verify_walk_close(&s->free.walk);
	verify_walk_close(&s->groups);
	free(s);
	return ret;
}

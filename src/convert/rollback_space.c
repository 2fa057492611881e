/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds 64 KiB for the journal record that neither file system uses: outside of all chunks of the btrfs when there is
 * such a place, else inside a chunk where no extent lies.
 */
#include <stdlib.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "base/vec.h"
#include "convert/plan.h"
#include "convert/rollback.h"

struct busy {
	struct range *ranges;
	size_t nr, cap;
};

static int add_busy(struct busy *b, u64 start, u64 len)
{
	struct range *last = b->nr ? &b->ranges[b->nr - 1] : NULL;
	void *grown;

	if (last && start >= last->start && start <= last->start + last->len) {
		last->len = max_u64(last->len, start + len - last->start);
		return 0;
	}
	grown = vec_grow(b->ranges, &b->cap, b->nr, sizeof(*b->ranges));
	if (!grown)
		return msg_nomem("roll back");
	b->ranges = grown;
	b->ranges[b->nr++] = (struct range){ start, len };
	return 0;
}

static int note_used(void *ctx, u64 start, u64 len)
{
	return add_busy(ctx, start, len);
}

static int add_chunks(struct rollback *r, struct busy *b)
{
	size_t nr;
	const struct btrfs_chunk *chunks = btrfs_reader_chunks(r->reader, &nr);
	int ret = 0;

	for (size_t i = 0; !ret && i < nr; i++)
		for (u32 s = 0; !ret && s < chunks[i].nr_stripes; s++)
			ret = add_busy(b, chunks[i].physical[s], chunks[i].len);
	return ret;
}

static const struct btrfs_chunk *find_chunk(const struct rollback *r, u64 logical)
{
	size_t nr;
	const struct btrfs_chunk *chunks = btrfs_reader_chunks(r->reader, &nr);

	for (size_t i = 0; i < nr; i++)
		if (logical >= chunks[i].logical && logical - chunks[i].logical < chunks[i].len)
			return &chunks[i];
	return NULL;
}

/* Every extent of the extent tree, on all its stripes. */
static int add_extents(struct rollback *r, struct busy *b)
{
	u32 nodesize = btrfs_reader_super(r->reader)->nodesize;
	const struct btrfs_chunk *chunk = NULL;
	struct btrfs_walk *walk = NULL;
	struct btrfs_item item;
	u64 logical;
	u8 level;
	int ret = btrfs_reader_find_root(r->reader, BTRFS_EXTENT_TREE, &logical, &level, NULL);

	if (ret <= 0)
		return ret;
	ret = btrfs_walk_new(r->reader, BTRFS_EXTENT_TREE, logical, level, NULL, NULL, NULL, &walk);
	while (!ret && (ret = btrfs_walk_next(walk, &item)) == 1) {
		u64 len = item.key.type == BTRFS_METADATA_ITEM ? nodesize : item.key.offset;

		ret = 0;
		if (item.key.type != BTRFS_METADATA_ITEM && item.key.type != BTRFS_EXTENT_ITEM)
			continue;
		if (!chunk || item.key.objectid < chunk->logical || item.key.objectid - chunk->logical >= chunk->len)
			chunk = find_chunk(r, item.key.objectid);
		for (u32 s = 0; !ret && chunk && s < chunk->nr_stripes; s++)
			ret = add_busy(b, chunk->physical[s] + (item.key.objectid - chunk->logical), len);
	}
	btrfs_walk_free(walk);
	return ret;
}

static int compare_start(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* The first aligned gap of the size of a record above the first MiB; 0 when there is none. */
static u64 find_gap(struct busy *b, u64 size)
{
	u64 pos = MIB;

	qsort(b->ranges, b->nr, sizeof(*b->ranges), compare_start);
	for (size_t i = 0; i <= b->nr; i++) {
		u64 end = i < b->nr ? b->ranges[i].start : size;
		u64 at = round_up(pos, JOURNAL_AREA);

		while (plan_is_reserved(at))
			at += JOURNAL_AREA;
		if (at < end && end - at >= JOURNAL_AREA)
			return at;
		if (i < b->nr)
			pos = max_u64(pos, b->ranges[i].start + b->ranges[i].len);
	}
	return 0;
}

int rollback_find_space(struct rollback *r, u64 *address)
{
	const struct btrfs_super_info *super = btrfs_reader_super(r->reader);
	u64 size = min_u64(super->total_bytes, r->job->dev->size);
	int nr_ways = super->log_root ? 1 : 2; /* the extent tree does not know what a log holds */
	int ret = 0;

	*address = 0;
	for (int precise = 0; !ret && !*address && precise < nr_ways; precise++) {
		struct busy b = { 0 };

		ret = ext_used_iterate(r->ext_job->ext, note_used, &b);
		if (!ret)
			ret = precise ? add_extents(r, &b) : add_chunks(r, &b);
		if (!ret)
			*address = find_gap(&b, size);
		free(b.ranges);
	}
	if (ret || *address)
		return ret;
	msg_err("%s: roll back is not possible: there are no 64 KiB that both file systems leave free; delete some "
		"files. Nothing was written.",
		r->job->config.device);
	return ERR_NOROOM;
}

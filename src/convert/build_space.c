/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The free space tree: for each block group its free runs, as extents or, when there are many, as bitmaps, by the same
 * rule by which the kernel switches between the two forms.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "base/vec.h"
#include "convert/build.h"

/* A bitmap item covers this many bits of one sector each. */
#define BITMAP_BITS 2048u
#define BITMAP_SPAN ((u64)BITMAP_BITS * SECTOR)

struct space {
	struct job *job;
	struct btrfs_tree *tree;
	size_t group;       /* chunk whose free runs are being collected */
	u64 pos;            /* end of the last extent in it */
	struct range *runs;
	size_t nr_runs, cap_runs;
};

static int add_run(struct space *s, u64 start, u64 end)
{
	void *grown;

	if (start >= end)
		return 0;
	grown = vec_grow(s->runs, &s->cap_runs, s->nr_runs, sizeof(*s->runs));
	if (!grown)
		return msg_nomem("build");
	s->runs = grown;
	s->runs[s->nr_runs++] = (struct range){ start, end - start };
	return 0;
}

/* The kernel keeps a group as bitmaps when its extents would take more room than they. */
static bool wants_bitmaps(const struct btrfs_chunk *c, size_t nr_runs)
{
	u64 bitmaps_size = div_up(c->len, BITMAP_SPAN) * (BTRFS_ITEM_SIZE + BITMAP_BITS / 8);

	return nr_runs > bitmaps_size / BTRFS_ITEM_SIZE;
}

static int write_extents(struct space *s)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < s->nr_runs; i++) {
		struct btrfs_key key = { s->runs[i].start, BTRFS_FREE_SPACE_EXTENT, s->runs[i].len };

		ret = btrfs_tree_add(s->tree, &key, NULL, 0);
	}
	return ret;
}

static int write_bitmaps(struct space *s, const struct btrfs_chunk *c)
{
	u64 end = c->logical + c->len;
	size_t run = 0;
	int ret = 0;

	for (u64 start = c->logical; !ret && start < end; start += BITMAP_SPAN) {
		u64 span = min_u64(BITMAP_SPAN, end - start);
		struct btrfs_key key = { start, BTRFS_FREE_SPACE_BITMAP, span };
		u8 bits[BITMAP_BITS / 8] = { 0 };

		while (run < s->nr_runs && s->runs[run].start < start + span) {
			u64 from = max_u64(s->runs[run].start, start);
			u64 to = min_u64(s->runs[run].start + s->runs[run].len, start + span);

			for (u64 bit = (from - start) / SECTOR; bit < (to - start) / SECTOR; bit++)
				bits[bit / 8] |= (u8)(1 << bit % 8);
			if (to == start + span)
				break;
			run++;
		}
		ret = btrfs_tree_add(s->tree, &key, bits, (u32)div_up(span / SECTOR, 8));
	}
	return ret;
}

/* All runs of the group are known: writes them, and begins the next group. */
static int close_group(struct space *s)
{
	const struct btrfs_chunk *c = &s->job->plan->chunks[s->group];
	struct btrfs_key key = { c->logical, BTRFS_FREE_SPACE_INFO, c->len };
	u8 info[BTRFS_FREE_SPACE_INFO_SIZE];
	bool bitmaps;
	int ret = add_run(s, s->pos, c->logical + c->len);

	if (ret)
		return ret;
	bitmaps = wants_bitmaps(c, s->nr_runs);
	ret = btrfs_tree_add(s->tree, &key, info, btrfs_free_space_info_encode(info, (u32)s->nr_runs, bitmaps));
	if (!ret)
		ret = bitmaps ? write_bitmaps(s, c) : write_extents(s);
	s->nr_runs = 0;
	s->group++;
	if (s->group < s->job->plan->nr_chunks)
		s->pos = s->job->plan->chunks[s->group].logical;
	return ret;
}

static int space_piece(void *ctx, const struct place_piece *piece)
{
	struct space *s = ctx;
	int ret = 0;

	while (!ret && piece->logical >= s->job->plan->chunks[s->group].logical + s->job->plan->chunks[s->group].len)
		ret = close_group(s);
	if (!ret)
		ret = add_run(s, s->pos, piece->logical);
	s->pos = piece->logical + piece->len;
	return ret;
}

int build_space_tree(struct job *job)
{
	struct space s = { .job = job, .pos = job->plan->chunks[0].logical };
	struct place_sink sink = { .piece = space_piece, .ctx = &s };
	int ret = build_open_tree(job, &job->build->meta, BTRFS_FREE_SPACE_TREE, &s.tree);

	if (ret)
		return ret;
	ret = place_walk(job, PLACE_BY_LOGICAL, &sink);
	while (!ret && s.group < job->plan->nr_chunks) {
		if (s.group >= job->plan->nr_data)
			s.pos = job->plan->chunks[s.group].logical + build_chunk_used(job, s.group);
		ret = close_group(&s);
	}
	free(s.runs);
	return build_close_tree(job, s.tree, ret, &job->build->space);
}

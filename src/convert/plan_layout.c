/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One attempt at a layout. Gaps of at least the threshold stay outside the data chunks; from them come, in this
 * order, the new places of what is moved, the journal record, the system chunks and the metadata chunks. The rest is
 * unallocated space for the kernel. Data chunks are mapped logical = physical; metadata and system chunks lie above
 * the device in the logical space.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "base/vec.h"
#include "btrfs/btrfs_super.h"
#include "convert/plan.h"

#define MAX_CHUNK GIB

struct layout {
	struct job *job;
	struct plan *plan;
	const struct plan_attempt *attempt;
	struct plan_need need;
	u64 max_data, max_meta;
	u64 next_logical;   /* of metadata and system chunks */
	u32 copies;
};

static int add_chunk(struct plan *plan, u64 type, u64 logical, u64 len, const u64 *physical, u32 nr_stripes)
{
	struct btrfs_chunk *c = vec_grow(plan->chunks, &plan->cap_chunks, plan->nr_chunks, sizeof(*c));

	if (!c)
		return msg_nomem("plan");
	plan->chunks = c;
	c = &plan->chunks[plan->nr_chunks++];
	*c = (struct btrfs_chunk){ .logical = logical, .len = len, .type = type, .nr_stripes = nr_stripes };
	for (u32 i = 0; i < nr_stripes; i++)
		c->physical[i] = physical[i];
	return 0;
}

/* --- the pool: free ranges ascending by length --- */

static int compare_len(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return x->start < y->start ? 1 : -1; /* of equal ones the first on the device is taken first */
}

static int fill_pool(struct plan *plan, u64 threshold)
{
	size_t nr = 0;

	free(plan->pool);
	plan->pool = calloc(plan->nr_gaps + PLAN_NR_RESERVED + 1, sizeof(*plan->pool));
	plan->nr_pool = 0;
	if (!plan->pool)
		return msg_nomem("plan");
	for (size_t i = 0; i < plan->nr_gaps; i++) {
		u64 start = plan->gaps[i].start, end = start + plan->gaps[i].len;

		if (plan->gaps[i].len < threshold)
			continue;
		for (size_t r = 0; r < PLAN_NR_RESERVED; r++) {
			u64 r_start = plan_reserved[r].start, r_end = r_start + plan_reserved[r].len;

			if (start >= r_end || end <= r_start)
				continue;
			if (r_start > start)
				plan->pool[nr++] = (struct range){ start, r_start - start };
			start = r_end;
		}
		if (start < end)
			plan->pool[nr++] = (struct range){ start, end - start };
	}
	qsort(plan->pool, nr, sizeof(*plan->pool), compare_len);
	plan->nr_pool = nr;
	return 0;
}

/* Index of the shortest range of at least len; nr_pool when none is. */
static size_t find_fit(const struct plan *plan, u64 len)
{
	size_t lo = 0, hi = plan->nr_pool;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (plan->pool[mid].len < len)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Takes len bytes from the front of range i, and keeps the order. */
static u64 take_front(struct plan *plan, size_t i, u64 len)
{
	struct range rest = plan->pool[i];
	u64 start = rest.start;
	size_t at;

	rest.start += len;
	rest.len -= len;
	memmove(&plan->pool[i], &plan->pool[i + 1], (plan->nr_pool - i - 1) * sizeof(rest));
	plan->nr_pool--;
	if (rest.len) {
		at = find_fit(plan, rest.len);
		memmove(&plan->pool[at + 1], &plan->pool[at], (plan->nr_pool - at) * sizeof(rest));
		plan->pool[at] = rest;
		plan->nr_pool++;
	}
	return start;
}

/* Up to want bytes for each of copies stripes: from the shortest range that holds them all, else as much as the longest
 * gives, else one stripe from each of the two longest. Returns the length of a stripe, 0 when nothing is left. */
static u64 take(struct plan *plan, u64 want, u32 copies, u64 *physical)
{
	size_t i = find_fit(plan, want * copies);
	u64 len = want;

	if (plan->nr_pool == 0)
		return 0;
	if (i == plan->nr_pool) {
		i--;
		len = round_down(plan->pool[i].len / copies, PLAN_ALIGN);
	}
	if (len) {
		u64 start = take_front(plan, i, len * copies);

		for (u32 c = 0; c < copies; c++)
			physical[c] = start + c * len;
		return len;
	}
	if (plan->nr_pool < copies)
		return 0;
	len = PLAN_ALIGN;
	for (u32 c = 0; c < copies; c++)
		physical[c] = take_front(plan, plan->nr_pool - 1, len);
	return len;
}

static u64 pool_bytes(const struct plan *plan)
{
	u64 sum = 0;

	for (size_t i = 0; i < plan->nr_pool; i++)
		sum += plan->pool[i].len;
	return sum;
}

/* --- the parts of a layout --- */

static int layout_region(struct layout *l, u64 start, u64 end)
{
	while (start < end) {
		u64 len = min_u64(end - start, l->max_data);
		int ret = add_chunk(l->plan, BTRFS_BLOCK_GROUP_DATA, start, len, &start, 1);

		if (ret)
			return ret;
		start += len;
	}
	return 0;
}

/* Data chunks: everything that is not a gap above the threshold. */
static int layout_data(struct layout *l)
{
	struct plan *plan = l->plan;
	u64 end = min_u64(round_up(plan->last_used, PLAN_ALIGN), plan->total_bytes);
	u64 start = MIB;
	int ret = 0;

	for (size_t i = 0; !ret && i < plan->nr_gaps && start < end; i++) {
		if (plan->gaps[i].len < l->attempt->threshold)
			continue;
		ret = layout_region(l, start, min_u64(plan->gaps[i].start, end));
		start = plan->gaps[i].start + plan->gaps[i].len;
	}
	if (!ret)
		ret = layout_region(l, start, end);
	return ret;
}

/* New places for the 64 KiB units of the reserved ranges that hold something. */
static int layout_moves(struct layout *l, u64 *missing)
{
	struct plan *plan = l->plan;
	u64 to = 0, left = 0;
	u32 bit = 0;

	plan->nr_moves = 0;
	for (size_t i = 0; i < PLAN_NR_RESERVED; i++) {
		for (u64 pos = 0; pos < plan_reserved[i].len; pos += PLAN_ALIGN, bit++) {
			if (!(plan->reserved_used & (u32)1 << bit))
				continue;
			if (!left) {
				u64 want = (u64)__builtin_popcount(plan->reserved_used >> bit) * PLAN_ALIGN;
				int ret;

				left = take(plan, want, 1, &to);
				if (!left) {
					*missing = want;
					return 1;
				}
				ret = add_chunk(plan, BTRFS_BLOCK_GROUP_DATA, to, left, &to, 1);
				if (ret)
					return ret;
			}
			plan->moves[plan->nr_moves++] =
				(struct plan_move){ plan_reserved[i].start + pos, PLAN_ALIGN, to };
			to += PLAN_ALIGN;
			left -= PLAN_ALIGN;
		}
	}
	return 0;
}

/* The journal record needs a place that belongs to neither file system; it is unallocated space of the btrfs. */
static int layout_journal(struct layout *l, u64 *missing)
{
	if (take(l->plan, PLAN_ALIGN, 1, &l->plan->journal))
		return 0;
	*missing = PLAN_ALIGN;
	return 1;
}

static int layout_chunks(struct layout *l, u64 type, u64 want, u64 max_chunk, u32 max_nr, u64 *missing)
{
	u64 profile = l->copies == 2 ? BTRFS_BLOCK_GROUP_DUP : 0;
	u64 got = 0, physical[2];
	u32 nr = 0;

	while (got < want && nr < max_nr) {
		u64 len = take(l->plan, min_u64(want - got, max_chunk), l->copies, physical);
		int ret;

		if (!len)
			break;
		ret = add_chunk(l->plan, type | profile, l->next_logical, len, physical, l->copies);
		if (ret)
			return ret;
		l->next_logical += len;
		got += len;
		nr++;
	}
	if (got < want)
		*missing = (want - got) * l->copies;
	return got < want;
}

static u64 metadata_goal(const struct layout *l)
{
	u64 tight = l->need.bound + l->need.reserve + (u64)400 * l->attempt->nodesize;

	if (l->attempt->comfort == PLAN_TIGHT)
		return round_up(tight, PLAN_ALIGN);
	return round_up(max_u64(tight, l->need.expected + l->need.expected / 5 + 16 * MIB), PLAN_ALIGN);
}

static u64 system_goal(const struct layout *l)
{
	u64 extra = l->attempt->comfort == PLAN_TIGHT ? (u64)24 * l->attempt->nodesize : 4 * MIB;

	return min_u64(round_up(l->need.system + extra, PLAN_ALIGN), 128 * MIB);
}

/* Free space the kernel should find unallocated: for a new chunk, and to balance. */
static u64 unallocated_goal(const struct layout *l)
{
	if (l->attempt->comfort == PLAN_TIGHT)
		return 0;
	return max_u64(32 * MIB, min_u64(GIB, l->plan->total_bytes / 50));
}

static int compare_logical(const void *a, const void *b)
{
	const struct btrfs_chunk *x = a, *y = b;

	return x->logical < y->logical ? -1 : x->logical > y->logical;
}

static u64 limit_to_device(u64 total, u64 len)
{
	return min_u64(len, max_u64(round_up(total / 10, PLAN_ALIGN), MIB));
}

static int layout_metadata(struct layout *l, u64 *missing)
{
	struct plan *plan = l->plan;
	u64 goal = unallocated_goal(l);
	u32 max_system = btrfs_super_max_system(l->copies);
	int ret;

	plan_count_need(l->job, l->attempt->nodesize, plan->nr_chunks + 20, plan->nr_chunks + 1024, &l->need);
	ret = layout_chunks(l, BTRFS_BLOCK_GROUP_SYSTEM, system_goal(l), system_goal(l), max_system, missing);
	if (ret)
		return ret;
	ret = layout_chunks(l, BTRFS_BLOCK_GROUP_METADATA, metadata_goal(l), l->max_meta, ~0u, missing);
	if (ret)
		return ret;
	if (pool_bytes(plan) < goal) {
		*missing = goal - pool_bytes(plan);
		return 1;
	}
	return 0;
}

int plan_layout(struct job *job, const struct plan_attempt *attempt, u64 *missing)
{
	struct plan *plan = job->plan;
	struct layout l = {
		.job = job,
		.plan = plan,
		.attempt = attempt,
		.copies = attempt->dup ? 2 : 1,
		.max_data = limit_to_device(plan->total_bytes, MAX_CHUNK),
		.max_meta = limit_to_device(plan->total_bytes, plan->total_bytes > 50 * GIB ? GIB : 256 * MIB),
		.next_logical = round_up(plan->total_bytes, GIB),
	};
	int ret;

	plan->nr_chunks = 0;
	plan->gap_threshold = attempt->threshold;
	ret = fill_pool(plan, attempt->threshold);
	if (!ret)
		ret = layout_data(&l);
	if (!ret)
		ret = layout_moves(&l, missing);
	if (!ret)
		ret = layout_journal(&l, missing);
	if (!ret)
		ret = layout_metadata(&l, missing);
	if (ret)
		return ret;
	qsort(plan->chunks, plan->nr_chunks, sizeof(*plan->chunks), compare_logical);
	for (plan->nr_data = 0; plan->nr_data < plan->nr_chunks; plan->nr_data++)
		if (!(plan->chunks[plan->nr_data].type & BTRFS_BLOCK_GROUP_DATA))
			break;
	plan->need = l.need;
	plan->dup = attempt->dup;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where extents are cut: at the borders of chunks and reserved ranges, and at multiples of the largest extent. The cut
 * depends on the address alone, so that a file's own map and the claims in physical order give the same extents.
 */
#include <stdlib.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "convert/plan.h"

const struct range plan_reserved[PLAN_NR_RESERVED] = {
	{ 0, MIB },
	{ 64 * MIB, 64 * KIB },
	{ 256 * GIB, 64 * KIB },
};

bool plan_is_reserved(u64 physical)
{
	for (size_t i = 0; i < PLAN_NR_RESERVED; i++)
		if (physical >= plan_reserved[i].start && physical - plan_reserved[i].start < plan_reserved[i].len)
			return true;
	return false;
}

static int compare_u64(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

int plan_make_bounds(struct plan *plan)
{
	size_t max = 2 * (plan->nr_data + plan->nr_moves + PLAN_NR_RESERVED), nr = 0;

	free(plan->bounds);
	plan->bounds = calloc(max, sizeof(*plan->bounds));
	if (!plan->bounds)
		return msg_nomem("plan");
	for (size_t i = 0; i < plan->nr_data; i++) {
		plan->bounds[nr++] = plan->chunks[i].logical;
		plan->bounds[nr++] = plan->chunks[i].logical + plan->chunks[i].len;
	}
	for (size_t i = 0; i < plan->nr_moves; i++) {
		plan->bounds[nr++] = plan->moves[i].from;
		plan->bounds[nr++] = plan->moves[i].from + plan->moves[i].len;
	}
	for (size_t i = 0; i < PLAN_NR_RESERVED; i++) {
		plan->bounds[nr++] = plan_reserved[i].start;
		plan->bounds[nr++] = plan_reserved[i].start + plan_reserved[i].len;
	}
	qsort(plan->bounds, nr, sizeof(*plan->bounds), compare_u64);
	plan->nr_bounds = nr;
	return 0;
}

u64 plan_cut(const struct plan *plan, u64 physical, u64 *logical)
{
	u64 end = round_down(physical, plan->max_extent) + plan->max_extent;
	size_t lo = 0, hi = plan->nr_bounds;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (plan->bounds[mid] <= physical)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < plan->nr_bounds)
		end = min_u64(end, plan->bounds[lo]);
	*logical = physical;
	if (!plan_is_reserved(physical))
		return end;
	for (size_t i = 0; i < plan->nr_moves; i++)
		if (physical >= plan->moves[i].from && physical - plan->moves[i].from < plan->moves[i].len)
			*logical = plan->moves[i].to + (physical - plan->moves[i].from);
	return end;
}

size_t plan_find_data_chunk(const struct plan *plan, u64 logical)
{
	size_t lo = 0, hi = plan->nr_data;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (plan->chunks[mid].logical + plan->chunks[mid].len <= logical)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == plan->nr_data || plan->chunks[lo].logical > logical)
		return plan->nr_data;
	return lo;
}

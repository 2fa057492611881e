/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan's arithmetic: where extents are cut, and layouts for random used maps of random devices, which must keep
 * every rule of the format and of this program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "hand_job.h"

#define UNIT ((u64)64 * KIB)

/* ========== Cuts ========== */

static struct job *job_to_cut(void)
{
	struct job *job = hand_job_new(300 * GIB, 16384);

	hand_data(job, MIB, 99 * MIB);
	hand_data(job, 100 * MIB, 156 * MIB);
	hand_data(job, 300 * MIB, 700 * MIB);
	hand_data(job, 256 * GIB - UNIT, 128 * MIB);
	hand_move(job, 64 * KIB, 2 * MIB);
	hand_move(job, 320 * KIB, 4 * MIB);
	hand_move(job, 64 * MIB, 2 * MIB + UNIT);
	hand_move(job, 256 * GIB, 3 * MIB);
	assert_int_equal(plan_make_bounds(job->plan), 0);
	return job;
}

static void test_cut(void **state)
{
	static const struct {
		u64 physical, end, logical; /* logical 0: as physical */
	} cases[] = {
		{ 0, 64 * KIB, 0 },
		{ 4096, 64 * KIB, 0 },
		{ 64 * KIB, 128 * KIB, 2 * MIB },
		{ 72 * KIB, 128 * KIB, 2 * MIB + 8 * KIB },
		{ 128 * KIB - 4096, 128 * KIB, 2 * MIB + 60 * KIB },
		{ 128 * KIB, 320 * KIB, 0 },
		{ 320 * KIB, 384 * KIB, 4 * MIB },
		{ 384 * KIB, MIB, 0 },
		{ MIB, 64 * MIB, 0 },
		{ 64 * MIB - 4096, 64 * MIB, 0 },
		{ 64 * MIB, 64 * MIB + UNIT, 2 * MIB + UNIT },
		{ 64 * MIB + UNIT, 100 * MIB, 0 },
		{ 100 * MIB, 128 * MIB, 0 },        /* the grid */
		{ 128 * MIB, 256 * MIB, 0 },
		{ 300 * MIB, 384 * MIB, 0 },
		{ 384 * MIB + 4096, 512 * MIB, 0 },
		{ 999 * MIB, 1000 * MIB, 0 },
		{ 256 * GIB - UNIT, 256 * GIB, 0 },
		{ 256 * GIB + 4096, 256 * GIB + UNIT, 3 * MIB + 4096 },
		{ 256 * GIB + UNIT, 256 * GIB + 128 * MIB - UNIT, 0 },
		{ 290 * GIB, 290 * GIB + 128 * MIB, 0 },
	};
	struct job *job = job_to_cut();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		u64 logical = 1, end = plan_cut(job->plan, cases[i].physical, &logical);
		u64 expected = cases[i].logical ? cases[i].logical : cases[i].physical;

		if (end != cases[i].end || logical != expected)
			fail_msg("case %zu: end %llu, logical %llu", i, (unsigned long long)end,
				 (unsigned long long)logical);
	}
	job->plan->max_extent = 4 * MIB;
	assert_true(plan_cut(job->plan, 6 * MIB, &(u64){ 0 }) == 8 * MIB);
	assert_true(plan_cut(job->plan, 99 * MIB, &(u64){ 0 }) == 100 * MIB);
	hand_job_free(job);
}

static void test_is_reserved(void **state)
{
	static const u64 inside[] = {
		0, 4096, MIB - 1, 64 * MIB, 64 * MIB + UNIT - 1, 256 * GIB, 256 * GIB + UNIT - 1,
	};
	static const u64 outside[] = { MIB, 64 * MIB - 1, 64 * MIB + UNIT, 256 * GIB - 1, 256 * GIB + UNIT, TIB };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(inside); i++)
		assert_true(plan_is_reserved(inside[i]));
	for (size_t i = 0; i < ARRAY_SIZE(outside); i++)
		assert_false(plan_is_reserved(outside[i]));
}

static void test_find_data_chunk(void **state)
{
	static const struct {
		u64 logical;
		size_t chunk;
	} cases[] = {
		{ 0, 4 }, { MIB - 1, 4 }, { MIB, 0 }, { 100 * MIB - 1, 0 }, { 100 * MIB, 1 }, { 256 * MIB - 1, 1 },
		{ 256 * MIB, 4 }, { 300 * MIB - 1, 4 }, { 300 * MIB, 2 }, { GIB, 4 }, { 256 * GIB, 3 },
		{ 256 * GIB + 128 * MIB, 4 }, { ~(u64)0, 4 },
	};
	struct job *job = job_to_cut();

	(void)state;
	hand_chunk(job, BTRFS_BLOCK_GROUP_METADATA, 400 * GIB, 64 * MIB, GIB, 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(plan_find_data_chunk(job->plan, cases[i].logical), cases[i].chunk);
	hand_job_free(job);
}

/* ========== Layouts ========== */

/* What is used in a device, and all that a layout gives away of it. */
struct device {
	u64 total;
	struct range used[400];
	size_t nr_used;
	struct range taken[4000];
	size_t nr_taken;
};

static struct device device;

static bool overlaps(const struct range *a, u64 start, u64 len)
{
	return start < a->start + a->len && a->start < start + len;
}

static u64 below(u64 n)
{
	return (((u64)random() << 31) ^ (u64)random()) % n;
}

/* Used ranges of all sizes, some of them around the reserved ranges; gaps as plan_gap.c would find them. */
static void make_device(struct job *job)
{
	static const u64 totals[] = { 30 * MIB, 64 * MIB, 64 * MIB + 4096, 200 * MIB, 3 * GIB, 70 * GIB, 300 * GIB };
	struct plan *plan = job->plan;
	u64 at = 0, fullness = 1 + below(8);
	bool comb = below(3) == 0; /* nothing but short gaps */

	device.total = totals[below(ARRAY_SIZE(totals))] + below(1000) * SECTOR;
	plan->total_bytes = device.total;
	device.nr_used = 0;
	while (device.nr_used < ARRAY_SIZE(device.used) - 4) {
		u64 size = (u64)SECTOR << (comb ? 4 : below(16)), len = round_up(1 + below(size), SECTOR);

		if (comb)
			at += UNIT + below(2 * fullness) * 32 * KIB;
		else if (device.nr_used)
			at += round_up(1 + below(size * fullness), SECTOR);
		if (below(40) == 0)
			at = max_u64(at, below(2) ? 64 * MIB - SECTOR : 256 * GIB + SECTOR);
		if (at + len > device.total)
			break;
		device.used[device.nr_used++] = (struct range){ at, len };
		at += len + SECTOR;
	}
}

static void note_gap(struct plan *plan, u64 start, u64 end)
{
	start = round_up(max_u64(start, MIB), UNIT);
	end = round_down(end, UNIT);
	if (start < end)
		plan->gaps[plan->nr_gaps++] = (struct range){ start, end - start };
}

static void find_gaps(struct plan *plan)
{
	u64 pos = 0;
	u32 bit = 0;

	plan->gaps = calloc(device.nr_used + 1, sizeof(*plan->gaps));
	assert_non_null(plan->gaps);
	for (size_t i = 0; i < device.nr_used; i++) {
		note_gap(plan, pos, device.used[i].start);
		pos = device.used[i].start + device.used[i].len;
	}
	plan->last_used = pos;
	note_gap(plan, pos, device.total);
	for (size_t r = 0; r < PLAN_NR_RESERVED; r++)
		for (u64 at = 0; at < plan_reserved[r].len; at += UNIT, bit++)
			for (size_t i = 0; i < device.nr_used; i++)
				if (overlaps(&device.used[i], plan_reserved[r].start + at, UNIT))
					plan->reserved_used |= (u32)1 << bit;
}

/* Whoever takes a range is the only one, in free space that is not reserved. */
static void take_range(u64 start, u64 len)
{
	assert_true(start % UNIT == 0 && len % UNIT == 0 && len > 0 && start >= MIB && start + len <= device.total);
	for (size_t i = 0; i < device.nr_used; i++)
		assert_false(overlaps(&device.used[i], start, len));
	for (size_t i = 0; i < PLAN_NR_RESERVED; i++)
		assert_false(overlaps(&plan_reserved[i], start, len));
	for (size_t i = 0; i < device.nr_taken; i++)
		assert_false(overlaps(&device.taken[i], start, len));
	assert_true(device.nr_taken < ARRAY_SIZE(device.taken));
	device.taken[device.nr_taken++] = (struct range){ start, len };
}

static bool holds_moves(const struct plan *plan, const struct btrfs_chunk *c)
{
	for (size_t i = 0; i < plan->nr_moves; i++)
		if (plan->moves[i].to >= c->logical && plan->moves[i].to < c->logical + c->len)
			return true;
	return false;
}

/* Data chunks: at home, one copy, in the device; those for moves in free space, the others over all that is used. */
static void check_data(const struct plan *plan)
{
	for (size_t i = 0; i < plan->nr_data; i++) {
		const struct btrfs_chunk *c = &plan->chunks[i];
		u64 end = c->logical + c->len;

		assert_true(c->type == BTRFS_BLOCK_GROUP_DATA && c->nr_stripes == 1 && c->physical[0] == c->logical);
		assert_true(c->logical >= MIB && end <= device.total && c->len > 0 && c->len <= GIB);
		assert_true(c->logical % UNIT == 0 && (end % UNIT == 0 || end == device.total));
		if (holds_moves(plan, c))
			take_range(c->logical, c->len);
	}
	for (size_t i = 0; i < device.nr_used; i++) {
		for (u64 at = device.used[i].start; at < device.used[i].start + device.used[i].len;) {
			size_t chunk = plan_find_data_chunk(plan, at);

			if (plan_is_reserved(at)) {
				at += SECTOR;
				continue;
			}
			assert_true(chunk < plan->nr_data);
			at = plan->chunks[chunk].logical + plan->chunks[chunk].len;
		}
	}
}

static void check_metadata(const struct plan *plan, const struct plan_attempt *attempt)
{
	u64 metadata = 0, system = 0;
	u32 nr_system = 0;

	for (size_t i = plan->nr_data; i < plan->nr_chunks; i++) {
		const struct btrfs_chunk *c = &plan->chunks[i];
		u64 kind = c->type & ~BTRFS_BLOCK_GROUP_DUP;

		assert_true(kind == BTRFS_BLOCK_GROUP_METADATA || kind == BTRFS_BLOCK_GROUP_SYSTEM);
		assert_int_equal((c->type & BTRFS_BLOCK_GROUP_DUP) != 0, attempt->dup);
		assert_int_equal(c->nr_stripes, attempt->dup ? 2 : 1);
		assert_true(c->logical >= device.total && c->logical % UNIT == 0 && c->len <= GIB);
		for (u32 s = 0; s < c->nr_stripes; s++)
			take_range(c->physical[s], c->len);
		*(kind == BTRFS_BLOCK_GROUP_SYSTEM ? &system : &metadata) += c->len;
		nr_system += kind == BTRFS_BLOCK_GROUP_SYSTEM;
	}
	assert_true(metadata >= plan->need.bound + plan->need.reserve);
	assert_true(system >= plan->need.system && nr_system <= (attempt->dup ? 15 : 21));
}

static void check_layout(const struct plan *plan, const struct plan_attempt *attempt)
{
	u64 free_bytes = 0, given = 0;
	size_t chunk;

	device.nr_taken = 0;
	for (size_t i = 1; i < plan->nr_chunks; i++)
		assert_true(plan->chunks[i].logical >= plan->chunks[i - 1].logical + plan->chunks[i - 1].len);
	check_data(plan);
	check_metadata(plan, attempt);
	take_range(plan->journal, UNIT);
	for (size_t i = 0; i < plan->nr_pool; i++) {
		take_range(plan->pool[i].start, plan->pool[i].len);
		assert_true(i == 0 || plan->pool[i].len >= plan->pool[i - 1].len);
	}
	/* each unit in use has one place of its own */
	for (size_t i = 0; i < plan->nr_moves; i++) {
		const struct plan_move *m = &plan->moves[i];

		assert_true(m->len == UNIT && m->from % UNIT == 0 && plan_is_reserved(m->from) && m->to % UNIT == 0);
		assert_true(plan_find_data_chunk(plan, m->to) < plan->nr_data);
		for (size_t k = 0; k < i; k++)
			assert_true(plan->moves[k].from < m->from && plan->moves[k].to != m->to);
	}
	assert_int_equal(plan->nr_moves, __builtin_popcount(plan->reserved_used));
	/* no free gap of the threshold is lost, and shorter ones lie within data chunks */
	for (size_t i = 0; i < plan->nr_gaps; i++) {
		if (plan->gaps[i].len >= attempt->threshold) {
			free_bytes += plan->gaps[i].len;
		} else if (plan->gaps[i].start < plan->last_used) {
			chunk = plan_find_data_chunk(plan, plan->gaps[i].start);
			assert_true(chunk < plan->nr_data);
			chunk = plan_find_data_chunk(plan, plan->gaps[i].start + plan->gaps[i].len - 1);
			assert_true(chunk < plan->nr_data);
		}
	}
	for (size_t i = 0; i < plan->nr_gaps; i++)
		for (size_t r = 0; r < PLAN_NR_RESERVED; r++)
			if (plan->gaps[i].len >= attempt->threshold &&
			    overlaps(&plan->gaps[i], plan_reserved[r].start, plan_reserved[r].len))
				free_bytes -= min_u64(plan_reserved[r].len,
						      plan->gaps[i].start + plan->gaps[i].len - plan_reserved[r].start);
	for (size_t i = 0; i < device.nr_taken; i++)
		given += device.taken[i].len;
	assert_true(given == free_bytes);
}

static void test_layouts(void **state)
{
	u32 fitted = 0, refused = 0;

	(void)state;
	srandom(264575);
	for (int round = 0; round < 1500; round++) {
		struct job *job = hand_job_new(0, 4096u << 2 * below(3));
		struct plan_attempt attempt = {
			.threshold = UNIT << below(10),
			.nodesize = job->plan->params.nodesize,
			.dup = below(2),
			.comfort = below(2) ? PLAN_ROOMY : PLAN_TIGHT,
		};
		u64 missing = 0;
		int ret;

		make_device(job);
		find_gaps(job->plan);
		job->scan->items.bytes = below((u64)KIB << below(17));
		job->scan->items.own_extents = below((u64)1 << below(20));
		job->scan_stats.nr_used_runs = device.nr_used;
		ret = plan_layout(job, &attempt, &missing);
		assert_true(ret == 0 || ret == 1);
		if (ret == 0)
			check_layout(job->plan, &attempt);
		else
			assert_true(missing > 0 && missing <= 100 * GIB);
		*(ret ? &refused : &fitted) += 1;
		hand_job_free(job);
	}
	assert_true(fitted > 300 && refused > 100);
}

/* The array in the superblock has room for few system chunks: gaps of 64 KiB are enough for small nodes only. */
static void test_system_chunks(void **state)
{
	const struct {
		u32 nodesize;
		bool dup;
		int ret;
	} cases[] = { { 4096, false, 0 }, { 4096, true, 0 }, { 65536, false, 1 }, { 65536, true, 1 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct job *job = hand_job_new(GIB, cases[i].nodesize);
		struct plan_attempt attempt = { UNIT, cases[i].nodesize, cases[i].dup, PLAN_TIGHT };
		struct plan *plan = job->plan;
		u64 missing = 0;

		plan->gaps = calloc(900, sizeof(*plan->gaps));
		assert_non_null(plan->gaps);
		for (; plan->nr_gaps < 900; plan->nr_gaps++)
			plan->gaps[plan->nr_gaps] = (struct range){ 2 * MIB + plan->nr_gaps * 2 * UNIT, UNIT };
		plan->last_used = 1010 * MIB;
		assert_int_equal(plan_layout(job, &attempt, &missing), cases[i].ret);
		if (cases[i].ret)
			assert_true(missing > 0 && missing < 4 * MIB); /* of the system chunks, not of the rest */
		hand_job_free(job);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_is_reserved),
		cmocka_unit_test(test_find_data_chunk),
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_system_chunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

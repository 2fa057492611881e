/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The free space tree against the used sectors of each group, one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "built_tree.h"

#define S ((u64)SECTOR)
#define MAP_END (300 * MIB)
#define NODE 4096u

/* Numbers of the format. */
#define INFO 198
#define EXTENT 199
#define BITMAP 200
#define BITMAP_SPAN (8 * MIB)

static bool used[MAP_END / SECTOR];

static struct job *begin(void)
{
	memset(used, 0, sizeof(used));
	return hand_job_new(MAP_END, NODE);
}

static void use(struct job *job, u64 start, u64 len)
{
	hand_claim(job, CLAIM_FILE, start, len, 12, start);
	for (u64 at = start; at < start + len; at += S)
		used[at / S] = true;
}

static bool is_free(const struct job *job, const struct btrfs_chunk *c, u64 logical)
{
	if (c->type & BTRFS_BLOCK_GROUP_DATA)
		return !used[logical / S];
	return logical - c->logical >= build_chunk_used(job, (size_t)(c - job->plan->chunks));
}

static u64 free_runs(const struct job *job, const struct btrfs_chunk *c)
{
	u64 runs = 0;

	for (u64 at = c->logical; at < c->logical + c->len; at += S)
		runs += is_free(job, c, at) && (at == c->logical || !is_free(job, c, at - S));
	return runs;
}

/* Items from nr on describe the group; returns the number of the first that does not. */
static u64 check_extents(const struct job *job, const struct btrfs_chunk *c, u64 nr)
{
	u64 at = c->logical, end = c->logical + c->len;

	while (at < end) {
		u64 start = at;

		for (; at < end && is_free(job, c, at); at += S)
			;
		if (at > start) {
			const struct built_item *item = &built.items[nr++];

			assert_true(nr <= built.nr && item->key.type == EXTENT && item->size == 0);
			assert_true(item->key.objectid == start && item->key.offset == at - start);
		}
		for (; at < end && !is_free(job, c, at); at += S)
			;
	}
	return nr;
}

static u64 check_bitmaps(const struct job *job, const struct btrfs_chunk *c, u64 nr)
{
	u64 end = c->logical + c->len;

	for (u64 start = c->logical; start < end; start += BITMAP_SPAN, nr++) {
		u64 span = min_u64(BITMAP_SPAN, end - start);
		const struct built_item *item = &built.items[nr];

		assert_true(nr < built.nr && item->key.type == BITMAP && item->size == span / S / 8);
		assert_true(item->key.objectid == start && item->key.offset == span);
		for (u64 bit = 0; bit < span / S; bit++)
			assert_int_equal(item->data[bit / 8] >> bit % 8 & 1, is_free(job, c, start + bit * S));
	}
	return nr;
}

/* Builds the tree and checks all groups; returns how many of them are bitmaps. */
static u32 check(struct job *job)
{
	struct memory m;
	u64 nr = 0;
	u32 bitmaps = 0;

	hand_claims_done(job);
	assert_int_equal(build_space_tree(job), 0);
	m = built_load(job, &job->build->space);
	for (size_t i = 0; i < job->plan->nr_chunks; i++) {
		const struct btrfs_chunk *c = &job->plan->chunks[i];
		const struct built_item *info = &built.items[nr++];
		u64 runs = free_runs(job, c);
		/* more extents than take the room of the bitmaps (256 bytes for each 8 MiB, 25 for an item) */
		bool want = runs > (c->len + BITMAP_SPAN - 1) / BITMAP_SPAN * 281 / 25;

		assert_true(nr <= built.nr && info->key.type == INFO && info->size == 8);
		assert_true(info->key.objectid == c->logical && info->key.offset == c->len);
		assert_int_equal(get_le32(info->data), runs);
		assert_int_equal(get_le32(info->data + 4), want);
		nr = want ? check_bitmaps(job, c, nr) : check_extents(job, c, nr);
		bitmaps += want;
	}
	assert_int_equal(nr, built.nr);
	memory_fini(&m);
	built_free();
	return bitmaps;
}

/* nr single sectors in use, every other one. */
static void use_comb(struct job *job, u64 start, u64 nr)
{
	for (u64 i = 0; i < nr; i++)
		use(job, start + (2 * i + 1) * S, S);
}

static void test_threshold(void **state)
{
	static const struct {
		u64 len, limit; /* free runs that still are extents */
	} cases[] = { { 8 * MIB, 11 }, { 8 * MIB + 64 * KIB, 22 }, { 16 * MIB, 22 }, { 40 * MIB, 56 }, { MIB, 11 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (int more = 0; more < 2; more++) {
			struct job *job = begin();

			hand_data(job, MIB, cases[i].len);
			built_begin(job);
			use_comb(job, MIB, cases[i].limit - 1 + (u64)more);
			assert_int_equal(check(job), more);
			hand_job_free(job);
		}
	}
}

static void test_full_and_empty(void **state)
{
	struct job *job = begin();

	(void)state;
	hand_data(job, MIB, 8 * MIB);
	hand_data(job, 16 * MIB, 8 * MIB);
	hand_data(job, 24 * MIB, 64 * KIB);
	hand_data(job, 32 * MIB, 64 * KIB);
	hand_data(job, 40 * MIB, 24 * MIB);
	built_begin(job);
	use(job, 16 * MIB, 8 * MIB);                 /* full */
	use(job, 32 * MIB, S);                       /* only its first sector */
	use(job, 32 * MIB + 64 * KIB - S, S);        /* and its last */
	assert_int_equal(check(job), 0);
	hand_job_free(job);
}

/* Tree blocks fill their chunks from the front. */
static void test_tree_blocks(void **state)
{
	(void)state;
	for (u64 nr = 0; nr <= 2048; nr += 1 + nr) {
		struct job *job = begin();

		hand_data(job, MIB, MIB);
		built_begin(job);
		hand_chunk(job, BTRFS_BLOCK_GROUP_METADATA, MEMORY_BASE + BUILT_SIZE, MIB, 0, 0);
		job->build->meta.nr_chunks++;
		job->build->forecast.nr = nr;
		assert_int_equal(check(job), 0);
		job->build->forecast.nr = 0;
		hand_job_free(job);
	}
}

/* A moved extent takes room in the group where it goes, and none where it was. */
static void test_moved(void **state)
{
	struct job *job = begin();

	(void)state;
	hand_data(job, MIB, 4 * MIB);
	hand_data(job, 60 * MIB, 20 * MIB);
	hand_move(job, 0, MIB + 64 * KIB);
	hand_move(job, 64 * MIB, MIB);
	built_begin(job);
	hand_claim(job, CLAIM_FIXED, 0, 2 * S, 0, 0);
	hand_claim(job, CLAIM_FILE, 64 * MIB + S, S, 12, 0);
	job->plan->moved = calloc(2, sizeof(*job->plan->moved));
	assert_non_null(job->plan->moved);
	job->plan->nr_moved = 2;
	job->plan->moved[0] = (struct place_piece){ MIB + S, 64 * MIB + S, S, 0, 12, CLAIM_FILE };
	job->plan->moved[1] = (struct place_piece){ MIB + 64 * KIB, 0, 2 * S, 0, 0, CLAIM_FIXED };
	used[MIB / S + 1] = used[MIB / S + 16] = used[MIB / S + 17] = true;
	use(job, 2 * MIB, MIB);
	assert_int_equal(check(job), 0);
	hand_job_free(job);
}

static void test_random(void **state)
{
	u32 bitmaps = 0, groups = 0;

	(void)state;
	srandom(141421);
	for (int round = 0; round < 25; round++) {
		struct job *job = begin();
		u64 at = MIB, end;

		for (int i = 0; i < 4; i++) {
			u64 start = at + (u64)random() % 3 * 64 * KIB, len = (1 + (u64)random() % 400) * 64 * KIB;

			hand_data(job, start, len);
			at = start + len;
		}
		end = at;
		built_begin(job);
		for (size_t i = 0; i < 4; i++) {
			const struct btrfs_chunk *c = &job->plan->chunks[i];
			u64 step = 1 + (u64)random() % 400;

			for (at = c->logical; at < c->logical + c->len;) {
				u64 len = min_u64((1 + (u64)random() % step) * S, c->logical + c->len - at);

				if (random() % 2)
					use(job, at, len);
				at += len;
			}
		}
		assert_true(end <= MAP_END);
		bitmaps += check(job);
		groups += (u32)job->plan->nr_chunks;
		hand_job_free(job);
	}
	assert_true(bitmaps > 10 && groups - bitmaps > 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threshold),
		cmocka_unit_test(test_full_and_empty),
		cmocka_unit_test(test_tree_blocks),
		cmocka_unit_test(test_moved),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

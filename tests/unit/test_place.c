/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claims as extents: what is merged, where they are cut, what is moved or dropped, and in which order they come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "hand_job.h"

#define B ((u64)SECTOR)
#define MAX_SEEN 200

struct seen {
	struct place_piece pieces[MAX_SEEN];
	struct claim claims[MAX_SEEN];
	size_t nr_pieces, nr_claims;
	u64 ahead;   /* how far behind the end of a piece a claim was seen before it */
	u64 fail_at; /* number of the piece that is refused; 0: none */
};

static struct seen seen;

static int see_piece(void *ctx, const struct place_piece *piece)
{
	struct seen *s = ctx;

	assert_true(s->nr_pieces < MAX_SEEN);
	s->pieces[s->nr_pieces++] = *piece;
	if (s->nr_claims && s->claims[s->nr_claims - 1].physical > piece->physical + piece->len)
		s->ahead = max_u64(s->ahead, s->claims[s->nr_claims - 1].physical - piece->physical - piece->len);
	return s->fail_at == s->nr_pieces ? -77 : 0;
}

static int see_claim(void *ctx, const struct claim *claim)
{
	struct seen *s = ctx;

	assert_true(s->nr_claims < MAX_SEEN);
	s->claims[s->nr_claims++] = *claim;
	return 0;
}

static void walk(struct job *job, enum place_order order)
{
	const struct place_sink sink = { see_piece, see_claim, &seen };

	memset(&seen, 0, sizeof(seen));
	assert_int_equal(place_walk(job, order, &sink), 0);
}

/* Piece nr is as given; what only the image has and what was never written has no file. */
static void expect(size_t nr, enum claim_kind kind, u64 physical, u64 len, u32 ino, u64 file_offset)
{
	const struct place_piece *p = &seen.pieces[nr];

	assert_true(nr < seen.nr_pieces);
	if (p->kind != kind || p->physical != physical || p->len != len || p->ino != ino ||
	    (ino && p->file_offset != file_offset))
		fail_msg("piece %zu is kind %d, %llu + %llu, inode %u at %llu", nr, p->kind,
			 (unsigned long long)p->physical, (unsigned long long)p->len, p->ino,
			 (unsigned long long)p->file_offset);
}

/* What only the image has is merged, a file's runs are not. */
static void test_merging(void **state)
{
	struct job *job = hand_job_new(GIB, 16384);
	u64 at = 2 * MIB;

	(void)state;
	hand_data(job, MIB, 100 * MIB);
	for (int kind = CLAIM_FIXED; kind <= CLAIM_INLINE; kind++, at += B)
		hand_claim(job, kind, at, B, 20 + (u32)kind, 40960);
	hand_claim(job, CLAIM_FILE, at, B, 50, 0);
	hand_claim(job, CLAIM_FILE, at + B, B, 50, B);       /* goes on, but came as a run of its own */
	hand_claim(job, CLAIM_FIXED, at + 2 * B, B, 0, 0);
	hand_claim(job, CLAIM_FIXED, at + 4 * B, B, 0, 0);   /* behind a gap */
	hand_claim(job, CLAIM_UNINIT, at + 5 * B, B, 0, 0);
	hand_claim(job, CLAIM_UNINIT, at + 6 * B, 2 * B, 0, 0);
	hand_claim(job, CLAIM_PREALLOC, at + 8 * B, B, 51, 8 * B);
	hand_claim(job, CLAIM_PREALLOC, at + 9 * B, B, 51, 9 * B);
	hand_claims_done(job);
	walk(job, PLACE_BY_PHYSICAL);
	assert_int_equal(seen.nr_pieces, 8);
	assert_int_equal(seen.nr_claims, 7 + 8);
	expect(0, CLAIM_FIXED, 2 * MIB, 7 * B, 0, 0);
	expect(1, CLAIM_FILE, at, B, 50, 0);
	expect(2, CLAIM_FILE, at + B, B, 50, B);
	expect(3, CLAIM_FIXED, at + 2 * B, B, 0, 0);
	expect(4, CLAIM_FIXED, at + 4 * B, B, 0, 0);
	expect(5, CLAIM_UNINIT, at + 5 * B, 3 * B, 0, 0);
	expect(6, CLAIM_PREALLOC, at + 8 * B, B, 51, 8 * B);
	expect(7, CLAIM_PREALLOC, at + 9 * B, B, 51, 9 * B);
	for (size_t i = 0; i < seen.nr_pieces; i++)
		assert_true(seen.pieces[i].logical == seen.pieces[i].physical);
	hand_job_free(job);
}

/* All users of an attribute block claim it; it is one extent, and shown once. */
static void test_shared_attributes(void **state)
{
	struct job *job = hand_job_new(GIB, 16384);

	(void)state;
	hand_data(job, MIB, 100 * MIB);
	hand_claim(job, CLAIM_XATTR, 2 * MIB, B, 12, 0);
	hand_claim(job, CLAIM_XATTR, 2 * MIB, B, 13, 0);
	hand_claim(job, CLAIM_XATTR, 2 * MIB, B, 14, 0);
	hand_claim(job, CLAIM_XATTR, 2 * MIB + B, B, 12, 0);
	hand_claims_done(job);
	walk(job, PLACE_BY_PHYSICAL);
	assert_int_equal(seen.nr_claims, 2);
	assert_int_equal(seen.nr_pieces, 1);
	expect(0, CLAIM_FIXED, 2 * MIB, 2 * B, 0, 0);
	hand_job_free(job);
}

static void test_cutting(void **state)
{
	struct job *job = hand_job_new(GIB, 16384);

	(void)state;
	job->plan->max_extent = 4 * MIB;
	hand_data(job, MIB, 9 * MIB);
	hand_data(job, 10 * MIB, 5 * MIB);
	hand_data(job, 40 * MIB, 40 * MIB);
	hand_claim(job, CLAIM_FILE, 3 * MIB, 10 * MIB, 60, 7 * MIB);
	hand_claim(job, CLAIM_FIXED, 13 * MIB, 2 * MIB, 0, 0);
	hand_claim(job, CLAIM_PREALLOC, 63 * MIB, 2 * MIB, 61, B);
	hand_claims_done(job);
	walk(job, PLACE_BY_PHYSICAL);
	expect(0, CLAIM_FILE, 3 * MIB, MIB, 60, 7 * MIB);            /* up to the grid */
	expect(1, CLAIM_FILE, 4 * MIB, 4 * MIB, 60, 8 * MIB);
	expect(2, CLAIM_FILE, 8 * MIB, 2 * MIB, 60, 12 * MIB);       /* up to the next chunk */
	expect(3, CLAIM_FILE, 10 * MIB, 2 * MIB, 60, 14 * MIB);
	expect(4, CLAIM_FILE, 12 * MIB, MIB, 60, 16 * MIB);
	expect(5, CLAIM_FIXED, 13 * MIB, 2 * MIB, 0, 0);
	expect(6, CLAIM_PREALLOC, 63 * MIB, MIB, 61, B);             /* up to the reserved range */
	expect(7, CLAIM_PREALLOC, 64 * MIB, 64 * KIB, 61, MIB + B);
	expect(8, CLAIM_PREALLOC, 64 * MIB + 64 * KIB, MIB - 64 * KIB, 61, MIB + 64 * KIB + B);
	assert_int_equal(seen.nr_pieces, 9);
	hand_job_free(job);
}

/* A long merged run ends at the grid as well, and a walk is never far ahead of its pieces. */
static void test_long_runs(void **state)
{
	struct job *job = hand_job_new(GIB, 16384);

	(void)state;
	job->plan->max_extent = 2 * MIB;
	hand_data(job, MIB, 100 * MIB);
	for (u64 at = 3 * MIB; at < 11 * MIB; at += 512 * KIB)
		hand_claim(job, CLAIM_UNINIT, at, 512 * KIB, 0, 0);
	hand_claims_done(job);
	walk(job, PLACE_BY_PHYSICAL);
	assert_int_equal(seen.nr_pieces, 5);
	assert_true(seen.ahead == 0);
	expect(0, CLAIM_UNINIT, 3 * MIB, MIB, 0, 0);
	for (size_t i = 1; i < 4; i++)
		expect(i, CLAIM_UNINIT, (2 + 2 * i) * MIB, 2 * MIB, 0, 0);
	expect(4, CLAIM_UNINIT, 10 * MIB, MIB, 0, 0);
	hand_job_free(job);
}

/* 64 KiB units that hold something have a place in a data chunk; what was never written is dropped there. */
static struct job *job_with_moves(void)
{
	struct job *job = hand_job_new(GIB, 16384);

	hand_data(job, MIB, 15 * MIB);
	hand_data(job, 20 * MIB, 256 * KIB); /* for what moves */
	hand_data(job, 30 * MIB, 50 * MIB);
	hand_move(job, 0, 20 * MIB + 64 * KIB);
	hand_move(job, 64 * KIB, 20 * MIB + 128 * KIB);
	hand_move(job, 64 * MIB, 20 * MIB);
	hand_claim(job, CLAIM_FIXED, 0, 16 * B, 0, 0);
	hand_claim(job, CLAIM_FIXED, 16 * B, 4 * B, 0, 0);
	hand_claim(job, CLAIM_UNINIT, 20 * B, 400 * B, 0, 0); /* beyond 1 MiB */
	hand_claim(job, CLAIM_FILE, 2 * MIB, B, 70, 0);
	hand_claim(job, CLAIM_FILE, 64 * MIB - B, 3 * B, 71, 10 * B);
	hand_claim(job, CLAIM_PREALLOC, 64 * MIB + 8 * B, B, 72, 0);
	hand_claims_done(job);
	return job;
}

static void test_moves(void **state)
{
	struct job *job = job_with_moves();

	(void)state;
	walk(job, PLACE_BY_PHYSICAL);
	assert_int_equal(seen.nr_pieces, 7);
	assert_int_equal(seen.nr_claims, 6);
	expect(0, CLAIM_FIXED, 0, 16 * B, 0, 0);
	assert_true(seen.pieces[0].logical == 20 * MIB + 64 * KIB);
	expect(1, CLAIM_FIXED, 16 * B, 4 * B, 0, 0);
	assert_true(seen.pieces[1].logical == 20 * MIB + 128 * KIB);
	expect(2, CLAIM_UNINIT, MIB, 20 * B + 400 * B - MIB, 0, 0);
	expect(3, CLAIM_FILE, 2 * MIB, B, 70, 0);
	expect(4, CLAIM_FILE, 64 * MIB - B, B, 71, 10 * B);
	expect(5, CLAIM_FILE, 64 * MIB, 2 * B, 71, 11 * B);
	assert_true(seen.pieces[5].logical == 20 * MIB);
	expect(6, CLAIM_PREALLOC, 64 * MIB + 8 * B, B, 72, 0);
	assert_true(seen.pieces[6].logical == 20 * MIB + 8 * B);
	hand_job_free(job);
}

static int note_moved(void *ctx, const struct place_piece *piece)
{
	struct plan *plan = ctx;

	if (piece->logical != piece->physical)
		plan->moved[plan->nr_moved++] = *piece;
	return 0;
}

static int compare_logical(const void *a, const void *b)
{
	const struct place_piece *x = a, *y = b;

	return x->logical < y->logical ? -1 : x->logical > y->logical;
}

static void test_order(void **state)
{
	struct job *job = job_with_moves();
	const struct place_sink note = { .piece = note_moved, .ctx = job->plan };
	struct place_piece by_physical[MAX_SEEN];

	(void)state;
	job->plan->moved = calloc(MAX_SEEN, sizeof(*job->plan->moved));
	assert_non_null(job->plan->moved);
	assert_int_equal(place_walk(job, PLACE_BY_PHYSICAL, &note), 0);
	assert_int_equal(job->plan->nr_moved, 4);
	qsort(job->plan->moved, 4, sizeof(*job->plan->moved), compare_logical);

	walk(job, PLACE_BY_PHYSICAL);
	memcpy(by_physical, seen.pieces, sizeof(by_physical));
	qsort(by_physical, seen.nr_pieces, sizeof(*by_physical), compare_logical);
	walk(job, PLACE_BY_LOGICAL);
	assert_int_equal(seen.nr_pieces, 7);
	for (size_t i = 0; i < seen.nr_pieces; i++)
		assert_memory_equal(&seen.pieces[i], &by_physical[i], sizeof(by_physical[i]));
	/* those that move behind everything else come last */
	for (size_t i = 0; i < 4; i++)
		job->plan->moved[i].logical += 500 * MIB;
	walk(job, PLACE_BY_LOGICAL);
	assert_int_equal(seen.nr_pieces, 7);
	assert_true(seen.pieces[6].logical == 520 * MIB + 128 * KIB);
	hand_job_free(job);
}

static void test_sinks(void **state)
{
	struct job *job = job_with_moves();
	const struct place_sink claims = { .claim = see_claim, .ctx = &seen };
	const struct place_sink pieces = { .piece = see_piece, .ctx = &seen };

	(void)state;
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(place_walk(job, PLACE_BY_PHYSICAL, &claims), 0);
	assert_int_equal(place_walk(job, PLACE_BY_LOGICAL, &claims), 0);
	assert_int_equal(seen.nr_claims, 12);
	assert_int_equal(seen.nr_pieces, 0);
	for (seen.fail_at = 1; seen.fail_at <= 7; seen.fail_at++) {
		seen.nr_pieces = 0;
		assert_int_equal(place_walk(job, PLACE_BY_PHYSICAL, &pieces), -77);
		assert_int_equal(seen.nr_pieces, seen.fail_at);
	}
	hand_job_free(job);
}

/* No byte of random claims is lost or doubled, pieces stay within their chunks, and the sums agree. */
static void test_random(void **state)
{
	(void)state;
	srandom(577215);
	for (int round = 0; round < 40; round++) {
		struct job *job = hand_job_new(GIB, 16384);
		const u64 ends[] = { 32 * MIB, 96 * MIB };
		u64 sum = 0, pieces = 0;

		job->plan->max_extent = (u64)MIB << random() % 4;
		hand_data(job, MIB, 31 * MIB);
		hand_data(job, 32 * MIB, 64 * MIB);
		for (u64 at = MIB, nr = 0; at < 90 * MIB && nr < 60; nr++) {
			u64 len = (1 + (u64)random() % (random() % 4 ? 20 : 1000)) * B;
			enum claim_kind kind = (enum claim_kind)(random() % (CLAIM_UNINIT + 1));

			if (random() % 2)
				at += (u64)random() % 300 * B;
			hand_claim(job, kind, at, len, 11, at);
			sum += len;
			at += len;
		}
		hand_claims_done(job);
		walk(job, PLACE_BY_PHYSICAL);
		for (size_t i = 0; i < seen.nr_pieces; i++) {
			const struct place_piece *p = &seen.pieces[i];
			size_t chunk = plan_find_data_chunk(job->plan, p->logical);

			pieces += p->len;
			assert_true(chunk < 2);
			assert_true(p->logical + p->len <= ends[chunk]);
			assert_true(p->physical / job->plan->max_extent ==
				    (p->physical + p->len - 1) / job->plan->max_extent);
			assert_true(i == 0 || p->physical >= p[-1].physical + p[-1].len);
			if (p->ino)
				assert_true(p->file_offset == p->physical);
		}
		assert_true(sum == pieces);
		hand_job_free(job);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merging),
		cmocka_unit_test(test_shared_attributes),
		cmocka_unit_test(test_cutting),
		cmocka_unit_test(test_long_runs),
		cmocka_unit_test(test_moves),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_sinks),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

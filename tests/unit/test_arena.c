/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arena: addresses one behind the other over all chunks, and blocks in every stripe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "hand_job.h"

#define NODE 16384u
#define DISK_SIZE (24 * MIB)
#define SYSTEM_AT ((u64)GIB)
#define META_AT (GIB + 64 * KIB)
#define NR_SMALL 24u  /* blocks of the small chunks */

static u8 block[NODE];

/* A system chunk and three metadata chunks of 8, 4 and 12 blocks, with a gap in the logical space before the last. */
static struct job *make_job(void)
{
	struct job *job = hand_job_new(DISK_SIZE, NODE);

	hand_disk(job, DISK_SIZE);
	hand_data(job, MIB, 4 * MIB);
	hand_chunk(job, BTRFS_BLOCK_GROUP_SYSTEM, SYSTEM_AT, 64 * KIB, 20 * MIB, 0);
	hand_chunk(job, BTRFS_BLOCK_GROUP_METADATA, META_AT, 128 * KIB, 8 * MIB, 16 * MIB);
	hand_chunk(job, BTRFS_BLOCK_GROUP_METADATA, META_AT + 128 * KIB, 64 * KIB, 7 * MIB, 17 * MIB);
	hand_chunk(job, BTRFS_BLOCK_GROUP_METADATA, META_AT + MIB, 192 * KIB, 6 * MIB, 6 * MIB + 192 * KIB);
	assert_int_equal(arena_init(&job->build->meta, job, BTRFS_BLOCK_GROUP_METADATA), 0);
	assert_int_equal(arena_init(&job->build->sys, job, BTRFS_BLOCK_GROUP_SYSTEM), 0);
	return job;
}

static u64 address_of(u64 nr)
{
	if (nr < 8)
		return META_AT + nr * NODE;
	return nr < 12 ? META_AT + 128 * KIB + (nr - 8) * NODE : META_AT + MIB + (nr - 12) * NODE;
}

static u64 alloc(struct arena *a, u8 level)
{
	u64 logical = 0;

	assert_int_equal(a->sink.alloc(a->sink.ctx, 7, level, &logical), 0);
	return logical;
}

static void put(struct arena *a, u64 logical, u8 pattern)
{
	memset(block, pattern, sizeof(block));
	assert_int_equal(a->sink.write(a->sink.ctx, logical, block), 0);
}

static bool holds(const struct job *job, u64 physical, u64 len, u8 pattern)
{
	const u8 *p = dev_mem_data(job->dev) + physical;

	for (u64 i = 0; i < len; i++)
		if (p[i] != pattern)
			return false;
	return true;
}

/* Block nr of the small chunks has the pattern in both stripes. */
static void expect_block(const struct job *job, u64 nr, u8 pattern)
{
	u64 first = nr < 8 ? 8 * MIB + nr * NODE : nr < 12 ? 7 * MIB + (nr - 8) * NODE : 6 * MIB + (nr - 12) * NODE;
	u64 second = nr < 8 ? first + 8 * MIB : nr < 12 ? first + 10 * MIB : first + 192 * KIB;

	if (!holds(job, first, NODE, pattern) || !holds(job, second, NODE, pattern))
		fail_msg("block %llu is not %u", (unsigned long long)nr, pattern);
}

static void test_addresses(void **state)
{
	struct job *job = make_job();
	struct arena *a = &job->build->meta;
	u64 logical;

	(void)state;
	assert_true(a->nr_chunks == 3 && a->capacity == NR_SMALL && job->build->sys.capacity == 4);
	assert_int_equal(arena_begin(a, 7), 0);
	for (u64 nr = 0; nr < NR_SMALL; nr++) {
		assert_true(alloc(a, (u8)nr) == address_of(nr));
		assert_true(arena_logical(a, nr) == address_of(nr));
		assert_int_equal(a->blocks.levels[nr], nr);
	}
	assert_int_equal(a->sink.alloc(a->sink.ctx, 7, 0, &logical), ERR_BUG);
	assert_non_null(strstr(said.text, "tree 7 needs more blocks than the plan reserved (24)"));
	assert_true(alloc(&job->build->sys, 0) == SYSTEM_AT);
	hand_job_free(job);
}

static void test_writes(void **state)
{
	struct job *job = make_job();
	struct arena *a = &job->build->meta;

	(void)state;
	for (u64 nr = 0; nr < NR_SMALL; nr++)
		put(a, alloc(a, 0), (u8)(nr + 1));
	put(&job->build->sys, alloc(&job->build->sys, 0), 99);
	assert_int_equal(arena_flush(a), 0);
	assert_int_equal(arena_flush(&job->build->sys), 0);
	for (u64 nr = 0; nr < NR_SMALL; nr++)
		expect_block(job, nr, (u8)(nr + 1));
	assert_true(holds(job, 20 * MIB, NODE, 99));
	assert_true(a->bytes_written == 2 * NR_SMALL * NODE && job->build->sys.bytes_written == NODE);
	/* nothing beside the stripes */
	assert_true(holds(job, 0, 6 * MIB, 0) && holds(job, 6 * MIB + 384 * KIB, 640 * KIB, 0));
	assert_true(holds(job, 7 * MIB + 64 * KIB, 960 * KIB, 0) && holds(job, 8 * MIB + 128 * KIB, 7 * MIB, 0));
	assert_true(holds(job, 17 * MIB + 64 * KIB, 2 * MIB, 0) && holds(job, 20 * MIB + NODE, 3 * MIB, 0));
	assert_int_equal(arena_flush(a), 0);
	assert_true(a->bytes_written == 2 * NR_SMALL * NODE);
	hand_job_free(job);
}

/* Blocks that do not follow each other go where they belong all the same. */
static void test_any_order(void **state)
{
	struct job *job = make_job();
	struct arena *a = &job->build->meta;

	(void)state;
	for (u64 nr = 0; nr < NR_SMALL; nr++)
		(void)alloc(a, 0);
	for (u64 i = 0; i < NR_SMALL; i++) {
		u64 nr = i * 7 % NR_SMALL;

		put(a, address_of(nr), (u8)(nr + 1));
		if (i % 5 == 0)
			assert_int_equal(arena_flush(a), 0);
	}
	assert_int_equal(arena_flush(a), 0);
	for (u64 nr = 0; nr < NR_SMALL; nr++)
		expect_block(job, nr, (u8)(nr + 1));
	hand_job_free(job);
}

/* More than one buffer, and a chunk's end in the middle of one. */
static void test_long(void **state)
{
	struct job *job = hand_job_new(DISK_SIZE, NODE);
	struct arena *a = &job->build->meta;

	(void)state;
	hand_disk(job, DISK_SIZE);
	hand_chunk(job, BTRFS_BLOCK_GROUP_METADATA, GIB, 3 * MIB + 64 * KIB, 2 * MIB, 6 * MIB);
	hand_chunk(job, BTRFS_BLOCK_GROUP_METADATA, GIB + 3 * MIB + 64 * KIB, 2 * MIB, 10 * MIB, 14 * MIB);
	assert_int_equal(arena_init(a, job, BTRFS_BLOCK_GROUP_METADATA), 0);
	for (u64 nr = 0; nr < a->capacity; nr++)
		put(a, alloc(a, 0), (u8)nr);
	assert_int_equal(arena_flush(a), 0);
	for (u64 nr = 0; nr < a->capacity; nr++) {
		u64 at = nr < 196 ? 2 * MIB + nr * NODE : 10 * MIB + (nr - 196) * NODE;

		assert_true(holds(job, at, NODE, (u8)nr) && holds(job, at + 4 * MIB, NODE, (u8)nr));
	}
	hand_job_free(job);
}

static void test_rewind(void **state)
{
	struct job *job = make_job();
	struct arena *a = &job->build->meta;

	(void)state;
	assert_int_equal(arena_begin(a, 7), 0);
	for (u64 nr = 0; nr < 10; nr++)
		put(a, alloc(a, 0), 1);
	assert_int_equal(arena_begin(a, 10), 0);
	assert_int_equal(arena_flush(a), 0);
	for (u64 back = 0; back <= 10; back++) {
		a->dry = true;
		while (a->blocks.nr < NR_SMALL)
			put(a, alloc(a, 3), 2);
		assert_int_equal(arena_begin(a, 2), 0);
		assert_int_equal(a->blocks.nr_segments, 3);
		arena_rewind(a, 10 - back, 2);
		assert_int_equal(a->blocks.nr_segments, 2);
		assert_true(a->blocks.segments[1].owner == 10 && a->blocks.segments[1].first == 10);
		a->dry = false;
		assert_true(alloc(a, 0) == address_of(10 - back));
		arena_rewind(a, 10 - back, 2);
	}
	assert_int_equal(arena_flush(a), 0);
	for (u64 nr = 0; nr < NR_SMALL; nr++)
		expect_block(job, nr, nr < 10);
	hand_job_free(job);
}

static void test_chunk_used(void **state)
{
	struct job *job = make_job();
	static const u64 nr_blocks[] = { 8, 4, 12 };

	(void)state;
	for (u64 nr = 0; nr <= NR_SMALL; nr++) {
		u64 left = nr;

		for (size_t chunk = 0; chunk < 3; chunk++) {
			u64 here = min_u64(left, nr_blocks[chunk]);

			assert_true(arena_chunk_used(&job->build->meta, chunk, nr) == here * NODE);
			left -= here;
		}
	}
	hand_job_free(job);
}

static void test_block_lists(void **state)
{
	struct job *job = make_job();
	struct arena *a = &job->build->meta;
	struct arena_blocks copy = { 0 }, empty = { 0 };

	(void)state;
	assert_int_equal(arena_blocks_copy(&copy, &empty), 0);
	assert_true(arena_blocks_equal(&copy, &empty));
	for (u64 nr = 0; nr < NR_SMALL; nr++) {
		if (nr % 2 == 0)
			assert_int_equal(arena_begin(a, nr), 0);
		(void)alloc(a, (u8)(nr % 3));
		assert_false(arena_blocks_equal(&copy, &a->blocks));
		assert_int_equal(arena_blocks_copy(&copy, &a->blocks), 0);
		assert_true(arena_blocks_equal(&copy, &a->blocks));
	}
	copy.levels[5] ^= 1;
	assert_false(arena_blocks_equal(&copy, &a->blocks));
	copy.levels[5] ^= 1;
	copy.segments[3].owner++;
	assert_false(arena_blocks_equal(&copy, &a->blocks));
	copy.segments[3].owner--;
	copy.segments[3].first++;
	assert_false(arena_blocks_equal(&copy, &a->blocks));
	copy.segments[3].first--;
	assert_true(arena_blocks_equal(&copy, &a->blocks));
	copy.nr_segments--;
	assert_false(arena_blocks_equal(&copy, &a->blocks));
	arena_blocks_fini(&copy);
	assert_true(copy.nr == 0 && !copy.levels);
	hand_job_free(job);
}

static void test_write_error(void **state)
{
	struct job *job = make_job();
	struct dev *disk = job->dev;
	const struct dev_fault_opts opts = { .fail_write = 2 };
	struct arena a;

	(void)state;
	assert_int_equal(dev_fault_new(disk, &opts, &job->dev), 0);
	assert_int_equal(arena_init(&a, job, BTRFS_BLOCK_GROUP_METADATA), 0);
	put(&a, alloc(&a, 0), 1);
	assert_int_equal(arena_flush(&a), ERR_IO);
	arena_fini(&a);
	assert_int_equal(dev_close(job->dev), 0);
	job->dev = disk;
	hand_job_free(job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_writes),
		cmocka_unit_test(test_any_order),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_rewind),
		cmocka_unit_test(test_chunk_used),
		cmocka_unit_test(test_block_lists),
		cmocka_unit_test(test_write_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

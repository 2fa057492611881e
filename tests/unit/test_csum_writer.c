/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The writers of the csum tree and of file extents: full leaves, bounded items, and every hole where one belongs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "built_tree.h"

#define S ((u64)SECTOR)
#define HEADER 25u /* of an item */
#define FIRST (MIB + 4096)

/* What a sector's digest is, by its address. */
static void digest_of(u64 logical, u8 *digest, u32 size)
{
	for (u32 i = 0; i < size; i++)
		digest[i] = (u8)((logical / S * 31 + i * 7) >> (i % 3));
}

struct feed {
	struct csum_writer w;
	u64 next, nr;         /* sectors so far */
	u64 *sectors;         /* their addresses */
	u64 cap;
};

static void feed_init(struct feed *f, struct job *job, u64 cap)
{
	*f = (struct feed){ .next = FIRST, .cap = cap, .sectors = calloc(cap, sizeof(u64)) };
	assert_non_null(f->sectors);
	assert_int_equal(csum_writer_init(&f->w, job), 0);
}

/* nr sectors behind a gap of so many. */
static void feed(struct feed *f, u64 gap, u32 nr)
{
	u32 size = f->w.csum_size;
	u8 *digests = malloc((size_t)nr * size + 1);

	assert_non_null(digests);
	f->next += gap * S;
	for (u32 i = 0; i < nr; i++) {
		assert_true(f->nr < f->cap);
		f->sectors[f->nr++] = f->next + i * S;
		digest_of(f->next + i * S, digests + (size_t)i * size, size);
	}
	assert_int_equal(csum_writer_add(&f->w, f->next, digests, nr), 0);
	f->next += nr * S;
	free(digests);
}

/* All sectors are there, in order, with their digests, in items that readers accept. */
static void check_items(const struct feed *f, u32 nodesize)
{
	u32 size = f->w.csum_size;
	/* what the kernel takes at most: see MAX_CSUM_ITEMS there */
	u32 max = ((nodesize - 101 - 2 * HEADER) / size - 1) * size;
	u64 at = 0;
	u8 digest[32];

	for (u64 i = 0; i < built.nr; i++) {
		const struct built_item *item = &built.items[i];

		assert_true(item->key.objectid == (u64)-10 && item->key.type == 128);
		assert_true(item->size > 0 && item->size <= max && item->size % size == 0);
		for (u32 k = 0; k < item->size / size; k++, at++) {
			assert_true(at < f->nr && f->sectors[at] == item->key.offset + k * S);
			digest_of(f->sectors[at], digest, size);
			assert_memory_equal(item->data + k * size, digest, size);
		}
	}
	assert_true(at == f->nr);
}

/* Every leaf but the last has no room for one more item with a digest. */
static void check_leaves(const struct memory *m, u32 size)
{
	u64 last = 0;

	for (u64 nr = 0; nr < m->nr_write; nr++)
		if (m->blocks[nr][100] == 0)
			last = nr;
	for (u64 nr = 0; nr < last; nr++) {
		const u8 *block = m->blocks[nr];
		u32 items = get_le32(block + 96), used;

		if (block[100] != 0)
			continue;
		used = items * HEADER + m->params.nodesize - 101 - get_le32(block + 101 + (items - 1) * HEADER + 17);
		assert_true(m->params.nodesize - 101 - used < HEADER + size);
	}
}

static void finish(struct feed *f, struct job *job)
{
	u32 nodesize = job->plan->params.nodesize;
	struct memory m;

	assert_int_equal(csum_writer_finish(&f->w), 0);
	assert_true(job->build_stats.csum_bytes == f->nr * S);
	assert_true(job->build_stats.nr_blocks == job->build->csum.nr_blocks);
	m = built_load(job, &job->build->csum);
	assert_true(job->build->csum.owner == 7);
	check_items(f, nodesize);
	check_leaves(&m, f->w.csum_size);
	memory_fini(&m);
	built_free();
	csum_writer_fini(&f->w);
	free(f->sectors);
	hand_job_free(job);
}

static struct job *begin(u32 nodesize, enum btrfs_csum_type type)
{
	struct job *job = hand_job_new(GIB, nodesize);

	job->plan->params.csum_type = type;
	hand_data(job, MIB, MIB);
	built_begin(job);
	return job;
}

static void for_all_forms(void (*fn)(u32 nodesize, enum btrfs_csum_type type))
{
	for (u32 nodesize = 4096; nodesize <= 65536; nodesize *= 4)
		for (int type = 0; type < 4; type++)
			fn(nodesize, (enum btrfs_csum_type)type);
}

/* One contiguous range of many leaves, in portions of any size. */
static void long_range(u32 nodesize, enum btrfs_csum_type type)
{
	struct job *job = begin(nodesize, type);
	struct feed f;

	feed_init(&f, job, 100000);
	for (u32 i = 0; f.nr < 60000; i++)
		feed(&f, 0, (u32)random() % (i % 7 ? 60 : 6000));
	finish(&f, job);
}

static void test_long_range(void **state)
{
	(void)state;
	for_all_forms(long_range);
}

static void single_sectors(u32 nodesize, enum btrfs_csum_type type)
{
	struct job *job = begin(nodesize, type);
	struct feed f;

	feed_init(&f, job, 5000);
	for (u32 i = 0; i < 5000; i++)
		feed(&f, 1 + i % 3, 1);
	finish(&f, job);
}

static void test_single_sectors(void **state)
{
	(void)state;
	for_all_forms(single_sectors);
}

static void random_ranges(u32 nodesize, enum btrfs_csum_type type)
{
	for (int round = 0; round < 5; round++) {
		struct job *job = begin(nodesize, type);
		u32 max = 1u << random() % 13;
		struct feed f;

		feed_init(&f, job, 40000);
		while (f.nr < 20000)
			feed(&f, (u64)random() % 3, (u32)random() % max + 1);
		finish(&f, job);
	}
}

static void test_random_ranges(void **state)
{
	(void)state;
	for_all_forms(random_ranges);
}

static void test_no_data(void **state)
{
	struct job *job = begin(16384, BTRFS_CSUM_CRC32C);
	struct feed f;

	(void)state;
	feed_init(&f, job, 1);
	feed(&f, 0, 0);
	finish(&f, job);
}

/* ========== File extents ========== */

struct expected {
	u64 offset, len, logical; /* logical 0: a hole */
	u8 type;                  /* 1 written, 2 preallocated */
};

/* Two runs with a gap before each and one behind, and a size that ends within a sector. */
static void check_extents(bool no_holes, const struct expected *expected, size_t nr)
{
	struct job *job = begin(16384, BTRFS_CSUM_CRC32C);
	struct extent_writer w = { .job = job, .objectid = 300 };
	struct memory m;

	if (!no_holes)
		job->plan->params.incompat &= ~BTRFS_INCOMPAT_NO_HOLES;
	assert_int_equal(build_open_tree(job, &job->build->meta, 5, &w.tree), 0);
	assert_int_equal(extent_writer_add(&w, 2 * S, 5 * MIB, 3 * S, false), 0);
	assert_int_equal(extent_writer_add(&w, 5 * S, 9 * MIB, S, true), 0); /* no gap */
	assert_int_equal(extent_writer_add(&w, 10 * S, 6 * MIB, 2 * S, false), 0);
	assert_int_equal(extent_writer_finish(&w, 14 * S + 1), 0);
	/* a file without any, and one that ends with its last extent or before it */
	w.objectid++;
	w.next = 0;
	assert_int_equal(extent_writer_finish(&w, 0), 0);
	w.objectid++;
	assert_int_equal(extent_writer_add(&w, 0, 7 * MIB, 2 * S, true), 0);
	assert_int_equal(extent_writer_finish(&w, S + 1), 0);
	w.objectid++;
	w.next = 0;
	assert_int_equal(extent_writer_add(&w, 0, 8 * MIB, 2 * S, true), 0);
	assert_int_equal(extent_writer_finish(&w, 100), 0);
	assert_int_equal(build_close_tree(job, w.tree, 0, &job->build->fs), 0);
	m = built_load(job, &job->build->fs);
	assert_int_equal(built.nr, nr + 2);
	for (size_t i = 0; i < nr + 2; i++) {
		const struct expected last[] = { { 0, 2 * S, 7 * MIB, 2 }, { 0, 2 * S, 8 * MIB, 2 } };
		const struct expected *e = i < nr ? &expected[i] : &last[i - nr];
		const struct built_item *item = &built.items[i];

		assert_true(item->key.objectid == (i < nr ? 300 : 302 + i - nr) && item->key.type == 108);
		assert_true(item->key.offset == e->offset && item->size == 53);
		assert_true(get_le64(item->data) == 1 && item->data[20] == e->type); /* generation, type */
		assert_true(get_le64(item->data + 8) == e->len);                     /* ram_bytes */
		assert_true(get_le64(item->data + 21) == e->logical);
		assert_true(get_le64(item->data + 29) == (e->logical ? e->len : 0));
		assert_true(get_le64(item->data + 37) == 0 && get_le64(item->data + 45) == e->len);
	}
	memory_fini(&m);
	built_free();
	hand_job_free(job);
}

static void test_extents_without_holes(void **state)
{
	static const struct expected items[] = {
		{ 2 * S, 3 * S, 5 * MIB, 1 }, { 5 * S, S, 9 * MIB, 2 }, { 10 * S, 2 * S, 6 * MIB, 1 },
	};

	(void)state;
	check_extents(true, items, ARRAY_SIZE(items));
}

static void test_extents_with_holes(void **state)
{
	static const struct expected items[] = {
		{ 0, 2 * S, 0, 1 }, { 2 * S, 3 * S, 5 * MIB, 1 }, { 5 * S, S, 9 * MIB, 2 },
		{ 6 * S, 4 * S, 0, 1 }, { 10 * S, 2 * S, 6 * MIB, 1 }, { 12 * S, 3 * S, 0, 1 },
	};

	(void)state;
	check_extents(false, items, ARRAY_SIZE(items));
}

static int setup(void **state)
{
	(void)state;
	srandom(173205);
	return btrfs_csum_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_long_range),
		cmocka_unit_test(test_single_sectors),
		cmocka_unit_test(test_random_ranges),
		cmocka_unit_test(test_no_data),
		cmocka_unit_test(test_extents_without_holes),
		cmocka_unit_test(test_extents_with_holes),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}

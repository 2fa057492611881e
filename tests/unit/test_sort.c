/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sorter against a plain reference: every shape of input, in memory, with one merge of runs and with several
 * passes; ties, rewinding, reuse, misuse, and scratch that is full, failing or damaged.
 */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/arith.h"
#include "base/status.h"
#include "messages.h"
#include "sort/sort.h"

/* The least that a sorter takes; above that it spills. */
#define BUDGET MIB

static struct messages messages;
static struct dev *mem;
static struct scratch *scratch;

static int set_up(void **state)
{
	static const struct range ranges[] = { { 0, 4 * MIB }, { 8 * MIB, 120 * MIB } };
	int ret = dev_mem_new(128 * MIB, &mem);

	(void)state;
	messages_gather(&messages);
	return ret ? ret : scratch_new_dev(mem, ranges, ARRAY_SIZE(ranges), &scratch);
}

static int tear_down(void **state)
{
	(void)state;
	msg_set_sink(NULL, NULL);
	scratch_free(scratch);
	return dev_close(mem);
}

static void assert_said(const char *what)
{
	if (!strstr(messages.text, what))
		fail_msg("no '%s' in '%s'", what, messages.text);
}

static struct sort *new_sort(u32 payload_size, struct scratch *s)
{
	struct sort *sort = NULL;

	assert_int_equal(sort_new(payload_size, BUDGET, s, &sort), 0);
	return sort;
}

/* ========== Against a reference ========== */

/* The reference keeps the keys and the place in the input, which is all of a record: the payload follows from it. */
struct ref {
	u64 hi, lo;
	u32 seq;
};

static int compare_refs(const void *a, const void *b)
{
	const struct ref *x = a, *y = b;

	if (x->hi != y->hi)
		return x->hi < y->hi ? -1 : 1;
	if (x->lo != y->lo)
		return x->lo < y->lo ? -1 : 1;
	return x->seq < y->seq ? -1 : 1;
}

static u32 payload_len(u32 payload_size, u32 max, u32 seq)
{
	return payload_size == SORT_VARIABLE ? (u32)(seq * 2654435761u) % (max + 1) : payload_size;
}

static void fill_payload(u8 *payload, u32 len, u32 seq)
{
	for (u32 i = 0; i < len; i++)
		payload[i] = (u8)(seq >> i % 4 * 8) ^ (u8)i;
}

static void add_refs(struct sort *sort, const struct ref *refs, u32 nr, u32 payload_size, u32 max)
{
	u8 *payload = malloc(SORT_MAX_PAYLOAD);

	assert_non_null(payload);
	for (u32 i = 0; i < nr; i++) {
		u32 len = payload_len(payload_size, max, refs[i].seq);

		fill_payload(payload, len, refs[i].seq);
		assert_int_equal(sort_add(sort, refs[i].hi, refs[i].lo, payload, len), 0);
		memset(payload, 0, len);
	}
	free(payload);
	assert_int_equal(sort_count(sort), nr);
}

static void expect_refs(struct sort *sort, const struct ref *refs, u32 nr, u32 payload_size, u32 max)
{
	u8 *payload = malloc(SORT_MAX_PAYLOAD);
	struct sort_rec rec;

	assert_non_null(payload);
	for (u32 i = 0; i < nr; i++) {
		u32 len = payload_len(payload_size, max, refs[i].seq);

		assert_int_equal(sort_next(sort, &rec), 1);
		assert_true(rec.hi == refs[i].hi && rec.lo == refs[i].lo);
		assert_int_equal(rec.len, len);
		assert_int_equal((uintptr_t)rec.payload % 8, 0);
		fill_payload(payload, len, refs[i].seq);
		assert_memory_equal(rec.payload, payload, len);
	}
	free(payload);
	assert_int_equal(sort_next(sort, &rec), 0);
	assert_int_equal(sort_next(sort, &rec), 0);
}

enum shape { ASCENDING, DESCENDING, EQUAL, RANDOM, FEW_KEYS, NEARLY, SAWTOOTH, NR_SHAPES };

static struct ref *make_refs(enum shape shape, u32 nr)
{
	struct ref *refs = calloc(nr + 1, sizeof(*refs));

	assert_non_null(refs);
	srandom(1729);
	for (u32 i = 0; i < nr; i++) {
		struct ref *ref = &refs[i];

		ref->seq = i;
		if (shape == ASCENDING || shape == NEARLY)
			*ref = (struct ref){ i / 3, i, i };
		if (shape == NEARLY && random() % 50 == 0)
			ref->hi = (u64)random() % nr;
		if (shape == DESCENDING)
			ref->hi = UINT64_MAX - i / 2;
		if (shape == EQUAL)
			ref->hi = ref->lo = UINT64_MAX;
		if (shape == RANDOM)
			*ref = (struct ref){ (u64)random() % 1000, (u64)random() << 33 ^ (u64)random(), i };
		if (shape == FEW_KEYS)
			*ref = (struct ref){ (u64)random() % 3, (u64)random() % 2, i };
		if (shape == SAWTOOTH)
			ref->lo = i % 777;
	}
	return refs;
}

static void check_shape(enum shape shape, u32 nr, u32 payload_size, u32 max, struct scratch *s)
{
	struct sort *sort = new_sort(payload_size, s);
	struct ref *refs = make_refs(shape, nr);

	add_refs(sort, refs, nr, payload_size, max);
	assert_int_equal(sort_finish(sort), 0);
	qsort(refs, nr, sizeof(*refs), compare_refs);
	expect_refs(sort, refs, nr, payload_size, max);
	assert_int_equal(sort_rewind(sort), 0);
	expect_refs(sort, refs, nr, payload_size, max);
	assert_int_equal(sort_count(sort), nr);
	if (!s)
		assert_int_equal(sort_spilled(sort), 0);
	sort_free(sort);
	free(refs);
}

static void test_small(void **state)
{
	(void)state;
	for (int shape = 0; shape < NR_SHAPES; shape++)
		for (u32 nr = 0; nr < 40; nr++) {
			check_shape(shape, nr, 12, 0, NULL);
			check_shape(shape, nr, 0, 0, scratch);
			check_shape(shape, nr, SORT_VARIABLE, 30, scratch);
		}
	assert_int_equal(scratch_used(scratch), 0);
}

/* 50,000 records of some 40 bytes: two MiB, so several blocks without scratch, and several runs with. */
static void test_in_memory(void **state)
{
	(void)state;
	for (int shape = 0; shape < NR_SHAPES; shape++) {
		check_shape(shape, 50000, 12, 0, NULL);
		check_shape(shape, 20000, SORT_VARIABLE, 100, NULL);
	}
}

static void test_spilled(void **state)
{
	(void)state;
	for (int shape = 0; shape < NR_SHAPES; shape++) {
		u64 before = scratch_used(scratch);

		check_shape(shape, 50000, 12, 0, scratch);
		assert_true(scratch_used(scratch) > before + MIB);
		check_shape(shape, 20000, SORT_VARIABLE, 100, scratch);
	}
}

/* Payloads of up to 64 KiB: only five runs can be read at once, and here there are some thirty. */
static void test_many_passes(void **state)
{
	(void)state;
	check_shape(RANDOM, 500, SORT_VARIABLE, SORT_MAX_PAYLOAD, scratch);
	assert_true(scratch_used(scratch) > 24 * MIB);
	scratch_reset(scratch);
	check_shape(FEW_KEYS, 500, SORT_VARIABLE, SORT_MAX_PAYLOAD, scratch);
	scratch_reset(scratch);
	check_shape(FEW_KEYS, 200, SORT_MAX_PAYLOAD, 0, scratch);
}

static void test_random_sizes(void **state)
{
	(void)state;
	for (u32 round = 0; round < 60; round++) {
		enum shape shape = round % NR_SHAPES;
		u32 nr = (round * 7919) % 9000, size = (round * 37) % 200;

		check_shape(shape, nr, size, 0, round % 2 ? scratch : NULL);
		check_shape(shape, nr, SORT_VARIABLE, size * 3, round % 2 ? NULL : scratch);
		scratch_reset(scratch);
	}
}

/* ========== Life ========== */

/* Two sorters take turns, so that the runs of one lie among those of the other. */
static void test_shared_scratch(void **state)
{
	struct sort *a = new_sort(12, scratch), *b = new_sort(SORT_VARIABLE, scratch);
	struct ref *refs = make_refs(RANDOM, 60000);

	(void)state;
	for (u32 i = 0; i < 60000; i++) {
		u8 payload[64];
		u32 len = payload_len(SORT_VARIABLE, 50, i);

		fill_payload(payload, 12, i);
		assert_int_equal(sort_add(a, refs[i].hi, refs[i].lo, payload, 12), 0);
		fill_payload(payload, len, i);
		assert_int_equal(sort_add(b, refs[i].hi, refs[i].lo, payload, len), 0);
	}
	assert_int_equal(sort_finish(a), 0);
	assert_int_equal(sort_finish(b), 0);
	assert_true(sort_spilled(a) > MIB);
	assert_true(sort_spilled(b) > MIB);
	qsort(refs, 60000, sizeof(*refs), compare_refs);
	expect_refs(a, refs, 60000, 12, 0);
	expect_refs(b, refs, 60000, SORT_VARIABLE, 50);
	sort_free(a);
	sort_free(b);
	free(refs);
}

static void test_reset(void **state)
{
	static const u32 sizes[] = { 3, 50000, 0, 100, 60000, 7 };
	struct sort *sort = new_sort(12, scratch);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct ref *refs = make_refs(RANDOM, sizes[i]);

		add_refs(sort, refs, sizes[i], 12, 0);
		assert_int_equal(sort_finish(sort), 0);
		qsort(refs, sizes[i], sizeof(*refs), compare_refs);
		expect_refs(sort, refs, sizes[i], 12, 0);
		assert_int_equal(sort_spilled(sort) > 0, sizes[i] >= 50000);
		sort_reset(sort);
		assert_int_equal(sort_count(sort), 0);
		assert_int_equal(sort_spilled(sort), 0);
		free(refs);
	}
	/* also in the middle of the input, and of the output */
	assert_int_equal(sort_add(sort, 9, 9, "............", 12), 0);
	sort_reset(sort);
	assert_int_equal(sort_add(sort, 5, 6, "abcdefghijkl", 12), 0);
	assert_int_equal(sort_finish(sort), 0);
	sort_reset(sort);
	assert_int_equal(sort_finish(sort), 0);
	expect_refs(sort, NULL, 0, 12, 0);
	sort_free(sort);
	sort_free(NULL);
}

/* Rewinding in the middle, and the check of order does not stumble over it. */
static void test_rewind_midway(void **state)
{
	struct sort *sort = new_sort(12, scratch);
	struct ref *refs = make_refs(RANDOM, 50000);
	struct sort_rec rec;

	(void)state;
	add_refs(sort, refs, 50000, 12, 0);
	assert_int_equal(sort_finish(sort), 0);
	for (int i = 0; i < 30000; i++)
		assert_int_equal(sort_next(sort, &rec), 1);
	assert_int_equal(sort_rewind(sort), 0);
	qsort(refs, 50000, sizeof(*refs), compare_refs);
	expect_refs(sort, refs, 50000, 12, 0);
	sort_free(sort);
	free(refs);
}

/* ========== Misuse and faults ========== */

static void test_misuse(void **state)
{
	struct sort *fixed = new_sort(12, NULL), *variable = new_sort(SORT_VARIABLE, NULL), *bad = fixed;
	static u8 payload[SORT_MAX_PAYLOAD + 1];
	struct sort_rec rec;

	(void)state;
	assert_int_equal(sort_new(SORT_MAX_PAYLOAD + 1, BUDGET, NULL, &bad), ERR_BUG);
	assert_null(bad);
	assert_int_equal(sort_add(fixed, 0, 0, payload, 11), ERR_BUG);
	assert_int_equal(sort_add(fixed, 0, 0, payload, 13), ERR_BUG);
	assert_int_equal(sort_add(variable, 0, 0, payload, SORT_MAX_PAYLOAD + 1), ERR_BUG);
	assert_said("a record of 65537 bytes");
	assert_int_equal(sort_add(variable, 0, 0, payload, SORT_MAX_PAYLOAD), 0);
	assert_int_equal(sort_next(variable, &rec), ERR_BUG);
	assert_int_equal(sort_rewind(variable), ERR_BUG);
	assert_int_equal(sort_finish(variable), 0);
	assert_int_equal(sort_add(variable, 0, 0, payload, 1), ERR_BUG);
	assert_int_equal(sort_finish(variable), ERR_BUG);
	assert_int_equal(sort_count(variable), 1);
	sort_free(fixed);
	sort_free(variable);
}

/* Adds until an error comes, at most nr records. */
static int add_many(struct sort *sort, u32 nr)
{
	u8 payload[100];
	int ret = 0;

	memset(payload, 0x11, sizeof(payload));
	srandom(1729);
	for (u32 i = 0; i < nr && !ret; i++)
		ret = sort_add(sort, (u64)random(), i, payload, sizeof(payload));
	return ret;
}

static void test_scratch_full(void **state)
{
	static const struct range small = { 0, 512 * KIB };
	struct scratch *s = NULL;
	struct sort *sort = NULL;

	(void)state;
	assert_int_equal(scratch_new_dev(mem, &small, 1, &s), 0);
	sort = new_sort(100, s);
	assert_int_equal(add_many(sort, 20000), ERR_NOSPC);
	assert_int_equal(messages.nr[MSG_ERR], 1);
	assert_said("no space left");
	sort_free(sort);
	scratch_free(s);
}

/* Each write and each read fails once; the error always comes out. */
static void test_scratch_fails(void **state)
{
	static const struct range whole = { 0, 64 * MIB };

	(void)state;
	for (u64 n = 1; n < 40; n++) {
		struct dev_fault_opts opts = { .fail_write = n % 2 ? n / 2 + 1 : 0, .fail_read = n % 2 ? 0 : n / 2 };
		struct dev *fault = NULL;
		struct scratch *s = NULL;
		struct sort *sort = NULL;
		struct sort_rec rec;
		int ret;

		assert_int_equal(dev_fault_new(mem, &opts, &fault), 0);
		assert_int_equal(scratch_new_dev(fault, &whole, 1, &s), 0);
		sort = new_sort(100, s);
		ret = add_many(sort, 60000);
		if (!ret)
			ret = sort_finish(sort);
		if (!ret)
			while ((ret = sort_next(sort, &rec)) > 0)
				;
		assert_int_equal(ret, ERR_IO);
		sort_free(sort);
		scratch_free(s);
		assert_int_equal(dev_close(fault), 0);
	}
}

/* Scratch gives back something else than was written: noticed by the order, or by an impossible length. */
static void test_scratch_damaged(void **state)
{
	u32 sizes[] = { 100, SORT_VARIABLE };
	struct sort_rec rec;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct sort *sort = new_sort(sizes[i], scratch);
		u64 from = scratch_used(scratch);
		int ret;

		assert_int_equal(add_many(sort, 20000), 0);
		assert_int_equal(sort_finish(sort), 0);
		for (u64 at = from + 200 * KIB; at < scratch_used(scratch); at += 100 * KIB)
			memset(dev_mem_data(mem) + at, (int)(0xff * i), 4096);
		while ((ret = sort_next(sort, &rec)) > 0)
			;
		assert_int_equal(ret, i ? ERR_IO : ERR_BUG);
		assert_said(i ? "impossible length" : "wrong order");
		sort_free(sort);
	}
}

/* The last record of the last run claims to be longer than what there is of the run. */
static void test_scratch_damaged_end(void **state)
{
	struct sort *sort = new_sort(SORT_VARIABLE, scratch);
	struct sort_rec rec;
	u8 *end = dev_mem_data(mem) + 4 * MIB;
	u64 len = 200;
	int ret;

	(void)state;
	assert_int_equal(add_many(sort, 20000), 0);
	assert_int_equal(sort_finish(sort), 0);
	assert_in_range(scratch_used(scratch), MIB, 4 * MIB);
	while (end[-1] != 0x11)
		end--;
	memcpy(end - 100 - sizeof(len), &len, sizeof(len));
	while ((ret = sort_next(sort, &rec)) > 0)
		;
	assert_int_equal(ret, ERR_IO);
	assert_said("ends within a record");
	sort_free(sort);
}

/* ========== Memory ========== */

static size_t heap(void)
{
#if defined(__SANITIZE_ADDRESS__)
	extern size_t __sanitizer_get_current_allocated_bytes(void);

	return __sanitizer_get_current_allocated_bytes();
#else
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
#endif
}

static void test_memory(void **state)
{
	size_t before = heap(), budget = 8 * MIB, peak = 0;
	struct sort *sort = NULL;
	u8 payload[20] = { 0 };
	struct sort_rec rec;

	(void)state;
	assert_int_equal(sort_new(20, budget, scratch, &sort), 0);
	assert_true(heap() - before < 2048);
	assert_int_equal(sort_add(sort, 1, 1, payload, 20), 0);
	assert_true(heap() - before < 8192);
	for (u32 i = 0; i < 600000; i++) {
		assert_int_equal(sort_add(sort, i * 2654435761u, i, payload, 20), 0);
		if (i % 64 == 0)
			peak = max_u64(peak, heap() - before);
	}
	assert_int_equal(sort_finish(sort), 0);
	assert_int_equal(sort_next(sort, &rec), 1);
	peak = max_u64(peak, heap() - before);
	assert_in_range(peak, budget * 8 / 10, budget * 11 / 10);
	sort_free(sort);
	assert_int_equal(heap(), before);
}

#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SCRATCH(test_small),
		WITH_SCRATCH(test_in_memory),
		WITH_SCRATCH(test_spilled),
		WITH_SCRATCH(test_many_passes),
		WITH_SCRATCH(test_random_sizes),
		WITH_SCRATCH(test_shared_scratch),
		WITH_SCRATCH(test_reset),
		WITH_SCRATCH(test_rewind_midway),
		WITH_SCRATCH(test_misuse),
		WITH_SCRATCH(test_scratch_full),
		WITH_SCRATCH(test_scratch_fails),
		WITH_SCRATCH(test_scratch_damaged),
		WITH_SCRATCH(test_scratch_damaged_end),
		WITH_SCRATCH(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

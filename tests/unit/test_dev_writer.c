/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Buffers reach all their places in order; errors stick. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"
#include "dev/dev_writer.h"

#define SIZE (4 * MIB)
#define BUF 65536u

static void put(struct dev_writer *w, u8 fill, const u64 *offsets, u32 nr, int want)
{
	u8 *buf = NULL;

	assert_int_equal(dev_writer_get(w, &buf), 0);
	assert_non_null(buf);
	memset(buf, fill, BUF);
	assert_int_equal(dev_writer_put(w, BUF, offsets, nr), want);
}

static void test_all_places(void **state)
{
	struct dev_writer *w = NULL;
	struct dev *dev = NULL;

	(void)state;
	assert_int_equal(dev_mem_new(SIZE, &dev), 0);
	assert_int_equal(dev_writer_new(dev, BUF, &w), 0);
	for (u32 i = 0; i < 20; i++)
		put(w, (u8)(i + 1), (u64[]){ i * BUF, SIZE / 2 + i * BUF }, 2, 0);
	assert_int_equal(dev_writer_drain(w), 0);
	for (u32 i = 0; i < 20; i++) {
		assert_int_equal(dev_mem_data(dev)[i * BUF], i + 1);
		assert_int_equal(dev_mem_data(dev)[(i + 1) * BUF - 1], i + 1);
		assert_int_equal(dev_mem_data(dev)[SIZE / 2 + i * BUF], i + 1);
	}
	dev_writer_free(w);
	assert_int_equal(dev_close(dev), 0);
}

/* The same place written again and again must end with the last content. */
static void test_order(void **state)
{
	struct dev_writer *w = NULL;
	struct dev *dev = NULL;

	(void)state;
	assert_int_equal(dev_mem_new(SIZE, &dev), 0);
	assert_int_equal(dev_writer_new(dev, BUF, &w), 0);
	for (u32 i = 0; i < 100; i++)
		put(w, (u8)i, (u64[]){ 0 }, 1, 0);
	assert_int_equal(dev_writer_drain(w), 0);
	assert_int_equal(dev_mem_data(dev)[0], 99);
	dev_writer_free(w);
	assert_int_equal(dev_close(dev), 0);
}

static void test_error_sticks(void **state)
{
	struct dev_fault_opts opts = { .fail_write = 2 };
	struct dev *dev = NULL, *fault = NULL;
	struct dev_writer *w = NULL;
	u8 *buf = NULL;

	(void)state;
	assert_int_equal(dev_mem_new(SIZE, &dev), 0);
	assert_int_equal(dev_fault_new(dev, &opts, &fault), 0);
	assert_int_equal(dev_writer_new(fault, BUF, &w), 0);
	put(w, 1, (u64[]){ 0 }, 1, 0);
	assert_int_equal(dev_writer_drain(w), 0);
	put(w, 2, (u64[]){ BUF }, 1, 0);
	assert_int_equal(dev_writer_drain(w), ERR_IO);
	assert_int_equal(dev_writer_get(w, &buf), ERR_IO);
	assert_int_equal(dev_writer_drain(w), ERR_IO);
	dev_writer_free(w);
	assert_int_equal(dev_close(fault), 0);
	assert_int_equal(dev_close(dev), 0);
}

static void test_too_many_places(void **state)
{
	struct dev_writer *w = NULL;
	struct dev *dev = NULL;

	(void)state;
	assert_int_equal(dev_mem_new(SIZE, &dev), 0);
	assert_int_equal(dev_writer_new(dev, BUF, &w), 0);
	put(w, 1, (u64[]){ 0, 1, 2 }, 3, ERR_BUG);
	dev_writer_free(w);
	assert_int_equal(dev_close(dev), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_places),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_error_sticks),
		cmocka_unit_test(test_too_many_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

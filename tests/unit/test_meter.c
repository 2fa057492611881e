/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rate, time left and the lines of the progress meter, on a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/meter.h"

#define WIDTH 79u

static void test_bounds(void **state)
{
	struct meter meter;

	(void)state;
	meter_begin(&meter, "build", 100, 0);
	assert_int_equal(meter_percent(&meter), 0);
	meter_update(&meter, 60);
	meter_update(&meter, 40); /* another thread was late */
	assert_int_equal(meter.done, 60);
	assert_int_equal(meter_percent(&meter), 60);
	meter_update(&meter, 250);
	assert_int_equal(meter.done, 100);
	assert_int_equal(meter_percent(&meter), 100);

	meter_begin(&meter, "open", 0, 0);
	meter_update(&meter, 250);
	assert_int_equal(meter.done, 250);
	assert_int_equal(meter_percent(&meter), 0);
	meter_begin(&meter, "a phase with a name that is far too long", UINT64_MAX, 0);
	meter_update(&meter, UINT64_MAX);
	assert_int_equal(meter_percent(&meter), 100);
}

static void test_rate(void **state)
{
	struct meter meter;
	double now = 1000;
	int i;

	(void)state;
	meter_begin(&meter, "build", 1000 * MIB, now);
	assert_true(meter_left(&meter) < 0);
	assert_true(meter_mean(&meter, now) == 0);
	/* 10 MiB a second */
	for (i = 1; i <= 100; i++) {
		now += 0.1;
		meter_update(&meter, (u64)i * MIB);
		meter_sample(&meter, now);
	}
	assert_true(meter.rate > 9.9 * MIB && meter.rate < 10.1 * MIB);
	assert_true(meter_left(&meter) > 89 && meter_left(&meter) < 91);
	/* then nothing for a minute: the rate falls, the time left grows */
	for (i = 0; i < 600; i++) {
		now += 0.1;
		meter_sample(&meter, now);
	}
	assert_true(meter.rate < 0.1 * MIB);
	assert_true(meter_left(&meter) > 9000);
	/* a clock that stands still changes nothing */
	meter_update(&meter, 200 * MIB);
	meter_sample(&meter, now);
	assert_true(meter.rate < 0.1 * MIB);
}

static void test_bar(void **state)
{
	struct meter meter;
	char line[256];
	unsigned int width;

	(void)state;
	meter_begin(&meter, "build", 2 * GIB, 0);
	meter_update(&meter, GIB);
	meter_sample(&meter, 2);
	meter_bar(&meter, line, sizeof(line), WIDTH);
	assert_string_equal(line, "build   [#######.......]  50%  1.0 GiB of 2.0 GiB  512.0 MiB/s  0:02 left");
	meter_update(&meter, 2 * GIB);
	meter_bar(&meter, line, sizeof(line), WIDTH);
	assert_non_null(strstr(line, "[##############] 100%"));
	/* too narrow for the bar, then for the figures */
	meter_bar(&meter, line, sizeof(line), 65);
	assert_non_null(strstr(line, "build   100%  2.0 GiB of"));
	for (width = 1; width <= WIDTH; width++) {
		meter_bar(&meter, line, sizeof(line), width);
		assert_true(strlen(line) <= width);
	}
	/* the widest figures */
	meter_begin(&meter, "verifying", 1023 * KIB * KIB * KIB, 0);
	meter_update(&meter, 1022 * KIB * KIB * KIB);
	meter.rate = 1023 * 1024.0;
	meter_bar(&meter, line, sizeof(line), WIDTH);
	assert_true(strlen(line) <= WIDTH);
}

static void test_unknown_total(void **state)
{
	struct meter meter;
	char line[256];

	(void)state;
	meter_begin(&meter, "scan", 0, 0);
	meter_update(&meter, 10 * MIB);
	meter_sample(&meter, 1);
	assert_true(meter_left(&meter) < 0);
	meter_bar(&meter, line, sizeof(line), WIDTH);
	assert_string_equal(line, "scan    10.0 MiB  10.0 MiB/s");
	meter_line(&meter, line, sizeof(line));
	assert_string_equal(line, "scan    10.0 MiB, 10.0 MiB/s");
}

static void test_lines(void **state)
{
	struct meter meter;
	char line[256];

	(void)state;
	meter_begin(&meter, "build", 100 * MIB, 0);
	meter_line(&meter, line, sizeof(line));
	assert_string_equal(line, "build     0%, 0 B of 100.0 MiB, -, ? left");
	meter_closing_line(&meter, 0.5, line, sizeof(line));
	assert_string_equal(line, "build   0.50 s");
	meter_update(&meter, 25 * MIB);
	meter_sample(&meter, 1);
	meter_line(&meter, line, sizeof(line));
	assert_string_equal(line, "build    25%, 25.0 MiB of 100.0 MiB, 25.0 MiB/s, 0:03 left");
	meter_closing_line(&meter, 2, line, sizeof(line));
	assert_string_equal(line, "build   25.0 MiB in 2.00 s, 12.5 MiB/s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds), cmocka_unit_test(test_rate), cmocka_unit_test(test_bar),
		cmocka_unit_test(test_unknown_total), cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

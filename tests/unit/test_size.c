/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Byte counts: what is accepted, what is not, and how they are printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/size.h"
#include "base/status.h"

static void test_parse_good(void **state)
{
	static const struct {
		const char *text;
		u64 size;
	} cases[] = {
		{ "0", 0 },
		{ "1", 1 },
		{ "007", 7 },
		{ "4096", 4096 },
		{ "64K", 64 * KIB },
		{ "64k", 64 * KIB },
		{ "3M", 3 * MIB },
		{ "3m", 3 * MIB },
		{ "2G", 2 * GIB },
		{ "2g", 2 * GIB },
		{ "5T", 5 * TIB },
		{ "5t", 5 * TIB },
		{ "18446744073709551615", UINT64_MAX },
		{ "18014398509481983K", UINT64_MAX - 1023 },
		{ "16777215T", UINT64_MAX - TIB + 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		u64 size = 99;

		assert_int_equal(size_parse(cases[i].text, &size), 0);
		assert_true(size == cases[i].size);
	}
}

static void test_parse_bad(void **state)
{
	static const char *const cases[] = {
		"", "K", " 1", "1 ", "1 K", "-1", "+1", "0x10", "1.5G", "1KB", "1KiB", "1P", "1,000", "one",
		"18446744073709551616", "99999999999999999999", "18014398509481984K", "16777216T",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		u64 size = 99;

		assert_int_equal(size_parse(cases[i], &size), ERR_USAGE);
		assert_int_equal(size, 99);
	}
}

static void test_format(void **state)
{
	static const struct {
		u64 size;
		const char *text;
	} cases[] = {
		{ 0, "0 B" },
		{ 1, "1 B" },
		{ 1023, "1023 B" },
		{ 1024, "1.0 KiB" },
		{ 1024 + 51, "1.0 KiB" },
		{ 1024 + 52, "1.1 KiB" },
		{ 64 * KIB, "64.0 KiB" },
		{ MIB - 1, "1.0 MiB" },
		{ 1200 * MIB, "1.2 GiB" },
		{ GIB - 1, "1.0 GiB" },
		{ 3 * TIB + TIB / 2, "3.5 TiB" },
		{ 1024 * TIB, "1.0 PiB" },
		{ UINT64_MAX, "16.0 EiB" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[SIZE_TEXT_SIZE];

		assert_ptr_equal(size_format(cases[i].size, text), text);
		assert_string_equal(text, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_good),
		cmocka_unit_test(test_parse_bad),
		cmocka_unit_test(test_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

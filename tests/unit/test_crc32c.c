/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CRC-32C: published vectors, and the fast implementation against the portable one at all lengths and alignments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/crc32c.h"

static u32 both(const void *buf, size_t len)
{
	u32 crc = ~crc32c_raw(~0u, buf, len);

	assert_int_equal(crc, ~crc32c_raw_portable(~0u, buf, len));
	return crc;
}

/* The first is the customary check value, the next four are those of RFC 3720, B.4. */
static void test_vectors(void **state)
{
	u8 buf[SECTOR];

	(void)state;
	assert_int_equal(both("123456789", 9), 0xE3069283);
	memset(buf, 0, 32);
	assert_int_equal(both(buf, 32), 0x8A9136AA);
	memset(buf, 0xff, 32);
	assert_int_equal(both(buf, 32), 0x62A8AB43);
	for (u8 i = 0; i < 32; i++)
		buf[i] = i;
	assert_int_equal(both(buf, 32), 0x46DD794E);
	for (u8 i = 0; i < 32; i++)
		buf[i] = 31 - i;
	assert_int_equal(both(buf, 32), 0x113FDB5C);
	memset(buf, 0, sizeof(buf));
	assert_int_equal(both(buf, sizeof(buf)), 0x98F94189);
}

static void test_raw_has_no_inversion(void **state)
{
	(void)state;
	assert_int_equal(crc32c_raw(0, "\0\0\0\0\0\0\0\0\0", 9), 0);
	assert_int_equal(crc32c_raw(0x12345678, "", 0), 0x12345678);
	assert_int_equal(crc32c_raw_portable(0x12345678, "", 0), 0x12345678);
}

static void fill(u8 *buf, size_t len)
{
	srandom(1729);
	for (size_t i = 0; i < len; i++)
		buf[i] = (u8)random();
}

static void test_lengths_and_alignments(void **state)
{
	u8 buf[96];

	(void)state;
	fill(buf, sizeof(buf));
	for (size_t at = 0; at < 9; at++)
		for (size_t len = 0; at + len <= sizeof(buf); len++)
			both(buf + at, len);
}

/* Around the lengths at which one, two and more rounds of three lanes fit. */
static void test_lanes(void **state)
{
	static const size_t rounds[] = { 384, 768, 1024, 3840, 4064, 3840 + 384, 7680, 16128, 16352 };
	u8 *buf = malloc(16384 + 8);

	(void)state;
	assert_non_null(buf);
	fill(buf, 16384 + 8);
	for (size_t i = 0; i < ARRAY_SIZE(rounds); i++)
		for (size_t at = 0; at < 8; at += 3)
			for (size_t len = rounds[i] - 9; len <= rounds[i] + 9; len++)
				both(buf + at, len);
	free(buf);
}

static void test_is_continued(void **state)
{
	u8 buf[900];
	u32 whole;

	(void)state;
	fill(buf, sizeof(buf));
	whole = crc32c_raw(~0u, buf, sizeof(buf));
	for (size_t cut = 0; cut <= sizeof(buf); cut++)
		assert_int_equal(crc32c_raw(crc32c_raw(~0u, buf, cut), buf + cut, sizeof(buf) - cut), whole);
}

/* 0 to 8 sectors: all remainders of the groups of three. The value after the last must stay. */
static void test_sectors(void **state)
{
	u8 *buf = malloc(8 * SECTOR);
	u32 out[9];

	(void)state;
	assert_non_null(buf);
	fill(buf, 8 * SECTOR);
	for (size_t nr = 0; nr <= 8; nr++) {
		memset(out, 0xA5, sizeof(out));
		crc32c_sectors(buf, nr, out);
		for (size_t i = 0; i < nr; i++)
			assert_int_equal(out[i], ~crc32c_raw_portable(~0u, buf + i * SECTOR, SECTOR));
		assert_int_equal(out[nr], 0xA5A5A5A5);
	}
	free(buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_raw_has_no_inversion),
		cmocka_unit_test(test_lengths_and_alignments),
		cmocka_unit_test(test_lanes),
		cmocka_unit_test(test_is_continued),
		cmocka_unit_test(test_sectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

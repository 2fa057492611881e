/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UUIDs: byte order, round trip, malformed text, and the marks of a random one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/status.h"
#include "base/uuid.h"

static void test_round_trip(void **state)
{
	static const u8 bytes[16] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
				      0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
	static const char *const text[] = {
		"00112233-4455-6677-8899-aabbccddeeff",
		"00112233-4455-6677-8899-AABBCCDDEEFF",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(text); i++) {
		char back[UUID_TEXT_SIZE];
		u8 uuid[16] = { 0 };

		assert_int_equal(uuid_parse_bytes(text[i], uuid), 0);
		assert_memory_equal(uuid, bytes, sizeof(bytes));
		assert_ptr_equal(uuid_format(uuid, back), back);
		assert_string_equal(back, text[0]);
	}
}

static void test_bad_text(void **state)
{
	static const char *const cases[] = {
		"", "0", "00112233-4455-6677-8899-aabbccddeef", "00112233-4455-6677-8899-aabbccddeefff",
		"00112233-4455-6677-8899-aabbccddeefg", "00112233_4455_6677_8899_aabbccddeeff",
		"00112233445566778899aabbccddeeff", "{0112233-4455-6677-8899-aabbccddeeff",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		u8 uuid[16], before[16];

		memset(uuid, 0x5A, sizeof(uuid));
		memcpy(before, uuid, sizeof(before));
		assert_int_equal(uuid_parse_bytes(cases[i], uuid), ERR_USAGE);
		assert_memory_equal(uuid, before, sizeof(before));
	}
}

static void test_random(void **state)
{
	u8 a[16] = { 0 }, b[16] = { 0 };

	(void)state;
	uuid_make_random(a);
	uuid_make_random(b);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_int_equal(a[6] >> 4, 4);
	assert_int_equal(a[8] >> 6, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_bad_text),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

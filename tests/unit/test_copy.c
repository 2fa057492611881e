/* SPDX-License-Identifier: GPL-2.0-or-later */
/* copy_short: every length up to above the one where memcpy takes over, at all alignments, and nothing beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/copy.h"

#define AROUND 16u
#define LONGEST (COPY_SHORT + 20)

static void copy_and_look(const u8 *from, size_t at, size_t len)
{
	u8 to[LONGEST + 2 * AROUND];

	memset(to, 0xA5, sizeof(to));
	copy_short(to + at, from, len);
	assert_memory_equal(to + at, from, len);
	for (size_t i = 0; i < sizeof(to); i++)
		if (i < at || i >= at + len)
			assert_int_equal(to[i], 0xA5);
}

static void test_lengths_and_alignments(void **state)
{
	u8 from[LONGEST + AROUND];

	(void)state;
	for (size_t i = 0; i < sizeof(from); i++)
		from[i] = (u8)(i * 7 + 1) == 0xA5 ? 1 : (u8)(i * 7 + 1);
	for (size_t len = 0; len <= LONGEST; len++)
		for (size_t at = 0; at < AROUND; at++)
			copy_and_look(from + (at * 5) % AROUND, at, len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths_and_alignments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

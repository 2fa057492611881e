/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rates, times, names and the picture for people, and JSON text for programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/format.h"
#include "cli/json.h"

static void test_rate(void **state)
{
	char buf[FORMAT_SHORT];

	(void)state;
	assert_string_equal(format_rate(buf, sizeof(buf), 480.0 * 1024 * 1024), "480.0 MiB/s");
	assert_string_equal(format_rate(buf, sizeof(buf), 1), "1 B/s");
	assert_string_equal(format_rate(buf, sizeof(buf), 0), "-");
	assert_string_equal(format_rate(buf, sizeof(buf), -5), "-");
	assert_string_equal(format_rate(buf, sizeof(buf), 1e300), "-");
}

static void test_clock(void **state)
{
	char buf[FORMAT_SHORT];

	(void)state;
	assert_string_equal(format_clock(buf, sizeof(buf), 0), "0:00");
	assert_string_equal(format_clock(buf, sizeof(buf), 7.4), "0:07");
	assert_string_equal(format_clock(buf, sizeof(buf), 59.6), "1:00");
	assert_string_equal(format_clock(buf, sizeof(buf), 3599.4), "59:59");
	assert_string_equal(format_clock(buf, sizeof(buf), 3599.6), "1:00:00");
	assert_string_equal(format_clock(buf, sizeof(buf), 3723), "1:02:03");
	assert_string_equal(format_clock(buf, sizeof(buf), -1), "?");
	assert_string_equal(format_clock(buf, sizeof(buf), 360000), "?");
	assert_string_equal(format_clock(buf, sizeof(buf), __builtin_nan("")), "?");
}

static void test_seconds(void **state)
{
	char buf[FORMAT_SHORT];

	(void)state;
	assert_string_equal(format_seconds(buf, sizeof(buf), 0.044), "0.04 s");
	assert_string_equal(format_seconds(buf, sizeof(buf), 9.996), "10.0 s");
	assert_string_equal(format_seconds(buf, sizeof(buf), 34.25), "34.2 s");
	assert_string_equal(format_seconds(buf, sizeof(buf), 99.96), "1 min 40 s");
	assert_string_equal(format_seconds(buf, sizeof(buf), 723), "12 min 3 s");
	assert_string_equal(format_seconds(buf, sizeof(buf), 7500), "2 h 5 min");
}

static void test_count(void **state)
{
	char buf[FORMAT_SHORT], small[6];

	(void)state;
	assert_string_equal(format_count(buf, sizeof(buf), 0), "0");
	assert_string_equal(format_count(buf, sizeof(buf), 999), "999");
	assert_string_equal(format_count(buf, sizeof(buf), 1000), "1,000");
	assert_string_equal(format_count(buf, sizeof(buf), 419000), "419,000");
	assert_string_equal(format_count(buf, sizeof(buf), UINT64_MAX), "18,446,744,073,709,551,615");
	assert_true(strlen(format_count(small, sizeof(small), UINT64_MAX)) < sizeof(small));
}

static void test_utf8(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} cases[] = {
		{ "", 0 }, { "a", 1 }, { "\xc3\xa4", 2 }, { "\xe2\x82\xac", 3 }, { "\xf0\x9f\x92\xbe", 4 },
		{ "\x80", 0 }, { "\xff", 0 },
		{ "\xc3", 0 }, { "\xe2\x82", 0 }, { "\xf0\x9f\x92", 0 },  /* cut */
		{ "\xc3(", 0 }, { "\xe2\x82(", 0 },
		{ "\xc0\x80", 0 }, { "\xc1\xbf", 0 }, { "\xe0\x9f\xbf", 0 }, { "\xf0\x8f\xbf\xbf", 0 }, /* too long */
		{ "\xe0\xa0\x80", 3 }, { "\xf0\x90\x80\x80", 4 },
		{ "\xed\x9f\xbf", 3 }, { "\xed\xa0\x80", 0 },             /* surrogates */
		{ "\xf4\x8f\xbf\xbf", 4 }, { "\xf4\x90\x80\x80", 0 }, { "\xf5\x80\x80\x80", 0 }, /* beyond the last */
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(format_utf8_len(cases[i].text), cases[i].len);
}

static void test_printable(void **state)
{
	char buf[FORMAT_NAME], small[8], name[256];

	(void)state;
	assert_string_equal(format_printable(buf, sizeof(buf), "plain / \xc3\xa4"), "plain / \xc3\xa4");
	assert_string_equal(format_printable(buf, sizeof(buf), "a\x1b[2J\n\x7f\xff"), "a\\x1b[2J\\x0a\\x7f\\xff");
	/* the control characters above ASCII steer terminals, too */
	assert_string_equal(format_printable(buf, sizeof(buf), "\xc2\x9b\xc2\xa0"), "\\xc2\\x9b\xc2\xa0");
	/* never half an escape, never half a character */
	assert_string_equal(format_printable(small, sizeof(small), "abcd\x01"), "abcd");
	assert_string_equal(format_printable(small, sizeof(small), "abcdef\xc3\xa4"), "abcdef");
	/* the longest name fits */
	memset(name, 1, 255);
	name[255] = '\0';
	assert_int_equal(strlen(format_printable(buf, sizeof(buf), name)), 4 * 255);
}

static struct btrfs_chunk chunk(u64 type, u64 len, u64 first, u64 second)
{
	struct btrfs_chunk c = { .type = type, .len = len, .physical = { first, second } };

	c.nr_stripes = second ? 2 : 1;
	return c;
}

static void test_picture(void **state)
{
	struct btrfs_chunk chunks[] = {
		chunk(BTRFS_BLOCK_GROUP_DATA, 2 * MIB, 0, 0),
		chunk(BTRFS_BLOCK_GROUP_DATA, 256 * KIB, 3 * MIB, 0),
		chunk(BTRFS_BLOCK_GROUP_METADATA | BTRFS_BLOCK_GROUP_DUP, MIB, 10 * MIB, 20 * MIB),
		chunk(BTRFS_BLOCK_GROUP_SYSTEM | BTRFS_BLOCK_GROUP_DUP, 512 * KIB, 30 * MIB, 31 * MIB + 64 * KIB),
		chunk(BTRFS_BLOCK_GROUP_SYSTEM, 64 * KIB, 40 * MIB, 0),
		chunk(BTRFS_BLOCK_GROUP_METADATA, 64 * KIB, 41 * MIB, 0),
		chunk(BTRFS_BLOCK_GROUP_METADATA, 64 * KIB, 50 * MIB, 0),
		chunk(BTRFS_BLOCK_GROUP_DATA, 64 * KIB, 50 * MIB + 64 * KIB, 0),
		chunk(BTRFS_BLOCK_GROUP_DATA, MIB + 512 * KIB, 62 * MIB + 512 * KIB, 0),
	};
	char buf[FORMAT_CELLS + 1];

	(void)state;
	assert_string_equal(format_picture(buf, 64 * MIB, chunks, ARRAY_SIZE(chunks)),
			    "DD.d......M.........M.........SS........sm........+...........DD");
	assert_string_equal(format_picture(buf, 64 * MIB, NULL, 0),
			    "................................................................");
	/* a chunk beyond the end and a device of no size do no harm */
	chunks[0].physical[0] = UINT64_MAX - 10;
	assert_int_equal(format_picture(buf, 64 * MIB, chunks, 1)[FORMAT_CELLS - 1], 'd');
	assert_int_equal(format_picture(buf, 0, chunks, 1)[0], '.');
}

static void test_json(void **state)
{
	static const u8 uuid[16] = { 0x44, 0xe0, 0x7d, 0xea, 0xbf, 0x84, 0x4c, 0x8f,
				     0xa5, 0x0e, 0xf3, 0x27, 0x72, 0xca, 0x40, 0x4c };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct json json;

	(void)state;
	assert_non_null(out);
	json_begin(&json, out);
	json_string(&json, "event", "test");
	json_string(&json, "odd \"key\"", "\"\\/ \x01\n\x7f \xc3\xa4 \xff\xc3( \xed\xa0\x80");
	json_string(&json, "none", NULL);
	json_u64(&json, "big", UINT64_MAX);
	json_bool(&json, "yes", true);
	json_bool(&json, "no", false);
	json_seconds(&json, "time", 1.23456);
	json_uuid(&json, "uuid", uuid);
	json_object(&json, "empty");
	json_object_end(&json);
	json_array(&json, "list");
	json_u64(&json, NULL, 1);
	json_object(&json, NULL);
	json_u64(&json, "a", 2);
	json_object_end(&json);
	json_array(&json, NULL);
	json_array_end(&json);
	json_array_end(&json);
	json_u64(&json, "last", 0);
	json_end(&json);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, "{\"event\":\"test\","
			    "\"odd \\\"key\\\"\":\"\\\"\\\\/ \\u0001\\u000a\\u007f \xc3\xa4 \\ufffd\\ufffd( "
			    "\\ufffd\\ufffd\\ufffd\","
			    "\"none\":null,\"big\":18446744073709551615,\"yes\":true,\"no\":false,\"time\":1.235,"
			    "\"uuid\":\"44e07dea-bf84-4c8f-a50e-f32772ca404c\","
			    "\"empty\":{},\"list\":[1,{\"a\":2},[]],\"last\":0}\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate), cmocka_unit_test(test_clock), cmocka_unit_test(test_seconds),
		cmocka_unit_test(test_count), cmocka_unit_test(test_utf8), cmocka_unit_test(test_printable),
		cmocka_unit_test(test_picture), cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

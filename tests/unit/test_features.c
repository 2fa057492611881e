/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The feature list of -O: names, aliases, ^names, order, and everything that must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs.h"
#include "cli/features.h"

#define FST (BTRFS_COMPAT_RO_FREE_SPACE_TREE | BTRFS_COMPAT_RO_FREE_SPACE_TREE_VALID)
#define BGT BTRFS_COMPAT_RO_BLOCK_GROUP_TREE

static char last_message[512];

static void on_message(void *ctx, enum msg_level level, const char *text)
{
	(void)ctx;
	assert_int_equal(level, MSG_ERR);
	snprintf(last_message, sizeof(last_message), "%s", text);
}

static int set_up(void **state)
{
	(void)state;
	msg_set_sink(on_message, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	msg_set_sink(NULL, NULL);
	return 0;
}

static void test_names(void **state)
{
	static const struct {
		const char *list;
		u64 incompat, compat_ro;
	} cases[] = {
		{ "extref", BTRFS_INCOMPAT_EXTENDED_IREF, 0 },
		{ "skinny-metadata", BTRFS_INCOMPAT_SKINNY_METADATA, 0 },
		{ "no-holes", BTRFS_INCOMPAT_NO_HOLES, 0 },
		{ "free-space-tree", 0, FST },
		{ "fst", 0, FST },
		{ "block-group-tree", 0, BGT },
		{ "bgt", 0, BGT },
		{ "bgt,extref,fst", BTRFS_INCOMPAT_EXTENDED_IREF, FST | BGT },
		{ "extref,^extref", 0, 0 },
		{ "^extref,extref", BTRFS_INCOMPAT_EXTENDED_IREF, 0 },
		{ "^raid56,^quota", 0, 0 }, /* off as they are anyway */
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct feature_set set = { 0 };

		assert_int_equal(features_parse(cases[i].list, &set), 0);
		assert_int_equal(set.incompat, cases[i].incompat);
		assert_int_equal(set.compat_ro, cases[i].compat_ro);
		assert_false(set.list_all);
	}
}

static void test_off(void **state)
{
	struct feature_set set = { .incompat = UINT64_MAX, .compat_ro = UINT64_MAX };

	(void)state;
	assert_int_equal(features_parse("^no-holes,^fst", &set), 0);
	assert_int_equal(set.incompat, ~BTRFS_INCOMPAT_NO_HOLES);
	assert_int_equal(set.compat_ro, ~FST);
}

static void test_list_all(void **state)
{
	struct feature_set set = { 0 };

	(void)state;
	assert_int_equal(features_parse("extref,list-all", &set), 0);
	assert_true(set.list_all);
	assert_int_equal(features_parse("^list-all", &set), ERR_USAGE);
}

static void test_refused(void **state)
{
	static const char *const lists[][2] = {
		{ "", "unrecognized filesystem feature: " },
		{ "^", "unrecognized filesystem feature: " },
		{ ",", "unrecognized filesystem feature: " },
		{ "extref,", "unrecognized filesystem feature: " },
		{ "extref,,fst", "unrecognized filesystem feature: " },
		{ "^^extref", "unrecognized filesystem feature: ^extref" },
		{ "extre", "unrecognized filesystem feature: extre" },
		{ "extrefs", "unrecognized filesystem feature: extrefs" },
		{ "Extref", "unrecognized filesystem feature: Extref" },
		{ "fst,^nothing", "unrecognized filesystem feature: nothing" },
		{ "mixed-bg", "features not allowed for convert: mixed-bg" },
		{ "quota", "features not allowed for convert: quota" },
		{ "squota", "features not allowed for convert: squota" },
		{ "extref,raid56", "features not allowed for convert: raid56" },
		{ "raid1c34", "features not allowed for convert: raid1c34" },
		{ "zoned", "features not allowed for convert: zoned" },
		{ "raid-stripe-tree", "features not allowed for convert: raid-stripe-tree" },
		{ "extent-tree-v2", "features not allowed for convert: extent-tree-v2" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		struct feature_set set = { .incompat = 1, .compat_ro = 2 };

		if (features_parse(lists[i][0], &set) != ERR_USAGE)
			fail_msg("\"%s\" was taken", lists[i][0]);
		assert_string_equal(last_message, lists[i][1]);
		assert_int_equal(set.incompat, 1);
		assert_int_equal(set.compat_ro, 2);
	}
}

static void test_string(void **state)
{
	char text[128];

	(void)state;
	assert_string_equal(features_string(0, 0, text, sizeof(text)), "");
	assert_string_equal(features_string(BTRFS_INCOMPAT_NO_HOLES, FST | BGT, text, sizeof(text)),
			    "no-holes, free-space-tree, block-group-tree");
	assert_string_equal(features_string(UINT64_MAX, UINT64_MAX, text, sizeof(text)),
			    "extref, skinny-metadata, no-holes, free-space-tree, block-group-tree");
	/* cut, never overrun */
	assert_int_equal(strlen(features_string(UINT64_MAX, UINT64_MAX, text, 10)), 9);
}

static void test_print(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	features_print(out);
	assert_int_equal(fclose(out), 0);
	assert_memory_equal(text, "Filesystem features available:\n", 31);
	assert_non_null(strstr(text, "\nextref              - increased hardlink limit per file to 65536 (compat="));
	assert_non_null(strstr(text, "\nblock-group-tree    - "));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names), cmocka_unit_test(test_off), cmocka_unit_test(test_list_all),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_string), cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Defaults, and every combination that config_check must refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/msg.h"
#include "base/status.h"
#include "convert/config.h"

#define FST (BTRFS_COMPAT_RO_FREE_SPACE_TREE | BTRFS_COMPAT_RO_FREE_SPACE_TREE_VALID)

static unsigned int nr_messages;

static void on_message(void *ctx, enum msg_level level, const char *text)
{
	(void)ctx;
	assert_int_equal(level, MSG_ERR);
	assert_true(*text);
	nr_messages++;
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

static struct config sound(void)
{
	struct config config;

	config_init(&config);
	config.device = "disk";
	return config;
}

static void assert_taken(const struct config *config)
{
	nr_messages = 0;
	assert_int_equal(config_check(config), 0);
	assert_int_equal(nr_messages, 0);
}

static void assert_refused(const struct config *config)
{
	nr_messages = 0;
	assert_int_equal(config_check(config), ERR_USAGE);
	assert_int_equal(nr_messages, 1);
}

static void test_defaults(void **state)
{
	struct config config = sound();

	(void)state;
	assert_taken(&config);
	assert_int_equal(config.action, CONFIG_CONVERT);
	assert_int_equal(config.csum_type, BTRFS_CSUM_CRC32C);
	assert_int_equal(config.incompat, BTRFS_INCOMPAT_EXTENDED_IREF | BTRFS_INCOMPAT_SKINNY_METADATA |
					  BTRFS_INCOMPAT_NO_HOLES);
	assert_int_equal(config.compat_ro, FST);
	assert_int_equal(config.metadata, CONFIG_METADATA_AUTO);
	assert_int_equal(config.label_mode, CONFIG_LABEL_COPY);
	assert_int_equal(config.uuid_mode, CONFIG_UUID_COPY);
	assert_true(config.datasum && config.xattr && config.inline_files);
	assert_int_equal(config.nodesize, 0);
	assert_int_equal(config.memory, 0);
	assert_null(config.tmpdir);
}

static void test_paths(void **state)
{
	struct config config = sound();

	(void)state;
	config.device = NULL;
	assert_refused(&config);
	config.device = "";
	assert_refused(&config);
	config = sound();
	config.tmpdir = "";
	assert_refused(&config);
	config.tmpdir = "/tmp";
	assert_taken(&config);
}

static void test_nodesize(void **state)
{
	static const u32 good[] = { 0, 4096, 8192, 16384, 32768, 65536 };
	static const u32 bad[] = { 1, 2048, 4095, 5000, 12288, 65535, 131072, 0x80000000u };
	struct config config = sound();
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		config.nodesize = good[i];
		assert_taken(&config);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		config.nodesize = bad[i];
		assert_refused(&config);
	}
}

static void test_memory_and_offset(void **state)
{
	struct config config = sound();

	(void)state;
	config.memory = 16 * MIB;
	assert_taken(&config);
	config.memory = 16 * MIB - 1;
	assert_refused(&config);
	config.memory = UINT64_MAX;
	assert_refused(&config);
	config = sound();
	config.offset = 1048576 + 512;
	assert_taken(&config);
	config.offset = 511;
	assert_refused(&config);
	config.offset = (u64)1 << 63;
	assert_refused(&config);
}

static void test_features(void **state)
{
	struct config config = sound();

	(void)state;
	config.compat_ro = FST | BTRFS_COMPAT_RO_BLOCK_GROUP_TREE;
	assert_taken(&config);
	config.incompat &= ~BTRFS_INCOMPAT_NO_HOLES;
	assert_refused(&config);
	config = sound();
	config.compat_ro = BTRFS_COMPAT_RO_BLOCK_GROUP_TREE;
	assert_refused(&config);
	config.compat_ro = 0;
	config.incompat = 0;
	assert_taken(&config);
	config.compat_ro = BTRFS_COMPAT_RO_FREE_SPACE_TREE;
	assert_refused(&config);
	config.compat_ro = BTRFS_COMPAT_RO_FREE_SPACE_TREE_VALID;
	assert_refused(&config);
	config.compat_ro = FST | 4;
	assert_refused(&config);
	config = sound();
	config.incompat |= BTRFS_INCOMPAT_BIG_METADATA;
	assert_refused(&config);
}

static void test_label(void **state)
{
	struct config config = sound();

	(void)state;
	config.label_mode = CONFIG_LABEL_GIVEN;
	assert_taken(&config);
	memset(config.label, 'x', sizeof(config.label) - 1);
	assert_taken(&config);
	config.label[sizeof(config.label) - 1] = 'x';
	assert_refused(&config);
	config.label_mode = CONFIG_LABEL_COPY;
	assert_taken(&config);
	config.label_mode = CONFIG_LABEL_GIVEN;
	strcpy(config.label, "two\nlines");
	assert_refused(&config);
}

static void test_uuid(void **state)
{
	struct config config = sound();

	(void)state;
	config.uuid_mode = CONFIG_UUID_GIVEN;
	assert_refused(&config);
	config.uuid[15] = 1;
	assert_taken(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_paths), cmocka_unit_test(test_nodesize),
		cmocka_unit_test(test_memory_and_offset), cmocka_unit_test(test_features), cmocka_unit_test(test_label),
		cmocka_unit_test(test_uuid),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: every option and every value once, everything that must be refused once, and --help. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/msg.h"
#include "base/status.h"
#include "cli/options.h"

#define MAX_ARGS 16

static char last_message[512];
static struct options options;

static void on_message(void *ctx, enum msg_level level, const char *text)
{
	(void)ctx;
	(void)level;
	snprintf(last_message, sizeof(last_message), "%s", text);
}

/* Parses a command line given as words parted by blanks; '_' in a word stands for an empty one. */
static int parse(bool compat, const char *line)
{
	static char copy[1024], program[] = "program", empty[] = "";
	char *argv[MAX_ARGS] = { program };
	char *word, *rest = copy;
	int argc = 1;

	assert_true(strlen(line) < sizeof(copy));
	strcpy(copy, line);
	while ((word = strtok_r(rest, " ", &rest)) != NULL) {
		assert_true(argc < MAX_ARGS);
		argv[argc++] = strcmp(word, "_") == 0 ? empty : word;
	}
	last_message[0] = '\0';
	options_init(&options, compat);
	return options_parse(&options, argc, argv);
}

static void assert_parsed(const char *line)
{
	assert_int_equal(parse(false, line), 0);
	assert_string_equal(last_message, "");
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

static void test_name(void **state)
{
	(void)state;
	assert_true(options_is_compat("btrfs-convert"));
	assert_true(options_is_compat("/usr/bin/btrfs-convert"));
	assert_false(options_is_compat("fsconvert"));
	assert_false(options_is_compat("/opt/btrfs-convert/fsconvert"));
	assert_false(options_is_compat("btrfs-convert2"));
	assert_false(options_is_compat(NULL));
}

static void test_defaults(void **state)
{
	(void)state;
	assert_parsed("disk");
	assert_string_equal(options.config.device, "disk");
	assert_int_equal(options.verb, OPTIONS_RUN);
	assert_int_equal(options.config.action, CONFIG_CONVERT);
	assert_int_equal(options.config.uuid_mode, CONFIG_UUID_COPY);
	assert_int_equal(options.config.label_mode, CONFIG_LABEL_COPY);
	assert_int_equal(options.config.metadata, CONFIG_METADATA_AUTO);
	assert_int_equal(options.config.nodesize, 0);
	assert_true(options.config.datasum && options.config.xattr && options.config.inline_files);
	assert_true(options.progress);
	assert_false(options.json || options.verbose || options.compat);

	assert_int_equal(parse(true, "disk"), 0);
	assert_int_equal(options.config.uuid_mode, CONFIG_UUID_NEW);
	assert_int_equal(options.config.label_mode, CONFIG_LABEL_EMPTY);
	assert_int_equal(options.config.metadata, CONFIG_METADATA_SINGLE);
	assert_true(options.compat);
}

static void test_flags(void **state)
{
	(void)state;
	assert_parsed("-d disk");
	assert_false(options.config.datasum);
	assert_parsed("--no-datasum disk");
	assert_false(options.config.datasum);
	assert_parsed("-i disk");
	assert_false(options.config.xattr);
	assert_parsed("--no-xattr disk");
	assert_false(options.config.xattr);
	assert_parsed("-n disk");
	assert_false(options.config.inline_files);
	assert_parsed("--no-inline disk");
	assert_false(options.config.inline_files);
	assert_parsed("-din disk");
	assert_false(options.config.datasum || options.config.xattr || options.config.inline_files);
	assert_parsed("--check disk");
	assert_int_equal(options.config.action, CONFIG_CHECK);
	assert_parsed("--rehearse disk");
	assert_int_equal(options.config.action, CONFIG_REHEARSE);
	assert_parsed("-p disk");
	assert_true(options.progress);
	assert_parsed("--progress disk");
	assert_true(options.progress);
	assert_parsed("--no-progress disk");
	assert_false(options.progress);
	assert_parsed("--json disk");
	assert_true(options.json);
	assert_parsed("--verbose disk");
	assert_true(options.verbose);
}

static void test_sizes(void **state)
{
	(void)state;
	assert_parsed("-N 4096 disk");
	assert_int_equal(options.config.nodesize, 4096);
	assert_parsed("-N64k disk");
	assert_int_equal(options.config.nodesize, 65536);
	assert_parsed("--nodesize 32K disk");
	assert_int_equal(options.config.nodesize, 32768);
	assert_parsed("--nodesize=8192 disk");
	assert_int_equal(options.config.nodesize, 8192);
	assert_parsed("--memory 16m disk");
	assert_int_equal(options.config.memory, 16 * MIB);
	assert_parsed("--memory=1t disk");
	assert_int_equal(options.config.memory, TIB);
	assert_parsed("--offset 1048576 disk");
	assert_int_equal(options.config.offset, MIB);
	assert_parsed("--offset 0 disk");
	assert_int_equal(options.config.offset, 0);
}

static void test_csum(void **state)
{
	(void)state;
	assert_parsed("--csum xxhash disk");
	assert_int_equal(options.config.csum_type, BTRFS_CSUM_XXHASH);
	assert_parsed("--checksum SHA256 disk");
	assert_int_equal(options.config.csum_type, BTRFS_CSUM_SHA256);
	assert_parsed("--csum=blake2 disk");
	assert_int_equal(options.config.csum_type, BTRFS_CSUM_BLAKE2B);
	assert_parsed("--csum crc32c disk");
	assert_int_equal(options.config.csum_type, BTRFS_CSUM_CRC32C);
}

static void test_uuid(void **state)
{
	static const u8 want[16] = { 0x44, 0xe0, 0x7d, 0xea, 0xbf, 0x84, 0x4c, 0x8f,
				     0xa5, 0x0e, 0xf3, 0x27, 0x72, 0xca, 0x40, 0x4c };

	(void)state;
	assert_parsed("--uuid new disk");
	assert_int_equal(options.config.uuid_mode, CONFIG_UUID_NEW);
	assert_int_equal(parse(true, "--uuid copy disk"), 0);
	assert_int_equal(options.config.uuid_mode, CONFIG_UUID_COPY);
	assert_parsed("--uuid 44e07dea-bf84-4C8F-a50e-f32772ca404c disk");
	assert_int_equal(options.config.uuid_mode, CONFIG_UUID_GIVEN);
	assert_memory_equal(options.config.uuid, want, sizeof(want));
}

static void test_features_and_metadata(void **state)
{
	(void)state;
	assert_parsed("-O bgt disk");
	assert_true(options.config.compat_ro & BTRFS_COMPAT_RO_BLOCK_GROUP_TREE);
	assert_true(options.config.incompat & BTRFS_INCOMPAT_NO_HOLES);
	assert_parsed("--features ^no-holes,^extref disk");
	assert_int_equal(options.config.incompat, BTRFS_INCOMPAT_SKINNY_METADATA);
	assert_parsed("--metadata dup disk");
	assert_int_equal(options.config.metadata, CONFIG_METADATA_DUP);
	assert_parsed("--metadata single disk");
	assert_int_equal(options.config.metadata, CONFIG_METADATA_SINGLE);
	assert_parsed("--tmpdir /tmp disk");
	assert_string_equal(options.config.tmpdir, "/tmp");
}

static void test_label(void **state)
{
	char line[400];

	(void)state;
	assert_parsed("-l root disk");
	assert_int_equal(options.config.label_mode, CONFIG_LABEL_GIVEN);
	assert_string_equal(options.config.label, "root");
	assert_parsed("--label=-x- disk");
	assert_string_equal(options.config.label, "-x-");
	assert_parsed("-l _ disk");
	assert_int_equal(options.config.label_mode, CONFIG_LABEL_GIVEN);
	assert_string_equal(options.config.label, "");
	assert_int_equal(parse(true, "-L disk"), 0);
	assert_int_equal(options.config.label_mode, CONFIG_LABEL_COPY);
	/* the last of the two counts */
	assert_parsed("-l root -L disk");
	assert_int_equal(options.config.label_mode, CONFIG_LABEL_COPY);
	assert_parsed("--copy-label -l root disk");
	assert_int_equal(options.config.label_mode, CONFIG_LABEL_GIVEN);

	snprintf(line, sizeof(line), "-l %0*d disk", 255, 7);
	assert_parsed(line);
	assert_int_equal(strlen(options.config.label), 255);
	snprintf(line, sizeof(line), "-l %0*d disk", 256, 7);
	assert_int_equal(parse(false, line), ERR_USAGE);
	assert_int_equal(parse(true, line), 0);
	assert_int_equal(strlen(options.config.label), 255);
	assert_string_equal(last_message, "label too long, trimmed to 255 bytes");
}

static void test_verbs(void **state)
{
	(void)state;
	assert_parsed("--help");
	assert_int_equal(options.verb, OPTIONS_HELP);
	assert_parsed("--version");
	assert_int_equal(options.verb, OPTIONS_VERSION);
	assert_parsed("-O list-all");
	assert_int_equal(options.verb, OPTIONS_FEATURES);
	assert_parsed("--print-config");
	assert_int_equal(options.verb, OPTIONS_CONFIG);
	assert_parsed("--print-config --json -N 4k disk");
	assert_int_equal(options.verb, OPTIONS_CONFIG);
	assert_true(options.json);
}

/* What to do, and what may be said about it. */
static void test_actions(void **state)
{
	static const struct {
		const char *line;
		enum config_action action;
	} cases[] = {
		{ "--check disk", CONFIG_CHECK },
		{ "--rehearse disk", CONFIG_REHEARSE },
		{ "-r disk", CONFIG_ROLLBACK },
		{ "--rollback disk", CONFIG_ROLLBACK },
		{ "--check -r disk", CONFIG_ROLLBACK_CHECK },
		{ "--rollback --check disk", CONFIG_ROLLBACK_CHECK },
		{ "--resume disk", CONFIG_RESUME },
		{ "--status disk", CONFIG_STATUS },
		{ "-r --memory 32m --tmpdir /tmp --offset 512 --no-progress --json --verbose disk", CONFIG_ROLLBACK },
		{ "--resume --offset 512 --progress --json --verbose disk", CONFIG_RESUME },
		{ "--status --memory 32m --tmpdir /tmp --offset 512 -p --json --verbose disk", CONFIG_STATUS },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		if (parse(false, cases[i].line) || options.config.action != cases[i].action)
			fail_msg("\"%s\" gave action %d: %s", cases[i].line, options.config.action, last_message);
	}
	assert_parsed("-r disk");
	assert_false(options.config.verify_all || options.config.undo);
	assert_parsed("-r --verify-all disk");
	assert_true(options.config.verify_all);
	assert_parsed("--verify-all --check --rollback disk");
	assert_true(options.config.verify_all);
	assert_int_equal(options.config.action, CONFIG_ROLLBACK_CHECK);
	assert_parsed("--undo --resume disk");
	assert_true(options.config.undo);
	assert_int_equal(options.config.action, CONFIG_RESUME);
}

/* Each line must be refused, with a message that holds the second text. */
static void test_refused(void **state)
{
	static const char *const lines[][2] = {
		{ "", "exactly 1 device" },
		{ "-d", "exactly 1 device" },
		{ "a b", "there are a and b" },
		{ "-- a b", "there are a and b" },
		{ "disk -d", "option -d stands behind the device" },
		{ "disk --json", "option --json stands behind the device" },
		{ "-x disk", "unrecognized option '-x'" },
		{ "-dx disk", "unrecognized option '-x'" },
		{ "--zork disk", "unrecognized option '--zork'" },
		{ "--zork=1 disk", "unrecognized option '--zork'" },
		{ "--node 4096 disk", "unrecognized option '--node'" }, /* no abbreviations */
		{ "--no disk", "unrecognized option '--no'" },
		{ "--=1 disk", "unrecognized option '--'" },
		{ "--json=1 disk", "--json takes no value" },
		{ "--check= disk", "--check takes no value" },
		{ "-N", "--nodesize needs a value" },
		{ "-l", "--label needs a value" },
		{ "--uuid", "--uuid needs a value" },
		{ "--memory", "--memory needs a value" },
		{ "-N 4095 disk", "out of range" },
		{ "-N 65537 disk", "out of range" },
		{ "-N 128k disk", "out of range" },
		{ "-N 16kk disk", "not a size" },
		{ "-N 16x disk", "not a size" },
		{ "-N -16384 disk", "not a size" },
		{ "-N +16384 disk", "not a size" },
		{ "-N 0x4000 disk", "not a size" },
		{ "-N 16.0k disk", "not a size" },
		{ "-N _ disk", "not a size" },
		{ "-N k disk", "not a size" },
		{ "--memory 16777215 disk", "out of range" },
		{ "--memory 1025g disk", "out of range" },
		{ "--memory 18446744073709551616 disk", "not a size" },
		{ "--memory 16777216t disk", "not a size" },
		{ "--offset 9223372036854775808 disk", "out of range" },
		{ "--offset x disk", "not a size" },
		{ "--tmpdir _ disk", "the value is empty" },
		{ "--csum md5 disk", "unknown csum type md5" },
		{ "--csum _ disk", "unknown csum type" },
		{ "--uuid zz disk", "invalid UUID: zz" },
		{ "--uuid 44e07dea-bf84-4c8f-a50e-f32772ca404 disk", "invalid UUID" },
		{ "--uuid 44e07dea-bf84-4c8f-a50e-f32772ca404cc disk", "invalid UUID" },
		{ "--uuid 44e07dea-bf84-4c8f-a50e-f32772ca404g disk", "invalid UUID" },
		{ "--uuid 44e07deabbf84-4c8f-a50e-f32772ca404c disk", "invalid UUID" },
		{ "-O xx disk", "unrecognized filesystem feature: xx" },
		{ "-O raid56 disk", "features not allowed for convert: raid56" },
		{ "--metadata raid1 disk", "metadata: raid1 is none of auto, dup, single" },
		{ "--metadata DUP disk", "metadata: DUP is none of" },
		/* repetition */
		{ "-d -d disk", "--no-datasum is given twice" },
		{ "-dd disk", "--no-datasum is given twice" },
		{ "-i --no-xattr disk", "--no-xattr is given twice" },
		{ "-N 4k --nodesize=4k disk", "--nodesize is given twice" },
		{ "-l a -l b disk", "--label is given twice" },
		{ "-L -L disk", "--copy-label is given twice" },
		{ "--csum crc32c --checksum sha256 disk", "--csum is given twice" },
		{ "-O bgt -O fst disk", "--features is given twice" },
		{ "--uuid new --uuid copy disk", "--uuid is given twice" },
		{ "--json --json disk", "--json is given twice" },
		{ "-p --no-progress disk", "--progress and --no-progress exclude each other" },
		{ "--check --rehearse disk", "--check and --rehearse exclude each other" },
		/* one thing at a time */
		{ "--rehearse -r disk", "--rehearse and --rollback exclude each other" },
		{ "-r --resume disk", "--rollback and --resume exclude each other" },
		{ "--status --resume disk", "--status and --resume exclude each other" },
		{ "-r -r disk", "--rollback is given twice" },
		{ "--check --check disk", "--check is given twice" },
		{ "--check --resume disk", "--check and --resume exclude each other" },
		{ "--status --check disk", "--check and --status exclude each other" },
		/* options that mean nothing to it */
		{ "--undo disk", "--undo goes with --resume only" },
		{ "--undo --check disk", "--undo goes with --resume only" },
		{ "-r --undo disk", "--undo and --rollback exclude each other" },
		{ "--verify-all disk", "--verify-all goes with --rollback only" },
		{ "--verify-all --rehearse disk", "--verify-all and --rehearse exclude each other" },
		{ "--resume --verify-all disk", "--verify-all and --resume exclude each other" },
		{ "--resume -N 4k disk", "--nodesize and --resume exclude each other" },
		{ "--resume --memory 32m disk", "--memory and --resume exclude each other" },
		{ "--resume --tmpdir /tmp disk", "--tmpdir and --resume exclude each other" },
		{ "-r -d disk", "--no-datasum and --rollback exclude each other" },
		{ "-ri disk", "--no-xattr and --rollback exclude each other" },
		{ "-n -r disk", "--no-inline and --rollback exclude each other" },
		{ "-r --csum xxhash disk", "--csum and --rollback exclude each other" },
		{ "-r --metadata dup disk", "--metadata and --rollback exclude each other" },
		{ "--check -r -O bgt disk", "--features and --rollback exclude each other" },
		{ "--status -l x disk", "--label and --status exclude each other" },
		{ "--status -L disk", "--copy-label and --status exclude each other" },
		{ "-r --uuid new disk", "--uuid and --rollback exclude each other" },
		{ "-r --e2fsck /sbin/e2fsck disk", "--e2fsck and --rollback exclude each other" },
		/* configuration */
		{ "--config _ disk", "the value is empty" },
		{ "--config a --config b disk", "--config is given twice" },
		{ "--set", "--set needs a value" },
		{ "--set zork=1 disk", "--set zork=1: unknown key zork" },
		{ "--set fsck=maybe disk", "--set fsck=maybe: fsck: maybe is none of require-clean, preen" },
		{ "--config /nonexistent disk", "the configuration /nonexistent cannot be read: No such file" },
		{ "--config /dev disk", "the configuration /dev cannot be read: it is not a regular file" },
		{ "--print-config a b", "there are a and b" },
		{ "--print-config --set x", "--set x: this is not of the form" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		if (parse(false, lines[i][0]) != ERR_USAGE)
			fail_msg("\"%s\" was taken", lines[i][0]);
		if (!strstr(last_message, lines[i][1]))
			fail_msg("\"%s\" gave \"%s\"", lines[i][0], last_message);
	}
}

static void test_device_names(void **state)
{
	(void)state;
	assert_parsed("-d -- -disk");
	assert_string_equal(options.config.device, "-disk");
	assert_parsed("-");
	assert_string_equal(options.config.device, "-");
}

/* What scripts for btrfs-convert may do. */
static void test_compat(void **state)
{
	(void)state;
	assert_int_equal(parse(true, "disk -l a -d"), 0);
	assert_string_equal(options.config.device, "disk");
	assert_string_equal(options.config.label, "a");
	assert_false(options.config.datasum);
	assert_int_equal(parse(true, "-N 4k -N 8k -p --no-progress disk"), 0);
	assert_int_equal(options.config.nodesize, 8192);
	assert_false(options.progress);
	assert_int_equal(parse(true, "-O ^extref -O ^skinny-metadata disk"), 0);
	assert_int_equal(options.config.incompat, BTRFS_INCOMPAT_NO_HOLES);
	assert_int_equal(parse(true, "a b"), ERR_USAGE);
	assert_int_equal(parse(true, "a --zork"), ERR_USAGE);

	/* beside -r that tool refuses three options and does not look at the others */
	assert_int_equal(parse(true, "-r disk"), 0);
	assert_int_equal(options.config.action, CONFIG_ROLLBACK);
	assert_int_equal(parse(true, "disk -L -r -N 5000 --uuid new -O bgt -l x --csum sha256 -p"), 0);
	assert_int_equal(options.config.action, CONFIG_ROLLBACK);
	assert_int_equal(options.config.nodesize, 0);
	assert_int_equal(parse(true, "-r --check disk"), 0);
	assert_int_equal(options.config.action, CONFIG_ROLLBACK_CHECK);
	assert_int_equal(parse(true, "-r -d disk"), ERR_USAGE);
	assert_string_equal(last_message, "-d, -i, -n options do not apply to rollback");
	assert_int_equal(parse(true, "-i disk -r"), ERR_USAGE);
	assert_int_equal(parse(true, "-nr disk"), ERR_USAGE);
	assert_int_equal(parse(true, "--resume -N 4k disk"), ERR_USAGE);
	assert_int_equal(parse(true, "--config a disk"), ERR_USAGE);
	assert_string_equal(last_message, "unrecognized option '--config'");
	assert_int_equal(parse(true, "--set fsck=preen disk"), ERR_USAGE);
	assert_int_equal(parse(true, "--print-config"), ERR_USAGE);
	assert_int_equal(parse(true, "--e2fsck a disk"), ERR_USAGE);

	/* block-group-tree goes when what it needs goes */
	assert_int_equal(parse(true, "-O bgt,^no-holes disk"), 0);
	assert_false(options.config.compat_ro & BTRFS_COMPAT_RO_BLOCK_GROUP_TREE);
	assert_non_null(strstr(last_message, "disabling block-group-tree"));
	assert_int_equal(parse(true, "-O bgt,^fst disk"), 0);
	assert_false(options.config.compat_ro & BTRFS_COMPAT_RO_BLOCK_GROUP_TREE);
	assert_int_equal(parse(true, "-O bgt disk"), 0);
	assert_true(options.config.compat_ro & BTRFS_COMPAT_RO_BLOCK_GROUP_TREE);
	assert_string_equal(last_message, "");
}

static void test_help(void **state)
{
	static const char *const shown[] = {
		"--check", "--rehearse", "-r, --rollback", "--verify-all", "--resume", "--undo", "--status",
		"-d, --no-datasum", "-i, --no-xattr", "-n, --no-inline",
		"--csum TYPE", "--checksum TYPE", "-N, --nodesize SIZE", "--metadata PROFILE", "-O, --features LIST",
		"-l, --label LABEL", "-L, --copy-label", "--uuid SPEC", "-p, --progress", "--no-progress",
		"--config FILE", "--set KEY=VALUE", "--print-config", "--e2fsck PATH",
		"--memory SIZE", "--tmpdir DIR", "--offset BYTES", "--json", "--verbose", "--scan", "--help",
		"--version",
	};
	char *text = NULL, *line, *rest;
	size_t i, size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	options_help(out, false);
	assert_int_equal(fclose(out), 0);
	for (i = 0; i < ARRAY_SIZE(shown); i++) {
		if (!strstr(text, shown[i]))
			fail_msg("--help does not show %s", shown[i]);
	}
	rest = text;
	while ((line = strtok_r(rest, "\n", &rest)) != NULL)
		assert_true(strlen(line) < 100);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_csum),
		cmocka_unit_test(test_uuid),
		cmocka_unit_test(test_features_and_metadata),
		cmocka_unit_test(test_label),
		cmocka_unit_test(test_verbs),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_device_names),
		cmocka_unit_test(test_compat),
		cmocka_unit_test(test_help),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

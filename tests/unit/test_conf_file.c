/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration: every key with every kind of value, everything that must be refused with its place, who wins over
 * whom, what --print-config prints is read back, and random bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/status.h"
#include "cli/conf_file.h"
#include "cli/conf_line.h"
#include "messages.h"

static struct options options;
static struct messages messages;

static int read_text(const char *text)
{
	options_init(&options, false);
	messages_gather(&messages);
	return conf_file_parse(&options, "conf", text, strlen(text));
}

static void assert_read(const char *text)
{
	if (read_text(text) || messages.text[0])
		fail_msg("\"%s\" gave \"%s\"", text, messages.text);
}

/* The value of a key as it would be printed. */
static const char *value_of(enum conf_key key)
{
	static char buf[KEY_VALUE_SIZE];

	return conf_key_format(&options, key, buf);
}

static void test_keys(void **state)
{
	static const char *const texts[] = {
		"nodesize = 4096", "nodesize = 65536", "nodesize = auto",
		"features = extref,skinny-metadata,no-holes,free-space-tree,block-group-tree",
		"features = ^extref,^skinny-metadata,^no-holes,^free-space-tree,^block-group-tree",
		"label = copy", "label = \"copy\"", "label = \"\"", "label = \"a b\"",
		"uuid = copy", "uuid = new", "uuid = 44e07dea-bf84-4c8f-a50e-f32772ca404c",
		"checksum = crc32c", "checksum = xxhash64", "checksum = sha256", "checksum = blake2b",
		"metadata = auto", "metadata = dup", "metadata = single",
		"inline = yes", "inline = no", "datasum = yes", "datasum = no", "xattr = yes", "xattr = no",
		"memory = auto", "memory = 16777216", "fsck = preen", "fsck = require-clean",
		"fstab = keep", "fstab = rewrite", "refuse-boot-loader = yes", "refuse-boot-loader = no",
		"refuse-swap-files = yes", "refuse-swap-files = no", "on-error = continue", "on-error = shell",
		"on-error = reboot", "on-error = poweroff", "require-ac = yes", "require-ac = no",
		"max-time = 0", "max-time = 7200",
	};
	unsigned int seen[NR_KEYS] = { 0 };
	enum conf_key key;
	size_t i, len;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_read(texts[i]);
		len = strcspn(texts[i], " ");
		key = conf_key_find(texts[i], len);
		assert_true(key < NR_KEYS);
		assert_string_equal(value_of(key), texts[i] + len + 3);
		assert_int_equal(options.places[key].origin, ORIGIN_FILE);
		assert_int_equal(options.places[key].line, 1);
		seen[key]++;
	}
	for (key = 0; key < NR_KEYS; key++)
		assert_true(seen[key] > 1);
}

/* What the keys mean to the program. */
static void test_fields(void **state)
{
	(void)state;
	assert_read("nodesize=32k\nmemory=1g\nmetadata=single\ninline=no\ndatasum=no\nxattr=no\n");
	assert_int_equal(options.nodesize, 32 * KIB);
	assert_int_equal(options.config.memory, GIB);
	assert_int_equal(options.config.metadata, CONFIG_METADATA_SINGLE);
	assert_false(options.config.inline_files || options.config.datasum || options.config.xattr);
	assert_true(options.config.rewrite_fstab && options.config.refuse_boot_loader);
	assert_read("fstab=keep\nrefuse-boot-loader=no\nrefuse-swap-files=no\nmax-time=2m\nrequire-ac=yes");
	assert_false(options.config.rewrite_fstab || options.config.refuse_boot_loader);
	assert_false(options.config.refuse_swap_files);
	assert_int_equal(options.config.max_seconds, 120);
	assert_true(options.policy.require_ac);
	assert_int_equal(options.policy.fsck, POLICY_FSCK_REQUIRE_CLEAN);
	assert_read("fsck=preen\non-error=shell\nmax-time=3h\nchecksum=XXHASH64\nfeatures=^fst,^no-holes");
	assert_int_equal(options.policy.fsck, POLICY_FSCK_PREEN);
	assert_int_equal(options.policy.on_error, POLICY_SHELL);
	assert_int_equal(options.config.max_seconds, 3 * 3600);
	assert_int_equal(options.config.csum_type, BTRFS_CSUM_XXHASH);
	assert_int_equal(options.config.compat_ro, 0);
	assert_read("max-time=59s");
	assert_int_equal(options.config.max_seconds, 59);
}

/* Blanks, comments, quotes. */
static void test_lines(void **state)
{
	static const char *const labels[][2] = {
		{ "label=root", "root" }, { "\t label \t=\t root \t", "root" }, { "label = root # x", "root" },
		{ "label = ro#ot", "ro#ot" }, { "label = two words\t#x", "two words" }, { "label=a=b", "a=b" },
		{ "label=a\"b", "a\"b" }, { "label = \"a # b\" # c", "a # b" }, { "label=\"\\\"\\\\\"#", "\"\\" },
		{ "label = \" copy \"", " copy " }, { "label = \"\\x41\\x7a\\xC3\\xa9\\x1b\"", "Az\xc3\xa9\x1b" },
		{ "label = \xc3\xa9", "\xc3\xa9" }, { "label = copy x", "copy x" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(labels); i++) {
		assert_read(labels[i][0]);
		assert_int_equal(options.config.label_mode, CONFIG_LABEL_GIVEN);
		assert_string_equal(options.config.label, labels[i][1]);
	}
	assert_read("");
	assert_read("\n\n  \n\t\n#\n # x\n#label=x\n  # = ");
	assert_int_equal(options.config.label_mode, CONFIG_LABEL_COPY);
	assert_read("# one\n\nlabel=x\n");
	assert_int_equal(options.places[KEY_LABEL].line, 3);
}

/* Each text must be refused, with a message that holds the second one. */
static void test_refused(void **state)
{
	static const char *const texts[][2] = {
		{ "zork = 1", "conf:1: unknown key zork" }, { "\n\nLabel = x", "conf:3: unknown key Label" },
		{ "label", "conf:1: this is not of the form key = value" }, { "= x", "not of the form" },
		{ "label x", "not of the form" }, { "label:x", "not of the form" }, { "[main]", "not of the form" },
		{ "label =", "label has no value" }, { "label = # x", "label has no value" },
		{ "label = \"x", "the closing quote is missing" },
		{ "label = \"x\\\"", "the closing quote is missing" },
		{ "label = \"x\" y", "more behind the closing quote" },
		{ "label = \"\\n\"", "a backslash may stand" }, { "label = \"\\x4\"", "a backslash may stand" },
		{ "label = \"\\x00\"", "a backslash may stand" },
		{ "label = \"\\x0a\"", "label holds a line break" }, { "label = \"\\", "a backslash may stand" },
		{ "label = x\nxattr = no\nlabel = y", "conf:3: label was given in line 1 already" },
		{ "label = x\r\n", "conf:1: byte 0x0d is no part of a text: lines must not end in a carriage" },
		{ "label = \x1b[2J", "byte 0x1b" }, { "#\x7f", "byte 0x7f" }, { "# \xff", "byte 0xff" },
		{ "label = \xc3", "byte 0xc3" }, { "\xef\xbb\xbflabel = x", "unknown key" },
		{ "# \xc2\x9b", "byte 0xc2" }, { "nodesize = 4095", "nodesize: 4095 is out of range" },
		{ "nodesize = big", "big is not a size" }, { "nodesize = 12k", "illegal nodesize 12288" },
		{ "memory = 15m", "memory: 15m is out of range" },
		{ "features = zork", "conf:1: unrecognized filesystem feature: zork" },
		{ "features = list-all", "list-all asks for a list" }, { "features = raid56", "not allowed" },
		{ "features = bgt,^fst", "block-group-tree requires free-space-tree" },
		{ "features = bgt,^no-holes", "block-group-tree requires no-holes" },
		{ "uuid = x", "invalid UUID: x" }, { "uuid = 00000000-0000-0000-0000-000000000000", "all zero" },
		{ "checksum = md5", "unknown csum type md5" }, { "metadata = raid1", "raid1 is none of auto, dup" },
		{ "inline = true", "inline: true is none of no, yes" }, { "fstab = no", "none of keep, rewrite" },
		{ "on-error = die", "none of continue, shell, reboot, poweroff" }, { "max-time = 1d", "not a time" },
		{ "max-time = h", "not a time" }, { "max-time = -1", "not a time" },
		{ "max-time = 1 h", "not a time" }, { "max-time = 8761h", "more than a year" },
		{ "max-time = 99999999999999999999999", "more than a year" },
		{ "max-time = 18446744073709551615h", "more than a year" },
		{ "label = x\nfsck = Preen", "conf:2: fsck" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		if (read_text(texts[i][0]) != ERR_USAGE)
			fail_msg("\"%s\" was taken", texts[i][0]);
		if (!strstr(messages.text, texts[i][1]) || messages.nr[MSG_ERR] != 1)
			fail_msg("\"%s\" gave \"%s\"", texts[i][0], messages.text);
	}
}

static void test_lengths(void **state)
{
	char text[CONF_LINE_MAX + 16];

	(void)state;
	snprintf(text, sizeof(text), "label = %0255d", 7);
	assert_read(text);
	assert_int_equal(strlen(options.config.label), 255);
	snprintf(text, sizeof(text), "label = %0256d", 7);
	assert_int_equal(read_text(text), ERR_USAGE);
	assert_non_null(strstr(messages.text, "conf:1: label is longer than 255 bytes"));
	snprintf(text, sizeof(text), "#%0*d\n", (int)CONF_LINE_MAX - 1, 7);
	assert_read(text);
	snprintf(text, sizeof(text), "\n#%0*d\n", (int)CONF_LINE_MAX, 7);
	assert_int_equal(read_text(text), ERR_USAGE);
	assert_non_null(strstr(messages.text, "conf:2: longer than 4096 bytes"));
	/* a NUL does not hide what stands behind it */
	messages_gather(&messages);
	assert_int_equal(conf_file_parse(&options, "conf", "label=x\0y", 9), ERR_USAGE);
	assert_non_null(strstr(messages.text, "byte 0x00"));
}

static void test_precedence(void **state)
{
	static const char text[] = "label = file\nnodesize = 64k\nmemory = 32m\nfeatures = bgt";

	(void)state;
	messages_gather(&messages);
	options_init(&options, false);
	assert_int_equal(conf_key_parse(&options, KEY_NODESIZE, (struct key_value){ "4k", false }), 0);
	options.places[KEY_NODESIZE].origin = ORIGIN_OPTION;
	assert_int_equal(conf_file_set(&options, "nodesize = 8k"), 0);
	assert_int_equal(conf_file_set(&options, "label=first"), 0);
	assert_int_equal(conf_file_set(&options, "label=set # all of it"), 0);
	assert_int_equal(conf_file_set(&options, "features = ^extref"), 0);
	assert_int_equal(conf_file_parse(&options, "conf", text, sizeof(text) - 1), 0);
	assert_string_equal(messages.text, "");
	assert_string_equal(value_of(KEY_NODESIZE), "4096");
	assert_string_equal(value_of(KEY_LABEL), "\"set # all of it\"");
	assert_int_equal(options.places[KEY_LABEL].origin, ORIGIN_SET);
	assert_int_equal(options.config.memory, 32 * MIB);
	assert_int_equal(options.places[KEY_MEMORY].line, 3);
	/* a list is laid over the defaults, not over the one it wins over */
	assert_string_equal(value_of(KEY_FEATURES),
			    "^extref,skinny-metadata,no-holes,free-space-tree,^block-group-tree");
	assert_read("features = bgt");
	assert_int_equal(conf_file_set(&options, "features = ^no-holes"), 0);
	assert_string_equal(value_of(KEY_FEATURES),
			    "extref,skinny-metadata,^no-holes,free-space-tree,^block-group-tree");
	/* what loses is looked at all the same */
	assert_int_equal(conf_file_set(&options, "nodesize = 8k"), 0);
	assert_int_equal(conf_file_parse(&options, "conf", "nodesize = x", 12), ERR_USAGE);
	messages_gather(&messages);
	assert_int_equal(conf_file_set(&options, "zork=\x1b"), ERR_USAGE);
	assert_string_equal(messages.text, "--set zork=\\x1b: byte 0x1b is no part of a text\n");
	messages_gather(&messages);
	assert_int_equal(conf_file_set(&options, "#label=x"), ERR_USAGE);
	assert_int_equal(conf_file_set(&options, ""), ERR_USAGE);
	assert_int_equal(options.places[KEY_LABEL].origin, ORIGIN_DEFAULT);
}

static char *print(bool json)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	options.json = json;
	conf_file_print(out, &options);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* What is printed is read, and then prints the same values, wherever they came from. */
static void test_print(void **state)
{
	static const char *const texts[] = {
		"", "label = \"\\x01\\\"\\\\ #\\xff\xc3\xa9\"\nuuid = new\nmax-time = 1h\nfeatures = bgt,^extref",
		"label = \"\"\nnodesize = 64k\nmemory = 16m\nmetadata = dup\nfsck = preen\nfstab = keep",
	};
	char *first, *second, *p;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_read(texts[i]);
		options.conf_file = "a \x1b file";
		first = print(false);
		assert_null(strchr(first, '\x1b'));
		if (*texts[i])
			assert_non_null(strstr(first, "# a \\x1b file:1\n"));
		assert_read(first);
		options.conf_file = "b";
		memset(options.places, 0, sizeof(options.places));
		second = print(false);
		for (p = first; (p = strstr(p, "   # ")) != NULL;)
			memmove(p, p + strcspn(p, "\n"), strlen(p + strcspn(p, "\n")) + 1);
		for (p = second; (p = strstr(p, "   # default")) != NULL;)
			memmove(p, p + 12, strlen(p + 12) + 1);
		assert_string_equal(first, second);
		free(first);
		free(second);
	}
	assert_read("label = x");
	options.conf_file = "f";
	assert_int_equal(conf_file_set(&options, "xattr=no"), 0);
	first = print(true);
	assert_non_null(strstr(first, "{\"event\":\"config\",\"keys\":{\"nodesize\":{\"value\":\"auto\","));
	assert_non_null(strstr(first, "\"nodesize\":{\"value\":\"auto\",\"from\":\"default\"},\"features\""));
	assert_non_null(strstr(first, "\"label\":{\"value\":\"\\\"x\\\"\",\"from\":\"f:1\"}"));
	assert_non_null(strstr(first, "\"xattr\":{\"value\":\"no\",\"from\":\"--set\"}"));
	free(first);
}

/* Files themselves. */
static void test_files(void **state)
{
	char dir[] = "/tmp/fsconvert-unit.XXXXXX", path[64];
	FILE *file;
	int i;

	(void)state;
	options_init(&options, false);
	messages_gather(&messages);
	assert_non_null(mkdtemp(dir));
	assert_int_equal(conf_file_read(&options, dir), ERR_USAGE);
	assert_non_null(strstr(messages.text, "it is not a regular file"));
	snprintf(path, sizeof(path), "%s/x", dir);
	assert_int_equal(conf_file_read(&options, path), ERR_USAGE);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(conf_file_read(&options, path), ERR_USAGE);
	assert_int_equal(unlink(path), 0);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("label = x\n\nxattr = maybe\n", file);
	assert_int_equal(fclose(file), 0);
	messages_gather(&messages);
	assert_int_equal(conf_file_read(&options, path), ERR_USAGE);
	assert_true(strncmp(messages.text, path, strlen(path)) == 0);
	assert_non_null(strstr(messages.text, "x:3: xattr: maybe is none"));
	file = fopen(path, "w");
	assert_non_null(file);
	for (i = 0; i < 7000; i++)
		fputs("# filled\n", file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(conf_file_read(&options, path), 0);
	file = fopen(path, "a");
	assert_non_null(file);
	for (i = 0; i < 700; i++)
		fputs("# filled\n", file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(conf_file_read(&options, path), ERR_USAGE);
	assert_non_null(strstr(messages.text, "it is too long"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

/* The file that is installed: what is active in it, and that what is commented out shows the defaults. */
static void test_shipped(void **state)
{
	FILE *file = fopen("configs/fsconvert.conf", "r");
	char text[16384], value[KEY_VALUE_SIZE], *p;
	struct options defaults;
	enum conf_key key;
	size_t len;

	(void)state;
	assert_non_null(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	assert_int_equal(fclose(file), 0);
	text[len] = '\0';
	options_init(&defaults, false);
	assert_read(text);
	for (key = 0; key < NR_KEYS; key++)
		assert_int_equal(options.places[key].origin,
				 key == KEY_FSCK || key == KEY_ON_ERROR ? ORIGIN_FILE : ORIGIN_DEFAULT);
	assert_int_equal(options.policy.fsck, POLICY_FSCK_PREEN);
	for (p = text; (p = strstr(p, "\n#")) != NULL; p++) {
		if (p[2] >= 'a' && p[2] <= 'z')
			memmove(p + 1, p + 2, strlen(p + 2) + 1);
	}
	assert_read(text);
	for (key = 0; key < NR_KEYS; key++) {
		assert_int_equal(options.places[key].origin, ORIGIN_FILE);
		if (key != KEY_FSCK)
			assert_string_equal(value_of(key), conf_key_format(&defaults, key, value));
	}
}

/* Random bytes, and random changes of a good file: never a crash, and what is refused has one message. */
static void test_fuzz(void **state)
{
	static const char good[] = "nodesize = 16k # x\nlabel = \"a\\x41b\"\nfeatures=bgt,^extref\nmax-time = 10m\n";
	static const char alphabet[] = "labelnodsizxtr=# \t\n\"\\x0419km^,-\r\xc3\xa9\xff";
	char text[300];
	size_t i, len;
	int round;

	(void)state;
	srandom(1);
	for (round = 0; round < 10000; round++) {
		if (round % 2) {
			len = sizeof(good) - 1;
			memcpy(text, good, len);
			for (i = 0; i <= (size_t)round % 3; i++)
				text[(size_t)random() % len] = alphabet[(size_t)random() % (sizeof(alphabet) - 1)];
		} else {
			len = (size_t)random() % sizeof(text);
			for (i = 0; i < len; i++)
				text[i] = round % 4 ? (char)random()
						    : alphabet[(size_t)random() % (sizeof(alphabet) - 1)];
		}
		options_init(&options, false);
		messages_gather(&messages);
		if (conf_file_parse(&options, "conf", text, len))
			assert_int_equal(messages.nr[MSG_ERR], 1);
		else
			assert_string_equal(messages.text, "");
	}
}

static int tear_down(void **state)
{
	(void)state;
	msg_set_sink(NULL, NULL);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_shipped),
		cmocka_unit_test(test_fuzz),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}

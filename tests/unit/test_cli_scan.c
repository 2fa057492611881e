/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --scan: marked devices are named; whole ones, and what cannot be read, are passed over without a word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/status.h"
#include "cli/scan.h"
#include "messages.h"
#include "switch_supers.h"

#define SIZE (256 * KIB)

static struct messages said;
static char names[4][64]; /* of files, as if they were devices */

/* A file below /dev with this ext superblock in it. */
static int make_device(char name[64], const u8 *super)
{
	char path[64] = "/dev/shm/fsconvert-scan-XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0 || ftruncate(fd, SIZE) || pwrite(fd, super, EXT_MARK_SIZE, 1024) != EXT_MARK_SIZE || close(fd))
		return -1;
	snprintf(name, 64, "%s", path + strlen("/dev/"));
	return 0;
}

static int setup(void **state)
{
	u8 super[EXT_MARK_SIZE];

	(void)state;
	srandom(27182);
	make_ext_super(super, true);
	if (make_device(names[0], super))
		return -1;
	ext_mark_set(super, 128 * KIB);
	if (make_device(names[1], super) || make_device(names[2], super))
		return -1;
	memset(super, 0, sizeof(super));
	return make_device(names[3], super);
}

static int teardown(void **state)
{
	char path[sizeof(names) + 8];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "/dev/%s", names[i]);
		if (unlink(path))
			return -1;
	}
	return 0;
}

/* What is printed for such a list. */
static const char *scan(const char *list)
{
	static char text[1024];
	FILE *in = fmemopen((void *)(uintptr_t)list, strlen(list), "r");
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_non_null(in);
	assert_non_null(out);
	text[0] = 0;
	messages_gather(&said);
	assert_int_equal(cli_scan(in, out), 0);
	msg_set_sink(NULL, NULL);
	fclose(in);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void finds_the_marked(void **state)
{
	char list[2048], expected[1024];

	(void)state;
	snprintf(list, sizeof(list),
		 "major minor  #blocks  name\n\n 254        0        256 %s\n 254        1        256 %s\n"
		 "   8        0 1234567890 %s\n   8        1          1 %s\n",
		 names[0], names[1], names[2], names[3]);
	snprintf(expected, sizeof(expected), "/dev/%s\n/dev/%s\n", names[1], names[2]);
	assert_string_equal(scan(list), expected);
}

static void passes_over_what_cannot_be_read(void **state)
{
	(void)state;
	assert_string_equal(scan("   8 0 256 shm/there-is-none\n   1 3 0 null\nnonsense\n\n 8 x 1 sda\n"), "");
	assert_string_equal(said.text, "");
	assert_string_equal(scan("major minor  #blocks  name\n"), "");
}

/* By its name alone, though it is marked. */
static void skips_drives_with_media(void **state)
{
	static const char *const links[] = { "/dev/sr99", "/dev/ram99", "/dev/srx", "/dev/vdz" };
	char target[sizeof(names) + 8];

	(void)state;
	snprintf(target, sizeof(target), "/dev/%s", names[1]);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		assert_int_equal(symlink(target, links[i]), 0);
	assert_string_equal(scan(" 11 0 256 sr99\n 1 0 256 ram99\n 9 0 256 srx\n 9 0 256 vdz\n"),
			    "/dev/srx\n/dev/vdz\n");
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		assert_int_equal(unlink(links[i]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_marked),
		cmocka_unit_test(passes_over_what_cannot_be_read),
		cmocka_unit_test(skips_drives_with_media),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

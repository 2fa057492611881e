/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scratch space in a file and in ranges of a device: positions, limits, choice of the directory, exhaustion. */
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/arith.h"
#include "base/status.h"
#include "messages.h"
#include "sort/sort.h"

static struct messages messages;
static char dir[] = "/var/tmp/fsconvert-test-XXXXXX";

static int set_up(void **state)
{
	(void)state;
	messages_gather(&messages);
	return 0;
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	msg_set_sink(NULL, NULL);
	return rmdir(dir);
}

static void assert_said(const char *what)
{
	if (!strstr(messages.text, what))
		fail_msg("no '%s' in '%s'", what, messages.text);
}

/* The directory holds no name: the file vanishes with the process, whatever happens. */
static void assert_empty_dir(void)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;

	assert_non_null(d);
	while ((entry = readdir(d)))
		assert_int_equal(entry->d_name[0], '.');
	closedir(d);
}

/* Appends of odd lengths come back, from any position within them. */
static void check_appends(struct scratch *s)
{
	static const size_t len[] = { 1, 4096, 5000, 0, 70000, 12, 8192 };
	u64 pos[ARRAY_SIZE(len)], expected = 0;
	u8 buf[70000];

	for (size_t i = 0; i < ARRAY_SIZE(len); i++) {
		memset(buf, (int)(i + 1), len[i]);
		assert_int_equal(scratch_append(s, buf, len[i], &pos[i]), 0);
		assert_true(pos[i] == expected);
		expected = round_up(expected + len[i], 4096);
		assert_true(scratch_used(s) == expected);
	}
	for (size_t i = 0; i < ARRAY_SIZE(len); i++) {
		size_t skip = len[i] / 3;

		assert_int_equal(scratch_read(s, pos[i] + skip, buf, len[i] - skip), 0);
		for (size_t k = 0; k < len[i] - skip; k++)
			assert_int_equal(buf[k], i + 1);
	}
	assert_int_equal(scratch_read(s, expected - 1, buf, 2), ERR_BUG);
	assert_int_equal(scratch_read(s, expected + 1, buf, 0), ERR_BUG);
	assert_int_equal(scratch_read(s, UINT64_MAX, buf, 2), ERR_BUG);
	scratch_reset(s);
	assert_true(scratch_used(s) == 0);
	assert_int_equal(scratch_read(s, 0, buf, 1), ERR_BUG);
	assert_int_equal(scratch_append(s, "again", 5, &pos[0]), 0);
	assert_true(pos[0] == 0);
	assert_int_equal(scratch_read(s, 0, buf, 5), 0);
	assert_memory_equal(buf, "again", 5);
}

static void test_file(void **state)
{
	struct scratch *s = NULL;

	(void)state;
	assert_int_equal(scratch_new_file(dir, &s), 0);
	check_appends(s);
	assert_empty_dir();
	scratch_free(s);
	scratch_free(NULL);
}

static void test_file_is_made_on_use(void **state)
{
	struct scratch *s = NULL;
	u64 pos;

	(void)state;
	assert_int_equal(scratch_new_file("/nonexistent/dir", &s), 0);
	assert_int_equal(messages.nr[MSG_ERR], 0);
	assert_int_equal(scratch_append(s, "x", 1, &pos), ERR_IO);
	assert_said("/nonexistent/dir");
	assert_said("--tmpdir");
	assert_true(scratch_used(s) == 0);
	scratch_free(s);
}

/* Not even root can make files in /proc. */
static void test_unwritable_dir(void **state)
{
	struct scratch *s = NULL;
	u64 pos;

	(void)state;
	assert_int_equal(scratch_new_file("/proc", &s), 0);
	assert_int_equal(scratch_append(s, "x", 1, &pos), ERR_IO);
	assert_said("/proc: cannot make a temporary file");
	scratch_free(s);
}

/* A bad TMPDIR is passed over. */
static void test_search(void **state)
{
	struct scratch *s = NULL;
	char *old = getenv("TMPDIR");

	(void)state;
	old = old ? strdup(old) : NULL;
	setenv("TMPDIR", "/nonexistent", 1);
	assert_int_equal(scratch_new_file(NULL, &s), 0);
	check_appends(s);
	scratch_free(s);
	if (old)
		setenv("TMPDIR", old, 1);
	else
		unsetenv("TMPDIR");
	free(old);
}

/* The limit on the size of files stands for a full file system. */
static void test_file_full(void **state)
{
	struct rlimit old, tight;
	struct scratch *s = NULL;
	static u8 buf[64 * 1024];
	u64 pos = 99;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	tight = old;
	tight.rlim_cur = 100000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	assert_int_equal(scratch_new_file(dir, &s), 0);
	assert_int_equal(scratch_append(s, buf, sizeof(buf), &pos), 0);
	assert_int_equal(scratch_append(s, buf, sizeof(buf), &pos), ERR_NOSPC);
	assert_true(scratch_used(s) == sizeof(buf));
	assert_said(dir);
	assert_said("--tmpdir");
	setrlimit(RLIMIT_FSIZE, &old);
	scratch_free(s);
}

/* Many small ranges in any order, an empty one among them: nothing outside is written. */
static void test_device(void **state)
{
	static const struct range ranges[] = {
		{ 512 * KIB, 4096 }, { 64 * KIB, 8192 }, { 300 * KIB, 0 }, { 128 * KIB, 136 * KIB }, { 0, 4096 },
	};
	struct dev *mem = NULL, *fence = NULL;
	struct scratch *s = NULL;
	u8 big[70000];
	u64 pos;

	(void)state;
	assert_int_equal(dev_mem_new(MIB, &mem), 0);
	assert_int_equal(dev_fence_new(mem, &fence), 0);
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		assert_int_equal(dev_fence_open(fence, ranges[i].start, ranges[i].len, "scratch"), 0);
	assert_int_equal(scratch_new_dev(fence, ranges, ARRAY_SIZE(ranges), &s), 0);
	check_appends(s);
	assert_memory_equal(dev_mem_data(mem) + 512 * KIB, "again", 5);
	/* whole sectors are written, with zeros at the end */
	memset(big, 0x55, sizeof(big));
	memset(dev_mem_data(mem) + 64 * KIB, 0x77, 8192);
	scratch_reset(s);
	assert_int_equal(scratch_append(s, big, 4096 + 100, &pos), 0);
	assert_memory_equal(dev_mem_data(mem) + 512 * KIB, big, 4096);
	assert_memory_equal(dev_mem_data(mem) + 64 * KIB, big, 100);
	for (size_t i = 100; i < 8192; i++)
		assert_int_equal(dev_mem_data(mem)[64 * KIB + i], i < 4096 ? 0 : 0x77);

	scratch_reset(s);
	assert_int_equal(scratch_append(s, big, sizeof(big), &pos), 0);
	assert_int_equal(scratch_append(s, big, sizeof(big), &pos), 0);
	assert_int_equal(scratch_append(s, big, 8193, &pos), ERR_NOSPC);
	assert_said("memory: no space left");
	assert_int_equal(messages.nr[MSG_ERR], 5);
	assert_int_equal(scratch_append(s, big, 4097, &pos), 0);
	assert_int_equal(scratch_append(s, big, 1, &pos), ERR_NOSPC);
	scratch_free(s);
	assert_int_equal(dev_close(fence), 0);
	assert_int_equal(dev_close(mem), 0);
}

static void test_device_errors(void **state)
{
	static const struct range odd[] = { { 4096, 4096 }, { 8192, 100 } };
	static const struct range whole = { 0, MIB };
	struct dev_fault_opts opts = { .fail_write = 2, .fail_read = 1 };
	struct dev *mem = NULL, *fault = NULL;
	struct scratch *s = NULL;
	u64 pos;
	u8 byte;

	(void)state;
	assert_int_equal(dev_mem_new(MIB, &mem), 0);
	assert_int_equal(scratch_new_dev(mem, odd, ARRAY_SIZE(odd), &s), ERR_BUG);
	assert_said("8192+100 is not aligned");
	assert_int_equal(scratch_new_dev(mem, NULL, 0, &s), 0);
	assert_int_equal(scratch_append(s, "x", 1, &pos), ERR_NOSPC);
	scratch_free(s);

	assert_int_equal(dev_fault_new(mem, &opts, &fault), 0);
	assert_int_equal(scratch_new_dev(fault, &whole, 1, &s), 0);
	assert_int_equal(scratch_append(s, "x", 1, &pos), 0);
	assert_int_equal(scratch_append(s, "x", 1, &pos), ERR_IO);
	assert_true(scratch_used(s) == 4096);
	assert_int_equal(scratch_read(s, 0, &byte, 1), ERR_IO);
	scratch_free(s);
	assert_int_equal(dev_close(fault), 0);
	assert_int_equal(dev_close(mem), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_file, set_up),
		cmocka_unit_test_setup(test_file_is_made_on_use, set_up),
		cmocka_unit_test_setup(test_unwritable_dir, set_up),
		cmocka_unit_test_setup(test_search, set_up),
		cmocka_unit_test_setup(test_file_full, set_up),
		cmocka_unit_test_setup(test_device, set_up),
		cmocka_unit_test_setup(test_device_errors, set_up),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}

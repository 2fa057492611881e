/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The write log of the fault device: what it records, in which form, and how it fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/endian.h"
#include "base/status.h"
#include "dev/dev.h"
#include "dev/dev_fault_log.h"

#define SIZE (64 * KIB)

static char path[] = "/tmp/test-fault-log-XXXXXX";
static u8 text[32 * 512];

static int setup(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 || close(fd) ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

static size_t read_log(void)
{
	FILE *file = fopen(path, "r");
	size_t n;

	assert_non_null(file);
	n = fread(text, 1, sizeof(text), file);
	assert_int_equal(fclose(file), 0);
	return n;
}

static void test_device(void **state)
{
	struct dev_fault_opts opts = { .cut_write = 3 };
	struct dev *mem = NULL, *fault = NULL;
	u8 buf[1024];

	(void)state;
	snprintf(opts.log, sizeof(opts.log), "%s", path);
	memset(buf, 7, sizeof(buf));
	assert_int_equal(dev_mem_new(SIZE, &mem), 0);
	assert_int_equal(dev_fault_new(mem, &opts, &fault), 0);
	assert_int_equal(dev_write(fault, 4096, buf, 1024), 0);
	assert_int_equal(dev_flush(fault), 0);
	assert_int_equal(dev_write(fault, 512, buf, 512), 0);
	/* whole already, as a killed process would leave it */
	assert_int_equal(read_log(), 512 + 3 * 512 + 1024 + 512);
	assert_int_equal(get_le64(text + 16), 3);
	/* lost, so not in the log */
	assert_int_equal(dev_write(fault, 0, buf, 512), 0);
	assert_int_equal(dev_flush(fault), 0);
	assert_int_equal(dev_close(fault), 0);
	assert_int_equal(dev_close(mem), 0);

	assert_int_equal(read_log(), 512 + 3 * 512 + 1024 + 512);
	assert_int_equal(get_le64(text), 0x6a736677736872);
	assert_int_equal(get_le64(text + 8), 1);
	assert_int_equal(get_le64(text + 16), 3);
	assert_int_equal(get_le32(text + 24), 512);
	assert_int_equal(get_le64(text + 512), 8);
	assert_int_equal(get_le64(text + 512 + 8), 2);
	assert_int_equal(get_le64(text + 512 + 16), 0);
	assert_memory_equal(text + 1024, buf, 1024);
	assert_int_equal(get_le64(text + 2048 + 8), 0);
	assert_int_equal(get_le64(text + 2048 + 16), 1);
	assert_int_equal(get_le64(text + 2560), 1);
	assert_int_equal(get_le64(text + 2560 + 8), 1);
	assert_memory_equal(text + 3072, buf, 512);
}

static void test_odd_writes(void **state)
{
	struct dev_fault_log *log = NULL;

	(void)state;
	assert_int_equal(dev_fault_log_new(path, &log), 0);
	assert_int_equal(dev_fault_log_write(log, 100, text, 512), ERR_BUG);
	assert_int_equal(dev_fault_log_write(log, 512, text, 100), ERR_BUG);
	assert_int_equal(dev_fault_log_close(log), 0);
	assert_int_equal(dev_fault_log_close(NULL), 0);
	assert_int_equal(read_log(), 512);
}

static void test_errors(void **state)
{
	struct dev_fault_opts opts;
	struct dev_fault_log *log = NULL;
	struct dev *mem = NULL, *fault = NULL;

	(void)state;
	assert_int_equal(dev_fault_log_new("/nowhere/log", &log), ERR_IO);
	assert_null(log);
	assert_int_equal(dev_fault_log_new("/dev/full", &log), ERR_IO);
	assert_null(log);
	assert_int_equal(dev_mem_new(SIZE, &mem), 0);
	assert_int_equal(dev_fault_parse("fail_write=2,log=/nowhere/log", &opts), 0);
	assert_int_equal(opts.fail_write, 2);
	assert_string_equal(opts.log, "/nowhere/log");
	assert_int_equal(dev_fault_new(mem, &opts, &fault), ERR_IO);
	assert_null(fault);
	assert_int_equal(dev_fault_parse("log=", &opts), ERR_USAGE);
	assert_int_equal(dev_close(mem), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_device),
		cmocka_unit_test(test_odd_writes),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

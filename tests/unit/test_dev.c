/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device interface over memory: bounds, the write fence, and fault injection. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/status.h"
#include "dev/dev.h"
#include "messages.h"

#define SIZE (64 * KIB)

static struct messages messages;
static struct dev *mem;

static int set_up(void **state)
{
	(void)state;
	messages_gather(&messages);
	return dev_mem_new(SIZE, &mem);
}

static int tear_down(void **state)
{
	(void)state;
	msg_set_sink(NULL, NULL);
	return dev_close(mem);
}

static void assert_said(const char *what)
{
	if (!strstr(messages.text, what))
		fail_msg("no '%s' in '%s'", what, messages.text);
}

/* ========== Bounds ========== */

static void test_mem(void **state)
{
	u8 buf[8] = { 0xff }, zeros[8] = { 0 };

	(void)state;
	assert_true(mem->size == SIZE);
	assert_false(mem->read_only);
	assert_int_equal(dev_read(mem, 100, buf, sizeof(buf)), 0);
	assert_memory_equal(buf, zeros, sizeof(buf));
	assert_int_equal(dev_write(mem, SIZE - 8, "12345678", 8), 0);
	assert_memory_equal(dev_mem_data(mem) + SIZE - 8, "12345678", 8);
	assert_int_equal(dev_read(mem, SIZE - 8, buf, 8), 0);
	assert_memory_equal(buf, "12345678", 8);
	assert_int_equal(dev_flush(mem), 0);
	dev_prefetch(mem, 0, SIZE);
	dev_prefetch(mem, SIZE, 1);
	assert_int_equal(dev_close(NULL), 0);
}

static void test_bounds(void **state)
{
	static const struct {
		u64 offset;
		size_t len;
	} bad[] = {
		{ SIZE - 7, 8 }, { SIZE, 1 }, { SIZE + 1, 0 }, { UINT64_MAX, 1 }, { UINT64_MAX - 3, 8 },
		{ 0, SIZE + 1 }, { 8, SIZE_MAX - 3 },
	};
	u8 buf[8] = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(dev_read(mem, bad[i].offset, buf, bad[i].len), ERR_IO);
		assert_int_equal(dev_write(mem, bad[i].offset, buf, bad[i].len), ERR_IO);
	}
	assert_int_equal(messages.nr[MSG_ERR], 2 * ARRAY_SIZE(bad));
	assert_said("memory: cannot read 8 bytes at 65529: the device ends at 65536");
	assert_said("memory: cannot write 8 bytes at 65529");
	assert_int_equal(dev_read(mem, SIZE, buf, 0), 0);
}

static void test_read_only(void **state)
{
	(void)state;
	mem->read_only = true;
	assert_int_equal(dev_write(mem, 0, "x", 1), ERR_BUG);
	assert_said("opened only for reading");
	assert_int_equal(dev_mem_data(mem)[0], 0);
}

/* ========== Fence ========== */

static void test_fence_is_shut_at_first(void **state)
{
	struct dev *fence = NULL;
	u8 byte = 1;

	(void)state;
	assert_int_equal(dev_fence_new(mem, &fence), 0);
	assert_true(fence->size == SIZE);
	assert_string_equal(fence->name, "memory");
	assert_int_equal(dev_write(fence, 0, "x", 1), ERR_BUG);
	assert_said("outside the ranges");
	assert_said("nothing is open");
	assert_int_equal(dev_read(fence, 0, &byte, 1), 0);
	assert_int_equal(byte, 0);
	assert_int_equal(dev_flush(fence), 0);
	dev_prefetch(fence, 0, 10);
	assert_int_equal(dev_close(fence), 0);
}

static void test_fence_edges(void **state)
{
	static const struct {
		u64 start;
		size_t len;
		int ret;
	} cases[] = {
		{ 100, 50, 0 }, { 100, 1, 0 }, { 149, 1, 0 }, { 150, 10, 0 }, { 140, 20, 0 }, { 300, 10, 0 },
		{ 99, 1, ERR_BUG }, { 99, 2, ERR_BUG }, { 160, 1, ERR_BUG }, { 159, 2, ERR_BUG },
		{ 140, 170, ERR_BUG }, { 0, 400, ERR_BUG }, { 299, 2, ERR_BUG }, { 310, 1, ERR_BUG },
	};
	struct dev *fence = NULL;
	u8 buf[400];

	(void)state;
	memset(buf, 7, sizeof(buf));
	assert_int_equal(dev_fence_new(mem, &fence), 0);
	assert_int_equal(dev_fence_open(fence, 300, 10, "chunks"), 0);
	assert_int_equal(dev_fence_open(fence, 100, 50, "trees"), 0);
	assert_int_equal(dev_fence_open(fence, 150, 10, "journal"), 0);
	assert_int_equal(dev_fence_open(fence, 200, 0, "nothing"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(dev_write(fence, cases[i].start, buf, cases[i].len), cases[i].ret);
	for (size_t i = 0; i < 400; i++)
		assert_int_equal(dev_mem_data(mem)[i], (i >= 100 && i < 160) || (i >= 300 && i < 310) ? 7 : 0);
	assert_said("write of 1 bytes at 160 ");
	assert_said("150 to 160 for journal");
	assert_said("300 to 310 for chunks");

	dev_fence_close(fence);
	assert_int_equal(dev_write(fence, 100, buf, 1), ERR_BUG);
	assert_int_equal(dev_fence_open(fence, 0, SIZE, "all"), 0);
	assert_int_equal(dev_write(fence, SIZE - 1, buf, 1), 0);
	assert_int_equal(dev_close(fence), 0);
}

static void test_fence_bad_ranges(void **state)
{
	struct dev *fence = NULL;

	(void)state;
	assert_int_equal(dev_fence_new(mem, &fence), 0);
	assert_int_equal(dev_fence_open(fence, SIZE, 1, "end"), ERR_BUG);
	assert_int_equal(dev_fence_open(fence, 0, SIZE + 1, "end"), ERR_BUG);
	assert_int_equal(dev_fence_open(fence, UINT64_MAX, 2, "wrap"), ERR_BUG);
	assert_said("for wrap");
	assert_int_equal(dev_write(fence, 0, "x", 1), ERR_BUG);
	assert_int_equal(dev_close(fence), 0);
}

/* Ranges opened at random, overlapping and touching, against a map of bytes. */
static void test_fence_random(void **state)
{
	static const char *const names[] = { "one", "two", "three" };
	struct dev *fence = NULL;
	static u8 zeros[SIZE];
	bool open[2000] = { false };

	(void)state;
	srandom(1729);
	assert_int_equal(dev_fence_new(mem, &fence), 0);
	for (int round = 0; round < 60; round++) {
		u64 start = (u64)random() % 1900, len = (u64)random() % 60;

		assert_int_equal(dev_fence_open(fence, start, len, names[random() % 3]), 0);
		for (u64 i = start; i < start + len; i++)
			open[i] = true;
		for (int probe = 0; probe < 200; probe++) {
			u64 at = (u64)random() % 1900, bytes = (u64)random() % 100 + 1;
			bool covered = true;

			for (u64 i = at; i < at + bytes; i++)
				covered = covered && open[i];
			messages.text[0] = '\0';
			assert_int_equal(dev_write(fence, at, zeros, bytes), covered ? 0 : ERR_BUG);
		}
	}
	assert_int_equal(dev_close(fence), 0);
}

static void *open_many(void *arg)
{
	for (u64 i = 0; i < 2000; i++)
		if (dev_fence_open(arg, 4096 + i * 16, 8, "more"))
			return arg;
	return NULL;
}

/* A writer is not disturbed by another thread that opens ranges. */
static void test_fence_threads(void **state)
{
	struct dev *fence = NULL;
	pthread_t thread;
	void *failed = NULL;

	(void)state;
	assert_int_equal(dev_fence_new(mem, &fence), 0);
	assert_int_equal(dev_fence_open(fence, SIZE - 16, 16, "mine"), 0);
	assert_int_equal(pthread_create(&thread, NULL, open_many, fence), 0);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(dev_write(fence, SIZE - 16, "0123456789abcdef", 16), 0);
	pthread_join(thread, &failed);
	assert_null(failed);
	assert_int_equal(dev_close(fence), 0);
}

/* ========== Faults ========== */

static struct dev *new_fault(const char *text)
{
	struct dev_fault_opts opts;
	struct dev *fault = NULL;

	assert_int_equal(dev_fault_parse(text, &opts), 0);
	assert_int_equal(dev_fault_new(mem, &opts, &fault), 0);
	return fault;
}

static void test_fault_none(void **state)
{
	struct dev *fault = new_fault("");
	u8 byte = 0;

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(dev_write(fault, 3, "x", 1), 0);
	assert_int_equal(dev_flush(fault), 0);
	assert_int_equal(dev_read(fault, 3, &byte, 1), 0);
	assert_int_equal(byte, 'x');
	dev_prefetch(fault, 0, 10);
	assert_int_equal(dev_fault_writes(fault), 5);
	assert_int_equal(dev_fault_flushes(fault), 1);
	assert_int_equal(dev_close(fault), 0);
}

static void test_fault_errors(void **state)
{
	struct dev *fault = new_fault("fail_read=2,fail_write=3,fail_flush=1");
	u8 byte = 0;

	(void)state;
	assert_int_equal(dev_read(fault, 0, &byte, 1), 0);
	assert_int_equal(dev_read(fault, 0, &byte, 1), ERR_IO);
	assert_int_equal(dev_read(fault, 0, &byte, 1), ERR_IO);
	assert_int_equal(dev_write(fault, 0, "a", 1), 0);
	assert_int_equal(dev_write(fault, 1, "b", 1), 0);
	assert_int_equal(dev_write(fault, 2, "c", 1), ERR_IO);
	assert_int_equal(dev_write(fault, 3, "d", 1), ERR_IO);
	assert_int_equal(dev_flush(fault), ERR_IO);
	assert_memory_equal(dev_mem_data(mem), "ab\0\0", 4);
	assert_said("injected failure of write 3");
	assert_int_equal(dev_fault_writes(fault), 4);
	assert_int_equal(dev_close(fault), 0);
}

/* After the cut all is reported as done; below, fail_flush of a second layer shows that flushes are lost too. */
static void test_fault_cut(void **state)
{
	struct dev_fault_opts opts = { .cut_write = 2 };
	struct dev *below = new_fault(""), *fault = NULL;

	(void)state;
	assert_int_equal(dev_fault_new(below, &opts, &fault), 0);
	assert_int_equal(dev_write(fault, 0, "a", 1), 0);
	assert_int_equal(dev_flush(fault), 0);
	assert_int_equal(dev_write(fault, 1, "b", 1), 0);
	assert_int_equal(dev_flush(fault), 0);
	assert_int_equal(dev_write(fault, 2, "c", 1), 0);
	assert_memory_equal(dev_mem_data(mem), "a\0\0", 3);
	assert_int_equal(dev_fault_writes(below), 1);
	assert_int_equal(dev_fault_flushes(below), 1);
	assert_int_equal(dev_fault_writes(fault), 3);
	assert_int_equal(dev_fault_flushes(fault), 2);
	assert_int_equal(dev_close(fault), 0);
	assert_int_equal(dev_close(below), 0);
}

/* Of five sectors two reach the disk, of one none. */
static void test_fault_torn(void **state)
{
	struct dev *fault = new_fault("torn,cut_write=1");
	u8 ones[5 * 512];

	(void)state;
	memset(ones, 1, sizeof(ones));
	assert_int_equal(dev_write(fault, 0, ones, sizeof(ones)), 0);
	assert_int_equal(dev_write(fault, 8192, ones, sizeof(ones)), 0);
	assert_memory_equal(dev_mem_data(mem), ones, 1024);
	for (size_t i = 1024; i < SIZE; i++)
		assert_int_equal(dev_mem_data(mem)[i], 0);
	assert_int_equal(dev_close(fault), 0);

	fault = new_fault("torn,cut_write=1");
	assert_int_equal(dev_write(fault, 8192, ones, 512), 0);
	assert_int_equal(dev_mem_data(mem)[8192], 0);
	assert_int_equal(dev_close(fault), 0);
}

static void test_fault_kill(void **state)
{
	struct dev *fault = new_fault("kill_write=3");
	int status = 0;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (!pid) {
		for (int i = 0; i < 3; i++)
			if (dev_write(fault, 0, "x", 1))
				_exit(1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	assert_int_equal(dev_write(fault, 0, "x", 1), 0);
	assert_int_equal(dev_write(fault, 0, "x", 1), 0);
	assert_int_equal(dev_close(fault), 0);
}

static void test_fault_parse(void **state)
{
	static const char *const bad[] = {
		"fail_write", "fail_write=", "fail_write=x", "fail_write=-1", "fail_write= 1", "fail_write=1,", ",",
		",torn", "torn,,torn", "tornado", "tor", "torn=1", "fail=1", "FAIL_WRITE=1",
		"fail_write=18446744073709551616",
	};
	struct dev_fault_opts opts;

	(void)state;
	assert_int_equal(dev_fault_parse("fail_read=1,fail_write=20,fail_flush=3,cut_write=4,kill_write=5,torn", &opts),
			 0);
	assert_int_equal(opts.fail_read, 1);
	assert_int_equal(opts.fail_write, 20);
	assert_int_equal(opts.fail_flush, 3);
	assert_int_equal(opts.cut_write, 4);
	assert_int_equal(opts.kill_write, 5);
	assert_true(opts.torn);
	assert_int_equal(dev_fault_parse("torn", &opts), 0);
	assert_int_equal(opts.fail_read, 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(dev_fault_parse(bad[i], &opts), ERR_USAGE);
	assert_said("bad fault description 'tornado'");
}

#define WITH_MEM(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_MEM(test_mem),
		WITH_MEM(test_bounds),
		WITH_MEM(test_read_only),
		WITH_MEM(test_fence_is_shut_at_first),
		WITH_MEM(test_fence_edges),
		WITH_MEM(test_fence_bad_ranges),
		WITH_MEM(test_fence_random),
		WITH_MEM(test_fence_threads),
		WITH_MEM(test_fault_none),
		WITH_MEM(test_fault_errors),
		WITH_MEM(test_fault_cut),
		WITH_MEM(test_fault_torn),
		WITH_MEM(test_fault_kill),
		WITH_MEM(test_fault_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

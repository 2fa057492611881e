/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages: levels, sinks, the default sink, long texts, threads; and the names of the status values. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/status.h"
#include "messages.h"

static int reset(void **state)
{
	(void)state;
	msg_set_sink(NULL, NULL);
	msg_set_level(MSG_INFO);
	return 0;
}

static void test_levels(void **state)
{
	struct messages m;

	(void)state;
	messages_gather(&m);
	msg_err("e%d", 1);
	msg_warn("w%s", "2");
	msg_info("i%c", '3');
	msg_debug("d4");
	assert_string_equal(m.text, "e1\nw2\ni3\n");
	assert_int_equal(m.nr[MSG_ERR], 1);
	assert_int_equal(m.nr[MSG_WARN], 1);
	assert_int_equal(m.nr[MSG_INFO], 1);

	msg_set_level(MSG_DEBUG);
	msg_debug("d5");
	assert_int_equal(m.nr[MSG_DEBUG], 1);
	msg_set_level(MSG_ERR);
	msg_warn("w6");
	msg_err("e7");
	assert_string_equal(m.text, "e1\nw2\ni3\nd5\ne7\n");
}

static void test_nomem(void **state)
{
	struct messages m;

	(void)state;
	messages_gather(&m);
	assert_int_equal(msg_nomem("cache of 100%"), ERR_NOMEM);
	assert_string_equal(m.text, "cache of 100%: out of memory\n");
	assert_int_equal(m.nr[MSG_ERR], 1);
}

static void test_long_text_is_cut(void **state)
{
	struct messages m;
	char text[4000];
	size_t len;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	messages_gather(&m);
	msg_err("%s", text);
	len = strlen(m.text);
	assert_in_range(len, 1000, sizeof(text) - 2);
	assert_string_equal(m.text + len - 5, "x...\n");
}

static void test_quiet(void **state)
{
	struct messages m;

	(void)state;
	messages_gather(&m);
	msg_set_quiet(true);
	msg_warn("w1");
	msg_info("i2");
	msg_err("e3");
	msg_set_quiet(false);
	msg_info("i4");
	assert_string_equal(m.text, "e3\ni4\n");
}

static void test_capture(void **state)
{
	struct messages m;
	char text[8];

	(void)state;
	messages_gather(&m);
	msg_capture(text, sizeof(text));
	assert_string_equal(text, "");
	msg_info("i1");
	msg_warn("w2");
	assert_string_equal(text, "");
	msg_err("e3 is too long");
	msg_err("e4");
	assert_string_equal(text, "e3 is t");
	assert_string_equal(m.text, "");
	msg_capture(NULL, 0);
	msg_err("e5");
	assert_string_equal(m.text, "e5\n");
	assert_string_equal(text, "e3 is t");
}

static void spoil_errno(void *ctx, enum msg_level level, const char *text)
{
	(void)level;
	(void)text;
	++*(int *)ctx;
	errno = EIO;
}

static void test_errno_is_kept(void **state)
{
	int calls = 0;

	(void)state;
	msg_set_sink(spoil_errno, &calls);
	errno = ENOTTY;
	msg_err("x");
	assert_int_equal(calls, 1);
	assert_int_equal(errno, ENOTTY);
}

/* Without a sink: errors and warnings to stderr, the rest nowhere. */
static void test_default_sink(void **state)
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	char text[100] = "";
	size_t len;

	(void)state;
	assert_non_null(file);
	assert_true(saved >= 0);
	fflush(stderr);
	dup2(fileno(file), STDERR_FILENO);
	msg_err("bad %d", 1);
	msg_warn("odd");
	msg_info("fine");
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	fclose(file);
	assert_string_equal(text, "bad 1\nodd\n");
}

static void *talk(void *arg)
{
	(void)arg;
	for (int i = 0; i < 500; i++)
		msg_warn("-");
	return NULL;
}

static void test_threads(void **state)
{
	pthread_t threads[4];
	struct messages m;

	(void)state;
	messages_gather(&m);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, talk, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(m.nr[MSG_WARN], 2000);
	assert_int_equal(strlen(m.text), 4000);
}

static void test_exit_status(void **state)
{
	static const struct {
		int status, exit;
	} cases[] = {
		{ 0, 0 },	      { ERR_IO, 1 },	  { ERR_NOMEM, 1 },  { ERR_NOSPC, 1 },
		{ ERR_USAGE, 2 },     { ERR_REFUSED, 3 }, { ERR_CORRUPT, 3 }, { ERR_NOROOM, 3 },
		{ ERR_ARMED, 4 },     { ERR_BUG, 1 },	  { ERR_STOPPED, 1 }, { -12345, 1 },
		{ 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(status_exit(cases[i].status), cases[i].exit);
}

static void test_names(void **state)
{
	static const int all[] = { 0,	       ERR_IO,	   ERR_NOMEM, ERR_NOSPC, ERR_USAGE,  ERR_REFUSED,
				   ERR_CORRUPT, ERR_NOROOM, ERR_ARMED, ERR_BUG,	  ERR_STOPPED, -12345 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(status_str(all[i]), status_str(all[k]));
	assert_string_equal(status_str(ERR_IO), "input/output error");
	assert_string_equal(status_str(ERR_REFUSED), "refused");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_levels, reset),
		cmocka_unit_test_teardown(test_nomem, reset),
		cmocka_unit_test_teardown(test_quiet, reset),
		cmocka_unit_test_teardown(test_capture, reset),
		cmocka_unit_test_teardown(test_long_text_is_cut, reset),
		cmocka_unit_test_teardown(test_errno_is_kept, reset),
		cmocka_unit_test(test_default_sink),
		cmocka_unit_test_teardown(test_threads, reset),
		cmocka_unit_test(test_exit_status),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

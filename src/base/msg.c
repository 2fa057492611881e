/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Formats messages and hands them to the sink, one at a time: the sink is called under a lock and must not print
 * messages itself. errno is preserved, so that a caller may report first and look at it later.
 */
#include "base/msg.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"

/* Longer messages are cut and end in "...". */
#define MSG_MAX 2048

static pthread_mutex_t msg_lock = PTHREAD_MUTEX_INITIALIZER;
static msg_fn msg_sink;
static void *msg_sink_ctx;
static char *msg_captured; /* NULL: nothing is captured */
static size_t msg_captured_size;
static _Atomic int msg_max_level = MSG_INFO;
static _Atomic bool msg_quiet;

void msg_set_sink(msg_fn fn, void *ctx)
{
	pthread_mutex_lock(&msg_lock);
	msg_sink = fn;
	msg_sink_ctx = ctx;
	pthread_mutex_unlock(&msg_lock);
}

void msg_set_quiet(bool quiet)
{
	atomic_store(&msg_quiet, quiet);
}

void msg_capture(char *text, size_t size)
{
	pthread_mutex_lock(&msg_lock);
	msg_captured = text;
	msg_captured_size = size;
	if (text)
		text[0] = '\0';
	pthread_mutex_unlock(&msg_lock);
}

static void msg_capture_put(enum msg_level level, const char *text)
{
	if (level == MSG_ERR && !msg_captured[0])
		snprintf(msg_captured, msg_captured_size, "%s", text);
}

void msg_set_level(enum msg_level level)
{
	atomic_store(&msg_max_level, (int)level);
}

static void msg_put(enum msg_level level, const char *fmt, va_list ap)
{
	static const char cut[] = "...";
	const int saved_errno = errno;
	char text[MSG_MAX];
	int len = 0;

	if ((int)level > atomic_load(&msg_max_level) || (level > MSG_ERR && atomic_load(&msg_quiet)))
		return;
	len = vsnprintf(text, sizeof(text), fmt, ap);
	if (len < 0)
		text[0] = '\0';
	else if ((size_t)len >= sizeof(text))
		memcpy(text + sizeof(text) - sizeof(cut), cut, sizeof(cut));

	pthread_mutex_lock(&msg_lock);
	if (msg_captured)
		msg_capture_put(level, text);
	else if (msg_sink)
		msg_sink(msg_sink_ctx, level, text);
	else if (level <= MSG_WARN)
		fprintf(stderr, "%s\n", text);
	pthread_mutex_unlock(&msg_lock);
	errno = saved_errno;
}

void msg_err(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	msg_put(MSG_ERR, fmt, ap);
	va_end(ap);
}

void msg_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	msg_put(MSG_WARN, fmt, ap);
	va_end(ap);
}

void msg_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	msg_put(MSG_INFO, fmt, ap);
	va_end(ap);
}

void msg_debug(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	msg_put(MSG_DEBUG, fmt, ap);
	va_end(ap);
}

int msg_nomem(const char *what)
{
	msg_err("%s: out of memory", what);
	return ERR_NOMEM;
}

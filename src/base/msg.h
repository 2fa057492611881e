/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of all layers, to one settable sink. Without a sink they go to stderr (errors and warnings) as plain
 * lines. Text has no trailing newline. Thread-safe.
 */
#ifndef BASE_MSG_H
#define BASE_MSG_H

#include "base/types.h"

enum msg_level { MSG_ERR, MSG_WARN, MSG_INFO, MSG_DEBUG };

typedef void (*msg_fn)(void *ctx, enum msg_level level, const char *text);

/* Sets the sink for all later messages; fn NULL restores the default. ctx is borrowed. */
void msg_set_sink(msg_fn fn, void *ctx);

/* Messages above this level are dropped (default MSG_INFO). */
void msg_set_level(enum msg_level level);

/* While quiet, only errors are let through: for work whose advice would be out of place. */
void msg_set_quiet(bool quiet);

/* For callers to whom a failure is an answer: until msg_capture(NULL, 0), the first error goes to text (size > 0)
 * instead of the sink, and everything else is dropped. Not to be nested. */
void msg_capture(char *text, size_t size);

void msg_err(const char *fmt, ...) __printf(1, 2);
void msg_warn(const char *fmt, ...) __printf(1, 2);
void msg_info(const char *fmt, ...) __printf(1, 2);
void msg_debug(const char *fmt, ...) __printf(1, 2);

/* Prints "WHAT: out of memory" and returns ERR_NOMEM, for the common case. */
int msg_nomem(const char *what);

#endif

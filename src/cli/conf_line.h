/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line of a configuration, "key = value  # comment", taken apart. A value is plain text without the blanks around
 * it, or stands in double quotes, where \\, \" and \xNN mean a backslash, a quote and any byte but 0.
 */
#ifndef CLI_CONF_LINE_H
#define CLI_CONF_LINE_H

#include "base/types.h"

/* Longer lines are refused; config_print makes shorter ones. */
#define CONF_LINE_MAX 4096u

struct conf_line {
	const char *key; /* NULL: the line says nothing */
	size_t key_len;
	const char *value;
	bool quoted;
};

/*
 * Splits len bytes at text (writable, a NUL behind them), in place. comments: # at the beginning or behind a blank
 * begins a comment. 0, or ERR_USAGE with a message without place: no key, no value, an open quote, a control
 * character, no UTF-8.
 */
int conf_line_split(char *text, size_t len, bool comments, struct conf_line *line) __must_check;

/* Puts text in quotes, so that conf_line_split reads it back and a terminal can show it; 4 * strlen(text) + 3 bytes
 * are enough. What does not fit is cut. */
void conf_line_quote(char *buf, size_t size, const char *text);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The grammar of a configuration line. */
#include <stdio.h>
#include <string.h>

#include "base/msg.h"
#include "base/status.h"
#include "cli/conf_line.h"
#include "cli/format.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static char *skip_blanks(char *p)
{
	while (is_blank(*p))
		p++;
	return p;
}

/* Nothing that is shown in a message may steer a terminal. */
static int check_text(const char *text, size_t len)
{
	const char *end = text + len;
	size_t step;

	for (; text < end; text += step) {
		step = *text == '\t' ? 1 : format_printable_len(text);
		if (step)
			continue;
		msg_err("byte 0x%02x is no part of a text%s", (unsigned int)(u8)*text,
			*text == '\r' ? ": lines must not end in a carriage return" : "");
		return ERR_USAGE;
	}
	return 0;
}

/* The value of a hexadecimal digit, -1 when it is none. */
static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The byte that the escape at p (a backslash) means; *p is left behind it. 0 when it means none. */
static char read_escape(char **p)
{
	char c = (*p)[1];
	int high, low;

	if (c == '\\' || c == '"') {
		*p += 2;
		return c;
	}
	high = c == 'x' ? hex_digit((*p)[2]) : -1;
	low = high >= 0 ? hex_digit((*p)[3]) : -1;
	if (low < 0)
		return 0;
	*p += 4;
	return (char)(high << 4 | low);
}

/* p stands behind the opening quote. The text is put in order in place; what follows the closing quote is returned, or
 * NULL with a message. */
static char *read_quoted(char *p, struct conf_line *line)
{
	char *to = p, c;

	line->value = p;
	line->quoted = true;
	while (*p && *p != '"') {
		c = *p;
		if (c != '\\') {
			p++;
		} else {
			c = read_escape(&p);
			if (!c) {
				msg_err("in quotes, a backslash may stand before \\, \" and xNN only (NN not 00)");
				return NULL;
			}
		}
		*to++ = c;
	}
	if (!*p) {
		msg_err("the closing quote is missing");
		return NULL;
	}
	p++;
	*to = '\0';
	return p;
}

/* Cuts the comment and the blanks behind a plain value. */
static void end_plain(char *value, bool comments)
{
	char *p, *end = value;

	for (p = value; *p; p++) {
		if (comments && *p == '#' && (p == value || is_blank(p[-1])))
			break;
		if (!is_blank(*p))
			end = p + 1;
	}
	*end = '\0';
}

static int read_value(char *p, bool comments, struct conf_line *line)
{
	if (*p == '"') {
		p = read_quoted(p + 1, line);
		if (!p)
			return ERR_USAGE;
		p = skip_blanks(p);
		if (!*p || (comments && *p == '#'))
			return 0;
		msg_err("there is more behind the closing quote");
		return ERR_USAGE;
	}
	line->value = p;
	line->quoted = false;
	end_plain(p, comments);
	if (*p)
		return 0;
	msg_err("%.*s has no value (an empty text is \"\")", (int)line->key_len, line->key);
	return ERR_USAGE;
}

int conf_line_split(char *text, size_t len, bool comments, struct conf_line *line)
{
	char *p = skip_blanks(text);
	int ret = check_text(text, len);

	if (ret)
		return ret;
	*line = (struct conf_line){ 0 };
	if (comments && (!*p || *p == '#'))
		return 0;
	line->key = p;
	line->key_len = strcspn(p, "= \t");
	p = skip_blanks(p + line->key_len);
	if (line->key_len && *p == '=')
		return read_value(skip_blanks(p + 1), comments, line);
	msg_err("this is not of the form key = value");
	return ERR_USAGE;
}

void conf_line_quote(char *buf, size_t size, const char *text)
{
	size_t len, used = 0;

	buf[used++] = '"';
	while (*text && used + 6 < size) {
		len = *text == '"' || *text == '\\' ? 0 : format_printable_len(text);
		if (len) {
			memcpy(buf + used, text, len);
			used += len;
			text += len;
		} else {
			used += (size_t)snprintf(buf + used, size - used, "\\x%02x", (unsigned int)(u8)*text++);
		}
	}
	buf[used++] = '"';
	buf[used] = '\0';
}

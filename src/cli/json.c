/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON text: commas, and escaping of whatever a disk may hold. */
#include "base/uuid.h"
#include "cli/format.h"
#include "cli/json.h"

static void put_text(FILE *out, const char *text)
{
	size_t len;

	putc('"', out);
	for (; *text; text += len) {
		len = format_utf8_len(text);
		if (!len) {
			fputs("\\ufffd", out);
			len = 1;
		} else if (len > 1) {
			fwrite(text, 1, len, out);
		} else if (*text == '"' || *text == '\\') {
			fprintf(out, "\\%c", *text);
		} else if ((u8)*text < 0x20 || *text == 0x7f) {
			fprintf(out, "\\u%04x", (unsigned int)*text);
		} else {
			putc(*text, out);
		}
	}
	putc('"', out);
}

/* What stands before each value. */
static void put_key(struct json *json, const char *key)
{
	if (json->comma)
		putc(',', json->out);
	json->comma = true;
	if (!key)
		return;
	put_text(json->out, key);
	putc(':', json->out);
}

void json_begin(struct json *json, FILE *out)
{
	json->out = out;
	json->comma = false;
	putc('{', out);
}

void json_end(struct json *json)
{
	fputs("}\n", json->out);
}

static void put_open(struct json *json, const char *key, char bracket)
{
	put_key(json, key);
	putc(bracket, json->out);
	json->comma = false;
}

static void put_close(struct json *json, char bracket)
{
	putc(bracket, json->out);
	json->comma = true;
}

void json_object(struct json *json, const char *key)
{
	put_open(json, key, '{');
}

void json_object_end(struct json *json)
{
	put_close(json, '}');
}

void json_array(struct json *json, const char *key)
{
	put_open(json, key, '[');
}

void json_array_end(struct json *json)
{
	put_close(json, ']');
}

void json_u64(struct json *json, const char *key, u64 value)
{
	put_key(json, key);
	fprintf(json->out, "%llu", (unsigned long long)value);
}

void json_bool(struct json *json, const char *key, bool value)
{
	put_key(json, key);
	fputs(value ? "true" : "false", json->out);
}

void json_seconds(struct json *json, const char *key, double value)
{
	put_key(json, key);
	fprintf(json->out, "%.3f", value);
}

void json_uuid(struct json *json, const char *key, const u8 uuid[16])
{
	char text[UUID_TEXT_SIZE];

	json_string(json, key, uuid_format(uuid, text));
}

void json_string(struct json *json, const char *key, const char *text)
{
	put_key(json, key);
	if (text)
		put_text(json->out, text);
	else
		fputs("null", json->out);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes one JSON object after the other, each on a line of its own. Failed writes show in ferror of the stream. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stdio.h>

#include "base/types.h"

struct json {
	FILE *out;
	bool comma; /* something stands before the next member */
};

/* An object on a line of its own. */
void json_begin(struct json *json, FILE *out);
void json_end(struct json *json);

/* Nested objects and arrays; key NULL inside an array. */
void json_object(struct json *json, const char *key);
void json_object_end(struct json *json);
void json_array(struct json *json, const char *key);
void json_array_end(struct json *json);

void json_u64(struct json *json, const char *key, u64 value);
void json_bool(struct json *json, const char *key, bool value);
void json_seconds(struct json *json, const char *key, double value);
void json_uuid(struct json *json, const char *key, const u8 uuid[16]);

/* Text of any bytes: what is no UTF-8 becomes U+FFFD, so that every line can be parsed. NULL gives null. */
void json_string(struct json *json, const char *key, const char *text);

#endif

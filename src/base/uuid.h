/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UUIDs as 16 bytes in the order in which they are printed and stored on disk. */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include "base/types.h"

/* Bytes of the text form, the final zero included. */
#define UUID_TEXT_SIZE 37

/* Reads "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" in either case. 0, or ERR_USAGE and uuid is unchanged; prints nothing,
 * the caller knows what the text was for. */
int uuid_parse_bytes(const char *text, u8 uuid[16]) __must_check;

/* Writes the lower-case form and returns text. */
char *uuid_format(const u8 uuid[16], char text[UUID_TEXT_SIZE]);

/* A new random (version 4) UUID. */
void uuid_make_random(u8 uuid[16]);

#endif

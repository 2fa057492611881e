/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Byte counts as people write and read them. */
#ifndef BASE_SIZE_H
#define BASE_SIZE_H

#include "base/types.h"

#define SIZE_TEXT_SIZE 16

/* Reads a decimal number of bytes, or of KiB, MiB, GiB, TiB with a final K, M, G, T in either case. 0, or ERR_USAGE and
 * *size is unchanged: no digits, a sign, a fraction, junk, or more than 64 bits. Prints nothing, the caller knows what
 * the text was for. */
int size_parse(const char *text, u64 *size) __must_check;

/* Writes bytes in the largest unit that gives at least 1, "512 B", "64.0 KiB", "1.2 GiB", and returns text. */
char *size_format(u64 bytes, char text[SIZE_TEXT_SIZE]);

#endif

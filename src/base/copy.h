/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies of records and items, which are short and of any length. musl's memcpy is one string instruction, whose start
 * alone costs more than such a copy; and there are several for each file.
 */
#ifndef BASE_COPY_H
#define BASE_COPY_H

#include <string.h>

#include "base/types.h"

/* Above this the string instruction wins. */
#define COPY_SHORT 256u

/* The first and the last 8 bytes may overlap, likewise the 4, so that no length needs a loop over its rest. */
static inline void copy_upto_16(u8 *to, const u8 *from, size_t len)
{
	u64 first, last;

	if (len >= 8) {
		memcpy(&first, from, 8);
		memcpy(&last, from + len - 8, 8);
		memcpy(to, &first, 8);
		memcpy(to + len - 8, &last, 8);
	} else if (len >= 4) {
		memcpy(&first, from, 4);
		memcpy(&last, from + len - 4, 4);
		memcpy(to, &first, 4);
		memcpy(to + len - 4, &last, 4);
	} else if (len) {
		u8 middle = from[len / 2], end = from[len - 1];

		to[0] = from[0];
		to[len / 2] = middle;
		to[len - 1] = end;
	}
}

/* memcpy for what is mostly short. */
static inline void copy_short(void *dst, const void *src, size_t len)
{
	u8 *to = dst;
	const u8 *from = src;

	if (len > COPY_SHORT) {
		memcpy(to, from, len);
		return;
	}
	for (; len > 16; len -= 16, to += 16, from += 16) {
		u64 part[2];

		memcpy(part, from, 16);
		memcpy(to, part, 16);
		/* or the compiler would make the loop a call of memcpy again */
		__asm__ volatile("" ::: "memory");
	}
	copy_upto_16(to, from, len);
}

#endif

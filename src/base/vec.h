/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Growing arrays: an items pointer, a count and a capacity that their owner keeps. */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include <stdlib.h>

#include "base/types.h"

/*
 * Makes room for one more item of size bytes behind the nr that are there. Returns the array, moved perhaps, with *cap
 * items; NULL when there is no memory, and then items is as it was. For example:
 *
 *     void *grown = vec_grow(list->runs, &list->cap, list->nr, sizeof(*list->runs));
 *     if (!grown)
 *             return msg_nomem("list");
 *     list->runs = grown;
 */
static inline void *vec_grow(void *items, size_t *cap, size_t nr, size_t size)
{
	size_t want = *cap ? 2 * *cap : 64;
	void *grown;

	if (nr < *cap)
		return items;
	grown = reallocarray(items, want, size);
	if (grown)
		*cap = want;
	return grown;
}

#endif

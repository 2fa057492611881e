/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Byte-exact comparison for tests: a table of (offset, size, value) describes the expected bytes, everything that the
 * table does not name is zero. Offsets are numbers of the format, not taken from the structs under test.
 */
#ifndef TEST_BTRFS_FIELDS_H
#define TEST_BTRFS_FIELDS_H

#include <string.h>

#include "base/types.h"

struct field {
	u32 offset;
	u32 size;
	u64 value;         /* little-endian, when bytes is NULL */
	const void *bytes;
};

#define NUM(offset, size, value) { offset, size, value, NULL }
#define BYTES(offset, size, bytes) { offset, size, 0, bytes }

static inline void fields_expand(const struct field *fields, size_t nr, u8 *out, size_t len)
{
	memset(out, 0, len);
	for (size_t i = 0; i < nr; i++) {
		const struct field *f = &fields[i];

		if (f->offset + f->size > len)
			fail_msg("field at %u exceeds %zu bytes", f->offset, len);
		if (f->bytes) {
			memcpy(out + f->offset, f->bytes, f->size);
			continue;
		}
		for (u32 b = 0; b < f->size; b++)
			out[f->offset + b] = (u8)(f->value >> (8 * b));
	}
}

#endif

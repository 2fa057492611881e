/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Times: 32 bits of seconds, signed, and where the inode has room an extra word with two more bits of seconds above
 * them and 30 bits of nanoseconds. Together they reach from 1901 to 2446.
 */
#include "ext/ext_private.h"

#define EPOCH_MASK 3u
#define NSEC_SHIFT 2
#define NSEC_MAX 999999999u

struct time64 ext_time_decode(u32 sec, u32 extra)
{
	struct time64 t;

	t.sec = (s64)(s32)sec + ((s64)(extra & EPOCH_MASK) << 32);
	t.nsec = extra >> NSEC_SHIFT;
	if (t.nsec > NSEC_MAX)
		t.nsec = NSEC_MAX;
	return t;
}

bool ext_time_odd(u32 sec, u32 extra)
{
	return extra >> NSEC_SHIFT > NSEC_MAX || ((extra & EPOCH_MASK) == EPOCH_MASK && (s32)sec < 0);
}

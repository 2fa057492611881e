/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Times: 32 bits of seconds, signed, and where the inode has room an extra word with two more bits of seconds above
 * them and 30 bits of nanoseconds. Together they reach from 1901 to 2446. Nanoseconds that make a second or more, which
 * only damage leaves, are carried: that is the moment which programs add up from what the kernel shows.
 */
#include "ext/ext_private.h"

#define EPOCH_MASK 3u
#define NSEC_SHIFT 2
#define NSEC_PER_SEC 1000000000u

struct time64 ext_time_decode(u32 sec, u32 extra)
{
	struct time64 t;

	t.sec = (s64)(s32)sec + ((s64)(extra & EPOCH_MASK) << 32);
	t.nsec = extra >> NSEC_SHIFT;
	if (t.nsec >= NSEC_PER_SEC) {
		t.sec++;
		t.nsec -= NSEC_PER_SEC;
	}
	return t;
}

bool ext_time_odd(u32 sec, u32 extra)
{
	return extra >> NSEC_SHIFT >= NSEC_PER_SEC || ((extra & EPOCH_MASK) == EPOCH_MASK && (s32)sec < 0);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Minimum, maximum, rounding to powers of two and overflow checks on u64. */
#ifndef BASE_ARITH_H
#define BASE_ARITH_H

#include "base/types.h"

static inline u64 min_u64(u64 a, u64 b)
{
	return a < b ? a : b;
}

static inline u64 max_u64(u64 a, u64 b)
{
	return a > b ? a : b;
}

/* align must be a power of two; round_up wraps only for values within align of 2^64. */
static inline u64 round_down(u64 v, u64 align)
{
	return v & ~(align - 1);
}

static inline u64 round_up(u64 v, u64 align)
{
	return (v + align - 1) & ~(align - 1);
}

static inline u64 div_up(u64 v, u64 by)
{
	return v / by + (v % by != 0);
}

static inline bool is_power_of_2(u64 v)
{
	return v && !(v & (v - 1));
}

/* True when a + b does not fit in 64 bits; *sum is set otherwise. */
static inline bool add_overflows(u64 a, u64 b, u64 *sum)
{
	return __builtin_add_overflow(a, b, sum);
}

static inline bool mul_overflows(u64 a, u64 b, u64 *product)
{
	return __builtin_mul_overflow(a, b, product);
}

#endif

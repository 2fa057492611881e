/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fingerprints of multisets: the sum of a hash over all elements, the same in whatever order they come. For two
 * different multisets to have equal sums is as unlikely as for two random numbers of 64 bits; only mistakes are
 * considered, no attacker.
 */
#ifndef CONVERT_VERIFY_SUM_H
#define CONVERT_VERIFY_SUM_H

#include "base/endian.h"

struct verify_sum {
	u64 a, b; /* two hashes */
	u64 nr;   /* elements */
};

/* Takes one more word into a hash. */
static inline u64 verify_mix(u64 hash, u64 word)
{
	hash = (hash ^ word) * (u64)0x9fb21c651e98df25;
	return hash ^ hash >> 32;
}

static inline u64 verify_mix_bytes(u64 hash, const void *bytes, size_t len)
{
	const u8 *p = bytes;
	u64 word = len;

	for (; len >= 8; p += 8, len -= 8)
		hash = verify_mix(hash, get_le64(p));
	while (len > 0)
		word = word << 8 | p[--len];
	return verify_mix(hash, word);
}

/* Adds an element times times; hash is of all its words. */
static inline void verify_sum_add(struct verify_sum *sum, u64 hash, u64 times)
{
	u64 a = verify_mix(hash, (u64)0x2545f4914f6cdd1d);

	sum->a += a * times;
	sum->b += verify_mix(a, (u64)0xd1342543de82ef95) * times;
	sum->nr += times;
}

static inline void verify_sum_join(struct verify_sum *sum, const struct verify_sum *other)
{
	sum->a += other->a;
	sum->b += other->b;
	sum->nr += other->nr;
}

static inline bool verify_sum_equal(const struct verify_sum *x, const struct verify_sum *y)
{
	return x->a == y->a && x->b == y->b && x->nr == y->nr;
}

#endif

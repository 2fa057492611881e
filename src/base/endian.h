/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The only byte-order code: disk types to and from the CPU's, and unaligned access. */
#ifndef BASE_ENDIAN_H
#define BASE_ENDIAN_H

#include <string.h>

#include "base/types.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BASE_SWAP16(v) (v)
#define BASE_SWAP32(v) (v)
#define BASE_SWAP64(v) (v)
#else
#define BASE_SWAP16(v) __builtin_bswap16(v)
#define BASE_SWAP32(v) __builtin_bswap32(v)
#define BASE_SWAP64(v) __builtin_bswap64(v)
#endif

static inline le16 cpu_to_le16(u16 v)
{
	return (__force le16)BASE_SWAP16(v);
}

static inline le32 cpu_to_le32(u32 v)
{
	return (__force le32)BASE_SWAP32(v);
}

static inline le64 cpu_to_le64(u64 v)
{
	return (__force le64)BASE_SWAP64(v);
}

static inline u16 le16_to_cpu(le16 v)
{
	return BASE_SWAP16((__force u16)v);
}

static inline u32 le32_to_cpu(le32 v)
{
	return BASE_SWAP32((__force u32)v);
}

static inline u64 le64_to_cpu(le64 v)
{
	return BASE_SWAP64((__force u64)v);
}

/* Little-endian values at any address. */
static inline u16 get_le16(const void *p)
{
	u16 v;

	memcpy(&v, p, sizeof(v));
	return BASE_SWAP16(v);
}

static inline u32 get_le32(const void *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
	return BASE_SWAP32(v);
}

static inline u64 get_le64(const void *p)
{
	u64 v;

	memcpy(&v, p, sizeof(v));
	return BASE_SWAP64(v);
}

static inline void put_le16(void *p, u16 v)
{
	v = BASE_SWAP16(v);
	memcpy(p, &v, sizeof(v));
}

static inline void put_le32(void *p, u32 v)
{
	v = BASE_SWAP32(v);
	memcpy(p, &v, sizeof(v));
}

static inline void put_le64(void *p, u64 v)
{
	v = BASE_SWAP64(v);
	memcpy(p, &v, sizeof(v));
}

static inline u32 get_be32(const void *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	v = __builtin_bswap32(v);
#endif
	return v;
}

#endif

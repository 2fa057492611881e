/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fixed-width integers, little-endian disk types and attributes used by every layer. */
#ifndef BASE_TYPES_H
#define BASE_TYPES_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

#ifdef __CHECKER__
#define __bitwise __attribute__((bitwise))
#define __force __attribute__((force))
#else
#define __bitwise
#define __force
#endif

/* Values as they stand on disk; the only way in and out is base/endian.h. */
typedef u16 __bitwise le16;
typedef u32 __bitwise le32;
typedef u64 __bitwise le64;

#define __packed __attribute__((packed))
#define __printf(fmt, args) __attribute__((format(printf, fmt, args)))
#define __must_check __attribute__((warn_unused_result))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define KIB ((u64)1 << 10)
#define MIB ((u64)1 << 20)
#define GIB ((u64)1 << 30)
#define TIB ((u64)1 << 40)

/* The btrfs sector; every byte range that both file systems share is a multiple of it. */
#define SECTOR ((u32)4096)

/* A point in time; sec may be negative (before 1970), nsec is 0..999999999. */
struct time64 {
	s64 sec;
	u32 nsec;
};

/* A half-open byte range [start, start + len). */
struct range {
	u64 start;
	u64 len;
};

#endif

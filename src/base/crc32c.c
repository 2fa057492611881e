/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CRC-32C: eight table lookups per 8 bytes, or the CPU's own instruction. The instruction takes one step per cycle but
 * its result is ready only after three, so sectors are done three at a time, as three independent chains, and a
 * longer buffer in three lanes side by side. A checksum is linear: that of two lanes is the first one's, moved past as
 * many zero bytes as the second is long, xor the second one's, begun with zero.
 */
#include "base/crc32c.h"

#include <pthread.h>

#include "base/endian.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#define CRC32C_TARGET __attribute__((target("sse4.2")))
#define CRC32C_STEP8(crc, v) ((u32)_mm_crc32_u64(crc, v))
#define CRC32C_STEP1(crc, v) _mm_crc32_u8(crc, v)
#elif defined(__aarch64__) && !defined(__clang__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#include <arm_acle.h>
#include <sys/auxv.h>
#define CRC32C_TARGET __attribute__((target("+crc")))
#define CRC32C_STEP8(crc, v) __crc32cd(crc, v)
#define CRC32C_STEP1(crc, v) __crc32cb(crc, v)
#define CRC32C_HWCAP (1ul << 7)
#endif

/* The polynomial 0x1EDC6F41 with its bits reversed. */
#define CRC32C_POLY 0x82F63B78u

/* crc32c_table[k][b] is the effect of byte b followed by k zero bytes. */
static u32 crc32c_table[8][256];
static pthread_once_t crc32c_once = PTHREAD_ONCE_INIT;

static void crc32c_fill_table(void)
{
	for (u32 b = 0; b < 256; b++) {
		u32 crc = b;

		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (crc & 1 ? CRC32C_POLY : 0);
		crc32c_table[0][b] = crc;
	}
	for (u32 b = 0; b < 256; b++)
		for (int k = 1; k < 8; k++) {
			u32 prev = crc32c_table[k - 1][b];

			crc32c_table[k][b] = (prev >> 8) ^ crc32c_table[0][prev & 0xff];
		}
}

u32 crc32c_raw_portable(u32 crc, const void *buf, size_t len)
{
	const u8 *p = buf;

	pthread_once(&crc32c_once, crc32c_fill_table);
	for (; len >= 8; len -= 8, p += 8) {
		u64 v = get_le64(p) ^ crc;

		crc = crc32c_table[7][v & 0xff] ^ crc32c_table[6][v >> 8 & 0xff] ^
		      crc32c_table[5][v >> 16 & 0xff] ^ crc32c_table[4][v >> 24 & 0xff] ^
		      crc32c_table[3][v >> 32 & 0xff] ^ crc32c_table[2][v >> 40 & 0xff] ^
		      crc32c_table[1][v >> 48 & 0xff] ^ crc32c_table[0][v >> 56];
	}
	for (; len; len--, p++)
		crc = (crc >> 8) ^ crc32c_table[0][(crc ^ *p) & 0xff];
	return crc;
}

#ifdef CRC32C_TARGET

static bool crc32c_have_instruction(void)
{
#ifdef __x86_64__
	return __builtin_cpu_supports("sse4.2");
#else
	return getauxval(AT_HWCAP) & CRC32C_HWCAP;
#endif
}

/* Bytes ahead at which memory is asked for: what was just read from a device is in no cache, and three streams at a
 * time are more than the CPU foresees by itself. */
#define CRC32C_AHEAD 512
#define CRC32C_LANE 5376

/* A lane's length, and the effect of so many zero bytes on each byte of a checksum. */
struct crc32c_lane {
	size_t len;
	u32 shift[4][256];
};

/* The longest is for tree blocks of 16 KiB: the longer a lane, the better memory keeps up. */
static struct crc32c_lane crc32c_lanes[] = { { .len = CRC32C_LANE }, { .len = 1280 }, { .len = 128 } };
static pthread_once_t crc32c_lanes_once = PTHREAD_ONCE_INIT;

static void crc32c_fill_lanes(void)
{
	static const u8 zeros[CRC32C_LANE];

	for (size_t i = 0; i < ARRAY_SIZE(crc32c_lanes); i++) {
		struct crc32c_lane *lane = &crc32c_lanes[i];

		for (u32 k = 0; k < 4; k++)
			for (u32 b = 1; b < 256; b++)
				/* what lower bits do was found before; xor adds it to that of the highest one */
				lane->shift[k][b] = b & (b - 1) ?
					lane->shift[k][b & (b - 1)] ^ lane->shift[k][b & -b] :
					crc32c_raw_portable(b << (8 * k), zeros, lane->len);
	}
}

static inline u32 crc32c_shift(const struct crc32c_lane *lane, u32 crc)
{
	return lane->shift[0][crc & 0xff] ^ lane->shift[1][crc >> 8 & 0xff] ^ lane->shift[2][crc >> 16 & 0xff] ^
	       lane->shift[3][crc >> 24];
}

/* At byte i of three streams, each len bytes behind the one before; beyond the end it does no harm. */
static inline void crc32c_ask_ahead(const u8 *p, size_t len, size_t i)
{
	if (i % 64)
		return;
	for (size_t k = 0; k < 3; k++)
		__builtin_prefetch(p + k * len + i + CRC32C_AHEAD);
}

/* Three lanes from p on. */
CRC32C_TARGET static u32 crc32c_three_lanes(const struct crc32c_lane *lane, u32 crc, const u8 *p)
{
	size_t len = lane->len;
	u32 b = 0, c = 0;

	for (size_t i = 0; i < len; i += 8) {
		crc32c_ask_ahead(p, len, i);
		crc = CRC32C_STEP8(crc, get_le64(p + i));
		b = CRC32C_STEP8(b, get_le64(p + len + i));
		c = CRC32C_STEP8(c, get_le64(p + 2 * len + i));
	}
	return crc32c_shift(lane, crc32c_shift(lane, crc) ^ b) ^ c;
}

CRC32C_TARGET static u32 crc32c_raw_cpu(u32 crc, const u8 *p, size_t len)
{
	if (len >= 3 * crc32c_lanes[ARRAY_SIZE(crc32c_lanes) - 1].len)
		pthread_once(&crc32c_lanes_once, crc32c_fill_lanes);
	for (size_t i = 0; i < ARRAY_SIZE(crc32c_lanes); i++)
		for (size_t step = 3 * crc32c_lanes[i].len; len >= step; len -= step, p += step)
			crc = crc32c_three_lanes(&crc32c_lanes[i], crc, p);
	for (; len >= 8; len -= 8, p += 8)
		crc = CRC32C_STEP8(crc, get_le64(p));
	for (; len; len--, p++)
		crc = CRC32C_STEP1(crc, *p);
	return crc;
}

CRC32C_TARGET static void crc32c_three_sectors(const u8 *p, u32 *out)
{
	u32 a = ~0u, b = ~0u, c = ~0u;

	for (size_t i = 0; i < SECTOR; i += 8) {
		crc32c_ask_ahead(p, SECTOR, i);
		a = CRC32C_STEP8(a, get_le64(p + i));
		b = CRC32C_STEP8(b, get_le64(p + SECTOR + i));
		c = CRC32C_STEP8(c, get_le64(p + 2 * SECTOR + i));
	}
	out[0] = ~a;
	out[1] = ~b;
	out[2] = ~c;
}

u32 crc32c_raw(u32 crc, const void *buf, size_t len)
{
	if (crc32c_have_instruction())
		return crc32c_raw_cpu(crc, buf, len);
	return crc32c_raw_portable(crc, buf, len);
}

void crc32c_sectors(const void *sectors, size_t nr, u32 *out)
{
	const u8 *p = sectors;

	if (crc32c_have_instruction())
		for (; nr >= 3; nr -= 3, p += 3 * SECTOR, out += 3)
			crc32c_three_sectors(p, out);
	for (; nr; nr--, p += SECTOR)
		*out++ = ~crc32c_raw(~0u, p, SECTOR);
}

#else

u32 crc32c_raw(u32 crc, const void *buf, size_t len)
{
	return crc32c_raw_portable(crc, buf, len);
}

void crc32c_sectors(const void *sectors, size_t nr, u32 *out)
{
	const u8 *p = sectors;

	for (; nr; nr--, p += SECTOR)
		*out++ = ~crc32c_raw_portable(~0u, p, SECTOR);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CRC-32C: eight table lookups per 8 bytes, or the CPU's own instruction. The instruction takes one step per cycle but
 * its result is ready only after three, so sectors are done three at a time, as three independent chains.
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

CRC32C_TARGET static u32 crc32c_raw_cpu(u32 crc, const u8 *p, size_t len)
{
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

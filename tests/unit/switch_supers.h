/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Superblocks of both file systems made by hand, for tests of the marks, the journal record and the switch. */
#ifndef TEST_SWITCH_SUPERS_H
#define TEST_SWITCH_SUPERS_H

#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "btrfs/btrfs_csum.h"
#include "btrfs/btrfs_mark.h"
#include "ext/ext_mark.h"

/* Offsets of the formats. */
#define E_MAGIC 0x38
#define E_REV 0x4C
#define E_INCOMPAT 0x60
#define E_RO_COMPAT 0x64
#define E_FIRST_MARK 0x88
#define E_SECOND_MARK 0x3D0
#define E_CHECKSUM 0x3FC
#define B_BYTENR 0x30
#define B_MAGIC 0x40
#define B_COMPAT 0xAC
#define B_INCOMPAT 0xBC
#define B_CSUM_TYPE 0xC4

static inline void fill_random(u8 *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (u8)(random() >> 4);
}

/* CRC-32C bit by bit, without the inversion at the end, as ext uses it. */
static inline u32 slow_crc(const u8 *p, size_t len)
{
	u32 crc = ~0u;

	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78 : 0);
	}
	return crc;
}

static inline void seal_ext(u8 *e)
{
	put_le32(e + E_CHECKSUM, slow_crc(e, E_CHECKSUM));
}

/* An ext superblock of which only what the marks look at makes sense. */
static inline void make_ext_super(u8 *e, bool metadata_csum)
{
	fill_random(e, EXT_MARK_SIZE);
	put_le16(e + E_MAGIC, 0xEF53);
	put_le32(e + E_REV, 1);
	put_le32(e + E_INCOMPAT, 0x2C2);
	put_le32(e + E_RO_COMPAT, metadata_csum ? 0x46B : 0x7B);
	memset(e + 0x284, 0, E_CHECKSUM - 0x284); /* reserved */
	if (metadata_csum)
		seal_ext(e);
}

static inline void seal_btrfs(u8 *b)
{
	memset(b, 0, BTRFS_CSUM_MAX);
	btrfs_csum((enum btrfs_csum_type)get_le16(b + B_CSUM_TYPE), b + BTRFS_CSUM_MAX,
		   BTRFS_SUPER_SIZE - BTRFS_CSUM_MAX, b);
}

/* A primary btrfs superblock in the same sense. */
static inline void make_btrfs_super(u8 *b, enum btrfs_csum_type type)
{
	fill_random(b, BTRFS_SUPER_SIZE);
	memcpy(b + B_MAGIC, "_BHRfS_M", 8);
	put_le64(b + B_BYTENR, 64 * KIB);
	put_le64(b + B_COMPAT, 0);
	put_le64(b + B_INCOMPAT, 0x361);
	put_le16(b + B_CSUM_TYPE, type);
	seal_btrfs(b);
}

#endif

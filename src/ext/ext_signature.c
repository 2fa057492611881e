/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signatures of other owners of the device. A signature inside a block that ext uses is some file's content and means
 * nothing; one in a place that ext leaves alone (the first 1024 bytes, the rest of block 0 behind the superblock, free
 * blocks, the tail of the device) may be a volume or a file system that is alive.
 */
#include "ext/ext_private.h"

struct signature {
	u64 offset;
	const char *bytes;
	u32 len;
	const char *what;
};

static const struct signature signatures[] = {
	{ 0, "LUKS\xBA\xBE", 6, "a LUKS volume" },
	{ 0, "LABELONE", 8, "an LVM2 physical volume" },
	{ 512, "LABELONE", 8, "an LVM2 physical volume" },
	{ 0, "XFSB", 4, "an XFS file system" },
	{ 512, "EFI PART", 8, "a GPT partition table" },
	{ 0, "\xFC\x4E\x2B\xA9", 4, "a member of an MD array" },
	{ 4096, "\xFC\x4E\x2B\xA9", 4, "a member of an MD array" },
	{ 4086, "SWAPSPACE2", 10, "swap space" },
	{ 4096 + 24, "\xC6\x85\x73\xF6\x4E\x1A\x45\xCA\x82\x65\xF5\x7F\x48\xBA\x6D\x81", 16, "a bcache device" },
	{ 4096 + 24, "\xC6\x85\x73\xF6\x66\xCE\x90\xA9\xD9\x6A\x60\xCF\x80\x3D\xF7\xEF", 16, "a bcachefs file system" },
};

#define MAX_SIGNATURE 16u

static int refuse_signature(struct ext_fs *fs, const char *what, u64 offset)
{
	return ext_refuse(fs, "if it is a leftover, remove the signature with wipefs and its option --offset",
			  "at byte %llu it carries the signature of %s, which may be in use",
			  (unsigned long long)offset, what);
}

/* Whether ext says that it uses any of these bytes. Of block 0 it owns the superblock, where no signature lies. */
static int is_own(struct ext_fs *fs, u64 offset, u64 len, bool *own)
{
	u64 first = max_u64(offset >> fs->block_bits, 1);
	u64 end = ((offset + len - 1) >> fs->block_bits) + 1;

	*own = false;
	return first < end ? ext_blocks_used(fs, first, end - first, own) : 0;
}

/* The device holds at least two blocks of ext, so the places in its first 8 KiB are there. */
static int check_at(struct ext_fs *fs, const struct signature *s)
{
	u8 buf[MAX_SIGNATURE];
	bool own;
	int ret;

	ret = dev_read(fs->dev, s->offset, buf, s->len);
	if (ret || memcmp(buf, s->bytes, s->len))
		return ret;
	ret = is_own(fs, s->offset, s->len, &own);
	if (ret || own)
		return ret;
	return refuse_signature(fs, s->what, s->offset);
}

/* MD keeps its superblock at the end in formats 0.90 (64 KiB units) and 1.0 (8 KiB before the end). */
static int check_md_end(struct ext_fs *fs)
{
	struct signature s = { .bytes = "\xFC\x4E\x2B\xA9", .len = 4, .what = "a member of an MD array" };
	u64 size = fs->dev->size;
	int ret;

	if (size < 128 * KIB)
		return 0;
	s.offset = round_down(size, 64 * KIB) - 64 * KIB;
	ret = check_at(fs, &s);
	s.offset = round_down(size - 8 * KIB, 4 * KIB);
	return ret ? ret : check_at(fs, &s);
}

/* --- MBR --- */

#define MBR_TABLE 446u
#define MBR_ENTRY 16u
#define MBR_ENTRIES 4u

/* 1 a partition, 0 an empty entry, -1 something else: boot code or data. */
static int classify_partition(const u8 *p, u64 nr_sectors)
{
	u64 start = get_le32(p + 8), count = get_le32(p + 12);

	if (!p[4] && !start && !count)
		return 0;
	if ((p[0] != 0 && p[0] != 0x80) || !p[4] || !start || !count || start + count > nr_sectors)
		return -1;
	return 1;
}

static int check_mbr(struct ext_fs *fs)
{
	u8 sector[512];
	u32 nr = 0;
	int ret = dev_read(fs->dev, 0, sector, sizeof(sector));

	if (ret || get_le16(sector + 510) != 0xAA55)
		return ret;
	for (u32 i = 0; i < MBR_ENTRIES; i++) {
		int kind = classify_partition(sector + MBR_TABLE + i * MBR_ENTRY, fs->dev->size / 512);

		if (kind < 0)
			return 0;
		nr += kind;
	}
	if (!nr)
		return 0;
	return refuse_signature(fs, "a partition table with partitions in it", 510);
}

/* --- btrfs --- */

#define BTRFS_SUPER (64 * KIB)
#define BTRFS_SUPER_LEN 4096u
#define BTRFS_CSUM_LEN 32u
#define BTRFS_CSUM_TYPE 0xC4u

/* A btrfs superblock that would pass there; checksums other than CRC-32C are taken as good. */
static bool is_btrfs(const u8 *buf)
{
	if (memcmp(buf + 0x40, "_BHRfS_M", 8) || get_le64(buf + 0x30) != BTRFS_SUPER)
		return false;
	if (get_le16(buf + BTRFS_CSUM_TYPE))
		return true;
	return ~crc32c_raw(~0u, buf + BTRFS_CSUM_LEN, BTRFS_SUPER_LEN - BTRFS_CSUM_LEN) == get_le32(buf);
}

static int check_btrfs(struct ext_fs *fs)
{
	u8 buf[BTRFS_SUPER_LEN];
	bool own;
	int ret;

	if (fs->dev->size < BTRFS_SUPER + BTRFS_SUPER_LEN)
		return 0;
	ret = dev_read(fs->dev, BTRFS_SUPER, buf, sizeof(buf));
	if (ret || !is_btrfs(buf))
		return ret;
	ret = is_own(fs, BTRFS_SUPER, BTRFS_SUPER_LEN, &own);
	if (ret || own)
		return ret;
	return refuse_signature(fs, "a btrfs file system", BTRFS_SUPER + 0x40);
}

int ext_signature_check(struct ext_fs *fs)
{
	int ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(signatures) && !ret; i++)
		ret = check_at(fs, &signatures[i]);
	if (!ret)
		ret = check_md_end(fs);
	if (!ret)
		ret = check_mbr(fs);
	if (!ret)
		ret = check_btrfs(fs);
	return ret;
}

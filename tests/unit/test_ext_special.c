/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must be empty before a conversion: journal, orphan file, MMP block, list of bad blocks; and signatures of other
 * owners of the device, which count only where ext says that the place is its own no longer.
 */
#include "base/crc32c.h"
#include "ext_image.h"

#define NO_CSUM "-t ext4 -b 4096 -N 256 -O ^metadata_csum,^uninit_bg"


static void patch_be32(struct image *image, u8 *at, u32 value, int status, const char *text)
{
	patch32(image, at, __builtin_bswap32(value), status, text);
}

/* --- journal --- */

static void test_journal(void **state)
{
	struct image image = image_make(16, NO_CSUM, NULL, NULL);
	u64 first = file_block(&image, 8, 0);
	u8 *journal = block_at(&image, first);
	u8 *inode = inode_at(&image, 8);

	(void)state;
	assert_memory_equal(journal, "\xC0\x3B\x39\x98", 4);
	patch_be32(&image, journal, 0xC03B3999, ERR_CORRUPT, "journal: no superblock");
	patch_be32(&image, journal + 4, 2, ERR_CORRUPT, "journal: no superblock");
	patch_be32(&image, journal + 12, 1024, ERR_CORRUPT, "journal: impossible size");
	patch_be32(&image, journal + 16, 1025, ERR_CORRUPT, "journal: impossible size");
	patch_be32(&image, journal + 28, 1, ERR_REFUSED, "the journal is not empty; run e2fsck -p memory");
	patch_be32(&image, journal + 32, 5, ERR_REFUSED, "recorded an error; run e2fsck -f memory");
	patch16(&image, inode, 0x41C0, ERR_CORRUPT, "inode 8: a reserved inode is a directory");
	patch16(&image, inode, 0x1180, ERR_CORRUPT, "inode 8: a device, fifo or socket");
	patch16(&image, inode + 0x1A, 0, ERR_CORRUPT, "inode 8: the journal is no file");
	patch32(&image, inode + 4, 1025 * 4096, ERR_CORRUPT, "inode 8: the journal has a hole");
	patch16(&image, inode + 0x28 + 12 + 4, 1, ERR_CORRUPT, "inode 8: the journal has a hole");
	patch16(&image, inode + 0x28 + 12 + 4, 32768 + get_le16(inode + 0x28 + 12 + 4), ERR_CORRUPT,
		"inode 8: the journal has a hole");
	patch32(&image, inode + 0x28 + 12 + 8, 4096, ERR_CORRUPT, "inode 8: logical block 0 lies outside");
	/* an inode that is no longer the journal may hold anything */
	put_le32(super_at(&image, 0x5C), get_le32(super_at(&image, 0x5C)) & ~4u);
	journal[35] = 5;
	ext_close(image_open(&image));
	image_free(&image);
}

/* An external journal is another device's business as long as the file system needs no recovery. */
static void test_external_journal(void **state)
{
	struct image image = image_make(16, NO_CSUM ",^has_journal", NULL, NULL);
	u8 *compat = super_at(&image, 0x5C);
	struct totals t;

	(void)state;
	put_le32(compat, get_le32(compat) | 4);
	put_le32(super_at(&image, 0xE4), 0x700);
	memset(super_at(&image, 0xD0), 7, 16);
	assert_int_equal(image_read(&image, &t), 0);
	image_free(&image);
}

/* The journal that tune2fs made on a mounted file system has a name and is converted like any file. */
static void test_visible_journal(void **state)
{
	struct image image = image_make(16, NO_CSUM, NULL, "mknod .journal p");
	u32 ino = find_ino(&image, ".journal");
	struct totals t;

	(void)state;
	memcpy(inode_at(&image, ino), inode_at(&image, 8), 256);
	memset(inode_at(&image, 8), 0, 256);
	put_le32(super_at(&image, 0xE0), ino);
	assert_int_equal(image_read(&image, &t), 0);
	assert_int_equal(t.nr_special, 1); /* the resize inode */
	image_free(&image);
}

/* --- orphan file --- */

static void test_orphan_file(void **state)
{
	struct image image = image_make(16, NO_CSUM ",orphan_file", NULL, NULL);
	u32 ino = get_le32(super_at(&image, 0x280));
	u8 *block = block_at(&image, file_block(&image, ino, 0));

	(void)state;
	assert_int_equal(get_le32(block + 4088), 0x0B10CA04);
	patch32(&image, block, 12, ERR_REFUSED, "orphan file, inode 12); run e2fsck -p memory");
	patch32(&image, block + 4084, 13, ERR_REFUSED, "orphan file, inode 13)");
	patch32(&image, block + 4088, 0, ERR_CORRUPT, "orphan file: wrong magic");
	patch16(&image, inode_at(&image, ino), 0x4180, ERR_CORRUPT, "reserved inode is a directory");
	patch16(&image, inode_at(&image, ino), 0xA180, ERR_CORRUPT, "the orphan file is no file");
	patch16(&image, inode_at(&image, ino) + 0x1A, 0, ERR_CORRUPT, "the orphan file is no file");
	patch16(&image, inode_at(&image, ino) + 0x28 + 12 + 4, 32769, ERR_CORRUPT, "blocks without content");
	patch32(&image, super_at(&image, 0x280), 0, ERR_CORRUPT, "orphan file inode 0");
	patch32(&image, super_at(&image, 0x280), 257, ERR_CORRUPT, "orphan file inode 257");
	image_free(&image);
}

/* Beyond the part of the inode table that was ever in use nothing may be read. */
static void test_orphan_file_in_unused_part(void **state)
{
	struct image image = image_make(16, "-t ext4 -b 4096 -N 256 -O ^metadata_csum,uninit_bg,orphan_file", NULL,
					NULL);

	(void)state;
	patch32(&image, super_at(&image, 0x280), 200, ERR_CORRUPT, "inode 200: lies in the unused part");
	image_free(&image);
}

static void test_orphan_file_checksum(void **state)
{
	struct image image = image_make(16, "-t ext4 -b 4096 -N 256 -O orphan_file", NULL, NULL);
	u8 *block = block_at(&image, file_block(&image, get_le32(super_at(&image, 0x280)), 0));

	(void)state;
	patch32(&image, block + 4092, get_le32(block + 4092) ^ 1, ERR_CORRUPT, "orphan file: wrong checksum");
	patch32(&image, block, 12, ERR_CORRUPT, "orphan file: wrong checksum");
	image_free(&image);
}

/* --- MMP --- */

static void test_mmp(void **state)
{
	struct image image = image_make(16, NO_CSUM ",mmp", NULL, NULL);
	u8 *place = super_at(&image, 0x168);
	u8 *mmp = block_at(&image, get_le64(place));

	(void)state;
	assert_int_equal(get_le32(mmp), 0x004D4D50);
	patch32(&image, mmp, 0, ERR_CORRUPT, "MMP block: wrong magic");
	patch32(&image, mmp + 4, 0xE24D4D50, ERR_REFUSED, "in use by another host, or by e2fsck");
	patch32(&image, mmp + 4, 17, ERR_REFUSED, "in use by another host, or by e2fsck");
	patch32(&image, place, 0, ERR_CORRUPT, "impossible MMP block");
	patch32(&image, place, 4096, ERR_CORRUPT, "impossible MMP block");
	patch32(&image, place, 1, ERR_CORRUPT, "overlaps other metadata");
	image_free(&image);
	image = image_make(16, "-t ext4 -b 4096 -N 256 -O mmp,orphan_file", NULL, NULL);
	image_io_errors(&image);
	mmp = block_at(&image, get_le64(super_at(&image, 0x168)));
	patch32(&image, mmp + 4, 17, ERR_CORRUPT, "MMP block: wrong checksum");
	image_free(&image);
}

/* --- bad blocks --- */

static void test_bad_blocks(void **state)
{
	struct image image = image_make(16, NO_CSUM, NULL, NULL);

	(void)state;
	patch32(&image, inode_at(&image, 1) + 0x1C, 8, ERR_REFUSED, "bad blocks");
	patch32(&image, inode_at(&image, 1) + 0x28, 3000, ERR_CORRUPT, "inode 1");
	image_free(&image);
}

/* --- signatures --- */

struct signature {
	u64 offset;
	const char *bytes;
	u32 len;
	const char *text;
};

static const struct signature signatures[] = {
	{ 0, "LUKS\xBA\xBE", 6, "a LUKS volume" },
	{ 0, "LABELONE", 8, "LVM2" },
	{ 512, "LABELONE", 8, "LVM2" },
	{ 0, "XFSB", 4, "XFS" },
	{ 512, "EFI PART", 8, "GPT" },
	{ 0, "\xFC\x4E\x2B\xA9", 4, "MD array" },
	{ 4086, "SWAPSPACE2", 10, "swap" },
};

static void test_signatures(void **state)
{
	struct image image = image_make(16, NO_CSUM, NULL, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(signatures); i++)
		patch_refused(&image, image.data + signatures[i].offset, signatures[i].bytes, signatures[i].len,
			      ERR_REFUSED, signatures[i].text);
	image_free(&image);
}

/* In block 0 of 64 KiB, behind the superblock, nothing belongs to ext. */
static void test_signatures_in_large_block(void **state)
{
	struct image image = image_make(64, "-t ext2 -b 65536", NULL, NULL);

	(void)state;
	patch_refused(&image, image.data + 4096, "\xFC\x4E\x2B\xA9", 4, ERR_REFUSED, "MD array");
	patch_refused(&image, image.data + 4120, "\xC6\x85\x73\xF6\x4E\x1A\x45\xCA\x82\x65\xF5\x7F\x48\xBA\x6D\x81", 16,
		      ERR_REFUSED, "bcache device");
	patch_refused(&image, image.data + 4120, "\xC6\x85\x73\xF6\x66\xCE\x90\xA9\xD9\x6A\x60\xCF\x80\x3D\xF7\xEF", 16,
		      ERR_REFUSED, "bcachefs");
	image_free(&image);
}

static void put_partition(u8 *sector, u32 nr, u8 flag, u32 start, u32 count)
{
	u8 *p = sector + 446 + 16 * (size_t)nr;

	p[0] = flag;
	p[4] = 0x83;
	put_le32(p + 8, start);
	put_le32(p + 12, count);
	put_le16(sector + 510, 0xAA55);
}

static void test_partition_table(void **state)
{
	struct image image = image_make(16, NO_CSUM, NULL, NULL);
	struct totals t;

	(void)state;
	put_partition(image.data, 0, 0x80, 2048, 1000);
	image_refused(&image, ERR_REFUSED, "partition table");
	put_partition(image.data, 3, 0, 4000, 1000);
	image_refused(&image, ERR_REFUSED, "partition table");
	put_le16(image.data + 510, 0xAA54);
	assert_int_equal(image_read(&image, &t), 0);
	for (u32 at = 446 + 16 + 4; at < 446 + 32; at += 4) { /* an entry that is neither empty nor a partition */
		put_partition(image.data, 1, 0, 4000, 1000);
		put_le32(image.data + at, 0);
		assert_int_equal(image_read(&image, &t), at == 446 + 16 + 4 || at >= 446 + 16 + 8 ? 0 : ERR_REFUSED);
		memset(image.data + 446 + 16, 0, 16);
	}
	put_partition(image.data, 1, 0x33, 4000, 1000); /* boot code, as the flag is none */
	assert_int_equal(image_read(&image, &t), 0);
	memset(image.data, 0, 512);
	put_le16(image.data + 510, 0xAA55);
	assert_int_equal(image_read(&image, &t), 0);
	put_partition(image.data, 0, 0, 32000, 769); /* past the end */
	assert_int_equal(image_read(&image, &t), 0);
	image_free(&image);
}

static void make_btrfs_super(u8 *super)
{
	memcpy(super + 0x40, "_BHRfS_M", 8);
	put_le64(super + 0x30, 65536);
	put_le32(super, ~crc32c_raw(~0u, super + 32, 4096 - 32));
}

static void test_btrfs(void **state)
{
	/* block 16 is free in the first image, and in the second a reserved descriptor block */
	struct image image = image_make(16, "-t ext4 -b 4096 -N 64 -O ^metadata_csum,^resize_inode,^has_journal,"
					"^flex_bg", NULL, NULL);
	struct image own = image_make(16, NO_CSUM, NULL, NULL);
	struct totals t;

	(void)state;
	make_btrfs_super(image.data + 65536);
	image_refused(&image, ERR_REFUSED, "a btrfs file system");
	image.data[65536 + 100]++; /* the checksum is wrong: a torn rest of something */
	assert_int_equal(image_read(&image, &t), 0);
	put_le16(image.data + 65536 + 0xC4, 1); /* another checksum, taken as good */
	image_refused(&image, ERR_REFUSED, "a btrfs file system");
	put_le64(image.data + 65536 + 0x30, 4096); /* a copy of some other place */
	assert_int_equal(image_read(&image, &t), 0);
	put_le64(image.data + 65536 + 0x30, 65536);
	image.data[65536 + 0x40] = 0; /* no magic number */
	assert_int_equal(image_read(&image, &t), 0);
	make_btrfs_super(own.data + 65536);
	assert_int_equal(image_read(&own, &t), 0);
	image_free(&image);
	image_free(&own);
}

/* MD formats 0.90 and 1.0 keep their superblock behind the file system. */
static void test_md_at_the_end(void **state)
{
	struct image small = image_make(16, NO_CSUM, NULL, NULL);
	struct image image = { .size = 17 * MIB };

	(void)state;
	assert_int_equal(dev_mem_new(image.size, &image.dev), 0);
	image.data = dev_mem_data(image.dev);
	memcpy(image.data, small.data, small.size);
	patch_refused(&image, image.data + 17 * MIB - 65536, "\xFC\x4E\x2B\xA9", 4, ERR_REFUSED, "MD array");
	patch_refused(&image, image.data + 17 * MIB - 8192, "\xFC\x4E\x2B\xA9", 4, ERR_REFUSED, "MD array");
	patch_refused(&small, small.data + 16 * MIB - 8192, "\xFC\x4E\x2B\xA9", 4, ERR_REFUSED, "MD array");
	image_free(&image);
	image_free(&small);
}

/* A file may hold anything: the same bytes in a used block are not a signature. */
static void test_signature_in_a_used_block(void **state)
{
	struct image image = image_make(16, NO_CSUM, NULL, NULL);
	u8 *bitmap = block_at(&image, get_le32(desc_at(&image, 0)));

	(void)state;
	memcpy(image.data + 16 * MIB - 8192, "\xFC\x4E\x2B\xA9", 4);
	image_refused(&image, ERR_REFUSED, "MD array");
	bitmap[4094 / 8] |= 1u << (4094 % 8);
	ext_close(image_open(&image));
	image_free(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_external_journal),
		cmocka_unit_test(test_visible_journal),
		cmocka_unit_test(test_orphan_file),
		cmocka_unit_test(test_orphan_file_in_unused_part),
		cmocka_unit_test(test_orphan_file_checksum),
		cmocka_unit_test(test_mmp),
		cmocka_unit_test(test_bad_blocks),
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_signatures_in_large_block),
		cmocka_unit_test(test_partition_table),
		cmocka_unit_test(test_btrfs),
		cmocka_unit_test(test_md_at_the_end),
		cmocka_unit_test(test_signature_in_a_used_block),
	};

	return cmocka_run_group_tests_name("ext_special", tests, NULL, NULL);
}

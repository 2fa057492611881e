/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lies in inodes without a name and must be empty before a conversion: journal, orphan file, list of bad blocks,
 * and the block through which several hosts share a file system (MMP).
 */
#include "ext/ext_private.h"

/* --- MMP --- */

int ext_mmp_check(struct ext_fs *fs)
{
	u64 block = le64_to_cpu(fs->super.mmp_block);
	u8 buf[EXT_MMP_SIZE];
	int ret;

	if (!(fs->incompat & EXT_INCOMPAT_MMP))
		return 0;
	if (!ext_map_block_ok(fs, block, 1))
		return ext_corrupt(fs, "superblock: impossible MMP block");
	ret = ext_read_fresh(fs, block * fs->block_size, buf, sizeof(buf));
	if (ret)
		return ret;
	if (get_le32(buf) != EXT_MMP_MAGIC)
		return ext_corrupt(fs, "MMP block: wrong magic number");
	if (fs->metadata_csum && crc32c_raw(fs->csum_seed, buf, EXT_MMP_CHECKSUM) != get_le32(buf + EXT_MMP_CHECKSUM))
		return ext_corrupt(fs, "MMP block: wrong checksum");
	if (get_le32(buf + 4) != EXT_MMP_SEQ_CLEAN)
		return ext_refuse(fs, "unmount it there; if no host has it, run e2fsck -f %s",
				  "in use by another host, or by e2fsck (multiple mount protection)");
	return 0;
}

/* --- bad blocks --- */

static int check_bad_blocks(struct ext_fs *fs)
{
	struct ext_inode inode;
	int ret = ext_inode_read(fs, EXT_BAD_INO, &inode);

	if (ret)
		return ret;
	if (ext_inode_raw(&inode)->blocks_lo)
		return ext_refuse(fs, "replace the disk, or if it is sound run e2fsck -f -L /dev/null %s",
				  "it has a list of bad blocks, which btrfs cannot avoid");
	return 0;
}

/* --- journal --- */

struct block_reader {
	struct ext_fs *fs;
	u32 ino;
	u64 next;      /* byte in the file that the next run must begin at */
	u64 first;     /* address of the first block, 0: none */
};

static int take_journal_run(void *ctx, const struct ext_run *run)
{
	struct block_reader *r = ctx;

	if (run->logical != r->next || run->unwritten)
		return ext_corrupt_inode(r->fs, r->ino, "the journal has a hole");
	if (!r->first)
		r->first = run->physical;
	r->next += run->len;
	return 0;
}

static int check_journal_super(struct ext_fs *fs, u64 address, u64 len)
{
	u8 *buf = fs->bitmap_buf;
	u32 type;
	int ret = dev_read(fs->dev, address, buf, fs->block_size);

	if (ret)
		return ret;
	type = get_be32(buf + 4);
	if (get_be32(buf) != EXT_JOURNAL_MAGIC || (type != 3 && type != 4))
		return ext_corrupt(fs, "journal: no superblock");
	if (get_be32(buf + 12) != fs->block_size || (u64)get_be32(buf + 16) * fs->block_size > len)
		return ext_corrupt(fs, "journal: impossible size");
	if (get_be32(buf + EXT_JOURNAL_START))
		return ext_refuse(fs, EXT_REMEDY_PREEN, "the journal is not empty");
	if (get_be32(buf + EXT_JOURNAL_ERRNO))
		return ext_refuse(fs, EXT_REMEDY_FSCK, "the journal recorded an error");
	return 0;
}

/* An external journal cannot be looked at; the needs_recovery feature tells of it. */
static int check_journal(struct ext_fs *fs)
{
	u32 ino = le32_to_cpu(fs->super.journal_inum);
	struct block_reader reader = { .fs = fs, .ino = ino };
	const struct ext_map_sink sink = { .run = take_journal_run, .ctx = &reader };
	struct ext_inode inode;
	int ret;

	if (!(fs->compat & EXT_COMPAT_HAS_JOURNAL) || !ino)
		return 0;
	ret = ext_inode_read(fs, ino, &inode);
	if (!ret && (!S_ISREG(inode.mode) || !inode.nlink))
		ret = ext_corrupt_inode(fs, ino, "the journal is no file");
	if (!ret)
		ret = ext_map_iterate(fs, &inode, &sink);
	if (!ret && (!reader.first || reader.next < inode.size))
		ret = ext_corrupt_inode(fs, ino, "the journal has a hole");
	return ret ? ret : check_journal_super(fs, reader.first, reader.next);
}

/* --- orphan file --- */

struct orphan_reader {
	struct ext_fs *fs;
	const struct ext_inode *inode;
	u32 seed;
};

static int check_orphan_block(const struct orphan_reader *r, u64 address, const u8 *buf)
{
	struct ext_fs *fs = r->fs;
	u32 covered = fs->block_size - EXT_ORPHAN_TAIL;
	le64 block = cpu_to_le64(address >> fs->block_bits);
	u32 csum;

	if (get_le32(buf + covered) != EXT_ORPHAN_MAGIC)
		return ext_corrupt_inode(fs, r->inode->ino, "orphan file: wrong magic number");
	if (fs->metadata_csum) {
		csum = crc32c_raw(crc32c_raw(r->seed, &block, sizeof(block)), buf, covered);
		if (csum != get_le32(buf + covered + 4))
			return ext_corrupt_inode(fs, r->inode->ino, "orphan file: wrong checksum");
	}
	for (u32 i = 0; i < covered; i += 4) {
		if (get_le32(buf + i))
			return ext_refuse(fs, EXT_REMEDY_PREEN,
					  "deleted files wait to be released (orphan file, inode %u)",
					  get_le32(buf + i));
	}
	return 0;
}

static int take_orphan_run(void *ctx, const struct ext_run *run)
{
	struct orphan_reader *r = ctx;
	struct ext_fs *fs = r->fs;

	if (run->unwritten)
		return ext_corrupt_inode(fs, r->inode->ino, "orphan file: blocks without content");
	for (u64 done = 0; done < run->len; done += fs->block_size) {
		int ret = dev_read(fs->dev, run->physical + done, fs->bitmap_buf, fs->block_size);

		if (!ret)
			ret = check_orphan_block(r, run->physical + done, fs->bitmap_buf);
		if (ret)
			return ret;
	}
	return 0;
}

static int check_orphan_file(struct ext_fs *fs)
{
	u32 ino = le32_to_cpu(fs->super.orphan_file_inum);
	struct ext_inode inode;
	struct orphan_reader reader = { .fs = fs, .inode = &inode };
	const struct ext_map_sink sink = { .run = take_orphan_run, .ctx = &reader };
	int ret;

	if (!(fs->compat & EXT_COMPAT_ORPHAN_FILE))
		return 0;
	ret = ext_inode_read(fs, ino, &inode);
	if (ret)
		return ret;
	if (!S_ISREG(inode.mode) || !inode.nlink)
		return ext_corrupt_inode(fs, ino, "the orphan file is no file");
	reader.seed = ext_inode_csum_seed(fs, &inode);
	return ext_map_iterate(fs, &inode, &sink);
}

int ext_special_check(struct ext_fs *fs)
{
	int ret = ext_mmp_check(fs);

	if (!ret)
		ret = check_bad_blocks(fs);
	if (!ret)
		ret = check_journal(fs);
	if (!ret)
		ret = check_orphan_file(fs);
	return ret;
}

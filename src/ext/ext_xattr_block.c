/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attribute blocks. Several inodes share one, mostly neighbours, so the last one read is kept. */
#include "ext/ext_private.h"

#define OLD_MAGIC 0xEA010000u

static bool csum_ok(const struct ext_fs *fs, u64 block)
{
	struct ext_xattr_head_disk *head = (struct ext_xattr_head_disk *)fs->xattr_buf;
	le32 stored = head->checksum;
	le64 number = cpu_to_le64(block);
	u32 csum;

	head->checksum = 0;
	csum = crc32c_raw(crc32c_raw(fs->csum_seed, &number, sizeof(number)), fs->xattr_buf, fs->block_size);
	head->checksum = stored;
	return csum == le32_to_cpu(stored);
}

static int check_head(const struct ext_fs *fs, u32 ino, u64 block)
{
	const struct ext_xattr_head_disk *head = (const struct ext_xattr_head_disk *)fs->xattr_buf;
	u32 refcount = le32_to_cpu(head->refcount);
	u32 magic = le32_to_cpu(head->magic);

	if (magic == OLD_MAGIC)
		return ext_refuse(fs, EXT_REMEDY_COPY, "inode %u: attributes in an obsolete form", ino);
	if (magic != EXT_XATTR_MAGIC)
		return ext_corrupt_inode(fs, ino, "attribute block %llu: wrong magic", (unsigned long long)block);
	if (fs->metadata_csum && !csum_ok(fs, block))
		return ext_corrupt_inode(fs, ino, "attribute block %llu: wrong checksum", (unsigned long long)block);
	if (le32_to_cpu(head->nr_blocks) != 1)
		return ext_corrupt_inode(fs, ino, "attribute block %llu: impossible length",
					 (unsigned long long)block);
	if (!refcount || refcount > EXT_XATTR_MAX_REFCOUNT)
		return ext_corrupt_inode(fs, ino, "attribute block %llu: impossible reference count %u",
					 (unsigned long long)block, refcount);
	return 0;
}

int ext_xattr_block_read(struct ext_fs *fs, const struct ext_inode *inode, u32 *refcount)
{
	u64 block = inode->xattr_block >> fs->block_bits;
	int ret;

	if (fs->xattr_block != block) {
		fs->xattr_block = 0;
		ret = ext_read_block(fs, block, fs->xattr_buf, fs->block_size);
		if (!ret)
			ret = check_head(fs, inode->ino, block);
		if (ret)
			return ret;
		fs->xattr_block = block;
	}
	*refcount = le32_to_cpu(((const struct ext_xattr_head_disk *)fs->xattr_buf)->refcount);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The primary superblock: read and checked here before libext2fs sees it, because the library accepts much that
 * cannot be converted (a device that is too short, any unknown compat bit) and words its refusals for programmers.
 */
#include "ext/ext_private.h"

#define NAME_DEVICE "name the device that holds the file system"

static int read_raw(struct ext_fs *fs)
{
	if (fs->dev->size < EXT_SUPER_OFFSET + EXT_SUPER_SIZE)
		return ext_refuse(fs, NAME_DEVICE, "too small for an ext file system");
	return dev_read(fs->dev, EXT_SUPER_OFFSET, &fs->super, sizeof(fs->super));
}

static int check_checksum(struct ext_fs *fs)
{
	const struct ext_super_disk *s = &fs->super;

	if (s->checksum_type != EXT_CHECKSUM_CRC32C)
		return ext_corrupt(fs, "superblock: unknown checksum type %u", s->checksum_type);
	if (crc32c_raw(~0u, s, offsetof(struct ext_super_disk, checksum)) != le32_to_cpu(s->checksum))
		return ext_corrupt(fs, "superblock: wrong checksum");
	return 0;
}

int ext_super_read(struct ext_fs *fs)
{
	const struct ext_super_disk *s = &fs->super;
	u32 revision;
	int ret;

	ret = read_raw(fs);
	if (ret)
		return ret;
	if (le16_to_cpu(s->magic) != EXT_SUPER_MAGIC)
		return ext_refuse(fs, NAME_DEVICE, "no ext2, ext3 or ext4 file system");
	fs->compat = le32_to_cpu(s->feature_compat);
	fs->incompat = le32_to_cpu(s->feature_incompat);
	fs->ro_compat = le32_to_cpu(s->feature_ro_compat);
	revision = le32_to_cpu(s->rev_level);
	if (revision > 1)
		return ext_refuse(fs, EXT_REMEDY_COPY, "ext revision %u is unknown", revision);
	if (revision == 0 && (fs->compat | fs->incompat | fs->ro_compat))
		return ext_corrupt(fs, "superblock: feature bits in a file system of revision 0");
	if (le32_to_cpu(s->creator_os) == EXT_OS_HURD)
		return ext_refuse(fs, EXT_REMEDY_COPY, "made by the GNU Hurd, whose inodes differ");
	fs->metadata_csum = fs->ro_compat & EXT_RO_METADATA_CSUM;
	fs->uninit_flags = fs->ro_compat & (EXT_RO_METADATA_CSUM | EXT_RO_GDT_CSUM);
	return fs->metadata_csum ? check_checksum(fs) : 0;
}

static int check_block_size(struct ext_fs *fs)
{
	u32 log = le32_to_cpu(fs->super.log_block_size);

	if (log > 6)
		return ext_corrupt(fs, "superblock: impossible block size");
	fs->block_bits = 10 + log;
	fs->block_size = 1u << fs->block_bits;
	if (fs->block_size < SECTOR)
		return ext_refuse(fs, "copy the files to a file system with blocks of 4096 bytes",
				  "blocks of %u bytes, the least that can be converted is 4096", fs->block_size);
	if (le32_to_cpu(fs->super.first_data_block) != 0)
		return ext_corrupt(fs, "superblock: first data block is not 0");
	if (fs->super.log_cluster_size != fs->super.log_block_size)
		return ext_corrupt(fs, "superblock: cluster size differs from block size without bigalloc");
	return 0;
}

static int check_length(struct ext_fs *fs)
{
	u64 bytes;

	fs->nr_blocks = le32_to_cpu(fs->super.blocks_count_lo);
	if (fs->incompat & EXT_INCOMPAT_64BIT)
		fs->nr_blocks |= (u64)le32_to_cpu(fs->super.blocks_count_hi) << 32;
	if (fs->nr_blocks < 2 || fs->nr_blocks >> 48 || mul_overflows(fs->nr_blocks, fs->block_size, &bytes))
		return ext_corrupt(fs, "superblock: impossible number of blocks");
	if (bytes > fs->dev->size)
		return ext_refuse(fs, "restore the size of the device, or run e2fsck -f %s and resize2fs %s",
				  "the file system spans %llu bytes, the device has only %llu",
				  (unsigned long long)bytes, (unsigned long long)fs->dev->size);
	return 0;
}

static int check_inodes(struct ext_fs *fs)
{
	const struct ext_super_disk *s = &fs->super;
	bool rev0 = le32_to_cpu(s->rev_level) == 0;
	u32 nr_inodes = le32_to_cpu(s->inodes_count);

	fs->inode_size = rev0 ? EXT_REV0_INODE_SIZE : le16_to_cpu(s->inode_size);
	fs->first_ino = rev0 ? EXT_REV0_FIRST_INO : le32_to_cpu(s->first_ino);
	fs->inodes_per_group = le32_to_cpu(s->inodes_per_group);
	if (!is_power_of_2(fs->inode_size) || fs->inode_size < EXT_GOOD_OLD_INODE || fs->inode_size > fs->block_size)
		return ext_corrupt(fs, "superblock: impossible inode size %u", fs->inode_size);
	if (!fs->inodes_per_group || fs->inodes_per_group % 8 || fs->inodes_per_group > 8 * fs->block_size)
		return ext_corrupt(fs, "superblock: impossible number of inodes per group %u", fs->inodes_per_group);
	if ((u64)fs->nr_groups * fs->inodes_per_group != nr_inodes)
		return ext_corrupt(fs, "superblock: %u inodes do not fill %u groups", nr_inodes, fs->nr_groups);
	if (fs->first_ino < EXT_REV0_FIRST_INO || fs->first_ino > nr_inodes)
		return ext_corrupt(fs, "superblock: impossible first inode %u", fs->first_ino);
	fs->itable_blocks = div_up((u64)fs->inodes_per_group * fs->inode_size, fs->block_size);
	return 0;
}

static int check_groups(struct ext_fs *fs)
{
	const struct ext_super_disk *s = &fs->super;
	u32 desc_size = fs->incompat & EXT_INCOMPAT_64BIT ? le16_to_cpu(s->desc_size) : 32;
	u64 nr_groups;

	fs->blocks_per_group = le32_to_cpu(s->blocks_per_group);
	if (fs->blocks_per_group < 256 || fs->blocks_per_group % 8 || fs->blocks_per_group > 8 * fs->block_size)
		return ext_corrupt(fs, "superblock: impossible number of blocks per group %u", fs->blocks_per_group);
	nr_groups = div_up(fs->nr_blocks, fs->blocks_per_group);
	if (nr_groups > UINT32_MAX)
		return ext_corrupt(fs, "superblock: too many groups");
	fs->nr_groups = nr_groups;
	if (fs->incompat & EXT_INCOMPAT_64BIT && (!is_power_of_2(desc_size) || desc_size < 64 || desc_size > 1024))
		return ext_corrupt(fs, "superblock: impossible descriptor size %u", desc_size);
	if (le16_to_cpu(s->reserved_gdt_blocks) > fs->block_size / 4)
		return ext_corrupt(fs, "superblock: too many reserved descriptor blocks");
	if (fs->incompat & EXT_INCOMPAT_META_BG &&
	    le32_to_cpu(s->first_meta_bg) > div_up(nr_groups, fs->block_size / desc_size))
		return ext_corrupt(fs, "superblock: first meta group is past the end");
	return 0;
}

static int check_special_numbers(struct ext_fs *fs)
{
	const struct ext_super_disk *s = &fs->super;
	u32 nr_inodes = le32_to_cpu(s->inodes_count);
	u32 journal = le32_to_cpu(s->journal_inum);
	u32 orphans = le32_to_cpu(s->orphan_file_inum);
	u32 project = le32_to_cpu(s->prj_quota_inum);

	if (fs->compat & EXT_COMPAT_HAS_JOURNAL && journal && journal != EXT_JOURNAL_INO &&
	    (journal < fs->first_ino || journal > nr_inodes))
		return ext_corrupt(fs, "superblock: impossible journal inode %u", journal);
	if (fs->compat & EXT_COMPAT_ORPHAN_FILE && (orphans < fs->first_ino || orphans > nr_inodes))
		return ext_corrupt(fs, "superblock: impossible orphan file inode %u", orphans);
	if (fs->ro_compat & EXT_RO_PROJECT && project && (project < EXT_USR_QUOTA_INO || project > nr_inodes))
		return ext_corrupt(fs, "superblock: impossible project quota inode %u", project);
	return 0;
}

int ext_super_check(struct ext_fs *fs)
{
	const struct ext_super_disk *s = &fs->super;
	int ret;

	ret = check_block_size(fs);
	if (!ret)
		ret = check_length(fs);
	if (!ret)
		ret = check_groups(fs);
	if (!ret)
		ret = check_inodes(fs);
	if (!ret)
		ret = check_special_numbers(fs);
	fs->csum_seed = fs->incompat & EXT_INCOMPAT_CSUM_SEED ? le32_to_cpu(s->checksum_seed)
							      : crc32c_raw(~0u, s->uuid, sizeof(s->uuid));
	return ret;
}

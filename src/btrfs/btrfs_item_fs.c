/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encodes the items of file trees: inodes, their names, directory entries, xattrs and file extents. */
#include "base/copy.h"
#include "btrfs/btrfs_item.h"
#include "btrfs/btrfs_item_pack.h"

/* Bits of the minor number in an inode's rdev. */
#define RDEV_MINOR_BITS 20

static_assert(BTRFS_INODE_ITEM_SIZE == sizeof(struct btrfs_inode_item_disk), "inode item size");
static_assert(BTRFS_INODE_REF_SIZE == sizeof(struct btrfs_inode_ref_disk), "inode ref size");
static_assert(BTRFS_INODE_EXTREF_SIZE == sizeof(struct btrfs_inode_extref_disk), "inode extref size");
static_assert(BTRFS_DIR_ITEM_SIZE == sizeof(struct btrfs_dir_item_disk), "dir item size");
static_assert(BTRFS_FILE_EXTENT_SIZE == sizeof(struct btrfs_file_extent_disk), "file extent size");
static_assert(BTRFS_INLINE_EXTENT_SIZE == offsetof(struct btrfs_file_extent_disk, disk_bytenr), "inline extent size");

u32 btrfs_inode_encode(void *buf, const struct btrfs_inode *inode, u64 generation)
{
	struct btrfs_inode_item_disk disk = {
		.generation = cpu_to_le64(generation),
		.transid = cpu_to_le64(generation),
		.size = cpu_to_le64(inode->size),
		.nbytes = cpu_to_le64(inode->nbytes),
		.nlink = cpu_to_le32(inode->nlink),
		.uid = cpu_to_le32(inode->uid),
		.gid = cpu_to_le32(inode->gid),
		.mode = cpu_to_le32(inode->mode),
		.rdev = cpu_to_le64((u64)inode->rdev_major << RDEV_MINOR_BITS | inode->rdev_minor),
		.flags = cpu_to_le64(inode->flags),
		.sequence = cpu_to_le64(inode->sequence),
		.atime = btrfs_time_encode(inode->atime),
		.ctime = btrfs_time_encode(inode->ctime),
		.mtime = btrfs_time_encode(inode->mtime),
		.otime = btrfs_time_encode(inode->otime),
	};

	return btrfs_pack(buf, &disk, sizeof(disk), NULL, 0);
}

u32 btrfs_inode_ref_encode(void *buf, u64 index, const char *name, u16 name_len)
{
	struct btrfs_inode_ref_disk disk = {
		.index = cpu_to_le64(index),
		.name_len = cpu_to_le16(name_len),
	};

	return btrfs_pack(buf, &disk, sizeof(disk), name, name_len);
}

u32 btrfs_inode_extref_encode(void *buf, u64 parent, u64 index, const char *name, u16 name_len)
{
	struct btrfs_inode_extref_disk disk = {
		.parent = cpu_to_le64(parent),
		.index = cpu_to_le64(index),
		.name_len = cpu_to_le16(name_len),
	};

	return btrfs_pack(buf, &disk, sizeof(disk), name, name_len);
}

u32 btrfs_dir_item_encode(void *buf, const struct btrfs_key *location, u8 type, u64 transid, const char *name,
			  u16 name_len, const void *data, u16 data_len)
{
	struct btrfs_dir_item_disk disk = {
		.location = btrfs_key_encode(location),
		.transid = cpu_to_le64(transid),
		.data_len = cpu_to_le16(data_len),
		.name_len = cpu_to_le16(name_len),
		.type = type,
	};
	u32 size = btrfs_pack(buf, &disk, sizeof(disk), name, name_len);

	if (data_len)
		copy_short((u8 *)buf + size, data, data_len);
	return size + data_len;
}

u32 btrfs_file_extent_encode(void *buf, const struct btrfs_file_extent *fe, u64 generation)
{
	bool hole = fe->disk_bytenr == 0;
	struct btrfs_file_extent_disk disk = {
		.generation = cpu_to_le64(generation),
		.ram_bytes = cpu_to_le64(hole ? fe->num_bytes : fe->disk_num_bytes),
		.type = (u8)fe->type,
		.disk_bytenr = cpu_to_le64(fe->disk_bytenr),
		.disk_num_bytes = cpu_to_le64(hole ? 0 : fe->disk_num_bytes),
		.offset = cpu_to_le64(hole ? 0 : fe->offset),
		.num_bytes = cpu_to_le64(fe->num_bytes),
	};

	return btrfs_pack(buf, &disk, sizeof(disk), NULL, 0);
}

u32 btrfs_inline_extent_encode(void *buf, const void *data, u32 len, u64 generation)
{
	struct btrfs_file_extent_disk disk = {
		.generation = cpu_to_le64(generation),
		.ram_bytes = cpu_to_le64(len),
		.type = BTRFS_EXTENT_INLINE,
	};

	return btrfs_pack(buf, &disk, BTRFS_INLINE_EXTENT_SIZE, data, len);
}

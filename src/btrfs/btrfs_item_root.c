/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encodes what the root tree says of the other trees. */
#include "btrfs/btrfs_item.h"
#include "btrfs/btrfs_item_pack.h"

/* The inode inside a root item means nothing; these are the values that every writer of the format gives it. */
#define ROOT_INODE_GENERATION 1
#define ROOT_INODE_SIZE 3
#define ROOT_INODE_MODE 040755

static_assert(BTRFS_ROOT_ITEM_SIZE == sizeof(struct btrfs_root_item_disk), "root item size");
static_assert(BTRFS_ROOT_REF_SIZE == sizeof(struct btrfs_root_ref_disk), "root ref size");

u32 btrfs_root_item_encode(void *buf, const struct btrfs_root_desc *root, const struct btrfs_params *params)
{
	le64 generation = cpu_to_le64(params->generation);
	struct btrfs_root_item_disk disk = {
		.inode = {
			.generation = cpu_to_le64(ROOT_INODE_GENERATION),
			.size = cpu_to_le64(ROOT_INODE_SIZE),
			.nbytes = cpu_to_le64(params->nodesize),
			.nlink = cpu_to_le32(1),
			.mode = cpu_to_le32(ROOT_INODE_MODE),
			.flags = cpu_to_le64(root->subvolume ? BTRFS_INODE_ROOT_ITEM_INIT : 0),
		},
		.generation = generation,
		.root_dirid = cpu_to_le64(root->root_dirid),
		.bytenr = cpu_to_le64(root->logical),
		.bytes_used = cpu_to_le64(root->nr_blocks * params->nodesize),
		.flags = cpu_to_le64(root->read_only ? BTRFS_ROOT_SUBVOL_RDONLY : 0),
		.refs = cpu_to_le32(1),
		.level = root->level,
		.generation_v2 = generation,
		.ctransid = generation,
		.otransid = generation,
		.ctime = btrfs_time_encode(root->time),
		.otime = btrfs_time_encode(root->time),
	};

	memcpy(disk.uuid, root->uuid, BTRFS_UUID_SIZE);
	return btrfs_pack(buf, &disk, sizeof(disk), NULL, 0);
}

u32 btrfs_root_ref_encode(void *buf, u64 dirid, u64 sequence, const char *name, u16 name_len)
{
	struct btrfs_root_ref_disk disk = {
		.dirid = cpu_to_le64(dirid),
		.sequence = cpu_to_le64(sequence),
		.name_len = cpu_to_le16(name_len),
	};

	return btrfs_pack(buf, &disk, sizeof(disk), name, name_len);
}

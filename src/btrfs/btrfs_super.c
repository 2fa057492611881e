/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Assembles a superblock from finished trees and the SYSTEM chunks. */
#include "btrfs/btrfs_super.h"

#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs_csum.h"
#include "btrfs/btrfs_item_pack.h"

/* Above nodes of this size the BIG_METADATA bit is due. */
#define SMALL_NODESIZE 4096u

static_assert(sizeof(((struct btrfs_super *)0)->label) == BTRFS_LABEL_SIZE, "label");

u32 btrfs_super_max_system(u32 nr_stripes)
{
	u32 entry = (u32)sizeof(struct btrfs_key_disk) + BTRFS_CHUNK_SIZE + nr_stripes * BTRFS_STRIPE_SIZE;

	return BTRFS_SYS_CHUNK_ARRAY_SIZE / entry;
}

/* The chunks that have to be known before the chunk tree can be read. */
static int fill_sys_chunk_array(struct btrfs_super_disk *disk, const struct btrfs_super *super,
				const struct btrfs_params *params)
{
	u8 *pos = disk->sys_chunk_array;

	for (u32 i = 0; i < super->nr_system; i++) {
		const struct btrfs_chunk *chunk = &super->system[i];
		struct btrfs_key key = { BTRFS_FIRST_CHUNK_OBJECTID, BTRFS_CHUNK_ITEM, chunk->logical };
		struct btrfs_key_disk key_disk = btrfs_key_encode(&key);
		size_t need = sizeof(key_disk) + BTRFS_CHUNK_SIZE + chunk->nr_stripes * BTRFS_STRIPE_SIZE;

		if (need > (size_t)(disk->sys_chunk_array + sizeof(disk->sys_chunk_array) - pos)) {
			msg_err("superblock: no room for %u SYSTEM chunks", super->nr_system);
			return ERR_BUG;
		}
		pos += btrfs_pack(pos, &key_disk, sizeof(key_disk), NULL, 0);
		pos += btrfs_chunk_encode(pos, chunk, params);
	}
	disk->sys_chunk_array_size = cpu_to_le32((u32)(pos - disk->sys_chunk_array));
	return 0;
}

static void fill_backup(struct btrfs_root_backup_disk *backup, const struct btrfs_super *super, le64 generation)
{
	*backup = (struct btrfs_root_backup_disk){
		.tree_root = cpu_to_le64(super->root_tree.logical),
		.tree_root_gen = generation,
		.chunk_root = cpu_to_le64(super->chunk_tree.logical),
		.chunk_root_gen = generation,
		.extent_root = cpu_to_le64(super->extent_tree.logical),
		.extent_root_gen = generation,
		.fs_root = cpu_to_le64(super->fs_tree.logical),
		.fs_root_gen = generation,
		.dev_root = cpu_to_le64(super->dev_tree.logical),
		.dev_root_gen = generation,
		.csum_root = cpu_to_le64(super->csum_tree.logical),
		.csum_root_gen = generation,
		.total_bytes = cpu_to_le64(super->total_bytes),
		.bytes_used = cpu_to_le64(super->bytes_used),
		.num_devices = cpu_to_le64(1),
		.tree_level = super->root_tree.level,
		.chunk_level = super->chunk_tree.level,
		.extent_level = super->extent_tree.level,
		.fs_level = super->fs_tree.level,
		.dev_level = super->dev_tree.level,
		.csum_level = super->csum_tree.level,
	};
}

/* What follows from the parameters alone. */
static void fill_params(struct btrfs_super_disk *disk, const struct btrfs_params *params)
{
	u64 incompat = params->incompat | BTRFS_INCOMPAT_MIXED_BACKREF;

	if (params->nodesize > SMALL_NODESIZE)
		incompat |= BTRFS_INCOMPAT_BIG_METADATA;
	memcpy(disk->fsid, params->fsid, BTRFS_UUID_SIZE);
	disk->flags = cpu_to_le64(BTRFS_SUPER_FLAG_WRITTEN);
	disk->magic = cpu_to_le64(BTRFS_MAGIC);
	disk->generation = cpu_to_le64(params->generation);
	disk->chunk_root_generation = cpu_to_le64(params->generation);
	disk->root_dir_objectid = cpu_to_le64(BTRFS_ROOT_TREE_DIR);
	disk->num_devices = cpu_to_le64(1);
	disk->sectorsize = cpu_to_le32(SECTOR);
	disk->nodesize = cpu_to_le32(params->nodesize);
	disk->leafsize = cpu_to_le32(params->nodesize);
	disk->stripesize = cpu_to_le32(SECTOR);
	disk->compat_ro_flags = cpu_to_le64(params->compat_ro);
	disk->incompat_flags = cpu_to_le64(incompat);
	disk->csum_type = cpu_to_le16((u16)params->csum_type);
}

int btrfs_super_encode(u8 out[BTRFS_SUPER_SIZE], const struct btrfs_super *super, const struct btrfs_params *params,
		       u64 bytenr)
{
	struct btrfs_super_disk *disk = (void *)out;
	int err;

	memset(disk, 0, sizeof(*disk));
	fill_params(disk, params);
	disk->bytenr = cpu_to_le64(bytenr);
	disk->root = cpu_to_le64(super->root_tree.logical);
	disk->root_level = super->root_tree.level;
	disk->chunk_root = cpu_to_le64(super->chunk_tree.logical);
	disk->chunk_root_level = super->chunk_tree.level;
	disk->total_bytes = cpu_to_le64(super->total_bytes);
	disk->bytes_used = cpu_to_le64(super->bytes_used);
	if (super->uuid_tree)
		disk->uuid_tree_generation = disk->generation;
	memcpy(disk->label, super->label, strnlen(super->label, sizeof(disk->label) - 1));
	btrfs_dev_item_encode(&disk->dev_item, super->total_bytes, super->dev_bytes_used, params);
	err = fill_sys_chunk_array(disk, super, params);
	if (err)
		return err;
	fill_backup(&disk->backups[0], super, disk->generation);
	btrfs_csum(params->csum_type, out + BTRFS_CSUM_MAX, BTRFS_SUPER_SIZE - BTRFS_CSUM_MAX, disk->csum);
	return 0;
}

u64 btrfs_super_offset(u32 nr, u64 device_size)
{
	static const u64 offsets[] = { BTRFS_SUPER_PRIMARY, 64 * MIB, 256 * GIB };

	if (nr >= ARRAY_SIZE(offsets) || offsets[nr] + BTRFS_SUPER_SIZE >= device_size)
		return 0;
	return offsets[nr];
}

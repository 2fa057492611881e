/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encodes the items that map logical to physical addresses: chunks, the device and its extents. */
#include "btrfs/btrfs_item.h"
#include "btrfs/btrfs_item_pack.h"

static_assert(BTRFS_CHUNK_SIZE == sizeof(struct btrfs_chunk_disk), "chunk size");
static_assert(BTRFS_STRIPE_SIZE == sizeof(struct btrfs_stripe_disk), "stripe size");
static_assert(BTRFS_DEV_EXTENT_SIZE == sizeof(struct btrfs_dev_extent_disk), "dev extent size");
static_assert(BTRFS_DEV_ITEM_BYTES == sizeof(struct btrfs_dev_item_disk), "dev item size");
static_assert(BTRFS_DEV_STATS_SIZE == sizeof(struct btrfs_dev_stats_disk), "dev stats size");

u32 btrfs_chunk_encode(void *buf, const struct btrfs_chunk *chunk, const struct btrfs_params *params)
{
	struct btrfs_chunk_disk disk = {
		.length = cpu_to_le64(chunk->len),
		.owner = cpu_to_le64(BTRFS_EXTENT_TREE),
		.stripe_len = cpu_to_le64(BTRFS_STRIPE_LEN),
		.type = cpu_to_le64(chunk->type),
		.io_align = cpu_to_le32((u32)BTRFS_STRIPE_LEN),
		.io_width = cpu_to_le32((u32)BTRFS_STRIPE_LEN),
		.sector_size = cpu_to_le32(SECTOR),
		.num_stripes = cpu_to_le16((u16)chunk->nr_stripes),
		.sub_stripes = cpu_to_le16(1),
	};
	u8 *pos = buf;

	pos += btrfs_pack(pos, &disk, sizeof(disk), NULL, 0);
	for (u32 i = 0; i < chunk->nr_stripes; i++) {
		struct btrfs_stripe_disk stripe = {
			.devid = cpu_to_le64(BTRFS_DEVID),
			.offset = cpu_to_le64(chunk->physical[i]),
		};

		memcpy(stripe.dev_uuid, params->dev_uuid, BTRFS_UUID_SIZE);
		pos += btrfs_pack(pos, &stripe, sizeof(stripe), NULL, 0);
	}
	return (u32)(pos - (u8 *)buf);
}

u32 btrfs_dev_extent_encode(void *buf, const struct btrfs_chunk *chunk, const struct btrfs_params *params)
{
	struct btrfs_dev_extent_disk disk = {
		.chunk_tree = cpu_to_le64(BTRFS_CHUNK_TREE),
		.chunk_objectid = cpu_to_le64(BTRFS_FIRST_CHUNK_OBJECTID),
		.chunk_offset = cpu_to_le64(chunk->logical),
		.length = cpu_to_le64(chunk->len),
	};

	memcpy(disk.chunk_tree_uuid, params->chunk_tree_uuid, BTRFS_UUID_SIZE);
	return btrfs_pack(buf, &disk, sizeof(disk), NULL, 0);
}

u32 btrfs_dev_item_encode(void *buf, u64 total_bytes, u64 bytes_used, const struct btrfs_params *params)
{
	struct btrfs_dev_item_disk disk = {
		.devid = cpu_to_le64(BTRFS_DEVID),
		.total_bytes = cpu_to_le64(total_bytes),
		.bytes_used = cpu_to_le64(bytes_used),
		.io_align = cpu_to_le32(SECTOR),
		.io_width = cpu_to_le32(SECTOR),
		.sector_size = cpu_to_le32(SECTOR),
	};

	memcpy(disk.uuid, params->dev_uuid, BTRFS_UUID_SIZE);
	memcpy(disk.fsid, params->fsid, BTRFS_UUID_SIZE);
	return btrfs_pack(buf, &disk, sizeof(disk), NULL, 0);
}

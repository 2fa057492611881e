/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encodes the items that account for space: extents with their references, block groups, free space. */
#include "btrfs/btrfs_csum.h"
#include "btrfs/btrfs_item.h"
#include "btrfs/btrfs_item_pack.h"

static_assert(BTRFS_EXTENT_ITEM_SIZE == sizeof(struct btrfs_extent_item_disk), "extent item size");
static_assert(BTRFS_INLINE_DATA_REF_SIZE == sizeof(struct btrfs_inline_data_ref_disk), "inline data ref size");
static_assert(BTRFS_DATA_REF_SIZE == sizeof(struct btrfs_data_ref_disk), "data ref size");
static_assert(BTRFS_METADATA_ITEM_BYTES ==
	      sizeof(struct btrfs_extent_item_disk) + sizeof(struct btrfs_inline_tree_ref_disk), "metadata item size");
static_assert(BTRFS_METADATA_ITEM_FAT_BYTES ==
	      BTRFS_METADATA_ITEM_BYTES + sizeof(struct btrfs_tree_block_info_disk), "fat metadata item size");
static_assert(BTRFS_BLOCK_GROUP_ITEM_SIZE == sizeof(struct btrfs_block_group_disk), "block group size");
static_assert(BTRFS_FREE_SPACE_INFO_SIZE == sizeof(struct btrfs_free_space_info_disk), "free space info size");

static u64 inline_ref_hash(const struct btrfs_inline_data_ref_disk *disk)
{
	return btrfs_data_ref_hash(le64_to_cpu(disk->ref.root), le64_to_cpu(disk->ref.objectid),
				   le64_to_cpu(disk->ref.offset));
}

/* Sorts *ref into the first nr references of the array, which are in descending order of hash. */
static void insert_inline_ref(struct btrfs_inline_data_ref_disk *array, u32 nr, const struct btrfs_data_ref *ref)
{
	u64 hash = btrfs_data_ref_hash(ref->root, ref->objectid, ref->offset);
	u32 low = 0;
	u32 high = nr;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (inline_ref_hash(&array[mid]) >= hash)
			low = mid + 1;
		else
			high = mid;
	}
	memmove(&array[low + 1], &array[low], (nr - low) * sizeof(*array));
	array[low] = (struct btrfs_inline_data_ref_disk){
		.type = BTRFS_EXTENT_DATA_REF,
		.ref = {
			.root = cpu_to_le64(ref->root),
			.objectid = cpu_to_le64(ref->objectid),
			.offset = cpu_to_le64(ref->offset),
			.count = cpu_to_le32(ref->count),
		},
	};
}

u32 btrfs_data_extent_encode(void *buf, u64 generation, const struct btrfs_data_ref *refs, u32 nr)
{
	struct btrfs_extent_item_disk *disk = buf;
	struct btrfs_inline_data_ref_disk *array = (void *)(disk + 1);
	u64 count = 0;

	for (u32 i = 0; i < nr; i++) {
		insert_inline_ref(array, i, &refs[i]);
		count += refs[i].count;
	}
	*disk = (struct btrfs_extent_item_disk){
		.refs = cpu_to_le64(count),
		.generation = cpu_to_le64(generation),
		.flags = cpu_to_le64(BTRFS_EXTENT_FLAG_DATA),
	};
	return (u32)(sizeof(*disk) + nr * sizeof(*array));
}

u32 btrfs_metadata_item_encode(void *buf, const struct btrfs_params *params, u64 logical, u64 owner, u8 level,
			       struct btrfs_key *key)
{
	struct btrfs_extent_item_disk disk = {
		.refs = cpu_to_le64(1),
		.generation = cpu_to_le64(params->generation),
		.flags = cpu_to_le64(BTRFS_EXTENT_FLAG_TREE_BLOCK),
	};
	struct btrfs_tree_block_info_disk info = { .level = level };
	struct btrfs_inline_tree_ref_disk ref = { .type = BTRFS_TREE_BLOCK_REF, .root = cpu_to_le64(owner) };
	u8 *pos = buf;

	pos += btrfs_pack(pos, &disk, sizeof(disk), NULL, 0);
	if (btrfs_has_incompat(params, BTRFS_INCOMPAT_SKINNY_METADATA)) {
		*key = (struct btrfs_key){ logical, BTRFS_METADATA_ITEM, level };
	} else {
		*key = (struct btrfs_key){ logical, BTRFS_EXTENT_ITEM, params->nodesize };
		pos += btrfs_pack(pos, &info, sizeof(info), NULL, 0);
	}
	pos += btrfs_pack(pos, &ref, sizeof(ref), NULL, 0);
	return (u32)(pos - (u8 *)buf);
}

u32 btrfs_block_group_encode(void *buf, u64 used, u64 type)
{
	struct btrfs_block_group_disk disk = {
		.used = cpu_to_le64(used),
		.chunk_objectid = cpu_to_le64(BTRFS_FIRST_CHUNK_OBJECTID),
		.flags = cpu_to_le64(type),
	};

	return btrfs_pack(buf, &disk, sizeof(disk), NULL, 0);
}

u32 btrfs_free_space_info_encode(void *buf, u32 extent_count, bool bitmaps)
{
	struct btrfs_free_space_info_disk disk = {
		.extent_count = cpu_to_le32(extent_count),
		.flags = cpu_to_le32(bitmaps ? BTRFS_FREE_SPACE_USING_BITMAPS : 0),
	};

	return btrfs_pack(buf, &disk, sizeof(disk), NULL, 0);
}

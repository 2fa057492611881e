/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hashes that stand in keys. All are crc32c without the final inversion, whatever checksum the file system uses. */
#include "base/crc32c.h"
#include "base/endian.h"
#include "btrfs/btrfs_csum.h"

u32 btrfs_name_hash(const char *name, size_t len)
{
	return crc32c_raw(~(u32)1, name, len);
}

u32 btrfs_extref_hash(u64 parent, const char *name, size_t len)
{
	return crc32c_raw((u32)parent, name, len);
}

u64 btrfs_data_ref_hash(u64 root, u64 objectid, u64 offset)
{
	le64 value = cpu_to_le64(root);
	u32 high = crc32c_raw(~(u32)0, &value, sizeof(value));
	u32 low = ~(u32)0;

	value = cpu_to_le64(objectid);
	low = crc32c_raw(low, &value, sizeof(value));
	value = cpu_to_le64(offset);
	low = crc32c_raw(low, &value, sizeof(value));
	/* 31, not 32: the two halves overlap in one bit. */
	return ((u64)high << 31) ^ low;
}

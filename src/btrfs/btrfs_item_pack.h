/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts that items of several kinds have in common: keys, times, a name behind a struct. */
#ifndef BTRFS_ITEM_PACK_H
#define BTRFS_ITEM_PACK_H

#include <string.h>

#include "base/endian.h"
#include "btrfs/btrfs_ondisk.h"

static inline struct btrfs_key_disk btrfs_key_encode(const struct btrfs_key *key)
{
	return (struct btrfs_key_disk){
		.objectid = cpu_to_le64(key->objectid),
		.type = key->type,
		.offset = cpu_to_le64(key->offset),
	};
}

static inline struct btrfs_key btrfs_key_decode(const struct btrfs_key_disk *disk)
{
	return (struct btrfs_key){
		.objectid = le64_to_cpu(disk->objectid),
		.type = disk->type,
		.offset = le64_to_cpu(disk->offset),
	};
}

static inline struct btrfs_time_disk btrfs_time_encode(struct time64 time)
{
	return (struct btrfs_time_disk){
		.sec = cpu_to_le64((u64)time.sec),
		.nsec = cpu_to_le32(time.nsec),
	};
}

/* Copies a struct and the bytes behind it to buf; returns their common length. */
static inline u32 btrfs_pack(void *buf, const void *disk, u32 size, const void *tail, u32 tail_len)
{
	memcpy(buf, disk, size);
	if (tail_len)
		memcpy((u8 *)buf + size, tail, tail_len);
	return size + tail_len;
}

#endif

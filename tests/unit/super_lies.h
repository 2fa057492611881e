/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Superblocks that no reader must believe, and what it must say of them. The image is that of test_btrfs_read.c. */
#ifndef TEST_SUPER_LIES_H
#define TEST_SUPER_LIES_H

#include "base/status.h"
#include "btrfs/btrfs_ondisk.h"

#define IMAGE_SIZE (128 * MIB)

#define FIELD(name) offsetof(struct btrfs_super_disk, name), sizeof(((struct btrfs_super_disk *)0)->name)
#define ARRAY(at) offsetof(struct btrfs_super_disk, sys_chunk_array) + (at)
#define CHUNK(name) ARRAY(17 + offsetof(struct btrfs_chunk_disk, name)), sizeof(((struct btrfs_chunk_disk *)0)->name)
#define STRIPE(name) ARRAY(17 + 48 + offsetof(struct btrfs_stripe_disk, name)), \
	sizeof(((struct btrfs_stripe_disk *)0)->name)

static const struct super_lie {
	const char *name;
	size_t offset, size;
	u64 value;
	int status;
} super_lies[] = {
	{ "magic", FIELD(magic), 1, ERR_CORRUPT },
	{ "bytenr", FIELD(bytenr), 4096, ERR_CORRUPT },
	{ "flags", FIELD(flags), 1 << 10, ERR_CORRUPT },
	{ "csum type", FIELD(csum_type), 4, ERR_REFUSED },
	{ "generation 0", FIELD(generation), 0, ERR_CORRUPT },
	{ "generation not of the root", FIELD(generation), 1000, ERR_CORRUPT },
	{ "root 0", FIELD(root), 0, ERR_CORRUPT },
	{ "odd root", FIELD(root), 4097, ERR_CORRUPT },
	{ "unmapped root", FIELD(root), (u64)1 << 60, ERR_CORRUPT },
	{ "odd chunk root", FIELD(chunk_root), 4097, ERR_CORRUPT },
	{ "unmapped chunk root", FIELD(chunk_root), (u64)1 << 60, ERR_CORRUPT },
	{ "odd log root", FIELD(log_root), 1, ERR_CORRUPT },
	{ "root level", FIELD(root_level), 8, ERR_CORRUPT },
	{ "wrong root level", FIELD(root_level), 1, ERR_CORRUPT },
	{ "chunk level", FIELD(chunk_root_level), 200, ERR_CORRUPT },
	{ "wrong chunk level", FIELD(chunk_root_level), 7, ERR_CORRUPT },
	{ "chunk generation", FIELD(chunk_root_generation), 1000, ERR_CORRUPT },
	{ "wrong chunk generation", FIELD(chunk_root_generation), 1, ERR_CORRUPT },
	{ "total bytes", FIELD(total_bytes), IMAGE_SIZE + 4096, ERR_CORRUPT },
	{ "few total bytes", FIELD(total_bytes), 4096, ERR_CORRUPT },
	{ "bytes used", FIELD(bytes_used), 4096, ERR_CORRUPT },
	{ "devices", FIELD(num_devices), 2, ERR_REFUSED },
	{ "sector size", FIELD(sectorsize), 16384, ERR_REFUSED },
	{ "node size", FIELD(nodesize), 4097, ERR_CORRUPT },
	{ "huge node size", FIELD(nodesize), 131072, ERR_CORRUPT },
	{ "leaf size", FIELD(leafsize), 16384, ERR_CORRUPT },
	{ "stripe size", FIELD(stripesize), 0, ERR_CORRUPT },
	{ "array size", FIELD(sys_chunk_array_size), 2049, ERR_CORRUPT },
	{ "small array", FIELD(sys_chunk_array_size), 96, ERR_CORRUPT },
	{ "cut array", FIELD(sys_chunk_array_size), 97, ERR_CORRUPT },
	{ "array and no more", FIELD(sys_chunk_array_size), 130, ERR_CORRUPT },
	{ "incompat", FIELD(incompat_flags), (u64)1 << 40, ERR_REFUSED },
	{ "block group tree alone", FIELD(compat_ro_flags), 8, ERR_CORRUPT },
	{ "fsid", FIELD(fsid), 1, ERR_CORRUPT },
	{ "array key", ARRAY(0), 8, 255, ERR_CORRUPT },
	{ "array type", ARRAY(8), 1, 1, ERR_CORRUPT },
	{ "array address", ARRAY(9), 8, 4096, ERR_CORRUPT },
	{ "odd array address", ARRAY(9), 8, 1, ERR_CORRUPT },
	{ "chunk length 0", CHUNK(length), 0, ERR_CORRUPT },
	{ "chunk length", CHUNK(length), 4096, ERR_CORRUPT },
	{ "chunk huge", CHUNK(length), (u64)1 << 40, ERR_CORRUPT },
	{ "chunk wraps", CHUNK(length), (u64)-4096, ERR_CORRUPT },
	{ "chunk stripe length", CHUNK(stripe_len), 4096, ERR_CORRUPT },
	{ "chunk sector", CHUNK(sector_size), 512, ERR_CORRUPT },
	{ "chunk no type", CHUNK(type), 0x20, ERR_CORRUPT },
	{ "chunk data", CHUNK(type), 0x21, ERR_CORRUPT },
	{ "chunk two types", CHUNK(type), 0x26, ERR_CORRUPT },
	{ "chunk unknown type", CHUNK(type), 0x1002, ERR_CORRUPT },
	{ "chunk raid", CHUNK(type), 0x12, ERR_REFUSED },
	{ "chunk single", CHUNK(type), 0x2, ERR_CORRUPT },
	{ "chunk stripes", CHUNK(num_stripes), 0, ERR_CORRUPT },
	{ "chunk many stripes", CHUNK(num_stripes), 65535, ERR_CORRUPT },
	{ "stripe device", STRIPE(devid), 2, ERR_CORRUPT },
	{ "stripe uuid", STRIPE(dev_uuid), 2, ERR_CORRUPT },
	{ "odd stripe", STRIPE(offset), 4097, ERR_CORRUPT },
	{ "stripe outside", STRIPE(offset), IMAGE_SIZE, ERR_CORRUPT },
	{ "stripe far outside", STRIPE(offset), (u64)-4096, ERR_CORRUPT },
	{ "stripe elsewhere", STRIPE(offset), 4096, ERR_CORRUPT },
};

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Assembles a superblock; never writes it. */
#ifndef BTRFS_SUPER_H
#define BTRFS_SUPER_H

#include "btrfs/btrfs.h"
#include "btrfs/btrfs_item.h"
#include "btrfs/btrfs_tree.h"

struct btrfs_super {
	u64 total_bytes, bytes_used, dev_bytes_used;
	char label[256];
	struct btrfs_root root_tree, chunk_tree;
	struct btrfs_root extent_tree, fs_tree, dev_tree, csum_tree; /* for the backup root */
	bool uuid_tree;                    /* a complete one was written */
	const struct btrfs_chunk *system;  /* SYSTEM chunks, for the array; borrowed */
	u32 nr_system;
};

/* How many SYSTEM chunks the array can hold: 15 DUP or 21 single. */
u32 btrfs_super_max_system(u32 nr_stripes);

/*
 * The copy that lives at bytenr (64 KiB, 64 MiB or 256 GiB), checksummed. The incompat bits that have no choice
 * (MIXED_BACKREF, and BIG_METADATA above 4 KiB nodes) need not be in params. ERR_BUG (printed) when the SYSTEM chunks
 * exceed the array.
 */
int btrfs_super_encode(u8 out[BTRFS_SUPER_SIZE], const struct btrfs_super *super, const struct btrfs_params *params,
		       u64 bytenr) __must_check;

/* Byte offset of copy nr (0..2), or 0 when a device of that size has none (the copy must end before the end). */
u64 btrfs_super_offset(u32 nr, u64 device_size);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the reader share. */
#ifndef BTRFS_READ_PRIVATE_H
#define BTRFS_READ_PRIVATE_H

#include "base/endian.h"
#include "btrfs/btrfs_ondisk.h"
#include "btrfs/btrfs_read.h"

/* Chunks ascending by logical address, never overlapping. */
struct btrfs_chunk_map {
	struct btrfs_chunk *chunks;
	size_t nr, room;
};

struct btrfs_reader {
	struct dev *dev;
	struct btrfs_super_info super;
	struct btrfs_chunk_map map;
	bool strict;             /* compare_copies */
	bool has_chunk_uuid;     /* taken from the root of the chunk tree, the first block that is read */
	u8 chunk_tree_uuid[BTRFS_UUID_SIZE];
};

static inline struct btrfs_key btrfs_key_decode(const struct btrfs_key_disk *disk)
{
	struct btrfs_key key = { le64_to_cpu(disk->objectid), disk->type, le64_to_cpu(disk->offset) };

	return key;
}

/* --- btrfs_read_chunk.c --- */

/* The map from the superblock's array, then from the chunk tree. */
int btrfs_chunk_map_load(struct btrfs_reader *r, const struct btrfs_super_disk *super) __must_check;
void btrfs_chunk_map_free(struct btrfs_chunk_map *map);

/* --- btrfs_read_block.c --- */

/* What is known of a block before it is read. */
struct btrfs_expect {
	u64 owner;
	u64 logical;
	u64 generation;                /* 0: not known */
	const struct btrfs_key *first; /* NULL: a root, not known */
	u8 level;
};

/* Prints "btrfs: tree T, block L: TEXT" and returns ERR_CORRUPT. */
int btrfs_block_bad(const struct btrfs_expect *e, const char *fmt, ...) __printf(2, 3);

/* Checksum, header, and the items or pointers; afterwards every item and pointer lies inside the block. */
int btrfs_block_check(const struct btrfs_reader *r, const u8 *block, const struct btrfs_expect *e) __must_check;

static inline const struct btrfs_header_disk *btrfs_block_header(const u8 *block)
{
	return (const struct btrfs_header_disk *)block;
}

static inline const struct btrfs_item_disk *btrfs_block_items(const u8 *block)
{
	return (const struct btrfs_item_disk *)(block + BTRFS_HEADER_SIZE);
}

static inline const struct btrfs_key_ptr_disk *btrfs_block_ptrs(const u8 *block)
{
	return (const struct btrfs_key_ptr_disk *)(block + BTRFS_HEADER_SIZE);
}

/* --- btrfs_read_window.c --- */

/*
 * A stretch of logical space in memory, all copies of it. Trees are laid out in key order, so the blocks behind the
 * wanted one will be wanted next: the window grows while that comes true.
 */
struct btrfs_window {
	u8 *copies[2];
	u64 logical;
	u64 physical[2];
	u32 nr_copies;
	u32 len;  /* bytes that are valid, from logical */
	u32 ahead; /* bytes to read the next time */
};

int btrfs_window_init(struct btrfs_window *w) __must_check;
void btrfs_window_fini(struct btrfs_window *w);

/* The block e->logical, not checked but equal in all its copies when those are compared; valid until the next call. */
int btrfs_window_get(const struct btrfs_reader *r, struct btrfs_window *w, const struct btrfs_expect *e,
		     const u8 **block) __must_check;

#endif

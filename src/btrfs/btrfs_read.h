/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small independent reader, for verify and rollback. It shares no code with the writer except the on-disk
 * definitions and checksums, believes nothing, and reads both copies of DUP blocks.
 */
#ifndef BTRFS_READ_H
#define BTRFS_READ_H

#include "btrfs/btrfs.h"
#include "btrfs/btrfs_item.h"
#include "dev/dev.h"

struct btrfs_reader;

/* What the superblock says. */
struct btrfs_super_info {
	u8 fsid[16];
	u8 header_fsid[16];    /* in tree blocks; differs from fsid only with METADATA_UUID */
	u8 dev_uuid[16];
	u64 devid;
	u64 generation, total_bytes, bytes_used, dev_bytes_used;
	u64 root, chunk_root;
	u64 chunk_root_generation;
	u64 log_root;          /* not 0: the kernel would replay a log, which this reader does not see */
	u8 root_level, chunk_root_level;
	u32 nodesize;
	enum btrfs_csum_type csum_type;
	u64 incompat, compat_ro;
	char label[256];
};

/*
 * Decodes and checks a superblock image that belongs at bytenr. 0; ERR_CORRUPT; or ERR_REFUSED when it is sound but
 * beyond this reader (several devices, another sector size, unknown features). With a message when loud.
 */
int btrfs_super_decode(const u8 super[BTRFS_SUPER_SIZE], u64 bytenr, bool loud, struct btrfs_super_info *info)
	__must_check;

/*
 * A reader of the file system on dev (borrowed) whose primary superblock image is given (it need not be on the device
 * yet). Reads the chunk tree and keeps the chunk map. compare_copies: every block is read from all its stripes and
 * compared, and what this program writes is demanded (one generation, one owner, packed leaves) instead of what the
 * format allows. A finished reader is only read: walks of several threads may share it.
 */
int btrfs_reader_new(struct dev *dev, const u8 super[BTRFS_SUPER_SIZE], bool compare_copies,
		     struct btrfs_reader **out) __must_check;
const struct btrfs_super_info *btrfs_reader_super(const struct btrfs_reader *r);

/* The chunk map, ascending by logical. */
const struct btrfs_chunk *btrfs_reader_chunks(const struct btrfs_reader *r, size_t *nr);

/* The chunk that holds a logical address, or NULL. */
const struct btrfs_chunk *btrfs_reader_find_chunk(const struct btrfs_reader *r, u64 logical);

/* Physical address of a logical one (first stripe), and how many bytes are contiguous there; ERR_CORRUPT (reported)
 * when no chunk maps it. */
int btrfs_reader_map(const struct btrfs_reader *r, u64 logical, u64 *physical, u64 *len) __must_check;

/* Root block, level and root item of a tree (from the root tree; the chunk and root trees from the superblock).
 * 1 found, 0 not there, <0 error. item may be NULL; receives BTRFS_ROOT_ITEM_SIZE bytes otherwise. */
int btrfs_reader_find_root(const struct btrfs_reader *r, u64 tree, u64 *logical, u8 *level, u8 *item) __must_check;
void btrfs_reader_free(struct btrfs_reader *r);

/* --- walks: all items of a tree in key order, every block checked on the way --- */

struct btrfs_walk;

struct btrfs_item {
	struct btrfs_key key;
	const u8 *data; /* valid until the next call on the walk */
	u32 size;
};

/* Called for each tree block that a walk enters, after its checks; may be NULL. 0, or <0 which ends the walk. */
typedef int (*btrfs_block_fn)(void *ctx, u64 logical, u64 owner, u8 level);

/* Begins at the first item with key >= *from (NULL: at the start). Checks checksum, header (fsid, address, owner,
 * level, generation, flags), key order inside and across blocks, item bounds, parent keys. */
int btrfs_walk_new(const struct btrfs_reader *r, u64 owner, u64 logical, u8 level, const struct btrfs_key *from,
		   btrfs_block_fn fn, void *ctx, struct btrfs_walk **out) __must_check;
int btrfs_walk_next(struct btrfs_walk *w, struct btrfs_item *item) __must_check; /* 1 got one, 0 end, <0 error */
void btrfs_walk_free(struct btrfs_walk *w);

#endif

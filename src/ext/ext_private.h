/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of this layer share. Inside the layer blocks are counted in file system blocks (names: block, lblk,
 * pblk, nr_blocks); bytes begin at the functions of ext.h.
 */
#ifndef EXT_EXT_PRIVATE_H
#define EXT_EXT_PRIVATE_H

#include <sys/types.h>
#include <sys/stat.h>
#include <ext2fs/ext2fs.h>

#include "base/arith.h"
#include "base/crc32c.h"
#include "base/endian.h"
#include "base/msg.h"
#include "base/status.h"
#include "ext/ext.h"
#include "ext/ext_ondisk.h"

#define EXT_FEATURES_SIZE 1024u

struct ext_xattr_ref;

struct ext_fs {
	struct dev *dev; /* borrowed */
	ext2_filsys lib;
	struct ext_super_disk super; /* as read at open */
	struct ext_info info;
	char features[EXT_FEATURES_SIZE];

	/* from the superblock, checked */
	u32 compat, incompat, ro_compat;
	u32 block_size;
	u32 block_bits; /* log2 of block_size */
	u64 nr_blocks;
	u32 nr_groups;
	u32 blocks_per_group, inodes_per_group;
	u32 inode_size, first_ino;
	u32 itable_blocks; /* of one group */
	u32 csum_seed;
	bool uninit_flags;  /* groups carry checksums, so their UNINIT flags and itable_unused hold */
	bool metadata_csum;

	/* buffers of one block each unless said otherwise; what is in them holds until the same kind is read again */
	u8 *node_buf;  /* EXT_EXTENT_MAX_DEPTH blocks: one for each level of a block map below the inode */
	u8 *dir_buf;   /* dir_buf_size bytes */
	u32 dir_buf_size;
	u8 *bitmap_buf;
	u8 *xattr_buf;
	u64 xattr_block; /* the verified attribute block in xattr_buf, 0: none */
	u8 *acl_buf;     /* two blocks: an ACL as getxattr(2) gives it */
	struct ext_xattr_ref *xattr_refs; /* scratch for one inode's attributes */
	u32 max_xattr_refs;
	u8 *special_buf; /* an inode read outside the iterator */

	bool warned_time;
};

/* --- ext_msg.c: the one form of all refusals --- */

/* "DEVICE: TEXT: the file system is inconsistent; run e2fsck -f DEVICE. Nothing was written."; ERR_CORRUPT */
int ext_corrupt(const struct ext_fs *fs, const char *fmt, ...) __printf(2, 3);
int ext_corrupt_inode(const struct ext_fs *fs, u32 ino, const char *fmt, ...) __printf(3, 4);

/* "DEVICE: TEXT; REMEDY. Nothing was written."; ERR_REFUSED. %s in remedy stands for the device's name. */
int ext_refuse(const struct ext_fs *fs, const char *remedy, const char *fmt, ...) __printf(3, 4);

#define EXT_REMEDY_FSCK "run e2fsck -f %s"
#define EXT_REMEDY_PREEN "run e2fsck -p %s"
#define EXT_REMEDY_COPY "copy the files to a file system made without it"

/* --- ext_io.c --- */

/* Opens dev with libext2fs, read-only. */
int ext_io_open(struct dev *dev, ext2_filsys *lib) __must_check;

/* Reads len bytes from the beginning of a block that lies in the file system. */
int ext_read_block(struct ext_fs *fs, u64 block, void *buf, u32 len) __must_check;

/* The same for len bytes at offset, all in one range of 64 KiB, past the page cache where the device allows it: what
 * another host may have written meanwhile. */
int ext_read_fresh(struct ext_fs *fs, u64 offset, void *buf, u32 len) __must_check;

/* --- ext_prefetch.c --- */

/* Collects blocks to prefetch, so that neighbours need one call. Zero it, add, flush. */
struct ext_prefetch {
	u64 block, nr_blocks;
};

void ext_prefetch_add(struct ext_fs *fs, struct ext_prefetch *p, u64 block, u64 nr_blocks);
void ext_prefetch_flush(struct ext_fs *fs, struct ext_prefetch *p);

/* Adds what walking the map, reading a directory or a target and reading attributes will need. */
void ext_prefetch_inode(struct ext_fs *fs, const struct ext_inode_disk *raw, struct ext_prefetch *p);

/* --- ext_super.c --- */

/* Reads and checks the superblock by itself, fills the fields of fs "from the superblock". */
int ext_super_read(struct ext_fs *fs) __must_check;
int ext_super_check(struct ext_fs *fs) __must_check;

/* --- ext_features.c --- */

int ext_features_check(struct ext_fs *fs) __must_check;
const char *ext_features_type(u32 compat, u32 incompat, u32 ro_compat);

/* --- ext_state.c --- */

/* What the superblock alone tells: recovery, errors, orphans, snapshots. */
int ext_state_check(struct ext_fs *fs) __must_check;

/* --- ext_special.c --- */

/* Journal, orphan file, MMP block and bad blocks: all need the block maps. */
int ext_special_check(struct ext_fs *fs) __must_check;
/* No other host has it mounted. */
int ext_mmp_check(struct ext_fs *fs) __must_check;

/* --- ext_signature.c --- */

int ext_signature_check(struct ext_fs *fs) __must_check;

/* --- ext_group.c --- */

struct ext_group {
	u64 first;     /* the group's first block */
	u32 nr_blocks; /* the last group may be shorter */
	u64 block_bitmap, inode_bitmap, itable;
	u32 nr_inodes; /* inodes that were ever in use: the inode table is initialised up to here */
	bool block_uninit, inode_uninit;
};

void ext_group_get(const struct ext_fs *fs, u32 group, struct ext_group *out);

/* Checksums, flags, places and disjointness of all descriptors. */
int ext_groups_check(struct ext_fs *fs) __must_check;

/* Blocks of the superblock and descriptor copies at the beginning of the group. */
u64 ext_group_base_blocks(const struct ext_fs *fs, u32 group);

/* --- ext_used.c --- */

/* The block or inode bitmap of a group, checksum verified, uninitialised ones made up; buf holds a block. */
int ext_block_bitmap_read(struct ext_fs *fs, u32 group, u8 *buf) __must_check;
int ext_inode_bitmap_read(struct ext_fs *fs, u32 group, u8 *buf) __must_check;

/* Whether any of the blocks is in use. */
int ext_blocks_used(struct ext_fs *fs, u64 block, u64 nr_blocks, bool *used) __must_check;

static inline bool ext_bit_test(const u8 *map, u32 bit)
{
	return map[bit >> 3] >> (bit & 7) & 1;
}

/* The first bit in [from, end) that is set (or clear, where set is false), or end. map is a multiple of 8 bytes. */
u32 ext_bit_find(const u8 *map, u32 from, u32 end, bool set);

/* --- ext_time.c --- */

/* A time from its seconds and its extra word (0 where the inode has none). */
struct time64 ext_time_decode(u32 sec, u32 extra);

/* Whether the words cannot come from a sound kernel: too many nanoseconds, or a year that old kernels wrote for one
 * before 1970. */
bool ext_time_odd(u32 sec, u32 extra);

/* --- ext_inode.c --- */

/* raw holds inode_size bytes and is left as it was. */
bool ext_inode_csum_ok(const struct ext_fs *fs, u32 ino, u8 *raw);

/* Checks and decodes a live inode. */
int ext_inode_decode(struct ext_fs *fs, u32 ino, const u8 *raw, struct ext_inode *out) __must_check;

/* Whether a reserved inode holds nothing: no mode, no links, no blocks. */
bool ext_inode_is_blank(const u8 *raw);

/* Reads one inode by number into special_buf; a blank one gives zeros. */
int ext_inode_read(struct ext_fs *fs, u32 ino, struct ext_inode *out) __must_check;

/* An inode that is no file: reserved, quota, orphan file. */
bool ext_inode_is_special(const struct ext_fs *fs, u32 ino);

/* Whether a number may stand in a directory entry. */
bool ext_inode_nr_ok(const struct ext_fs *fs, u32 ino);

/* Seed of the checksums of blocks that belong to an inode. */
u32 ext_inode_csum_seed(const struct ext_fs *fs, const struct ext_inode *inode);

static inline const struct ext_inode_disk *ext_inode_raw(const struct ext_inode *inode)
{
	return inode->raw;
}

/* --- ext_map.c --- */

struct ext_map_walk {
	struct ext_fs *fs;
	const struct ext_inode *inode;
	const struct ext_map_sink *sink;
	struct ext_run run;  /* not yet delivered, len 0: none; in bytes */
	u64 next_lblk;       /* all before is done */
	u64 nr_blocks;       /* blocks that the inode was seen to own */
	u64 max_blocks;      /* blocks that its block count allows */
	u64 written_end;     /* end of the last written block */
	u64 dense_end;       /* written without a hole up to here */
};

/* Adds a piece of the map; checks order, bounds and the block count. */
int ext_map_add(struct ext_map_walk *w, u64 lblk, u64 pblk, u64 nr_blocks, bool unwritten) __must_check;

/* Counts, delivers and reads a block of the map itself. */
int ext_map_tree(struct ext_map_walk *w, u64 pblk, u8 *buf) __must_check;

/* Whether a block number may be owned by an inode. */
bool ext_map_block_ok(const struct ext_fs *fs, u64 block, u64 nr_blocks);

/* Whether the inode has a block map at all. */
bool ext_map_exists(const struct ext_fs *fs, const struct ext_inode *inode);

/* --- ext_map_extent.c, ext_map_indirect.c --- */

int ext_map_walk_extents(struct ext_map_walk *w) __must_check;
int ext_map_walk_indirect(struct ext_map_walk *w) __must_check;

/* Adds the map's blocks that the inode names, and with contents also the data blocks. */
void ext_map_prefetch_extents(struct ext_fs *fs, const u8 *area, bool contents, struct ext_prefetch *p);
void ext_map_prefetch_indirect(struct ext_fs *fs, const u8 *area, bool contents, struct ext_prefetch *p);

/* --- ext_dir_index.c --- */

/* Whether a block of an indexed directory is part of the index; lblk 0 is its root. */
bool ext_dx_is_node(const struct ext_fs *fs, const u8 *block, u64 lblk);
bool ext_dx_csum_ok(const struct ext_fs *fs, u32 seed, const u8 *block, u64 lblk);

/* --- ext_acl.c --- */

/* An ACL as on disk to the form of getxattr(2), in fs->acl_buf: 0, 1 no entries, or ERR_CORRUPT without a message. */
int ext_acl_decode(struct ext_fs *fs, const u8 *value, u32 len, u32 *out_len) __must_check;

/* --- ext_xattr.c --- */

/* Allocates fs->xattr_refs. */
int ext_xattr_refs_new(struct ext_fs *fs) __must_check;

/* --- ext_xattr_block.c --- */

/* The attribute block of the inode into fs->xattr_buf, head and checksum verified. */
int ext_xattr_block_read(struct ext_fs *fs, const struct ext_inode *inode, u32 *refcount) __must_check;

/* --- ext_symlink.c --- */

/* The target lies in the inode. */
bool ext_symlink_is_fast(const struct ext_fs *fs, const struct ext_inode *inode);

#endif

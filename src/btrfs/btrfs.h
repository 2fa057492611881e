/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every part of this layer and its users share: parameters of the file system under construction, keys and
 * well-known ids. The layer knows nothing of ext.
 */
#ifndef BTRFS_BTRFS_H
#define BTRFS_BTRFS_H

#include "base/types.h"

enum btrfs_csum_type { BTRFS_CSUM_CRC32C, BTRFS_CSUM_XXHASH, BTRFS_CSUM_SHA256, BTRFS_CSUM_BLAKE2B };

#define BTRFS_CSUM_MAX 32u

/* incompat and compat_ro bits of the superblock */
#define BTRFS_INCOMPAT_MIXED_BACKREF ((u64)0x1)
#define BTRFS_INCOMPAT_BIG_METADATA ((u64)0x20)
#define BTRFS_INCOMPAT_EXTENDED_IREF ((u64)0x40)
#define BTRFS_INCOMPAT_SKINNY_METADATA ((u64)0x100)
#define BTRFS_INCOMPAT_NO_HOLES ((u64)0x200)
#define BTRFS_COMPAT_RO_FREE_SPACE_TREE ((u64)0x1)
#define BTRFS_COMPAT_RO_FREE_SPACE_TREE_VALID ((u64)0x2)
#define BTRFS_COMPAT_RO_BLOCK_GROUP_TREE ((u64)0x8)

/* tree ids and other objectids */
#define BTRFS_ROOT_TREE ((u64)1)
#define BTRFS_EXTENT_TREE ((u64)2)
#define BTRFS_CHUNK_TREE ((u64)3)
#define BTRFS_DEV_TREE ((u64)4)
#define BTRFS_FS_TREE ((u64)5)
#define BTRFS_ROOT_TREE_DIR ((u64)6)
#define BTRFS_CSUM_TREE ((u64)7)
#define BTRFS_UUID_TREE ((u64)9)
#define BTRFS_FREE_SPACE_TREE ((u64)10)
#define BTRFS_BLOCK_GROUP_TREE ((u64)11)
#define BTRFS_DATA_RELOC_TREE ((u64)-9)
#define BTRFS_FIRST_FREE ((u64)256)
#define BTRFS_CSUM_OBJECTID ((u64)-10)

/* item types */
#define BTRFS_INODE_ITEM 1
#define BTRFS_INODE_REF 12
#define BTRFS_INODE_EXTREF 13
#define BTRFS_XATTR_ITEM 24
#define BTRFS_DIR_ITEM 84
#define BTRFS_DIR_INDEX 96
#define BTRFS_EXTENT_DATA 108
#define BTRFS_EXTENT_CSUM 128
#define BTRFS_ROOT_ITEM 132
#define BTRFS_ROOT_BACKREF 144
#define BTRFS_ROOT_REF 156
#define BTRFS_EXTENT_ITEM 168
#define BTRFS_METADATA_ITEM 169
#define BTRFS_TREE_BLOCK_REF 176
#define BTRFS_EXTENT_DATA_REF 178
#define BTRFS_BLOCK_GROUP_ITEM 192
#define BTRFS_FREE_SPACE_INFO 198
#define BTRFS_FREE_SPACE_EXTENT 199
#define BTRFS_FREE_SPACE_BITMAP 200
#define BTRFS_DEV_EXTENT 204
#define BTRFS_DEV_ITEM 216
#define BTRFS_CHUNK_ITEM 228
#define BTRFS_PERSISTENT_ITEM 249
#define BTRFS_UUID_KEY_SUBVOL 251

/* chunk and block group type bits */
#define BTRFS_BLOCK_GROUP_DATA ((u64)1)
#define BTRFS_BLOCK_GROUP_SYSTEM ((u64)2)
#define BTRFS_BLOCK_GROUP_METADATA ((u64)4)
#define BTRFS_BLOCK_GROUP_DUP ((u64)0x20)

/* inode flags */
#define BTRFS_INODE_NODATASUM ((u64)0x1)
#define BTRFS_INODE_NODATACOW ((u64)0x2)
#define BTRFS_INODE_READONLY ((u64)0x4)
#define BTRFS_INODE_NOCOMPRESS ((u64)0x8)
#define BTRFS_INODE_PREALLOC ((u64)0x10)
#define BTRFS_INODE_SYNC ((u64)0x20)
#define BTRFS_INODE_IMMUTABLE ((u64)0x40)
#define BTRFS_INODE_APPEND ((u64)0x80)
#define BTRFS_INODE_NODUMP ((u64)0x100)
#define BTRFS_INODE_NOATIME ((u64)0x200)
#define BTRFS_INODE_DIRSYNC ((u64)0x400)
#define BTRFS_INODE_COMPRESS ((u64)0x800)

/* types of directory entries */
enum btrfs_file_type {
	BTRFS_FT_REG = 1, BTRFS_FT_DIR, BTRFS_FT_CHR, BTRFS_FT_BLK, BTRFS_FT_FIFO, BTRFS_FT_SOCK, BTRFS_FT_SYMLINK,
	BTRFS_FT_XATTR,
};

#define BTRFS_SUPER_SIZE 4096u
#define BTRFS_SUPER_PRIMARY (64 * KIB)
#define BTRFS_STRIPE_LEN (64 * KIB)
#define BTRFS_MAX_LEVEL 8
#define BTRFS_HEADER_SIZE 101u
#define BTRFS_ITEM_SIZE 25u
#define BTRFS_KEY_PTR_SIZE 33u

struct btrfs_key {
	u64 objectid;
	u8 type;
	u64 offset;
};

/* Parameters that are the same for all trees of one file system. */
struct btrfs_params {
	u32 nodesize;   /* 4096 ... 65536, power of two */
	enum btrfs_csum_type csum_type;
	u64 generation; /* one value for everything */
	u64 incompat;   /* BTRFS_INCOMPAT_* */
	u64 compat_ro;  /* BTRFS_COMPAT_RO_* */
	u8 fsid[16];
	u8 dev_uuid[16];
	u8 chunk_tree_uuid[16];
};

static inline bool btrfs_has_incompat(const struct btrfs_params *p, u64 bit)
{
	return (p->incompat & bit) != 0;
}

static inline bool btrfs_has_compat_ro(const struct btrfs_params *p, u64 bit)
{
	return (p->compat_ro & bit) != 0;
}

/* Bytes of a leaf that hold item headers and data. */
static inline u32 btrfs_leaf_space(u32 nodesize)
{
	return nodesize - BTRFS_HEADER_SIZE;
}

/* The largest data of one item. */
static inline u32 btrfs_max_item(u32 nodesize)
{
	return btrfs_leaf_space(nodesize) - BTRFS_ITEM_SIZE;
}

static inline u32 btrfs_ptrs_per_node(u32 nodesize)
{
	return btrfs_leaf_space(nodesize) / BTRFS_KEY_PTR_SIZE;
}

/* <0, 0, >0 as a sorts before, with, behind b: objectid, type, offset, all unsigned. */
static inline int btrfs_key_compare(const struct btrfs_key *a, const struct btrfs_key *b)
{
	if (a->objectid != b->objectid)
		return a->objectid < b->objectid ? -1 : 1;
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	return 0;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Encoders: one function for each kind of item, from native values to disk bytes. Each returns the number of bytes
 * written to buf; the caller provides room (the BTRFS_*_SIZE below plus name and data lengths). Nothing is allocated.
 */
#ifndef BTRFS_ITEM_H
#define BTRFS_ITEM_H

#include "btrfs/btrfs.h"

#define BTRFS_INODE_ITEM_SIZE 160u
#define BTRFS_ROOT_ITEM_SIZE 439u
#define BTRFS_INODE_REF_SIZE 10u     /* + name */
#define BTRFS_INODE_EXTREF_SIZE 18u  /* + name */
#define BTRFS_DIR_ITEM_SIZE 30u      /* + name + data */
#define BTRFS_FILE_EXTENT_SIZE 53u
#define BTRFS_INLINE_EXTENT_SIZE 21u /* + data */
#define BTRFS_EXTENT_ITEM_SIZE 24u   /* + inline references */
#define BTRFS_INLINE_DATA_REF_SIZE 29u
#define BTRFS_DATA_REF_SIZE 28u
#define BTRFS_METADATA_ITEM_BYTES 33u      /* skinny */
#define BTRFS_METADATA_ITEM_FAT_BYTES 51u  /* without SKINNY_METADATA */
#define BTRFS_BLOCK_GROUP_ITEM_SIZE 24u
#define BTRFS_FREE_SPACE_INFO_SIZE 8u
#define BTRFS_DEV_ITEM_BYTES 98u
#define BTRFS_DEV_EXTENT_SIZE 48u
#define BTRFS_CHUNK_SIZE 48u         /* + 32 for each stripe */
#define BTRFS_STRIPE_SIZE 32u
#define BTRFS_ROOT_REF_SIZE 18u      /* + name */
#define BTRFS_DEV_STATS_SIZE 40u

struct btrfs_inode {
	u64 size, nbytes;
	u32 nlink, uid, gid, mode;
	u32 rdev_major, rdev_minor;
	u64 flags;
	u64 sequence;
	struct time64 atime, ctime, mtime, otime;
};

u32 btrfs_inode_encode(void *buf, const struct btrfs_inode *inode, u64 generation);
u32 btrfs_inode_ref_encode(void *buf, u64 index, const char *name, u16 name_len);
u32 btrfs_inode_extref_encode(void *buf, u64 parent, u64 index, const char *name, u16 name_len);

/* DIR_ITEM and DIR_INDEX (data_len 0), and XATTR_ITEM (location all zero, type BTRFS_FT_XATTR, data the value). */
u32 btrfs_dir_item_encode(void *buf, const struct btrfs_key *location, u8 type, u64 transid, const char *name,
			  u16 name_len, const void *data, u16 data_len);

enum btrfs_extent_type { BTRFS_EXTENT_INLINE, BTRFS_EXTENT_REG, BTRFS_EXTENT_PREALLOC };

struct btrfs_file_extent {
	enum btrfs_extent_type type; /* REG or PREALLOC */
	u64 disk_bytenr;             /* of the whole EXTENT_ITEM; 0: a hole */
	u64 disk_num_bytes;
	u64 offset;                  /* into the extent */
	u64 num_bytes;
};

u32 btrfs_file_extent_encode(void *buf, const struct btrfs_file_extent *fe, u64 generation);
u32 btrfs_inline_extent_encode(void *buf, const void *data, u32 len, u64 generation);

struct btrfs_data_ref {
	u64 root, objectid, offset;
	u32 count;
};

/* EXTENT_ITEM of a data extent with nr references inline; puts them into the order of the format itself. */
u32 btrfs_data_extent_encode(void *buf, u64 generation, const struct btrfs_data_ref *refs, u32 nr);

/* METADATA_ITEM, or without SKINNY_METADATA the EXTENT_ITEM of a tree block (its first key is left zero, which all
 * readers accept); *key receives its key. */
u32 btrfs_metadata_item_encode(void *buf, const struct btrfs_params *params, u64 logical, u64 owner, u8 level,
			       struct btrfs_key *key);

u32 btrfs_block_group_encode(void *buf, u64 used, u64 type);
u32 btrfs_free_space_info_encode(void *buf, u32 extent_count, bool bitmaps);

struct btrfs_chunk {
	u64 logical, len;
	u64 type;          /* BTRFS_BLOCK_GROUP_* */
	u32 nr_stripes;    /* 1 or 2 */
	u64 physical[2];
};

u32 btrfs_chunk_encode(void *buf, const struct btrfs_chunk *chunk, const struct btrfs_params *params);
u32 btrfs_dev_extent_encode(void *buf, const struct btrfs_chunk *chunk, const struct btrfs_params *params);
u32 btrfs_dev_item_encode(void *buf, u64 total_bytes, u64 bytes_used, const struct btrfs_params *params);

struct btrfs_root_desc {
	u64 logical;
	u8 level;
	u64 nr_blocks;
	u64 root_dirid;   /* 256 for 5, 256 and the reloc tree, else 0 */
	bool subvolume;   /* ROOT_ITEM_INIT in the inode flags */
	bool read_only;
	u8 uuid[16];
	struct time64 time; /* ctime and otime */
};

u32 btrfs_root_item_encode(void *buf, const struct btrfs_root_desc *root, const struct btrfs_params *params);

/* ROOT_REF and ROOT_BACKREF. */
u32 btrfs_root_ref_encode(void *buf, u64 dirid, u64 sequence, const char *name, u16 name_len);

#endif

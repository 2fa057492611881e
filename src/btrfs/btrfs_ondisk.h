/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of btrfs: superblock, tree block headers and every item that is written or read here. All integers are
 * little-endian, all structs packed. "+0x08:" is the byte offset in the struct, followed by the meaning and the legal
 * values; "key" is (objectid, type, offset). Memory forms are in btrfs.h and btrfs_item.h.
 */
#ifndef BTRFS_ONDISK_H
#define BTRFS_ONDISK_H

#include "btrfs/btrfs.h"

#define BTRFS_UUID_SIZE 16
#define BTRFS_LABEL_SIZE 256
#define BTRFS_SYS_CHUNK_ARRAY_SIZE 2048
#define BTRFS_NR_BACKUP_ROOTS 4

/* "_BHRfS_M" */
#define BTRFS_MAGIC ((u64)0x4D5F53665248425F)
#define BTRFS_SUPER_FLAG_WRITTEN ((u64)1)

/* Header flags: WRITTEN, and backref revision 1 in the top byte. Kernels refuse blocks that lack either. */
#define BTRFS_HEADER_FLAG_WRITTEN ((u64)1)
#define BTRFS_HEADER_BACKREF_REV ((u64)1 << 56)

/* Ids in keys and items that no caller chooses. */
#define BTRFS_DEV_ITEMS_OBJECTID ((u64)1)
#define BTRFS_FIRST_CHUNK_OBJECTID ((u64)256)
#define BTRFS_DEVID ((u64)1)

#define BTRFS_EXTENT_FLAG_DATA ((u64)1)
#define BTRFS_EXTENT_FLAG_TREE_BLOCK ((u64)2)
#define BTRFS_FREE_SPACE_USING_BITMAPS ((u32)1)
#define BTRFS_ROOT_SUBVOL_RDONLY ((u64)1)
#define BTRFS_INODE_ROOT_ITEM_INIT ((u64)1 << 31)

struct btrfs_key_disk {
	le64 objectid; /* +0x00 */
	u8 type;       /* +0x08: BTRFS_*_ITEM, ... */
	le64 offset;   /* +0x09 */
} __packed;

struct btrfs_time_disk {
	le64 sec;  /* +0x00: signed, since 1970 */
	le32 nsec; /* +0x08: 0..999999999 */
} __packed;

/* --- tree blocks --- */

/* At the start of every tree block, of all trees. */
struct btrfs_header_disk {
	u8 csum[BTRFS_CSUM_MAX];               /* +0x00: of bytes 0x20..nodesize-1; rest of the field zero */
	u8 fsid[BTRFS_UUID_SIZE];              /* +0x20: that of the superblock */
	le64 bytenr;                           /* +0x30: own logical address */
	le64 flags;                            /* +0x38: BTRFS_HEADER_FLAG_WRITTEN | BTRFS_HEADER_BACKREF_REV */
	u8 chunk_tree_uuid[BTRFS_UUID_SIZE];   /* +0x40: the same in all blocks */
	le64 generation;                       /* +0x50: 1..generation of the superblock */
	le64 owner;                            /* +0x58: id of the tree */
	le32 nritems;                          /* +0x60: items or key pointers */
	u8 level;                              /* +0x64: 0 (leaf)..7 */
} __packed;

/* In a leaf: array behind the header, ascending keys. Data is packed from the end of the block down, without gaps. */
struct btrfs_item_disk {
	struct btrfs_key_disk key; /* +0x00 */
	le32 offset;               /* +0x11: of the data, counted from the end of the header */
	le32 size;                 /* +0x15: of the data */
} __packed;

/* In a node: array behind the header, ascending keys. */
struct btrfs_key_ptr_disk {
	struct btrfs_key_disk key; /* +0x00: first key of the child */
	le64 blockptr;             /* +0x11: logical address of the child, multiple of the sector */
	le64 generation;           /* +0x19: that of the child's header */
} __packed;

/* --- chunks and devices --- */

struct btrfs_stripe_disk {
	le64 devid;                   /* +0x00: BTRFS_DEVID */
	le64 offset;                  /* +0x08: physical address */
	u8 dev_uuid[BTRFS_UUID_SIZE]; /* +0x10: uuid of the DEV_ITEM */
} __packed;

/*
 * Key: (BTRFS_FIRST_CHUNK_OBJECTID, CHUNK_ITEM, logical address)
 * Tree: chunk; SYSTEM chunks in the superblock's array as well. Followed by num_stripes stripes.
 */
struct btrfs_chunk_disk {
	le64 length;      /* +0x00: of one copy, multiple of the sector, below 256 GiB */
	le64 owner;       /* +0x08: BTRFS_EXTENT_TREE */
	le64 stripe_len;  /* +0x10: BTRFS_STRIPE_LEN */
	le64 type;        /* +0x18: exactly one of DATA, SYSTEM, METADATA; DUP or no profile */
	le32 io_align;    /* +0x20: BTRFS_STRIPE_LEN */
	le32 io_width;    /* +0x24: BTRFS_STRIPE_LEN */
	le32 sector_size; /* +0x28: 4096 */
	le16 num_stripes; /* +0x2c: 1, or 2 with DUP */
	le16 sub_stripes; /* +0x2e: 1 */
} __packed;

/*
 * Key: (BTRFS_DEV_ITEMS_OBJECTID, DEV_ITEM, devid)
 * Tree: chunk; a copy in the superblock.
 */
struct btrfs_dev_item_disk {
	le64 devid;               /* +0x00: BTRFS_DEVID */
	le64 total_bytes;         /* +0x08: multiple of the sector, at most the size of the block device */
	le64 bytes_used;          /* +0x10: sum of all DEV_EXTENT lengths (both copies of DUP) */
	le32 io_align;            /* +0x18: 4096 */
	le32 io_width;            /* +0x1c: 4096 */
	le32 sector_size;         /* +0x20: 4096 */
	le64 type;                /* +0x24: 0 */
	le64 generation;          /* +0x2c: 0 */
	le64 start_offset;        /* +0x34: 0 */
	le32 dev_group;           /* +0x3c: 0 */
	u8 seek_speed;            /* +0x40: 0 */
	u8 bandwidth;             /* +0x41: 0 */
	u8 uuid[BTRFS_UUID_SIZE]; /* +0x42: of the device */
	u8 fsid[BTRFS_UUID_SIZE]; /* +0x52: of the file system */
} __packed;

/*
 * Key: (devid, DEV_EXTENT, physical address)
 * Tree: dev. One for each stripe.
 */
struct btrfs_dev_extent_disk {
	le64 chunk_tree;                     /* +0x00: BTRFS_CHUNK_TREE */
	le64 chunk_objectid;                 /* +0x08: BTRFS_FIRST_CHUNK_OBJECTID */
	le64 chunk_offset;                   /* +0x10: logical address of the chunk */
	le64 length;                         /* +0x18: length of the chunk */
	u8 chunk_tree_uuid[BTRFS_UUID_SIZE]; /* +0x20: as in the headers */
} __packed;

/*
 * Key: (0, PERSISTENT_ITEM, devid)
 * Tree: dev. Optional.
 */
struct btrfs_dev_stats_disk {
	le64 values[5]; /* +0x00: error counters: write, read, flush, corruption, generation */
} __packed;

/* --- extents and space --- */

/*
 * Key: data (address, EXTENT_ITEM, length); tree block (address, METADATA_ITEM, level), or (address, EXTENT_ITEM,
 * nodesize) without SKINNY_METADATA
 * Tree: extent. Followed by the tree block info (only without SKINNY_METADATA), then inline references.
 */
struct btrfs_extent_item_disk {
	le64 refs;       /* +0x00: sum of the counts of all references, inline and keyed */
	le64 generation; /* +0x08 */
	le64 flags;      /* +0x10: BTRFS_EXTENT_FLAG_* */
} __packed;

struct btrfs_tree_block_info_disk {
	struct btrfs_key_disk key; /* +0x00: first key of the block; not validated by any reader */
	u8 level;                  /* +0x11 */
} __packed;

/* Inline reference to a tree block, in descending order of root. */
struct btrfs_inline_tree_ref_disk {
	u8 type;   /* +0x00: BTRFS_TREE_BLOCK_REF */
	le64 root; /* +0x01: id of the owning tree */
} __packed;

/*
 * Key, when not inline: (address of the extent, EXTENT_DATA_REF, btrfs_data_ref_hash())
 * Tree: extent.
 */
struct btrfs_data_ref_disk {
	le64 root;     /* +0x00: file tree: 5 or 256...2^64-256 */
	le64 objectid; /* +0x08: inode */
	le64 offset;   /* +0x10: position in the file minus offset into the extent, modulo 2^64 */
	le32 count;    /* +0x18: file extent items with these three values, not 0 */
} __packed;

/* Inline reference to a data extent, strictly descending by btrfs_data_ref_hash(). */
struct btrfs_inline_data_ref_disk {
	u8 type;                        /* +0x00: BTRFS_EXTENT_DATA_REF */
	struct btrfs_data_ref_disk ref; /* +0x01 */
} __packed;

/*
 * Key: (address of the chunk, BLOCK_GROUP_ITEM, length)
 * Tree: extent, or block group with BLOCK_GROUP_TREE.
 */
struct btrfs_block_group_disk {
	le64 used;           /* +0x00: sum of the extents in it, at most its length */
	le64 chunk_objectid; /* +0x08: BTRFS_FIRST_CHUNK_OBJECTID */
	le64 flags;          /* +0x10: type of the chunk */
} __packed;

/*
 * Key: (address of the block group, FREE_SPACE_INFO, length)
 * Tree: free space. The free runs follow as (start, FREE_SPACE_EXTENT, length) without data, or as
 * (start, FREE_SPACE_BITMAP, span) with a bit for each sector, 1 = free, least significant bit first.
 */
struct btrfs_free_space_info_disk {
	le32 extent_count; /* +0x00: maximal free runs, in both forms */
	le32 flags;        /* +0x04: 0 or BTRFS_FREE_SPACE_USING_BITMAPS */
} __packed;

/*
 * Key: (BTRFS_CSUM_OBJECTID, EXTENT_CSUM, logical address)
 * Tree: csum. Data: one digest of csum_size bytes for each sector, no struct.
 */

/* --- file trees --- */

/*
 * Key: (inode, INODE_ITEM, 0)
 * Tree: file trees, data reloc; root tree (only inode 6).
 */
struct btrfs_inode_item_disk {
	le64 generation;              /* +0x00: 1..generation of the superblock + 1 */
	le64 transid;                 /* +0x08: as generation */
	le64 size;                    /* +0x10: directories: twice the sum of the name lengths */
	le64 nbytes;                  /* +0x18: bytes of extents without holes */
	le64 block_group;             /* +0x20: 0 */
	le32 nlink;                   /* +0x28: directories exactly 1 */
	le32 uid;                     /* +0x2c */
	le32 gid;                     /* +0x30 */
	le32 mode;                    /* +0x34: S_IFMT | 07777 */
	le64 rdev;                    /* +0x38: major << 20 | minor */
	le64 flags;                   /* +0x40: BTRFS_INODE_* */
	le64 sequence;                /* +0x48: 0 */
	le64 reserved[4];             /* +0x50: 0 */
	struct btrfs_time_disk atime; /* +0x70 */
	struct btrfs_time_disk ctime; /* +0x7c */
	struct btrfs_time_disk mtime; /* +0x88 */
	struct btrfs_time_disk otime; /* +0x94: creation */
} __packed;

/*
 * Key: (inode, INODE_REF, parent inode)
 * Tree: file trees; root tree for names of roots. Repeated for each name of the inode in that parent.
 */
struct btrfs_inode_ref_disk {
	le64 index;    /* +0x00: offset of the DIR_INDEX; 0 for ".." */
	le16 name_len; /* +0x08: 1..255; the name follows */
} __packed;

/*
 * Key: (inode, INODE_EXTREF, btrfs_extref_hash())
 * Tree: file trees. Repeated; for names that INODE_REF has no room for.
 */
struct btrfs_inode_extref_disk {
	le64 parent;   /* +0x00: inode of the parent */
	le64 index;    /* +0x08: offset of the DIR_INDEX */
	le16 name_len; /* +0x10: 1..255; the name follows */
} __packed;

/*
 * Key: (directory, DIR_ITEM, btrfs_name_hash()), (directory, DIR_INDEX, index from 2), (inode, XATTR_ITEM,
 * btrfs_name_hash())
 * Tree: file trees; root tree (only DIR_ITEM of inode 6). DIR_ITEM and XATTR_ITEM repeat for names of equal hash.
 */
struct btrfs_dir_item_disk {
	struct btrfs_key_disk location; /* +0x00: (inode, INODE_ITEM, 0) or (subvolume, ROOT_ITEM, -1); xattr: 0 */
	le64 transid;                   /* +0x11 */
	le16 data_len;                  /* +0x19: xattr: length of the value; else 0 */
	le16 name_len;                  /* +0x1b: 1..255; name, then value follow */
	u8 type;                        /* +0x1d: enum btrfs_file_type */
} __packed;

/*
 * Key: (inode, EXTENT_DATA, position in the file)
 * Tree: file trees. An inline extent has the first 21 bytes only, then the data.
 */
struct btrfs_file_extent_disk {
	le64 generation;     /* +0x00 */
	le64 ram_bytes;      /* +0x08: inline: length of the data; else disk_num_bytes; hole: num_bytes */
	u8 compression;      /* +0x10: 0 */
	u8 encryption;       /* +0x11: 0 */
	le16 other_encoding; /* +0x12: 0 */
	u8 type;             /* +0x14: enum btrfs_extent_type */
	le64 disk_bytenr;    /* +0x15: key of the EXTENT_ITEM; 0: hole */
	le64 disk_num_bytes; /* +0x1d: length of the EXTENT_ITEM */
	le64 offset;         /* +0x25: into the extent; offset + num_bytes <= ram_bytes */
	le64 num_bytes;      /* +0x2d: in the file, multiple of the sector, not 0 */
} __packed;

/* --- roots --- */

/*
 * Key: (tree, ROOT_ITEM, 0)
 * Tree: root.
 */
struct btrfs_root_item_disk {
	struct btrfs_inode_item_disk inode;   /* +0x000: generation 1, size 3, nbytes nodesize, nlink 1, mode 040755 */
	le64 generation;                      /* +0x0a0: that of the root block's header */
	le64 root_dirid;                      /* +0x0a8: 256 for trees with inodes, else 0 */
	le64 bytenr;                          /* +0x0b0: logical address of the root block */
	le64 byte_limit;                      /* +0x0b8: 0 */
	le64 bytes_used;                      /* +0x0c0: blocks of the tree in bytes */
	le64 last_snapshot;                   /* +0x0c8: 0 */
	le64 flags;                           /* +0x0d0: 0 or BTRFS_ROOT_SUBVOL_RDONLY */
	le32 refs;                            /* +0x0d8: 1 */
	struct btrfs_key_disk drop_progress;  /* +0x0dc: 0 */
	u8 drop_level;                        /* +0x0ed: 0 */
	u8 level;                             /* +0x0ee: of the root block */
	le64 generation_v2;                   /* +0x0ef: as generation, or the fields below are ignored */
	u8 uuid[BTRFS_UUID_SIZE];             /* +0x0f7: of the subvolume, in the UUID tree */
	u8 parent_uuid[BTRFS_UUID_SIZE];      /* +0x107: 0 */
	u8 received_uuid[BTRFS_UUID_SIZE];    /* +0x117: 0 */
	le64 ctransid;                        /* +0x127: generation of the last change */
	le64 otransid;                        /* +0x12f: generation of the creation */
	le64 stransid;                        /* +0x137: 0 */
	le64 rtransid;                        /* +0x13f: 0 */
	struct btrfs_time_disk ctime;         /* +0x147 */
	struct btrfs_time_disk otime;         /* +0x153 */
	struct btrfs_time_disk stime;         /* +0x15f: 0 */
	struct btrfs_time_disk rtime;         /* +0x16b: 0 */
	le64 reserved[8];                     /* +0x177: 0 */
} __packed;

/*
 * Key: (parent tree, ROOT_REF, subvolume) and (subvolume, ROOT_BACKREF, parent tree)
 * Tree: root.
 */
struct btrfs_root_ref_disk {
	le64 dirid;    /* +0x00: directory in the parent tree */
	le64 sequence; /* +0x08: offset of the DIR_INDEX */
	le16 name_len; /* +0x10: 1..255; the name follows */
} __packed;

/*
 * Key: (first 8 bytes of the uuid, UUID_KEY_SUBVOL, last 8 bytes)
 * Tree: uuid.
 */
struct btrfs_uuid_item_disk {
	le64 subvolume; /* +0x00 */
} __packed;

/* --- superblock --- */

/* Roots of an earlier generation, for recovery. All zero: none. */
struct btrfs_root_backup_disk {
	le64 tree_root;       /* +0x00 */
	le64 tree_root_gen;   /* +0x08 */
	le64 chunk_root;      /* +0x10 */
	le64 chunk_root_gen;  /* +0x18 */
	le64 extent_root;     /* +0x20 */
	le64 extent_root_gen; /* +0x28 */
	le64 fs_root;         /* +0x30 */
	le64 fs_root_gen;     /* +0x38 */
	le64 dev_root;        /* +0x40 */
	le64 dev_root_gen;    /* +0x48 */
	le64 csum_root;       /* +0x50 */
	le64 csum_root_gen;   /* +0x58 */
	le64 total_bytes;     /* +0x60 */
	le64 bytes_used;      /* +0x68 */
	le64 num_devices;     /* +0x70 */
	le64 unused[4];       /* +0x78: 0 */
	u8 tree_level;        /* +0x98 */
	u8 chunk_level;       /* +0x99 */
	u8 extent_level;      /* +0x9a */
	u8 fs_level;          /* +0x9b */
	u8 dev_level;         /* +0x9c */
	u8 csum_level;        /* +0x9d */
	u8 unused_levels[10]; /* +0x9e: 0 */
} __packed;

/* At 64 KiB, 64 MiB and 256 GiB of the device; copies differ in csum and bytenr only. */
struct btrfs_super_disk {
	u8 csum[BTRFS_CSUM_MAX];             /* +0x000: of bytes 0x20..0xfff; rest of the field zero */
	u8 fsid[BTRFS_UUID_SIZE];            /* +0x020 */
	le64 bytenr;                         /* +0x030: own physical address */
	le64 flags;                          /* +0x038: BTRFS_SUPER_FLAG_WRITTEN */
	le64 magic;                          /* +0x040: BTRFS_MAGIC */
	le64 generation;                     /* +0x048: that of the root tree's root block */
	le64 root;                           /* +0x050: logical address of the root tree */
	le64 chunk_root;                     /* +0x058: logical address of the chunk tree */
	le64 log_root;                       /* +0x060: 0: no log to replay */
	le64 log_root_transid;               /* +0x068: 0 */
	le64 total_bytes;                    /* +0x070: as in dev_item */
	le64 bytes_used;                     /* +0x078: sum over all block groups, at least 6 * nodesize */
	le64 root_dir_objectid;              /* +0x080: BTRFS_ROOT_TREE_DIR */
	le64 num_devices;                    /* +0x088: 1 */
	le32 sectorsize;                     /* +0x090: 4096 */
	le32 nodesize;                       /* +0x094: power of two, 4096..65536 */
	le32 leafsize;                       /* +0x098: as nodesize */
	le32 stripesize;                     /* +0x09c: 4096 */
	le32 sys_chunk_array_size;           /* +0x0a0: bytes in use, 97..2048 */
	le64 chunk_root_generation;          /* +0x0a4: that of the chunk tree's root block */
	le64 compat_flags;                   /* +0x0ac: 0 */
	le64 compat_ro_flags;                /* +0x0b4: BTRFS_COMPAT_RO_* */
	le64 incompat_flags;                 /* +0x0bc: BTRFS_INCOMPAT_* */
	le16 csum_type;                      /* +0x0c4: enum btrfs_csum_type */
	u8 root_level;                       /* +0x0c6: 0..7 */
	u8 chunk_root_level;                 /* +0x0c7: 0..7 */
	u8 log_root_level;                   /* +0x0c8: 0 */
	struct btrfs_dev_item_disk dev_item; /* +0x0c9: the same bytes as in the chunk tree */
	char label[BTRFS_LABEL_SIZE];        /* +0x12b: NUL-terminated */
	le64 cache_generation;               /* +0x22b: 0: no v1 space cache */
	le64 uuid_tree_generation;           /* +0x233: generation when the UUID tree is complete, else 0 */
	u8 metadata_uuid[BTRFS_UUID_SIZE];   /* +0x23b: 0 or fsid */
	le64 nr_global_roots;                /* +0x24b: 0 */
	le64 remap_root;                     /* +0x253: 0 */
	le64 remap_root_generation;          /* +0x25b: 0 */
	u8 remap_root_level;                 /* +0x263: 0 */
	u8 reserved[199];                    /* +0x264: 0 */
	/* +0x32b: for each SYSTEM chunk its key, chunk and stripes */
	u8 sys_chunk_array[BTRFS_SYS_CHUNK_ARRAY_SIZE];
	struct btrfs_root_backup_disk backups[BTRFS_NR_BACKUP_ROOTS]; /* +0xb2b */
	u8 padding[565];                     /* +0xdcb: 0 */
} __packed;

static_assert(sizeof(struct btrfs_key_disk) == 17, "key");
static_assert(sizeof(struct btrfs_time_disk) == 12, "time");

static_assert(sizeof(struct btrfs_header_disk) == BTRFS_HEADER_SIZE, "header");
static_assert(offsetof(struct btrfs_header_disk, flags) == 0x38, "header flags");
static_assert(offsetof(struct btrfs_header_disk, nritems) == 0x60, "header nritems");
static_assert(sizeof(struct btrfs_item_disk) == BTRFS_ITEM_SIZE, "item");
static_assert(offsetof(struct btrfs_item_disk, size) == 0x15, "item size");
static_assert(sizeof(struct btrfs_key_ptr_disk) == BTRFS_KEY_PTR_SIZE, "key pointer");
static_assert(offsetof(struct btrfs_key_ptr_disk, generation) == 0x19, "key pointer generation");

static_assert(sizeof(struct btrfs_stripe_disk) == 32, "stripe");
static_assert(sizeof(struct btrfs_chunk_disk) == 48, "chunk");
static_assert(offsetof(struct btrfs_chunk_disk, type) == 0x18, "chunk type");
static_assert(offsetof(struct btrfs_chunk_disk, num_stripes) == 0x2c, "chunk num_stripes");
static_assert(sizeof(struct btrfs_dev_item_disk) == 98, "dev item");
static_assert(offsetof(struct btrfs_dev_item_disk, sector_size) == 0x20, "dev item sector_size");
static_assert(offsetof(struct btrfs_dev_item_disk, uuid) == 0x42, "dev item uuid");
static_assert(sizeof(struct btrfs_dev_extent_disk) == 48, "dev extent");
static_assert(offsetof(struct btrfs_dev_extent_disk, length) == 0x18, "dev extent length");
static_assert(sizeof(struct btrfs_dev_stats_disk) == 40, "dev stats");

static_assert(sizeof(struct btrfs_extent_item_disk) == 24, "extent item");
static_assert(offsetof(struct btrfs_extent_item_disk, flags) == 0x10, "extent item flags");
static_assert(sizeof(struct btrfs_tree_block_info_disk) == 18, "tree block info");
static_assert(sizeof(struct btrfs_inline_tree_ref_disk) == 9, "inline tree ref");
static_assert(sizeof(struct btrfs_data_ref_disk) == 28, "data ref");
static_assert(offsetof(struct btrfs_data_ref_disk, count) == 0x18, "data ref count");
static_assert(sizeof(struct btrfs_inline_data_ref_disk) == 29, "inline data ref");
static_assert(sizeof(struct btrfs_block_group_disk) == 24, "block group");
static_assert(sizeof(struct btrfs_free_space_info_disk) == 8, "free space info");

static_assert(sizeof(struct btrfs_inode_item_disk) == 160, "inode item");
static_assert(offsetof(struct btrfs_inode_item_disk, mode) == 0x34, "inode mode");
static_assert(offsetof(struct btrfs_inode_item_disk, atime) == 0x70, "inode atime");
static_assert(offsetof(struct btrfs_inode_item_disk, otime) == 0x94, "inode otime");
static_assert(sizeof(struct btrfs_inode_ref_disk) == 10, "inode ref");
static_assert(sizeof(struct btrfs_inode_extref_disk) == 18, "inode extref");
static_assert(sizeof(struct btrfs_dir_item_disk) == 30, "dir item");
static_assert(offsetof(struct btrfs_dir_item_disk, data_len) == 0x19, "dir item data_len");
static_assert(offsetof(struct btrfs_dir_item_disk, type) == 0x1d, "dir item type");
static_assert(sizeof(struct btrfs_file_extent_disk) == 53, "file extent");
static_assert(offsetof(struct btrfs_file_extent_disk, type) == 0x14, "file extent type");
static_assert(offsetof(struct btrfs_file_extent_disk, disk_bytenr) == 0x15, "inline data begins here");

static_assert(sizeof(struct btrfs_root_item_disk) == 439, "root item");
static_assert(offsetof(struct btrfs_root_item_disk, bytenr) == 0xb0, "root item bytenr");
static_assert(offsetof(struct btrfs_root_item_disk, level) == 0xee, "root item level");
static_assert(offsetof(struct btrfs_root_item_disk, ctime) == 0x147, "root item ctime");
static_assert(sizeof(struct btrfs_root_ref_disk) == 18, "root ref");
static_assert(sizeof(struct btrfs_uuid_item_disk) == 8, "uuid item");

static_assert(sizeof(struct btrfs_root_backup_disk) == 168, "root backup");
static_assert(offsetof(struct btrfs_root_backup_disk, tree_level) == 0x98, "root backup levels");
static_assert(sizeof(struct btrfs_super_disk) == BTRFS_SUPER_SIZE, "superblock");
static_assert(offsetof(struct btrfs_super_disk, magic) == 0x40, "superblock magic");
static_assert(offsetof(struct btrfs_super_disk, incompat_flags) == 0xbc, "superblock incompat_flags");
static_assert(offsetof(struct btrfs_super_disk, dev_item) == 0xc9, "superblock dev_item");
static_assert(offsetof(struct btrfs_super_disk, label) == 0x12b, "superblock label");
static_assert(offsetof(struct btrfs_super_disk, metadata_uuid) == 0x23b, "superblock metadata_uuid");
static_assert(offsetof(struct btrfs_super_disk, sys_chunk_array) == 0x32b, "superblock sys_chunk_array");
static_assert(offsetof(struct btrfs_super_disk, backups) == 0xb2b, "superblock backups");

#endif

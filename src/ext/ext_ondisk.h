/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The on-disk format of ext2/3/4, as far as this layer reads it itself. All fields little-endian; only the journal's
 * superblock is big-endian and is read with get_be32.
 */
#ifndef EXT_EXT_ONDISK_H
#define EXT_EXT_ONDISK_H

#include "base/types.h"

#define EXT_SUPER_OFFSET 1024u
#define EXT_SUPER_SIZE 1024u
#define EXT_SUPER_MAGIC 0xEF53u

/* ext_super_disk.state */
#define EXT_STATE_VALID 0x01u
#define EXT_STATE_ERROR 0x02u
#define EXT_STATE_ORPHAN 0x04u
#define EXT_STATE_FC_REPLAY 0x20u

#define EXT_OS_HURD 1u
#define EXT_DEFAULT_UID16 0x10u /* ext_super_disk.default_mount_opts */
#define EXT_CHECKSUM_CRC32C 1u

#define EXT_REV0_FIRST_INO 11u
#define EXT_REV0_INODE_SIZE 128u

/* Reserved inode numbers. */
#define EXT_BAD_INO 1u
#define EXT_USR_QUOTA_INO 3u
#define EXT_GRP_QUOTA_INO 4u
#define EXT_BOOT_LOADER_INO 5u
#define EXT_RESIZE_INO 7u
#define EXT_JOURNAL_INO 8u

/* Feature bits that change how this layer reads. */
#define EXT_COMPAT_HAS_JOURNAL 0x0004u
#define EXT_COMPAT_RESIZE_INODE 0x0010u
#define EXT_COMPAT_ORPHAN_FILE 0x1000u
#define EXT_INCOMPAT_FILETYPE 0x0002u
#define EXT_INCOMPAT_RECOVER 0x0004u
#define EXT_INCOMPAT_META_BG 0x0010u
#define EXT_INCOMPAT_EXTENTS 0x0040u
#define EXT_INCOMPAT_64BIT 0x0080u
#define EXT_INCOMPAT_MMP 0x0100u
#define EXT_INCOMPAT_FLEX_BG 0x0200u
#define EXT_INCOMPAT_CSUM_SEED 0x2000u
#define EXT_INCOMPAT_LARGEDIR 0x4000u
#define EXT_RO_LARGE_FILE 0x0002u
#define EXT_RO_HUGE_FILE 0x0008u
#define EXT_RO_GDT_CSUM 0x0010u
#define EXT_RO_DIR_NLINK 0x0020u
#define EXT_RO_EXTRA_ISIZE 0x0040u
#define EXT_RO_QUOTA 0x0100u
#define EXT_RO_METADATA_CSUM 0x0400u
#define EXT_RO_PROJECT 0x2000u
#define EXT_RO_ORPHAN_PRESENT 0x10000u

/* The superblock, 1024 bytes at byte 1024. */
struct ext_super_disk {
	le32 inodes_count;        /* +0x00: groups * inodes_per_group */
	le32 blocks_count_lo;     /* +0x04 */
	le32 r_blocks_count_lo;   /* +0x08 */
	le32 free_blocks_lo;      /* +0x0C */
	le32 free_inodes;         /* +0x10 */
	le32 first_data_block;    /* +0x14: 0 unless blocks are 1 KiB */
	le32 log_block_size;      /* +0x18: block size is 1024 << this, 0..6 */
	le32 log_cluster_size;    /* +0x1C */
	le32 blocks_per_group;    /* +0x20: multiple of 8, at most 8 * block size */
	le32 clusters_per_group;  /* +0x24 */
	le32 inodes_per_group;    /* +0x28: multiple of 8, at most 8 * block size */
	le32 mtime;               /* +0x2C */
	le32 wtime;               /* +0x30 */
	u8 mnt_counts[4];         /* +0x34 */
	le16 magic;               /* +0x38 */
	le16 state;               /* +0x3A */
	u8 errors_minor[4];       /* +0x3C */
	u8 check_times[8];        /* +0x40 */
	le32 creator_os;          /* +0x48 */
	le32 rev_level;           /* +0x4C: 0 or 1 */
	u8 def_res[4];            /* +0x50 */
	le32 first_ino;           /* +0x54: revision 1 only */
	le16 inode_size;          /* +0x58: revision 1 only; power of two, 128..block size */
	le16 block_group_nr;      /* +0x5A */
	le32 feature_compat;      /* +0x5C */
	le32 feature_incompat;    /* +0x60 */
	le32 feature_ro_compat;   /* +0x64 */
	u8 uuid[16];              /* +0x68 */
	u8 volume_name[16];       /* +0x78 */
	u8 last_mounted[64];      /* +0x88 */
	le32 algorithm_bitmap;    /* +0xC8 */
	u8 prealloc_blocks;       /* +0xCC */
	u8 prealloc_dir_blocks;   /* +0xCD: blocks that a directory may own past its size */
	le16 reserved_gdt_blocks; /* +0xCE */
	u8 journal_uuid[16];      /* +0xD0 */
	le32 journal_inum;        /* +0xE0: 0 with an external journal */
	le32 journal_dev;         /* +0xE4 */
	le32 last_orphan;         /* +0xE8 */
	u8 hash_seed[16];         /* +0xEC */
	u8 def_hash_version;      /* +0xFC */
	u8 jnl_backup_type;       /* +0xFD */
	le16 desc_size;           /* +0xFE: with 64bit, power of two, 64..1024 */
	le32 default_mount_opts;  /* +0x100 */
	le32 first_meta_bg;       /* +0x104 */
	le32 mkfs_time;           /* +0x108 */
	u8 jnl_blocks[68];        /* +0x10C */
	le32 blocks_count_hi;     /* +0x150: with 64bit */
	le32 r_blocks_count_hi;   /* +0x154 */
	le32 free_blocks_hi;      /* +0x158 */
	u8 isizes[4];             /* +0x15C */
	le32 flags;               /* +0x160 */
	le16 raid_stride;         /* +0x164 */
	le16 mmp_interval;        /* +0x166 */
	le64 mmp_block;           /* +0x168 */
	le32 raid_stripe_width;   /* +0x170 */
	u8 log_groups_per_flex;   /* +0x174 */
	u8 checksum_type;         /* +0x175: 1 with metadata_csum */
	u8 encryption_level;      /* +0x176 */
	u8 pad_177;               /* +0x177 */
	le64 kbytes_written;      /* +0x178 */
	le32 snapshot_inum;       /* +0x180 */
	u8 snapshot_id[12];       /* +0x184 */
	le32 snapshot_list;       /* +0x190 */
	le32 error_count;         /* +0x194 */
	u8 error_log[168];        /* +0x198 */
	le32 usr_quota_inum;      /* +0x240 */
	le32 grp_quota_inum;      /* +0x244 */
	u8 pad_248[36];           /* +0x248 */
	le32 prj_quota_inum;      /* +0x26C */
	le32 checksum_seed;       /* +0x270: with metadata_csum_seed */
	u8 wtime_hi;              /* +0x274 */
	u8 pad_275[11];           /* +0x275 */
	le32 orphan_file_inum;    /* +0x280: with orphan_file */
	u8 pad_284[376];          /* +0x284 */
	le32 checksum;            /* +0x3FC: crc32c of all before, with metadata_csum */
} __packed;

static_assert(sizeof(struct ext_super_disk) == EXT_SUPER_SIZE, "superblock size");
static_assert(offsetof(struct ext_super_disk, feature_compat) == 0x5C, "feature words");
static_assert(offsetof(struct ext_super_disk, jnl_blocks) == 0x10C, "journal backup");
static_assert(offsetof(struct ext_super_disk, mmp_block) == 0x168, "MMP block");
static_assert(offsetof(struct ext_super_disk, orphan_file_inum) == 0x280, "orphan file");

#define EXT_NR_BLOCK_PTRS 15u
#define EXT_NR_DIRECT 12u
#define EXT_DIND 13u
#define EXT_BLOCK_AREA 60u /* bytes of ext_inode_disk.block */

/* The inode; the fields from extra_isize on are there when inode size and extra_isize reach over them. */
struct ext_inode_disk {
	le16 mode;            /* +0x00 */
	le16 uid_lo;          /* +0x02 */
	le32 size_lo;         /* +0x04 */
	le32 atime;           /* +0x08 */
	le32 ctime;           /* +0x0C */
	le32 mtime;           /* +0x10 */
	le32 dtime;           /* +0x14 */
	le16 gid_lo;          /* +0x18 */
	le16 links_count;     /* +0x1A */
	le32 blocks_lo;       /* +0x1C: 512-byte units, or blocks with flag HUGE_FILE */
	le32 flags;           /* +0x20 */
	le32 version_lo;      /* +0x24 */
	u8 block[EXT_BLOCK_AREA]; /* +0x28: block map, extent root, target of a fast symlink, or device number */
	le32 generation;      /* +0x64 */
	le32 file_acl_lo;     /* +0x68 */
	le32 size_hi;         /* +0x6C */
	le32 faddr;           /* +0x70 */
	le16 blocks_hi;       /* +0x74: with huge_file */
	le16 file_acl_hi;     /* +0x76: with 64bit */
	le16 uid_hi;          /* +0x78 */
	le16 gid_hi;          /* +0x7A */
	le16 checksum_lo;     /* +0x7C */
	le16 pad_7e;          /* +0x7E */
	le16 extra_isize;     /* +0x80: 0, or 4..inode size - 128, multiple of 4 */
	le16 checksum_hi;     /* +0x82 */
	le32 ctime_extra;     /* +0x84 */
	le32 mtime_extra;     /* +0x88 */
	le32 atime_extra;     /* +0x8C */
	le32 crtime;          /* +0x90 */
	le32 crtime_extra;    /* +0x94 */
	le32 version_hi;      /* +0x98 */
	le32 projid;          /* +0x9C */
} __packed;

static_assert(sizeof(struct ext_inode_disk) == 0xA0, "inode size");
static_assert(offsetof(struct ext_inode_disk, block) == 0x28, "block map");
static_assert(offsetof(struct ext_inode_disk, checksum_hi) == 0x82, "checksum");

#define EXT_GOOD_OLD_INODE 128u

/* ext_inode_disk.flags, besides those of ext.h */
#define EXT_FLAG_ENCRYPT 0x800u
#define EXT_FLAG_INDEX 0x1000u
#define EXT_FLAG_IMAGIC 0x2000u
#define EXT_FLAG_HUGE_FILE 0x40000u
#define EXT_FLAG_EXTENTS 0x80000u
#define EXT_FLAG_VERITY 0x100000u
#define EXT_FLAG_EA_INODE 0x200000u
#define EXT_FLAG_SNAPSHOT 0x0D000000u
#define EXT_FLAG_INLINE 0x10000000u
#define EXT_FLAG_CASEFOLD 0x40000000u
#define EXT_FLAG_RESERVED 0x80000000u

#define EXT_EXTENT_MAGIC 0xF30Au
#define EXT_EXTENT_MAX_DEPTH 5u
#define EXT_EXTENT_MAX_WRITTEN 32768u /* a longer one is unwritten and this much shorter */

/* Head of the root in the inode and of each block of an extent tree. */
struct ext_extent_head_disk {
	le16 magic;      /* +0x00 */
	le16 entries;    /* +0x02 */
	le16 max;        /* +0x04 */
	le16 depth;      /* +0x06: 0 in a leaf */
	le32 generation; /* +0x08 */
} __packed;

struct ext_extent_disk {
	le32 block;    /* +0x00: first logical block */
	le16 len;      /* +0x04 */
	le16 start_hi; /* +0x06 */
	le32 start_lo; /* +0x08 */
} __packed;

struct ext_extent_idx_disk {
	le32 block;   /* +0x00: the child covers logical blocks from here on */
	le32 leaf_lo; /* +0x04 */
	le16 leaf_hi; /* +0x08 */
	le16 unused;  /* +0x0A */
} __packed;

static_assert(sizeof(struct ext_extent_head_disk) == 12, "extent head size");
static_assert(sizeof(struct ext_extent_disk) == 12, "extent size");
static_assert(sizeof(struct ext_extent_idx_disk) == 12, "extent index size");

#define EXT_DIRENT_HEAD 8u
#define EXT_DIRENT_MIN 12u
#define EXT_NAME_MAX 255u
#define EXT_DIR_TAIL 12u
#define EXT_DIR_TAIL_TYPE 0xDEu

/* A directory entry; the name follows. */
struct ext_dirent_disk {
	le32 inode;  /* +0x00: 0 means unused */
	le16 rec_len; /* +0x04 */
	u8 name_len; /* +0x06 */
	u8 type;     /* +0x07: 0..7; without the filetype feature the high byte of the name's length, always 0 */
} __packed;

static_assert(sizeof(struct ext_dirent_disk) == EXT_DIRENT_HEAD, "directory entry size");

/* The end of a directory block with metadata_csum; looks like an unused entry. */
struct ext_dir_tail_disk {
	le32 zero1;    /* +0x00 */
	le16 rec_len;  /* +0x04: 12 */
	u8 zero2;      /* +0x06 */
	u8 type;       /* +0x07: 0xDE */
	le32 checksum; /* +0x08 */
} __packed;

static_assert(sizeof(struct ext_dir_tail_disk) == EXT_DIR_TAIL, "directory tail size");

#define EXT_XATTR_MAGIC 0xEA020000u
#define EXT_XATTR_MAX_REFCOUNT 1024u

/* Head of an attribute block. */
struct ext_xattr_head_disk {
	le32 magic;    /* +0x00 */
	le32 refcount; /* +0x04: 1..1024 */
	le32 nr_blocks; /* +0x08: 1 */
	le32 hash;     /* +0x0C */
	le32 checksum; /* +0x10: with metadata_csum */
	le32 zero[3];  /* +0x14 */
} __packed;

/* An attribute; its name follows, padded to 4 bytes. Four zero bytes end the list. */
struct ext_xattr_disk {
	u8 name_len;     /* +0x00 */
	u8 index;        /* +0x01: the prefix of the name */
	le16 value_offs; /* +0x02: from the first entry in the inode, from the start of the block in a block */
	le32 value_inum; /* +0x04: 0 without ea_inode */
	le32 value_size; /* +0x08 */
	le32 hash;       /* +0x0C: may be 0 in the inode */
} __packed;

static_assert(sizeof(struct ext_xattr_head_disk) == 32, "attribute block head size");
static_assert(sizeof(struct ext_xattr_disk) == 16, "attribute entry size");

#define EXT_MMP_MAGIC 0x004D4D50u
#define EXT_MMP_SEQ_CLEAN 0xFF4D4D50u
#define EXT_MMP_SIZE 1024u
#define EXT_MMP_CHECKSUM 0x3FCu /* where the checksum lies, and how much it covers */

#define EXT_ORPHAN_MAGIC 0x0B10CA04u
#define EXT_ORPHAN_TAIL 8u /* magic, checksum */

#define EXT_JOURNAL_MAGIC 0xC03B3998u /* big-endian */
#define EXT_JOURNAL_START 28u
#define EXT_JOURNAL_ERRNO 32u

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What scan hands to the later phases: the claims (who uses which block), the names, and a few bytes for each inode.
 * Private to the convert layer.
 */
#ifndef CONVERT_SCAN_H
#define CONVERT_SCAN_H

#include "convert/job.h"

/* Inode n of ext is objectid n + 254 of btrfs, so that the root directory 2 becomes 256. */
#define SCAN_INO_OFFSET 254u

/* Files up to this size are stored inline (the kernel's own default of max_inline). */
#define SCAN_INLINE_MAX 2048u

/* A longer item counts as large in the space bound: see plan_need.c. */
#define SCAN_LARGE_ITEM 512u

enum claim_kind {
	/* only the saved image refers to these */
	CLAIM_FIXED,    /* superblock, descriptors, bitmaps, inode tables */
	CLAIM_TREE,     /* extent tree and indirect blocks */
	CLAIM_DIR,      /* directory blocks */
	CLAIM_SPECIAL,  /* journal and other hidden inodes */
	CLAIM_XATTR,    /* attribute blocks; several inodes may claim the same one */
	CLAIM_DROPPED,  /* symlink targets and blocks behind the end of a file */
	CLAIM_INLINE,   /* the block of a file that becomes inline */
	/* a file and the saved image refer to these */
	CLAIM_FILE,
	/* no image, no checksum */
	CLAIM_PREALLOC, /* allocated to a file, never written */
	CLAIM_UNINIT,   /* ext metadata that was never written */
};

static inline bool claim_image_only(enum claim_kind kind)
{
	return kind <= CLAIM_INLINE;
}

/* Kinds whose content is read, checksummed and part of the saved image. */
static inline bool claim_has_data(enum claim_kind kind)
{
	return kind <= CLAIM_FILE;
}

/* One claim; in the sorter physical and logical are the key and struct claim_payload is the payload. */
struct claim {
	u64 physical;
	u64 logical;  /* offset in the file; 0 where there is none */
	u64 len;
	u32 ino;      /* ext inode; 0: none */
	enum claim_kind kind;
	u16 aux;      /* CLAIM_INLINE: file size; CLAIM_XATTR: reference count of the block */
};

struct claim_payload {
	u32 sectors;
	u32 ino;
	u16 aux;
	u16 kind;
};

/* One name, decoded from the sorter: ascending by (child, parent, index). */
struct scan_name {
	u32 child, parent;
	u64 index;
	u8 type;      /* ext file type byte, 0 unknown */
	u8 name_len;
	const char *name;
};

/* What plan needs to bound the size of the trees; sizes include the 25-byte item header. */
struct scan_items {
	u64 bytes;        /* of all fs tree items except file extents and holes */
	u64 large_bytes;  /* of those above SCAN_LARGE_ITEM */
	u32 max_item;     /* largest item data that cannot be split */
	u32 max_item_ino; /* whose it is */
	u64 file_extents; /* file extent items before cuts */
	u64 data_extents; /* extents that belong to a file and the image */
	u64 own_extents;  /* extents with one reference */
	u64 csum_runs;    /* contiguous checksummed ranges */
	u64 csum_bytes;   /* data bytes that get checksums */
	u64 max_ref_bytes; /* largest INODE_REF item that the names of one inode in one directory need */
	u32 max_ref_ino;
};

/* Flags kept for each inode beside its file type. */
#define SCAN_INODE_TYPE 0x0fu    /* mode >> 12, 0: not in use */
#define SCAN_INODE_SPECIAL 0x10u
#define SCAN_INODE_NAMED 0x20u
#define SCAN_INODE_INLINE 0x40u

#define SCAN_PAGE_INODES 4096u

/* More names of one hash than this many bytes fit no leaf of any size. */
#define SCAN_BUCKET_MAX 65536u

struct scan_page {
	u8 flags[SCAN_PAGE_INODES];
	u16 links[SCAN_PAGE_INODES];
};

struct scan_dir {
	u32 ino;
	u32 dotdot;   /* parent by its own ".." */
	u32 subdirs;
	u16 links;
	u16 reached;  /* connected to the root, by the walk of scan_link.c */
};

struct scan {
	struct scratch *scratch;
	struct sort *claims;
	struct sort *names;
	struct sort *bucket;      /* one directory's names by hash, reused */
	char bucket_names[SCAN_BUCKET_MAX]; /* those with one hash, each after a length byte */

	struct scan_page **pages; /* by inode number / SCAN_PAGE_INODES */
	u32 nr_pages;
	struct scan_dir *dirs;    /* ascending by inode */
	size_t nr_dirs, cap_dirs;

	struct scan_items items;
	u64 inline_bytes;
	char saved_name[16];      /* name of the subvolume entry that is free in the root directory */
	u32 saved_taken;          /* how many of ext2_saved, ext2_saved0 ... are taken, as a bit set */
};

/* --- scan.c --- */

/* Reads all of ext's metadata and proves it consistent; ends with job->scan filled. */
int scan_run(struct job *job) __must_check;
void scan_free(struct scan *scan);

/* --- scan_state.c --- */

/* flags and links of an inode; NULL when nothing was noted for its page (not in use). */
u8 *scan_inode_flags(const struct scan *scan, u32 ino);
int scan_inode_note(struct scan *scan, u32 ino, u8 flags, u16 links) __must_check;
u16 scan_inode_links(const struct scan *scan, u32 ino);
int scan_dir_note(struct scan *scan, u32 ino, u32 dotdot, u16 links) __must_check;
struct scan_dir *scan_dir_find(const struct scan *scan, u32 ino);

int scan_claim_add(struct scan *scan, const struct claim *claim) __must_check;
int scan_claim_next(struct scan *scan, struct claim *claim) __must_check; /* 1, 0 end, <0 */
int scan_name_add(struct scan *scan, u32 child, u32 parent, const struct ext_dirent *entry) __must_check;
int scan_name_next(struct scan *scan, struct scan_name *name) __must_check; /* 1, 0 end, <0 */

/* Counts an item of size bytes (without header) that the fs tree will hold. */
void scan_item_count(struct scan *scan, u32 ino, u32 size);

/* An item of before bytes grows by size more, which were counted as an item of their own: it may be a large one now. */
void scan_item_join(struct scan *scan, u32 before, u32 size);

/* Notes that an item of size bytes must fit a leaf; it is counted elsewhere. */
void scan_item_limit(struct scan *scan, u32 ino, u32 size);

/* --- scan_inode.c --- */

/* Everything about one inode: claims, names, attributes. */
int scan_inode(struct job *job, const struct ext_inode *inode) __must_check;

/* Counts the items of an inode's attributes; *nr gets how many it has. */
int scan_xattr_items(struct job *job, const struct ext_inode *inode, u32 *refcount, u64 *nr) __must_check;

/* --- scan_link.c --- */

/* Proves names, link counts and connectivity from the sorted names. */
int scan_prove_links(struct job *job) __must_check;

/* --- scan_claim.c --- */

/* Proves that each used block has one owner and each owned block is marked used. */
int scan_prove_claims(struct job *job) __must_check;

/* --- shared decisions --- */

/* "run e2fsck" sentence for an inconsistency that the convert layer finds; returns ERR_CORRUPT. */
int scan_inconsistent(struct job *job, const char *fmt, ...) __printf(2, 3);

/* Reports a broken invariant of our own, found before the switch; returns ERR_BUG. */
int job_bug(const char *fmt, ...) __printf(1, 2);

/* True once the user asked to stop; prints so. */
bool job_stopped(const struct job *job);
/* Prints that the user asked to stop. */
void job_say_stopped(const struct job *job);

#endif

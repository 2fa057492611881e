/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the verify phase share. */
#ifndef CONVERT_VERIFY_PRIVATE_H
#define CONVERT_VERIFY_PRIVATE_H

#include "base/endian.h"
#include "btrfs/btrfs_ondisk.h"
#include "btrfs/btrfs_read.h"
#include "convert/verify.h"
#include "convert/verify_sum.h"

/* The saved image, and the file beside it that reserves what ext never wrote. */
#define VERIFY_SAVED_TREE ((u64)256)
#define VERIFY_IMAGE_INO ((u64)257)
#define VERIFY_UNINIT_INO ((u64)258)
#define VERIFY_IMAGE_NAME "image"

#define VERIFY_NAME_MAX 255u

#define VERIFY_MAX_ROOTS 20

struct verify_root {
	u64 id;
	u64 logical;
	u64 bytes_used; /* by the root item; 0: there is none */
	u8 level;
	u8 uuid[BTRFS_UUID_SIZE];
};

/* Where a subvolume hangs in tree 5. */
struct verify_subvol {
	u64 dirid, index;
	u16 name_len;
	u8 name[VERIFY_NAME_MAX];
};

/*
 * Both sides of each equation, as one thread sees them. The first of each pair comes from the trees or items that use
 * something, the second from those that account for it.
 */
struct verify_tally {
	struct verify_sum blocks_met, blocks_listed;   /* (address, tree, level) */
	struct verify_sum refs_made, refs_listed;      /* (extent, its length, tree, inode, offset) */
	struct verify_sum csums_wanted, csums_listed;  /* extent, once for each reference that needs checksums */
	struct verify_sum plain_wanted, plain_listed;  /* extent, once for each reference that must have none */
	struct verify_sum names_indexed, names_hashed; /* (directory, what it names, type, name) */
	struct verify_sum links_indexed, links_back;   /* (directory, inode, index, name) */
	struct verify_sum types_named, types_had;      /* (inode, type), once for each name */
	struct verify_result counts;
	u64 nr_subvol_names;
	bool has_image;
};

struct verify {
	struct btrfs_reader *reader;
	const struct btrfs_super_info *info;
	const struct btrfs_super_disk *super;
	struct verify_watch watch;
	unsigned int nr_blocks;     /* read so far, by all threads; atomic */
	struct verify_root roots[VERIFY_MAX_ROOTS];
	size_t nr_roots;
	struct verify_subvol saved; /* the entry of subvolume 256 */
	struct verify_tally files;  /* filled by the thread that walks file trees */
	struct verify_tally space;  /* filled by the thread that walks everything else */
};

/* --- verify.c --- */

/* Prints "verify: TEXT: this is a bug of fsconvert, the source is untouched" and returns ERR_BUG. */
int verify_bug(const char *fmt, ...) __printf(1, 2);

bool verify_all_zero(const void *bytes, size_t len);

/* The root of a tree, NULL when there is none. */
const struct verify_root *verify_find_root(const struct verify *v, u64 id);

/* --- verify_walk.c --- */

/* A whole tree, one item at hand. */
struct verify_walk {
	struct verify *v;
	struct verify_tally *tally;
	const struct verify_root *root;
	struct btrfs_walk *walk;
	struct btrfs_item item;
	bool has_item;  /* false: the end was reached */
	u64 nr_blocks;
};

/* Opens the walk of a tree and takes its first item. w is zero or was closed before. */
int verify_walk_open(struct verify *v, struct verify_tally *tally, const struct verify_root *root,
		     struct verify_walk *w) __must_check;
/* Takes the next item into w->item. */
int verify_walk_next(struct verify_walk *w) __must_check;
/* Every item must have been taken, and the tree must have as many blocks as its root item says. */
int verify_walk_finish(struct verify_walk *w) __must_check;
void verify_walk_close(struct verify_walk *w);

/* Prints that the item at hand is wrong, with its tree, key and the reason. Returns ERR_BUG. */
int verify_bad_item(const struct verify_walk *w, const char *what);

static inline bool verify_at(const struct verify_walk *w, u64 objectid, u8 type)
{
	return w->has_item && w->item.key.objectid == objectid && w->item.key.type == type;
}

/* --- verify_super.c --- */

/* The superblock's own fields. */
int verify_super(const struct verify *v) __must_check;
/* What it says of the roots, once they are known. The roots it names for an emergency are those in force. */
int verify_super_roots(const struct verify *v) __must_check;

/* --- verify_root.c --- */

/* The root tree: fills roots and saved. */
int verify_roots(struct verify *v) __must_check;

/* --- verify_chunk.c --- */

/* Chunk tree, dev tree and superblock against each other. */
int verify_chunks(struct verify *v) __must_check;

/* --- verify_extent.c --- */

struct verify_extent {
	u64 start, len;
	u64 owner;     /* of a tree block; 0: data */
	u64 refs;      /* of data */
};

struct verify_extents;

int verify_extents_new(struct verify *v, struct verify_extents **out) __must_check;
/*
 * The next extent with all its references, or the next block group: 1 and extent->len != 0, or 1 and extent->len == 0
 * with the block group item at hand in *group; 0 at the end.
 */
int verify_extents_next(struct verify_extents *e, struct verify_extent *extent, const struct btrfs_item **group)
	__must_check;
int verify_extents_finish(struct verify_extents *e) __must_check;
void verify_extents_free(struct verify_extents *e);

/* --- verify_free.c: the free space tree, chunk after chunk --- */

struct verify_free {
	struct verify_walk walk;
	const struct btrfs_chunk *chunk;
	u64 pos;         /* everything of the chunk below this was compared */
	u64 bitmap_end;  /* the bitmap at hand ends here */
	u32 nr_runs;     /* by the tree */
	u32 nr_found;
	bool bitmaps;
};

int verify_free_begin(struct verify_free *f, const struct btrfs_chunk *chunk) __must_check;
/* The chunk is free in [start, start + len), and in use between there and the run before. */
int verify_free_run(struct verify_free *f, u64 start, u64 len) __must_check;
int verify_free_end(struct verify_free *f) __must_check;

/* --- verify_csum.c: the checksum tree, extent after extent --- */

struct verify_csums {
	struct verify_walk walk;
	u64 start, end; /* what is left of the item at hand */
};

int verify_csums_open(struct verify *v, struct verify_csums *c) __must_check;
/* *covered: all of the extent has checksums, else nothing of it has. */
int verify_csums_extent(struct verify_csums *c, u64 start, u64 len, bool *covered) __must_check;
int verify_csums_finish(struct verify_csums *c) __must_check;

/* --- verify_space.c --- */

/* Extents, block groups, free space and checksums, side by side in the order of addresses. */
int verify_space(struct verify *v) __must_check;

/* --- verify_fs.c --- */

/* The inode at hand: what its item says, and what was met of it so far. */
struct verify_fs {
	struct verify *v;
	struct verify_tally *tally;
	struct verify_walk walk;
	u64 tree;
	u64 ino;            /* 0: none yet */
	u64 size, nbytes, flags;
	u32 nlink, mode;
	u8 type;            /* enum btrfs_file_type, by mode */
	u64 nr_links;       /* names by INODE_REF and INODE_EXTREF */
	u64 dir_size;       /* twice the lengths of the names in it */
	u64 data_bytes;     /* of its extents, without holes */
	u64 extent_end;     /* end of the last extent */
	u64 nr_extents;
	bool has_inline, has_prealloc, has_root_ref;
};

/* All trees with inodes, and the uuid tree. */
int verify_files(struct verify *v) __must_check;

/* Prints what is wrong with the inode at hand. Returns ERR_BUG. */
int verify_bad_inode(const struct verify_fs *fs, const char *what);

/* --- verify_name.c: one item each --- */

int verify_inode_ref(struct verify_fs *fs, const struct btrfs_item *item) __must_check;
int verify_inode_extref(struct verify_fs *fs, const struct btrfs_item *item) __must_check;
int verify_dir_item(struct verify_fs *fs, const struct btrfs_item *item) __must_check;
int verify_dir_index(struct verify_fs *fs, const struct btrfs_item *item) __must_check;
int verify_xattr(struct verify_fs *fs, const struct btrfs_item *item) __must_check;

/* --- verify_file.c --- */

int verify_file_extent(struct verify_fs *fs, const struct btrfs_item *item) __must_check;
/* All extents of the inode at hand were met. */
int verify_file_end(struct verify_fs *fs) __must_check;

#endif

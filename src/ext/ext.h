/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads ext2/3/4 and proves what it reads; writes nothing. With ext_mark.h the only header of this layer that others
 * include, and the only folder that sees a type of libext2fs.
 *
 * All positions and lengths are bytes. Every function that meets damage, or a feature that cannot be carried over,
 * prints one sentence with object (inode, block) and remedy and returns ERR_CORRUPT or ERR_REFUSED; nothing on the disk
 * is ever trusted with an assertion, an allocation size or a loop bound.
 * One handle serves one thread, and buffers belong to the handle: a callback may not call a function of this header
 * on the handle that called it.
 */
#ifndef EXT_EXT_H
#define EXT_EXT_H

#include "base/types.h"
#include "dev/dev.h"

struct ext_fs;

#define EXT_ROOT_INO 2u

struct ext_info {
	const char *type;      /* "ext2", "ext3" or "ext4", by features */
	u8 uuid[16];
	char label[17];        /* NUL terminated */
	u32 block_size;        /* 4096 ... 65536 */
	u64 size;              /* bytes the file system spans: blocks_count * block_size */
	u64 free;              /* free bytes by the descriptors; by the bitmaps after a whole ext_used_iterate */
	u32 nr_groups;
	u32 nr_inodes;
	u32 nr_free_inodes;
	u32 inode_size;
	u64 last_write;        /* s_wtime, seconds */
	const char *features;  /* space separated names, for people */
};

/*
 * Opens the ext file system on dev (borrowed). Gates all three feature words by an allow-list and checks the
 * preconditions: primary superblock valid, device at least as long as the file system, journal clean, no error state,
 * no orphans, MMP clean, no foreign signature in unused places, group descriptors valid with sound checksums.
 */
int ext_open(struct dev *dev, struct ext_fs **out) __must_check;
const struct ext_info *ext_get_info(const struct ext_fs *fs);

/* Superblock and MMP block are read again, past the page cache; ERR_REFUSED when they are not as they were at open
 * (somebody mounted it, here or on another host). */
int ext_check_unchanged(struct ext_fs *fs) __must_check;
void ext_close(struct ext_fs *fs); /* NULL is fine */

/* --- ext_probe.c --- */

/* *reason: what e2fsck has to bring in order before dev can be opened, by its superblock. NULL: nothing, or there is no
 * ext file system, or ext_open would refuse it for another reason. */
int ext_probe_pending(struct dev *dev, const char **reason) __must_check;

/* --- ext_used.c: which blocks are in use --- */

/* A used range by the block bitmaps (uninitialised groups resolved), ascending, merged over group borders. A non-zero
 * return of fn ends the walk and is returned. Bitmap checksums are verified. */
typedef int (*ext_range_fn)(void *ctx, u64 start, u64 len);
int ext_used_iterate(struct ext_fs *fs, ext_range_fn fn, void *ctx) __must_check;

enum ext_fixed {
	EXT_FIXED_META,   /* superblocks, descriptors, reserved GDT, bitmaps, initialised inode table blocks, MMP */
	EXT_FIXED_UNINIT, /* never written: inode table blocks behind itable_unused, bitmaps of uninitialised groups */
};

/* Every block whose place is fixed by the geometry, group by group, each block once; not merged, not sorted. */
typedef int (*ext_fixed_fn)(void *ctx, u64 start, u64 len, enum ext_fixed kind);
int ext_fixed_iterate(struct ext_fs *fs, ext_fixed_fn fn, void *ctx) __must_check;

/* --- ext_inode.c --- */

enum ext_inode_kind {
	EXT_INODE_FILE,    /* something a user sees */
	EXT_INODE_SPECIAL, /* journal, quota, orphan file, resize, boot loader ...: owns blocks, has no name */
};

struct ext_inode {
	u32 ino;
	enum ext_inode_kind kind;
	u16 mode;           /* with S_IFMT */
	u32 uid, gid;
	u16 nlink;
	u64 size;
	u32 flags;          /* as on disk */
	struct time64 atime, ctime, mtime, otime; /* otime {0,0} where the inode has no creation time */
	u64 version;
	u32 rdev_major, rdev_minor;
	u64 xattr_block;    /* byte address of the attribute block, 0: none */
	const void *raw;    /* struct ext2_inode_large of ext_info.inode_size bytes, owned by the iterator */
};

/* Flag bits of ext_inode.flags that callers look at (on-disk values). */
#define EXT_FLAG_SYNC 0x8u
#define EXT_FLAG_IMMUTABLE 0x10u
#define EXT_FLAG_APPEND 0x20u
#define EXT_FLAG_NODUMP 0x40u
#define EXT_FLAG_NOATIME 0x80u
#define EXT_FLAG_COMPR 0x4u
#define EXT_FLAG_NOCOMPR 0x400u
#define EXT_FLAG_DIRSYNC 0x10000u

struct ext_inode_iter;

/*
 * All inodes in use, ascending, special ones included, deleted ones left out. Verifies checksums, modes, link counts of
 * zero, the inode bitmap against the inodes found, and flags. While it moves it prefetches the directory, attribute
 * and mapping blocks of the inodes ahead. first_ino: begins at the first inode >= first_ino.
 */
int ext_inode_iter_new(struct ext_fs *fs, u32 first_ino, struct ext_inode_iter **out) __must_check;
int ext_inode_iter_next(struct ext_inode_iter *it, struct ext_inode *inode) __must_check; /* 1, 0 end, <0 */
u64 ext_inode_iter_bytes(const struct ext_inode_iter *it); /* inode table bytes passed so far, for progress */
u64 ext_inode_table_bytes(const struct ext_fs *fs);        /* inode table bytes that the walk will read in all */
void ext_inode_iter_free(struct ext_inode_iter *it);

/* --- ext_map.c --- */

struct ext_run {
	u64 logical;  /* byte offset in the file */
	u64 physical; /* byte address on the device */
	u64 len;
	bool unwritten;
};

struct ext_map_sink {
	/* Mapped runs, ascending by logical; runs adjacent in both spaces and alike in state come merged. NULL: not
	 * wanted. */
	int (*run)(void *ctx, const struct ext_run *run);
	/* Blocks of the map itself (extent tree or indirect blocks); NULL: not wanted. */
	int (*tree)(void *ctx, u64 physical, u64 len);
	void *ctx;
};

/*
 * Walks the block map of a regular file, directory, block symlink or special inode, extents or indirect, with every
 * check of the format (depths, order, bounds, checksums, size against mapping, i_blocks). Inodes without a map
 * (devices, fast symlinks, ...) give no run. The resize inode gives its double-indirect block as tree only.
 */
int ext_map_iterate(struct ext_fs *fs, const struct ext_inode *inode, const struct ext_map_sink *sink) __must_check;

/* --- ext_dir.c --- */

struct ext_dirent {
	u32 ino;
	u8 type;         /* ext file type byte 0..7; 0 where the file system does not record it */
	u8 name_len;     /* 1..255 */
	const char *name; /* not NUL terminated */
	u64 index;       /* unique in the directory, >= 2, ascending in the order of the entries */
};

/* Entries other than "." and "..", in linear order; *parent gets the inode of "..". A non-zero return of fn ends the
 * walk and is returned. Verifies block checksums, record lengths, "." and "..", name bytes and inode number range. */
typedef int (*ext_dirent_fn)(void *ctx, const struct ext_dirent *entry);
int ext_dir_iterate(struct ext_fs *fs, const struct ext_inode *dir, u32 *parent, ext_dirent_fn fn, void *ctx)
	__must_check;

/* --- ext_xattr.c --- */

struct ext_xattr {
	const char *name;  /* with prefix ("user.x"), name_len bytes, not NUL terminated */
	u32 name_len;      /* <= 255 */
	const void *value; /* as getxattr(2) gives it: ACLs in the v2 form */
	u32 value_len;
};

typedef int (*ext_xattr_fn)(void *ctx, const struct ext_xattr *xattr);

/* Attributes in the inode body and in its block; fn NULL: they are only checked. *refcount (may be NULL) gets the
 * block's reference count, 0 when the inode has no block. */
int ext_xattr_iterate(struct ext_fs *fs, const struct ext_inode *inode, u32 *refcount, ext_xattr_fn fn, void *ctx)
	__must_check;

/* --- ext_symlink.c --- */

#define EXT_SYMLINK_MAX 4095u

/* The target of a symlink: len bytes (1..4095) in buf, no NUL inside. buf holds EXT_SYMLINK_MAX + 1 bytes. */
int ext_symlink_read(struct ext_fs *fs, const struct ext_inode *inode, char *buf, u32 *len) __must_check;

/* --- ext_lookup.c: single objects --- */

/* One inode by a number that a directory entry has. inode->raw belongs to the handle and holds until the next call. */
int ext_inode_get(struct ext_fs *fs, u32 ino, struct ext_inode *inode) __must_check;

/* The entry of that name, ".." among them (with index 0): 1, 0 there is none, <0. found->name is borrowed from name. */
int ext_dir_find(struct ext_fs *fs, const struct ext_inode *dir, const char *name, size_t len,
		 struct ext_dirent *found) __must_check;

/* Bytes [offset, offset + len) of a regular file; what is not written, or lies behind its blocks, reads as zeros. */
int ext_file_read(struct ext_fs *fs, const struct ext_inode *inode, u64 offset, void *buf, size_t len) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts that build tree 5 share. */
#ifndef CONVERT_BUILD_FS_H
#define CONVERT_BUILD_FS_H

#include "convert/build.h"

struct fs_builder {
	struct job *job;
	struct btrfs_tree *tree;
	u64 objectid;           /* of the inode at hand */
	u8 *item;               /* room for the largest item */

	struct scan_name name;  /* the next one of the sorted names */
	bool have_name;
	struct sort *extrefs;   /* one inode's names that overflow their INODE_REF, by hash */
	struct sort *entries;   /* one directory's entries, by (item type, hash or index) */
	struct xattr_list *xattrs;
};

int build_fs_init(struct fs_builder *b) __must_check;
void build_fs_fini(struct fs_builder *b);

/* --- build_fs.c --- */

u64 build_fs_flags(const struct job *job, const struct ext_inode *inode);
/* The INODE_ITEM of the inode at hand: flags and sizes are those of out, all else comes from inode. */
int build_fs_inode_item(struct fs_builder *b, const struct ext_inode *inode, struct btrfs_inode *out) __must_check;
/* All of its content. */
int build_fs_inline(struct fs_builder *b, const void *data, u32 len) __must_check;

/* --- build_fstab.c --- */

/* The inode of a rewritten fstab, behind all others; nothing when there is none. */
int build_fs_fstab(struct fs_builder *b) __must_check;

/* --- build_refs.c --- */

/* Takes the next name from the sorted stream into b->name. */
int build_fs_next_name(struct fs_builder *b) __must_check;
/* INODE_REF and INODE_EXTREF items of the inode at hand. */
int build_fs_refs(struct fs_builder *b, u32 ino) __must_check;

/* --- build_xattrs.c --- */
int build_fs_xattrs(struct fs_builder *b, const struct ext_inode *inode) __must_check;
void build_fs_xattrs_free(struct xattr_list *list);

/* --- build_entries.c --- */

/* Reads and sorts a directory; *size gets what its inode must say. */
int build_fs_read_dir(struct fs_builder *b, const struct ext_inode *dir, u64 *size) __must_check;
/* DIR_ITEM and DIR_INDEX items of that directory. */
int build_fs_entries(struct fs_builder *b) __must_check;

#endif

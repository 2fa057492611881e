/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the build phase share. Private to the convert layer. */
#ifndef CONVERT_BUILD_H
#define CONVERT_BUILD_H

#include "btrfs/btrfs_super.h"
#include "convert/arena.h"
#include "convert/plan.h"

struct build {
	struct arena meta, sys;

	/* small files in inode order, from the sweep to the fs tree */
	struct scratch *scratch;
	struct sort *inlines;
	bool sweep_inline;

	/* finished trees */
	struct btrfs_root csum, saved, fs, reloc, uuid, dev, chunk;
	struct btrfs_root space, groups, extent, root;

	u64 saved_index;       /* directory index of the saved image's entry in the root directory */
	u8 fs_uuid[16], saved_uuid[16];
	struct time64 now;

	/* the block lists that the extent tree describes, while it is being solved */
	struct arena_blocks forecast;
	struct btrfs_count data_items;  /* of the extent tree, up to the last data extent */
	size_t data_groups;             /* block groups among them */

	struct btrfs_super super;
	u8 super_block[BTRFS_SUPER_SIZE]; /* the primary copy, ready for verify and commit */
};

/* --- build.c --- */
int build_run(struct job *job) __must_check;
void build_free(struct build *build);

/* Adds the totals of a finished tree to the statistics. */
void build_count_tree(struct job *job, const struct btrfs_root *root);

/* --- build_sweep.c: data in, checksums and inline files out --- */
int build_sweep(struct job *job) __must_check;

/* --- build_csum.c: the csum tree, fed in logical order --- */
struct csum_writer {
	struct job *job;
	struct btrfs_tree *tree;
	u64 start, next;   /* logical range of the open item */
	u32 size, room;    /* bytes of digests in it, and most that it may get */
	u32 csum_size;
	u8 *digests;
};

int csum_writer_init(struct csum_writer *w, struct job *job) __must_check;
/* Digests of nr sectors from logical on, which must not lie below earlier ones. */
int csum_writer_add(struct csum_writer *w, u64 logical, const u8 *digests, u32 nr) __must_check;
int csum_writer_finish(struct csum_writer *w) __must_check;
void csum_writer_fini(struct csum_writer *w);

/* --- build_saved.c: subvolume 256 with the saved image --- */
int build_saved(struct job *job) __must_check;

/* --- build_fs.c: tree 5 --- */
int build_fs(struct job *job) __must_check;

/* --- build_extents.c: file extents and holes of one inode --- */

/* Emits the EXTENT_DATA items of one file in order, with hole items where the feature wants them. */
struct extent_writer {
	struct job *job;
	struct btrfs_tree *tree;
	u64 objectid;
	u64 next;       /* end of the last item */
};

int extent_writer_add(struct extent_writer *w, u64 file_offset, u64 logical, u64 len, bool prealloc) __must_check;
/* size: of the file; the rest up to it is a hole. */
int extent_writer_finish(struct extent_writer *w, u64 size) __must_check;

/* --- build_small.c: trees of a fixed form --- */
int build_reloc(struct job *job) __must_check;
int build_uuid(struct job *job) __must_check;
int build_dev(struct job *job) __must_check;
int build_chunk(struct job *job) __must_check;
int build_root(struct job *job) __must_check;

/* --- build_describe.c: the trees that describe all blocks, their own included --- */
int build_describe(struct job *job) __must_check;

/* --- build_extent_tree.c, build_space.c --- */

/* The extent tree (with block groups, unless they have their own tree) by the forecast. */
int build_extent_tree(struct job *job) __must_check;
int build_group_tree(struct job *job) __must_check;
/* How many leaves the extent tree gets when nr_blocks metadata blocks are in use; after it was built once. */
u64 build_count_extent_leaves(const struct job *job, u64 nr_blocks);
int build_space_tree(struct job *job) __must_check;

/* Bytes in use of chunk nr of the plan by the forecast, or with nr_blocks metadata blocks in use. */
u64 build_chunk_used(const struct job *job, size_t nr);
u64 build_chunk_used_of(const struct job *job, size_t nr, u64 nr_blocks);

/* --- helpers of build.c --- */

/* A tree with its sink on the metadata arena. */
int build_open_tree(struct job *job, struct arena *arena, u64 owner, struct btrfs_tree **tree) __must_check;
/* Finishes the tree into *root and frees it, also after an earlier error, which it returns. */
int build_close_tree(struct job *job, struct btrfs_tree *tree, int ret, struct btrfs_root *root) __must_check;

#endif

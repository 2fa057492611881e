/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Subvolume 256, the way back: the file "image" maps every block that ext has written at its old offset, and shares its
 * extents with the files. A second, preallocated file keeps what ext reserved but never wrote from being used.
 *
 *     256  root directory      257  image, read-only        258  never_written (only when there is such space)
 */
#include <string.h>
#include <sys/stat.h>

#include "btrfs/btrfs_csum.h"
#include "convert/build.h"

struct saved {
	struct job *job;
	struct btrfs_tree *tree;
	struct extent_writer extents;
};

static int add_inode(struct saved *s, u64 objectid, struct btrfs_inode *inode)
{
	struct btrfs_key key = { objectid, BTRFS_INODE_ITEM, 0 };
	u8 item[BTRFS_INODE_ITEM_SIZE];
	struct time64 now = s->job->build->now;
	u32 size;

	inode->nlink = 1;
	inode->atime = inode->ctime = inode->mtime = inode->otime = now;
	size = btrfs_inode_encode(item, inode, s->job->plan->params.generation);
	return btrfs_tree_add(s->tree, &key, item, size);
}

static int add_ref(struct saved *s, u64 objectid, u64 index, const char *name)
{
	struct btrfs_key key = { objectid, BTRFS_INODE_REF, PLAN_SAVED_TREE };
	u8 item[BTRFS_INODE_REF_SIZE + 255];
	u32 size = btrfs_inode_ref_encode(item, index, name, (u16)strlen(name));

	return btrfs_tree_add(s->tree, &key, item, size);
}

static int add_entry(struct saved *s, u8 type, u64 offset, u64 objectid, const char *name)
{
	struct btrfs_key key = { PLAN_SAVED_TREE, type, offset };
	struct btrfs_key location = { objectid, BTRFS_INODE_ITEM, 0 };
	u8 item[BTRFS_DIR_ITEM_SIZE + 255];
	u32 size = btrfs_dir_item_encode(item, &location, BTRFS_FT_REG, s->job->plan->params.generation, name,
					 (u16)strlen(name), NULL, 0);

	return btrfs_tree_add(s->tree, &key, item, size);
}

static int add_root_dir(struct saved *s, bool has_uninit)
{
	u32 image = btrfs_name_hash(PLAN_IMAGE_NAME, strlen(PLAN_IMAGE_NAME));
	u32 uninit = btrfs_name_hash(PLAN_UNINIT_NAME, strlen(PLAN_UNINIT_NAME));
	struct btrfs_inode inode = { .mode = S_IFDIR | 0755, .size = 2 * strlen(PLAN_IMAGE_NAME) };
	int ret;

	if (has_uninit)
		inode.size += 2 * strlen(PLAN_UNINIT_NAME);
	ret = add_inode(s, PLAN_SAVED_TREE, &inode);
	if (!ret)
		ret = add_ref(s, PLAN_SAVED_TREE, 0, "..");
	if (!ret && has_uninit && uninit < image)
		ret = add_entry(s, BTRFS_DIR_ITEM, uninit, PLAN_UNINIT_INO, PLAN_UNINIT_NAME);
	if (!ret)
		ret = add_entry(s, BTRFS_DIR_ITEM, image, PLAN_IMAGE_INO, PLAN_IMAGE_NAME);
	if (!ret && has_uninit && uninit > image)
		ret = add_entry(s, BTRFS_DIR_ITEM, uninit, PLAN_UNINIT_INO, PLAN_UNINIT_NAME);
	if (!ret)
		ret = add_entry(s, BTRFS_DIR_INDEX, 2, PLAN_IMAGE_INO, PLAN_IMAGE_NAME);
	if (!ret && has_uninit)
		ret = add_entry(s, BTRFS_DIR_INDEX, 3, PLAN_UNINIT_INO, PLAN_UNINIT_NAME);
	return ret;
}

static int image_piece(void *ctx, const struct place_piece *piece)
{
	struct saved *s = ctx;

	if (!claim_has_data(piece->kind))
		return 0;
	return extent_writer_add(&s->extents, piece->physical, piece->logical, piece->len, false);
}

static int uninit_piece(void *ctx, const struct place_piece *piece)
{
	struct saved *s = ctx;

	if (piece->kind != CLAIM_UNINIT)
		return 0;
	return extent_writer_add(&s->extents, piece->physical, piece->logical, piece->len, true);
}

static int add_file(struct saved *s, u64 objectid, const char *name, u64 index, struct btrfs_inode *inode,
		    int (*piece)(void *ctx, const struct place_piece *piece))
{
	struct place_sink sink = { .piece = piece, .ctx = s };
	int ret = add_inode(s, objectid, inode);

	s->extents = (struct extent_writer){ .job = s->job, .tree = s->tree, .objectid = objectid };
	if (!ret)
		ret = add_ref(s, objectid, index, name);
	if (!ret)
		ret = place_walk(s->job, PLACE_BY_PHYSICAL, &sink);
	if (!ret)
		ret = extent_writer_finish(&s->extents, inode->size);
	return ret;
}

int build_saved(struct job *job)
{
	const struct plan_count *count = &job->plan->count;
	u64 datasum = job->config.datasum ? 0 : BTRFS_INODE_NODATASUM;
	struct btrfs_inode image = {
		.mode = S_IFREG | 0400,
		.size = ext_get_info(job->ext)->size,
		.nbytes = count->image_bytes,
		.flags = BTRFS_INODE_READONLY | datasum,
	};
	struct btrfs_inode uninit = {
		.mode = S_IFREG | 0400,
		.size = image.size,
		.nbytes = count->uninit_bytes,
		.flags = BTRFS_INODE_READONLY | BTRFS_INODE_PREALLOC | datasum,
	};
	struct saved s = { .job = job };
	int ret = build_open_tree(job, &job->build->meta, PLAN_SAVED_TREE, &s.tree);

	if (ret)
		return ret;
	ret = add_root_dir(&s, count->uninit_bytes > 0);
	if (!ret)
		ret = add_file(&s, PLAN_IMAGE_INO, PLAN_IMAGE_NAME, 2, &image, image_piece);
	if (!ret && count->uninit_bytes)
		ret = add_file(&s, PLAN_UNINIT_INO, PLAN_UNINIT_NAME, 3, &uninit, uninit_piece);
	return build_close_tree(job, s.tree, ret, &job->build->saved);
}

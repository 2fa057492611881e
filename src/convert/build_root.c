/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The root tree. It is written last, because it names the roots of all others; its own size does not depend on their
 * addresses, so it can be forecast like theirs.
 */
#include <string.h>
#include <sys/stat.h>

#include "btrfs/btrfs_csum.h"
#include "convert/build.h"

struct roots {
	struct job *job;
	struct btrfs_tree *tree;
};

static int add_root(struct roots *r, const struct btrfs_root *root, u64 dirid, const u8 *uuid)
{
	struct btrfs_key key = { root->owner, BTRFS_ROOT_ITEM, 0 };
	struct btrfs_root_desc desc = {
		.logical = root->logical,
		.level = root->level,
		.nr_blocks = root->nr_blocks,
		.root_dirid = dirid,
		.subvolume = uuid != NULL,
		.read_only = root->owner == PLAN_SAVED_TREE,
		.time = r->job->build->now,
	};
	u8 item[BTRFS_ROOT_ITEM_SIZE];

	if (uuid)
		memcpy(desc.uuid, uuid, sizeof(desc.uuid));
	return btrfs_tree_add(r->tree, &key, item, btrfs_root_item_encode(item, &desc, &r->job->plan->params));
}

static int add_saved_ref(struct roots *r, u64 objectid, u8 type, u64 offset)
{
	const char *name = r->job->scan->saved_name;
	struct btrfs_key key = { objectid, type, offset };
	u8 item[BTRFS_ROOT_REF_SIZE + 255];
	u32 size = btrfs_root_ref_encode(item, BTRFS_FIRST_FREE, r->job->build->saved_index, name, (u16)strlen(name));

	return btrfs_tree_add(r->tree, &key, item, size);
}

/* The directory in the root tree whose entry "default" leads to the subvolume that is mounted by default. */
static int add_default_dir(struct roots *r)
{
	u64 generation = r->job->plan->params.generation;
	struct time64 now = r->job->build->now;
	struct btrfs_inode inode = {
		.mode = S_IFDIR | 0755,
		.nlink = 1,
		.nbytes = r->job->plan->params.nodesize,
		.atime = now,
		.ctime = now,
		.mtime = now,
		.otime = now,
	};
	struct btrfs_key location = { BTRFS_FS_TREE, BTRFS_ROOT_ITEM, ~(u64)0 };
	struct btrfs_key key = { BTRFS_ROOT_TREE_DIR, BTRFS_INODE_ITEM, 0 };
	u8 item[BTRFS_INODE_ITEM_SIZE];
	int ret = btrfs_tree_add(r->tree, &key, item, btrfs_inode_encode(item, &inode, generation));

	if (ret)
		return ret;
	key = (struct btrfs_key){ BTRFS_ROOT_TREE_DIR, BTRFS_INODE_REF, BTRFS_ROOT_TREE_DIR };
	ret = btrfs_tree_add(r->tree, &key, item, btrfs_inode_ref_encode(item, 0, "..", 2));
	if (ret)
		return ret;
	key = (struct btrfs_key){ BTRFS_ROOT_TREE_DIR, BTRFS_DIR_ITEM, btrfs_name_hash("default", 7) };
	return btrfs_tree_add(r->tree, &key, item,
			      btrfs_dir_item_encode(item, &location, BTRFS_FT_DIR, generation, "default", 7, NULL, 0));
}

static int add_default_ref(struct roots *r)
{
	struct btrfs_key key = { BTRFS_FS_TREE, BTRFS_INODE_REF, BTRFS_ROOT_TREE_DIR };
	u8 item[BTRFS_INODE_REF_SIZE + 7];

	return btrfs_tree_add(r->tree, &key, item, btrfs_inode_ref_encode(item, 0, "default", 7));
}

static int add_all(struct roots *r)
{
	const struct build *b = r->job->build;
	const struct btrfs_params *params = &r->job->plan->params;
	int ret = add_root(r, &b->extent, 0, NULL);

	if (!ret)
		ret = add_root(r, &b->dev, 0, NULL);
	if (!ret)
		ret = add_default_ref(r);
	if (!ret)
		ret = add_root(r, &b->fs, BTRFS_FIRST_FREE, b->fs_uuid);
	if (!ret)
		ret = add_saved_ref(r, BTRFS_FS_TREE, BTRFS_ROOT_REF, PLAN_SAVED_TREE);
	if (!ret)
		ret = add_default_dir(r);
	if (!ret)
		ret = add_root(r, &b->csum, 0, NULL);
	if (!ret)
		ret = add_root(r, &b->uuid, 0, NULL);
	if (!ret && btrfs_has_compat_ro(params, BTRFS_COMPAT_RO_FREE_SPACE_TREE))
		ret = add_root(r, &b->space, 0, NULL);
	if (!ret && btrfs_has_compat_ro(params, BTRFS_COMPAT_RO_BLOCK_GROUP_TREE))
		ret = add_root(r, &b->groups, 0, NULL);
	if (!ret)
		ret = add_root(r, &b->saved, BTRFS_FIRST_FREE, b->saved_uuid);
	if (!ret)
		ret = add_saved_ref(r, PLAN_SAVED_TREE, BTRFS_ROOT_BACKREF, BTRFS_FS_TREE);
	if (!ret)
		ret = add_root(r, &b->reloc, BTRFS_FIRST_FREE, NULL);
	return ret;
}

int build_root(struct job *job)
{
	struct roots r = { .job = job };
	int ret = build_open_tree(job, &job->build->meta, BTRFS_ROOT_TREE, &r.tree);

	if (ret)
		return ret;
	return build_close_tree(job, r.tree, add_all(&r), &job->build->root);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of an inode from its own side: one INODE_REF item for each parent directory, and INODE_EXTREF items for
 * names that find no room there.
 */
#include <stdlib.h>
#include <string.h>

#include "base/copy.h"
#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs_csum.h"
#include "convert/build_fs.h"
#include "convert/machine.h"

int build_fs_init(struct fs_builder *b)
{
	size_t budget = (size_t)(b->job->config.memory / 16);
	int ret;

	b->item = malloc(b->job->plan->params.nodesize);
	if (!b->item)
		return msg_nomem("build");
	ret = sort_new(SORT_VARIABLE, budget, b->job->build->scratch, &b->extrefs);
	if (ret)
		return ret;
	return sort_new(SORT_VARIABLE, budget, b->job->build->scratch, &b->entries);
}

void build_fs_fini(struct fs_builder *b)
{
	free(b->item);
	sort_free(b->extrefs);
	sort_free(b->entries);
	build_fs_xattrs_free(b->xattrs);
}

/* The old fstab is called otherwise, when there is a new one. */
static void rename_fstab(const struct machine *m, struct scan_name *name)
{
	if (!m || !m->rewrites || name->parent != m->dir || name->index != m->index)
		return;
	name->index = m->kept_index;
	name->name = m->kept_name;
	name->name_len = (u8)strlen(m->kept_name);
}

int build_fs_next_name(struct fs_builder *b)
{
	int ret = scan_name_next(b->job->scan, &b->name);

	if (ret < 0)
		return ret;
	b->have_name = ret == 1;
	if (b->have_name)
		rename_fstab(b->job->machine, &b->name);
	return 0;
}

static int defer_name(struct fs_builder *b, u64 parent)
{
	u8 payload[16 + 255];

	memcpy(payload, &parent, 8);
	memcpy(payload + 8, &b->name.index, 8);
	copy_short(payload + 16, b->name.name, b->name.name_len);
	return sort_add(b->extrefs, btrfs_extref_hash(parent, b->name.name, b->name.name_len), 0, payload,
			16 + (u32)b->name.name_len);
}

/* All names in one parent: as many as fit go into its INODE_REF. */
static int refs_of_parent(struct fs_builder *b, u32 ino)
{
	u32 ext_parent = b->name.parent, used = 0, max = btrfs_max_item(b->job->plan->params.nodesize);
	u64 parent = (u64)ext_parent + SCAN_INO_OFFSET;
	struct btrfs_key key = { b->objectid, BTRFS_INODE_REF, parent };
	int ret = 0;

	while (!ret && b->have_name && b->name.child == ino && b->name.parent == ext_parent) {
		if (used + BTRFS_INODE_REF_SIZE + b->name.name_len <= max)
			used += btrfs_inode_ref_encode(b->item + used, b->name.index, b->name.name, b->name.name_len);
		else
			ret = defer_name(b, parent);
		if (!ret)
			ret = build_fs_next_name(b);
	}
	return ret ? ret : btrfs_tree_add(b->tree, &key, b->item, used);
}

/* Names with one hash share an item. */
static int write_extrefs(struct fs_builder *b)
{
	struct btrfs_key key = { b->objectid, BTRFS_INODE_EXTREF, 0 };
	struct sort_rec rec;
	u32 used = 0, max = btrfs_max_item(b->job->plan->params.nodesize);
	int ret = sort_finish(b->extrefs);

	while (!ret && (ret = sort_next(b->extrefs, &rec)) == 1) {
		const u8 *payload = rec.payload;
		u16 name_len = (u16)(rec.len - 16);
		u64 parent, index;

		ret = 0;
		if (used && rec.hi != key.offset) {
			ret = btrfs_tree_add(b->tree, &key, b->item, used);
			used = 0;
		}
		if (!ret && used + BTRFS_INODE_EXTREF_SIZE + name_len > max) {
			msg_err("%s: inode %llu: too many names have one hash; rename some of them",
				b->job->config.device,
				(unsigned long long)(b->objectid - SCAN_INO_OFFSET));
			ret = ERR_REFUSED;
		}
		if (ret)
			return ret;
		key.offset = rec.hi;
		memcpy(&parent, payload, 8);
		memcpy(&index, payload + 8, 8);
		used += btrfs_inode_extref_encode(b->item + used, parent, index, (const char *)payload + 16, name_len);
	}
	return ret || !used ? ret : btrfs_tree_add(b->tree, &key, b->item, used);
}

/* The root directory is its own parent. */
static int root_ref(struct fs_builder *b)
{
	struct btrfs_key key = { b->objectid, BTRFS_INODE_REF, b->objectid };
	u32 size = btrfs_inode_ref_encode(b->item, 0, "..", 2);

	return btrfs_tree_add(b->tree, &key, b->item, size);
}

int build_fs_refs(struct fs_builder *b, u32 ino)
{
	int ret = 0;

	if (ino == EXT_ROOT_INO)
		return root_ref(b);
	sort_reset(b->extrefs);
	while (!ret && b->have_name && b->name.child == ino)
		ret = refs_of_parent(b, ino);
	if (!ret && sort_count(b->extrefs))
		ret = write_extrefs(b);
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The root tree: exactly the items that a fresh file system with one subvolume has, each as it should be. */
#include <string.h>
#include <sys/stat.h>

#include "base/status.h"
#include "convert/verify_private.h"

#define DEFAULT_NAME "default"
/* btrfs_name_hash() of that name. */
#define DEFAULT_HASH ((u64)2378154706)

static bool has_inodes(u64 tree)
{
	return tree == BTRFS_FS_TREE || tree == VERIFY_SAVED_TREE || tree == BTRFS_DATA_RELOC_TREE;
}

static const char *wrong_root_item(const struct verify *v, u64 id, const struct btrfs_root_item_disk *d)
{
	bool subvolume = id == BTRFS_FS_TREE || id == VERIFY_SAVED_TREE;

	if (d->generation != v->super->generation || d->generation_v2 != d->generation)
		return "wrong generation";
	if (le64_to_cpu(d->root_dirid) != (has_inodes(id) ? BTRFS_FIRST_FREE : 0))
		return "wrong root directory";
	if (!d->bytenr || le64_to_cpu(d->bytenr) % v->info->nodesize || d->level >= BTRFS_MAX_LEVEL)
		return "wrong root block";
	if (!d->bytes_used)
		return "no bytes used";
	if (le64_to_cpu(d->flags) & ~(id == VERIFY_SAVED_TREE ? BTRFS_ROOT_SUBVOL_RDONLY : 0))
		return "wrong flags";
	if (le32_to_cpu(d->refs) != 1 || d->byte_limit || d->last_snapshot || d->drop_level ||
	    !verify_all_zero(&d->drop_progress, sizeof(d->drop_progress)))
		return "references, limit or drop progress are wrong";
	if (le64_to_cpu(d->inode.generation) != 1 || le32_to_cpu(d->inode.nlink) != 1 ||
	    le32_to_cpu(d->inode.mode) != (S_IFDIR | 0755))
		return "wrong inode";
	if (subvolume && (!(le64_to_cpu(d->inode.flags) & BTRFS_INODE_ROOT_ITEM_INIT) ||
			  verify_all_zero(d->uuid, sizeof(d->uuid))))
		return "no uuid, or not marked as initialised";
	return NULL;
}

static int take_root_item(struct verify *v, const struct verify_walk *w)
{
	const struct btrfs_root_item_disk *d = (const struct btrfs_root_item_disk *)w->item.data;
	struct verify_root *root = &v->roots[v->nr_roots];
	const char *what;

	if (w->item.key.offset != 0 || w->item.size != sizeof(*d))
		return verify_bad_item(w, "wrong key or size");
	what = wrong_root_item(v, w->item.key.objectid, d);
	if (what)
		return verify_bad_item(w, what);
	root->id = w->item.key.objectid;
	root->logical = le64_to_cpu(d->bytenr);
	root->bytes_used = le64_to_cpu(d->bytes_used);
	root->level = d->level;
	memcpy(root->uuid, d->uuid, sizeof(root->uuid));
	v->nr_roots++;
	return 0;
}

/* --- the other items of the root tree --- */

/* ROOT_REF comes before ROOT_BACKREF: 5 before 256. */
static int take_root_ref(struct verify *v, const struct verify_walk *w)
{
	const struct btrfs_root_ref_disk *d = (const struct btrfs_root_ref_disk *)w->item.data;
	struct verify_subvol subvol = { .name_len = 0 };

	if (w->item.size < sizeof(*d) || w->item.size != sizeof(*d) + le16_to_cpu(d->name_len) ||
	    le16_to_cpu(d->name_len) > VERIFY_NAME_MAX || !d->name_len)
		return verify_bad_item(w, "wrong size");
	subvol.dirid = le64_to_cpu(d->dirid);
	subvol.index = le64_to_cpu(d->sequence);
	subvol.name_len = le16_to_cpu(d->name_len);
	memcpy(subvol.name, d + 1, subvol.name_len);
	if (w->item.key.type == BTRFS_ROOT_REF)
		v->saved = subvol;
	else if (memcmp(&v->saved, &subvol, sizeof(subvol)) != 0)
		return verify_bad_item(w, "not the same as the ROOT_REF");
	return 0;
}

static int check_default_inode(struct verify *v, const struct verify_walk *w)
{
	const struct btrfs_inode_item_disk *d = (const struct btrfs_inode_item_disk *)w->item.data;

	if (w->item.size != sizeof(*d) || d->generation != v->super->generation || d->size ||
	    le32_to_cpu(d->nlink) != 1 || le32_to_cpu(d->mode) != (S_IFDIR | 0755))
		return verify_bad_item(w, "not as it should be");
	return 0;
}

/* A name in a root tree: index 0. */
static int check_default_ref(struct verify *v, const struct verify_walk *w)
{
	const char *name = w->item.key.objectid == BTRFS_ROOT_TREE_DIR ? ".." : DEFAULT_NAME;
	const struct btrfs_inode_ref_disk *d = (const struct btrfs_inode_ref_disk *)w->item.data;

	(void)v;
	if (w->item.size != sizeof(*d) + strlen(name) || d->index || le16_to_cpu(d->name_len) != strlen(name) ||
	    memcmp(d + 1, name, strlen(name)) != 0)
		return verify_bad_item(w, "not as it should be");
	return 0;
}

static int check_default_entry(struct verify *v, const struct verify_walk *w)
{
	const struct btrfs_dir_item_disk *d = (const struct btrfs_dir_item_disk *)w->item.data;
	const size_t len = sizeof(DEFAULT_NAME) - 1;

	(void)v;
	if (w->item.size != sizeof(*d) + len || le64_to_cpu(d->location.objectid) != BTRFS_FS_TREE ||
	    d->location.type != BTRFS_ROOT_ITEM || le64_to_cpu(d->location.offset) != (u64)-1 || d->data_len ||
	    le16_to_cpu(d->name_len) != len || d->type != BTRFS_FT_DIR || memcmp(d + 1, DEFAULT_NAME, len) != 0)
		return verify_bad_item(w, "not as it should be");
	return 0;
}

/* --- the whole tree --- */

enum presence { ALWAYS, OPTIONAL, WITH_FREE_SPACE_TREE, WITH_BLOCK_GROUP_TREE };

/* All items of a root tree in the order of keys. */
static const struct root_tree_item {
	struct btrfs_key key;
	enum presence presence;
	int (*take)(struct verify *v, const struct verify_walk *w);
} root_tree_items[] = {
	{ { BTRFS_EXTENT_TREE, BTRFS_ROOT_ITEM, 0 }, ALWAYS, take_root_item },
	{ { BTRFS_DEV_TREE, BTRFS_ROOT_ITEM, 0 }, ALWAYS, take_root_item },
	{ { BTRFS_FS_TREE, BTRFS_INODE_REF, BTRFS_ROOT_TREE_DIR }, ALWAYS, check_default_ref },
	{ { BTRFS_FS_TREE, BTRFS_ROOT_ITEM, 0 }, ALWAYS, take_root_item },
	{ { BTRFS_FS_TREE, BTRFS_ROOT_REF, VERIFY_SAVED_TREE }, ALWAYS, take_root_ref },
	{ { BTRFS_ROOT_TREE_DIR, BTRFS_INODE_ITEM, 0 }, ALWAYS, check_default_inode },
	{ { BTRFS_ROOT_TREE_DIR, BTRFS_INODE_REF, BTRFS_ROOT_TREE_DIR }, ALWAYS, check_default_ref },
	{ { BTRFS_ROOT_TREE_DIR, BTRFS_DIR_ITEM, DEFAULT_HASH }, ALWAYS, check_default_entry },
	{ { BTRFS_CSUM_TREE, BTRFS_ROOT_ITEM, 0 }, ALWAYS, take_root_item },
	{ { BTRFS_UUID_TREE, BTRFS_ROOT_ITEM, 0 }, OPTIONAL, take_root_item },
	{ { BTRFS_FREE_SPACE_TREE, BTRFS_ROOT_ITEM, 0 }, WITH_FREE_SPACE_TREE, take_root_item },
	{ { BTRFS_BLOCK_GROUP_TREE, BTRFS_ROOT_ITEM, 0 }, WITH_BLOCK_GROUP_TREE, take_root_item },
	{ { VERIFY_SAVED_TREE, BTRFS_ROOT_ITEM, 0 }, ALWAYS, take_root_item },
	{ { VERIFY_SAVED_TREE, BTRFS_ROOT_BACKREF, BTRFS_FS_TREE }, ALWAYS, take_root_ref },
	{ { BTRFS_DATA_RELOC_TREE, BTRFS_ROOT_ITEM, 0 }, ALWAYS, take_root_item },
};

static_assert(2 + ARRAY_SIZE(root_tree_items) <= VERIFY_MAX_ROOTS, "room for the root of each tree");

static bool must_be_there(const struct verify *v, enum presence presence)
{
	switch (presence) {
	case ALWAYS:
		return true;
	case OPTIONAL:
		return false;
	case WITH_FREE_SPACE_TREE:
		return (v->info->compat_ro & BTRFS_COMPAT_RO_FREE_SPACE_TREE) != 0;
	case WITH_BLOCK_GROUP_TREE:
		return (v->info->compat_ro & BTRFS_COMPAT_RO_BLOCK_GROUP_TREE) != 0;
	}
	return true;
}

static int take_items(struct verify *v, struct verify_walk *w)
{
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < ARRAY_SIZE(root_tree_items); i++) {
		const struct root_tree_item *item = &root_tree_items[i];

		if (!w->has_item || btrfs_key_compare(&w->item.key, &item->key) != 0) {
			if (must_be_there(v, item->presence))
				return verify_bug("root tree: item (%lld %u %llu) is missing",
						  (long long)item->key.objectid, item->key.type,
						  (unsigned long long)item->key.offset);
			continue;
		}
		if (item->presence != OPTIONAL && !must_be_there(v, item->presence))
			return verify_bad_item(w, "the superblock does not have this feature");
		ret = item->take(v, w);
		if (!ret)
			ret = verify_walk_next(w);
	}
	return ret;
}

static void add_super_root(struct verify *v, u64 id, u64 logical, u8 level)
{
	v->roots[v->nr_roots++] = (struct verify_root){ .id = id, .logical = logical, .level = level };
}

int verify_roots(struct verify *v)
{
	struct verify_walk w;
	int ret;

	add_super_root(v, BTRFS_ROOT_TREE, v->info->root, v->info->root_level);
	add_super_root(v, BTRFS_CHUNK_TREE, v->info->chunk_root, v->info->chunk_root_level);
	ret = verify_walk_open(v, &v->files, &v->roots[0], &w);
	if (!ret)
		ret = take_items(v, &w);
	if (!ret)
		ret = verify_walk_finish(&w);
	verify_walk_close(&w);
	return ret ? ret : verify_super_roots(v);
}

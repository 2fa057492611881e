/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names: those that directories give (DIR_ITEM by hash, DIR_INDEX by order), those that inodes have (INODE_REF,
 * INODE_EXTREF), and extended attributes, which have the same form. Items may hold several entries, which are taken
 * apart with bounds.
 */
#include <string.h>

#include "base/status.h"
#include "btrfs/btrfs_csum.h"
#include "convert/verify_private.h"

/* The rest of an item that holds entries. */
struct entries {
	const u8 *next;
	u32 left;
};

/* Takes size bytes: NULL when there are fewer. */
static const void *take(struct entries *e, u32 size)
{
	const u8 *p = e->next;

	if (size > e->left)
		return NULL;
	e->next += size;
	e->left -= size;
	return p;
}

static bool name_is_sound(const u8 *name, u32 len)
{
	if (!len || len > VERIFY_NAME_MAX || memchr(name, '/', len) || memchr(name, 0, len))
		return false;
	return !(name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')));
}

/* --- names of inodes --- */

/* One name of the inode at hand. */
static int take_link(struct verify_fs *fs, u64 parent, u64 index, const u8 *name, u32 len)
{
	u64 hash = verify_mix(verify_mix(fs->tree, parent), fs->ino);

	if (parent < BTRFS_FIRST_FREE || parent == fs->ino || index < 2)
		return verify_bad_item(&fs->walk, "wrong directory or index");
	verify_sum_add(&fs->tally->links_back, verify_mix_bytes(verify_mix(hash, index), name, len), 1);
	fs->nr_links++;
	return 0;
}

/* The root directory is its own parent and has no name. */
static int take_root_ref(struct verify_fs *fs, const struct btrfs_item *item)
{
	const struct btrfs_inode_ref_disk *d = (const struct btrfs_inode_ref_disk *)item->data;

	if (item->size != sizeof(*d) + 2 || d->index || le16_to_cpu(d->name_len) != 2 || memcmp(d + 1, "..", 2) != 0)
		return verify_bad_item(&fs->walk, "not as it should be");
	fs->has_root_ref = true;
	return 0;
}

int verify_inode_ref(struct verify_fs *fs, const struct btrfs_item *item)
{
	struct entries e = { item->data, item->size };

	if (fs->ino == BTRFS_FIRST_FREE && item->key.offset == BTRFS_FIRST_FREE)
		return take_root_ref(fs, item);
	if (!e.left)
		return verify_bad_item(&fs->walk, "it is empty");
	while (e.left) {
		const struct btrfs_inode_ref_disk *d = take(&e, sizeof(*d));
		u32 len = d ? le16_to_cpu(d->name_len) : 0;
		const u8 *name = take(&e, len);
		int ret;

		if (!d || !name || !len || len > VERIFY_NAME_MAX)
			return verify_bad_item(&fs->walk, "it is cut short, or a name has the wrong length");
		ret = take_link(fs, item->key.offset, le64_to_cpu(d->index), name, len);
		if (ret)
			return ret;
	}
	return 0;
}

int verify_inode_extref(struct verify_fs *fs, const struct btrfs_item *item)
{
	struct entries e = { item->data, item->size };

	if (!(fs->v->info->incompat & BTRFS_INCOMPAT_EXTENDED_IREF))
		return verify_bad_item(&fs->walk, "the superblock does not have this feature");
	if (!e.left)
		return verify_bad_item(&fs->walk, "it is empty");
	while (e.left) {
		const struct btrfs_inode_extref_disk *d = take(&e, sizeof(*d));
		u32 len = d ? le16_to_cpu(d->name_len) : 0;
		const u8 *name = take(&e, len);
		int ret;

		if (!d || !name || !len || len > VERIFY_NAME_MAX)
			return verify_bad_item(&fs->walk, "it is cut short, or a name has the wrong length");
		if (btrfs_extref_hash(le64_to_cpu(d->parent), (const char *)name, len) != item->key.offset)
			return verify_bad_item(&fs->walk, "the key is not the hash of the name");
		ret = take_link(fs, le64_to_cpu(d->parent), le64_to_cpu(d->index), name, len);
		if (ret)
			return ret;
	}
	return 0;
}

/* --- entries of directories --- */

struct entry {
	const struct btrfs_dir_item_disk *disk;
	const u8 *name;
	u32 len;
	u64 child; /* inode or subvolume */
};

/* The next entry of a DIR_ITEM, DIR_INDEX or XATTR_ITEM. */
static int take_entry(const struct verify_fs *fs, struct entries *e, struct entry *entry)
{
	const struct btrfs_dir_item_disk *d = take(e, sizeof(*d));

	entry->disk = d;
	entry->len = d ? le16_to_cpu(d->name_len) : 0;
	entry->name = take(e, entry->len);
	if (!d || !entry->name || !entry->len || entry->len > VERIFY_NAME_MAX ||
	    !take(e, le16_to_cpu(d->data_len)))
		return verify_bad_item(&fs->walk, "it is cut short, or a name has the wrong length");
	if (d->transid != fs->v->super->generation)
		return verify_bad_item(&fs->walk, "wrong generation");
	entry->child = le64_to_cpu(d->location.objectid);
	return 0;
}

/* An entry names an inode, or in tree 5 the saved subvolume. */
static int check_entry(const struct verify_fs *fs, const struct entry *entry)
{
	const struct btrfs_dir_item_disk *d = entry->disk;
	u64 offset = le64_to_cpu(d->location.offset);

	if (fs->type != BTRFS_FT_DIR)
		return verify_bad_inode(fs, "it has entries but is no directory");
	if (d->data_len || d->type < BTRFS_FT_REG || d->type > BTRFS_FT_SYMLINK)
		return verify_bad_item(&fs->walk, "wrong type of an entry, or data behind it");
	if (d->location.type == BTRFS_INODE_ITEM && offset == 0 && entry->child > BTRFS_FIRST_FREE)
		return 0;
	if (d->location.type == BTRFS_ROOT_ITEM && offset == (u64)-1 && fs->tree == BTRFS_FS_TREE &&
	    entry->child == VERIFY_SAVED_TREE && d->type == BTRFS_FT_DIR)
		return 0;
	return verify_bad_item(&fs->walk, "an entry that leads nowhere");
}

/* What both kinds of items say of a name. */
static u64 entry_hash(const struct verify_fs *fs, const struct entry *entry)
{
	u64 what = (u64)entry->disk->location.type << 8 | entry->disk->type;
	u64 hash = verify_mix(verify_mix(fs->tree, fs->ino), entry->child);

	return verify_mix_bytes(verify_mix(hash, what), entry->name, entry->len);
}

/* True when an entry before last in the item has its name. */
static bool is_repeated(const struct btrfs_item *item, const struct entry *last)
{
	struct entries e = { item->data, item->size };
	const struct btrfs_dir_item_disk *d;

	while ((d = take(&e, sizeof(*d))) != NULL && d != last->disk) {
		u32 len = le16_to_cpu(d->name_len);
		const u8 *name = take(&e, len);

		if (len == last->len && memcmp(name, last->name, len) == 0)
			return true;
		take(&e, le16_to_cpu(d->data_len));
	}
	return false;
}

int verify_dir_item(struct verify_fs *fs, const struct btrfs_item *item)
{
	struct entries e = { item->data, item->size };
	struct entry entry;
	int ret;

	do {
		ret = take_entry(fs, &e, &entry);
		if (!ret)
			ret = check_entry(fs, &entry);
		if (ret)
			return ret;
		if (btrfs_name_hash((const char *)entry.name, entry.len) != item->key.offset)
			return verify_bad_item(&fs->walk, "the key is not the hash of the name");
		if (is_repeated(item, &entry))
			return verify_bad_item(&fs->walk, "a name is there twice");
		verify_sum_add(&fs->tally->names_hashed, entry_hash(fs, &entry), 1);
	} while (e.left);
	return 0;
}

static int take_subvol_name(struct verify_fs *fs, u64 index, const struct entry *entry)
{
	const struct verify_subvol *saved = &fs->v->saved;

	if (fs->ino != saved->dirid || index != saved->index || entry->len != saved->name_len ||
	    memcmp(entry->name, saved->name, entry->len) != 0)
		return verify_bad_item(&fs->walk, "the subvolume's ROOT_REF says something else");
	fs->tally->nr_subvol_names++;
	return 0;
}

static int take_inode_name(struct verify_fs *fs, u64 index, const struct entry *entry)
{
	struct verify_tally *tally = fs->tally;
	u64 hash = verify_mix(verify_mix(fs->tree, fs->ino), entry->child);

	verify_sum_add(&tally->links_indexed, verify_mix_bytes(verify_mix(hash, index), entry->name, entry->len), 1);
	hash = verify_mix(verify_mix(fs->tree, entry->child), entry->disk->type);
	verify_sum_add(&tally->types_named, hash, 1);
	if (fs->tree == BTRFS_FS_TREE)
		tally->counts.found.nr_names++;
	/* rollback finds the image by its name */
	if (fs->tree == VERIFY_SAVED_TREE && (entry->child == VERIFY_IMAGE_INO) !=
	    (entry->len == strlen(VERIFY_IMAGE_NAME) && memcmp(entry->name, VERIFY_IMAGE_NAME, entry->len) == 0))
		return verify_bad_item(&fs->walk, "the saved image has another name");
	return 0;
}

int verify_dir_index(struct verify_fs *fs, const struct btrfs_item *item)
{
	struct entries e = { item->data, item->size };
	struct entry entry;
	int ret;

	ret = take_entry(fs, &e, &entry);
	if (!ret)
		ret = check_entry(fs, &entry);
	if (ret)
		return ret;
	if (e.left || item->key.offset < 2)
		return verify_bad_item(&fs->walk, "two entries, or an index below 2");
	if (!name_is_sound(entry.name, entry.len))
		return verify_bad_item(&fs->walk, "a name that no file can have");
	fs->dir_size += 2 * (u64)entry.len;
	verify_sum_add(&fs->tally->names_indexed, entry_hash(fs, &entry), 1);
	if (entry.disk->location.type == BTRFS_ROOT_ITEM)
		return take_subvol_name(fs, item->key.offset, &entry);
	return take_inode_name(fs, item->key.offset, &entry);
}

/* --- extended attributes --- */

int verify_xattr(struct verify_fs *fs, const struct btrfs_item *item)
{
	struct entries e = { item->data, item->size };
	struct entry entry;

	do {
		int ret = take_entry(fs, &e, &entry);

		if (ret)
			return ret;
		if (!verify_all_zero(&entry.disk->location, sizeof(entry.disk->location)) ||
		    entry.disk->type != BTRFS_FT_XATTR)
			return verify_bad_item(&fs->walk, "wrong location or type of an attribute");
		if (btrfs_name_hash((const char *)entry.name, entry.len) != item->key.offset)
			return verify_bad_item(&fs->walk, "the key is not the hash of the name");
		if (is_repeated(item, &entry))
			return verify_bad_item(&fs->walk, "an attribute is there twice");
		fs->tally->counts.found.nr_xattrs += fs->tree == BTRFS_FS_TREE;
	} while (e.left);
	return 0;
}

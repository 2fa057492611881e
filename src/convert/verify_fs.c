/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file trees, inode by inode: what the inode item says must be what its other items add up to. Names, types and
 * references to extents go into the sums.
 */
#include <string.h>
#include <sys/stat.h>

#include "base/status.h"
#include "convert/verify_private.h"

#define INODE_FLAGS ((u64)0xfff)
#define NSEC_PER_SEC 1000000000u

int verify_bad_inode(const struct verify_fs *fs, const char *what)
{
	return verify_bug("tree %lld, inode %llu: %s", (long long)fs->tree, (unsigned long long)fs->ino, what);
}

static u8 type_of_mode(u32 mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return BTRFS_FT_REG;
	case S_IFDIR:
		return BTRFS_FT_DIR;
	case S_IFCHR:
		return BTRFS_FT_CHR;
	case S_IFBLK:
		return BTRFS_FT_BLK;
	case S_IFIFO:
		return BTRFS_FT_FIFO;
	case S_IFSOCK:
		return BTRFS_FT_SOCK;
	case S_IFLNK:
		return BTRFS_FT_SYMLINK;
	default:
		return 0;
	}
}

static bool time_is_sound(const struct btrfs_time_disk *time)
{
	return le32_to_cpu(time->nsec) < NSEC_PER_SEC;
}

/* --- an inode begins --- */

static const char *wrong_inode(const struct verify_fs *fs, const struct btrfs_inode_item_disk *d)
{
	bool device = fs->type == BTRFS_FT_CHR || fs->type == BTRFS_FT_BLK;
	le64 generation = fs->v->super->generation;

	if (d->generation != generation || d->transid != generation)
		return "wrong generation";
	if (!fs->type || fs->mode & ~(u32)(S_IFMT | 07777))
		return "wrong mode";
	if (fs->size > (u64)INT64_MAX)
		return "wrong size";
	if (!fs->nlink || (fs->type == BTRFS_FT_DIR && fs->nlink != 1))
		return "wrong number of links";
	if (fs->flags & ~INODE_FLAGS)
		return "unknown flags";
	if (fs->type == BTRFS_FT_SYMLINK && fs->flags & (BTRFS_INODE_IMMUTABLE | BTRFS_INODE_APPEND))
		return "a symlink that is immutable or append-only";
	if (d->block_group || (d->rdev && !device) || !verify_all_zero(d->reserved, sizeof(d->reserved)))
		return "a field that should be zero is not";
	if (!time_is_sound(&d->atime) || !time_is_sound(&d->ctime) || !time_is_sound(&d->mtime) ||
	    !time_is_sound(&d->otime))
		return "a time with too many nanoseconds";
	return NULL;
}

static int begin_inode(struct verify_fs *fs, const struct btrfs_item *item)
{
	const struct btrfs_inode_item_disk *d = (const struct btrfs_inode_item_disk *)item->data;
	const char *what;

	if (item->key.type != BTRFS_INODE_ITEM || item->key.offset != 0 || item->size != sizeof(*d))
		return verify_bad_item(&fs->walk, "an inode must begin with its inode item");
	if (item->key.objectid < BTRFS_FIRST_FREE || item->key.objectid > -BTRFS_FIRST_FREE)
		return verify_bad_item(&fs->walk, "not the number of an inode");
	fs->ino = item->key.objectid;
	fs->size = le64_to_cpu(d->size);
	fs->nbytes = le64_to_cpu(d->nbytes);
	fs->flags = le64_to_cpu(d->flags);
	fs->nlink = le32_to_cpu(d->nlink);
	fs->mode = le32_to_cpu(d->mode);
	fs->type = type_of_mode(fs->mode);
	fs->nr_links = 0;
	fs->dir_size = 0;
	fs->data_bytes = 0;
	fs->extent_end = 0;
	fs->nr_extents = 0;
	fs->has_inline = fs->has_prealloc = fs->has_root_ref = false;
	what = wrong_inode(fs, d);
	return what ? verify_bad_inode(fs, what) : 0;
}

/* --- an inode ends --- */

static void count_inode(struct verify_fs *fs)
{
	struct verify_expect *found = &fs->tally->counts.found;

	if (fs->tree != BTRFS_FS_TREE)
		return;
	switch (fs->type) {
	case BTRFS_FT_REG:
		found->nr_files++;
		break;
	case BTRFS_FT_DIR:
		found->nr_dirs++;
		break;
	case BTRFS_FT_SYMLINK:
		found->nr_symlinks++;
		break;
	default:
		found->nr_nodes++;
	}
	if (fs->has_inline && fs->type == BTRFS_FT_REG) {
		found->nr_inline++;
		found->inline_bytes += fs->size;
	}
}

static int end_directory(const struct verify_fs *fs)
{
	/* the kernel counts the block of an empty directory it made itself, others count nothing */
	if (fs->nbytes % fs->v->info->nodesize)
		return verify_bad_inode(fs, "wrong number of bytes of a directory");
	if (fs->size != fs->dir_size)
		return verify_bad_inode(fs, "the size of the directory is not that of its names");
	return 0;
}

static int end_inode(struct verify_fs *fs)
{
	bool root = fs->ino == BTRFS_FIRST_FREE;
	int ret;

	if (!fs->ino)
		return 0;
	if (root != fs->has_root_ref || (root && fs->type != BTRFS_FT_DIR))
		return verify_bad_inode(fs, "the root directory is not as it should be");
	if (fs->nr_links != (root ? 0 : fs->nlink))
		return verify_bad_inode(fs, "it has more or fewer names than links");
	verify_sum_add(&fs->tally->types_had, verify_mix(verify_mix(fs->tree, fs->ino), fs->type), fs->nr_links);
	ret = fs->type == BTRFS_FT_DIR ? end_directory(fs) : verify_file_end(fs);
	count_inode(fs);
	return ret;
}

/* --- a tree --- */

static int take_item(struct verify_fs *fs)
{
	const struct btrfs_item *item = &fs->walk.item;

	if (item->key.objectid != fs->ino) {
		int ret = end_inode(fs);

		return ret ? ret : begin_inode(fs, item);
	}
	switch (item->key.type) {
	case BTRFS_INODE_REF:
		return verify_inode_ref(fs, item);
	case BTRFS_INODE_EXTREF:
		return verify_inode_extref(fs, item);
	case BTRFS_XATTR_ITEM:
		return verify_xattr(fs, item);
	case BTRFS_DIR_ITEM:
		return verify_dir_item(fs, item);
	case BTRFS_DIR_INDEX:
		return verify_dir_index(fs, item);
	case BTRFS_EXTENT_DATA:
		return verify_file_extent(fs, item);
	default:
		return verify_bad_item(&fs->walk, "an item of this type has no place here");
	}
}

static int walk_file_tree(struct verify *v, u64 tree, u64 *nr_items)
{
	struct verify_fs fs = { .v = v, .tally = &v->files, .tree = tree };
	int ret;

	*nr_items = 0;
	ret = verify_walk_open(v, &v->files, verify_find_root(v, tree), &fs.walk);
	while (!ret && fs.walk.has_item) {
		if (!*nr_items && fs.walk.item.key.objectid != BTRFS_FIRST_FREE) {
			ret = verify_bad_item(&fs.walk, "the root directory is missing");
			break;
		}
		++*nr_items;
		ret = take_item(&fs);
		if (!ret)
			ret = verify_walk_next(&fs.walk);
	}
	if (!ret)
		ret = end_inode(&fs);
	if (!ret)
		ret = verify_walk_finish(&fs.walk);
	verify_walk_close(&fs.walk);
	return ret;
}

/* --- the uuid tree: one item for each subvolume, nothing else --- */

static int take_uuids(struct verify *v, struct verify_walk *w)
{
	size_t i, nr = 0;
	int ret = 0;

	for (; !ret && w->has_item; nr++) {
		const struct btrfs_uuid_item_disk *d = (const struct btrfs_uuid_item_disk *)w->item.data;
		const struct verify_root *root = NULL;

		if (w->item.key.type != BTRFS_UUID_KEY_SUBVOL || w->item.size != sizeof(*d))
			return verify_bad_item(w, "wrong type or size");
		root = verify_find_root(v, le64_to_cpu(d->subvolume));
		if (!root || get_le64(root->uuid) != w->item.key.objectid ||
		    get_le64(root->uuid + 8) != w->item.key.offset)
			return verify_bad_item(w, "no subvolume has this uuid");
		ret = verify_walk_next(w);
	}
	for (i = 0; i < v->nr_roots; i++)
		if (!verify_all_zero(v->roots[i].uuid, sizeof(v->roots[i].uuid)))
			nr--;
	if (!ret && nr != 0)
		ret = verify_bug("uuid tree: a subvolume is missing or two have the same uuid");
	return ret;
}

static int walk_uuid_tree(struct verify *v)
{
	const struct verify_root *root = verify_find_root(v, BTRFS_UUID_TREE);
	struct verify_walk w;
	int ret;

	if (!root)
		return 0;
	ret = verify_walk_open(v, &v->files, root, &w);
	if (!ret)
		ret = take_uuids(v, &w);
	if (!ret)
		ret = verify_walk_finish(&w);
	verify_walk_close(&w);
	return ret;
}

int verify_files(struct verify *v)
{
	u64 nr_items;
	int ret;

	ret = walk_file_tree(v, BTRFS_FS_TREE, &nr_items);
	if (!ret && v->files.nr_subvol_names != 1)
		ret = verify_bug("the saved subvolume has %llu names", (unsigned long long)v->files.nr_subvol_names);
	if (!ret)
		ret = walk_file_tree(v, VERIFY_SAVED_TREE, &nr_items);
	if (!ret && !v->files.has_image)
		ret = verify_bug("the saved image is missing");
	if (!ret)
		ret = walk_file_tree(v, BTRFS_DATA_RELOC_TREE, &nr_items);
	if (!ret && nr_items != 2)
		ret = verify_bug("the data reloc tree has %llu items instead of 2", (unsigned long long)nr_items);
	return ret ? ret : walk_uuid_tree(v);
}

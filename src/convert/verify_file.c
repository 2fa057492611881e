/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What files consist of: extents in order, without overlap, inside the limits of the format; and for the saved image
 * what rollback by this and by other tools relies on.
 */
#include <string.h>

#include "base/arith.h"
#include "base/status.h"
#include "convert/verify_private.h"

#define INLINE_HEAD offsetof(struct btrfs_file_extent_disk, disk_bytenr)
#define FILE_MAX ((u64)INT64_MAX)

/* The image may refer to a copy only for what lay here. */
static const struct range moved_places[] = {
	{ 0, MIB },
	{ 64 * MIB, 64 * KIB },
	{ 256 * GIB, 64 * KIB },
};

static bool is_image(const struct verify_fs *fs)
{
	return fs->tree == VERIFY_SAVED_TREE && fs->ino == VERIFY_IMAGE_INO;
}

/* --- inline --- */

static int take_inline(struct verify_fs *fs, const struct btrfs_item *item)
{
	const struct btrfs_file_extent_disk *d = (const struct btrfs_file_extent_disk *)item->data;
	u64 limit = min_u64(SECTOR - 1, btrfs_max_item(fs->v->info->nodesize) - INLINE_HEAD);
	u64 len = le64_to_cpu(d->ram_bytes);

	if (!len || len > limit || item->size != INLINE_HEAD + len)
		return verify_bad_item(&fs->walk, "inline data of the wrong length");
	if (fs->nr_extents || item->key.offset || len != fs->size || fs->tree != BTRFS_FS_TREE)
		return verify_bad_item(&fs->walk, "inline data must be all of its file");
	if (fs->type == BTRFS_FT_SYMLINK && memchr(item->data + INLINE_HEAD, 0, len))
		return verify_bad_item(&fs->walk, "a NUL in the target of a symlink");
	fs->has_inline = true;
	fs->data_bytes += len;
	return 0;
}

/* --- extents --- */

struct file_extent {
	u64 start, len;   /* in the file */
	u64 disk, disk_len, offset;
	bool prealloc;
};

/* Consecutive, and complete where holes must be items. */
static int check_order(const struct verify_fs *fs, const struct file_extent *x)
{
	u64 end;

	if (x->start % SECTOR || !x->len || x->len % SECTOR || add_overflows(x->start, x->len, &end) || end > FILE_MAX)
		return verify_bad_item(&fs->walk, "wrong place or length");
	if (fs->has_inline || x->start < fs->extent_end)
		return verify_bad_item(&fs->walk, "it overlaps the extent before");
	if (x->start > fs->extent_end && !(fs->v->info->incompat & BTRFS_INCOMPAT_NO_HOLES))
		return verify_bad_item(&fs->walk, "there is no item for the hole before it");
	/* what lies behind the end would appear when the file grows */
	if (!x->prealloc && end > round_up(fs->size, SECTOR))
		return verify_bad_item(&fs->walk, "data behind the end of the file");
	return 0;
}

/* Rollback takes each piece of the image from where it was, but for those that had to move. */
static int check_image_extent(const struct verify_fs *fs, const struct file_extent *x)
{
	size_t i;

	if (x->offset || x->len != x->disk_len || x->prealloc)
		return verify_bad_item(&fs->walk, "the image must refer to whole extents");
	if (!fs->nr_extents && x->start)
		return verify_bad_item(&fs->walk, "the image must have something at its start");
	if (x->start == x->disk)
		return 0; /* data chunks lie where their addresses say */
	for (i = 0; i < ARRAY_SIZE(moved_places); i++)
		if (x->start >= moved_places[i].start &&
		    x->start + x->len <= moved_places[i].start + moved_places[i].len)
			return 0;
	return verify_bad_item(&fs->walk, "the image refers to another place");
}

static void count_extent(struct verify_fs *fs, const struct file_extent *x)
{
	struct verify_expect *found = &fs->tally->counts.found;

	if (fs->tree == BTRFS_FS_TREE && x->prealloc)
		found->prealloc_bytes += x->len;
	else if (fs->tree == BTRFS_FS_TREE)
		found->data_bytes += x->len;
	else if (is_image(fs))
		found->image_bytes += x->len;
	else
		found->uninit_bytes += x->len;
}

/* A reference that the extent tree must know. */
static int take_reference(struct verify_fs *fs, const struct file_extent *x)
{
	struct verify_tally *tally = fs->tally;
	bool plain = x->prealloc || fs->flags & BTRFS_INODE_NODATASUM;
	u64 end, hash = verify_mix(verify_mix(x->disk, x->disk_len), fs->tree);

	if (add_overflows(x->offset, x->len, &end) || end > x->disk_len || x->offset % SECTOR)
		return verify_bad_item(&fs->walk, "it reaches beyond its extent");
	if (is_image(fs)) {
		int ret = check_image_extent(fs, x);

		if (ret)
			return ret;
	} else if (fs->tree == VERIFY_SAVED_TREE && !x->prealloc) {
		return verify_bad_item(&fs->walk, "data beside the image");
	}
	hash = verify_mix(verify_mix(hash, fs->ino), x->start - x->offset);
	verify_sum_add(&tally->refs_made, hash, 1);
	verify_sum_add(plain ? &tally->plain_wanted : &tally->csums_wanted, x->disk, 1);
	count_extent(fs, x);
	fs->data_bytes += x->len;
	fs->has_prealloc |= x->prealloc;
	return 0;
}

static int take_extent(struct verify_fs *fs, const struct btrfs_item *item, bool prealloc)
{
	const struct btrfs_file_extent_disk *d = (const struct btrfs_file_extent_disk *)item->data;
	struct file_extent x = { .start = item->key.offset, .prealloc = prealloc };
	int ret;

	if (item->size != sizeof(*d))
		return verify_bad_item(&fs->walk, "wrong size");
	x.len = le64_to_cpu(d->num_bytes);
	x.disk = le64_to_cpu(d->disk_bytenr);
	x.disk_len = le64_to_cpu(d->disk_num_bytes);
	x.offset = le64_to_cpu(d->offset);
	if (fs->type != BTRFS_FT_REG)
		return verify_bad_inode(fs, "it has extents but is no regular file");
	ret = check_order(fs, &x);
	if (ret)
		return ret;
	if (le64_to_cpu(d->ram_bytes) != (x.disk ? x.disk_len : x.len))
		return verify_bad_item(&fs->walk, "wrong ram_bytes");
	if (x.disk)
		ret = take_reference(fs, &x);
	else if (x.disk_len || x.offset || prealloc)
		ret = verify_bad_item(&fs->walk, "a hole that has a place");
	fs->extent_end = x.start + x.len;
	return ret;
}

int verify_file_extent(struct verify_fs *fs, const struct btrfs_item *item)
{
	const struct btrfs_file_extent_disk *d = (const struct btrfs_file_extent_disk *)item->data;
	int ret;

	if (item->size < INLINE_HEAD)
		return verify_bad_item(&fs->walk, "wrong size");
	if (d->generation != fs->v->super->generation)
		return verify_bad_item(&fs->walk, "wrong generation");
	if (d->compression || d->encryption || d->other_encoding)
		return verify_bad_item(&fs->walk, "compressed or encoded");
	switch (d->type) {
	case BTRFS_EXTENT_INLINE:
		if (fs->type != BTRFS_FT_REG && fs->type != BTRFS_FT_SYMLINK)
			return verify_bad_inode(fs, "it has inline data but is neither file nor symlink");
		ret = take_inline(fs, item);
		break;
	case BTRFS_EXTENT_REG:
	case BTRFS_EXTENT_PREALLOC:
		ret = take_extent(fs, item, d->type == BTRFS_EXTENT_PREALLOC);
		break;
	default:
		return verify_bad_item(&fs->walk, "unknown type of an extent");
	}
	fs->nr_extents++;
	return ret;
}

int verify_file_end(struct verify_fs *fs)
{
	bool no_holes = (fs->v->info->incompat & BTRFS_INCOMPAT_NO_HOLES) != 0;

	if (fs->nbytes != fs->data_bytes)
		return verify_bad_inode(fs, "the number of bytes is not that of its extents");
	if (fs->type == BTRFS_FT_SYMLINK && !fs->has_inline)
		return verify_bad_inode(fs, "a symlink without target");
	if (fs->type == BTRFS_FT_REG && !no_holes && !fs->has_inline && fs->extent_end < round_up(fs->size, SECTOR))
		return verify_bad_inode(fs, "there is no item for the hole at its end");
	if (fs->has_prealloc != ((fs->flags & BTRFS_INODE_PREALLOC) != 0))
		return verify_bad_inode(fs, "preallocated, or not, against its flags");
	if (is_image(fs)) {
		if (!fs->nr_extents)
			return verify_bad_inode(fs, "the saved image is empty");
		fs->tally->has_image = true;
		fs->tally->counts.found.image_size = fs->size;
	}
	return 0;
}

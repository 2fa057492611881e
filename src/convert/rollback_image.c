/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The saved image, ours or btrfs-convert's: file "image" in the root directory of subvolume 256. Outside the reserved
 * ranges each of its extents must lie at its own offset on the device; inside them it is a copy, which becomes a
 * piece of the journal record.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/endian.h"
#include "base/msg.h"
#include "base/status.h"
#include "base/vec.h"
#include "btrfs/btrfs_csum.h"
#include "btrfs/btrfs_ondisk.h"
#include "convert/plan.h"
#include "convert/rollback.h"

static int refuse(const struct rollback *r, const char *why)
{
	msg_err("%s: roll back is not possible: %s. Nothing was written.", r->job->config.device, why);
	return ERR_REFUSED;
}

/* The inode that the entry "image" of the subvolume's root directory leads to. */
static int find_entry(struct rollback *r, u64 dirid)
{
	struct btrfs_key from = { dirid, BTRFS_DIR_ITEM, btrfs_name_hash(PLAN_IMAGE_NAME, strlen(PLAN_IMAGE_NAME)) };
	size_t want = strlen(PLAN_IMAGE_NAME);
	struct btrfs_walk *walk = NULL;
	struct btrfs_item item;
	int ret = btrfs_walk_new(r->reader, PLAN_SAVED_TREE, r->image_tree_root, r->image_tree_level, &from, NULL, NULL,
				 &walk);

	if (!ret)
		ret = btrfs_walk_next(walk, &item);
	if (ret == 1 && btrfs_key_compare(&item.key, &from) == 0) {
		for (u32 pos = 0; pos + sizeof(struct btrfs_dir_item_disk) <= item.size;) {
			const u8 *entry = item.data + pos;
			u32 name_len = get_le16(entry + offsetof(struct btrfs_dir_item_disk, name_len));
			u32 data_len = get_le16(entry + offsetof(struct btrfs_dir_item_disk, data_len));

			if (name_len == want && pos + sizeof(struct btrfs_dir_item_disk) + want <= item.size &&
			    memcmp(entry + sizeof(struct btrfs_dir_item_disk), PLAN_IMAGE_NAME, want) == 0)
				r->image_ino = get_le64(entry);
			pos += (u32)sizeof(struct btrfs_dir_item_disk) + name_len + data_len;
		}
	}
	btrfs_walk_free(walk);
	if (ret < 0)
		return ret;
	return r->image_ino ? 0 : refuse(r, "subvolume 256 has no file \"image\"");
}

/* What the subvolume is called in its parent; nothing depends on it. */
static int note_name(struct rollback *r)
{
	const struct btrfs_super_info *super = btrfs_reader_super(r->reader);
	struct btrfs_key from = { PLAN_SAVED_TREE, BTRFS_ROOT_BACKREF, 0 };
	struct btrfs_walk *walk = NULL;
	struct btrfs_item item;
	int ret = btrfs_walk_new(r->reader, BTRFS_ROOT_TREE, super->root, super->root_level, &from, NULL, NULL, &walk);

	if (!ret)
		ret = btrfs_walk_next(walk, &item);
	if (ret == 1 && item.key.objectid == PLAN_SAVED_TREE && item.key.type == BTRFS_ROOT_BACKREF &&
	    item.size > sizeof(struct btrfs_root_ref_disk))
		memcpy(r->stats.saved_name, item.data + sizeof(struct btrfs_root_ref_disk),
		       min_u64(item.size - sizeof(struct btrfs_root_ref_disk), sizeof(r->stats.saved_name) - 1));
	btrfs_walk_free(walk);
	return ret < 0 ? ret : 0;
}

static int find_subvolume(struct rollback *r)
{
	u8 item[BTRFS_ROOT_ITEM_SIZE];
	int ret = btrfs_reader_find_root(r->reader, PLAN_SAVED_TREE, &r->image_tree_root, &r->image_tree_level, item);

	if (ret < 0)
		return ret;
	if (ret == 0)
		return refuse(r, "there is no subvolume 256 with the saved image of an ext file system");
	if (get_le32(item + offsetof(struct btrfs_root_item_disk, refs)) == 0)
		return refuse(r, "the subvolume with the saved image has been deleted");
	ret = note_name(r);
	return ret ? ret : find_entry(r, get_le64(item + offsetof(struct btrfs_root_item_disk, root_dirid)));
}

static int add_covered(struct rollback *r, u64 start, u64 len)
{
	struct range *last = r->nr_covered ? &r->covered[r->nr_covered - 1] : NULL;
	void *grown;

	if (last && last->start + last->len == start) {
		last->len += len;
		return 0;
	}
	grown = vec_grow(r->covered, &r->cap_covered, r->nr_covered, sizeof(*r->covered));
	if (!grown)
		return msg_nomem("roll back");
	r->covered = grown;
	r->covered[r->nr_covered++] = (struct range){ start, len };
	return 0;
}

/* The copy of a part of a reserved range. The digest is that of what is there now; rollback_csum.c checks it. */
static int add_piece(struct rollback *r, u64 home, u64 logical, u64 source, u64 len)
{
	struct journal *j = r->journal;
	struct journal_piece *p = &j->pieces[j->nr_pieces];
	u8 *buf;
	int ret;

	if (j->nr_pieces == JOURNAL_MAX_PIECES)
		return refuse(r, "the saved image is in too many pieces");
	buf = malloc(len);
	if (!buf)
		return msg_nomem("roll back");
	ret = dev_read(r->job->dev, source, buf, len);
	if (!ret) {
		*p = (struct journal_piece){ .home = home, .len = len, .source = source };
		journal_digest(buf, len, p->digest);
		r->piece_logical[j->nr_pieces++] = logical;
		r->stats.pieces_bytes += len;
	}
	free(buf);
	return ret;
}

/* End of the stretch that begins at pos and is wholly inside or wholly outside the reserved ranges. */
static u64 stretch_end(u64 pos, u64 end)
{
	for (size_t i = 0; i < PLAN_NR_RESERVED; i++) {
		u64 start = plan_reserved[i].start, stop = start + plan_reserved[i].len;

		if (pos < start)
			return min_u64(end, start);
		if (pos < stop)
			return min_u64(end, stop);
	}
	return end;
}

/* len bytes of the image at offset are kept at logical. */
static int map_extent(struct rollback *r, u64 offset, u64 logical, u64 len)
{
	u64 end = offset + len;
	int ret = 0;

	while (!ret && offset < end) {
		u64 part = stretch_end(offset, end) - offset, physical, mapped;

		ret = btrfs_reader_map(r->reader, logical, &physical, &mapped);
		if (ret)
			return ret;
		part = min_u64(part, mapped);
		if (plan_is_reserved(offset)) {
			ret = add_piece(r, offset, logical, physical, part);
		} else if (physical != offset) {
			msg_err("%s: roll back is not possible: block %llu of the saved image lies at %llu now (a "
				"balance or defragmentation has moved it). Nothing was written.",
				r->job->config.device, (unsigned long long)(offset / SECTOR),
				(unsigned long long)physical);
			return ERR_REFUSED;
		}
		if (!ret)
			ret = add_covered(r, offset, part);
		offset += part;
		logical += part;
	}
	return ret;
}

static int map_item(struct rollback *r, const struct btrfs_item *item)
{
	struct btrfs_file_extent_disk fe;
	u64 disk, len, end;

	if (item->size != sizeof(fe))
		return refuse(r, "the saved image has inline data");
	memcpy(&fe, item->data, sizeof(fe));
	disk = le64_to_cpu(fe.disk_bytenr);
	len = le64_to_cpu(fe.num_bytes);
	if (disk == 0)
		return 0;
	if (fe.type != BTRFS_EXTENT_REG || fe.compression || fe.encryption || le16_to_cpu(fe.other_encoding))
		return refuse(r, "the saved image has compressed or preallocated extents");
	if (item->key.offset % SECTOR || len % SECTOR || add_overflows(item->key.offset, len, &end) ||
	    end > round_up(r->image_size, SECTOR) || add_overflows(disk, le64_to_cpu(fe.offset), &disk))
		return refuse(r, "the saved image has an extent that is out of bounds");
	return map_extent(r, item->key.offset, disk, len);
}

static int map_inode(struct rollback *r, const struct btrfs_item *item)
{
	if (item->size < sizeof(struct btrfs_inode_item_disk))
		return refuse(r, "the inode of the saved image is damaged");
	r->image_size = get_le64(item->data + offsetof(struct btrfs_inode_item_disk, size));
	r->stats.ours = get_le64(item->data + offsetof(struct btrfs_inode_item_disk, generation)) == 1;
	r->stats.image_size = r->image_size;
	if (r->image_size < MIB || r->image_size % SECTOR || r->image_size > r->job->dev->size)
		return refuse(r, "the saved image does not have the size of a file system on this device");
	return 0;
}

static bool has_piece(const struct journal *j, u64 home)
{
	for (u32 i = 0; i < j->nr_pieces; i++)
		if (home >= j->pieces[i].home && home - j->pieces[i].home < j->pieces[i].len)
			return true;
	return false;
}

/* What the image does not have in the reserved ranges was never written by ext, and is to read as zeros. */
static int add_zeros(struct rollback *r)
{
	struct journal *j = r->journal;
	u32 nr_copies = j->nr_pieces;

	for (size_t i = 0; i < PLAN_NR_RESERVED; i++) {
		u64 end = min_u64(plan_reserved[i].start + plan_reserved[i].len, r->image_size);

		for (u64 pos = plan_reserved[i].start; pos < end; pos += SECTOR) {
			struct journal_piece *last = j->nr_pieces > nr_copies ? &j->pieces[j->nr_pieces - 1] : NULL;

			if (has_piece(j, pos))
				continue;
			if (last && last->home + last->len == pos) {
				last->len += SECTOR;
				continue;
			}
			if (j->nr_pieces == JOURNAL_MAX_PIECES)
				return refuse(r, "the saved image is in too many pieces");
			j->pieces[j->nr_pieces++] =
				(struct journal_piece){ .home = pos, .len = SECTOR, .source = JOURNAL_ZEROS };
		}
	}
	return 0;
}

int rollback_map_image(struct rollback *r)
{
	struct btrfs_walk *walk = NULL;
	struct btrfs_key from;
	struct btrfs_item item;
	int ret = find_subvolume(r);

	if (ret)
		return ret;
	from = (struct btrfs_key){ r->image_ino, BTRFS_INODE_ITEM, 0 };
	ret = btrfs_walk_new(r->reader, PLAN_SAVED_TREE, r->image_tree_root, r->image_tree_level, &from, NULL, NULL,
			     &walk);
	while (!ret && (ret = btrfs_walk_next(walk, &item)) == 1 && item.key.objectid == r->image_ino) {
		ret = 0;
		if (item.key.type == BTRFS_INODE_ITEM)
			ret = map_inode(r, &item);
		else if (item.key.type == BTRFS_EXTENT_DATA)
			ret = r->image_size ? map_item(r, &item) : refuse(r, "the saved image has no inode");
	}
	btrfs_walk_free(walk);
	if (ret < 0)
		return ret;
	return r->image_size ? add_zeros(r) : refuse(r, "the saved image has no inode");
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The entries of one directory: each is sorted twice, by hash for its DIR_ITEM and by index for its DIR_INDEX. The root
 * directory gets one more, for the subvolume with the saved image, and that of a rewritten fstab one for the old file.
 */
#include <string.h>
#include <sys/stat.h>

#include "base/arith.h"
#include "base/copy.h"
#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs_csum.h"
#include "convert/build_fs.h"
#include "convert/machine.h"

/* Entry types of btrfs for each value of mode >> 12. */
static const u8 file_type[16] = {
	[S_IFREG >> 12] = BTRFS_FT_REG,   [S_IFDIR >> 12] = BTRFS_FT_DIR,   [S_IFCHR >> 12] = BTRFS_FT_CHR,
	[S_IFBLK >> 12] = BTRFS_FT_BLK,   [S_IFIFO >> 12] = BTRFS_FT_FIFO,  [S_IFSOCK >> 12] = BTRFS_FT_SOCK,
	[S_IFLNK >> 12] = BTRFS_FT_SYMLINK,
};

struct read_ctx {
	struct fs_builder *b;
	u32 dir;
	u64 size;
	u64 last_index;
};

/* A sorted record: key (item type, hash or index), payload an encoded entry. */
static int add_entry(struct read_ctx *r, u64 index, const struct btrfs_key *location, u8 type, const char *name,
		     u16 len)
{
	struct fs_builder *b = r->b;
	u8 entry[BTRFS_DIR_ITEM_SIZE + 255];
	u32 size = btrfs_dir_item_encode(entry, location, type, b->job->plan->params.generation, name, len, NULL, 0);
	int ret = sort_add(b->entries, BTRFS_DIR_ITEM, btrfs_name_hash(name, len), entry, size);

	r->size += 2 * (u64)len;
	r->last_index = max_u64(r->last_index, index);
	return ret ? ret : sort_add(b->entries, BTRFS_DIR_INDEX, index, entry, size);
}

/* The name leads to the new file, and another one to the old file, which is at location. */
static int add_fstab(struct read_ctx *r, const struct machine *m, const struct btrfs_key *location)
{
	struct btrfs_key new = { m->objectid, BTRFS_INODE_ITEM, 0 };
	int ret = add_entry(r, m->index, &new, BTRFS_FT_REG, m->name, (u16)strlen(m->name));

	if (ret)
		return ret;
	return add_entry(r, m->kept_index, location, BTRFS_FT_REG, m->kept_name, (u16)strlen(m->kept_name));
}

static int read_entry(void *ctx, const struct ext_dirent *entry)
{
	struct read_ctx *r = ctx;
	struct btrfs_key location = { (u64)entry->ino + SCAN_INO_OFFSET, BTRFS_INODE_ITEM, 0 };
	const u8 *flags = scan_inode_flags(r->b->job->scan, entry->ino);
	const struct machine *m = r->b->job->machine;

	if (!flags || !file_type[*flags & SCAN_INODE_TYPE]) {
		msg_err("%s: inode %u changed while it was converted; nothing was switched", r->b->job->config.device,
			entry->ino);
		return ERR_CORRUPT;
	}
	if (m && m->rewrites && r->dir == m->dir && entry->index == m->index)
		return add_fstab(r, m, &location);
	return add_entry(r, entry->index, &location, file_type[*flags & SCAN_INODE_TYPE], entry->name,
			 entry->name_len);
}

int build_fs_read_dir(struct fs_builder *b, const struct ext_inode *dir, u64 *size)
{
	struct read_ctx r = { .b = b, .dir = dir->ino, .last_index = 1 };
	u32 dotdot;
	int ret;

	sort_reset(b->entries);
	ret = ext_dir_iterate(b->job->ext, dir, &dotdot, read_entry, &r);
	if (!ret && dir->ino == EXT_ROOT_INO) {
		struct btrfs_key location = { PLAN_SAVED_TREE, BTRFS_ROOT_ITEM, ~(u64)0 };
		const char *name = b->job->scan->saved_name;

		b->job->build->saved_index = r.last_index + 1;
		ret = add_entry(&r, r.last_index + 1, &location, BTRFS_FT_DIR, name, (u16)strlen(name));
	}
	*size = r.size;
	return ret ? ret : sort_finish(b->entries);
}

int build_fs_entries(struct fs_builder *b)
{
	struct btrfs_key key = { b->objectid, 0, 0 };
	u32 used = 0, max = btrfs_max_item(b->job->plan->params.nodesize);
	struct sort_rec rec;
	int ret;

	while ((ret = sort_next(b->entries, &rec)) == 1) {
		if (used && (rec.hi != key.type || rec.lo != key.offset)) {
			ret = btrfs_tree_add(b->tree, &key, b->item, used);
			if (ret)
				return ret;
			used = 0;
		}
		if (used + rec.len > max) {
			return job_bug("build: entries of directory %llu exceed a leaf",
				(unsigned long long)b->objectid);
		}
		key.type = (u8)rec.hi;
		key.offset = rec.lo;
		copy_short(b->item + used, rec.payload, rec.len);
		used += rec.len;
	}
	return ret || !used ? ret : btrfs_tree_add(b->tree, &key, b->item, used);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The proof that a roll back will succeed: the ext file system, seen through the view, passes the whole scan of a
 * conversion, and every block that it has written is in the saved image. Then what will be lost is counted, by a
 * walk over both file systems' inodes side by side.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/endian.h"
#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs_ondisk.h"
#include "convert/machine.h"
#include "convert/plan.h"
#include "convert/rollback.h"

static int scan_view(struct rollback *r)
{
	struct job *job = calloc(1, sizeof(*job));
	int ret;

	if (!job)
		return msg_nomem("roll back");
	r->ext_job = job;
	job->config = r->job->config;
	job->progress = r->job->progress;
	job->stop = r->job->stop;
	job->dev = r->view;
	ret = ext_open(r->view, &job->ext);
	if (ret)
		return ret;
	r->stats.ext = *ext_get_info(job->ext);
	r->stats.ext.features = NULL; /* they end with the handle */
	r->stats.has_ext = true;
	if (ext_get_info(job->ext)->size != r->image_size) {
		msg_err("%s: roll back is not possible: the saved image has %llu bytes, the file system in it %llu. "
			"Nothing was written.",
			r->job->config.device, (unsigned long long)r->image_size,
			(unsigned long long)ext_get_info(job->ext)->size);
		return ERR_REFUSED;
	}
	return scan_run(job);
}

/* Written blocks of ext must lie in covered ranges; both come ascending. */
static int check_covered(struct rollback *r)
{
	struct scan *scan = r->ext_job->scan;
	struct claim claim;
	size_t at = 0;
	int ret = sort_rewind(scan->claims);

	while (!ret && (ret = scan_claim_next(scan, &claim)) == 1) {
		u64 pos = claim.physical, end = pos + claim.len;

		ret = 0;
		if (!claim_has_data(claim.kind))
			continue;
		while (at < r->nr_covered && r->covered[at].start + r->covered[at].len <= pos)
			at++;
		if (at == r->nr_covered || r->covered[at].start > pos ||
		    r->covered[at].start + r->covered[at].len < end) {
			msg_err("%s: roll back is not possible: block %llu of the ext file system is missing in the "
				"saved image. Nothing was written.",
				r->job->config.device, (unsigned long long)(pos / SECTOR));
			return ERR_REFUSED;
		}
	}
	return ret;
}

/* --- what will be lost --- */

struct changes {
	struct rollback *r;
	struct btrfs_walk *walk;
	struct btrfs_item item;
	bool have;
};

/* The next inode item of tree 5. */
static int next_inode(struct changes *c)
{
	int ret;

	while ((ret = btrfs_walk_next(c->walk, &c->item)) == 1)
		if (c->item.key.type == BTRFS_INODE_ITEM && c->item.size >= sizeof(struct btrfs_inode_item_disk))
			break;
	c->have = ret == 1;
	return ret < 0 ? ret : 0;
}

/* Seconds are compared in 32 bits: other tools kept no more. */
static bool differs(const struct btrfs_time_disk *disk, const struct time64 *time)
{
	return (u32)le64_to_cpu(disk->sec) != (u32)time->sec || le32_to_cpu(disk->nsec) != time->nsec;
}

static bool is_changed(const struct ext_inode *inode, const u8 *data)
{
	struct btrfs_inode_item_disk disk;

	memcpy(&disk, data, sizeof(disk));
	if (differs(&disk.ctime, &inode->ctime) || differs(&disk.mtime, &inode->mtime))
		return true;
	return le32_to_cpu(disk.mode) != inode->mode || le32_to_cpu(disk.uid) != inode->uid ||
	       le32_to_cpu(disk.gid) != inode->gid;
}

/* The fstab that the conversion itself has rewritten is new, but no loss as long as nobody has changed it since. */
static bool is_own_fstab(const struct changes *c)
{
	struct btrfs_inode_item_disk disk;

	if (!c->r->stats.ours ||
	    c->item.key.objectid != machine_fstab_objectid(ext_get_info(c->r->ext_job->ext)))
		return false;
	memcpy(&disk, c->item.data, sizeof(disk));
	return le64_to_cpu(disk.generation) == 1 && memcmp(&disk.ctime, &disk.otime, sizeof(disk.otime)) == 0 &&
	       memcmp(&disk.mtime, &disk.otime, sizeof(disk.otime)) == 0;
}

static int compare_inode(struct changes *c, const struct ext_inode *inode)
{
	u64 objectid = (u64)inode->ino + SCAN_INO_OFFSET;
	int ret = 0;

	while (!ret && c->have && c->item.key.objectid < objectid) {
		c->r->stats.nr_changed++; /* new */
		ret = next_inode(c);
	}
	if (ret)
		return ret;
	if (!c->have || c->item.key.objectid != objectid) {
		c->r->stats.nr_removed++;
		return 0;
	}
	if (is_changed(inode, c->item.data))
		c->r->stats.nr_changed++;
	return next_inode(c);
}

static int compare_inodes(struct changes *c)
{
	struct ext_inode_iter *it = NULL;
	struct ext_inode inode;
	int ret = ext_inode_iter_new(c->r->ext_job->ext, 1, &it);

	while (!ret && (ret = ext_inode_iter_next(it, &inode)) == 1)
		ret = inode.kind == EXT_INODE_FILE ? compare_inode(c, &inode) : 0;
	ext_inode_iter_free(it);
	while (!ret && c->have) {
		c->r->stats.nr_changed += !is_own_fstab(c);
		ret = next_inode(c);
	}
	return ret;
}

static int count_changes(struct rollback *r)
{
	struct changes c = { .r = r };
	u64 logical;
	u8 level;
	int ret = btrfs_reader_find_root(r->reader, BTRFS_FS_TREE, &logical, &level, NULL);

	if (ret == 0) {
		msg_err("%s: the btrfs has no tree of files", r->job->config.device);
		ret = ERR_CORRUPT;
	}
	if (ret < 0)
		return ret;
	ret = btrfs_walk_new(r->reader, BTRFS_FS_TREE, logical, level, NULL, NULL, NULL, &c.walk);
	if (!ret)
		ret = next_inode(&c);
	if (!ret)
		ret = compare_inodes(&c);
	btrfs_walk_free(c.walk);
	return ret;
}

int rollback_prove(struct rollback *r)
{
	int ret = rollback_view_new(r->job->dev, r->journal, &r->view);

	/* the ext layer warns of what a conversion would change */
	msg_set_quiet(true);
	if (!ret)
		ret = scan_view(r);
	if (!ret)
		ret = check_covered(r);
	if (!ret)
		ret = count_changes(r);
	msg_set_quiet(false);
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks data of the saved image against the csum tree: the copies in the reserved ranges always, because they are
 * about to be written home; everything else on request.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs_csum.h"
#include "convert/rollback.h"
#include "convert/scan.h"

#define WINDOW ((u64)1 * MIB)

struct csum_check {
	struct rollback *r;
	enum btrfs_csum_type type;
	u32 csum_size;
	bool all;
	u64 root;    /* of the csum tree */
	u8 level;
	u8 *data, *digests;
	size_t at;   /* in the covered ranges */
	u64 done;
};

/* Is this physical range the source of a copy? */
static bool is_source(const struct rollback *r, u64 physical, u64 len)
{
	for (u32 i = 0; i < r->journal->nr_pieces; i++) {
		const struct journal_piece *p = &r->journal->pieces[i];

		if (p->source != JOURNAL_ZEROS && physical < p->source + p->len && physical + len > p->source)
			return true;
	}
	return false;
}

static bool is_covered(struct csum_check *c, u64 physical, u64 len)
{
	const struct rollback *r = c->r;

	while (c->at < r->nr_covered && r->covered[c->at].start + r->covered[c->at].len <= physical)
		c->at++;
	return c->at < r->nr_covered && r->covered[c->at].start < physical + len;
}

static int check_window(struct csum_check *c, u64 physical, u64 len, const u8 *want)
{
	int ret = dev_read(c->r->job->dev, physical, c->data, len);

	if (ret)
		return ret;
	btrfs_csum_sectors(c->type, c->data, len / SECTOR, c->digests);
	for (u64 i = 0; i < len / SECTOR; i++) {
		if (memcmp(c->digests + i * c->csum_size, want + i * c->csum_size, c->csum_size) == 0)
			continue;
		msg_err("%s: roll back is not possible: the block at %llu, which belongs to the saved image, is "
			"damaged (wrong checksum). Nothing was written.",
			c->r->job->config.device, (unsigned long long)(physical + i * SECTOR));
		return ERR_CORRUPT;
	}
	c->done += len;
	progress_update(c->r->job->progress, c->done);
	return job_stopped(c->r->job) ? ERR_STOPPED : 0;
}

static int check_item(struct csum_check *c, const struct btrfs_item *item)
{
	u64 logical = item->key.offset, len = (u64)(item->size / c->csum_size) * SECTOR;
	const u8 *want = item->data;
	int ret = 0;

	while (!ret && len) {
		u64 physical, mapped, part;

		ret = btrfs_reader_map(c->r->reader, logical, &physical, &mapped);
		if (ret)
			return ret;
		part = min_u64(min_u64(len, mapped), WINDOW);
		if (is_source(c->r, physical, part) || (c->all && is_covered(c, physical, part)))
			ret = check_window(c, physical, part, want);
		logical += part;
		len -= part;
		want += part / SECTOR * c->csum_size;
	}
	return ret;
}

/* The items that may cover [start, end) of the logical space. */
static int check_range(struct csum_check *c, u64 start, u64 end)
{
	u64 longest = (u64)btrfs_reader_super(c->r->reader)->nodesize / c->csum_size * SECTOR;
	struct btrfs_key from = { BTRFS_CSUM_OBJECTID, BTRFS_EXTENT_CSUM, start > longest ? start - longest : 0 };
	struct btrfs_walk *walk = NULL;
	struct btrfs_item item;
	int ret = btrfs_walk_new(c->r->reader, BTRFS_CSUM_TREE, c->root, c->level, &from, NULL, NULL, &walk);

	while (!ret && (ret = btrfs_walk_next(walk, &item)) == 1 && item.key.offset < end) {
		ret = 0;
		if (item.key.type == BTRFS_EXTENT_CSUM && item.size >= c->csum_size)
			ret = check_item(c, &item);
	}
	btrfs_walk_free(walk);
	return ret < 0 ? ret : 0;
}

/* Without all just the few items that cover copies are looked at, however large the tree is. */
static int check_tree(struct csum_check *c)
{
	const struct journal *j = c->r->journal;
	int ret = 0;

	if (c->all)
		return check_range(c, 0, ~(u64)0);
	for (u32 i = 0; !ret && i < j->nr_pieces; i++)
		if (j->pieces[i].source != JOURNAL_ZEROS)
			ret = check_range(c, c->r->piece_logical[i], c->r->piece_logical[i] + j->pieces[i].len);
	return ret;
}

int rollback_check_csums(struct rollback *r, bool all)
{
	struct csum_check c = { .r = r, .all = all, .type = btrfs_reader_super(r->reader)->csum_type };
	int ret = btrfs_reader_find_root(r->reader, BTRFS_CSUM_TREE, &c.root, &c.level, NULL);

	if (ret <= 0)
		return ret;
	c.csum_size = btrfs_csum_size(c.type);
	c.digests = malloc(WINDOW / SECTOR * c.csum_size);
	if (!c.digests || posix_memalign((void **)&c.data, 4096, WINDOW)) {
		free(c.digests);
		return msg_nomem("roll back");
	}
	progress_begin(r->job->progress, "checksums", all ? r->image_size : r->stats.pieces_bytes);
	ret = check_tree(&c);
	progress_end(r->job->progress);
	free(c.digests);
	free(c.data);
	return ret;
}

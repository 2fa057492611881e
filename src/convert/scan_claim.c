/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The proof of blocks: the claims in physical order are laid over the used ranges of the block bitmaps, and must cover
 * them exactly, each block once. On the way the extents that the plan must find room for are counted.
 */
#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "convert/scan.h"

struct prove {
	struct job *job;
	struct claim claim;   /* the next one, not yet covered in full */
	bool have;
	u64 pos;              /* everything below is proven */
	u64 xattr_block;      /* last attribute block and how many claimed it */
	u32 xattr_claims, xattr_refcount;
	u64 last_csum_end;    /* to count contiguous checksummed ranges */
	enum claim_kind last_kind;
	u64 last_end;         /* of the last claim, to merge what only ext uses */
};

static const char *const kind_name[] = {
	[CLAIM_FIXED] = "file system metadata",   [CLAIM_TREE] = "the block map of",
	[CLAIM_DIR] = "directory",                [CLAIM_SPECIAL] = "the reserved",
	[CLAIM_XATTR] = "the attributes of",      [CLAIM_DROPPED] = "the content of",
	[CLAIM_INLINE] = "the content of",        [CLAIM_FILE] = "the content of",
	[CLAIM_PREALLOC] = "the preallocation of", [CLAIM_UNINIT] = "file system metadata",
};

static void count_extent(struct prove *p, const struct claim *c)
{
	struct scan_items *items = &p->job->scan->items;
	bool merges = c->physical == p->last_end &&
		      ((claim_image_only(c->kind) && claim_image_only(p->last_kind)) ||
		       (c->kind == CLAIM_UNINIT && p->last_kind == CLAIM_UNINIT));

	if (c->kind == CLAIM_FILE)
		items->data_extents++;
	else if (!merges)
		items->own_extents++;
	if (claim_has_data(c->kind)) {
		if (c->physical != p->last_csum_end)
			items->csum_runs++;
		items->csum_bytes += c->len;
		p->last_csum_end = c->physical + c->len;
	}
	if (c->kind == CLAIM_UNINIT)
		p->job->scan_stats.uninit_bytes += c->len;
	p->last_kind = c->kind;
	p->last_end = c->physical + c->len;
}

static int close_xattr(struct prove *p)
{
	if (p->xattr_claims && p->xattr_claims != p->xattr_refcount)
		return scan_inconsistent(p->job, "attribute block %llu is used by %u inodes, but its reference count "
						 "is %u",
					 (unsigned long long)(p->xattr_block / ext_get_info(p->job->ext)->block_size),
					 p->xattr_claims, p->xattr_refcount);
	p->xattr_claims = 0;
	return 0;
}

/* The next claim that is not one more user of the attribute block before it. */
static int pull(struct prove *p)
{
	int ret;

	while ((ret = scan_claim_next(p->job->scan, &p->claim)) == 1) {
		if (p->claim.kind == CLAIM_XATTR && p->xattr_claims && p->claim.physical == p->xattr_block) {
			p->xattr_claims++;
			continue;
		}
		ret = close_xattr(p);
		if (ret)
			return ret;
		if (p->claim.kind == CLAIM_XATTR) {
			p->xattr_block = p->claim.physical;
			p->xattr_refcount = p->claim.aux;
			p->xattr_claims = 1;
		}
		count_extent(p, &p->claim);
		p->have = true;
		return 0;
	}
	p->have = false;
	return ret ? ret : close_xattr(p);
}

static unsigned long long block_of(const struct prove *p, u64 pos)
{
	return pos / ext_get_info(p->job->ext)->block_size;
}

static int complain(const struct prove *p, u64 pos, const char *what)
{
	return scan_inconsistent(p->job, "block %llu, %s inode %u, %s", block_of(p, pos), kind_name[p->claim.kind],
				 p->claim.ino, what);
}

/* The next claim begins where no claim is expected any more. */
static int complain_behind(const struct prove *p)
{
	return complain(p, p->claim.physical, p->claim.physical < p->pos ? "has another owner as well"
									 : "is marked free in the block bitmap");
}

/* [start, start + len) is marked used: claims must cover it without a gap. */
static int cover(void *ctx, u64 start, u64 len)
{
	struct prove *p = ctx;
	u64 end = start + len;
	int ret;

	p->job->scan_stats.used_bytes += len;
	p->job->scan_stats.nr_used_runs++;
	if (p->have && p->claim.physical < start)
		return complain_behind(p);
	p->pos = start;
	while (p->pos < end) {
		u64 claim_end = p->claim.physical + p->claim.len;

		if (p->have && p->claim.physical < p->pos)
			return complain_behind(p);
		if (!p->have || p->claim.physical > p->pos)
			return scan_inconsistent(p->job, "block %llu is marked in use, but nothing uses it",
						 block_of(p, p->pos));
		if (claim_end > end)
			return complain(p, end, "is marked free in the block bitmap");
		p->pos = claim_end;
		ret = pull(p);
		if (ret)
			return ret;
	}
	return 0;
}

int scan_prove_claims(struct job *job)
{
	struct prove p = { .job = job, .last_csum_end = ~(u64)0, .last_end = ~(u64)0 };
	int ret = pull(&p);

	if (!ret)
		ret = ext_used_iterate(job->ext, cover, &p);
	if (!ret && p.have)
		ret = complain_behind(&p);
	if (!ret)
		ret = sort_rewind(job->scan->claims);
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scan of one inode: its blocks become claims, its entries names, and the sizes of the items that it will need are
 * added up. Decides which files become inline.
 */
#include <string.h>
#include <sys/stat.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs_csum.h"
#include "convert/scan.h"

/* Runs of a candidate for inline storage that are looked at before the decision. */
#define PEEK_RUNS 2

struct map_ctx {
	struct job *job;
	const struct ext_inode *inode;
	enum claim_kind kind; /* of written blocks before the end of the file */
	u64 eof;              /* written blocks from here on are dropped; ~0: nowhere */
	struct ext_run peek[PEEK_RUNS];
	u32 nr_runs;
	u16 aux;
};

static int claim_range(struct map_ctx *m, const struct ext_run *run, u64 from, u64 to, enum claim_kind kind)
{
	struct scan_stats *stats = &m->job->scan_stats;
	struct claim claim = {
		.physical = run->physical + (from - run->logical),
		.logical = from,
		.len = to - from,
		.ino = m->inode->ino,
		.kind = kind,
		.aux = kind == CLAIM_INLINE ? m->aux : 0,
	};

	if (from >= to)
		return 0;
	if (kind == CLAIM_FILE || kind == CLAIM_INLINE)
		stats->data_bytes += claim.len;
	else if (kind == CLAIM_PREALLOC)
		stats->prealloc_bytes += claim.len;
	if (kind == CLAIM_FILE || kind == CLAIM_PREALLOC)
		m->job->scan->items.file_extents++;
	return scan_claim_add(m->job->scan, &claim);
}

static int note_run(void *ctx, const struct ext_run *run)
{
	struct map_ctx *m = ctx;
	u64 end = run->logical + run->len;
	u64 cut = max_u64(run->logical, min_u64(end, m->eof));
	int ret;

	if (run->unwritten)
		return claim_range(m, run, run->logical, end,
				   m->kind == CLAIM_FILE || m->kind == CLAIM_INLINE ? CLAIM_PREALLOC : m->kind);
	ret = claim_range(m, run, run->logical, cut, m->kind);
	if (!ret)
		ret = claim_range(m, run, cut, end, CLAIM_DROPPED);
	return ret;
}

static int note_tree(void *ctx, u64 physical, u64 len)
{
	struct map_ctx *m = ctx;
	struct claim claim = { .physical = physical, .len = len, .ino = m->inode->ino, .kind = CLAIM_TREE };

	return scan_claim_add(m->job->scan, &claim);
}

static int peek_run(void *ctx, const struct ext_run *run)
{
	struct map_ctx *m = ctx;

	if (m->nr_runs < PEEK_RUNS)
		m->peek[m->nr_runs] = *run;
	m->nr_runs++;
	return 0;
}

/* A file becomes inline when it is small and one written run at its start is all that it has. */
static int decide_inline(struct map_ctx *m, bool *inlined)
{
	struct ext_map_sink peek = { .run = peek_run, .ctx = m };
	const struct ext_inode *inode = m->inode;
	int ret;

	*inlined = false;
	if (!m->job->config.inline_files || inode->size == 0 || inode->size > SCAN_INLINE_MAX)
		return 0;
	ret = ext_map_iterate(m->job->ext, inode, &peek);
	*inlined = !ret && m->nr_runs == 1 && m->peek[0].logical == 0 && !m->peek[0].unwritten;
	return ret;
}

static int scan_map(struct job *job, const struct ext_inode *inode, u8 *flags)
{
	struct map_ctx m = { .job = job, .inode = inode, .eof = ~(u64)0 };
	struct ext_map_sink sink = { .run = note_run, .tree = note_tree, .ctx = &m };
	bool inlined = false;
	int ret;

	if (inode->kind == EXT_INODE_SPECIAL) {
		m.kind = CLAIM_SPECIAL;
	} else if (S_ISDIR(inode->mode)) {
		m.kind = CLAIM_DIR;
	} else if (S_ISLNK(inode->mode)) {
		m.kind = CLAIM_DROPPED;
	} else {
		m.kind = CLAIM_FILE;
		m.eof = round_up(inode->size, SECTOR);
		ret = decide_inline(&m, &inlined);
		if (ret)
			return ret;
	}
	if (inlined) {
		m.kind = CLAIM_INLINE;
		m.aux = (u16)inode->size;
		*flags |= SCAN_INODE_INLINE;
		job->scan_stats.nr_inline++;
		job->scan->inline_bytes += inode->size;
		scan_item_count(job->scan, inode->ino, BTRFS_INLINE_EXTENT_SIZE + (u32)inode->size);
	}
	return ext_map_iterate(job->ext, inode, &sink);
}

struct xattr_ctx {
	struct job *job;
	u32 ino;
	u64 total;
	u32 nr;
	u32 hash[64];  /* of the attributes so far, to add up those that share an item */
	u32 bytes[64];
};

static int note_xattr(void *ctx, const struct ext_xattr *xattr)
{
	struct xattr_ctx *x = ctx;
	u32 size = BTRFS_DIR_ITEM_SIZE + xattr->name_len + xattr->value_len;
	u32 hash = btrfs_name_hash(xattr->name, xattr->name_len);
	u32 i;

	x->total++;
	scan_item_count(x->job->scan, x->ino, size);
	for (i = 0; i < x->nr && x->hash[i] != hash; i++)
		;
	if (i < x->nr) {
		scan_item_join(x->job->scan, x->bytes[i], size);
		x->bytes[i] += size;
		size = x->bytes[i];
	} else if (x->nr < ARRAY_SIZE(x->hash)) {
		x->hash[x->nr] = hash;
		x->bytes[x->nr++] = size;
	}
	scan_item_limit(x->job->scan, x->ino, size);
	return 0;
}

int scan_xattr_items(struct job *job, const struct ext_inode *inode, u32 *refcount, u64 *nr)
{
	struct xattr_ctx x = { .job = job, .ino = inode->ino };
	int ret = ext_xattr_iterate(job->ext, inode, refcount, job->config.xattr ? note_xattr : NULL, &x);

	*nr = x.total;
	return ret;
}

static int scan_xattrs(struct job *job, const struct ext_inode *inode)
{
	struct claim claim = { .physical = inode->xattr_block, .ino = inode->ino, .kind = CLAIM_XATTR };
	u32 refcount = 0;
	u64 nr = 0;
	int ret = scan_xattr_items(job, inode, &refcount, &nr);

	job->scan_stats.nr_xattrs += nr;
	if (ret || !inode->xattr_block)
		return ret;
	claim.len = ext_get_info(job->ext)->block_size;
	claim.aux = (u16)min_u64(refcount, 0xffff);
	return scan_claim_add(job->scan, &claim);
}

/* Notes that the root directory has a name of the form ext2_saved, ext2_saved0 ... ext2_saved30. */
static void note_saved_name(struct scan *scan, const struct ext_dirent *entry)
{
	static const char base[] = "ext2_saved";
	u32 len = entry->name_len, nr = 0;

	if (len < 10 || len > 12 || memcmp(entry->name, base, 10) != 0)
		return;
	for (u32 i = 10; i < len; i++) {
		if (entry->name[i] < '0' || entry->name[i] > '9')
			return;
		nr = nr * 10 + (u32)(entry->name[i] - '0');
	}
	if (len == 10)
		scan->saved_taken |= 1;
	else if (nr < 31)
		scan->saved_taken |= (u32)1 << (nr + 1);
}

struct dir_ctx {
	struct job *job;
	u32 ino;
};

static int note_entry(void *ctx, const struct ext_dirent *entry)
{
	struct dir_ctx *d = ctx;
	struct scan *scan = d->job->scan;
	int ret;

	d->job->scan_stats.nr_names++;
	if (d->ino == EXT_ROOT_INO)
		note_saved_name(scan, entry);
	ret = scan_name_add(scan, entry->ino, d->ino, entry);
	if (ret)
		return ret;
	scan_item_count(scan, entry->ino, BTRFS_INODE_EXTREF_SIZE + entry->name_len);
	scan_item_count(scan, d->ino, BTRFS_DIR_ITEM_SIZE + entry->name_len);
	scan_item_count(scan, d->ino, BTRFS_DIR_ITEM_SIZE + entry->name_len);
	return sort_add(scan->bucket, btrfs_name_hash(entry->name, entry->name_len), entry->index, entry->name,
			entry->name_len);
}

/* Is the name already in the bucket, whose names stand one behind the other, each after a length byte? */
static bool bucket_has(const char *bucket, u32 used, const char *name, u32 len)
{
	for (u32 pos = 0; pos < used; pos += 1 + (u8)bucket[pos])
		if ((u8)bucket[pos] == len && memcmp(bucket + pos + 1, name, len) == 0)
			return true;
	return false;
}

/* Names with one hash share one item: it must fit a leaf, and no two of them may be equal. */
static int check_buckets(struct job *job, u32 ino)
{
	struct scan *scan = job->scan;
	char *bucket = scan->bucket_names;
	struct sort_rec rec;
	u64 hash = ~(u64)0;
	u32 used = 0, size = 0;
	int ret = sort_finish(scan->bucket);

	while (!ret && (ret = sort_next(scan->bucket, &rec)) == 1) {
		ret = 0;
		if (rec.hi != hash) {
			used = 0;
			size = 0;
			hash = rec.hi;
		} else if (bucket_has(bucket, used, rec.payload, rec.len)) {
			return scan_inconsistent(job, "directory inode %u: two entries have the name \"%.*s\"", ino,
						 (int)rec.len, (const char *)rec.payload);
		}
		if (used + 1 + rec.len > SCAN_BUCKET_MAX) {
			msg_err("%s: directory inode %u: more names have the hash %08x than a btrfs directory can "
				"hold; rename some of them (\"%.*s\")",
				job->config.device, ino, (u32)hash, (int)rec.len, (const char *)rec.payload);
			return ERR_REFUSED;
		}
		bucket[used] = (char)rec.len;
		memcpy(bucket + used + 1, rec.payload, rec.len);
		used += 1 + rec.len;
		scan_item_join(scan, size, BTRFS_DIR_ITEM_SIZE + rec.len);
		size += BTRFS_DIR_ITEM_SIZE + rec.len;
		scan_item_limit(scan, ino, size);
	}
	return ret;
}

static int scan_dir(struct job *job, const struct ext_inode *inode)
{
	struct dir_ctx d = { .job = job, .ino = inode->ino };
	u32 dotdot = 0;
	int ret;

	sort_reset(job->scan->bucket);
	ret = ext_dir_iterate(job->ext, inode, &dotdot, note_entry, &d);
	if (ret)
		return ret;
	ret = check_buckets(job, inode->ino);
	if (ret)
		return ret;
	return scan_dir_note(job->scan, inode->ino, dotdot, inode->nlink);
}

static int scan_symlink(struct job *job, const struct ext_inode *inode)
{
	char target[EXT_SYMLINK_MAX + 1];
	u32 len = 0;
	int ret = ext_symlink_read(job->ext, inode, target, &len);

	if (ret)
		return ret;
	scan_item_count(job->scan, inode->ino, BTRFS_INLINE_EXTENT_SIZE + len);
	return 0;
}

static void count_kind(struct scan_stats *stats, u16 mode)
{
	if (S_ISREG(mode))
		stats->nr_files++;
	else if (S_ISDIR(mode))
		stats->nr_dirs++;
	else if (S_ISLNK(mode))
		stats->nr_symlinks++;
	else
		stats->nr_nodes++;
}

int scan_inode(struct job *job, const struct ext_inode *inode)
{
	u8 flags = (u8)(inode->mode >> 12);
	int ret = scan_map(job, inode, &flags);

	if (ret)
		return ret;
	if (inode->kind == EXT_INODE_SPECIAL)
		return scan_inode_note(job->scan, inode->ino, flags | SCAN_INODE_SPECIAL, inode->nlink);

	ret = scan_xattrs(job, inode);
	if (!ret && S_ISDIR(inode->mode))
		ret = scan_dir(job, inode);
	else if (!ret && S_ISLNK(inode->mode))
		ret = scan_symlink(job, inode);
	if (ret)
		return ret;
	scan_item_count(job->scan, inode->ino, BTRFS_INODE_ITEM_SIZE);
	count_kind(&job->scan_stats, inode->mode);
	return scan_inode_note(job->scan, inode->ino, flags, inode->nlink);
}

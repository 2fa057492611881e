/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The line of the root in /etc/fstab: what it must become, where the new file goes and what the old one will be called,
 * and what that adds to the trees. What is decided here is carried out by build_fstab.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs_csum.h"
#include "convert/machine_private.h"
#include "convert/plan.h"

#define KEPT_SUFFIX ".fsconvert-orig"
#define MAX_KEPT 32u /* the suffix, and the suffix with 1 ... 31 */

/* What is to be known of the directory, by a walk over it. */
struct dir_look {
	const struct machine *m;
	size_t base_len;     /* of the kept name without a number */
	u32 taken;           /* which kept names there are, as a bit set */
	u64 last_index;
	u64 ref_bytes;       /* of the old inode's names in this directory */
	u32 kept_hash;
	u32 bucket_bytes;    /* of entries with that hash; when the name is chosen */
};

static int look_at_entry(void *ctx, const struct ext_dirent *entry)
{
	struct dir_look *d = ctx;
	char name[256], *end;
	unsigned long nr = 0;

	d->last_index = max_u64(d->last_index, entry->index);
	if (entry->ino == d->m->ino)
		d->ref_bytes += BTRFS_INODE_REF_SIZE + entry->name_len;
	if (btrfs_name_hash(entry->name, entry->name_len) == d->kept_hash)
		d->bucket_bytes += BTRFS_DIR_ITEM_SIZE + entry->name_len;
	memcpy(name, entry->name, entry->name_len);
	name[entry->name_len] = '\0';
	if (strncmp(name, d->m->kept_name, d->base_len) != 0)
		return 0;
	end = name + d->base_len;
	if (*end && (*end < '1' || *end > '9'))
		return 0;
	nr = strtoul(end, &end, 10);
	if (!*end && nr < MAX_KEPT)
		d->taken |= (u32)1 << nr;
	return 0;
}

static int look_at_dir(struct machine_look *look, struct dir_look *d)
{
	struct ext_inode dir;
	u32 dotdot;
	int ret = ext_inode_get(look->job->ext, d->m->dir, &dir);

	return ret ? ret : ext_dir_iterate(look->job->ext, &dir, &dotdot, look_at_entry, d);
}

/* Where the old file's other name goes, and what it is: 1, 0 there is none. */
static int choose_kept_name(struct machine_look *look, struct machine *m, struct dir_look *d)
{
	u32 nr = 0;
	int ret;

	if (strlen(m->name) + strlen(KEPT_SUFFIX) + 2 > 255)
		return 0;
	snprintf(m->kept_name, sizeof(m->kept_name), "%s%s", m->name, KEPT_SUFFIX);
	d->base_len = strlen(m->kept_name);
	ret = look_at_dir(look, d);
	if (ret)
		return ret;
	while (nr < MAX_KEPT && d->taken & (u32)1 << nr)
		nr++;
	if (nr == MAX_KEPT)
		return 0;
	if (nr)
		snprintf(m->kept_name + d->base_len, sizeof(m->kept_name) - d->base_len, "%u", (unsigned int)nr);
	m->kept_index = d->last_index + 1;
	d->kept_hash = btrfs_name_hash(m->kept_name, strlen(m->kept_name));
	d->bucket_bytes = d->ref_bytes = 0;
	ret = look_at_dir(look, d);
	return ret ? ret : 1;
}

/* Adds to the need of the trees; plan_need.c has the rules. */
static int count_items(struct machine_look *look, struct machine *m, const struct dir_look *d)
{
	struct scan *scan = look->job->scan;
	u32 name_len = (u32)strlen(m->name), kept_len = (u32)strlen(m->kept_name), more = kept_len - name_len;
	u32 entry = BTRFS_DIR_ITEM_SIZE + kept_len;
	struct ext_inode inode;
	u32 refcount;
	int ret = ext_inode_get(look->job->ext, m->ino, &inode);

	if (!ret)
		ret = scan_xattr_items(look->job, &inode, &refcount, &m->nr_xattrs);
	if (ret)
		return ret;
	scan_item_count(scan, m->ino, BTRFS_INODE_ITEM_SIZE);
	scan_item_count(scan, m->ino, BTRFS_INODE_REF_SIZE + name_len);
	scan_item_count(scan, m->ino, BTRFS_INLINE_EXTENT_SIZE + m->len);
	/* the entry of the old file by index and by hash */
	scan_item_count(scan, m->dir, entry);
	scan_item_count(scan, m->dir, entry);
	scan_item_join(scan, d->bucket_bytes, entry);
	scan_item_limit(scan, m->dir, d->bucket_bytes + entry);
	/* its own name is longer now, and the longest case is that it overflows to an item of its own */
	scan_item_count(scan, m->ino, BTRFS_INODE_EXTREF_SIZE + kept_len);
	scan_item_join(scan, (u32)d->ref_bytes, more);
	if (d->ref_bytes + more > scan->items.max_ref_bytes) {
		scan->items.max_ref_bytes = d->ref_bytes + more;
		scan->items.max_ref_ino = m->ino;
	}
	return 0;
}

/* --- the decision --- */

static struct fstab_identity make_identity(const struct job *job, char label[256])
{
	const struct ext_info *info = ext_get_info(job->ext);
	struct fstab_identity id = { .label = info->label, .new_label = label };

	memcpy(id.uuid, info->uuid, sizeof(id.uuid));
	plan_choose_identity(job, id.new_uuid, label);
	return id;
}

/* For people: tabs become blanks. */
static void copy_cut(char *to, size_t size, const char *text, u64 len)
{
	len = min_u64(len, size - 1);
	for (u64 i = 0; i < len; i++)
		to[i] = text[i] == '\t' ? ' ' : text[i];
	to[len] = '\0';
}

/* The largest content that is inline in nodes of every size that the plan may choose: what does not fit nodes of 4 KiB
 * keeps it from choosing them. */
static u32 most_inline(const struct job *job)
{
	u32 nodesize = job->config.nodesize ? job->config.nodesize : 16384;

	return (u32)min_u64(SECTOR - 1, btrfs_max_item(nodesize) - BTRFS_INLINE_EXTENT_SIZE);
}

static void refuse_length(struct machine_look *look, const struct fstab_rewrite *r, const struct machine_stats *stats)
{
	machine_object(look, true, "%s has %zu bytes, and no more than %u can be rewritten: change line %u (\"%s\") "
		       "yourself before, to a type and options that ext and btrfs understand (\"auto\", \"defaults\", "
		       "pass 0), or set fstab = keep and change it after the conversion",
		       look->fstab.path, r->len, most_inline(look->job), r->line, stats->fstab_old);
}

/* Fills job->machine from what the text must become; r->text goes over to it. */
static int decide(struct machine_look *look, struct fstab_rewrite *r)
{
	struct machine *m = look->job->machine;
	struct machine_stats *stats = &look->job->machine_stats;
	struct dir_look d = { .m = m };
	int ret;

	m->dir = look->fstab.dir;
	m->ino = look->fstab.inode.ino;
	m->index = look->fstab.index;
	strcpy(m->name, look->fstab.name);
	ret = choose_kept_name(look, m, &d);
	if (ret < 0)
		return ret;
	if (!ret) {
		machine_object(look, true, "%s: the names %s%s, %s%s1 ... are all taken, and the old file needs one of "
			       "them: rename one", look->fstab.path, m->name, KEPT_SUFFIX, m->name, KEPT_SUFFIX);
		return 0;
	}
	m->objectid = machine_fstab_objectid(ext_get_info(look->job->ext));
	m->text = r->text;
	m->len = (u32)r->len;
	r->text = NULL;
	ret = count_items(look, m, &d);
	if (ret)
		return ret;
	m->rewrites = true;
	stats->fstab_rewritten = true;
	copy_cut(stats->fstab, sizeof(stats->fstab), look->fstab.path, strlen(look->fstab.path));
	copy_cut(stats->fstab_kept, sizeof(stats->fstab_kept), m->kept_name, strlen(m->kept_name));
	return 0;
}

int machine_rewrite(struct machine_look *look)
{
	struct machine_stats *stats = &look->job->machine_stats;
	char label[256];
	struct fstab_identity id = make_identity(look->job, label);
	struct fstab_rewrite r;
	int ret = fstab_rewrite(look->text, look->len, &id, &r);

	if (ret <= 0)
		return ret;
	stats->fstab_lines = r.nr_lines;
	stats->fstab_line = r.line;
	copy_cut(stats->fstab_old, sizeof(stats->fstab_old), look->text + r.was.start, r.was.len);
	copy_cut(stats->fstab_new, sizeof(stats->fstab_new), r.text + r.is.start, r.is.len);
	ret = 0;
	if (!look->job->config.rewrite_fstab)
		msg_warn("%s: line %u of %s does not suit a btrfs: change \"%s\" to \"%s\"", look->job->config.device,
			 r.line, look->fstab.path, stats->fstab_old, stats->fstab_new);
	else if (r.len > most_inline(look->job))
		refuse_length(look, &r, stats);
	else
		ret = decide(look, &r);
	free(r.text);
	return ret;
}

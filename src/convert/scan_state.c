/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory of the scan: three bytes for each inode in pages that exist only where inodes are in use, sixteen for each
 * directory, and the two sorted streams.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/copy.h"
#include "base/msg.h"
#include "base/status.h"
#include "base/vec.h"
#include "convert/scan.h"

/* Longer runs are noted in parts, so that a length fits 32 bits of sectors. The parts end at multiples of this address,
 * where plan_cut cuts as well: extents come out the same from the claims and from the file's own map. */
#define CLAIM_GRID (4 * TIB)

int scan_inconsistent(struct job *job, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	msg_err("%s: %s: the file system is inconsistent; run e2fsck -f %s. Nothing was written.", job->config.device,
		text, job->config.device);
	return ERR_CORRUPT;
}

int job_bug(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	msg_err("%s: this is a bug of fsconvert, the source is untouched", text);
	return ERR_BUG;
}

void job_say_stopped(const struct job *job)
{
	msg_err("%s: stopped on request; the source is untouched", job->config.device);
}

bool job_stopped(const struct job *job)
{
	if (!job->stop || !*job->stop)
		return false;
	job_say_stopped(job);
	return true;
}

static struct scan_page *page_of(const struct scan *scan, u32 ino)
{
	u32 nr = ino / SCAN_PAGE_INODES;

	return nr < scan->nr_pages ? scan->pages[nr] : NULL;
}

u8 *scan_inode_flags(const struct scan *scan, u32 ino)
{
	struct scan_page *page = page_of(scan, ino);

	return page ? &page->flags[ino % SCAN_PAGE_INODES] : NULL;
}

u16 scan_inode_links(const struct scan *scan, u32 ino)
{
	struct scan_page *page = page_of(scan, ino);

	return page ? page->links[ino % SCAN_PAGE_INODES] : 0;
}

int scan_inode_note(struct scan *scan, u32 ino, u8 flags, u16 links)
{
	u32 nr = ino / SCAN_PAGE_INODES;

	if (nr >= scan->nr_pages) {
		msg_err("inode %u lies outside the inode tables", ino);
		return ERR_CORRUPT;
	}
	if (!scan->pages[nr]) {
		scan->pages[nr] = calloc(1, sizeof(struct scan_page));
		if (!scan->pages[nr])
			return msg_nomem("scan");
	}
	scan->pages[nr]->flags[ino % SCAN_PAGE_INODES] = flags;
	scan->pages[nr]->links[ino % SCAN_PAGE_INODES] = links;
	return 0;
}

int scan_dir_note(struct scan *scan, u32 ino, u32 dotdot, u16 links)
{
	void *grown = vec_grow(scan->dirs, &scan->cap_dirs, scan->nr_dirs, sizeof(*scan->dirs));

	if (!grown)
		return msg_nomem("scan");
	scan->dirs = grown;
	scan->dirs[scan->nr_dirs++] = (struct scan_dir){ .ino = ino, .dotdot = dotdot, .links = links };
	return 0;
}

struct scan_dir *scan_dir_find(const struct scan *scan, u32 ino)
{
	size_t lo = 0, hi = scan->nr_dirs;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (scan->dirs[mid].ino < ino)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < scan->nr_dirs && scan->dirs[lo].ino == ino ? &scan->dirs[lo] : NULL;
}

int scan_claim_add(struct scan *scan, const struct claim *claim)
{
	u64 done = 0;

	while (done < claim->len) {
		u64 at = claim->physical + done;
		u64 len = min_u64(claim->len - done, CLAIM_GRID - at % CLAIM_GRID);
		struct claim_payload payload = {
			.sectors = (u32)(len / SECTOR),
			.ino = claim->ino,
			.aux = claim->aux,
			.kind = (u16)claim->kind,
		};
		int ret = sort_add(scan->claims, at, claim->logical + done, &payload, sizeof(payload));

		if (ret)
			return ret;
		done += len;
	}
	return 0;
}

int scan_claim_next(struct scan *scan, struct claim *claim)
{
	struct claim_payload payload;
	struct sort_rec rec;
	int ret = sort_next(scan->claims, &rec);

	if (ret <= 0)
		return ret;
	memcpy(&payload, rec.payload, sizeof(payload));
	claim->physical = rec.hi;
	claim->logical = rec.lo;
	claim->len = (u64)payload.sectors * SECTOR;
	claim->ino = payload.ino;
	claim->kind = (enum claim_kind)payload.kind;
	claim->aux = payload.aux;
	return 1;
}

int scan_name_add(struct scan *scan, u32 child, u32 parent, const struct ext_dirent *entry)
{
	u8 payload[256];

	payload[0] = entry->type;
	copy_short(payload + 1, entry->name, entry->name_len);
	return sort_add(scan->names, (u64)child << 32 | parent, entry->index, payload, 1 + (u32)entry->name_len);
}

int scan_name_next(struct scan *scan, struct scan_name *name)
{
	struct sort_rec rec;
	int ret = sort_next(scan->names, &rec);

	if (ret <= 0)
		return ret;
	name->child = (u32)(rec.hi >> 32);
	name->parent = (u32)rec.hi;
	name->index = rec.lo;
	name->type = *(const u8 *)rec.payload;
	name->name = (const char *)rec.payload + 1;
	name->name_len = (u8)(rec.len - 1);
	return 1;
}

void scan_item_limit(struct scan *scan, u32 ino, u32 size)
{
	if (size > scan->items.max_item) {
		scan->items.max_item = size;
		scan->items.max_item_ino = ino;
	}
}

void scan_item_join(struct scan *scan, u32 before, u32 size)
{
	bool was_large = BTRFS_ITEM_SIZE + before > SCAN_LARGE_ITEM;

	if (before && BTRFS_ITEM_SIZE + before + size > SCAN_LARGE_ITEM)
		scan->items.large_bytes += was_large ? size : BTRFS_ITEM_SIZE + before + size;
}

void scan_item_count(struct scan *scan, u32 ino, u32 size)
{
	scan->items.bytes += BTRFS_ITEM_SIZE + size;
	if (BTRFS_ITEM_SIZE + size > SCAN_LARGE_ITEM)
		scan->items.large_bytes += BTRFS_ITEM_SIZE + size;
	scan_item_limit(scan, ino, size);
}

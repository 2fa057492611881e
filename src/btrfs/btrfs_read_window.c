/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads tree blocks in stretches: a megabyte at a time where a tree lies in key order, little where it does not.
 * Buffers and lengths suit direct transfers, so that what is checked comes from the device and not from the page
 * cache.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs_read_private.h"

#define WINDOW_MIN ((u32)(64 * KIB))
#define WINDOW_MAX ((u32)MIB)

int btrfs_window_init(struct btrfs_window *w)
{
	int i;

	memset(w, 0, sizeof(*w));
	w->ahead = WINDOW_MIN;
	for (i = 0; i < 2; i++) {
		w->copies[i] = aligned_alloc(SECTOR, WINDOW_MAX);
		if (!w->copies[i]) {
			btrfs_window_fini(w);
			return msg_nomem("btrfs reader");
		}
	}
	return 0;
}

void btrfs_window_fini(struct btrfs_window *w)
{
	int i;

	for (i = 0; i < 2; i++) {
		free(w->copies[i]);
		w->copies[i] = NULL;
	}
}

/* Moves the window so that it begins with the block e->logical. */
static int fill(const struct btrfs_reader *r, struct btrfs_window *w, const struct btrfs_expect *e)
{
	const struct btrfs_chunk *chunk = btrfs_reader_find_chunk(r, e->logical);
	u64 at, end = w->logical + w->len;
	u32 i;
	int ret;

	if (!chunk || chunk->len - (e->logical - chunk->logical) < r->super.nodesize)
		return btrfs_block_bad(e, "no chunk maps it");
	if (w->len && e->logical - end < w->len)
		w->ahead = w->ahead < WINDOW_MAX ? w->ahead * 2 : WINDOW_MAX;
	else
		w->ahead = WINDOW_MIN;

	at = e->logical - chunk->logical;
	w->logical = e->logical;
	w->nr_copies = r->strict ? chunk->nr_stripes : 1;
	w->len = 0;
	for (i = 0; i < w->nr_copies; i++) {
		w->physical[i] = chunk->physical[i] + at;
		ret = dev_read(r->dev, w->physical[i], w->copies[i], min_u64(w->ahead, chunk->len - at));
		if (ret)
			return ret;
	}
	w->len = (u32)min_u64(w->ahead, chunk->len - at);
	return 0;
}

int btrfs_window_get(const struct btrfs_reader *r, struct btrfs_window *w, const struct btrfs_expect *e,
		     const u8 **block)
{
	u64 at = e->logical - w->logical;
	int ret;

	if (e->logical < w->logical || at >= w->len || w->len - at < r->super.nodesize) {
		ret = fill(r, w, e);
		if (ret)
			return ret;
		at = 0;
	}
	if (w->nr_copies > 1 && memcmp(w->copies[0] + at, w->copies[1] + at, r->super.nodesize) != 0)
		return btrfs_block_bad(e, "the copies at %llu and %llu of the device differ",
				       (unsigned long long)(w->physical[0] + at),
				       (unsigned long long)(w->physical[1] + at));
	*block = w->copies[0] + at;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The free space tree: for each chunk the runs between its extents, all of them and in one piece each, as items or as
 * bits.
 */
#include "base/arith.h"
#include "base/status.h"
#include "convert/verify_private.h"

/* A bitmap item covers this much, the last one of a chunk less. */
#define BITMAP_SPAN ((u64)2048 * SECTOR)

static int bad_chunk(const struct verify_free *f, const char *what)
{
	return verify_bug("free space tree, chunk at %llu: %s", (unsigned long long)f->chunk->logical, what);
}

int verify_free_begin(struct verify_free *f, const struct btrfs_chunk *chunk)
{
	const struct btrfs_free_space_info_disk *d;
	struct verify_walk *w = &f->walk;
	u32 flags;

	f->chunk = chunk;
	f->pos = chunk->logical;
	f->bitmap_end = chunk->logical;
	f->nr_found = 0;
	if (!verify_at(w, chunk->logical, BTRFS_FREE_SPACE_INFO) || w->item.key.offset != chunk->len)
		return bad_chunk(f, "it is missing, or has items without it");
	d = (const struct btrfs_free_space_info_disk *)w->item.data;
	if (w->item.size != sizeof(*d))
		return verify_bad_item(w, "wrong size");
	flags = le32_to_cpu(d->flags);
	if (flags & ~BTRFS_FREE_SPACE_USING_BITMAPS)
		return verify_bad_item(w, "unknown flags");
	f->nr_runs = le32_to_cpu(d->extent_count);
	f->bitmaps = flags & BTRFS_FREE_SPACE_USING_BITMAPS;
	return verify_walk_next(w);
}

/* --- bitmaps --- */

/* True when nr bits from first all have this value. */
static bool bits_are(const u8 *bits, u64 first, u64 nr, bool value)
{
	const u8 full = value ? 0xff : 0;

	for (; nr > 0 && first % 8; first++, nr--)
		if ((bits[first / 8] >> first % 8 & 1) != value)
			return false;
	for (; nr >= 8; first += 8, nr -= 8)
		if (bits[first / 8] != full)
			return false;
	for (; nr > 0; first++, nr--)
		if ((bits[first / 8] >> first % 8 & 1) != value)
			return false;
	return true;
}

/* Takes the bitmap that must begin at f->pos. */
static int next_bitmap(struct verify_free *f)
{
	u64 span = min_u64(BITMAP_SPAN, f->chunk->logical + f->chunk->len - f->pos);
	struct verify_walk *w = &f->walk;
	int ret = 0;

	if (f->pos != f->chunk->logical)
		ret = verify_walk_next(w);
	if (ret)
		return ret;
	if (!verify_at(w, f->pos, BTRFS_FREE_SPACE_BITMAP) || w->item.key.offset != span)
		return bad_chunk(f, "a bitmap is missing or has the wrong span");
	if (w->item.size != div_up(span / SECTOR, 8))
		return verify_bad_item(w, "wrong size");
	f->bitmap_end = f->pos + span;
	return 0;
}

/* Compares the bits of [f->pos, to). */
static int compare_bits(struct verify_free *f, u64 to, bool value)
{
	while (f->pos < to) {
		u64 start, end;

		if (f->pos == f->bitmap_end) {
			int ret = next_bitmap(f);

			if (ret)
				return ret;
		}
		start = f->walk.item.key.objectid;
		end = min_u64(to, f->bitmap_end);
		if (!bits_are(f->walk.item.data, (f->pos - start) / SECTOR, (end - f->pos) / SECTOR, value))
			return verify_bad_item(&f->walk, value ? "free space is marked as used" :
								 "an extent is marked as free");
		f->pos = end;
	}
	return 0;
}

/* --- */

int verify_free_run(struct verify_free *f, u64 start, u64 len)
{
	struct verify_walk *w = &f->walk;
	int ret;

	f->nr_found++;
	if (f->bitmaps) {
		ret = compare_bits(f, start, false);
		return ret ? ret : compare_bits(f, start + len, true);
	}
	if (!verify_at(w, start, BTRFS_FREE_SPACE_EXTENT) || w->item.key.offset != len)
		return verify_bug("free space tree, chunk at %llu: %llu bytes at %llu are free, but not listed so",
				  (unsigned long long)f->chunk->logical, (unsigned long long)len,
				  (unsigned long long)start);
	if (w->item.size != 0)
		return verify_bad_item(w, "wrong size");
	return verify_walk_next(w);
}

int verify_free_end(struct verify_free *f)
{
	int ret;

	if (f->nr_found != f->nr_runs)
		return bad_chunk(f, "the number of free runs is wrong");
	if (!f->bitmaps)
		return 0;
	ret = compare_bits(f, f->chunk->logical + f->chunk->len, false);
	return ret ? ret : verify_walk_next(&f->walk);
}

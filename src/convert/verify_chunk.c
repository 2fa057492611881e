/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chunks: their places, the device extents that reserve them (each stripe has one and each has its stripe), and what
 * the device item and the superblock say of the sum.
 */
#include <string.h>

#include "base/arith.h"
#include "base/status.h"
#include "convert/verify_private.h"

/* Nothing may begin below: boot code, the first superblock, and room for boot loaders. */
#define DEVICE_RESERVED MIB

static int bad_chunk(const struct btrfs_chunk *chunk, const char *what)
{
	return verify_bug("chunk at %llu: %s", (unsigned long long)chunk->logical, what);
}

/* profile: that of the metadata chunks met so far, or -1. */
static int check_place(const struct verify *v, const struct btrfs_chunk *chunk, u64 *profile)
{
	bool data = (chunk->type & BTRFS_BLOCK_GROUP_DATA) != 0;
	u64 dup = chunk->type & BTRFS_BLOCK_GROUP_DUP;
	u32 i;

	if (data && (dup || chunk->logical != chunk->physical[0]))
		return bad_chunk(chunk, "data must lie where its address says");
	if (!data && *profile != (u64)-1 && *profile != dup)
		return bad_chunk(chunk, "single and DUP metadata are mixed");
	if (!data)
		*profile = dup;
	if (chunk->logical % BTRFS_STRIPE_LEN)
		return bad_chunk(chunk, "its address is not aligned");
	for (i = 0; i < chunk->nr_stripes; i++) {
		u64 end = chunk->physical[i] + chunk->len;

		if (chunk->physical[i] % BTRFS_STRIPE_LEN)
			return bad_chunk(chunk, "its place is not aligned");
		/* only the end of the device may force an odd length */
		if (end % BTRFS_STRIPE_LEN && (!data || end + BTRFS_STRIPE_LEN <= v->info->total_bytes))
			return bad_chunk(chunk, "its length is not aligned");
	}
	return 0;
}

static int check_dev_item(const struct verify_walk *w, u64 dev_bytes)
{
	const struct btrfs_dev_item_disk *d = &w->v->super->dev_item;

	if (w->item.size != sizeof(*d) || memcmp(w->item.data, d, sizeof(*d)) != 0)
		return verify_bad_item(w, "not the same as in the superblock");
	if (le64_to_cpu(d->devid) != w->item.key.offset || le64_to_cpu(d->bytes_used) != dev_bytes)
		return verify_bad_item(w, "wrong device, or not the sum of the device extents");
	if (le32_to_cpu(d->sector_size) != SECTOR || le32_to_cpu(d->io_align) != SECTOR ||
	    le32_to_cpu(d->io_width) != SECTOR || d->type || d->generation || d->start_offset)
		return verify_bad_item(w, "not as it should be");
	return 0;
}

/* The DEV_ITEM, then the chunks, which the reader has decoded and taken over. */
static int take_chunk_tree(struct verify_walk *w, u64 dev_bytes)
{
	const struct btrfs_chunk *chunks;
	size_t i, nr;
	int ret;

	if (!verify_at(w, BTRFS_DEV_ITEMS_OBJECTID, BTRFS_DEV_ITEM))
		return verify_bug("chunk tree: the device item is missing");
	ret = check_dev_item(w, dev_bytes);
	if (!ret)
		ret = verify_walk_next(w);
	chunks = btrfs_reader_chunks(w->v->reader, &nr);
	for (i = 0; !ret && i < nr; i++) {
		if (!verify_at(w, BTRFS_FIRST_CHUNK_OBJECTID, BTRFS_CHUNK_ITEM) ||
		    w->item.key.offset != chunks[i].logical)
			return bad_chunk(&chunks[i], "not in its place in the chunk tree");
		ret = verify_walk_next(w);
	}
	return ret;
}

static int check_chunk_tree(struct verify *v, u64 dev_bytes)
{
	struct verify_walk w;
	int ret;

	ret = verify_walk_open(v, &v->space, verify_find_root(v, BTRFS_CHUNK_TREE), &w);
	if (!ret)
		ret = take_chunk_tree(&w, dev_bytes);
	if (!ret)
		ret = verify_walk_finish(&w);
	verify_walk_close(&w);
	return ret;
}

/* --- dev tree --- */

static int check_dev_extent(const struct verify_walk *w, u64 *pos)
{
	const struct btrfs_dev_extent_disk *d = (const struct btrfs_dev_extent_disk *)w->item.data;
	u64 physical = w->item.key.offset;
	const struct btrfs_chunk *chunk;
	bool found = false;
	u32 i;

	if (w->item.size != sizeof(*d))
		return verify_bad_item(w, "wrong size");
	if (le64_to_cpu(d->chunk_tree) != BTRFS_CHUNK_TREE ||
	    le64_to_cpu(d->chunk_objectid) != BTRFS_FIRST_CHUNK_OBJECTID)
		return verify_bad_item(w, "not as it should be");
	chunk = btrfs_reader_find_chunk(w->v->reader, le64_to_cpu(d->chunk_offset));
	if (!chunk || chunk->logical != le64_to_cpu(d->chunk_offset) || chunk->len != le64_to_cpu(d->length))
		return verify_bad_item(w, "no chunk has this address and length");
	for (i = 0; i < chunk->nr_stripes; i++)
		found |= chunk->physical[i] == physical;
	if (!found)
		return verify_bad_item(w, "its chunk lies elsewhere");
	if (physical < *pos)
		return verify_bad_item(w, *pos == DEVICE_RESERVED ? "below the first MiB" : "overlaps the one before");
	*pos = physical + chunk->len; /* the reader saw that it fits on the device */
	return 0;
}

/* *sum gets the bytes, *nr the number of the device extents. */
static int take_dev_tree(struct verify_walk *w, u64 *sum, u64 *nr)
{
	u64 pos = DEVICE_RESERVED;
	int ret = 0;

	if (verify_at(w, 0, BTRFS_PERSISTENT_ITEM)) {
		if (w->item.key.offset != w->v->info->devid || w->item.size != sizeof(struct btrfs_dev_stats_disk) ||
		    !verify_all_zero(w->item.data, w->item.size))
			return verify_bad_item(w, "not as it should be");
		ret = verify_walk_next(w);
	}
	while (!ret && verify_at(w, w->v->info->devid, BTRFS_DEV_EXTENT)) {
		ret = check_dev_extent(w, &pos);
		if (ret)
			return ret;
		*sum += le64_to_cpu(((const struct btrfs_dev_extent_disk *)w->item.data)->length);
		++*nr;
		ret = verify_walk_next(w);
	}
	return ret;
}

static int check_dev_tree(struct verify *v, u64 *sum, u64 nr_stripes)
{
	struct verify_walk w;
	u64 nr = 0;
	int ret;

	*sum = 0;
	ret = verify_walk_open(v, &v->space, verify_find_root(v, BTRFS_DEV_TREE), &w);
	if (!ret)
		ret = take_dev_tree(&w, sum, &nr);
	if (!ret)
		ret = verify_walk_finish(&w);
	/* Each is the stripe of a chunk, none is there twice: as many as stripes means all of them. */
	if (!ret && nr != nr_stripes)
		ret = verify_bug("dev tree: %llu device extents for %llu stripes of chunks", (unsigned long long)nr,
				 (unsigned long long)nr_stripes);
	verify_walk_close(&w);
	return ret;
}

int verify_chunks(struct verify *v)
{
	const struct btrfs_chunk *chunks;
	u64 profile = (u64)-1, nr_stripes = 0, dev_bytes;
	size_t i, nr;
	int ret = 0;

	chunks = btrfs_reader_chunks(v->reader, &nr);
	for (i = 0; !ret && i < nr; i++) {
		ret = check_place(v, &chunks[i], &profile);
		nr_stripes += chunks[i].nr_stripes;
	}
	if (!ret)
		ret = check_dev_tree(v, &dev_bytes, nr_stripes);
	if (!ret)
		ret = check_chunk_tree(v, dev_bytes);
	return ret;
}

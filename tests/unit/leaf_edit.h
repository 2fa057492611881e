/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests that tell lies with right checksums: the only leaf of a small tree as a list of items, to be changed and
 * put back in all copies, in the form that the format demands.
 */
#ifndef TEST_LEAF_EDIT_H
#define TEST_LEAF_EDIT_H

#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "btrfs/btrfs_csum.h"
#include "btrfs/btrfs_ondisk.h"
#include "btrfs/btrfs_read.h"
#include "dev/dev.h"

#define LEAF_MAX_ITEMS 200u
#define LEAF_MAX_DATA 8192u

struct leaf_item {
	struct btrfs_key key;
	u32 size;
	u8 data[LEAF_MAX_DATA];
};

struct leaf {
	u64 tree;
	bool edited;    /* for the caller */
	u32 nodesize;
	enum btrfs_csum_type csum_type;
	u8 *copies[2];  /* on the device */
	u32 nr_copies;
	u8 *saved;      /* as it was when it was loaded */
	u32 nr;
	struct leaf_item items[LEAF_MAX_ITEMS];
};

static inline struct btrfs_key_disk leaf_encode_key(const struct btrfs_key *key)
{
	return (struct btrfs_key_disk){ cpu_to_le64(key->objectid), key->type, cpu_to_le64(key->offset) };
}

/* Takes the leaf of a tree apart; a tree with more than one block fails the test. */
static inline struct leaf *leaf_load(struct dev *dev, const u8 *super_block, u64 tree)
{
	struct leaf *leaf = calloc(1, sizeof(*leaf));
	const struct btrfs_super_info *info;
	const struct btrfs_chunk *chunk;
	struct btrfs_reader *r;
	struct btrfs_walk *walk;
	struct btrfs_item item;
	u64 logical;
	u8 level;

	assert_non_null(leaf);
	assert_int_equal(btrfs_reader_new(dev, super_block, false, &r), 0);
	info = btrfs_reader_super(r);
	assert_int_equal(btrfs_reader_find_root(r, tree, &logical, &level, NULL), 1);
	assert_int_equal(level, 0);
	leaf->tree = tree;
	leaf->nodesize = info->nodesize;
	leaf->csum_type = info->csum_type;
	chunk = btrfs_reader_find_chunk(r, logical);
	assert_non_null(chunk);
	leaf->nr_copies = chunk->nr_stripes;
	for (u32 i = 0; i < chunk->nr_stripes; i++)
		leaf->copies[i] = dev_mem_data(dev) + chunk->physical[i] + (logical - chunk->logical);
	leaf->saved = malloc(leaf->nodesize);
	assert_non_null(leaf->saved);
	memcpy(leaf->saved, leaf->copies[0], leaf->nodesize);
	assert_int_equal(btrfs_walk_new(r, tree, logical, level, NULL, NULL, NULL, &walk), 0);
	while (btrfs_walk_next(walk, &item) == 1) {
		struct leaf_item *to = &leaf->items[leaf->nr++];

		assert_true(leaf->nr <= LEAF_MAX_ITEMS && item.size <= LEAF_MAX_DATA);
		to->key = item.key;
		to->size = item.size;
		memcpy(to->data, item.data, item.size);
	}
	btrfs_walk_free(walk);
	btrfs_reader_free(r);
	return leaf;
}

/* Writes a block of the leaf's size to all copies, with a right checksum. */
static inline void leaf_write(struct leaf *leaf, u8 *block)
{
	btrfs_csum(leaf->csum_type, block + BTRFS_CSUM_MAX, leaf->nodesize - BTRFS_CSUM_MAX, block);
	for (u32 i = 0; i < leaf->nr_copies; i++)
		memcpy(leaf->copies[i], block, leaf->nodesize);
}

/* Puts the items back. */
static inline void leaf_store(struct leaf *leaf)
{
	u8 *block = calloc(1, leaf->nodesize);
	struct btrfs_item_disk *disk = (struct btrfs_item_disk *)(block + BTRFS_HEADER_SIZE);
	u32 end = btrfs_leaf_space(leaf->nodesize);

	assert_non_null(block);
	memcpy(block, leaf->saved, BTRFS_HEADER_SIZE);
	((struct btrfs_header_disk *)block)->nritems = cpu_to_le32(leaf->nr);
	for (u32 i = 0; i < leaf->nr; i++) {
		const struct leaf_item *item = &leaf->items[i];

		assert_true(end >= item->size + (i + 1) * BTRFS_ITEM_SIZE);
		end -= item->size;
		disk[i].key = leaf_encode_key(&item->key);
		disk[i].offset = cpu_to_le32(end);
		disk[i].size = cpu_to_le32(item->size);
		memcpy(block + BTRFS_HEADER_SIZE + end, item->data, item->size);
	}
	leaf_write(leaf, block);
	free(block);
}

static inline void leaf_free(struct leaf *leaf)
{
	free(leaf->saved);
	free(leaf);
}

/* Puts the leaf back as it was, and frees it. */
static inline void leaf_restore(struct leaf *leaf)
{
	for (u32 i = 0; i < leaf->nr_copies; i++)
		memcpy(leaf->copies[i], leaf->saved, leaf->nodesize);
	leaf_free(leaf);
}

#define ANY ((u64)-30)
#define LAST ((u64)-31)

/* The first item that matches; ANY in objectid or offset matches all, LAST in offset too, but gives the last one. */
static inline struct leaf_item *leaf_find(struct leaf *leaf, u64 objectid, u8 type, u64 offset)
{
	struct leaf_item *found = NULL;

	for (u32 i = 0; i < leaf->nr && (!found || offset == LAST); i++) {
		const struct btrfs_key *key = &leaf->items[i].key;

		if ((objectid == ANY || key->objectid == objectid) && key->type == type &&
		    (offset == ANY || offset == LAST || key->offset == offset))
			found = &leaf->items[i];
	}
	if (!found)
		fail_msg("no item (%lld %u %lld)", (long long)objectid, type, (long long)offset);
	return found;
}

static inline void leaf_drop(struct leaf *leaf, struct leaf_item *item)
{
	u32 at = (u32)(item - leaf->items);

	leaf->nr--;
	memmove(item, item + 1, (leaf->nr - at) * sizeof(*item));
}

/* Makes room for an item with this key, in its place, and returns it, empty. */
static inline struct leaf_item *leaf_insert(struct leaf *leaf, struct btrfs_key key)
{
	u32 at = 0;

	while (at < leaf->nr && btrfs_key_compare(&leaf->items[at].key, &key) < 0)
		at++;
	assert_true(leaf->nr < LEAF_MAX_ITEMS);
	memmove(&leaf->items[at + 1], &leaf->items[at], (leaf->nr - at) * sizeof(leaf->items[0]));
	leaf->nr++;
	memset(&leaf->items[at], 0, sizeof(leaf->items[at]));
	leaf->items[at].key = key;
	return &leaf->items[at];
}

#endif

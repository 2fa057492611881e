/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks a tree from left to right, item by item. One block of each level is at hand. Every block lies one level below
 * its parent and begins with the parent's key, and keys ascend over the whole walk, so no block is met twice and no
 * tree, however damaged, makes the walk endless.
 */
#include <stdlib.h>
#include <string.h>

#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs_read_private.h"

struct walk_level {
	const u8 *block;
	u32 slot; /* of the item or pointer that is next (leaf) or entered (node) */
	u32 nr;
};

struct btrfs_walk {
	const struct btrfs_reader *r;
	u64 owner;
	btrfs_block_fn fn;
	void *ctx;
	struct btrfs_window leaves; /* leaves lie in key order */
	struct btrfs_window nodes;  /* nodes lie between them, far apart */
	u8 *copies;                 /* of the node of each level from 1 to the root's */
	u8 root_level;
	struct walk_level levels[BTRFS_MAX_LEVEL];
	struct btrfs_key last;      /* of the leaf at hand */
	bool has_last;
};

/* Reads the block e and makes it the one of its level. */
static int enter(struct btrfs_walk *w, const struct btrfs_expect *e)
{
	struct walk_level *at = &w->levels[e->level];
	const u8 *block;
	int ret;

	ret = btrfs_window_get(w->r, e->level ? &w->nodes : &w->leaves, e, &block);
	if (!ret)
		ret = btrfs_block_check(w->r, block, e);
	if (ret)
		return ret;
	at->nr = le32_to_cpu(btrfs_block_header(block)->nritems);
	at->slot = 0;
	at->block = block;
	if (e->level) {
		u8 *copy = w->copies + (size_t)(e->level - 1) * w->r->super.nodesize;

		memcpy(copy, block, w->r->super.nodesize);
		at->block = copy;
	} else if (at->nr) {
		struct btrfs_key first = btrfs_key_decode(&btrfs_block_items(block)[0].key);

		if (w->has_last && btrfs_key_compare(&w->last, &first) >= 0)
			return btrfs_block_bad(e, "its first key is not above the last one of the leaf before");
		w->last = btrfs_key_decode(&btrfs_block_items(block)[at->nr - 1].key);
		w->has_last = true;
	}
	if (w->fn)
		return w->fn(w->ctx, e->logical, le64_to_cpu(btrfs_block_header(block)->owner), e->level);
	return 0;
}

static struct btrfs_key slot_key(const struct walk_level *at, u8 level, u32 slot)
{
	return btrfs_key_decode(level ? &btrfs_block_ptrs(at->block)[slot].key :
					&btrfs_block_items(at->block)[slot].key);
}

/* Moves a fresh block's slot to where from is: in a node the last pointer not above it, in a leaf the first item not
 * below it. */
static void seek(struct walk_level *at, u8 level, const struct btrfs_key *from)
{
	u32 low = 0, high = at->nr;

	while (low < high) {
		u32 mid = low + (high - low) / 2;
		struct btrfs_key key = slot_key(at, level, mid);
		int order = btrfs_key_compare(&key, from);

		if (order < 0 || (level && order == 0))
			low = mid + 1;
		else
			high = mid;
	}
	at->slot = level && low ? low - 1 : low;
}

/* Enters the blocks below the pointer at hand of level, down to the leaf. */
static int descend(struct btrfs_walk *w, u8 level, const struct btrfs_key *from)
{
	for (; level > 0; level--) {
		const struct walk_level *at = &w->levels[level];
		const struct btrfs_key_ptr_disk *ptr = &btrfs_block_ptrs(at->block)[at->slot];
		struct btrfs_key first = btrfs_key_decode(&ptr->key);
		struct btrfs_expect e = {
			.owner = w->owner,
			.logical = le64_to_cpu(ptr->blockptr),
			.generation = le64_to_cpu(ptr->generation),
			.first = &first,
			.level = (u8)(level - 1),
		};
		int ret = enter(w, &e);

		if (ret)
			return ret;
		if (from)
			seek(&w->levels[level - 1], (u8)(level - 1), from);
	}
	return 0;
}

static int start(struct btrfs_walk *w, u64 logical, const struct btrfs_key *from)
{
	const struct btrfs_super_info *super = &w->r->super;
	struct btrfs_expect e = { .owner = w->owner, .logical = logical, .level = w->root_level };
	int ret;

	if (logical == super->root && w->owner == BTRFS_ROOT_TREE)
		e.generation = super->generation;
	else if (logical == super->chunk_root && w->owner == BTRFS_CHUNK_TREE)
		e.generation = super->chunk_root_generation;
	ret = enter(w, &e);
	if (ret)
		return ret;
	if (from)
		seek(&w->levels[w->root_level], w->root_level, from);
	return descend(w, w->root_level, from);
}

int btrfs_walk_new(const struct btrfs_reader *r, u64 owner, u64 logical, u8 level, const struct btrfs_key *from,
		   btrfs_block_fn fn, void *ctx, struct btrfs_walk **out)
{
	struct btrfs_walk *w;
	int ret;

	*out = NULL;
	if (level >= BTRFS_MAX_LEVEL) {
		msg_err("btrfs: tree %lld: level %u", (long long)owner, level);
		return ERR_CORRUPT;
	}
	w = calloc(1, sizeof(*w));
	if (!w)
		return msg_nomem("btrfs reader");
	w->r = r;
	w->owner = owner;
	w->fn = fn;
	w->ctx = ctx;
	w->root_level = level;
	ret = btrfs_window_init(&w->leaves);
	if (!ret && level) {
		ret = btrfs_window_init(&w->nodes);
		w->copies = malloc((size_t)level * r->super.nodesize);
		if (!ret && !w->copies)
			ret = msg_nomem("btrfs reader");
	}
	if (!ret)
		ret = start(w, logical, from);
	if (ret) {
		btrfs_walk_free(w);
		return ret;
	}
	*out = w;
	return 0;
}

/* Enters the next leaf: 1, or 0 when there is none. */
static int next_leaf(struct btrfs_walk *w)
{
	u8 level = 1;
	int ret;

	while (level <= w->root_level && w->levels[level].slot + 1 >= w->levels[level].nr)
		level++;
	if (level > w->root_level)
		return 0;
	w->levels[level].slot++;
	ret = descend(w, level, NULL);
	return ret ? ret : 1;
}

int btrfs_walk_next(struct btrfs_walk *w, struct btrfs_item *item)
{
	struct walk_level *leaf = &w->levels[0];
	const struct btrfs_item_disk *disk;
	int ret;

	while (leaf->slot >= leaf->nr) {
		ret = next_leaf(w);
		if (ret <= 0)
			return ret;
	}
	disk = &btrfs_block_items(leaf->block)[leaf->slot++];
	item->key = btrfs_key_decode(&disk->key);
	item->data = leaf->block + BTRFS_HEADER_SIZE + le32_to_cpu(disk->offset);
	item->size = le32_to_cpu(disk->size);
	return 1;
}

void btrfs_walk_free(struct btrfs_walk *w)
{
	if (!w)
		return;
	btrfs_window_fini(&w->leaves);
	btrfs_window_fini(&w->nodes);
	free(w->copies);
	free(w);
}

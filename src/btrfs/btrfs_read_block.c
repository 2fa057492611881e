/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks of one tree block. Nothing in it is believed before: afterwards the header agrees with what led here, keys
 * ascend, and every item and pointer lies inside. Foreign file systems get what the format allows; strict readers
 * demand what this program writes.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs_csum.h"
#include "btrfs/btrfs_read_private.h"

int btrfs_block_bad(const struct btrfs_expect *e, const char *fmt, ...)
{
	char text[200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	msg_err("btrfs: tree %lld, block %llu: %s", (long long)e->owner, (unsigned long long)e->logical, text);
	return ERR_CORRUPT;
}

static bool is_file_tree(u64 id)
{
	return id == BTRFS_FS_TREE || (id >= BTRFS_FIRST_FREE && id <= -BTRFS_FIRST_FREE);
}

/* Blocks of a file tree may still carry the name of the snapshot's source. */
static bool owner_is_sound(const struct btrfs_reader *r, u64 found, u64 wanted)
{
	return found == wanted || (!r->strict && is_file_tree(wanted) && is_file_tree(found));
}

/* Trees that may have nothing in them. */
static bool may_be_empty(u64 owner)
{
	return owner == BTRFS_CSUM_TREE || owner == BTRFS_UUID_TREE || owner == BTRFS_FREE_SPACE_TREE ||
	       owner == BTRFS_BLOCK_GROUP_TREE;
}

static int check_header(const struct btrfs_reader *r, const u8 *block, const struct btrfs_expect *e)
{
	const struct btrfs_header_disk *h = btrfs_block_header(block);
	u64 generation = le64_to_cpu(h->generation);
	u64 flags = le64_to_cpu(h->flags);

	if (le64_to_cpu(h->bytenr) != e->logical)
		return btrfs_block_bad(e, "it belongs at %llu", (unsigned long long)le64_to_cpu(h->bytenr));
	if (memcmp(h->fsid, r->super.header_fsid, sizeof(h->fsid)) != 0)
		return btrfs_block_bad(e, "it belongs to another file system");
	if (h->level != e->level)
		return btrfs_block_bad(e, "level %u, wanted %u", h->level, e->level);
	if (!owner_is_sound(r, le64_to_cpu(h->owner), e->owner))
		return btrfs_block_bad(e, "it belongs to tree %lld", (long long)le64_to_cpu(h->owner));
	if ((e->generation && generation != e->generation) || generation > r->super.generation)
		return btrfs_block_bad(e, "generation %llu, wanted %llu", (unsigned long long)generation,
				       (unsigned long long)(e->generation ? e->generation : r->super.generation));
	if (!r->strict)
		return 0;
	if (generation != r->super.generation)
		return btrfs_block_bad(e, "generation %llu, wanted %llu", (unsigned long long)generation,
				       (unsigned long long)r->super.generation);
	if (flags != (BTRFS_HEADER_FLAG_WRITTEN | BTRFS_HEADER_BACKREF_REV))
		return btrfs_block_bad(e, "flags %#llx", (unsigned long long)flags);
	if (r->has_chunk_uuid && memcmp(h->chunk_tree_uuid, r->chunk_tree_uuid, sizeof(h->chunk_tree_uuid)) != 0)
		return btrfs_block_bad(e, "it has another chunk tree uuid");
	return 0;
}

static int check_leaf(const struct btrfs_reader *r, const u8 *block, const struct btrfs_expect *e)
{
	const struct btrfs_item_disk *items = btrfs_block_items(block);
	u32 nr = le32_to_cpu(btrfs_block_header(block)->nritems);
	u32 space = btrfs_leaf_space(r->super.nodesize);
	u32 i, end = space;
	struct btrfs_key last, key;

	if (nr > space / BTRFS_ITEM_SIZE)
		return btrfs_block_bad(e, "%u items do not fit", nr);
	if (nr == 0 && (e->first || !may_be_empty(e->owner)))
		return btrfs_block_bad(e, "the leaf is empty");
	for (i = 0; i < nr; i++) {
		u32 offset = le32_to_cpu(items[i].offset);
		u32 size = le32_to_cpu(items[i].size);

		key = btrfs_key_decode(&items[i].key);
		if (i > 0 && btrfs_key_compare(&last, &key) >= 0)
			return btrfs_block_bad(e, "item %u: keys do not ascend", i);
		if (offset < nr * BTRFS_ITEM_SIZE || offset > space || size > space - offset)
			return btrfs_block_bad(e, "item %u: %u bytes at %u lie outside", i, size, offset);
		if (r->strict && offset + size != end)
			return btrfs_block_bad(e, "item %u: data ends at %u, wanted %u", i, offset + size, end);
		end = offset;
		last = key;
	}
	return 0;
}

static int check_node(const struct btrfs_reader *r, const u8 *block, const struct btrfs_expect *e)
{
	const struct btrfs_key_ptr_disk *ptrs = btrfs_block_ptrs(block);
	u32 nr = le32_to_cpu(btrfs_block_header(block)->nritems);
	struct btrfs_key last, key;
	u32 i;

	if (nr == 0 || nr > btrfs_ptrs_per_node(r->super.nodesize))
		return btrfs_block_bad(e, "%u pointers", nr);
	for (i = 0; i < nr; i++) {
		u64 child = le64_to_cpu(ptrs[i].blockptr);

		key = btrfs_key_decode(&ptrs[i].key);
		if (i > 0 && btrfs_key_compare(&last, &key) >= 0)
			return btrfs_block_bad(e, "pointer %u: keys do not ascend", i);
		if (!child || child % SECTOR)
			return btrfs_block_bad(e, "pointer %u: address %llu", i, (unsigned long long)child);
		if (!le64_to_cpu(ptrs[i].generation))
			return btrfs_block_bad(e, "pointer %u: generation 0", i);
		last = key;
	}
	return 0;
}

int btrfs_block_check(const struct btrfs_reader *r, const u8 *block, const struct btrfs_expect *e)
{
	const struct btrfs_header_disk *h = btrfs_block_header(block);
	u8 csum[BTRFS_CSUM_MAX];
	struct btrfs_key first;
	int ret;

	btrfs_csum(r->super.csum_type, block + BTRFS_CSUM_MAX, r->super.nodesize - BTRFS_CSUM_MAX, csum);
	if (memcmp(csum, h->csum, btrfs_csum_size(r->super.csum_type)) != 0)
		return btrfs_block_bad(e, "the checksum is wrong");
	ret = check_header(r, block, e);
	if (ret)
		return ret;
	ret = h->level ? check_node(r, block, e) : check_leaf(r, block, e);
	if (ret || !e->first)
		return ret;
	first = btrfs_key_decode(h->level ? &btrfs_block_ptrs(block)->key : &btrfs_block_items(block)->key);
	if (btrfs_key_compare(&first, e->first) != 0)
		return btrfs_block_bad(e, "its first key is not that of its parent");
	return 0;
}

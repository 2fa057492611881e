/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Extent trees. Every node is checked against what its parent promised: depth, range of logical blocks, order; what
 * libext2fs accepts in silence (wrong depth, overlap, disorder) is refused here.
 */
#include "ext/ext_private.h"

#define ENTRY_SIZE 12u
#define HEAD_SIZE 12u

/* A node, and what its parent says of it. */
struct node {
	const u8 *data;
	u32 room;    /* bytes of the node */
	u32 depth;
	u64 first;   /* no logical block before this */
	u64 limit;   /* nor from here on */
	u64 block;   /* for messages, 0: in the inode */
};

static u16 nr_entries(const struct node *n)
{
	return le16_to_cpu(((const struct ext_extent_head_disk *)n->data)->entries);
}

static const u8 *entry(const struct node *n, u32 i)
{
	return n->data + HEAD_SIZE + (size_t)i * ENTRY_SIZE;
}

static u64 entry_lblk(const struct node *n, u32 i)
{
	return get_le32(entry(n, i));
}

static u64 idx_child(const u8 *p)
{
	const struct ext_extent_idx_disk *idx = (const struct ext_extent_idx_disk *)p;

	return le32_to_cpu(idx->leaf_lo) | (u64)le16_to_cpu(idx->leaf_hi) << 32;
}

static int bad_node(const struct ext_map_walk *w, const struct node *n, const char *what)
{
	if (!n->block)
		return ext_corrupt_inode(w->fs, w->inode->ino, "root of the extent tree: %s", what);
	return ext_corrupt_inode(w->fs, w->inode->ino, "block %llu of the extent tree: %s",
				 (unsigned long long)n->block, what);
}

/* The checksum follows the last entry for which there is room; a power of two leaves at least 4 bytes behind it. */
static int check_checksum(const struct ext_map_walk *w, const struct node *n, u32 max)
{
	size_t covered = HEAD_SIZE + (size_t)max * ENTRY_SIZE;

	if (crc32c_raw(ext_inode_csum_seed(w->fs, w->inode), n->data, covered) != get_le32(n->data + covered))
		return bad_node(w, n, "wrong checksum");
	return 0;
}

static int check_node(const struct ext_map_walk *w, const struct node *n)
{
	const struct ext_extent_head_disk *head = (const struct ext_extent_head_disk *)n->data;
	u32 entries = le16_to_cpu(head->entries);
	u32 max = le16_to_cpu(head->max);
	int ret;

	if (le16_to_cpu(head->magic) != EXT_EXTENT_MAGIC)
		return bad_node(w, n, "wrong magic number");
	if (le16_to_cpu(head->depth) != n->depth)
		return bad_node(w, n, "wrong depth");
	if (!max || max > (n->room - HEAD_SIZE) / ENTRY_SIZE || entries > max)
		return bad_node(w, n, "impossible number of entries");
	if (!entries && (n->block || n->depth))
		return bad_node(w, n, "no entries");
	if (n->block && w->fs->metadata_csum) {
		ret = check_checksum(w, n, max);
		if (ret)
			return ret;
	}
	for (u32 i = 0; i < entries; i++) {
		u64 low = i ? entry_lblk(n, i - 1) + 1 : n->first;

		if (entry_lblk(n, i) < low || entry_lblk(n, i) >= n->limit)
			return bad_node(w, n, "logical blocks out of order");
	}
	return 0;
}

static int walk_leaf(struct ext_map_walk *w, const struct node *n)
{
	for (u32 i = 0; i < nr_entries(n); i++) {
		const struct ext_extent_disk *e = (const struct ext_extent_disk *)entry(n, i);
		u64 lblk = le32_to_cpu(e->block);
		u64 pblk = le32_to_cpu(e->start_lo) | (u64)le16_to_cpu(e->start_hi) << 32;
		u32 len = le16_to_cpu(e->len);
		bool unwritten = len > EXT_EXTENT_MAX_WRITTEN;
		int ret;

		if (unwritten)
			len -= EXT_EXTENT_MAX_WRITTEN;
		if (!len)
			return bad_node(w, n, "an extent of no blocks");
		if (lblk + len > n->limit)
			return bad_node(w, n, "an extent reaches into the next node");
		ret = ext_map_add(w, lblk, pblk, len, unwritten);
		if (ret)
			return ret;
	}
	return 0;
}

static void prefetch_children(struct ext_fs *fs, const struct node *n, struct ext_prefetch *p)
{
	for (u32 i = 0; i < nr_entries(n); i++)
		ext_prefetch_add(fs, p, idx_child(entry(n, i)), 1);
}

static int walk_node(struct ext_map_walk *w, const struct node *n)
{
	struct ext_fs *fs = w->fs;
	struct ext_prefetch p = { 0 };
	int ret = check_node(w, n);

	if (ret)
		return ret;
	if (!n->depth)
		return walk_leaf(w, n);
	if (nr_entries(n) > 1) {
		prefetch_children(fs, n, &p);
		ext_prefetch_flush(fs, &p);
	}
	for (u32 i = 0; i < nr_entries(n) && !ret; i++) {
		u8 *buf = fs->node_buf + (size_t)(n->depth - 1) * fs->block_size;
		struct node child = {
			.data = buf,
			.room = fs->block_size,
			.depth = n->depth - 1,
			.first = entry_lblk(n, i),
			.limit = i + 1 < nr_entries(n) ? entry_lblk(n, i + 1) : n->limit,
			.block = idx_child(entry(n, i)),
		};

		ret = ext_map_tree(w, child.block, buf);
		if (!ret)
			ret = walk_node(w, &child);
	}
	return ret;
}

static bool is_empty(const u8 *area)
{
	for (u32 i = 0; i < EXT_BLOCK_AREA; i++)
		if (area[i])
			return false;
	return true;
}

int ext_map_walk_extents(struct ext_map_walk *w)
{
	const u8 *area = ext_inode_raw(w->inode)->block;
	struct node root = {
		.data = area,
		.room = EXT_BLOCK_AREA,
		.depth = le16_to_cpu(((const struct ext_extent_head_disk *)area)->depth),
		.limit = (u64)1 << 32,
	};

	/* e2fsck takes an area of zeros for an empty file too */
	if (is_empty(area))
		return 0;
	if (root.depth > EXT_EXTENT_MAX_DEPTH)
		return bad_node(w, &root, "too deep");
	return walk_node(w, &root);
}

void ext_map_prefetch_extents(struct ext_fs *fs, const u8 *area, bool contents, struct ext_prefetch *p)
{
	struct node root = {
		.data = area,
		.room = EXT_BLOCK_AREA,
		.depth = le16_to_cpu(((const struct ext_extent_head_disk *)area)->depth),
	};

	if (nr_entries(&root) > (EXT_BLOCK_AREA - HEAD_SIZE) / ENTRY_SIZE)
		return;
	if (root.depth) {
		prefetch_children(fs, &root, p);
		return;
	}
	for (u32 i = 0; i < nr_entries(&root) && contents; i++) {
		const struct ext_extent_disk *e = (const struct ext_extent_disk *)entry(&root, i);

		if (le16_to_cpu(e->len) <= EXT_EXTENT_MAX_WRITTEN)
			ext_prefetch_add(fs, p, le32_to_cpu(e->start_lo) | (u64)le16_to_cpu(e->start_hi) << 32,
					 le16_to_cpu(e->len));
	}
}

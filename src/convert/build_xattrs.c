/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The XATTR_ITEMs of one inode, by the hash of the name; names with one hash share an item. */
#include <stdlib.h>
#include <string.h>

#include "base/msg.h"
#include "base/status.h"
#include "base/vec.h"
#include "btrfs/btrfs_csum.h"
#include "convert/build_fs.h"

struct xattr_entry {
	u32 hash;
	u32 offset; /* of the encoded entry */
	u32 len;
};

struct xattr_list {
	struct xattr_entry *entries;
	size_t nr, cap;
	u8 *bytes; /* encoded entries, one behind the other */
	size_t used, size;
	u64 generation;
};

static int grow(struct xattr_list *list, size_t more)
{
	void *grown = vec_grow(list->entries, &list->cap, list->nr, sizeof(*list->entries));

	if (!grown)
		return msg_nomem("build");
	list->entries = grown;
	if (list->used + more > list->size) {
		size_t size = 2 * (list->used + more);
		u8 *bytes = realloc(list->bytes, size);

		if (!bytes)
			return msg_nomem("build");
		list->bytes = bytes;
		list->size = size;
	}
	return 0;
}

/* Keeps the entries ascending by hash; an inode has few of them. */
static int collect(void *ctx, const struct ext_xattr *xattr)
{
	static const struct btrfs_key nowhere;
	struct xattr_list *list = ctx;
	struct xattr_entry entry = { .hash = btrfs_name_hash(xattr->name, xattr->name_len) };
	size_t at = list->nr;
	int ret = grow(list, BTRFS_DIR_ITEM_SIZE + xattr->name_len + xattr->value_len);

	if (ret)
		return ret;
	entry.offset = (u32)list->used;
	entry.len = btrfs_dir_item_encode(list->bytes + list->used, &nowhere, BTRFS_FT_XATTR, list->generation,
					  xattr->name, (u16)xattr->name_len, xattr->value, (u16)xattr->value_len);
	list->used += entry.len;
	while (at > 0 && list->entries[at - 1].hash > entry.hash)
		at--;
	memmove(&list->entries[at + 1], &list->entries[at], (list->nr - at) * sizeof(entry));
	list->entries[at] = entry;
	list->nr++;
	return 0;
}

static int write_items(struct fs_builder *b, const struct xattr_list *list)
{
	struct btrfs_key key = { b->objectid, BTRFS_XATTR_ITEM, 0 };
	u32 max = btrfs_max_item(b->job->plan->params.nodesize);

	for (size_t i = 0; i < list->nr;) {
		u32 used = 0;
		int ret;

		key.offset = list->entries[i].hash;
		for (; i < list->nr && list->entries[i].hash == key.offset; i++) {
			if (used + list->entries[i].len > max) {
				return job_bug("build: attributes of objectid %llu exceed a leaf",
					(unsigned long long)b->objectid);
			}
			memcpy(b->item + used, list->bytes + list->entries[i].offset, list->entries[i].len);
			used += list->entries[i].len;
		}
		ret = btrfs_tree_add(b->tree, &key, b->item, used);
		if (ret)
			return ret;
	}
	return 0;
}

int build_fs_xattrs(struct fs_builder *b, const struct ext_inode *inode)
{
	int ret;

	if (!b->job->config.xattr)
		return 0;
	if (!b->xattrs) {
		b->xattrs = calloc(1, sizeof(*b->xattrs));
		if (!b->xattrs)
			return msg_nomem("build");
		b->xattrs->generation = b->job->plan->params.generation;
	}
	b->xattrs->nr = 0;
	b->xattrs->used = 0;
	ret = ext_xattr_iterate(b->job->ext, inode, NULL, collect, b->xattrs);
	return ret ? ret : write_items(b, b->xattrs);
}

void build_fs_xattrs_free(struct xattr_list *list)
{
	if (!list)
		return;
	free(list->entries);
	free(list->bytes);
	free(list);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader itself: a superblock, the chunk map, and where each tree begins. */
#include <stdlib.h>
#include <string.h>

#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs_read_private.h"

/* The root item of kernels before 3.6 ends behind the level. */
#define ROOT_ITEM_OLD_SIZE offsetof(struct btrfs_root_item_disk, generation_v2)

int btrfs_reader_new(struct dev *dev, const u8 super[BTRFS_SUPER_SIZE], bool compare_copies, struct btrfs_reader **out)
{
	struct btrfs_reader *r;
	int ret;

	*out = NULL;
	r = calloc(1, sizeof(*r));
	if (!r)
		return msg_nomem("btrfs reader");
	r->dev = dev;
	r->strict = compare_copies;
	ret = btrfs_super_decode(super, BTRFS_SUPER_PRIMARY, true, &r->super);
	if (!ret && r->super.total_bytes > dev->size) {
		msg_err("btrfs: the file system has %llu bytes, the device %llu",
			(unsigned long long)r->super.total_bytes, (unsigned long long)dev->size);
		ret = ERR_CORRUPT;
	}
	if (!ret)
		ret = btrfs_chunk_map_load(r, (const struct btrfs_super_disk *)super);
	if (ret) {
		btrfs_reader_free(r);
		return ret;
	}
	*out = r;
	return 0;
}

void btrfs_reader_free(struct btrfs_reader *r)
{
	if (!r)
		return;
	btrfs_chunk_map_free(&r->map);
	free(r);
}

const struct btrfs_super_info *btrfs_reader_super(const struct btrfs_reader *r)
{
	return &r->super;
}

static int check_root_item(const struct btrfs_reader *r, const struct btrfs_item *item)
{
	const struct btrfs_root_item_disk *d = (const struct btrfs_root_item_disk *)item->data;
	const char *what = NULL;

	if (item->size != sizeof(*d) && item->size != ROOT_ITEM_OLD_SIZE)
		what = "size";
	else if (!le64_to_cpu(d->bytenr) || le64_to_cpu(d->bytenr) % SECTOR)
		what = "address";
	else if (d->level >= BTRFS_MAX_LEVEL)
		what = "level";
	else if (le64_to_cpu(d->generation) > r->super.generation)
		what = "generation";
	if (!what)
		return 0;
	msg_err("btrfs: root item of tree %lld: the %s is wrong", (long long)item->key.objectid, what);
	return ERR_CORRUPT;
}

/* The root item of tree, copied to copy: 1 found, 0 not there, <0 error. */
static int find_root_item(const struct btrfs_reader *r, u64 tree, struct btrfs_root_item_disk *copy)
{
	const struct btrfs_key from = { tree, BTRFS_ROOT_ITEM, 0 };
	struct btrfs_walk *walk = NULL;
	struct btrfs_item item;
	int ret;

	ret = btrfs_walk_new(r, BTRFS_ROOT_TREE, r->super.root, r->super.root_level, &from, NULL, NULL, &walk);
	if (ret)
		return ret;
	ret = btrfs_walk_next(walk, &item);
	if (ret == 1 && (item.key.objectid != tree || item.key.type != BTRFS_ROOT_ITEM))
		ret = 0;
	if (ret == 1) {
		ret = check_root_item(r, &item);
		if (!ret) {
			memset(copy, 0, sizeof(*copy));
			memcpy(copy, item.data, item.size);
			ret = 1;
		}
	}
	btrfs_walk_free(walk);
	return ret;
}

int btrfs_reader_find_root(const struct btrfs_reader *r, u64 tree, u64 *logical, u8 *level, u8 *item)
{
	struct btrfs_root_item_disk root;
	int ret;

	memset(&root, 0, sizeof(root));
	if (tree == BTRFS_ROOT_TREE || tree == BTRFS_CHUNK_TREE) {
		*logical = tree == BTRFS_ROOT_TREE ? r->super.root : r->super.chunk_root;
		*level = tree == BTRFS_ROOT_TREE ? r->super.root_level : r->super.chunk_root_level;
	} else {
		ret = find_root_item(r, tree, &root);
		if (ret != 1)
			return ret;
		*logical = le64_to_cpu(root.bytenr);
		*level = root.level;
	}
	if (item)
		memcpy(item, &root, sizeof(root));
	return 1;
}

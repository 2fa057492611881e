/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the test of whole images: lists of items, the blocks of trees in a mapped file, and the file trees. Those hold
 * every kind of item that a conversion makes:
 *
 *	tree 5:    file (shared extent, several names, xattr), part (second half of that extent), small (inline), link,
 *	           dir, prealloc, null (a device), ext2_saved (a subvolume)
 *	tree 256:  image, whose only extent is that of file, at its own address
 */
#ifndef TEST_BTRFS_IMAGE_H
#define TEST_BTRFS_IMAGE_H

#include <stdlib.h>
#include <string.h>

#include "btrfs/btrfs_csum.h"
#include "btrfs/btrfs_item.h"
#include "btrfs/btrfs_tree.h"

#define IMAGE_SIZE (512 * MIB)
#define GENERATION 1
#define DATA_START (256 * MIB)
#define SHARED (DATA_START + 64 * KIB)   /* extent of file, part and image */
#define SHARED_LEN ((u64)8192)
#define PREALLOC (DATA_START + 256 * KIB)
#define PREALLOC_LEN (64 * KIB)
#define MAX_BLOCKS 64

enum { SYSTEM, METADATA, DATA, NR_CHUNKS };

struct variant {
	const char *name;
	u32 nodesize;
	enum btrfs_csum_type csum_type;
	bool dup, fat_metadata, no_free_space_tree, holes, no_uuid_tree, extref;
};

struct item {
	struct btrfs_key key;
	u32 size;
	u8 *data;
};

/* Items of one tree, in any order until they are loaded. */
struct list {
	struct item items[128];
	u32 nr;
};

struct block {
	u64 logical, owner;
	u8 level;
};

struct image {
	const struct variant *variant;
	struct btrfs_params params;
	u8 *map; /* IMAGE_SIZE bytes of the file */
	struct btrfs_chunk chunks[NR_CHUNKS];
	u64 next[2]; /* address of the next block in SYSTEM and METADATA */
	struct block written[MAX_BLOCKS];
	u32 nr_written;
	struct block planned[MAX_BLOCKS]; /* all blocks, those not written yet included */
	u32 nr_planned;
};

/* --- lists of items --- */

/* The next item; its data of at most room bytes is to be filled, and size set. */
static inline struct item *list_add(struct list *list, struct btrfs_key key, u32 room)
{
	struct item *item = &list->items[list->nr++];

	assert_true(list->nr <= ARRAY_SIZE(list->items));
	*item = (struct item){ .key = key, .data = calloc(1, room + 1) };
	assert_non_null(item->data);
	return item;
}

static inline int compare_items(const void *a, const void *b)
{
	return btrfs_key_compare(&((const struct item *)a)->key, &((const struct item *)b)->key);
}

static inline void list_sort(struct list *list)
{
	qsort(list->items, list->nr, sizeof(list->items[0]), compare_items);
}

static inline void list_free(struct list *list)
{
	for (u32 i = 0; i < list->nr; i++)
		free(list->items[i].data);
	list->nr = 0;
}

/* --- blocks --- */

static inline int sink_alloc(void *ctx, u64 owner, u8 level, u64 *logical)
{
	struct image *image = ctx;
	u64 *next = &image->next[owner == BTRFS_CHUNK_TREE ? SYSTEM : METADATA];

	*logical = *next;
	*next += image->params.nodesize;
	assert_true(image->nr_written < MAX_BLOCKS);
	image->written[image->nr_written++] = (struct block){ *logical, owner, level };
	return 0;
}

static inline int sink_write(void *ctx, u64 logical, const void *block)
{
	struct image *image = ctx;

	for (int c = SYSTEM; c <= METADATA; c++) {
		const struct btrfs_chunk *chunk = &image->chunks[c];

		if (logical < chunk->logical || logical >= chunk->logical + chunk->len)
			continue;
		for (u32 s = 0; s < chunk->nr_stripes; s++)
			memcpy(image->map + chunk->physical[s] + (logical - chunk->logical), block,
			       image->params.nodesize);
		return 0;
	}
	return -5;
}

/* Loads the list as a tree and empties it. */
static inline struct btrfs_root load(struct image *image, u64 owner, struct list *list)
{
	struct btrfs_block_sink sink = { sink_alloc, sink_write, image };
	struct btrfs_tree *tree;
	struct btrfs_root root;

	list_sort(list);
	assert_int_equal(btrfs_tree_new(&image->params, owner, &sink, &tree), 0);
	for (u32 i = 0; i < list->nr; i++) {
		const struct item *item = &list->items[i];

		assert_int_equal(btrfs_tree_add(tree, &item->key, item->data, item->size), 0);
	}
	assert_int_equal(btrfs_tree_finish(tree, &root), 0);
	btrfs_tree_free(tree);
	list_free(list);
	return root;
}

/* --- file trees --- */

static inline void add_inode(struct list *list, u64 ino, struct btrfs_inode inode)
{
	struct time64 time = { 1600000000 + (s64)ino, 123456789 };
	struct item *item = list_add(list, (struct btrfs_key){ ino, BTRFS_INODE_ITEM, 0 }, BTRFS_INODE_ITEM_SIZE);

	inode.atime = inode.ctime = inode.mtime = inode.otime = time;
	item->size = btrfs_inode_encode(item->data, &inode, GENERATION);
}

/* The directory 256 of any tree, with its reference to itself. */
static inline void add_root_dir(struct list *list, u64 size)
{
	struct item *item;

	add_inode(list, 256, (struct btrfs_inode){ .size = size, .nlink = 1, .mode = 040755 });
	item = list_add(list, (struct btrfs_key){ 256, BTRFS_INODE_REF, 256 }, BTRFS_INODE_REF_SIZE + 2);
	item->size = btrfs_inode_ref_encode(item->data, 0, "..", 2);
}

/* Both directory entries of a name. */
static inline void add_entry(struct list *list, const char *name, u64 dir, u64 index, struct btrfs_key location,
			     u8 type)
{
	u16 len = (u16)strlen(name);
	struct btrfs_key keys[] = {
		{ dir, BTRFS_DIR_ITEM, btrfs_name_hash(name, len) }, { dir, BTRFS_DIR_INDEX, index },
	};

	for (int i = 0; i < 2; i++) {
		struct item *item = list_add(list, keys[i], BTRFS_DIR_ITEM_SIZE + len);

		item->size = btrfs_dir_item_encode(item->data, &location, type, GENERATION, name, len, NULL, 0);
	}
}

/* A name of an inode: entries and reference. */
static inline void add_name(struct list *list, const char *name, u64 dir, u64 index, u64 ino, u8 type)
{
	u16 len = (u16)strlen(name);
	struct item *item;

	add_entry(list, name, dir, index, (struct btrfs_key){ ino, BTRFS_INODE_ITEM, 0 }, type);
	item = list_add(list, (struct btrfs_key){ ino, BTRFS_INODE_REF, dir }, BTRFS_INODE_REF_SIZE + len);
	item->size = btrfs_inode_ref_encode(item->data, index, name, len);
}

static inline void add_extent(struct list *list, u64 ino, u64 pos, struct btrfs_file_extent fe)
{
	struct item *item = list_add(list, (struct btrfs_key){ ino, BTRFS_EXTENT_DATA, pos }, BTRFS_FILE_EXTENT_SIZE);

	item->size = btrfs_file_extent_encode(item->data, &fe, GENERATION);
}

static inline void add_inline(struct list *list, u64 ino, const char *text)
{
	u32 len = (u32)strlen(text);
	struct item *item = list_add(list, (struct btrfs_key){ ino, BTRFS_EXTENT_DATA, 0 },
				     BTRFS_INLINE_EXTENT_SIZE + len);

	item->size = btrfs_inline_extent_encode(item->data, text, len, GENERATION);
}

static inline void add_hole(const struct image *image, struct list *list, u64 ino, u64 pos, u64 len)
{
	if (image->variant->holes)
		add_extent(list, ino, pos, (struct btrfs_file_extent){ BTRFS_EXTENT_REG, 0, 0, 0, len });
}

/* What file has beside its plain name: a hard link elsewhere, one by extended reference, and an xattr. */
static inline void decorate_file(const struct image *image, struct list *list)
{
	static const struct btrfs_key file = { 257, BTRFS_INODE_ITEM, 0 };
	static const struct btrfs_key none;
	struct item *item;

	add_name(list, "hard", 261, 2, 257, BTRFS_FT_REG);
	if (image->variant->extref) {
		u64 hash = btrfs_extref_hash(256, "extref", 6);

		add_entry(list, "extref", 256, 9, file, BTRFS_FT_REG);
		item = list_add(list, (struct btrfs_key){ 257, BTRFS_INODE_EXTREF, hash }, 64);
		item->size = btrfs_inode_extref_encode(item->data, 256, 9, "extref", 6);
	}
	item = list_add(list, (struct btrfs_key){ 257, BTRFS_XATTR_ITEM, btrfs_name_hash("user.test", 9) }, 64);
	item->size = btrfs_dir_item_encode(item->data, &none, BTRFS_FT_XATTR, GENERATION, "user.test", 9, "value", 5);
}

static inline struct btrfs_root load_fs_tree(struct image *image, struct list *list)
{
	const char *text = "a short text\n";
	const char *target = "dir/hard";
	struct btrfs_inode reg = { .nlink = 1, .mode = 0100644, .uid = 1000, .gid = 100 };
	struct btrfs_inode inode = reg;

	add_root_dir(list, 2 * strlen("filepartsmalllinkdirpreallocnullext2_saved") +
		     (image->variant->extref ? 2 * strlen("extref") : 0));
	inode = reg, inode.size = inode.nbytes = SHARED_LEN, inode.nlink = image->variant->extref ? 3 : 2;
	add_inode(list, 257, inode);
	add_name(list, "file", 256, 2, 257, BTRFS_FT_REG);
	decorate_file(image, list);
	add_extent(list, 257, 0, (struct btrfs_file_extent){ BTRFS_EXTENT_REG, SHARED, SHARED_LEN, 0, SHARED_LEN });
	inode = reg, inode.size = 4000, inode.nbytes = 4096;
	add_inode(list, 258, inode);
	add_name(list, "part", 256, 3, 258, BTRFS_FT_REG);
	add_extent(list, 258, 0, (struct btrfs_file_extent){ BTRFS_EXTENT_REG, SHARED, SHARED_LEN, 4096, 4096 });
	inode = reg, inode.size = inode.nbytes = strlen(text);
	add_inode(list, 259, inode);
	add_name(list, "small", 256, 4, 259, BTRFS_FT_REG);
	add_inline(list, 259, text);
	inode = reg, inode.size = inode.nbytes = strlen(target), inode.mode = 0120777;
	add_inode(list, 260, inode);
	add_name(list, "link", 256, 5, 260, BTRFS_FT_SYMLINK);
	add_inline(list, 260, target);
	add_inode(list, 261, (struct btrfs_inode){ .nlink = 1, .mode = 040700, .size = 2 * strlen("hard") });
	add_name(list, "dir", 256, 6, 261, BTRFS_FT_DIR);
	inode = reg, inode.size = inode.nbytes = PREALLOC_LEN, inode.flags = BTRFS_INODE_PREALLOC;
	add_inode(list, 262, inode);
	add_name(list, "prealloc", 256, 7, 262, BTRFS_FT_REG);
	add_extent(list, 262, 0,
		   (struct btrfs_file_extent){ BTRFS_EXTENT_PREALLOC, PREALLOC, PREALLOC_LEN, 0, PREALLOC_LEN });
	inode = reg, inode.mode = 020666, inode.rdev_major = 1, inode.rdev_minor = 3;
	add_inode(list, 263, inode);
	add_name(list, "null", 256, 8, 263, BTRFS_FT_CHR);
	add_entry(list, "ext2_saved", 256, 10, (struct btrfs_key){ 256, BTRFS_ROOT_ITEM, (u64)-1 }, BTRFS_FT_DIR);
	return load(image, BTRFS_FS_TREE, list);
}

static inline struct btrfs_root load_image_subvolume(struct image *image, struct list *list)
{
	struct btrfs_inode inode = { .nlink = 1, .mode = 0100400, .size = IMAGE_SIZE, .nbytes = SHARED_LEN };
	struct btrfs_file_extent shared = { BTRFS_EXTENT_REG, SHARED, SHARED_LEN, 0, SHARED_LEN };

	inode.flags = BTRFS_INODE_READONLY;
	add_root_dir(list, 2 * strlen("image"));
	add_inode(list, 257, inode);
	add_name(list, "image", 256, 2, 257, BTRFS_FT_REG);
	add_hole(image, list, 257, 0, SHARED);
	add_extent(list, 257, SHARED, shared);
	add_hole(image, list, 257, SHARED + SHARED_LEN, IMAGE_SIZE - SHARED - SHARED_LEN);
	return load(image, 256, list);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small but complete btrfs, made with the encoders and the bulk loader only, is clean for btrfs-progs, in all
 * variants of node size, checksum, profile and features. With a directory as argument the images are left there, to be
 * mounted.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/endian.h"
#include "btrfs/btrfs_csum.h"
#include "btrfs/btrfs_super.h"
#include "btrfs_image.h"

static const struct variant variants[] = {
	{ .name = "default", .nodesize = 16384, .dup = true },
	{ .name = "single", .nodesize = 16384 },
	{ .name = "small-nodes", .nodesize = 4096, .dup = true },
	{ .name = "large-nodes", .nodesize = 65536, .dup = true },
	{ .name = "xxhash", .nodesize = 16384, .csum_type = BTRFS_CSUM_XXHASH, .dup = true },
	{ .name = "sha256", .nodesize = 4096, .csum_type = BTRFS_CSUM_SHA256 },
	{ .name = "blake2b", .nodesize = 16384, .csum_type = BTRFS_CSUM_BLAKE2B, .dup = true },
	{ .name = "fat-metadata", .nodesize = 16384, .fat_metadata = true },
	{ .name = "old-features", .nodesize = 4096, .fat_metadata = true, .no_free_space_tree = true, .holes = true,
	  .no_uuid_tree = true },
	{ .name = "extref", .nodesize = 16384, .extref = true },
};

static const u8 uuids[2][16] = { "uuid-of-tree-5-", "uuid-of-t-256--" };
static const char *work_dir;
static bool keep_images;

/* --- trees other than file trees --- */

static struct btrfs_root load_csum_tree(struct image *image, struct list *list)
{
	u32 size = (u32)(SHARED_LEN / SECTOR) * btrfs_csum_size(image->params.csum_type);
	struct item *item = list_add(list, (struct btrfs_key){ BTRFS_CSUM_OBJECTID, BTRFS_EXTENT_CSUM, SHARED }, size);

	for (u32 i = 0; i < SHARED_LEN; i++)
		image->map[SHARED + i] = (u8)(i * 7 + i / 256);
	btrfs_csum_sectors(image->params.csum_type, image->map + SHARED, SHARED_LEN / SECTOR, item->data);
	item->size = size;
	return load(image, BTRFS_CSUM_TREE, list);
}

static struct btrfs_root load_uuid_tree(struct image *image, struct list *list)
{
	static const u64 ids[2] = { BTRFS_FS_TREE, 256 };

	for (int i = 0; i < 2; i++) {
		struct btrfs_key key = { get_le64(uuids[i]), BTRFS_UUID_KEY_SUBVOL, get_le64(uuids[i] + 8) };
		struct item *item = list_add(list, key, 8);

		put_le64(item->data, ids[i]);
		item->size = 8;
	}
	return load(image, BTRFS_UUID_TREE, list);
}

static u64 dev_bytes_used(const struct image *image)
{
	u64 used = 0;

	for (int c = 0; c < NR_CHUNKS; c++)
		used += image->chunks[c].len * image->chunks[c].nr_stripes;
	return used;
}

static struct btrfs_root load_chunk_tree(struct image *image, struct list *list)
{
	struct item *item = list_add(list, (struct btrfs_key){ 1, BTRFS_DEV_ITEM, 1 }, BTRFS_DEV_ITEM_BYTES);

	item->size = btrfs_dev_item_encode(item->data, IMAGE_SIZE, dev_bytes_used(image), &image->params);
	for (int c = 0; c < NR_CHUNKS; c++) {
		const struct btrfs_chunk *chunk = &image->chunks[c];

		item = list_add(list, (struct btrfs_key){ 256, BTRFS_CHUNK_ITEM, chunk->logical }, 256);
		item->size = btrfs_chunk_encode(item->data, chunk, &image->params);
	}
	return load(image, BTRFS_CHUNK_TREE, list);
}

static struct btrfs_root load_dev_tree(struct image *image, struct list *list)
{
	struct item *item = list_add(list, (struct btrfs_key){ 0, BTRFS_PERSISTENT_ITEM, 1 }, BTRFS_DEV_STATS_SIZE);

	item->size = BTRFS_DEV_STATS_SIZE;
	for (int c = 0; c < NR_CHUNKS; c++) {
		const struct btrfs_chunk *chunk = &image->chunks[c];

		for (u32 s = 0; s < chunk->nr_stripes; s++) {
			item = list_add(list, (struct btrfs_key){ 1, BTRFS_DEV_EXTENT, chunk->physical[s] }, 64);
			item->size = btrfs_dev_extent_encode(item->data, chunk, &image->params);
		}
	}
	return load(image, BTRFS_DEV_TREE, list);
}

/* One entry of the extent tree for each planned block, both data extents, and the block groups. */
static struct btrfs_root load_extent_tree(struct image *image, struct list *list, u64 *bytes_used)
{
	struct btrfs_data_ref shared_refs[] = {
		{ BTRFS_FS_TREE, 257, 0, 1 }, { BTRFS_FS_TREE, 258, (u64)0 - 4096, 1 }, { 256, 257, SHARED, 1 },
	};
	struct btrfs_data_ref prealloc_ref = { BTRFS_FS_TREE, 262, 0, 1 };
	u64 used[NR_CHUNKS] = { [DATA] = SHARED_LEN + PREALLOC_LEN };
	struct item *item;

	for (u32 i = 0; i < image->nr_planned; i++) {
		const struct block *block = &image->planned[i];

		used[block->owner == BTRFS_CHUNK_TREE ? SYSTEM : METADATA] += image->params.nodesize;
		item = list_add(list, (struct btrfs_key){ 0 }, BTRFS_METADATA_ITEM_FAT_BYTES);
		item->size = btrfs_metadata_item_encode(item->data, &image->params, block->logical, block->owner,
							block->level, &item->key);
	}
	item = list_add(list, (struct btrfs_key){ SHARED, BTRFS_EXTENT_ITEM, SHARED_LEN }, 256);
	item->size = btrfs_data_extent_encode(item->data, GENERATION, shared_refs, ARRAY_SIZE(shared_refs));
	item = list_add(list, (struct btrfs_key){ PREALLOC, BTRFS_EXTENT_ITEM, PREALLOC_LEN }, 256);
	item->size = btrfs_data_extent_encode(item->data, GENERATION, &prealloc_ref, 1);
	*bytes_used = 0;
	for (int c = 0; c < NR_CHUNKS; c++) {
		const struct btrfs_chunk *chunk = &image->chunks[c];
		struct btrfs_key key = { chunk->logical, BTRFS_BLOCK_GROUP_ITEM, chunk->len };

		item = list_add(list, key, BTRFS_BLOCK_GROUP_ITEM_SIZE);
		item->size = btrfs_block_group_encode(item->data, used[c], chunk->type);
		*bytes_used += used[c];
	}
	return load(image, BTRFS_EXTENT_TREE, list);
}

/* Blocks are handed out from the start of their chunk without gaps, so one free run is left in each of the two. */
static struct btrfs_root load_free_space_tree(struct image *image, struct list *list, const u64 ends[2])
{
	struct {
		u64 start, end;
	} runs[][3] = {
		[SYSTEM] = { { ends[SYSTEM], image->chunks[SYSTEM].logical + image->chunks[SYSTEM].len } },
		[METADATA] = { { ends[METADATA], image->chunks[METADATA].logical + image->chunks[METADATA].len } },
		[DATA] = {
			{ DATA_START, SHARED }, { SHARED + SHARED_LEN, PREALLOC },
			{ PREALLOC + PREALLOC_LEN, DATA_START + image->chunks[DATA].len },
		},
	};

	for (int c = 0; c < NR_CHUNKS; c++) {
		const struct btrfs_chunk *chunk = &image->chunks[c];
		struct btrfs_key key = { chunk->logical, BTRFS_FREE_SPACE_INFO, chunk->len };
		struct item *item = list_add(list, key, BTRFS_FREE_SPACE_INFO_SIZE);
		u32 nr = c == DATA ? 3 : 1;

		item->size = btrfs_free_space_info_encode(item->data, nr, false);
		for (u32 i = 0; i < nr; i++) {
			u64 start = runs[c][i].start;

			list_add(list, (struct btrfs_key){ start, BTRFS_FREE_SPACE_EXTENT, runs[c][i].end - start }, 0);
		}
	}
	return load(image, BTRFS_FREE_SPACE_TREE, list);
}

static void add_root_item(const struct image *image, struct list *list, const struct btrfs_root *root)
{
	struct item *item = list_add(list, (struct btrfs_key){ root->owner, BTRFS_ROOT_ITEM, 0 },
				     BTRFS_ROOT_ITEM_SIZE);
	bool subvolume = root->owner == BTRFS_FS_TREE || root->owner == 256;
	struct btrfs_root_desc desc = {
		.logical = root->logical, .level = root->level, .nr_blocks = root->nr_blocks, .subvolume = subvolume,
		.root_dirid = subvolume || root->owner == BTRFS_DATA_RELOC_TREE ? 256 : 0,
		.read_only = root->owner == 256, .time = { 1600000000, 0 },
	};

	if (subvolume)
		memcpy(desc.uuid, uuids[root->owner == 256], 16);
	item->size = btrfs_root_item_encode(item->data, &desc, &image->params);
}

/* What the root tree holds beside ROOT_ITEMs: the default subvolume and the two references of subvolume 256. */
static void add_root_names(struct list *list, u32 nodesize)
{
	static const struct btrfs_key fs_tree = { BTRFS_FS_TREE, BTRFS_ROOT_ITEM, (u64)-1 };
	static const struct btrfs_key ref_keys[] = {
		{ BTRFS_FS_TREE, BTRFS_ROOT_REF, 256 }, { 256, BTRFS_ROOT_BACKREF, BTRFS_FS_TREE },
	};
	struct item *item;

	item = list_add(list, (struct btrfs_key){ BTRFS_FS_TREE, BTRFS_INODE_REF, BTRFS_ROOT_TREE_DIR }, 64);
	item->size = btrfs_inode_ref_encode(item->data, 0, "default", 7);
	add_inode(list, BTRFS_ROOT_TREE_DIR, (struct btrfs_inode){ .nbytes = nodesize, .nlink = 1, .mode = 040755 });
	item = list_add(list, (struct btrfs_key){ BTRFS_ROOT_TREE_DIR, BTRFS_INODE_REF, BTRFS_ROOT_TREE_DIR }, 64);
	item->size = btrfs_inode_ref_encode(item->data, 0, "..", 2);
	item = list_add(list, (struct btrfs_key){ BTRFS_ROOT_TREE_DIR, BTRFS_DIR_ITEM, btrfs_name_hash("default", 7) },
			64);
	item->size = btrfs_dir_item_encode(item->data, &fs_tree, BTRFS_FT_DIR, GENERATION, "default", 7, NULL, 0);
	for (int i = 0; i < 2; i++) {
		item = list_add(list, ref_keys[i], 64);
		item->size = btrfs_root_ref_encode(item->data, 256, 10, "ext2_saved", 10);
	}
}

/* --- the whole image --- */

static void init_params(struct image *image)
{
	const struct variant *v = image->variant;
	struct btrfs_params *params = &image->params;

	*params = (struct btrfs_params){
		.nodesize = v->nodesize, .csum_type = v->csum_type, .generation = GENERATION,
		.incompat = BTRFS_INCOMPAT_EXTENDED_IREF,
	};
	if (!v->fat_metadata)
		params->incompat |= BTRFS_INCOMPAT_SKINNY_METADATA;
	if (!v->holes)
		params->incompat |= BTRFS_INCOMPAT_NO_HOLES;
	if (!v->no_free_space_tree)
		params->compat_ro = BTRFS_COMPAT_RO_FREE_SPACE_TREE | BTRFS_COMPAT_RO_FREE_SPACE_TREE_VALID;
	memcpy(params->fsid, "fsid-", 5);
	memcpy(params->fsid + 5, v->name, strnlen(v->name, 11));
	memcpy(params->dev_uuid, "dev--", 5);
	memcpy(params->dev_uuid + 5, v->name, strnlen(v->name, 11));
	memcpy(params->chunk_tree_uuid, "chunk-tree-uuid", 15);
}

static void init_chunks(struct image *image)
{
	u64 profile = image->variant->dup ? BTRFS_BLOCK_GROUP_DUP : 0;
	u32 nr_stripes = image->variant->dup ? 2 : 1;

	image->chunks[SYSTEM] = (struct btrfs_chunk){
		IMAGE_SIZE, 4 * MIB, BTRFS_BLOCK_GROUP_SYSTEM | profile, nr_stripes, { MIB, 5 * MIB },
	};
	image->chunks[METADATA] = (struct btrfs_chunk){
		GIB, 64 * MIB, BTRFS_BLOCK_GROUP_METADATA | profile, nr_stripes, { 128 * MIB, 192 * MIB },
	};
	image->chunks[DATA] = (struct btrfs_chunk){
		DATA_START, 64 * MIB, BTRFS_BLOCK_GROUP_DATA, 1, { DATA_START, 0 },
	};
	image->next[SYSTEM] = image->chunks[SYSTEM].logical;
	image->next[METADATA] = image->chunks[METADATA].logical;
}

static void plan_block(struct image *image, u64 *next, u64 owner, u8 level)
{
	assert_true(image->nr_planned < MAX_BLOCKS);
	image->planned[image->nr_planned++] = (struct block){ *next, owner, level };
	*next += image->params.nodesize;
}

static void write_supers(struct image *image, const struct btrfs_super *super)
{
	u64 offset;

	for (u32 nr = 0; (offset = btrfs_super_offset(nr, IMAGE_SIZE)) != 0; nr++)
		assert_int_equal(btrfs_super_encode(image->map + offset, super, &image->params, offset), 0);
}

/* Trees that do not depend on where tree blocks are; their roots go to the list. */
static void build_independent_trees(struct image *image, struct list *roots, struct btrfs_super *super)
{
	static struct list list;
	struct btrfs_root root;

	super->fs_tree = load_fs_tree(image, &list);
	add_root_item(image, roots, &super->fs_tree);
	root = load_image_subvolume(image, &list);
	add_root_item(image, roots, &root);
	add_root_dir(&list, 0);
	root = load(image, BTRFS_DATA_RELOC_TREE, &list);
	add_root_item(image, roots, &root);
	super->csum_tree = load_csum_tree(image, &list);
	add_root_item(image, roots, &super->csum_tree);
	super->dev_tree = load_dev_tree(image, &list);
	add_root_item(image, roots, &super->dev_tree);
	if (super->uuid_tree) {
		root = load_uuid_tree(image, &list);
		add_root_item(image, roots, &root);
	}
	super->chunk_tree = load_chunk_tree(image, &list);
	add_root_names(roots, image->params.nodesize);
}

/* Plans the blocks of the other trees: extent, free space, root; returns the address behind them. */
static u64 plan_dependent_trees(struct image *image, struct list *roots)
{
	struct btrfs_root root = { .owner = BTRFS_EXTENT_TREE, .nr_blocks = 1, .logical = image->next[METADATA] };
	u64 next = image->next[METADATA];
	struct btrfs_count count;
	u64 blocks;

	memcpy(image->planned, image->written, sizeof(image->written));
	image->nr_planned = image->nr_written;
	plan_block(image, &next, root.owner, 0);
	add_root_item(image, roots, &root);
	if (!image->variant->no_free_space_tree) {
		root.owner = BTRFS_FREE_SPACE_TREE;
		root.logical = next;
		plan_block(image, &next, root.owner, 0);
		add_root_item(image, roots, &root);
	}
	list_sort(roots);
	btrfs_count_init(&count, image->params.nodesize);
	for (u32 i = 0; i < roots->nr; i++)
		btrfs_count_add(&count, roots->items[i].size);
	blocks = btrfs_count_blocks(&count);
	for (u64 i = 0; i < blocks; i++)
		plan_block(image, &next, BTRFS_ROOT_TREE, blocks > 1 && i == blocks - 1);
	return next;
}

static void build(struct image *image)
{
	static struct list list, roots;
	struct btrfs_super super = { .total_bytes = IMAGE_SIZE, .label = "test image", .nr_system = 1 };
	u64 end;

	init_params(image);
	init_chunks(image);
	super.dev_bytes_used = dev_bytes_used(image);
	super.system = &image->chunks[SYSTEM];
	super.uuid_tree = !image->variant->no_uuid_tree;
	build_independent_trees(image, &roots, &super);
	end = plan_dependent_trees(image, &roots);
	super.extent_tree = load_extent_tree(image, &list, &super.bytes_used);
	if (!image->variant->no_free_space_tree)
		load_free_space_tree(image, &list, (u64[]){ image->next[SYSTEM], end });
	super.root_tree = load(image, BTRFS_ROOT_TREE, &roots);
	assert_int_equal(image->nr_written, image->nr_planned);
	for (u32 i = 0; i < image->nr_written; i++) {
		assert_int_equal(image->written[i].logical, image->planned[i].logical);
		assert_int_equal(image->written[i].owner, image->planned[i].owner);
		assert_int_equal(image->written[i].level, image->planned[i].level);
	}
	write_supers(image, &super);
}

/* Runs btrfs check; true when it has nothing to complain of. */
static bool is_clean(const char *path, const char *options, char *text, size_t room)
{
	char command[256];
	size_t len;
	FILE *pipe;

	snprintf(command, sizeof(command), "btrfs check %s %s 2>&1", options, path);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	len = fread(text, 1, room - 1, pipe);
	text[len] = '\0';
	return pclose(pipe) == 0 && strstr(text, "no error found") && !strstr(text, "WARNING") &&
	       !strstr(text, "ERROR") && !strstr(text, "mismatch");
}

static void check_variant(const struct variant *variant)
{
	static const char *const modes[] = { "--check-data-csum", "--mode=lowmem --check-data-csum" };
	struct image image = { .variant = variant };
	char path[256], text[8192];
	int fd;

	snprintf(path, sizeof(path), "%s/btrfs-%s.img", work_dir, variant->name);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, IMAGE_SIZE), 0);
	image.map = mmap(NULL, IMAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(image.map != MAP_FAILED);
	build(&image);
	/* The lowmem mode takes an inode's mode for its type when it meets an extended reference, and complains. */
	for (size_t i = 0; i < (variant->extref ? 1 : ARRAY_SIZE(modes)); i++) {
		if (!is_clean(path, modes[i], text, sizeof(text)))
			fail_msg("%s: btrfs check %s says:\n%s", variant->name, modes[i], text);
	}
	/* The judge is awake: a flipped bit in the data of file is found. */
	image.map[SHARED + 5000] ^= 1;
	assert_false(is_clean(path, modes[0], text, sizeof(text)));
	image.map[SHARED + 5000] ^= 1;
	assert_int_equal(munmap(image.map, IMAGE_SIZE), 0);
	assert_int_equal(close(fd), 0);
	if (!keep_images)
		assert_int_equal(unlink(path), 0);
}

static void clean_for_progs(void **state)
{
	check_variant(*state);
}

int main(int argc, char **argv)
{
	char temporary[] = "/tmp/test_btrfs_image.XXXXXX";
	struct CMUnitTest tests[ARRAY_SIZE(variants)];
	int failed;

	keep_images = argc > 1;
	work_dir = keep_images ? argv[1] : mkdtemp(temporary);
	if (!work_dir || btrfs_csum_init())
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(variants); i++) {
		tests[i] = (struct CMUnitTest){
			.name = variants[i].name, .test_func = clean_for_progs, .initial_state = (void *)&variants[i],
		};
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (!keep_images && rmdir(work_dir))
		return 1;
	return failed;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verify passes what is right: a conversion in all variants, with the counts of its source, and forms that the format
 * allows though a conversion does not make them. A device that fails is not taken for a wrong file system.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "converted.h"
#include "leaf_edit.h"

/* --- variants --- */

static void small_nodes(struct config *c) { c->nodesize = 4096; }
static void large_nodes(struct config *c) { c->nodesize = 65536; }
static void single(struct config *c) { c->metadata = CONFIG_METADATA_SINGLE; }
static void no_free_tree(struct config *c) { c->compat_ro = 0; }
static void group_tree(struct config *c) { c->compat_ro |= BTRFS_COMPAT_RO_BLOCK_GROUP_TREE; }
static void fat(struct config *c) { c->incompat &= ~BTRFS_INCOMPAT_SKINNY_METADATA; }
static void holes(struct config *c) { c->incompat &= ~BTRFS_INCOMPAT_NO_HOLES; }
static void no_extref(struct config *c) { c->incompat &= ~BTRFS_INCOMPAT_EXTENDED_IREF; }
static void xxhash(struct config *c) { c->csum_type = BTRFS_CSUM_XXHASH; }
static void sha256(struct config *c) { c->csum_type = BTRFS_CSUM_SHA256; }
static void blake2b(struct config *c) { c->csum_type = BTRFS_CSUM_BLAKE2B; }
static void no_datasum(struct config *c) { c->datasum = false; }
static void no_xattr(struct config *c) { c->xattr = false; }
static void no_inline(struct config *c) { c->inline_files = false; }

static void test_honest(void **state)
{
	static void (*const variants[])(struct config *c) = {
		small_nodes, large_nodes, single, no_free_tree, group_tree, fat, holes, no_extref, xxhash, sha256,
		blake2b, no_datasum, no_xattr, no_inline,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(variants); i++) {
		load(variants[i]);
		assert_int_equal(verify_trees(image, super, NULL, NULL, NULL), 0);
		assert_int_equal(said.nr[MSG_ERR], 0);
	}
	unload();
}

/* The counts are those of the source, and each of them is compared with what is expected. */
static void test_expect(void **state)
{
	struct verify_result result;
	u64 *fields = (u64 *)&result.found;

	(void)state;
	load_default();
	assert_int_equal(verify_trees(image, super, NULL, NULL, &result), 0);
	assert_int_equal(result.found.nr_files, 6);
	assert_int_equal(result.found.nr_dirs, 3);
	assert_int_equal(result.found.nr_symlinks, 1);
	assert_int_equal(result.found.nr_nodes, 2);
	assert_int_equal(result.found.nr_names, 12);
	assert_int_equal(result.found.nr_xattrs, 1);
	assert_int_equal(result.found.nr_inline, 1);
	assert_int_equal(result.found.inline_bytes, 6);
	assert_int_equal(result.found.data_bytes, FILE_LEN + BIG_LEN);
	assert_int_equal(result.found.prealloc_bytes, PREALLOC_LEN);
	assert_int_equal(result.found.image_size, IMAGE_SIZE);
	assert_true(result.found.uninit_bytes > 0);
	assert_true(result.found.csum_bytes == result.found.image_bytes);
	assert_true(result.nr_blocks >= 10 && result.nr_items > 100 && result.nr_refs > result.nr_extents);
	assert_int_equal(verify_trees(image, super, &result.found, NULL, NULL), 0);
	for (size_t i = 0; i < sizeof(result.found) / sizeof(*fields); i++) {
		fields[i]++;
		messages_gather(&said);
		assert_int_equal(verify_trees(image, super, &result.found, NULL, NULL), ERR_BUG);
		assert_int_equal(said.nr[MSG_ERR], 1);
		assert_non_null(strstr(said.text, "were promised"));
		fields[i]--;
	}
}

/* --- forms that a conversion does not make today, but the format has --- */

/* The reference of the image to "file" in an item of its own. */
static void test_keyed_refs(void **state)
{
	struct leaf *leaf;
	struct leaf_item *extent, *keyed;
	struct btrfs_key key;

	(void)state;
	load_default();
	leaf = leaf_load(image, super, BTRFS_EXTENT_TREE);
	extent = leaf_find(leaf, ANY, BTRFS_EXTENT_ITEM, FILE_LEN);
	assert_int_equal(extent->size, 24 + 2 * 29);
	key = (struct btrfs_key){ extent->key.objectid, BTRFS_EXTENT_DATA_REF,
				  btrfs_data_ref_hash(get_le64(extent->data + 54), get_le64(extent->data + 62),
						      get_le64(extent->data + 70)) };
	keyed = leaf_insert(leaf, key);
	keyed->size = 28;
	memcpy(keyed->data, extent->data + 54, 28);
	leaf_store(leaf);
	assert_true(is_noticed(super, "the reference is there inline as well"));
	extent->size -= 29;
	leaf_store(leaf);
	assert_int_equal(verify_trees(image, super, NULL, NULL, NULL), 0);
	keyed->key.offset += 2;
	leaf_store(leaf);
	assert_int_equal(verify_trees(image, super, NULL, NULL, NULL), 0);
	keyed->key.offset -= 3;
	leaf_store(leaf);
	assert_true(is_noticed(super, "the key is not the hash of the reference"));
	keyed->key.offset++;
	keyed->size++;
	leaf_store(leaf);
	assert_true(is_noticed(super, "wrong size"));
	keyed->size--;
	put_le32(keyed->data + 24, 0);
	leaf_store(leaf);
	assert_true(is_noticed(super, "a reference with count 0"));
	leaf_restore(leaf);
}

/* "file" in two extents that share a reference. */
static void test_counted_refs(void **state)
{
	struct leaf *fs, *extents;
	struct leaf_item *item, *second;

	(void)state;
	load_default();
	fs = leaf_load(image, super, BTRFS_FS_TREE);
	extents = leaf_load(image, super, BTRFS_EXTENT_TREE);
	item = leaf_find(extents, ANY, BTRFS_EXTENT_ITEM, FILE_LEN);
	put_le64(item->data, 3);
	put_le32(item->data + (get_le64(item->data + 25) == BTRFS_FS_TREE ? 49 : 78), 2);
	leaf_store(extents);
	assert_true(is_noticed(super, "the file extents and the references in the extent tree differ"));
	item = leaf_find(fs, ANY, BTRFS_EXTENT_DATA, 0);
	while (get_le64(item->data + 45) != FILE_LEN)
		item++;
	second = leaf_insert(fs, (struct btrfs_key){ item->key.objectid, BTRFS_EXTENT_DATA, 8192 });
	second->size = item->size;
	memcpy(second->data, item->data, item->size);
	put_le64(item->data + 45, 8192);
	put_le64(second->data + 37, 8192);
	put_le64(second->data + 45, FILE_LEN - 8192);
	leaf_store(fs);
	assert_int_equal(verify_trees(image, super, NULL, NULL, NULL), 0);
	leaf_restore(extents);
	leaf_restore(fs);
}

/* The free space of a metadata chunk as bitmaps. */
static void test_bitmaps(void **state)
{
	const u64 span = 2048 * SECTOR;
	struct leaf_item *info, *item;
	struct btrfs_key key;
	struct leaf *leaf;
	u64 start, end, pos, bit, free_start;

	(void)state;
	load_default();
	leaf = leaf_load(image, super, BTRFS_FREE_SPACE_TREE);
	info = leaf_find(leaf, resolve(META_CHUNK), BTRFS_FREE_SPACE_INFO, ANY);
	start = info->key.objectid;
	end = start + info->key.offset;
	put_le32(info->data + 4, BTRFS_FREE_SPACE_USING_BITMAPS);
	item = info + 1;
	assert_int_equal(get_le32(info->data), 1);
	free_start = item->key.objectid;
	assert_true(free_start > start && free_start + item->key.offset == end);
	leaf_drop(leaf, item);
	for (pos = start; pos < end; pos += span) {
		key = (struct btrfs_key){ pos, BTRFS_FREE_SPACE_BITMAP, end - pos < span ? end - pos : span };
		item = leaf_insert(leaf, key);
		item->size = (u32)(key.offset / SECTOR + 7) / 8;
		for (bit = 0; bit < key.offset / SECTOR; bit++)
			if (pos + bit * SECTOR >= free_start)
				item->data[bit / 8] |= (u8)(1u << bit % 8);
	}
	leaf_store(leaf);
	assert_int_equal(verify_trees(image, super, NULL, NULL, NULL), 0);
	item->data[item->size - 1] ^= 0x40;
	leaf_store(leaf);
	assert_true(is_noticed(super, "free space is marked as used"));
	item->data[item->size - 1] ^= 0x40;
	info[1].data[0] ^= 1;
	leaf_store(leaf);
	assert_true(is_noticed(super, "an extent is marked as free"));
	info[1].data[0] ^= 1;
	item->size++;
	leaf_store(leaf);
	assert_true(is_noticed(super, "wrong size"));
	item->size--;
	item->key.offset -= SECTOR;
	leaf_store(leaf);
	assert_true(is_noticed(super, "a bitmap is missing or has the wrong span"));
	leaf_drop(leaf, item);
	leaf_store(leaf);
	assert_true(is_noticed(super, "a bitmap is missing or has the wrong span"));
	leaf_restore(leaf);
}

/* The name of "file" in the other directory as an extended reference. */
static void test_extref(void **state)
{
	const u64 hash = btrfs_extref_hash(INO(SUBDIR), "hard", 4);
	u8 without[BTRFS_SUPER_SIZE];
	struct leaf_item *item;
	struct leaf *leaf;
	u64 index;

	(void)state;
	load_default();
	leaf = leaf_load(image, super, BTRFS_FS_TREE);
	item = leaf_find(leaf, INO(THE_FILE), BTRFS_INODE_REF, INO(SUBDIR));
	index = get_le64(item->data);
	leaf_drop(leaf, item);
	item = leaf_insert(leaf, (struct btrfs_key){ INO(THE_FILE), BTRFS_INODE_EXTREF, hash });
	item->size = btrfs_inode_extref_encode(item->data, INO(SUBDIR), index, "hard", 4);
	leaf_store(leaf);
	assert_int_equal(verify_trees(image, super, NULL, NULL, NULL), 0);
	memcpy(without, super, sizeof(without));
	without[offsetof(struct btrfs_super_disk, incompat_flags)] &= (u8)~BTRFS_INCOMPAT_EXTENDED_IREF;
	btrfs_csum(BTRFS_CSUM_CRC32C, without + BTRFS_CSUM_MAX, sizeof(without) - BTRFS_CSUM_MAX, without);
	assert_true(is_noticed(without, "the superblock does not have this feature"));
	item->size--;
	leaf_store(leaf);
	assert_true(is_noticed(super, "it is cut short"));
	item->size++;
	item->key.offset++;
	leaf_store(leaf);
	assert_true(is_noticed(super, "the key is not the hash of the name"));
	item->key.offset--;
	put_le64(item->data + 8, index + 1);
	leaf_store(leaf);
	assert_true(is_noticed(super, "the names that inodes have differ"));
	item->size = 0;
	leaf_store(leaf);
	assert_true(is_noticed(super, "it is empty"));
	leaf_restore(leaf);
}

/* --- more that is wrong, in more than one place --- */

static void drop_all(struct leaf *leaf, u64 objectid, u8 first_type)
{
	for (u32 i = leaf->nr; i-- > 0;)
		if (leaf->items[i].key.objectid == objectid && leaf->items[i].key.type >= first_type)
			leaf_drop(leaf, &leaf->items[i]);
}

static void test_no_image(void **state)
{
	struct leaf *leaf;

	(void)state;
	load_default();
	leaf = leaf_load(image, super, 256);
	drop_all(leaf, 257, BTRFS_EXTENT_DATA);
	put_le64(leaf_find(leaf, 257, BTRFS_INODE_ITEM, 0)->data + 24, 0);
	leaf_store(leaf);
	assert_true(is_noticed(super, "the saved image is empty"));
	drop_all(leaf, 257, 0);
	drop_all(leaf, 258, 0);
	drop_all(leaf, 256, BTRFS_DIR_ITEM);
	put_le64(leaf_find(leaf, 256, BTRFS_INODE_ITEM, 0)->data + 16, 0);
	leaf_store(leaf);
	assert_true(is_noticed(super, "the saved image is missing"));
	leaf_restore(leaf);
}

static void test_surplus(void **state)
{
	static const struct btrfs_key none;
	struct leaf_item *item;
	struct leaf *leaf;

	(void)state;
	load_default();
	leaf = leaf_load(image, super, BTRFS_DATA_RELOC_TREE);
	item = leaf_insert(leaf, (struct btrfs_key){ 256, BTRFS_XATTR_ITEM, btrfs_name_hash("user.x", 6) });
	item->size = btrfs_dir_item_encode(item->data, &none, BTRFS_FT_XATTR, 1, "user.x", 6, "y", 1);
	leaf_store(leaf);
	assert_true(is_noticed(super, "the data reloc tree has 3 items instead of 2"));
	leaf_drop(leaf, item);
	item = leaf_insert(leaf, (struct btrfs_key){ (u64)-1, BTRFS_INODE_ITEM, 0 });
	item->size = leaf->items[0].size;
	memcpy(item->data, leaf->items[0].data, item->size);
	leaf_store(leaf);
	assert_true(is_noticed(super, "not the number of an inode"));
	leaf_restore(leaf);

	leaf = leaf_load(image, super, BTRFS_EXTENT_TREE);
	item = leaf_insert(leaf, (struct btrfs_key){ TIB, BTRFS_METADATA_ITEM, 0 });
	item->size = BTRFS_METADATA_ITEM_BYTES;
	memcpy(item->data, leaf_find(leaf, ANY, BTRFS_METADATA_ITEM, 0)->data, item->size);
	leaf_store(leaf);
	assert_true(is_noticed(super, "lies in no chunk"));
	leaf_restore(leaf);
}

/* Moves the first copy of a metadata chunk to physical, with all that is said of it. */
static void move_chunk(u64 physical)
{
	struct leaf *chunks, *devs;
	struct leaf_item *chunk, *extent;
	u64 logical = resolve(META_CHUNK), from, len;

	devs = leaf_load(image, super, BTRFS_DEV_TREE);
	chunks = leaf_load(image, super, BTRFS_CHUNK_TREE);
	chunk = leaf_find(chunks, 256, BTRFS_CHUNK_ITEM, logical);
	len = get_le64(chunk->data);
	from = get_le64(chunk->data + 48 + 8);
	put_le64(chunk->data + 48 + 8, physical);
	extent = leaf_insert(devs, (struct btrfs_key){ 1, BTRFS_DEV_EXTENT, physical });
	*extent = *leaf_find(devs, 1, BTRFS_DEV_EXTENT, from);
	extent->key.offset = physical;
	leaf_drop(devs, leaf_find(devs, 1, BTRFS_DEV_EXTENT, from));
	leaf_store(devs);
	leaf_store(chunks);
	memcpy(dev_mem_data(image) + physical, dev_mem_data(image) + from, len);
	leaf_free(devs);
	leaf_free(chunks);
}

static void test_places(void **state)
{
	(void)state;
	load(NULL);
	move_chunk(96 * MIB);
	assert_int_equal(verify_trees(image, super, NULL, NULL, NULL), 0);
	move_chunk(64 * MIB);
	assert_true(is_noticed(super, "it lies in the place of a superblock"));
	move_chunk(96 * MIB + SECTOR);
	assert_true(is_noticed(super, "its place is not aligned"));
	unload();
}

/* What the device does not give back is no bug. */
static void test_io_error(void **state)
{
	struct dev_fault_opts opts = { .fail_read = 1 };
	struct dev *fault;
	int ret = ERR_IO;

	(void)state;
	load_default();
	for (; ret == ERR_IO; opts.fail_read++) {
		assert_int_equal(dev_fault_new(image, &opts, &fault), 0);
		ret = verify_trees(fault, super, NULL, NULL, NULL);
		assert_true(ret == 0 || ret == ERR_IO);
		assert_int_equal(dev_close(fault), 0);
	}
	assert_true(opts.fail_read > 10);
	unload();
}

/* --- stopped by a signal --- */

static int stop_flag;
static char last_phase[32];

static void begin_phase(void *ctx, const char *phase, u64 total)
{
	(void)total;
	snprintf(last_phase, sizeof(last_phase), "%s", phase);
	if (strcmp(phase, ctx) == 0)
		stop_flag = 1;
}

static void test_stopped(void **state)
{
	const struct verify_watch watch = { .stop = &stop_flag };

	(void)state;
	load_default();
	messages_gather(&said);
	stop_flag = 0;
	assert_int_equal(verify_trees(image, super, NULL, &watch, NULL), 0);
	stop_flag = 1;
	assert_int_equal(verify_trees(image, super, NULL, &watch, NULL), ERR_STOPPED);
	assert_string_equal(said.text, "");
	unload();
}

/* Asks to stop in that phase, which must be the last one, and be told so once. */
static void stop_in(const char *path, enum config_action action, char *phase)
{
	const struct progress progress = { .begin = begin_phase, .ctx = phase };
	struct job *job = calloc(1, sizeof(*job));

	assert_non_null(job);
	config_init(&job->config);
	job->config.device = path;
	job->config.action = action;
	job->config.verify_all = true;
	job->progress = &progress;
	job->stop = &stop_flag;
	stop_flag = 0;
	messages_gather(&said);
	assert_int_equal(job_run(job), ERR_STOPPED);
	assert_int_equal(job_close(job), 0);
	assert_string_equal(last_phase, phase);
	assert_int_equal(said.nr[MSG_ERR], 1);
	assert_non_null(strstr(said.text, "stopped on request; the source is untouched"));
	free(job);
}

static void test_stopped_phases(void **state)
{
	char path[100], command[300], verify[] = "verify", checksums[] = "checksums";

	(void)state;
	load(NULL);
	snprintf(path, sizeof(path), "%s/image", dir);
	stop_in(path, CONFIG_ROLLBACK, checksums);
	snprintf(command, sizeof(command), "cp --sparse=always %s/source %s", dir, path);
	run(command);
	stop_in(path, CONFIG_CONVERT, verify);
	snprintf(command, sizeof(command), "e2fsck -fn %s >%s/log 2>&1", path, dir);
	run(command);
	unload();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_honest),       cmocka_unit_test(test_expect),  cmocka_unit_test(test_keyed_refs),
		cmocka_unit_test(test_counted_refs), cmocka_unit_test(test_bitmaps), cmocka_unit_test(test_extref),
		cmocka_unit_test(test_no_image),     cmocka_unit_test(test_surplus), cmocka_unit_test(test_places),
		cmocka_unit_test(test_io_error),     cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_stopped_phases),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}

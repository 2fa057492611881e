/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verify against a small file system that was really converted: each lie that a wrong writer could tell, with right
 * checksums in all copies, must be noticed for the right reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "converted.h"
#include "leaf_edit.h"
#include "verify_lies.h"

static void edit_bytes(u8 *p, u32 width, u64 value, bool add)
{
	u8 bytes[8] = { 0 };

	width = width < 8 ? width : 8;
	memcpy(bytes, p, width);
	put_le64(bytes, value + (add ? get_le64(bytes) : 0));
	memcpy(p, bytes, width);
}

static void edit_item(struct leaf *leaf, const struct edit *e)
{
	struct leaf_item *item = leaf_find(leaf, resolve(e->objectid), e->type, resolve(e->offset));
	struct leaf_item copy = *item;

	leaf->edited = true;
	switch (e->op) {
	case SET:
	case ADD:
		assert_true(e->at + e->width <= item->size);
		edit_bytes(item->data + e->at, e->width, e->value, e->op == ADD);
		break;
	case SWAP:
		memcpy(item->data + e->at, copy.data + e->value, e->width);
		memcpy(item->data + e->value, copy.data + e->at, e->width);
		break;
	case CUT:
		item->size -= (u32)e->value;
		break;
	case GROW:
		item->size += (u32)e->value;
		break;
	case REPEAT:
		memcpy(item->data + item->size, copy.data + item->size - e->value, e->value);
		item->size += (u32)e->value;
		break;
	case COPY:
		copy.key.offset += e->value;
		*leaf_insert(leaf, copy.key) = copy;
		break;
	default:
		leaf_drop(leaf, item);
		if (e->op == DROP)
			break;
		copy.key.offset += e->op == MOVE ? e->value : 0;
		copy.key.objectid += e->op == RENAME ? e->value : 0;
		if (e->op == PLACE)
			copy.key.offset = e->value;
		if (e->op == RETYPE)
			copy.key.type = (u8)e->value;
		*leaf_insert(leaf, copy.key) = copy;
	}
}

static void edit_block(struct leaf *leaf, const struct edit *e)
{
	u8 *block = malloc(leaf->nodesize);

	assert_non_null(block);
	memcpy(block, leaf->copies[0], leaf->nodesize);
	edit_bytes(block + e->at, e->width, e->value, false);
	if (e->op == HEADER)
		leaf_write(leaf, block);
	for (u32 i = 0; e->op == CSUM && i < leaf->nr_copies; i++)
		memcpy(leaf->copies[i], block, leaf->nodesize);
	if (e->op == TEAR)
		memcpy(leaf->copies[1], block, leaf->nodesize);
	free(block);
}

/* The leaf of a tree, the same one again for a tree that is there already. */
static struct leaf *leaf_of(struct leaf **leaves, u64 tree)
{
	for (; *leaves; leaves++)
		if ((*leaves)->tree == tree)
			return *leaves;
	*leaves = leaf_load(image, super, tree);
	return *leaves;
}

/* Tells the lie, sees it noticed, takes it back. */
static bool check_lie(const struct lie *lie)
{
	struct leaf *leaves[ARRAY_SIZE(lie->edits) + 1] = { NULL };
	u8 told[BTRFS_SUPER_SIZE];
	bool noticed;

	memcpy(told, super, sizeof(told));
	for (size_t i = 0; i < ARRAY_SIZE(lie->edits) && lie->edits[i].op != NONE; i++) {
		const struct edit *e = &lie->edits[i];

		if (e->op == SUPER)
			edit_bytes(told + e->at, e->width, e->value, false);
		else if (e->op == HEADER || e->op == TEAR || e->op == CSUM)
			edit_block(leaf_of(leaves, e->tree), e);
		else
			edit_item(leaf_of(leaves, e->tree), e);
	}
	btrfs_csum(BTRFS_CSUM_CRC32C, told + BTRFS_CSUM_MAX, sizeof(told) - BTRFS_CSUM_MAX, told);
	for (size_t i = 0; leaves[i]; i++)
		if (leaves[i]->edited)
			leaf_store(leaves[i]);
	noticed = is_noticed(told, lie->noticed);
	for (size_t i = 0; leaves[i]; i++)
		leaf_restore(leaves[i]);
	return noticed;
}

static void check_lies(const struct lie *lies, size_t nr)
{
	size_t nr_noticed = 0;

	load_default();
	for (size_t i = 0; i < nr; i++)
		nr_noticed += check_lie(&lies[i]);
	assert_int_equal(nr_noticed, nr);
	assert_int_equal(verify_trees(image, super, NULL, NULL, NULL), 0);
}

static void test_super_lies(void **state)
{
	(void)state;
	check_lies(super_lies, ARRAY_SIZE(super_lies));
}

static void test_block_lies(void **state)
{
	(void)state;
	check_lies(block_lies, ARRAY_SIZE(block_lies));
}

static void test_root_lies(void **state)
{
	(void)state;
	check_lies(root_lies, ARRAY_SIZE(root_lies));
}

static void test_chunk_lies(void **state)
{
	(void)state;
	check_lies(chunk_lies, ARRAY_SIZE(chunk_lies));
}

static void test_extent_lies(void **state)
{
	(void)state;
	check_lies(extent_lies, ARRAY_SIZE(extent_lies));
}

static void test_space_lies(void **state)
{
	(void)state;
	check_lies(space_lies, ARRAY_SIZE(space_lies));
}

static void test_inode_lies(void **state)
{
	(void)state;
	check_lies(inode_lies, ARRAY_SIZE(inode_lies));
}

static void test_name_lies(void **state)
{
	(void)state;
	check_lies(name_lies, ARRAY_SIZE(name_lies));
}

static void test_data_lies(void **state)
{
	(void)state;
	check_lies(data_lies, ARRAY_SIZE(data_lies));
}

static void group_tree(struct config *c) { c->compat_ro |= BTRFS_COMPAT_RO_BLOCK_GROUP_TREE; }
static void fat(struct config *c) { c->incompat &= ~BTRFS_INCOMPAT_SKINNY_METADATA; }
static void holes(struct config *c) { c->incompat &= ~BTRFS_INCOMPAT_NO_HOLES; }

static void test_holes_lies(void **state)
{
	(void)state;
	load(holes);
	check_lies(holes_lies, ARRAY_SIZE(holes_lies));
	unload();
}

static void test_group_tree_lies(void **state)
{
	(void)state;
	load(group_tree);
	check_lies(group_tree_lies, ARRAY_SIZE(group_tree_lies));
	unload();
}

static void test_fat_lies(void **state)
{
	(void)state;
	load(fat);
	check_lies(fat_lies, ARRAY_SIZE(fat_lies));
	unload();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_super_lies),      cmocka_unit_test(test_block_lies),
		cmocka_unit_test(test_root_lies),       cmocka_unit_test(test_chunk_lies),
		cmocka_unit_test(test_extent_lies),     cmocka_unit_test(test_space_lies),
		cmocka_unit_test(test_inode_lies),      cmocka_unit_test(test_name_lies),
		cmocka_unit_test(test_data_lies),       cmocka_unit_test(test_holes_lies),
		cmocka_unit_test(test_group_tree_lies), cmocka_unit_test(test_fat_lies),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}

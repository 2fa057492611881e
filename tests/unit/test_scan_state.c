/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory of the scan: inodes, directories, claims and names, and the sizes of items. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "hand_job.h"

static struct job *begin(void)
{
	struct job *job = hand_job_new(GIB, 16384);

	job->scan->nr_pages = 3;
	job->scan->pages = calloc(3, sizeof(*job->scan->pages));
	assert_non_null(job->scan->pages);
	assert_int_equal(sort_new(SORT_VARIABLE, MIB, NULL, &job->scan->names), 0);
	return job;
}

static void test_inodes(void **state)
{
	static const u32 inodes[] = { 1, 2, 4095, 4096, 12287 };
	struct job *job = begin();
	struct scan *scan = job->scan;

	(void)state;
	assert_null(scan_inode_flags(scan, 2));
	assert_int_equal(scan_inode_links(scan, 2), 0);
	for (size_t i = 0; i < ARRAY_SIZE(inodes); i++)
		assert_int_equal(scan_inode_note(scan, inodes[i], (u8)(i + 8), (u16)(i + 65000)), 0);
	for (size_t i = 0; i < ARRAY_SIZE(inodes); i++) {
		assert_int_equal(*scan_inode_flags(scan, inodes[i]), i + 8);
		assert_int_equal(scan_inode_links(scan, inodes[i]), i + 65000);
	}
	assert_int_equal(*scan_inode_flags(scan, 3), 0);
	assert_int_equal(scan_inode_links(scan, 12286), 0);
	*scan_inode_flags(scan, 4096) |= SCAN_INODE_NAMED;
	assert_true(*scan_inode_flags(scan, 4096) & SCAN_INODE_NAMED);
	assert_int_equal(scan_inode_note(scan, 12288, 1, 1), ERR_CORRUPT);
	assert_non_null(strstr(said.text, "inode 12288 lies outside the inode tables"));
	assert_null(scan_inode_flags(scan, 12288));
	assert_null(scan_inode_flags(scan, ~0u));
	hand_job_free(job);
}

static void test_dirs(void **state)
{
	struct job *job = begin();

	(void)state;
	assert_null(scan_dir_find(job->scan, 2));
	for (u32 i = 0; i < 3000; i++)
		assert_int_equal(scan_dir_note(job->scan, 2 + 3 * i, i, (u16)(i % 500)), 0);
	for (u32 ino = 0; ino < 9100; ino++) {
		const struct scan_dir *dir = scan_dir_find(job->scan, ino);

		if (ino % 3 != 2 || ino > 2 + 3 * 2999) {
			assert_null(dir);
			continue;
		}
		assert_true(dir && dir->ino == ino && dir->dotdot == ino / 3 && dir->links == ino / 3 % 500);
		assert_true(dir->subdirs == 0 && dir->reached == 0);
	}
	hand_job_free(job);
}

/* A claim whose length does not fit is noted in parts that end at multiples of 4 TiB. */
static void test_claims(void **state)
{
	const struct claim first = { 3 * TIB, 8192, 6 * TIB + 4096, 77, CLAIM_FILE, 0 };
	const struct claim second = { 4096, 0, 4096, 78, CLAIM_XATTR, 513 };
	struct job *job = begin();
	struct claim got;
	u64 at = first.physical;

	(void)state;
	assert_int_equal(scan_claim_add(job->scan, &first), 0);
	assert_int_equal(scan_claim_add(job->scan, &second), 0);
	assert_int_equal(sort_finish(job->scan->claims), 0);
	assert_int_equal(scan_claim_next(job->scan, &got), 1);
	assert_true(got.physical == 4096 && got.logical == 0 && got.len == 4096);
	assert_true(got.ino == 78 && got.kind == CLAIM_XATTR && got.aux == 513);
	while (scan_claim_next(job->scan, &got) == 1) {
		assert_true(got.physical == at && got.logical == 8192 + at - first.physical);
		assert_true(got.ino == 77 && got.kind == CLAIM_FILE && got.aux == 0);
		at += got.len;
		assert_true(at == 4 * TIB || at == 8 * TIB || at == first.physical + first.len);
	}
	assert_true(at == first.physical + first.len);
	hand_job_free(job);
}

static void test_names(void **state)
{
	const struct {
		u32 child, parent;
		struct ext_dirent entry;
	} names[] = {
		{ 12, 2, { 12, 1, 1, "a", 9 } },
		{ 12, 2, { 12, 1, 3, "bcd", 40 } },
		{ 12, 300, { 12, 2, 2, "no", 3 } },
		{ ~0u, 1, { 0, 7, 255, NULL, ~(u64)0 } },
	};
	static const u8 order[] = { 3, 1, 0, 2 };
	struct job *job = begin();
	struct scan_name got;
	char longest[255];

	(void)state;
	memset(longest, 'L', sizeof(longest));
	for (size_t i = 0; i < 4; i++) {
		struct ext_dirent entry = names[order[i]].entry;

		entry.name = entry.name ? entry.name : longest;
		assert_int_equal(scan_name_add(job->scan, names[order[i]].child, names[order[i]].parent, &entry), 0);
	}
	assert_int_equal(sort_finish(job->scan->names), 0);
	for (size_t i = 0; i < 4; i++) {
		const struct ext_dirent *e = &names[i].entry;

		assert_int_equal(scan_name_next(job->scan, &got), 1);
		assert_true(got.child == names[i].child && got.parent == names[i].parent);
		assert_true(got.index == e->index && got.type == e->type && got.name_len == e->name_len);
		assert_memory_equal(got.name, e->name ? e->name : longest, e->name_len);
	}
	assert_int_equal(scan_name_next(job->scan, &got), 0);
	hand_job_free(job);
}

/* Sizes with headers of 25 bytes; more than 512 is large. */
static void test_items(void **state)
{
	struct job *job = begin();
	struct scan_items *items = &job->scan->items;

	(void)state;
	scan_item_count(job->scan, 5, 487);
	assert_true(items->bytes == 512 && items->large_bytes == 0 && items->max_item == 487);
	scan_item_count(job->scan, 6, 488);
	assert_true(items->bytes == 1025 && items->large_bytes == 513);
	assert_true(items->max_item == 488 && items->max_item_ino == 6);
	scan_item_count(job->scan, 7, 100);
	assert_true(items->bytes == 1150 && items->max_item_ino == 6);
	scan_item_limit(job->scan, 8, 2000);
	assert_true(items->bytes == 1150 && items->max_item == 2000 && items->max_item_ino == 8);
	scan_item_limit(job->scan, 9, 2000);
	assert_int_equal(items->max_item_ino, 8);
	hand_job_free(job);
}

/* Parts of one item: nothing while it is small, then all of it, once. */
static void test_joined_items(void **state)
{
	struct job *job = begin();
	struct scan_items *items = &job->scan->items;

	(void)state;
	scan_item_join(job->scan, 0, 400);
	scan_item_join(job->scan, 400, 87);
	assert_true(items->large_bytes == 0);
	scan_item_join(job->scan, 487, 1);
	assert_true(items->large_bytes == 513);
	scan_item_join(job->scan, 488, 300);
	assert_true(items->large_bytes == 813);
	scan_item_join(job->scan, 200, 700);
	assert_true(items->large_bytes == 813 + 925);
	/* a first part that is large by itself was counted by scan_item_count */
	scan_item_join(job->scan, 0, 3000);
	scan_item_join(job->scan, 3000, 10);
	assert_true(items->large_bytes == 813 + 925 + 10 && items->bytes == 0);
	hand_job_free(job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inodes),
		cmocka_unit_test(test_dirs),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_joined_items),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

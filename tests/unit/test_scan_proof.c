/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The proof that names, links and blocks of the whole file system agree: each kind of damage that only shows when
 * distant parts are compared must be refused, with the object's number.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "phase_job.h"

static struct image whole; /* without checksums, so that bytes can be changed */
static struct image image; /* each test's copy of it */
static u32 ino_dir, ino_sub, ino_file, ino_other, ino_big;

static u8 *entry_of(u32 dir, const char *name)
{
	u8 *block = block_at(&image, file_block(&image, dir, 0));

	for (u32 at = 0; at < BLOCK; at += get_le16(block + at + 4))
		if (get_le32(block + at) && block[at + 6] == strlen(name) &&
		    memcmp(block + at + 8, name, strlen(name)) == 0)
			return block + at;
	fail_msg("no entry %s", name);
	return NULL;
}

static int setup(void **state)
{
	char attribute[200];

	(void)state;
	/* too long for the inode */
	snprintf(attribute, sizeof(attribute), "ea_set file user.big %0170d", 0);
	whole = image_make(24, "-t ext4 -b 4096 -N 256 -J size=4 -O ^metadata_csum,^uninit_bg,^dir_nlink",
			   "mkdir -p dir/sub && echo hello >file && echo more >other && seq 20000 >big && "
			   "ln file dir/hard", attribute);
	ino_dir = find_ino(&whole, "dir");
	ino_file = find_ino(&whole, "file");
	ino_other = find_ino(&whole, "other");
	ino_big = find_ino(&whole, "big");
	image = whole;
	ino_sub = get_le32(entry_of(ino_dir, "sub"));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	image_free(&whole);
	return 0;
}

static int copy_image(void **state)
{
	(void)state;
	image = image_copy(&whole);
	return 0;
}

static int free_copy(void **state)
{
	(void)state;
	image_free(&image);
	return 0;
}

/* The scan of what the image is now says text, in which each # is the next of the numbers. */
static void scan_says(const struct image *of, int status, const char *text, const u64 *numbers)
{
	struct job *job = phase_job_new(of->dev, NULL);
	char expected[300];
	size_t used = 0;
	int ret;

	for (; *text; text++) {
		if (*text == '#')
			used += (size_t)snprintf(expected + used, sizeof(expected) - used, "%llu",
						 (unsigned long long)*numbers++);
		else
			expected[used++] = *text;
	}
	expected[used] = '\0';
	ret = scan_run(job);
	if (ret != status || !strstr(phase_said.text, expected))
		fail_msg("%d, not %d: expected \"%s\" in: %s", ret, status, expected, phase_said.text);
	if (status == ERR_CORRUPT && !strstr(phase_said.text, "run e2fsck -f memory. Nothing was written."))
		fail_msg("no remedy: %s", phase_said.text);
	phase_job_free(job);
}

static void scan_refused(const char *text, u64 a, u64 b)
{
	scan_says(&image, ERR_CORRUPT, text, (const u64[]){ a, b });
}

static void change(u8 *at, u32 width, u32 value, const char *text, u64 a, u64 b)
{
	u8 saved[4];

	memcpy(saved, at, width);
	for (u32 i = 0; i < width; i++)
		at[i] = (u8)(value >> 8 * i);
	scan_refused(text, a, b);
	memcpy(at, saved, width);
}

static u8 *links_of(u32 ino)
{
	return inode_at(&image, ino) + 0x1A;
}

static void test_sound(void **state)
{
	struct job *job = phase_job_new(image.dev, NULL);

	(void)state;
	phase_must("scan", scan_run(job));
	assert_true(job->scan_stats.nr_files == 3 && job->scan_stats.nr_dirs == 4);
	assert_true(job->scan_stats.nr_names == 7 && job->scan_stats.nr_xattrs == 1);
	assert_string_equal(job->scan->saved_name, "ext2_saved");
	phase_job_free(job);
}

static void test_link_counts(void **state)
{
	(void)state;
	change(links_of(ino_file), 2, 3, "inode # has 2 names, but its link count is 3", ino_file, 0);
	change(links_of(ino_file), 2, 1, "inode # has 2 names, but its link count is 1", ino_file, 0);
	change(links_of(ino_big), 2, 2, "inode # has 1 names, but its link count is 2", ino_big, 0);
	change(links_of(ino_other), 2, 2, "inode # has 1 names, but its link count is 2", ino_other, 0);
	change(links_of(ino_dir), 2, 4, "directory inode # has 1 subdirectories, but its link count is 4", ino_dir, 0);
	change(links_of(ino_dir), 2, 1, "directory inode # has 1 subdirectories, but its link count is 1", ino_dir, 0);
	change(links_of(2), 2, 3, "directory inode 2 has 2 subdirectories, but its link count is 3", 0, 0);
}

/* With dir_nlink a count of 1 means that there were too many. */
static void test_dir_nlink(void **state)
{
	u8 *features = super_at(&image, 0x64);

	(void)state;
	put_le32(features, get_le32(features) | 0x20);
	put_le16(links_of(ino_dir), 1);
	scan_says(&image, 0, "", NULL);
	put_le16(links_of(ino_dir), 3);
	put_le32(features, get_le32(features) & ~0x20u);
}

static void test_entries(void **state)
{
	u32 per_group = get_le32(super_at(&image, 0x28));

	(void)state;
	change(entry_of(2, "other"), 4, per_group - 1,
	       "directory inode 2: entry \"other\" leads to inode #, which is not in use", per_group - 1, 0);
	change(entry_of(2, "other") + 7, 1, 7, "directory inode 2: entry \"other\" has file type 7, inode # another",
	       ino_other, 0);
	change(entry_of(2, "other"), 4, ino_big, "inode # has 2 names, but its link count is 1", ino_big, 0);
	change(entry_of(ino_dir, "sub"), 4, 2, "a name of the root directory", 0, 0);
	memcpy(entry_of(2, "other") + 8, "file", 4);
	entry_of(2, "filer")[6] = 4;
	scan_refused("directory inode 2: two entries have the name \"file\"", 0, 0);
	for (u8 *entry = entry_of(2, "file");; entry += get_le16(entry + 4)) {
		if (get_le32(entry) != ino_other)
			continue;
		entry[6] = 5;
		memcpy(entry + 8, "other", 5);
		break;
	}
	scan_says(&image, 0, "", NULL);
}

/* An entry without a type is right: ext2 may have no types. */
static void test_no_type(void **state)
{
	u8 *type = entry_of(2, "other") + 7, was = *type;

	(void)state;
	*type = 0;
	scan_says(&image, 0, "", NULL);
	*type = was;
}

static void test_dotdot(void **state)
{
	u8 *sub = block_at(&image, file_block(&image, ino_sub, 0)), *root = block_at(&image, file_block(&image, 2, 0));

	(void)state;
	change(sub + 12, 4, 2, "directory inode #: its \"..\" is inode 2, but it is an entry of inode #", ino_sub,
	       ino_dir);
	change(root + 12, 4, ino_dir, "the root directory is missing, or its \"..\" is not itself", 0, 0);
}

/* A file's name leads to a folder that has one already. */
static void test_two_names_of_a_directory(void **state)
{
	u8 *entry = entry_of(ino_dir, "hard");

	(void)state;
	put_le16(links_of(ino_file), 1);
	entry[7] = 2;
	change(entry, 4, ino_sub, "directory inode # has more than one name", ino_sub, 0);
	entry[7] = 1;
	put_le16(links_of(ino_file), 2);
}

static void test_unattached(void **state)
{
	u8 *entry = entry_of(2, "other");

	(void)state;
	change(entry, 4, 0, "inode # is in use, but no directory has a name for it", ino_other, 0);
	/* a folder, with the folder below it */
	put_le16(links_of(2), 3);
	change(entry_of(2, "dir"), 4, 0, "inode # is in use, but no directory has a name for it", ino_dir, 0);
	put_le16(links_of(2), 4);
}

/* dir is an entry of dir/sub: both have one name and a right "..", and nobody can reach them. */
static void test_loop(void **state)
{
	u8 *sub = block_at(&image, file_block(&image, ino_sub, 0)), saved[2 * BLOCK];
	u8 *dir = block_at(&image, file_block(&image, ino_dir, 0));

	(void)state;
	memcpy(saved, sub, BLOCK);
	memcpy(saved + BLOCK, dir, BLOCK);
	put_le32(dir + 12, ino_sub);
	put_le16(sub + 16, 12);
	put_le32(sub + 24, ino_dir);
	put_le16(sub + 28, BLOCK - 24);
	memcpy(sub + 30, "\3\2dir", 5);
	put_le16(links_of(2), 3);
	put_le16(links_of(ino_sub), 3);
	change(entry_of(2, "dir"), 4, 0, "directory inode # is not connected to the root directory",
	       ino_dir < ino_sub ? ino_dir : ino_sub, 0);
	memcpy(sub, saved, BLOCK);
	memcpy(dir, saved + BLOCK, BLOCK);
	put_le16(links_of(2), 4);
	put_le16(links_of(ino_sub), 2);
	scan_says(&image, 0, "", NULL);
}

/* ========== Blocks ========== */

static bool is_used(u64 block)
{
	return block_at(&image, get_le32(desc_at(&image, 0)))[block / 8] >> block % 8 & 1;
}

/* Marks a block used or free, with the counts of free blocks. */
static void set_used(u64 block, bool used)
{
	u8 *bits = block_at(&image, get_le32(desc_at(&image, 0))), *group = desc_at(&image, 0) + 0xC;
	u8 *super = super_at(&image, 0xC), bit = (u8)(1 << block % 8);
	bool was = bits[block / 8] & bit;

	bits[block / 8] = used ? bits[block / 8] | bit : bits[block / 8] & ~bit;
	put_le16(group, (u16)(get_le16(group) + was - used));
	put_le32(super, get_le32(super) + was - used);
}

static void test_block_without_owner(void **state)
{
	u64 block = image.size / BLOCK - 10;

	(void)state;
	set_used(block, true);
	scan_refused("block # is marked in use, but nothing uses it", block, 0);
	set_used(block, false);
	scan_says(&image, 0, "", NULL);
}

static void test_free_block_with_owner(void **state)
{
	const struct {
		u32 ino;
		const char *what;
	} owners[] = {
		{ ino_file, "the content of" }, { ino_big, "the content of" }, { ino_sub, "directory" },
		{ 8, "the reserved" },
	};

	u64 last, own;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(owners); i++) {
		u64 block = file_block(&image, owners[i].ino, owners[i].ino == ino_big ? 5 : 0);
		char text[100];

		snprintf(text, sizeof(text), "block #, %s inode #, is marked free in the block bitmap", owners[i].what);
		set_used(block, false);
		scan_refused(text, block, owners[i].ino);
		set_used(block, true);
	}
	/* the last of all */
	for (last = image.size / BLOCK - 1; !is_used(last); last--)
		;
	set_used(last, false);
	scan_refused("block #, ", last, 0);
	scan_refused("is marked free in the block bitmap", 0, 0);
	/* and one that stands alone behind all others */
	set_used(last, true);
	own = file_block(&image, ino_other, 0);
	put_le32(inode_at(&image, ino_other) + 0x28 + 12 + 8, (u32)last + 5);
	set_used(own, false);
	scan_refused("block #, the content of inode #, is marked free in the block bitmap", last + 5, ino_other);
	set_used(last + 5, true);
	scan_says(&image, 0, "", NULL);
}

/* The first block of one file is that of another; its own block is free then. */
static void test_two_owners(void **state)
{
	const u32 victims[] = { ino_big, ino_sub, 8 };
	u64 own = file_block(&image, ino_other, 0);
	u8 *start = inode_at(&image, ino_other) + 0x28 + 12 + 8;

	(void)state;
	set_used(own, false);
	for (size_t i = 0; i < ARRAY_SIZE(victims); i++)
		for (u32 lblk = 0; lblk < 2 && file_block(&image, victims[i], lblk); lblk++) {
			u64 block = file_block(&image, victims[i], lblk);

			change(start, 4, (u32)block, "block #, ", block, 0);
			change(start, 4, (u32)block, "has another owner as well", 0, 0);
		}
	/* the inode table, which only the geometry owns */
	change(start, 4, get_le32(desc_at(&image, 0) + 8) + 1, "has another owner as well", 0, 0);
	set_used(own, true);
	scan_says(&image, 0, "", NULL);
}

static void test_attribute_blocks(void **state)
{
	u64 block = get_le32(inode_at(&image, ino_file) + 0x68);
	u8 *other = inode_at(&image, ino_other);

	(void)state;
	assert_true(block != 0);
	change(block_at(&image, block) + 4, 4, 2,
	       "attribute block # is used by 1 inodes, but its reference count is 2", block, 0);
	/* a second user, not counted; then counted */
	put_le32(other + 0x68, (u32)block);
	put_le32(other + 0x1C, get_le32(other + 0x1C) + BLOCK / 512);
	scan_refused("attribute block # is used by 2 inodes, but its reference count is 1", block, 0);
	put_le32(block_at(&image, block) + 4, 2);
	scan_says(&image, 0, "", NULL);
	put_le32(block_at(&image, block) + 4, 1);
	put_le32(other + 0x68, 0);
	put_le32(other + 0x1C, get_le32(other + 0x1C) - BLOCK / 512);
}

/* All names that the saved image could get. */
static void test_saved_name(void **state)
{
	char tree[2000] = "mkdir ext2_saved ext2_saved0 ext2_saved3 ext2_saved31 ext2_saved1x ext2_saved007";
	struct image own = image_make(24, "-t ext4 -b 4096 -N 256 -J size=4", tree, NULL);
	struct job *job = phase_job_new(own.dev, NULL);

	(void)state;
	phase_must("scan", scan_run(job));
	assert_string_equal(job->scan->saved_name, "ext2_saved1");
	phase_job_free(job);
	image_free(&own);
	snprintf(tree, sizeof(tree), "mkdir ext2_saved; for i in $(seq 0 9); do mkdir ext2_saved$i; done");
	own = image_make(24, "-t ext4 -b 4096 -N 256 -J size=4", tree, NULL);
	job = phase_job_new(own.dev, NULL);
	phase_must("scan", scan_run(job));
	assert_string_equal(job->scan->saved_name, "ext2_saved10");
	phase_job_free(job);
	image_free(&own);
	snprintf(tree, sizeof(tree), "mkdir ext2_saved; for i in $(seq 0 30); do mkdir ext2_saved$i; done");
	own = image_make(24, "-t ext4 -b 4096 -N 256 -J size=4", tree, NULL);
	scan_says(&own, ERR_REFUSED, "rename one of them", NULL);
	image_free(&own);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, copy_image, free_copy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sound),
		TEST(test_link_counts),
		TEST(test_dir_nlink),
		TEST(test_entries),
		TEST(test_no_type),
		TEST(test_dotdot),
		TEST(test_two_names_of_a_directory),
		TEST(test_unattached),
		TEST(test_loop),
		TEST(test_block_without_owner),
		TEST(test_free_block_with_owner),
		TEST(test_two_owners),
		TEST(test_attribute_blocks),
		TEST(test_saved_name),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The saved image of a small file system that was really converted: mapped as it is, refused when it is not what a roll
 * back needs; and the view of the device as ext will see it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "convert/commit.h"
#include "convert/rollback.h"
#include "leaf_edit.h"
#include "phase_job.h"

#define SAVED 256
#define IMAGE_INO 257
#define EXTENT_DATA 108

static struct image source, converted;
static u8 super[BTRFS_SUPER_SIZE];
static struct place_piece moved[64];
static size_t nr_moved;

static int setup(void **state)
{
	struct job *job;

	(void)state;
	/* small groups without sparse_super, so that there is something at 64 MiB */
	source = image_make(80, "-t ext4 -b 4096 -N 1024 -J size=4 -g 8192 -O ^sparse_super,^resize_inode "
			    "-E lazy_itable_init=1",
			    "seq 20000 >file; mkdir dir; head -c 70000 /dev/urandom >dir/random", NULL);
	converted = image_copy(&source);
	job = phase_job_new(converted.dev, NULL);
	phase_build(job);
	memcpy(super, job->build->super_block, sizeof(super));
	for (size_t i = 0; i < job->plan->nr_moved; i++)
		if (claim_has_data(job->plan->moved[i].kind))
			moved[nr_moved++] = job->plan->moved[i];
	phase_must("commit", commit_run(job));
	phase_job_free(job);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	image_free(&source);
	image_free(&converted);
	return 0;
}

static struct rollback *begin(void)
{
	struct rollback *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	messages_gather(&phase_said);
	r->job = calloc(1, sizeof(*r->job));
	r->journal = calloc(1, sizeof(*r->journal));
	assert_true(r->job && r->journal);
	r->job->config.device = "memory";
	r->job->dev = converted.dev;
	assert_int_equal(btrfs_reader_new(converted.dev, super, false, &r->reader), 0);
	return r;
}

static void end(struct rollback *r)
{
	btrfs_reader_free(r->reader);
	free(r->covered);
	free(r->journal);
	free(r->job);
	free(r);
	msg_set_sink(NULL, NULL);
}

static bool is_covered(const struct rollback *r, u64 at)
{
	for (size_t i = 0; i < r->nr_covered; i++)
		if (at >= r->covered[i].start && at - r->covered[i].start < r->covered[i].len)
			return true;
	return false;
}

static const struct journal_piece *piece_at(const struct rollback *r, u64 home)
{
	const struct journal_piece *found = NULL;

	for (u32 i = 0; i < r->journal->nr_pieces; i++) {
		const struct journal_piece *p = &r->journal->pieces[i];

		if (home < p->home || home - p->home >= p->len)
			continue;
		assert_null(found); /* each byte once */
		found = p;
	}
	return found;
}

/* What differs from the source is not in the image, and every byte of a reserved range is in one piece. */
static void test_sound(void **state)
{
	struct rollback *r = begin();
	u64 pieces_bytes = 0;

	(void)state;
	assert_int_equal(rollback_map_image(r), 0);
	assert_true(r->image_size == source.size && r->image_ino == IMAGE_INO);
	for (size_t i = 1; i < r->nr_covered; i++)
		assert_true(r->covered[i].start > r->covered[i - 1].start + r->covered[i - 1].len);
	for (u64 at = 0; at < source.size; at += SECTOR) {
		const struct journal_piece *p = piece_at(r, at);

		assert_int_equal(p != NULL, plan_is_reserved(at));
		if (!p) {
			if (is_covered(r, at))
				assert_memory_equal(converted.data + at, source.data + at, SECTOR);
			continue;
		}
		assert_int_equal(is_covered(r, at), p->source != JOURNAL_ZEROS);
		if (p->source != JOURNAL_ZEROS)
			assert_memory_equal(converted.data + p->source + (at - p->home), source.data + at, SECTOR);
	}
	for (size_t i = 0; i < nr_moved; i++) {
		const struct journal_piece *p = piece_at(r, moved[i].physical);
		u8 digest[16];

		assert_true(p && p->home == moved[i].physical && p->len == moved[i].len);
		assert_true(p->source == moved[i].logical);
		journal_digest(converted.data + p->source, p->len, digest);
		assert_memory_equal(digest, p->digest, sizeof(digest));
		pieces_bytes += p->len;
	}
	assert_true(nr_moved >= 2 && r->stats.pieces_bytes == pieces_bytes && r->stats.image_size == source.size);
	end(r);
}

/* ========== Lies ========== */

static void refused(const char *text)
{
	struct rollback *r = begin();
	int ret = rollback_map_image(r);

	if (ret != ERR_REFUSED || !strstr(phase_said.text, text) || !strstr(phase_said.text, "Nothing was written."))
		fail_msg("%d: expected \"%s\" in: %s", ret, text, phase_said.text);
	end(r);
}

/* Changes width bytes of an item, and takes it back. */
static void lie(u64 tree, u64 objectid, u8 type, u64 offset, u32 at, u32 width, u64 value, const char *text)
{
	struct leaf *leaf = leaf_load(converted.dev, super, tree);
	struct leaf_item *item = leaf_find(leaf, objectid, type, offset);

	for (u32 i = 0; i < width; i++)
		item->data[at + i] = (u8)(value >> 8 * i);
	leaf_store(leaf);
	refused(text);
	leaf_restore(leaf);
}

static void drop(u64 tree, u64 objectid, u8 type, u64 offset, const char *text)
{
	struct leaf *leaf = leaf_load(converted.dev, super, tree);

	leaf_drop(leaf, leaf_find(leaf, objectid, type, offset));
	leaf_store(leaf);
	refused(text);
	leaf_restore(leaf);
}

static void test_subvolume(void **state)
{
	(void)state;
	drop(BTRFS_ROOT_TREE, SAVED, BTRFS_ROOT_ITEM, ANY, "there is no subvolume 256");
	lie(BTRFS_ROOT_TREE, SAVED, BTRFS_ROOT_ITEM, ANY, 216, 4, 0, "has been deleted"); /* refs */
	drop(SAVED, 256, BTRFS_DIR_ITEM, ANY, "has no file \"image\"");
	lie(SAVED, 256, BTRFS_DIR_ITEM, ANY, 30, 1, 'I', "has no file \"image\""); /* the name, under the same hash */
	lie(SAVED, 256, BTRFS_DIR_ITEM, ANY, 27, 2, 500, "has no file \"image\""); /* its length */
	drop(SAVED, IMAGE_INO, BTRFS_INODE_ITEM, ANY, "the saved image has no inode");
}

static void test_inode(void **state)
{
	static const u64 sizes[] = { 0, MIB - SECTOR, 80 * MIB + SECTOR, 80 * MIB - 512, ~(u64)0, (u64)1 << 63 };
	struct leaf *leaf = leaf_load(converted.dev, super, SAVED);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		lie(SAVED, IMAGE_INO, BTRFS_INODE_ITEM, 0, 16, 8, sizes[i], "does not have the size of a file system");
	leaf_find(leaf, IMAGE_INO, BTRFS_INODE_ITEM, 0)->size -= 1;
	leaf_store(leaf);
	refused("the inode of the saved image is damaged");
	leaf_restore(leaf);
}

static void test_extents(void **state)
{
	struct leaf *leaf = leaf_load(converted.dev, super, SAVED);
	u64 last = leaf_find(leaf, IMAGE_INO, EXTENT_DATA, LAST)->key.offset, home = 0;

	(void)state;
	/* one that was not moved */
	for (u32 i = 0; i < leaf->nr; i++)
		if (leaf->items[i].key.type == EXTENT_DATA && leaf->items[i].key.objectid == IMAGE_INO &&
		    !plan_is_reserved(leaf->items[i].key.offset))
			home = leaf->items[i].key.offset;
	assert_true(home != 0);
	lie(SAVED, IMAGE_INO, EXTENT_DATA, last, 16, 1, 1, "compressed or preallocated");  /* compression */
	lie(SAVED, IMAGE_INO, EXTENT_DATA, last, 17, 1, 1, "compressed or preallocated");  /* encryption */
	lie(SAVED, IMAGE_INO, EXTENT_DATA, last, 18, 2, 256, "compressed or preallocated"); /* other encoding */
	lie(SAVED, IMAGE_INO, EXTENT_DATA, last, 20, 1, 2, "compressed or preallocated");  /* type */
	lie(SAVED, IMAGE_INO, EXTENT_DATA, last, 45, 8, 4095, "out of bounds");            /* length */
	lie(SAVED, IMAGE_INO, EXTENT_DATA, last, 45, 8, source.size - last + SECTOR, "out of bounds");
	lie(SAVED, IMAGE_INO, EXTENT_DATA, last, 45, 8, ~(u64)4095, "out of bounds");
	lie(SAVED, IMAGE_INO, EXTENT_DATA, last, 37, 8, ~(u64)0, "out of bounds");         /* offset in the extent */
	lie(SAVED, IMAGE_INO, EXTENT_DATA, home, 37, 8, SECTOR, "a balance or defragmentation has moved it");
	lie(SAVED, IMAGE_INO, EXTENT_DATA, home, 21, 8, moved[0].logical, "a balance or defragmentation has moved it");
	leaf_find(leaf, IMAGE_INO, EXTENT_DATA, last)->size -= 32;
	leaf_store(leaf);
	refused("has inline data");
	leaf_restore(leaf);
}

/* An image that has nothing in the reserved ranges: all of them become zeros. */
static void test_nothing_moved(void **state)
{
	struct leaf *leaf = leaf_load(converted.dev, super, SAVED);
	struct rollback *r;

	(void)state;
	for (u32 i = 0; i < leaf->nr;) {
		const struct btrfs_key *key = &leaf->items[i].key;

		if (key->objectid == IMAGE_INO && key->type == EXTENT_DATA && plan_is_reserved(key->offset))
			leaf_drop(leaf, &leaf->items[i]);
		else
			i++;
	}
	leaf_store(leaf);
	r = begin();
	assert_int_equal(rollback_map_image(r), 0);
	assert_int_equal(r->journal->nr_pieces, 2);
	for (u32 i = 0; i < 2; i++) {
		const struct journal_piece *p = &r->journal->pieces[i];

		assert_true(p->home == plan_reserved[i].start && p->len == plan_reserved[i].len);
		assert_true(p->source == JOURNAL_ZEROS);
	}
	end(r);
	leaf_restore(leaf);
}

/* ========== The view ========== */

static void view_holds(struct dev *view, u64 start, u64 len, const u8 *expected)
{
	u8 *buf = malloc(len);

	assert_non_null(buf);
	assert_int_equal(dev_read(view, start, buf, len), 0);
	assert_memory_equal(buf, expected + start, len);
	free(buf);
}

static void test_view(void **state)
{
	struct rollback *r = begin();
	struct dev *view = NULL;
	u8 *expected = malloc(source.size);
	struct ext_fs *fs = NULL;

	(void)state;
	assert_non_null(expected);
	assert_int_equal(rollback_map_image(r), 0);
	assert_int_equal(rollback_view_new(converted.dev, r->journal, &view), 0);
	assert_true(view->size == source.size && view->read_only);
	memcpy(expected, converted.data, source.size);
	for (u64 at = 0; at < source.size; at += SECTOR)
		if (plan_is_reserved(at))
			memset(expected + at, 0, SECTOR);
	for (size_t i = 0; i < nr_moved; i++)
		memcpy(expected + moved[i].physical, source.data + moved[i].physical, moved[i].len);
	view_holds(view, 0, 2 * MIB, expected);
	view_holds(view, 0, 512, expected);
	view_holds(view, 1024, 1024, expected);
	view_holds(view, MIB - 100, 200, expected);
	view_holds(view, 63 * MIB, 2 * MIB, expected);
	view_holds(view, 64 * MIB + 100, 5000, expected);
	view_holds(view, 64 * MIB + 64 * KIB - 1, 2, expected);
	for (u64 at = 0; at < MIB; at += 3000)
		view_holds(view, at, 700, expected);
	dev_prefetch(view, 0, MIB);
	assert_int_equal(dev_flush(view), 0);
	/* ext is there again */
	assert_int_equal(ext_open(view, &fs), 0);
	ext_close(fs);
	assert_int_equal(dev_write(view, 0, "x", 1), ERR_BUG);
	view->read_only = false;
	assert_int_equal(dev_write(view, 0, "x", 1), ERR_BUG);
	assert_int_equal(dev_close(view), 0);
	free(expected);
	end(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_subvolume),
		cmocka_unit_test(test_inode),
		cmocka_unit_test(test_extents),
		cmocka_unit_test(test_nothing_moved),
		cmocka_unit_test(test_view),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

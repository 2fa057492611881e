/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The marks of an interrupted switch: what of a superblock they change, that every torn or damaged form of them is
 * taken for what it is, and that they are gone without a trace.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "switch_supers.h"

#define JOURNAL ((u64)0x1234560000)
#define MARK_SIZE 20 /* in an ext superblock */
#define HALF EXT_MARK_SECTOR

static u8 e[EXT_MARK_SIZE], marked[EXT_MARK_SIZE], torn[EXT_MARK_SIZE];
static u8 b[BTRFS_SUPER_SIZE], b_marked[BTRFS_SUPER_SIZE], other[BTRFS_SUPER_SIZE];

/* ========== ext ========== */

static void make_marked(bool metadata_csum)
{
	make_ext_super(e, metadata_csum);
	memcpy(marked, e, sizeof(e));
	ext_mark_set(marked, JOURNAL);
}

/* The first half of one superblock and the second of another. */
static void tear(const u8 *first, const u8 *second)
{
	memcpy(torn, first, HALF);
	memcpy(torn + HALF, second + HALF, sizeof(torn) - HALF);
}

static void expect_ext(const u8 *super, enum ext_mark mark)
{
	u64 journal = 1;

	assert_int_equal(ext_mark_find(super, &journal), mark);
	assert_true(journal == (mark == EXT_MARK_ARMED || mark == EXT_MARK_STALE ? JOURNAL : 1));
}

static void test_ext_form(void **state)
{
	static const u8 magic[8] = "fscnvrt1";

	(void)state;
	for (int csum = 0; csum < 2; csum++) {
		make_marked(csum);
		expect_ext(e, EXT_MARK_NONE);
		expect_ext(marked, EXT_MARK_ARMED);
		assert_true(get_le32(marked + E_INCOMPAT) == (get_le32(e + E_INCOMPAT) | 0x40000000));
		assert_memory_equal(marked + E_FIRST_MARK, magic, 8);
		assert_true(get_le64(marked + E_FIRST_MARK + 8) == JOURNAL);
		assert_true(get_le32(marked + E_FIRST_MARK + 16) == ~slow_crc(marked + E_FIRST_MARK, 16));
		if (csum) {
			assert_memory_equal(marked + E_SECOND_MARK, marked + E_FIRST_MARK, MARK_SIZE);
			assert_true(get_le32(marked + E_CHECKSUM) == slow_crc(marked, E_CHECKSUM));
		}
		/* nothing else has changed */
		put_le32(marked + E_INCOMPAT, get_le32(e + E_INCOMPAT));
		memcpy(marked + E_FIRST_MARK, e + E_FIRST_MARK, MARK_SIZE);
		if (csum) {
			memcpy(marked + E_SECOND_MARK, e + E_SECOND_MARK, MARK_SIZE);
			memcpy(marked + E_CHECKSUM, e + E_CHECKSUM, 4);
		}
		assert_memory_equal(marked, e, sizeof(e));
	}
}

/* With a checksum either half of a marked superblock leads to the record. */
static void test_ext_torn(void **state)
{
	(void)state;
	make_marked(true);
	tear(marked, e);
	expect_ext(torn, EXT_MARK_ARMED);
	tear(e, marked);
	expect_ext(torn, EXT_MARK_STALE);
	assert_false(ext_mark_is_super(torn));
	ext_mark_wipe(torn);
	assert_memory_equal(torn, e, sizeof(e));
	assert_true(ext_mark_is_super(torn));
	expect_ext(torn, EXT_MARK_NONE);

	/* the other half may be anything */
	tear(marked, e);
	fill_random(torn + HALF, HALF);
	expect_ext(torn, EXT_MARK_ARMED);
	memset(torn + HALF, 0, HALF);
	expect_ext(torn, EXT_MARK_ARMED);
	memset(torn, 0, HALF);
	memcpy(torn + HALF, marked + HALF, HALF);
	expect_ext(torn, EXT_MARK_NONE);
}

static void test_ext_without_checksum(void **state)
{
	(void)state;
	for (int old = 0; old < 2; old++) {
		make_ext_super(e, false);
		if (old) {
			/* the bit means nothing in a superblock of revision 0 */
			put_le32(e + E_REV, 0);
			put_le32(e + E_RO_COMPAT, 0x46B);
		}
		memcpy(marked, e, sizeof(e));
		ext_mark_set(marked, JOURNAL);
		assert_memory_equal(marked + HALF, e + HALF, HALF);
		expect_ext(marked, EXT_MARK_ARMED);
		assert_true(ext_mark_is_super(e));
		assert_true(ext_mark_is_super(marked));
	}
}

/* A mark with any bit wrong is none; the other one still is. */
static void test_ext_damaged(void **state)
{
	(void)state;
	make_marked(true);
	for (u32 bit = 0; bit < MARK_SIZE * 8; bit++) {
		memcpy(torn, marked, sizeof(torn));
		torn[E_FIRST_MARK + bit / 8] ^= (u8)(1 << bit % 8);
		expect_ext(torn, EXT_MARK_ARMED);
		torn[E_SECOND_MARK + bit / 8] ^= (u8)(1 << bit % 8);
		expect_ext(torn, EXT_MARK_LOST);
		memcpy(torn + E_FIRST_MARK, marked + E_FIRST_MARK, MARK_SIZE);
		expect_ext(torn, EXT_MARK_ARMED);
		tear(e, torn);
		expect_ext(torn, EXT_MARK_NONE);
	}
	memcpy(torn, marked, sizeof(torn));
	torn[E_MAGIC] ^= 1;
	expect_ext(torn, EXT_MARK_NONE);
	assert_false(ext_mark_is_super(torn));
}

static void test_ext_is_super(void **state)
{
	(void)state;
	make_marked(true);
	assert_true(ext_mark_is_super(e));
	assert_true(ext_mark_is_super(marked));
	for (u32 at = 0; at < sizeof(e); at += 97) {
		e[at] ^= 0x10;
		assert_false(ext_mark_is_super(e));
		e[at] ^= 0x10;
	}
	make_marked(false);
	e[0] ^= 0x10;
	assert_true(ext_mark_is_super(e));
	memset(e, 0, sizeof(e));
	assert_false(ext_mark_is_super(e));
	expect_ext(e, EXT_MARK_NONE);
}

/* ========== btrfs ========== */

static void expect_btrfs(const u8 *super, u64 bytenr, bool is_super, bool is_marked)
{
	u64 journal = 1;

	assert_int_equal(btrfs_mark_is_super(super, bytenr), is_super);
	assert_int_equal(btrfs_mark_find(super, bytenr, &journal), is_marked);
	assert_true(journal == (is_marked ? JOURNAL : 1));
}

static void make_b_marked(enum btrfs_csum_type type)
{
	make_btrfs_super(b, type);
	memcpy(b_marked, b, sizeof(b));
	btrfs_mark_set(b_marked, JOURNAL);
}

static void test_btrfs_form(void **state)
{
	(void)state;
	for (int type = 0; type < 4; type++) {
		make_b_marked((enum btrfs_csum_type)type);
		expect_btrfs(b, 64 * KIB, true, false);
		expect_btrfs(b_marked, 64 * KIB, true, true);
		assert_memory_equal(b_marked + 512, b + 512, sizeof(b) - 512);
		assert_true(get_le64(b_marked + B_INCOMPAT) == (get_le64(b + B_INCOMPAT) | (u64)1 << 62));
		assert_true(get_le64(b_marked + B_COMPAT) == JOURNAL);
		memcpy(other, b_marked, sizeof(b));
		seal_btrfs(other);
		assert_memory_equal(other, b_marked, sizeof(b));
		put_le64(other + B_INCOMPAT, get_le64(b + B_INCOMPAT));
		put_le64(other + B_COMPAT, 0);
		seal_btrfs(other);
		assert_memory_equal(other, b, sizeof(b));
	}
}

static void test_btrfs_not_accepted(void **state)
{
	(void)state;
	for (int type = 0; type < 4; type++) {
		make_b_marked((enum btrfs_csum_type)type);
		expect_btrfs(b_marked, 0, false, false);
		expect_btrfs(b_marked, 64 * MIB, false, false);
		for (u32 at = 0; at < sizeof(b); at += at < 256 ? 1 : 61) {
			/* behind a short checksum there is room that says nothing */
			if (at >= btrfs_csum_size((enum btrfs_csum_type)type) && at < BTRFS_CSUM_MAX)
				continue;
			b_marked[at] ^= 4;
			expect_btrfs(b_marked, 64 * KIB, false, false);
			b_marked[at] ^= 4;
		}
		expect_btrfs(b_marked, 64 * KIB, true, true);
	}
	memcpy(other, b_marked, sizeof(other));
	put_le64(other + B_MAGIC, 0);
	seal_btrfs(other);
	expect_btrfs(other, 64 * KIB, false, false);
	for (u32 type = 4; type < 70000; type *= 4) {
		memcpy(other, b_marked, sizeof(other));
		put_le16(other + B_CSUM_TYPE, (u16)type | 4);
		memset(other, 0, BTRFS_CSUM_MAX);
		expect_btrfs(other, 64 * KIB, false, false);
		btrfs_mark_set(other, JOURNAL);
		expect_btrfs(other, 64 * KIB, false, false);
	}
}

static void test_btrfs_readdress(void **state)
{
	(void)state;
	for (int type = 0; type < 4; type++) {
		make_b_marked((enum btrfs_csum_type)type);
		memcpy(other, b, sizeof(b));
		btrfs_mark_readdress(other, 256 * GIB);
		expect_btrfs(other, 256 * GIB, true, false);
		expect_btrfs(other, 64 * KIB, false, false);
		assert_true(get_le64(other + B_BYTENR) == 256 * GIB);
		btrfs_mark_readdress(other, 64 * KIB);
		assert_memory_equal(other, b, sizeof(b));
		btrfs_mark_readdress(b_marked, 64 * MIB);
		expect_btrfs(b_marked, 64 * MIB, true, true);
	}
}

static int setup(void **state)
{
	(void)state;
	srandom(271828);
	return btrfs_csum_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ext_form),
		cmocka_unit_test(test_ext_torn),
		cmocka_unit_test(test_ext_without_checksum),
		cmocka_unit_test(test_ext_damaged),
		cmocka_unit_test(test_ext_is_super),
		cmocka_unit_test(test_btrfs_form),
		cmocka_unit_test(test_btrfs_not_accepted),
		cmocka_unit_test(test_btrfs_readdress),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}

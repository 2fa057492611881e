/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal record: its form, that either copy is enough, what of it is not believed; and what a probe sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/status.h"
#include "convert/journal.h"
#include "messages.h"
#include "switch_supers.h"

#define SIZE ((u64)MIB)
#define AT (640 * KIB)

/* Offsets of the form. */
#define J_VERSION 0x30
#define J_TARGET 0x34
#define J_ADDRESS 0x38
#define J_NR 0x48
#define J_PIECES 0x1C00

static struct dev *mem;
static u8 *disk;
static struct journal written, found;
static struct messages said;

static int setup(void **state)
{
	(void)state;
	srandom(31415);
	if (btrfs_csum_init() || dev_mem_new(SIZE, &mem))
		return -1;
	disk = dev_mem_data(mem);
	messages_gather(&said);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	msg_set_sink(NULL, NULL);
	return dev_close(mem);
}

static void make_journal(u32 nr_pieces)
{
	memset(&written, 0, sizeof(written));
	written.target = JOURNAL_TO_EXT;
	written.address = AT;
	written.device_size = 0x123456789000;
	make_ext_super(written.ext_super, true);
	make_btrfs_super(written.btrfs_super, BTRFS_CSUM_CRC32C);
	fill_random(written.boot_code, sizeof(written.boot_code));
	written.nr_pieces = nr_pieces;
	for (u32 i = 0; i < nr_pieces; i++) {
		struct journal_piece *p = &written.pieces[i];

		p->home = (u64)random() << 12;
		p->len = (u64)random() << 12;
		p->source = i % 3 ? (u64)random() << 12 : JOURNAL_ZEROS;
		fill_random(p->digest, sizeof(p->digest));
	}
	assert_int_equal(journal_write(mem, &written), 0);
}

static void expect_found(void)
{
	memset(&found, 0, sizeof(found));
	assert_int_equal(journal_read(mem, AT, &found), 0);
	assert_int_equal(found.target, written.target);
	assert_true(found.address == AT && found.device_size == written.device_size);
	assert_memory_equal(found.ext_super, written.ext_super, sizeof(found.ext_super));
	assert_memory_equal(found.btrfs_super, written.btrfs_super, sizeof(found.btrfs_super));
	assert_memory_equal(found.boot_code, written.boot_code, sizeof(found.boot_code));
	assert_int_equal(found.nr_pieces, written.nr_pieces);
	for (u32 i = 0; i < found.nr_pieces; i++) {
		const struct journal_piece *a = &found.pieces[i], *b = &written.pieces[i];

		assert_true(a->home == b->home && a->len == b->len && a->source == b->source);
		assert_memory_equal(a->digest, b->digest, sizeof(a->digest));
	}
}

static void expect_damaged(u64 address, const char *text)
{
	messages_gather(&said);
	assert_int_equal(journal_read(mem, address, &found), ERR_CORRUPT);
	if (!strstr(said.text, text))
		fail_msg("expected \"%s\" in: %s", text, said.text);
	assert_int_equal(said.nr[MSG_ERR], 1);
}

/* The second copy becomes garbage, the first one gets a right digest. */
static void only_first(void)
{
	btrfs_csum(BTRFS_CSUM_BLAKE2B, disk + AT + 0x20, JOURNAL_COPY - 0x20, disk + AT);
	memset(disk + AT + JOURNAL_COPY, 0xA5, JOURNAL_COPY);
}

static void test_round_trip(void **state)
{
	static const u32 counts[] = { 0, 1, 17, JOURNAL_MAX_PIECES };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		make_journal(counts[i]);
		expect_found();
	}
}

static void test_form(void **state)
{
	const u8 *d = disk + AT;
	u8 digest[32];

	(void)state;
	memset(disk, 0xEE, SIZE);
	make_journal(3);
	for (u64 i = 0; i < SIZE; i++)
		if (i < AT || i >= AT + JOURNAL_AREA)
			assert_int_equal(disk[i], 0xEE);
	assert_memory_equal(d, d + JOURNAL_COPY, JOURNAL_COPY);
	btrfs_csum(BTRFS_CSUM_BLAKE2B, d + 0x20, JOURNAL_COPY - 0x20, digest);
	assert_memory_equal(d, digest, 32);
	assert_memory_equal(d + 0x20, "fsconvert record", 16);
	assert_int_equal(get_le32(d + J_VERSION), 1);
	assert_int_equal(get_le32(d + J_TARGET), 1);
	assert_true(get_le64(d + J_ADDRESS) == AT);
	assert_true(get_le64(d + 0x40) == written.device_size);
	assert_int_equal(get_le32(d + J_NR), 3);
	assert_memory_equal(d + 0x400, written.ext_super, 1024);
	assert_memory_equal(d + 0x800, written.boot_code, 1024);
	assert_memory_equal(d + 0xC00, written.btrfs_super, 4096);
	for (u32 i = 0; i < 3; i++) {
		const u8 *p = d + J_PIECES + 40 * i;

		assert_true(get_le64(p) == written.pieces[i].home && get_le64(p + 8) == written.pieces[i].len);
		assert_true(get_le64(p + 16) == written.pieces[i].source);
		assert_memory_equal(p + 24, written.pieces[i].digest, 16);
	}
	btrfs_csum(BTRFS_CSUM_BLAKE2B, disk, 5000, digest);
	journal_digest(disk, 5000, found.pieces[0].digest);
	assert_memory_equal(found.pieces[0].digest, digest, 16);
}

/* Any byte of one copy may be wrong; of both not. */
static void test_damage(void **state)
{
	(void)state;
	make_journal(5);
	for (u32 at = 0; at < JOURNAL_COPY; at += at < 0x60 ? 1 : 499) {
		disk[AT + at] ^= 0x80;
		expect_found();
		disk[AT + JOURNAL_COPY + at] ^= 1;
		expect_damaged(AT, "both copies of the journal record at 655360 are damaged");
		disk[AT + at] ^= 0x80;
		expect_found();
		disk[AT + JOURNAL_COPY + at] ^= 1;
	}
	memset(disk + AT, 0, JOURNAL_COPY);
	expect_found();
	assert_int_equal(journal_clear(mem, AT), 0);
	for (u32 i = 0; i < JOURNAL_AREA; i++)
		assert_int_equal(disk[AT + i], 0);
	expect_damaged(AT, "are damaged");
}

/* Right digests do not help what makes no sense. */
static void test_senseless(void **state)
{
	static const struct {
		u32 at, value;
	} cases[] = {
		{ J_VERSION, 0 }, { J_VERSION, 2 }, { J_TARGET, 2 }, { J_TARGET, ~0u },
		{ J_NR, JOURNAL_MAX_PIECES + 1 }, { J_NR, ~0u },
		{ J_ADDRESS, AT + JOURNAL_COPY }, { J_ADDRESS + 4, 1 }, { 0x20, 0 },
	};

	(void)state;
	make_journal(2);
	only_first();
	expect_found();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		make_journal(2);
		put_le32(disk + AT + cases[i].at, cases[i].value);
		only_first();
		expect_damaged(AT, "are damaged");
	}
}

static void test_address(void **state)
{
	static const u64 bad[] = { AT + 4096, AT + 1, SIZE, SIZE + JOURNAL_AREA, ~(u64)0xFFFF, 0x8000000000000000 };

	(void)state;
	make_journal(1);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		expect_damaged(bad[i], "is impossible");
	mem->size = AT + JOURNAL_AREA - 1;
	expect_damaged(AT, "is impossible");
	mem->size = SIZE;
	/* a copy of the record elsewhere is not the record */
	memcpy(disk + AT + JOURNAL_AREA, disk + AT, JOURNAL_AREA);
	expect_damaged(AT + JOURNAL_AREA, "are damaged");
}

static void test_io_errors(void **state)
{
	static const struct dev_fault_opts faults[] = {
		{ .fail_write = 1 }, { .fail_write = 2 }, { .fail_flush = 1 }, { .fail_read = 1 },
	};

	(void)state;
	make_journal(1);
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		struct dev *fault = NULL;

		assert_int_equal(dev_fault_new(mem, &faults[i], &fault), 0);
		assert_int_equal(journal_write(fault, &written), faults[i].fail_read ? 0 : ERR_IO);
		assert_int_equal(journal_read(fault, AT, &found), faults[i].fail_read ? ERR_IO : 0);
		if (faults[i].fail_write != 2 && !faults[i].fail_read)
			assert_int_equal(journal_clear(fault, AT), ERR_IO);
		assert_int_equal(dev_close(fault), 0);
		make_journal(1);
	}
}

/* ========== Probe ========== */

enum form { ABSENT, PLAIN, MARKED, STALE, LOST, BAD_SUM };

static void put_ext(enum form form)
{
	u8 *e = disk + 1024, stale[EXT_MARK_SIZE];

	make_ext_super(e, true);
	memcpy(stale, e, sizeof(stale));
	if (form == MARKED || form == STALE || form == LOST)
		ext_mark_set(e, 0x10000);
	if (form == STALE)
		memcpy(e, stale, EXT_MARK_SECTOR);
	if (form == LOST) {
		e[E_FIRST_MARK + 9] ^= 1;
		e[E_SECOND_MARK + 9] ^= 1;
	}
	if (form == BAD_SUM)
		e[E_CHECKSUM] ^= 1;
	if (form == ABSENT)
		memset(e, 0, EXT_MARK_SIZE);
}

static void put_btrfs(enum form form)
{
	u8 *b = disk + 64 * KIB;

	make_btrfs_super(b, BTRFS_CSUM_CRC32C);
	if (form == MARKED)
		btrfs_mark_set(b, 0x20000);
	if (form == BAD_SUM)
		b[4000] ^= 1;
	if (form == ABSENT)
		memset(b, 0, BTRFS_SUPER_SIZE);
}

static void test_probe(void **state)
{
	static const struct {
		enum form ext, btrfs;
		struct journal_state expect;
	} cases[] = {
		{ ABSENT, ABSENT, { 0 } },
		{ PLAIN, ABSENT, { .has_ext = true } },
		{ BAD_SUM, BAD_SUM, { 0 } },
		{ ABSENT, PLAIN, { .has_btrfs = true } },
		{ PLAIN, PLAIN, { .has_ext = true, .has_btrfs = true } },
		{ MARKED, ABSENT, { .armed = true, .ext_marked = true, .address = 0x10000 } },
		{ MARKED, PLAIN, { .armed = true, .ext_marked = true, .address = 0x10000, .has_btrfs = true } },
		{ MARKED, BAD_SUM, { .armed = true, .ext_marked = true, .address = 0x10000 } },
		{ ABSENT, MARKED, { .armed = true, .btrfs_marked = true, .address = 0x20000 } },
		{ BAD_SUM, MARKED, { .armed = true, .btrfs_marked = true, .address = 0x20000 } },
		{ MARKED, MARKED, { .armed = true, .ext_marked = true, .btrfs_marked = true, .address = 0x10000 } },
		{ STALE, ABSENT, { .armed = true, .ext_stale = true, .address = 0x10000 } },
		{ LOST, ABSENT, { .armed = true, .lost = true } },
		{ LOST, PLAIN, { .armed = true, .lost = true, .has_btrfs = true } },
		/* the switch never leaves these: the block at 64 KiB is what somebody put into a file */
		{ PLAIN, MARKED, { .has_ext = true } },
		{ STALE, MARKED, { .armed = true, .ext_stale = true, .address = 0x10000 } },
		{ LOST, MARKED, { .armed = true, .btrfs_marked = true, .address = 0x20000 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct journal_state *x = &cases[i].expect;
		struct journal_state s;

		put_ext(cases[i].ext);
		put_btrfs(cases[i].btrfs);
		messages_gather(&said);
		assert_int_equal(journal_probe(mem, &s), 0);
		if (s.armed != x->armed || s.ext_marked != x->ext_marked || s.btrfs_marked != x->btrfs_marked ||
		    s.ext_stale != x->ext_stale || s.lost != x->lost || (s.armed && s.address != x->address) ||
		    s.has_ext != x->has_ext || s.has_btrfs != x->has_btrfs)
			fail_msg("case %zu", i);
		assert_int_equal(journal_refuse_armed(mem, "/dev/x"), x->armed ? ERR_ARMED : 0);
		assert_int_equal(strstr(said.text, "run fsconvert --resume /dev/x") != NULL, x->armed);
	}
}

static void test_probe_device(void **state)
{
	const struct dev_fault_opts fault_opts = { .fail_read = 1 };
	struct journal_state s;
	struct dev *fault = NULL;

	(void)state;
	put_ext(MARKED);
	put_btrfs(MARKED);
	assert_int_equal(dev_fault_new(mem, &fault_opts, &fault), 0);
	assert_int_equal(journal_probe(fault, &s), ERR_IO);
	assert_int_equal(journal_refuse_armed(fault, "x"), ERR_IO);
	assert_int_equal(dev_close(fault), 0);
	mem->size = 128 * KIB;
	assert_int_equal(journal_refuse_armed(mem, "x"), ERR_ARMED);
	mem->size = 68 * KIB - 1;
	assert_int_equal(journal_refuse_armed(mem, "x"), 0);
	mem->size = SIZE;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_senseless),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_io_errors),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_probe_device),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

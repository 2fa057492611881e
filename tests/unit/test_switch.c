/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The switch on a device that works, or reports its errors: what is written where, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "switch_device.h"

static void test_all_the_way(void **state)
{
	(void)state;
	for (u32 nr = 0; nr < FORM_COUNT; nr++) {
		struct form form = form_nr(nr);
		bool armed = false;

		make_form(&form);
		assert_int_equal(run_switch(mem, &armed), 0);
		assert_true(armed);
		expect_whole(other_than(form.start));
	}
	for (u64 at = RECORD + JOURNAL_AREA; at < DISK; at++)
		if (at < MIRROR || at >= MIRROR + 64 * KIB)
			assert_int_equal(disk[at], 0);
}

/* The same record brings the device back, as from an armed one. */
static void test_back_and_forth(void **state)
{
	(void)state;
	for (u32 nr = 0; nr < FORM_COUNT; nr++) {
		struct form form = form_nr(nr);
		enum holds target = form.start;
		bool armed = false;

		make_form(&form);
		for (int turn = 0; turn < 4; turn++) {
			struct dev *fence = NULL;

			/* E' or B', by what the device holds now */
			j.target = target == HOLDS_EXT ? JOURNAL_TO_BTRFS : JOURNAL_TO_EXT;
			memcpy(j.boot_code, disk, sizeof(j.boot_code));
			assert_int_equal(dev_fence_new(mem, &fence), 0);
			assert_int_equal(switch_arm(fence, &j, &armed), 0);
			if (turn % 2) /* undone at once */
				target = other_than(target);
			target = other_than(target);
			assert_int_equal(switch_to(fence, target), 0);
			assert_int_equal(dev_close(fence), 0);
			expect_whole(target);
		}
	}
}

/* What ext reserved and never wrote is zeros when ext comes back, whatever stood there. */
static void test_never_written(void **state)
{
	const struct form form = { HOLDS_EXT, true, true };
	bool armed;

	(void)state;
	make_form(&form);
	fill_random(disk + 256 * KIB, 12 * KIB);
	fill_random(disk + MIRROR + 32 * KIB, 8 * KIB);
	assert_int_equal(run_switch(mem, &armed), 0);
	assert_int_equal(journal_write(mem, &j), 0);
	btrfs_mark_set(disk + B_HOME, RECORD);
	assert_int_equal(run_resume(mem, HOLDS_EXT), 0);
	expect_whole(HOLDS_EXT);
}

static void expect_fence(struct dev *fence, u64 start, u64 len, bool open)
{
	static u8 buf[512];

	assert_int_equal(dev_write(fence, start, buf, 512), open ? 0 : ERR_BUG);
	assert_int_equal(dev_write(fence, start + len - 512, buf, 512), open ? 0 : ERR_BUG);
}

static void test_fence(void **state)
{
	const struct form form = { HOLDS_EXT, true, true };

	(void)state;
	for (int is_short = 0; is_short < 2; is_short++) {
		struct dev *fence = NULL;
		bool armed;

		make_form(&form);
		/* the copy at 64 MiB does not exist on a device that ends with it or before */
		if (is_short)
			j.device_size = MIRROR + BTRFS_SUPER_SIZE - 1;
		assert_int_equal(dev_fence_new(mem, &fence), 0);
		assert_int_equal(dev_fence_open(fence, 0, DISK, "all that was open before"), 0);
		assert_int_equal(switch_arm(fence, &j, &armed), 0);
		expect_fence(fence, 0, MIB, true);
		expect_fence(fence, MIB, RECORD - MIB, false);
		expect_fence(fence, RECORD, JOURNAL_AREA, true);
		expect_fence(fence, RECORD + JOURNAL_AREA, MIRROR - RECORD - JOURNAL_AREA, false);
		expect_fence(fence, MIRROR, 64 * KIB, !is_short);
		expect_fence(fence, MIRROR + 64 * KIB, DISK - MIRROR - 64 * KIB, false);
		assert_int_equal(dev_close(fence), 0);
		assert_memory_equal(disk + SOURCES, sources, sizeof(sources));
	}
}

/* A damaged copy of what ext needs: going to ext fails before the first write, going to btrfs does not need it. */
static void test_damaged_sources(void **state)
{
	const struct dev_fault_opts none = { 0 };
	const struct form form = { HOLDS_BTRFS, true, true };

	(void)state;
	make_form(&form);
	for (u32 i = 0; i < j.nr_pieces; i++) {
		u8 *byte = disk + j.pieces[i].source + j.pieces[i].len - 1;
		struct dev *fault = NULL, *fence = NULL;
		bool armed;

		restore(whole);
		assert_int_equal(switch_check_sources(mem, &j), 0);
		if (j.pieces[i].source == JOURNAL_ZEROS)
			continue;
		*byte ^= 1;
		messages_gather(&said);
		assert_int_equal(dev_fault_new(mem, &none, &fault), 0);
		assert_int_equal(switch_check_sources(fault, &j), ERR_CORRUPT);
		assert_non_null(strstr(said.text, "is damaged"));
		assert_int_equal(dev_fence_new(mem, &fence), 0);
		assert_int_equal(switch_arm(fence, &j, &armed), 0);
		assert_int_equal(dev_close(fence), 0);
		assert_int_equal(dev_fence_new(fault, &fence), 0);
		assert_int_equal(switch_to_ext(fence, &j), ERR_CORRUPT);
		assert_true(dev_fault_writes(fault) == 0);
		*byte ^= 1;
		assert_int_equal(switch_to_btrfs(fence, &j), 0);
		expect_whole(HOLDS_BTRFS);
		assert_int_equal(dev_close(fence), 0);
		assert_int_equal(dev_close(fault), 0);
	}
	j.pieces[1].len = MIB + 512;
	messages_gather(&said);
	assert_int_equal(switch_check_sources(mem, &j), ERR_CORRUPT);
	assert_non_null(strstr(said.text, "which is impossible"));
	j.pieces[1].len = 4096;
	j.pieces[1].source = DISK - 512;
	assert_int_equal(switch_check_sources(mem, &j), ERR_IO);
}

/* Without a mark nothing is written: a cut would leave nothing to go on from. */
static void test_no_mark(void **state)
{
	const struct dev_fault_opts none = { 0 };
	struct dev *fault = NULL, *fence = NULL;

	(void)state;
	assert_int_equal(dev_fault_new(mem, &none, &fault), 0);
	assert_int_equal(dev_fence_new(fault, &fence), 0);
	for (u32 nr = 0; nr < FORM_COUNT; nr++) {
		struct form form = form_nr(nr);

		make_form(&form);
		messages_gather(&said);
		assert_int_equal(switch_to_btrfs(fence, &j), ERR_IO);
		assert_int_equal(switch_to_ext(fence, &j), ERR_IO);
		assert_non_null(strstr(said.text, "cannot be read back"));
		assert_int_equal(switch_rearm(fence, &j), 0);
	}
	assert_true(dev_fault_writes(fault) == 0);
	assert_int_equal(dev_close(fence), 0);
	assert_int_equal(dev_close(fault), 0);
}

/* The marks that stand, and only they, are written once more. */
static void test_rearm(void **state)
{
	const struct dev_fault_opts none = { 0 };

	(void)state;
	for (u32 nr = 0; nr < FORM_COUNT; nr++) {
		struct form form = form_nr(nr);
		struct dev *fault = NULL, *fence = NULL;
		static u8 armed_copy[COPY_SIZE];
		struct journal_state s;
		bool armed;

		make_form(&form);
		assert_int_equal(dev_fault_new(mem, &none, &fault), 0);
		assert_int_equal(dev_fence_new(fault, &fence), 0);
		assert_int_equal(switch_arm(fence, &j, &armed), 0);
		keep(armed_copy);
		assert_int_equal(journal_probe(mem, &s), 0);
		assert_true(s.ext_marked == (form.start == HOLDS_EXT) && s.btrfs_marked != s.ext_marked);
		assert_true(dev_fault_writes(fault) == 3 && dev_fault_flushes(fault) == 2);
		assert_int_equal(switch_rearm(fence, &j), 0);
		assert_true(dev_fault_writes(fault) == 4 && dev_fault_flushes(fault) == 3);
		keep(whole);
		assert_memory_equal(whole, armed_copy, sizeof(whole));
		memcpy(disk + B_HOME, j.btrfs_super, BTRFS_SUPER_SIZE);
		memcpy(disk + EXT_MARK_HOME, j.ext_super, EXT_MARK_SIZE);
		ext_mark_set(disk + EXT_MARK_HOME, RECORD);
		btrfs_mark_set(disk + B_HOME, RECORD);
		assert_int_equal(switch_rearm(fence, &j), 0);
		assert_true(dev_fault_writes(fault) == 6 && dev_fault_flushes(fault) == 5);
		assert_int_equal(dev_close(fence), 0);
		assert_int_equal(dev_close(fault), 0);
	}
}

static void test_wipe_stale(void **state)
{
	const struct form form = { HOLDS_EXT, true, true };
	u8 marked[EXT_MARK_SIZE];
	struct dev *fence = NULL;

	(void)state;
	make_form(&form);
	memcpy(marked, j.ext_super, sizeof(marked));
	ext_mark_set(marked, RECORD);
	memcpy(disk + EXT_MARK_HOME + 512, marked + 512, 512);
	assert_int_equal(dev_fence_new(mem, &fence), 0);
	assert_int_equal(switch_wipe_stale(fence), 0);
	assert_null(wrong_in_ext(false));
	expect_fence(fence, 0, 1024, false);
	expect_fence(fence, 2048, MIB - 2048, false);
	assert_int_equal(dev_close(fence), 0);
}

/* --- errors --- */

/* What the device holds after a switch that failed can be brought either way; armed says whether it must be. */
static void expect_way_out(const struct form *form, bool armed)
{
	static u8 failed[COPY_SIZE];
	struct journal_state s;

	keep(failed);
	assert_int_equal(journal_probe(mem, &s), 0);
	if (!armed)
		assert_false(s.armed);
	for (u32 target = HOLDS_EXT; target <= HOLDS_BTRFS; target++) {
		const char *wrong = wrong_in_btrfs();

		if (s.has_ext)
			wrong = wrong_in_ext(armed && form->start == HOLDS_BTRFS);
		restore(failed);
		if (!s.armed && wrong)
			fail_msg("not armed, but wrong: %s", wrong);
		if (!s.armed)
			continue;
		assert_int_equal(run_resume(mem, target), 0);
		expect_whole(target);
	}
}

/* The switch has succeeded, though the record could not be cleared. */
static void expect_untidy(const struct form *form)
{
	struct journal_state s;
	const char *wrong = form->start == HOLDS_EXT ? wrong_in_btrfs() : wrong_in_ext(true);

	assert_int_equal(journal_probe(mem, &s), 0);
	assert_true(!s.armed && s.has_btrfs == (form->start == HOLDS_EXT) && s.has_ext != s.has_btrfs);
	if (wrong)
		fail_msg("wrong: %s", wrong);
	assert_int_equal(said.nr[MSG_WARN], 1);
	assert_non_null(strstr(said.text, "the switch is complete"));
}

/* Makes one kind of call fail from the n-th on, for each n until none fails. Returns how often the switch succeeded
 * nevertheless. */
static u32 fail_each(const struct form *form, size_t option)
{
	bool failed = true;
	u32 nr_untidy = 0;
	u64 nr = 1;

	for (; failed; nr++) {
		struct dev_fault_opts opts = { 0 };
		struct dev *fault = NULL;
		bool armed = false;
		u64 writes;
		int ret;

		restore(whole);
		messages_gather(&said);
		memcpy((u8 *)&opts + option, &nr, sizeof(nr));
		assert_int_equal(dev_fault_new(mem, &opts, &fault), 0);
		ret = run_switch(fault, &armed);
		writes = dev_fault_writes(fault);
		assert_int_equal(dev_close(fault), 0);
		/* the record is the first two writes and a flush */
		assert_int_equal(armed, writes >= 3);
		failed = strstr(said.text, "injected failure") != NULL;
		if (ret) {
			assert_true(failed && ret == ERR_IO);
			assert_int_equal(nr_untidy, 0);
			expect_way_out(form, armed);
		} else if (failed) {
			expect_untidy(form);
			nr_untidy++;
		}
	}
	expect_whole(other_than(form->start));
	/* the first call of each kind matters */
	assert_true(nr > 3);
	return nr_untidy;
}

static void test_write_errors(void **state)
{
	(void)state;
	for (u32 nr = 0; nr < FORM_COUNT; nr++) {
		struct form form = form_nr(nr);

		make_form(&form);
		assert_int_equal(fail_each(&form, offsetof(struct dev_fault_opts, fail_write)), 1);
	}
}

static void test_flush_errors(void **state)
{
	(void)state;
	for (u32 nr = 0; nr < FORM_COUNT; nr++) {
		struct form form = form_nr(nr);

		make_form(&form);
		assert_int_equal(fail_each(&form, offsetof(struct dev_fault_opts, fail_flush)), 1);
	}
}

static void test_read_errors(void **state)
{
	(void)state;
	for (u32 nr = 0; nr < FORM_COUNT; nr++) {
		struct form form = form_nr(nr);

		if (form.start == HOLDS_EXT) /* only the superblocks are read on the way to btrfs */
			continue;
		make_form(&form);
		assert_int_equal(fail_each(&form, offsetof(struct dev_fault_opts, fail_read)), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_the_way),
		cmocka_unit_test(test_back_and_forth),
		cmocka_unit_test(test_never_written),
		cmocka_unit_test(test_fence),
		cmocka_unit_test(test_damaged_sources),
		cmocka_unit_test(test_no_mark),
		cmocka_unit_test(test_rearm),
		cmocka_unit_test(test_wipe_stale),
		cmocka_unit_test(test_write_errors),
		cmocka_unit_test(test_flush_errors),
		cmocka_unit_test(test_read_errors),
	};

	return cmocka_run_group_tests(tests, make_disk, free_disk);
}

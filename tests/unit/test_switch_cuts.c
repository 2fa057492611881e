/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Power cuts during the switch: after every write, in the middle of it, and with the writes since the last flush on the
 * device in any order. The device must hold one whole file system, or be marked and lead to the record, from which it
 * can be brought to either of them; and the same when that is cut again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "switch_device.h"
#include "switch_recorder.h"

#define NR_ANY 10 /* orders that are tried for each flush */

static u32 nr_armed, nr_ext, nr_btrfs, nr_stale;

/* What is on the device after a cut. True: it is marked. */
static bool judge(const struct form *form)
{
	static struct journal read_back;
	struct journal_state s;
	const char *wrong = NULL;

	assert_int_equal(journal_probe(mem, &s), 0);
	if (s.ext_stale) {
		struct dev *fence = NULL;

		nr_stale++;
		assert_int_equal(dev_fence_new(mem, &fence), 0);
		assert_int_equal(switch_wipe_stale(fence), 0);
		assert_int_equal(dev_close(fence), 0);
		assert_int_equal(journal_probe(mem, &s), 0);
	}
	if (s.lost || (!s.armed && s.has_ext == s.has_btrfs))
		fail_msg("nothing to go on from");
	if (s.armed) {
		nr_armed++;
		assert_false(s.has_ext || s.has_btrfs);
		assert_true(s.address == RECORD);
		assert_int_equal(journal_read(mem, s.address, &read_back), 0);
		assert_int_equal(read_back.target, j.target);
		return true;
	}
	if (s.has_ext)
		wrong = wrong_in_ext(form->start == HOLDS_BTRFS);
	else
		wrong = wrong_in_btrfs();
	if (wrong)
		fail_msg("holds %s, but wrong: %s", s.has_ext ? "ext" : "btrfs", wrong);
	*(s.has_ext ? &nr_ext : &nr_btrfs) += 1;
	return false;
}

/* Marked: goes on into both directions, uncut, and then cut at some place and on from there. */
static void go_on(const struct form *form)
{
	static u8 armed[COPY_SIZE], again[COPY_SIZE];
	struct recorder recorder;
	struct journal_state s;

	keep(armed);
	assert_int_equal(journal_probe(mem, &s), 0);
	for (u32 target = HOLDS_EXT; target <= HOLDS_BTRFS; target++) {
		struct cut cut = { 0 };

		restore(armed);
		recorder_init(&recorder, mem);
		assert_int_equal(run_resume(&recorder.dev, target), 0);
		expect_whole(target);

		restore(armed);
		cut.epoch = (u32)random() % recorder.nr_epochs;
		cut.whole = (u32)random() % (recorder_epoch_writes(&recorder, cut.epoch) + 1);
		cut.half = random() % 2;
		cut.any = random() % 2;
		recorder_cut(&recorder, &cut);
		assert_int_equal(dev_close(&recorder.dev), 0);
		if (!judge(form))
			continue;
		keep(again);
		for (u32 last = HOLDS_EXT; last <= HOLDS_BTRFS; last++) {
			restore(again);
			assert_int_equal(run_resume(mem, last), 0);
			expect_whole(last);
		}
	}
}

static void try_cut(const struct form *form, const struct recorder *r, const struct cut *cut)
{
	restore(whole);
	recorder_cut(r, cut);
	messages_gather(&said);
	if (judge(form))
		go_on(form);
}

static void test_every_cut(void **state)
{
	struct recorder recorder;

	(void)state;
	for (u32 nr = 0; nr < FORM_COUNT; nr++) {
		struct form form = form_nr(nr);
		bool armed;

		make_form(&form);
		recorder_init(&recorder, mem);
		assert_int_equal(run_switch(&recorder.dev, &armed), 0);
		for (u32 epoch = 0; epoch < recorder.nr_epochs; epoch++) {
			u32 writes = recorder_epoch_writes(&recorder, epoch);

			for (u32 i = 0; i <= writes; i++) {
				try_cut(&form, &recorder, &(struct cut){ .epoch = epoch, .whole = i });
				try_cut(&form, &recorder, &(struct cut){ .epoch = epoch, .whole = i, .half = true });
			}
			for (u32 i = 0; i < NR_ANY; i++)
				try_cut(&form, &recorder, &(struct cut){ .epoch = epoch, .any = true });
		}
		assert_int_equal(dev_close(&recorder.dev), 0);
	}
	assert_true(nr_armed > 500 && nr_ext > 100 && nr_btrfs > 100 && nr_stale > 0);
}

/* The same cuts as the fault layer makes them, while the switch runs on and does not know. */
static void test_cuts_by_number(void **state)
{
	(void)state;
	for (u32 nr = 0; nr < 2 * FORM_COUNT; nr++) {
		struct form form = form_nr(nr);
		u64 n = 1, writes;

		make_form(&form);
		do {
			const struct dev_fault_opts opts = { .cut_write = n, .torn = nr >= FORM_COUNT };
			struct dev *fault = NULL;
			bool armed;

			restore(whole);
			messages_gather(&said);
			assert_int_equal(dev_fault_new(mem, &opts, &fault), 0);
			if (run_switch(fault, &armed) == 0)
				assert_true(n > 2); /* there was a mark to be read back */
			writes = dev_fault_writes(fault);
			assert_int_equal(dev_close(fault), 0);
			if (judge(&form))
				go_on(&form);
		} while (n++ <= writes);
		expect_whole(other_than(form.start));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_cuts_by_number),
	};

	return cmocka_run_group_tests(tests, make_disk, free_disk);
}

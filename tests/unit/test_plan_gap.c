/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The free space that the plan may use: between what ext uses, and behind a file system shorter than its device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "phase_job.h"

#define UNIT ((u64)64 * KIB)
#define TAIL (3 * MIB + 12 * KIB)

static struct image image, longer; /* the same on a device that is longer */
static bool used[128 * MIB / SECTOR];
static u64 used_end;

static int setup(void **state)
{
	(void)state;
	image = image_make(80, "-t ext4 -b 4096 -J size=4 -g 8192 -O ^resize_inode,^sparse_super,^sparse_super2",
			   "for i in 1 2 3 4 5 6; do yes | head -c 9000000 >f$i; done",
			   "punch f2 0 2000\npunch f4 100 1500\npunch f5 3 50\nmkdir d");
	longer.size = image.size + TAIL + SECTOR;
	assert_int_equal(dev_mem_new(longer.size, &longer.dev), 0);
	longer.data = dev_mem_data(longer.dev);
	memcpy(longer.data, image.data, image.size);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	image_free(&image);
	image_free(&longer);
	return 0;
}

static int mark_used(void *ctx, u64 start, u64 len)
{
	(void)ctx;
	for (u64 at = start; at < start + len; at += SECTOR)
		used[at / SECTOR] = true;
	used_end = start + len;
	return 0;
}

static struct job *begin(struct dev *disk)
{
	struct job *job = phase_job_new(disk, NULL);

	job->plan = calloc(1, sizeof(*job->plan));
	assert_non_null(job->plan);
	return job;
}

static bool unit_is_used(u64 start)
{
	for (u64 at = start; at < start + UNIT; at += SECTOR)
		if (used[at / SECTOR])
			return true;
	return false;
}

/* Each unit of 64 KiB is in a gap exactly when nothing of it is used, and it lies above 1 MiB. */
static void test_gaps(void **state)
{
	struct job *job = begin(image.dev);
	struct plan *plan = job->plan;
	size_t gap = 0;
	u32 bit = 0;

	(void)state;
	memset(used, 0, sizeof(used));
	assert_int_equal(ext_used_iterate(job->ext, mark_used, NULL), 0);
	assert_int_equal(plan_find_size(job), 0);
	assert_true(plan->total_bytes == image.size && job->plan_stats.tail_bytes == 0);
	assert_int_equal(plan_find_gaps(job), 0);
	assert_true(plan->last_used == used_end && plan->gap_min == UNIT);
	for (u64 at = 0; at + UNIT <= image.size; at += UNIT) {
		bool in_gap;

		while (gap < plan->nr_gaps && plan->gaps[gap].start + plan->gaps[gap].len <= at)
			gap++;
		in_gap = gap < plan->nr_gaps && plan->gaps[gap].start <= at;
		assert_int_equal(in_gap, at >= MIB && !unit_is_used(at));
	}
	assert_true(plan->nr_gaps > 3);
	for (size_t i = 0; i < plan->nr_gaps; i++) {
		assert_true(plan->gaps[i].start % UNIT == 0 && plan->gaps[i].len % UNIT == 0 && plan->gaps[i].len > 0);
		assert_true(i == 0 || plan->gaps[i].start > plan->gaps[i - 1].start + plan->gaps[i - 1].len);
	}
	for (u64 at = 0; at < MIB; at += UNIT, bit++)
		assert_int_equal(plan->reserved_used >> bit & 1, unit_is_used(at));
	assert_int_equal(plan->reserved_used >> bit & 1, unit_is_used(64 * MIB));
	assert_int_equal(plan->reserved_used >> (bit + 1), 0);
	phase_job_free(job);
}

/* ========== The tail ========== */

static void set_tail(u64 tail)
{
	longer.dev->size = image.size + tail;
	memset(longer.data + image.size, 0, longer.size - image.size);
}

/* The size that is found with such a tail, where something stands so many bytes behind the file system. */
static u64 size_with(u64 tail, u64 at, const char *magic, u32 len, u64 offset)
{
	struct job *job;
	u64 total;

	set_tail(tail);
	job = begin(longer.dev);
	memcpy(longer.data + image.size + at, magic, len); /* only now: opening refuses some of them */
	job->config.offset = offset;
	assert_int_equal(plan_find_size(job), 0);
	total = job->plan->total_bytes;
	assert_true(job->plan_stats.tail_bytes == total - image.size);
	if (tail >= SECTOR && !offset)
		assert_int_equal(strstr(phase_said.text, "are left alone: there is") != NULL, total == image.size);
	phase_job_free(job);
	return total;
}

static void test_tail(void **state)
{
	(void)state;
	assert_true(size_with(TAIL, 0, "", 0, 0) == image.size + TAIL);
	assert_true(size_with(TAIL + 1000, 0, "", 0, 0) == image.size + TAIL);
	assert_true(size_with(SECTOR, 0, "", 0, 0) == image.size + SECTOR);
	assert_true(size_with(SECTOR - 1, 0, "", 0, 0) == image.size);
	/* with an offset nobody knows whose it is */
	assert_true(size_with(TAIL, 0, "", 0, MIB) == image.size);
}

/* What may stand at the end or at the begin of the tail, by the documents of those formats. */
static void test_tail_owners(void **state)
{
	const u64 end = TAIL, aligned = (image.size + TAIL) / UNIT * UNIT - UNIT - image.size;
	const struct {
		const char *name;
		u64 at;
		const char *magic;
		u32 len;
	} owners[] = {
		{ "GPT backup", end - 512, "EFI PART", 8 },
		{ "md 1.0", end - 8192, "\xfc\x4e\x2b\xa9", 4 },
		{ "md 1.0", end - 12288, "\xfc\x4e\x2b\xa9", 4 },
		{ "md 0.90", aligned, "\xfc\x4e\x2b\xa9", 4 },
		{ "DDF", end - 512, "\xde\x11\xde\x11", 4 },
		{ "Intel", end - 1024, "Intel Raid ISM Cfg. Sig. ", 25 },
		{ "LUKS", 0, "LUKS\xba\xbe", 6 },
		{ "LVM", 512, "LABELONE", 8 },
		{ "XFS", 0, "XFSB", 4 },
		{ "ext", 1024 + 56, "\x53\xef", 2 },
		{ "btrfs", 65536 + 64, "_BHRfS_M", 8 },
		{ "swap", 4096 - 10, "SWAPSPACE2", 10 },
		{ "GPT", 512, "EFI PART", 8 },
		{ "md 1.1", 0, "\xfc\x4e\x2b\xa9", 4 },
		{ "md 1.2", 4096, "\xfc\x4e\x2b\xa9", 4 },
		{ "NTFS", 3, "NTFS    ", 8 },
		{ "FAT", 510, "\x55\xaa", 2 },
		{ "F2FS", 1024, "\x10\x20\xf5\xf2", 4 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(owners); i++) {
		const char *magic = owners[i].magic;
		u32 len = owners[i].len;

		if (size_with(TAIL, owners[i].at, magic, len, 0) != image.size)
			fail_msg("%s is not respected", owners[i].name);
		if (size_with(TAIL, MIB + 1000 + owners[i].at / 7, magic, len, 0) != image.size + TAIL)
			fail_msg("%s is seen where it cannot be", owners[i].name);
	}
}

/* The tail becomes part of the last gap. */
static void test_tail_gap(void **state)
{
	struct job *job;
	const struct range *last;

	(void)state;
	set_tail(TAIL);
	job = begin(longer.dev);
	assert_int_equal(plan_find_size(job), 0);
	assert_int_equal(plan_find_gaps(job), 0);
	last = &job->plan->gaps[job->plan->nr_gaps - 1];
	assert_true(last->start + last->len == (image.size + TAIL) / UNIT * UNIT);
	phase_job_free(job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_tail),
		cmocka_unit_test(test_tail_owners),
		cmocka_unit_test(test_tail_gap),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

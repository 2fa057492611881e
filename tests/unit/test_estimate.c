/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The estimate of the time: where samples lie, what is counted, that a slow device gives long times at little cost. */
#include <stdatomic.h>
#include <time.h>

#include "convert/estimate.h"
#include "convert/plan.h"
#include "phase_job.h"

/* A device whose every read takes so long; the second of two small ones is as slow as the first. */
struct slow {
	struct dev dev;
	struct dev *below;
	long milliseconds;
	atomic_uint nr_reads; /* while it is slow */
};

static struct image image;

static int slow_read(struct dev *dev, u64 offset, void *buf, size_t len)
{
	struct slow *slow = (struct slow *)dev;
	struct timespec t = { 0, slow->milliseconds * 1000000 };

	if (slow->milliseconds) {
		atomic_fetch_add(&slow->nr_reads, 1);
		nanosleep(&t, NULL);
	}
	return dev_read(slow->below, offset, buf, len);
}

static int slow_close(struct dev *dev)
{
	(void)dev;
	return 0;
}

static const struct dev_ops slow_ops = { .read = slow_read, .close = slow_close };

static int set_up(void **state)
{
	(void)state;
	image = image_make(64, "-t ext4 -b 4096 -J size=4",
			   "for i in 1 2 3 4 5 6 7 8; do yes $i | head -c 4000000 > $i; echo x > s$i; done", NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	image_free(&image);
	return 0;
}

/* Plans with the samples read from a device that takes so long for each. */
static struct job *estimated(struct slow *slow, bool datasum, long milliseconds)
{
	struct config config;
	struct job *job;

	*slow = (struct slow){ { &slow_ops, "slow", image.size, true }, image.dev, 0, 0 };
	config_init(&config);
	config.datasum = datasum;
	job = phase_job_new(&slow->dev, &config);
	phase_plan(job);
	slow->milliseconds = milliseconds;
	phase_must("estimate", estimate_run(job));
	slow->milliseconds = 0;
	return job;
}

static int note_used(void *ctx, u64 start, u64 len)
{
	u8 *used = ctx;

	memset(used + start / SECTOR, 1, len / SECTOR);
	return 0;
}

static int drop_never_written(void *ctx, u64 start, u64 len, enum ext_fixed kind)
{
	u8 *used = ctx;

	if (kind == EXT_FIXED_UNINIT)
		memset(used + start / SECTOR, 0, len / SECTOR);
	return 0;
}

/* Each sample lies where its share of what is used and was written ends. */
static void test_samples(void **state)
{
	struct slow slow;
	struct job *job = estimated(&slow, true, 0);
	const struct plan *plan = job->plan;
	u8 *used = calloc(image.size / SECTOR, 1);
	u64 step = job->scan_stats.used_bytes / PLAN_MAX_SAMPLES + 1, at, passed = 0;
	u32 i = 0;

	(void)state;
	assert_non_null(used);
	assert_int_equal(ext_used_iterate(job->ext, note_used, used), 0);
	assert_int_equal(ext_fixed_iterate(job->ext, drop_never_written, used), 0);
	assert_int_equal(plan->nr_samples, div_up(plan->count.image_bytes, step));
	assert_true(plan->nr_samples > PLAN_MAX_SAMPLES / 2 && plan->nr_samples <= PLAN_MAX_SAMPLES);
	for (at = 0; at < image.size; at += SECTOR) {
		if (!used[at / SECTOR])
			continue;
		if (i < plan->nr_samples && i * step < passed + SECTOR)
			assert_int_equal(plan->samples[i++], at);
		passed += SECTOR;
	}
	assert_int_equal(i, plan->nr_samples);
	assert_true(job->estimate.known && job->estimate.rate > 0 && job->estimate.seconds > 0);
	assert_int_equal(job->estimate.read_bytes, plan->count.csum_bytes);
	assert_int_equal(job->estimate.write_bytes,
			 (plan->dup ? 2 : 1) * job->plan_stats.metadata_expected + job->plan_stats.moved_bytes);
	free(used);
	phase_job_free(job);
}

/* 10 ms for 512 KiB, or for 1 MiB by four at once: 400 MiB/s at most. */
static void test_slow(void **state)
{
	struct slow slow;
	struct job *fast = estimated(&slow, true, 0), *job;
	double least;

	(void)state;
	job = estimated(&slow, true, 10);
	assert_true(job->estimate.rate <= 400 * MIB);
	least = (double)job->estimate.read_bytes / (400.0 * MIB);
	assert_true(job->estimate.seconds > least && job->estimate.seconds < 100 * least + 2);
	assert_true(job->estimate.seconds > fast->estimate.seconds);
	phase_job_free(job);
	/* the time for samples is limited: one alone, in two parts, and one by each of four */
	job = estimated(&slow, true, 300);
	assert_true(job->estimate.rate <= 14 * MIB);
	assert_int_equal(slow.nr_reads, 6);
	phase_job_free(job);
	/* without checksums little is read */
	job = estimated(&slow, false, 10);
	assert_int_equal(job->estimate.read_bytes,
			 job->scan_stats.nr_inline * SECTOR + job->plan_stats.moved_bytes);
	assert_true(job->scan_stats.nr_inline == 8);
	phase_job_free(job);
	phase_job_free(fast);
}

static void test_io_errors(void **state)
{
	struct dev_fault_opts opts = { .fail_read = 1 };
	struct dev *fault, *fence;
	struct slow slow;
	struct job *job = estimated(&slow, true, 0);

	(void)state;
	for (; opts.fail_read < 20; opts.fail_read += 18) { /* of one by one, of several at once */
		assert_int_equal(dev_fault_new(image.dev, &opts, &fault), 0);
		fence = job->dev;
		job->dev = fault;
		assert_int_equal(estimate_run(job), ERR_IO);
		job->dev = fence;
		assert_int_equal(dev_close(fault), 0);
	}
	phase_job_free(job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_slow),
		cmocka_unit_test(test_io_errors),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The estimate is made of four parts, all of them measured on this device and this machine:
 *
 *     sweep    the data once, at the rate of the samples, plus a seek for each gap, or as fast as checksums are made
 *     inodes   the fs tree is built from what the scan has read: in a share of the scan's time
 *     write    the trees, which no sample can tell of: at half the rate of reading
 *     verify   the trees again, at the rate of reading
 *
 * Half of the samples are read one by one, each in two parts that lie side by side: the second part gives the rate of a
 * disk that reads on, and what the first one takes longer is the seek. The others are read by several threads at once,
 * as the sweep does, which shows what a device without moving parts can do. The better rate counts.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs_csum.h"
#include "convert/estimate.h"
#include "convert/plan.h"

#define PART (512 * KIB)
#define SAMPLE (2 * PART)
/* For each half of the samples. */
#define MAX_SECONDS 0.25
/* What the sweep reads at once, how many windows it has in flight, and how many threads make checksums. */
#define WINDOW (2 * MIB)
#define READERS 4
#define MAX_THREADS 8

/* Building and proving the fs tree, against the scan. */
#define INODE_SHARE 1.0
#define WRITE_COST 2.0
/* Flushes of the switch. */
#define SWITCH_SECONDS 0.2

/* What reading one by one has shown. */
struct rates {
	double first, second; /* seconds for each part */
	double csum;          /* seconds for the checksums of the second part */
	u64 bytes;            /* of the second parts */
	u32 nr;
};

/* Reading by several threads. */
struct race {
	struct job *job;
	double deadline;
	atomic_uint next; /* of the plan's samples */
	atomic_uint done; /* samples read */
	atomic_int ret;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Every second sample is read alone, beginning with the first. */
static bool sample_fits(const struct job *job, u32 i, u64 *at)
{
	*at = job->plan->samples[i];
	return *at + SAMPLE <= job->dev->size;
}

static int read_parts(struct job *job, u64 at, u8 *buf, struct rates *rates)
{
	enum btrfs_csum_type type = job->plan->params.csum_type;
	double begin, middle, end;
	int ret;

	begin = now();
	ret = dev_read(job->dev, at, buf, PART);
	if (ret)
		return ret;
	middle = now();
	ret = dev_read(job->dev, at + PART, buf, PART);
	if (ret)
		return ret;
	end = now();
	btrfs_csum_sectors(type, buf, PART / SECTOR, buf + PART);
	rates->csum += now() - end;
	rates->first += middle - begin;
	rates->second += end - middle;
	rates->bytes += PART;
	rates->nr++;
	return 0;
}

static int read_alone(struct job *job, struct rates *rates)
{
	double deadline = now() + MAX_SECONDS;
	void *buf = NULL;
	int ret = 0;
	u64 at;
	u32 i;

	if (posix_memalign(&buf, PART, PART + PART / SECTOR * BTRFS_CSUM_MAX))
		return msg_nomem("estimate");
	for (i = 0; !ret && i < job->plan->nr_samples && now() < deadline; i += 2) {
		if (sample_fits(job, i, &at))
			ret = read_parts(job, at, buf, rates);
	}
	free(buf);
	return ret;
}

static void *reader(void *ctx)
{
	struct race *race = ctx;
	void *buf = NULL;
	u32 i;
	u64 at;
	int ret = 0;

	if (posix_memalign(&buf, PART, SAMPLE))
		return NULL;
	while (!ret && now() < race->deadline) {
		i = 2 * atomic_fetch_add(&race->next, 1) + 1;
		if (i >= race->job->plan->nr_samples)
			break;
		if (!sample_fits(race->job, i, &at))
			continue;
		ret = dev_read(race->job->dev, at, buf, SAMPLE);
		if (!ret)
			atomic_fetch_add(&race->done, 1);
	}
	if (ret)
		atomic_store(&race->ret, ret);
	free(buf);
	return NULL;
}

/* Seconds for a byte, 0 when nothing could be read. */
static int read_together(struct job *job, double *per_byte)
{
	struct race race = { .job = job };
	double begin = now();
	pthread_t threads[READERS];
	u32 nr = 0, i;

	race.deadline = begin + MAX_SECONDS;
	while (nr < READERS && !pthread_create(&threads[nr], NULL, reader, &race))
		nr++;
	for (i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
	*per_byte = race.done ? (now() - begin) / ((double)race.done * SAMPLE) : 0;
	return race.ret;
}

/* Seconds that the sweep takes. */
static double sweep_seconds(const struct job *job, const struct rates *rates, double per_byte)
{
	double bytes = (double)job->estimate.read_bytes, seek = (rates->first - rates->second) / rates->nr;
	double windows = bytes / WINDOW, gaps = (double)job->scan_stats.nr_used_runs;
	double read = bytes * per_byte, csum = bytes / (double)rates->bytes * rates->csum;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (seek > 0)
		read += seek * (gaps < windows ? gaps : windows) / READERS;
	csum /= cpus < 1 ? 1 : cpus > MAX_THREADS ? MAX_THREADS : (double)cpus;
	return job->config.datasum && csum > read ? csum : read;
}

int estimate_run(struct job *job)
{
	const struct plan_stats *plan = &job->plan_stats;
	struct estimate *estimate = &job->estimate;
	struct rates rates = { 0 };
	double together = 0, per_byte;
	int ret = read_alone(job, &rates);

	if (!ret)
		ret = read_together(job, &together);
	if (ret)
		return ret;
	estimate->read_bytes = job->config.datasum ? job->plan->count.csum_bytes
						   : job->scan_stats.nr_inline * SECTOR + plan->moved_bytes;
	estimate->write_bytes = plan->metadata_expected * (plan->dup ? 2 : 1) + plan->moved_bytes;
	estimate->seconds = SWITCH_SECONDS + INODE_SHARE * job->seconds[1];
	if (rates.nr) {
		per_byte = rates.second / (double)rates.bytes;
		if (together > 0 && together < per_byte)
			per_byte = together;
		estimate->rate = per_byte > 0 ? (u64)(1 / per_byte) : 0;
		estimate->seconds += sweep_seconds(job, &rates, per_byte) +
				     (double)estimate->write_bytes * per_byte * (WRITE_COST + 1);
	}
	estimate->known = true;
	return 0;
}

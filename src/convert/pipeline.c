/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pipeline: runs the phases in order, times them, and stops where the action asks for it.
 *
 *     open -> scan -> plan -> build -> verify -> commit
 *                       |                 '-- --rehearse ends here
 *                       '-- --check ends here
 *
 * Roll back, resume and status are runs of their own.
 */
#include <stdlib.h>
#include <sys/sysinfo.h>
#include <time.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "base/uuid.h"
#include "btrfs/btrfs_csum.h"
#include "convert/build.h"
#include "convert/commit.h"
#include "convert/estimate.h"
#include "convert/job.h"
#include "convert/journal.h"
#include "convert/machine.h"
#include "convert/plan.h"
#include "convert/resume.h"
#include "convert/rollback.h"
#include "convert/scan.h"
#include "convert/status.h"
#include "convert/verify.h"

#define DEFAULT_MEMORY (256 * MIB)

static void choose_memory(struct config *config)
{
	struct sysinfo info;

	if (config->memory)
		return;
	config->memory = DEFAULT_MEMORY;
	if (sysinfo(&info) == 0)
		config->memory = min_u64(DEFAULT_MEMORY, (u64)info.totalram * info.mem_unit / 4);
	config->memory = max_u64(config->memory, 16 * MIB);
}

#ifdef FSCONVERT_FAULT
/* Debug builds: faults of the device, by the environment. */
static int open_fault(struct job *job)
{
	const char *text = getenv("FSCONVERT_FAULT");
	struct dev_fault_opts opts = { 0 };
	int ret;

	if (!text)
		return 0;
	ret = dev_fault_parse(text, &opts);
	return ret ? ret : dev_fault_new(job->disk, &opts, &job->fault);
}
#else
static int open_fault(struct job *job)
{
	(void)job;
	return 0;
}
#endif

static bool only_reads(enum config_action action)
{
	return action == CONFIG_CHECK || action == CONFIG_ROLLBACK_CHECK || action == CONFIG_STATUS;
}

static int open_device(struct job *job)
{
	bool check = only_reads(job->config.action);
	struct dev_file_opts opts = { .write = !check, .exclusive = !check, .offset = job->config.offset };
	int ret;

	choose_memory(&job->config);
	ret = btrfs_csum_init();
	if (!ret)
		ret = dev_file_open(job->config.device, &opts, &job->disk);
	if (!ret)
		ret = open_fault(job);
	return ret ? ret : dev_fence_new(job->fault ? job->fault : job->disk, &job->dev);
}

static int phase_open(struct job *job)
{
	int ret = open_device(job);

	if (!ret)
		ret = journal_refuse_armed(job->dev, job->config.device);
	return ret ? ret : ext_open(job->dev, &job->ext);
}

static int phase_scan(struct job *job)
{
	int ret = scan_run(job);

	return ret ? ret : machine_run(job);
}

/* What a rewritten fstab adds to what scan has counted. */
static void expect_fstab(const struct machine *m, struct verify_expect *expect)
{
	if (!m || !m->rewrites)
		return;
	expect->nr_files++;
	expect->nr_names++;
	expect->nr_inline++;
	expect->inline_bytes += m->len;
	expect->nr_xattrs += m->nr_xattrs;
}

static int phase_verify(struct job *job)
{
	const struct scan_stats *scan = &job->scan_stats;
	const struct plan_count *count = &job->plan->count;
	const struct verify_watch watch = { job->progress, job->stop };
	struct verify_expect expect;
	int ret;

	verify_expect_init(&expect);
	expect.nr_files = scan->nr_files;
	expect.nr_dirs = scan->nr_dirs;
	expect.nr_symlinks = scan->nr_symlinks;
	expect.nr_nodes = scan->nr_nodes;
	expect.nr_names = scan->nr_names;
	expect.nr_xattrs = job->config.xattr ? scan->nr_xattrs : 0;
	expect.nr_inline = scan->nr_inline;
	expect.inline_bytes = job->build_stats.inline_bytes;
	expect.data_bytes = scan->data_bytes - scan->nr_inline * SECTOR;
	expect.prealloc_bytes = scan->prealloc_bytes;
	expect.image_size = ext_get_info(job->ext)->size;
	expect.image_bytes = count->image_bytes;
	expect.uninit_bytes = count->uninit_bytes;
	expect.csum_bytes = job->config.datasum ? count->csum_bytes : 0;
	expect_fstab(job->machine, &expect);
	dev_fence_close(job->dev);
	ret = verify_trees(job->dev, job->build->super_block, &expect, &watch, NULL);
	if (ret == ERR_STOPPED)
		job_say_stopped(job);
	return ret;
}

enum { PHASE_OPEN, PHASE_SCAN, PHASE_PLAN, PHASE_BUILD, PHASE_VERIFY, PHASE_COMMIT, NR_PHASES };

static int (*const phases[NR_PHASES])(struct job *job) = {
	[PHASE_OPEN] = phase_open,   [PHASE_SCAN] = phase_scan,     [PHASE_PLAN] = plan_run,
	[PHASE_BUILD] = build_run,   [PHASE_VERIFY] = phase_verify, [PHASE_COMMIT] = commit_run,
};

static int last_phase(enum config_action action)
{
	switch (action) {
	case CONFIG_CHECK:
		return PHASE_PLAN;
	case CONFIG_REHEARSE:
		return PHASE_VERIFY;
	default:
		return PHASE_COMMIT;
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What stands between the plan and the first write. */
static int approve(struct job *job)
{
	if (job->plan_hook)
		job->plan_hook(job->plan_hook_ctx, job);
	if (!job->config.max_seconds || job->estimate.seconds <= (double)job->config.max_seconds)
		return 0;
	msg_err("%s: the conversion is estimated to take %.0f more seconds, and max-time allows %llu. Nothing was "
		"written.",
		job->config.device, job->estimate.seconds, (unsigned long long)job->config.max_seconds);
	return ERR_REFUSED;
}

static int convert(struct job *job)
{
	int ret = 0;

	for (int i = 0; !ret && i <= last_phase(job->config.action); i++) {
		double start = now();

		ret = phases[i](job);
		if (!ret && i == PHASE_PLAN)
			ret = estimate_run(job);
		job->seconds[i] = now() - start;
		if (!ret && i == PHASE_PLAN)
			ret = approve(job);
	}
	return ret;
}

/* Any other run than a conversion. */
static int run_other(struct job *job, int (*run)(struct job *job))
{
	double start = now();
	int ret = open_device(job);

	if (!ret)
		ret = run(job);
	job->other_seconds = now() - start;
	return ret;
}

int job_run(struct job *job)
{
	int ret = config_check(&job->config);

	if (ret)
		return ret;
	/* one for all phases: the fstab may have to name it */
	if (job->config.uuid_mode == CONFIG_UUID_NEW)
		uuid_make_random(job->config.uuid);
	switch (job->config.action) {
	case CONFIG_ROLLBACK:
	case CONFIG_ROLLBACK_CHECK:
		return run_other(job, rollback_run);
	case CONFIG_RESUME:
		return run_other(job, resume_run);
	case CONFIG_STATUS:
		return run_other(job, status_run);
	default:
		return convert(job);
	}
}

int job_close(struct job *job)
{
	int ret = 0, err;

	build_free(job->build);
	plan_free(job->plan);
	machine_free(job->machine);
	scan_free(job->scan);
	ext_close(job->ext);
	job->build = NULL;
	job->plan = NULL;
	job->machine = NULL;
	job->scan = NULL;
	job->ext = NULL;
	err = dev_close(job->dev);
	ret = ret ? ret : err;
	err = dev_close(job->fault);
	ret = ret ? ret : err;
	err = dev_close(job->disk);
	job->dev = job->fault = job->disk = NULL;
	return ret ? ret : err;
}

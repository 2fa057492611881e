/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real phases of a conversion on an image in memory, one by one, so that a test can look at what each leaves. */
#ifndef TEST_PHASE_JOB_H
#define TEST_PHASE_JOB_H

#include "base/arith.h"
#include "btrfs/btrfs_csum.h"
#include "convert/build.h"
#include "ext_image.h"

static struct messages phase_said;

/* Opened and ready to be scanned. disk is borrowed. */
static inline struct job *phase_job_new(struct dev *disk, const struct config *config)
{
	struct job *job = calloc(1, sizeof(*job));

	assert_non_null(job);
	messages_gather(&phase_said);
	assert_int_equal(btrfs_csum_init(), 0);
	if (config)
		job->config = *config;
	else
		config_init(&job->config);
	job->config.device = "memory";
	job->config.memory = 16 * MIB;
	assert_int_equal(dev_fence_new(disk, &job->dev), 0);
	if (ext_open(job->dev, &job->ext))
		fail_msg("not opened: %s", phase_said.text);
	return job;
}

static inline void phase_job_free(struct job *job)
{
	assert_int_equal(job_close(job), 0);
	free(job);
	msg_set_sink(NULL, NULL);
}

static inline void phase_must(const char *name, int ret)
{
	if (ret)
		fail_msg("%s: %d: %s", name, ret, phase_said.text);
}

static inline void phase_plan(struct job *job)
{
	phase_must("scan", scan_run(job));
	phase_must("plan", plan_run(job));
}

static inline void phase_build(struct job *job)
{
	phase_plan(job);
	phase_must("build", build_run(job));
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies out of the job what will be shown. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/status.h"
#include "cli/summary.h"

static_assert(sizeof(((struct job *)NULL)->seconds) == SUMMARY_PHASES * sizeof(double), "one time for each phase");

const char *const summary_phases[SUMMARY_PHASES] = { "open", "scan", "plan", "build", "verify", "commit" };

static void copy_text(char *to, size_t size, const char *from)
{
	size_t len = strnlen(from, size - 1);

	memcpy(to, from, len);
	to[len] = '\0';
}

void summary_init(struct summary *summary, const struct config *config)
{
	struct stat st;

	memset(summary, 0, sizeof(*summary));
	summary->config = *config;
	summary->block_device = config->device && stat(config->device, &st) == 0 && S_ISBLK(st.st_mode);
}

void summary_take_source(struct summary *summary, const struct job *job)
{
	if (!job->ext || summary->has_source)
		return;
	summary->source = *ext_get_info(job->ext);
	copy_text(summary->source_features, sizeof(summary->source_features),
		  summary->source.features ? summary->source.features : "");
	summary->source.features = summary->source_features;
	summary->has_source = true;
}

int summary_take_plan(struct summary *summary, const struct job *job)
{
	const struct btrfs_chunk *chunks;
	size_t nr = 0;

	summary_take_source(summary, job);
	summary->scan = job->scan_stats;
	summary->machine = job->machine_stats;
	summary->plan = job->plan_stats;
	summary->estimate = job->estimate;
	summary->params = *plan_params(job);
	memcpy(summary->fsid, plan_fsid(job), sizeof(summary->fsid));
	copy_text(summary->label, sizeof(summary->label), plan_label(job));
	summary->has_plan = true;

	chunks = plan_chunks(job, &nr);
	if (!nr)
		return 0;
	summary->chunks = calloc(nr, sizeof(*chunks));
	if (!summary->chunks)
		return ERR_NOMEM;
	memcpy(summary->chunks, chunks, nr * sizeof(*chunks));
	summary->nr_chunks = nr;
	return 0;
}

void summary_take_rollback(struct summary *summary, const struct job *job)
{
	summary->rollback = job->rollback_stats;
}

void summary_take_end(struct summary *summary, const struct job *job)
{
	summary_take_source(summary, job);
	summary_take_rollback(summary, job);
	summary->resume = job->resume_stats;
	summary->state = job->state;
	summary->other_seconds = job->other_seconds;
	summary->build = job->build_stats;
	memcpy(summary->seconds, job->seconds, sizeof(summary->seconds));
}

double summary_total_seconds(const struct summary *summary)
{
	double sum = summary->other_seconds;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(summary->seconds); i++)
		sum += summary->seconds[i];
	return sum;
}

void summary_fini(struct summary *summary)
{
	free(summary->chunks);
	summary->chunks = NULL;
	summary->nr_chunks = 0;
}

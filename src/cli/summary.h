/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of a run, as plain values that outlive the job: the faces of the report print from this alone and
 * need no pipeline.
 */
#ifndef CLI_SUMMARY_H
#define CLI_SUMMARY_H

#include "convert/job.h"

#define SUMMARY_PHASES 6

struct summary {
	struct config config;
	bool block_device;

	bool has_source;         /* the source was opened */
	struct ext_info source;  /* its features point to source_features */
	char source_features[1024];

	bool has_plan;           /* the scan and the plan are complete */
	struct scan_stats scan;
	struct machine_stats machine;
	struct plan_stats plan;
	struct estimate estimate;
	struct btrfs_params params;
	u8 fsid[16];
	char label[256];
	struct btrfs_chunk *chunks; /* owned */
	size_t nr_chunks;

	struct build_stats build;
	double seconds[SUMMARY_PHASES];

	struct rollback_stats rollback;
	struct resume_stats resume;
	struct state state;
	double other_seconds;
};

/* Names of the phases, in the order of summary.seconds. */
extern const char *const summary_phases[SUMMARY_PHASES];

void summary_init(struct summary *summary, const struct config *config);

/* Takes what open found out; nothing when the source was not opened. */
void summary_take_source(struct summary *summary, const struct job *job);

/* Takes what scan and plan found out. 0 or ERR_NOMEM (not printed): then the chunks are missing. */
int summary_take_plan(struct summary *summary, const struct job *job) __must_check;

/* Takes what a roll back has found out. */
void summary_take_rollback(struct summary *summary, const struct job *job);

/* Takes the figures of the end. */
void summary_take_end(struct summary *summary, const struct job *job);

double summary_total_seconds(const struct summary *summary);

void summary_fini(struct summary *summary);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the user sees of a run, through one of three faces: fsconvert's text, the lines of btrfs-convert, or JSON
 * lines. The report is the sink of messages, the progress of the job and its plan hook; any thread may call it.
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <pthread.h>
#include <stdio.h>

#include "base/msg.h"
#include "base/progress.h"
#include "cli/meter.h"
#include "cli/options.h"
#include "cli/summary.h"

struct report;

/* All are called under the lock of the report and must not print messages themselves. */
struct report_face {
	void (*begin)(struct report *report); /* before the device is opened; may be NULL */
	void (*message)(struct report *report, enum msg_level level, const char *text);
	void (*plan)(struct report *report);
	void (*rollback)(struct report *report); /* as plan, for a roll back */
	/* A phase begins; goes on (the face says by meter.drawn how often it draws); ends. */
	void (*phase_begin)(struct report *report, double now);
	void (*phase_update)(struct report *report, double now);
	void (*phase_end)(struct report *report, double now);
	void (*result)(struct report *report, int status);
};

extern const struct report_face report_text;
extern const struct report_face report_compat;
extern const struct report_face report_json;

struct report {
	const struct report_face *face;
	const struct options *options; /* borrowed */
	FILE *out, *err;               /* borrowed */
	bool terminal;                 /* err can redraw a line */
	unsigned int width;            /* of the redrawn line */
	double (*clock)(void);         /* monotonic seconds */
	struct progress progress;      /* to be given to the job */

	pthread_mutex_t lock;
	struct summary summary;
	struct meter meter;
	bool in_phase;
	bool line_open;                /* the cursor stands in a line that will be redrawn */
	bool preened;                  /* e2fsck ran on the source */
	bool build_begun;              /* compat: the lines between plan and build are printed */
	char reason[2048];             /* the first error, for the result */
};

/* Chooses the face by options; both streams may be the same. Becomes the sink of all messages. */
void report_init(struct report *report, const struct options *options, FILE *out, FILE *err);

/* Gives up the sink, too. */
void report_fini(struct report *report);

/* The plan hook of the job. */
void report_plan(void *ctx, const struct job *job);

/* Takes what the end of the job leaves; while the job is still open. */
void report_take_end(struct report *report, const struct job *job);

/* The last words. 0, or ERR_IO with a message when what was printed did not reach its file. */
int report_result(struct report *report, int status) __must_check;

/* "converted", "checked", "rehearsed", "rolled-back", "resumed", "examined", "refused", "stopped", "interrupted" or
 * "failed". */
const char *report_outcome(enum config_action action, int status);

/* The exit status of the program: as btrfs-convert there is only 0 and 1. */
int report_exit(bool compat, int status);

/* For faces: true when such an action converts; the others have words of their own. */
bool report_converts(enum config_action action);

/* For faces: wipes a line that is being redrawn, and writes text in its place. */
void report_wipe(struct report *report);
void report_redraw(struct report *report, const char *text);

/* For faces: "ERROR: text" or "WARNING: text" on err, information on out; control characters escaped. */
void report_print_message(struct report *report, enum msg_level level, const char *text);

/* --- report_words.c: roll back, resume and status in words, for text and btrfs-convert --- */

/* What will come back and what will be lost, before anything is written. */
void report_words_rollback(FILE *out, const struct summary *summary);

/* The last words of a roll back, a resume or a status. */
void report_words_done(FILE *out, const struct summary *summary);

/* What the device holds. */
void report_words_state(FILE *out, const struct summary *summary);

/* "fsconvert OPTIONS DEVICE", with --offset where it was given. */
const char *report_words_command(char *buf, size_t size, const struct config *config, const char *options);

/* --- report_json_state.c --- */

struct json;

void report_json_machine(struct json *json, const struct summary *summary);
void report_json_rollback(struct json *json, const struct summary *summary);
void report_json_resume(struct json *json, const struct summary *summary);
void report_json_state(struct json *json, const struct summary *summary);

#endif

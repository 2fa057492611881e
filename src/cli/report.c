/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The common part of all faces: locking, the clock, the line that is redrawn, and the outcome. Messages come with the
 * lock of base/msg held, so nothing here may print a message while it holds the report's lock.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/status.h"
#include "cli/format.h"
#include "cli/report.h"

#define WIDTH_MOST 79u
#define WIDTH_LEAST 20u

static double clock_monotonic(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts))
		return 0;
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* A line can be redrawn where the cursor can be sent back. */
static bool can_redraw(FILE *file)
{
	const char *term = getenv("TERM");

	return isatty(fileno(file)) == 1 && term && *term && strcmp(term, "dumb") != 0;
}

static unsigned int terminal_width(FILE *file)
{
	struct winsize size;

	if (ioctl(fileno(file), TIOCGWINSZ, &size) || size.ws_col > WIDTH_MOST || size.ws_col < WIDTH_LEAST)
		return WIDTH_MOST;
	return size.ws_col - 1u;
}

static void on_message(void *ctx, enum msg_level level, const char *text)
{
	struct report *report = ctx;

	pthread_mutex_lock(&report->lock);
	if (level == MSG_ERR && !report->reason[0])
		snprintf(report->reason, sizeof(report->reason), "%s", text);
	report->face->message(report, level, text);
	pthread_mutex_unlock(&report->lock);
}

static void on_begin(void *ctx, const char *phase, u64 total)
{
	struct report *report = ctx;
	double now = report->clock();

	pthread_mutex_lock(&report->lock);
	meter_begin(&report->meter, phase, total, now);
	report->in_phase = true;
	report->face->phase_begin(report, now);
	pthread_mutex_unlock(&report->lock);
}

static void on_update(void *ctx, u64 done)
{
	struct report *report = ctx;
	double now = report->clock();

	pthread_mutex_lock(&report->lock);
	if (report->in_phase) {
		meter_update(&report->meter, done);
		report->face->phase_update(report, now);
	}
	pthread_mutex_unlock(&report->lock);
}

static void on_end(void *ctx)
{
	struct report *report = ctx;
	double now = report->clock();

	pthread_mutex_lock(&report->lock);
	if (report->in_phase)
		report->face->phase_end(report, now);
	report->in_phase = false;
	pthread_mutex_unlock(&report->lock);
}

void report_init(struct report *report, const struct options *options, FILE *out, FILE *err)
{
	memset(report, 0, sizeof(*report));
	report->options = options;
	report->out = out;
	report->err = err;
	report->terminal = can_redraw(err);
	report->width = terminal_width(err);
	report->clock = clock_monotonic;
	report->progress = (struct progress){ on_begin, on_update, on_end, report };
	if (options->json)
		report->face = &report_json;
	else
		report->face = options->compat ? &report_compat : &report_text;
	pthread_mutex_init(&report->lock, NULL);
	summary_init(&report->summary, &options->config);
	msg_set_level(options->verbose ? MSG_DEBUG : MSG_INFO);
	msg_set_sink(on_message, report);
	if (report->face->begin)
		report->face->begin(report);
}

void report_fini(struct report *report)
{
	msg_set_sink(NULL, NULL);
	summary_fini(&report->summary);
	pthread_mutex_destroy(&report->lock);
}

void report_plan(void *ctx, const struct job *job)
{
	struct report *report = ctx;
	int ret = 0;

	pthread_mutex_lock(&report->lock);
	report_wipe(report);
	if (report_converts(job->config.action)) {
		ret = summary_take_plan(&report->summary, job);
		if (!ret)
			report->face->plan(report);
	} else {
		summary_take_rollback(&report->summary, job);
		report->face->rollback(report);
	}
	fflush(report->out);
	pthread_mutex_unlock(&report->lock);
	if (ret)
		msg_warn("no memory to show the plan");
}

void report_take_end(struct report *report, const struct job *job)
{
	pthread_mutex_lock(&report->lock);
	summary_take_end(&report->summary, job);
	pthread_mutex_unlock(&report->lock);
}

int report_result(struct report *report, int status)
{
	bool lost;

	pthread_mutex_lock(&report->lock);
	report_wipe(report);
	report->in_phase = false;
	report->face->result(report, status);
	lost = fflush(report->out) != 0 || ferror(report->out);
	pthread_mutex_unlock(&report->lock);
	if (!lost)
		return 0;
	msg_err("standard output cannot be written; the report is not complete");
	return ERR_IO;
}

bool report_converts(enum config_action action)
{
	return action == CONFIG_CONVERT || action == CONFIG_CHECK || action == CONFIG_REHEARSE;
}

const char *report_outcome(enum config_action action, int status)
{
	static const char *const done[] = {
		[CONFIG_CONVERT] = "converted", [CONFIG_CHECK] = "checked", [CONFIG_REHEARSE] = "rehearsed",
		[CONFIG_ROLLBACK] = "rolled-back", [CONFIG_ROLLBACK_CHECK] = "checked", [CONFIG_RESUME] = "resumed",
		[CONFIG_STATUS] = "examined",
	};

	if (status == ERR_STOPPED)
		return "stopped";
	switch (status_exit(status)) {
	case EXIT_DONE:
		return done[action];
	case EXIT_REFUSED:
		return "refused";
	case EXIT_ARMED:
		return "interrupted";
	default:
		return "failed";
	}
}

int report_exit(bool compat, int status)
{
	int code = status_exit(status);

	return compat && code != EXIT_DONE ? EXIT_FAILED : code;
}

void report_wipe(struct report *report)
{
	if (!report->line_open)
		return;
	fprintf(report->err, "\r%*s\r", (int)report->width, "");
	fflush(report->err);
	report->line_open = false;
}

void report_redraw(struct report *report, const char *text)
{
	fprintf(report->err, "\r%-*s", (int)report->width, text);
	fflush(report->err);
	report->line_open = true;
}

void report_print_message(struct report *report, enum msg_level level, const char *text)
{
	char printable[4096];
	FILE *file = level <= MSG_WARN ? report->err : report->out;
	const char *prefix = level == MSG_ERR ? "ERROR: " : level == MSG_WARN ? "WARNING: " : "";

	report_wipe(report);
	fflush(file == report->err ? report->out : report->err);
	fprintf(file, "%s%s\n", prefix, format_printable(printable, sizeof(printable), text));
	fflush(file);
}

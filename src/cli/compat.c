/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The face of btrfs-convert, for scripts written for that tool: the same lines in the same order on the same streams.
 * That tool copies inodes one by one; here the share of the data that was passed, in bytes, stands for the share of
 * the inodes.
 */
#include <string.h>

#include "base/status.h"
#include "base/uuid.h"
#include "btrfs/btrfs_csum.h"
#include "cli/features.h"
#include "cli/format.h"
#include "cli/report.h"

#define COPY_INTERVAL 1.0
#define REDRAW_INTERVAL 0.1

static bool is_rollback(const struct report *report)
{
	enum config_action action = report->summary.config.action;

	return action == CONFIG_ROLLBACK || action == CONFIG_ROLLBACK_CHECK;
}

static void face_begin(struct report *report)
{
	fprintf(report->out, "btrfs-convert from fsconvert %s\n\n", FSCONVERT_VERSION);
	if (is_rollback(report))
		fputs("Open filesystem for rollback:\n", report->out);
	fflush(report->out);
}

static void face_message(struct report *report, enum msg_level level, const char *text)
{
	if (level <= MSG_WARN || report->options->verbose)
		report_print_message(report, level, text);
}

static const char *yes_no(bool value)
{
	return value ? "yes" : "no";
}

static bool default_features(const struct summary *summary)
{
	struct config config;

	config_init(&config);
	return summary->params.compat_ro == config.compat_ro &&
	       (summary->params.incompat & config.incompat) == config.incompat;
}

static void print_blocks(FILE *out, const struct summary *summary)
{
	const struct ext_info *source = &summary->source;
	char name[FORMAT_NAME], uuid[UUID_TEXT_SIZE], features[128];

	fputs("Source filesystem:\n", out);
	/* that tool says ext2 for all three */
	fputs("  Type:           ext2\n", out);
	fprintf(out, "  Label:          %s\n", format_printable(name, sizeof(name), source->label));
	fprintf(out, "  Blocksize:      %u\n", (unsigned int)source->block_size);
	fprintf(out, "  UUID:           %s\n", uuid_format(source->uuid, uuid));
	fputs("Target filesystem:\n", out);
	fprintf(out, "  Label:          %s\n", format_printable(name, sizeof(name), summary->label));
	fprintf(out, "  Blocksize:      %u\n", (unsigned int)SECTOR);
	fprintf(out, "  Nodesize:       %u\n", (unsigned int)summary->plan.nodesize);
	fprintf(out, "  UUID:           %s\n", uuid_format(summary->fsid, uuid));
	fprintf(out, "  Checksum:       %s\n", btrfs_csum_name(summary->params.csum_type));
	fprintf(out, "  Features:       %s%s\n",
		features_string(summary->params.incompat, summary->params.compat_ro, features, sizeof(features)),
		default_features(summary) ? " (default)" : "");
	fprintf(out, "    Data csum:    %s\n", yes_no(summary->config.datasum));
	fprintf(out, "    Inline data:  %s\n", yes_no(summary->config.inline_files));
	fprintf(out, "    Copy xattr:   %s\n", yes_no(summary->config.xattr));
}

static void face_plan(struct report *report)
{
	const struct summary *summary = &report->summary;
	const struct ext_info *source = &summary->source;
	FILE *out = report->out;
	double percent = source->size ? 100.0 * (double)source->free / (double)source->size : 0;

	print_blocks(out, summary);
	fputs("Reported stats:\n", out);
	fprintf(out, "  Total space:    %12llu\n", (unsigned long long)source->size);
	fprintf(out, "  Free space:     %12llu (%.2f%%)\n", (unsigned long long)source->free, percent);
	fprintf(out, "  Inode count:    %12u\n", (unsigned int)source->nr_inodes);
	fprintf(out, "  Free inodes:    %12u\n", (unsigned int)source->nr_free_inodes);
	fprintf(out, "  Block count:    %12llu\n",
		(unsigned long long)(source->block_size ? source->size / source->block_size : 0));
	if (summary->config.action != CONFIG_CHECK)
		fputs("Create initial btrfs filesystem\n", out);
}

static void face_rollback(struct report *report)
{
	const struct rollback_stats *stats = &report->summary.rollback;
	char name[FORMAT_NAME], uuid[UUID_TEXT_SIZE];
	FILE *out = report->out;

	fprintf(out, "  Label:           %s\n", format_printable(name, sizeof(name), stats->label));
	fprintf(out, "  UUID:            %s\n", uuid_format(stats->fsid, uuid));
	fprintf(out, "  Restoring from:  %s/image\n", format_printable(name, sizeof(name), stats->saved_name));
}

/* "Copy inodes [o] [    N/    M]" for the share of the phase that is done. */
static void print_copied(struct report *report, double now)
{
	static const char wheel[] = ".oOo";
	const struct summary *summary = &report->summary;
	const struct meter *meter = &report->meter;
	u64 inodes = summary->source.nr_inodes - summary->source.nr_free_inodes;
	double share = meter->total ? (double)meter->done / (double)meter->total : 0;
	unsigned int tick = (unsigned int)(now - meter->begun) % 4;

	fprintf(report->out, "Copy inodes [%c] [%10llu/%10llu]\r", wheel[tick],
		(unsigned long long)((double)inodes * share), (unsigned long long)inodes);
	fflush(report->out);
}

/* The long pass over the data, where that tool copies inodes. */
static bool is_copying(const struct report *report)
{
	return strcmp(report->meter.phase, "data") == 0;
}

static void face_phase_begin(struct report *report, double now)
{
	(void)now;
	if (!report->summary.has_plan || report->build_begun)
		return;
	report->build_begun = true;
	report_wipe(report);
	fputs("Create ext2 image file\nCreate btrfs metadata\n", report->out);
	fflush(report->out);
}

static void face_phase_update(struct report *report, double now)
{
	bool copying = is_copying(report);
	char line[256];

	if (!report->options->progress || now - report->meter.drawn < (copying ? COPY_INTERVAL : REDRAW_INTERVAL))
		return;
	if (copying) {
		print_copied(report, now);
	} else if (report->terminal) {
		/* that tool has no such phase: shown to people, and wiped again */
		meter_sample(&report->meter, now);
		meter_bar(&report->meter, line, sizeof(line), report->width);
		report_redraw(report, line);
	}
	report->meter.drawn = now;
}

static void face_phase_end(struct report *report, double now)
{
	report_wipe(report);
	if (!is_copying(report) || !report->options->progress)
		return;
	print_copied(report, now);
	putc('\n', report->out);
}

static void print_label_line(FILE *out, const struct summary *summary)
{
	char name[FORMAT_NAME];

	format_printable(name, sizeof(name), summary->label);
	if (summary->config.label_mode == CONFIG_LABEL_GIVEN)
		fprintf(out, "Set label to '%s'\n", name);
	else if (summary->config.label_mode == CONFIG_LABEL_COPY)
		fprintf(out, "Copy label '%s'\n", name);
}

static void print_failure(const struct report *report, int status)
{
	fflush(report->out);
	if (is_rollback(report))
		fputs("ERROR: rollback failed\n", report->err);
	else if (!report_converts(report->summary.config.action))
		fputs("ERROR: failed\n", report->err);
	else if (status_exit(status) == EXIT_ARMED)
		fputs("WARNING: an error occurred during conversion, filesystem is partially created but not "
		      "finalized and not mountable\n", report->err);
	else
		fputs("WARNING: error during conversion, the original filesystem is not modified\n", report->err);
}

static void face_result(struct report *report, int status)
{
	const struct summary *summary = &report->summary;

	if (status) {
		/* what is found out is the answer also where it is no good news */
		if (summary->config.action == CONFIG_STATUS && !report->reason[0])
			report_words_state(report->out, summary);
		else
			print_failure(report, status);
		return;
	}
	switch (summary->config.action) {
	case CONFIG_CONVERT:
		print_label_line(report->out, summary);
		fputs("Conversion complete\n", report->out);
		break;
	case CONFIG_REHEARSE:
		fputs("Rehearsal complete, the original filesystem is not modified\n", report->out);
		break;
	case CONFIG_ROLLBACK:
		fputs("Rollback succeeded\n", report->out);
		break;
	case CONFIG_CHECK:
	case CONFIG_ROLLBACK_CHECK:
		fputs("Check complete, nothing was written\n", report->out);
		break;
	default:
		report_words_done(report->out, summary);
	}
}

const struct report_face report_compat = {
	.begin = face_begin,
	.message = face_message,
	.plan = face_plan,
	.rollback = face_rollback,
	.phase_begin = face_phase_begin,
	.phase_update = face_phase_update,
	.phase_end = face_phase_end,
	.result = face_result,
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The face of fsconvert: source, target and a picture of the device before anything is written; the phases with rate
 * and time left; and at the end what was done, and what to do next. Words about other runs than conversions are in
 * report_words.c.
 */
#include "base/size.h"
#include "base/status.h"
#include "base/uuid.h"
#include "btrfs/btrfs_csum.h"
#include "cli/features.h"
#include "cli/format.h"
#include "cli/report.h"

#define REDRAW_INTERVAL 0.1
#define LINE_INTERVAL 5.0

static void print_source(FILE *out, const struct summary *summary)
{
	const struct ext_info *source = &summary->source;
	const struct scan_stats *scan = &summary->scan;
	char name[FORMAT_NAME], uuid[UUID_TEXT_SIZE], size[SIZE_TEXT_SIZE], used[SIZE_TEXT_SIZE];
	char files[FORMAT_SHORT], dirs[FORMAT_SHORT], links[FORMAT_SHORT], nodes[FORMAT_SHORT], attrs[FORMAT_SHORT];

	fprintf(out, "Source   %s on ", source->type);
	fprintf(out, "%s\n", format_printable(name, sizeof(name), summary->config.device));
	fprintf(out, "         label     \"%s\"\n", format_printable(name, sizeof(name), source->label));
	fprintf(out, "         UUID      %s\n", uuid_format(source->uuid, uuid));
	fprintf(out, "         size      %s, %s used, blocks of %u bytes\n", size_format(source->size, size),
		size_format(scan->used_bytes, used), (unsigned int)source->block_size);
	fprintf(out, "         holds     %s files, %s folders, %s symlinks, %s special files, %s attributes\n",
		format_count(files, sizeof(files), scan->nr_files), format_count(dirs, sizeof(dirs), scan->nr_dirs),
		format_count(links, sizeof(links), scan->nr_symlinks),
		format_count(nodes, sizeof(nodes), scan->nr_nodes),
		format_count(attrs, sizeof(attrs), scan->nr_xattrs));
}

static void print_target(FILE *out, const struct summary *summary)
{
	const struct plan_stats *plan = &summary->plan;
	const struct config *config = &summary->config;
	char name[FORMAT_NAME], uuid[UUID_TEXT_SIZE], features[128];

	fprintf(out, "Target   btrfs, metadata %s, nodesize %u, checksum %s\n", plan->dup ? "DUP" : "single",
		(unsigned int)plan->nodesize, btrfs_csum_name(summary->params.csum_type));
	fprintf(out, "         label     \"%s\"\n", format_printable(name, sizeof(name), summary->label));
	fprintf(out, "         UUID      %s\n", uuid_format(summary->fsid, uuid));
	fprintf(out, "         features  %s\n",
		features_string(summary->params.incompat, summary->params.compat_ro, features, sizeof(features)));
	if (!config->datasum || !config->xattr || !config->inline_files)
		fprintf(out, "         without  %s%s%s\n", config->datasum ? "" : " data checksums",
			config->xattr ? "" : " attributes", config->inline_files ? "" : " inline files");
}

static void print_plan(FILE *out, const struct summary *summary)
{
	const struct plan_stats *plan = &summary->plan;
	char a[SIZE_TEXT_SIZE], b[SIZE_TEXT_SIZE], time[FORMAT_SHORT], picture[FORMAT_CELLS + 1];

	fprintf(out, "Plan     chunks    %u data, %u metadata, %u system\n", (unsigned int)plan->nr_data_chunks,
		(unsigned int)plan->nr_metadata_chunks, (unsigned int)plan->nr_system_chunks);
	fprintf(out, "         metadata  %s of %s reserved%s\n", size_format(plan->metadata_expected, a),
		size_format(plan->metadata_reserved, b), plan->dup ? ", twice" : "");
	fprintf(out, "         moved     %s, as btrfs needs their place\n", size_format(plan->moved_bytes, a));
	if (plan->tail_bytes)
		fprintf(out, "         gained    %s behind the source, so far unused\n",
			size_format(plan->tail_bytes, a));
	fprintf(out, "         left      %s unallocated, %s of it in one piece\n",
		size_format(plan->unallocated_bytes, a), size_format(plan->largest_unallocated, b));
	if (summary->estimate.known)
		fprintf(out, "         time      about %s from here on\n",
			format_seconds(time, sizeof(time), summary->estimate.seconds));
	fprintf(out, "Device   |%s|\n",
		format_picture(picture, plan->total_bytes, summary->chunks, summary->nr_chunks));
	fputs("         D data  M metadata  S system  + several  . unallocated  (d m s: less than half)\n", out);
}

static void print_machine(FILE *out, const struct summary *summary)
{
	const struct machine_stats *machine = &summary->machine;
	char name[FORMAT_NAME], line[1024];

	if (!machine->fstab_rewritten)
		return;
	fprintf(out, "Changed  fstab     line %u of ", (unsigned int)machine->fstab_line);
	if (machine->fstab_lines > 1)
		fprintf(out, "%u in ", (unsigned int)machine->fstab_lines);
	fprintf(out, "%s", format_printable(name, sizeof(name), machine->fstab));
	fprintf(out, "; the old file is kept as %s\n", format_printable(name, sizeof(name), machine->fstab_kept));
	fprintf(out, "         was       %s\n", format_printable(line, sizeof(line), machine->fstab_old));
	fprintf(out, "         is        %s\n", format_printable(line, sizeof(line), machine->fstab_new));
}

static void face_begin(struct report *report)
{
	fprintf(report->out, "fsconvert %s\n", FSCONVERT_VERSION);
	fflush(report->out);
}

static void face_plan(struct report *report)
{
	print_source(report->out, &report->summary);
	print_target(report->out, &report->summary);
	print_plan(report->out, &report->summary);
	print_machine(report->out, &report->summary);
}

static void face_rollback(struct report *report)
{
	report_words_rollback(report->out, &report->summary);
}

static void put_line(struct report *report, const char *text)
{
	report_wipe(report);
	fflush(report->out);
	fprintf(report->err, "%s\n", text);
	fflush(report->err);
}

/* The phases of a status are of no interest to anybody but who waits for them. */
static bool is_quiet(const struct report *report)
{
	return report->summary.config.action == CONFIG_STATUS;
}

static void face_phase_begin(struct report *report, double now)
{
	(void)now;
	if (!report->options->progress && !is_quiet(report))
		put_line(report, report->meter.phase);
}

static void face_phase_update(struct report *report, double now)
{
	double interval = report->terminal ? REDRAW_INTERVAL : LINE_INTERVAL;
	char line[256];

	if (!report->options->progress || now - report->meter.drawn < interval)
		return;
	if (is_quiet(report) && !report->terminal)
		return;
	meter_sample(&report->meter, now);
	if (report->terminal) {
		meter_bar(&report->meter, line, sizeof(line), report->width);
		report_redraw(report, line);
	} else {
		meter_line(&report->meter, line, sizeof(line));
		put_line(report, line);
	}
	report->meter.drawn = now;
}

static void face_phase_end(struct report *report, double now)
{
	char line[256];

	report_wipe(report);
	if (!report->options->progress || is_quiet(report))
		return;
	meter_closing_line(&report->meter, now, line, sizeof(line));
	put_line(report, line);
}

static void print_times(FILE *out, const struct summary *summary)
{
	char time[FORMAT_SHORT], rate[FORMAT_SHORT];
	double total = summary_total_seconds(summary);
	const char *gap = "         time      ";
	size_t i;

	for (i = 0; i < SUMMARY_PHASES; i++) {
		if (summary->seconds[i] <= 0)
			continue;
		fprintf(out, "%s%s %s", gap, summary_phases[i],
			format_seconds(time, sizeof(time), summary->seconds[i]));
		gap = ", ";
	}
	fprintf(out, "\n         speed     %s of used space\n",
		format_rate(rate, sizeof(rate), total > 0 ? (double)summary->scan.used_bytes / total : 0));
}

static void print_build(FILE *out, const struct summary *summary)
{
	const struct build_stats *build = &summary->build;
	char a[FORMAT_SHORT], b[FORMAT_SHORT], c[FORMAT_SHORT], size[SIZE_TEXT_SIZE];

	fprintf(out, "         trees     %s blocks, %s items, %s data extents\n",
		format_count(a, sizeof(a), build->nr_blocks), format_count(b, sizeof(b), build->nr_items),
		format_count(c, sizeof(c), build->nr_data_extents));
	fprintf(out, "         checksums of %s of data\n", size_format(build->csum_bytes, size));
	fprintf(out, "         inline    %s of small files\n", size_format(build->inline_bytes, size));
	fprintf(out, "         written   %s in all\n", size_format(build->bytes_written, size));
}

static void print_next(FILE *out, const struct summary *summary)
{
	const struct config *config = &summary->config;
	char name[FORMAT_NAME], offset[FORMAT_SHORT + 8] = "", size[SIZE_TEXT_SIZE], command[FORMAT_NAME + 128];

	format_printable(name, sizeof(name), config->device);
	if (config->offset)
		snprintf(offset, sizeof(offset), ",offset=%llu", (unsigned long long)config->offset);
	fputs("Next     mount it  ", out);
	if (summary->block_device && !config->offset)
		fprintf(out, "mount %s /mnt\n", name);
	else
		fprintf(out, "mount -o loop%s %s /mnt\n", offset, name);
	fprintf(out, "         keep it   btrfs subvolume delete /mnt/ext2_saved   (gives back %s)\n",
		size_format(summary->scan.meta_bytes + summary->scan.uninit_bytes, size));
	fprintf(out, "         go back   %s   (not after ext2_saved is deleted\n"
		     "                   or the data balanced)\n",
		report_words_command(command, sizeof(command), config, "-r"));
}

static void print_done(FILE *out, const struct summary *summary)
{
	char time[FORMAT_SHORT];

	format_seconds(time, sizeof(time), summary_total_seconds(summary));
	if (summary->config.action == CONFIG_CHECK) {
		fprintf(out, "Done     can be converted; nothing was written (%s)\n", time);
		print_times(out, summary);
		return;
	}
	if (summary->config.action == CONFIG_REHEARSE)
		fprintf(out, "Done     rehearsed in %s: all but the switch worked, the source is as it was\n", time);
	else
		fprintf(out, "Done     converted in %s\n", time);
	print_times(out, summary);
	print_build(out, summary);
	if (summary->config.action == CONFIG_CONVERT)
		print_next(out, summary);
}

static void print_failure(const struct report *report, int status)
{
	const struct config *config = &report->summary.config;
	const char *but = report->preened ? ", but for what e2fsck did" : "";
	char name[FORMAT_NAME], command[FORMAT_NAME + 128];

	format_printable(name, sizeof(name), config->device);
	fflush(report->out);
	switch (status_exit(status)) {
	case EXIT_REFUSED:
		fprintf(report->err, "Refused: %s is as it was%s.\n", name, but);
		break;
	case EXIT_ARMED:
		/* what resume could not do was said with the way out */
		if (config->action == CONFIG_RESUME)
			fprintf(report->err, "Not finished: do not mount %s.\n", name);
		else
			fprintf(report->err,
				"Interrupted: do not mount %s before this has finished the switch:\n    %s\n", name,
				report_words_command(command, sizeof(command), config, "--resume"));
		break;
	default:
		fprintf(report->err, "%s: the file system on %s is as it was%s.\n",
			status == ERR_STOPPED ? "Stopped" : "Failed", name, but);
	}
}

static void face_result(struct report *report, int status)
{
	const struct summary *summary = &report->summary;

	/* what a status finds out is the answer also where it is no good news */
	if (status && summary->config.action == CONFIG_STATUS && !report->reason[0])
		report_words_state(report->out, summary);
	else if (status)
		print_failure(report, status);
	else if (report_converts(summary->config.action))
		print_done(report->out, summary);
	else
		report_words_done(report->out, summary);
}

const struct report_face report_text = {
	.begin = face_begin,
	.message = report_print_message,
	.plan = face_plan,
	.rollback = face_rollback,
	.phase_begin = face_phase_begin,
	.phase_update = face_phase_update,
	.phase_end = face_phase_end,
	.result = face_result,
};

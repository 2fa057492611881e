/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Roll back, resume and status in words: what was found, what comes back, what is lost, and what to do next. */
#include "base/size.h"
#include "base/uuid.h"
#include "cli/format.h"
#include "cli/report.h"

const char *report_words_command(char *buf, size_t size, const struct config *config, const char *options)
{
	char name[FORMAT_NAME], offset[FORMAT_SHORT + 16] = "";

	if (config->offset)
		snprintf(offset, sizeof(offset), " --offset %llu", (unsigned long long)config->offset);
	snprintf(buf, size, "fsconvert%s%s%s %s", *options ? " " : "", options, offset,
		 format_printable(name, sizeof(name), config->device));
	return buf;
}

static void print_names(FILE *out, const char *label, const u8 uuid[16])
{
	char name[FORMAT_NAME], text[UUID_TEXT_SIZE];

	fprintf(out, "         label     \"%s\"\n", format_printable(name, sizeof(name), label));
	fprintf(out, "         UUID      %s\n", uuid_format(uuid, text));
}

/* --- roll back --- */

static void print_lost(FILE *out, const struct rollback_stats *stats)
{
	char nr[FORMAT_SHORT];

	if (!stats->nr_changed && !stats->nr_removed) {
		fputs("         lost      nothing: no file was changed since the conversion\n", out);
		return;
	}
	fprintf(out, "         lost      %s files and folders as they were changed or made since the conversion\n",
		format_count(nr, sizeof(nr), stats->nr_changed));
	if (stats->nr_removed)
		fprintf(out, "         back too  %s files and folders that were removed since\n",
			format_count(nr, sizeof(nr), stats->nr_removed));
}

static void print_back(FILE *out, const struct rollback_stats *stats)
{
	char name[FORMAT_NAME], size[SIZE_TEXT_SIZE];

	fprintf(out, "Back     %s, kept in %s/image\n", stats->ext.type,
		format_printable(name, sizeof(name), stats->saved_name));
	print_names(out, stats->ext.label, stats->ext.uuid);
	fprintf(out, "         size      %s\n", size_format(stats->image_size, size));
	print_lost(out, stats);
	fprintf(out, "         moved     %s to be copied home; all else is in its place\n",
		size_format(stats->pieces_bytes, size));
}

static const char *maker(const struct rollback_stats *stats)
{
	return stats->ours ? "fsconvert" : "btrfs-convert";
}

void report_words_rollback(FILE *out, const struct summary *summary)
{
	const struct rollback_stats *stats = &summary->rollback;
	char name[FORMAT_NAME];

	fprintf(out, "Now      btrfs on %s, made by %s\n",
		format_printable(name, sizeof(name), summary->config.device), maker(stats));
	print_names(out, stats->label, stats->fsid);
	print_back(out, stats);
}

static void print_rolled_back(FILE *out, const struct summary *summary, const char *time)
{
	char name[FORMAT_NAME], command[FORMAT_NAME + 128];

	format_printable(name, sizeof(name), summary->config.device);
	fprintf(out, "Done     rolled back in %s: %s holds %s again\n", time, name, summary->rollback.ext.type);
	fprintf(out, "Next     convert   %s   (to btrfs again)\n",
		report_words_command(command, sizeof(command), &summary->config, ""));
}

/* --- resume --- */

static void print_resumed(FILE *out, const struct summary *summary, const char *time)
{
	const struct resume_stats *stats = &summary->resume;
	char name[FORMAT_NAME];

	format_printable(name, sizeof(name), summary->config.device);
	if (!stats->interrupted)
		fprintf(out, "Done     nothing to resume: no switch was interrupted on %s\n", name);
	else
		fprintf(out, "Done     the interrupted %s is %s (%s): %s holds %s\n",
			stats->rolling_back ? "roll back" : "conversion",
			stats->holds_ext == stats->rolling_back ? "finished" : "undone", time, name,
			stats->holds_ext ? "ext" : "btrfs");
}

void report_words_done(FILE *out, const struct summary *summary)
{
	char time[FORMAT_SHORT];

	format_seconds(time, sizeof(time), summary_total_seconds(summary));
	switch (summary->config.action) {
	case CONFIG_ROLLBACK:
		print_rolled_back(out, summary, time);
		break;
	case CONFIG_ROLLBACK_CHECK:
		fprintf(out, "Done     can be rolled back; nothing was written (%s)\n", time);
		break;
	case CONFIG_RESUME:
		print_resumed(out, summary, time);
		break;
	default:
		report_words_state(out, summary);
	}
}

/* --- status --- */

static const char *marked(const struct state *state)
{
	if (state->ext_marked && state->btrfs_marked)
		return "the superblocks of ext and btrfs";
	if (state->btrfs_marked)
		return "the superblock of btrfs";
	return state->ext_marked ? "the superblock of ext" : "a part of the superblock of ext";
}

/* One way out of an interrupted switch: the command, or why it is closed. */
static void print_way(FILE *out, const struct summary *summary, bool undo)
{
	const struct state *state = &summary->state;
	const struct state_way *way = undo ? &state->undo : &state->forward;
	bool to_ext = state->not_begun || state->rolling_back != undo;
	char text[2 * sizeof(way->reason)];

	fputs(undo ? "         undo      " : "Next     finish    ", out);
	if (way->possible)
		fprintf(out, "%s   (%s)\n", report_words_command(text, sizeof(text), &summary->config,
							  undo ? "--resume --undo" : "--resume"),
			to_ext ? state->is_ext ? state->type : "ext" : "btrfs");
	else
		fprintf(out, "not possible: %s\n", format_printable(text, sizeof(text), way->reason));
}

static void print_interrupted(FILE *out, const struct summary *summary)
{
	const struct state *state = &summary->state;
	char name[FORMAT_NAME];

	if (state->not_begun)
		fprintf(out, "Holds    %s; a switch to btrfs was interrupted before it began\n", state->type);
	else if (state->has_record)
		fprintf(out, "Holds    an interrupted %s\n",
			state->rolling_back ? "roll back from btrfs to ext" : "conversion from ext to btrfs");
	else
		fputs("Holds    an interrupted switch between ext and btrfs\n", out);
	if (state->type)
		print_names(out, state->label, state->uuid);
	fprintf(out, "         marked    %s\n", marked(state));
	print_way(out, summary, false);
	if (!state->not_begun)
		print_way(out, summary, true);
	if (!state->forward.possible && !state->undo.possible)
		fputs("         help      \"interrupted switch\" in fsconvert(8); copy the device first\n", out);
	fprintf(out, "         Nothing may mount %s before.\n",
		format_printable(name, sizeof(name), summary->config.device));
}

static void print_converted(FILE *out, const struct summary *summary)
{
	const struct state *state = &summary->state;
	char text[2 * sizeof(state->reason)];

	if (state->content == STATE_CONVERTED)
		fprintf(out, "Holds    btrfs, made by %s\n", maker(&summary->rollback));
	else
		fputs("Holds    btrfs\n", out);
	print_names(out, state->label, state->uuid);
	if (!state->can_roll_back) {
		fprintf(out, "Back     %s\n", format_printable(text, sizeof(text), state->reason));
		return;
	}
	print_back(out, &summary->rollback);
	fprintf(out, "Next     go back   %s\n", report_words_command(text, sizeof(text), &summary->config, "-r"));
}

static void print_ext(FILE *out, const struct summary *summary)
{
	const struct state *state = &summary->state;
	char text[FORMAT_NAME + 128];

	fprintf(out, "Holds    %s\n", state->type);
	print_names(out, state->label, state->uuid);
	fprintf(out, "Next     ask       %s   (can it be converted?)\n",
		report_words_command(text, sizeof(text), &summary->config, "--check"));
}

void report_words_state(FILE *out, const struct summary *summary)
{
	const struct state *state = &summary->state;

	switch (state->content) {
	case STATE_EXT:
		print_ext(out, summary);
		break;
	case STATE_BTRFS:
	case STATE_CONVERTED:
		print_converted(out, summary);
		break;
	case STATE_INTERRUPTED:
		print_interrupted(out, summary);
		break;
	case STATE_UNKNOWN:
		fprintf(out, "Holds    nothing that fsconvert knows%s%s\n", state->reason[0] ? ": " : "",
			state->reason);
	}
}

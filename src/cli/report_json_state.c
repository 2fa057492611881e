/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of the JSON result: of a roll back, a resume and a status; and what a conversion changes for the machine. */
#include "cli/json.h"
#include "cli/report.h"

void report_json_machine(struct json *json, const struct summary *summary)
{
	const struct machine_stats *machine = &summary->machine;

	if (!machine->fstab_rewritten)
		return;
	json_object(json, "fstab");
	json_string(json, "path", machine->fstab);
	json_string(json, "kept", machine->fstab_kept);
	json_u64(json, "lines", machine->fstab_lines);
	json_u64(json, "line", machine->fstab_line);
	json_string(json, "old", machine->fstab_old);
	json_string(json, "new", machine->fstab_new);
	json_object_end(json);
}

/* The members of an open object. */
static void put_rollback(struct json *json, const struct rollback_stats *stats)
{
	json_string(json, "made_by", stats->ours ? "fsconvert" : "btrfs-convert");
	json_string(json, "saved_name", stats->saved_name);
	json_u64(json, "size", stats->image_size);
	if (!stats->has_ext)
		return;
	json_string(json, "type", stats->ext.type);
	json_string(json, "label", stats->ext.label);
	json_uuid(json, "uuid", stats->ext.uuid);
	json_u64(json, "moved", stats->pieces_bytes);
	json_u64(json, "changed", stats->nr_changed);
	json_u64(json, "removed", stats->nr_removed);
}

void report_json_rollback(struct json *json, const struct summary *summary)
{
	if (!summary->rollback.image_size)
		return;
	json_object(json, "rollback");
	put_rollback(json, &summary->rollback);
	json_object_end(json);
}

void report_json_resume(struct json *json, const struct summary *summary)
{
	const struct resume_stats *stats = &summary->resume;

	json_object(json, "resume");
	json_bool(json, "interrupted", stats->interrupted);
	if (stats->interrupted) {
		json_string(json, "what", stats->rolling_back ? "rollback" : "conversion");
		json_string(json, "holds", stats->holds_ext ? "ext" : "btrfs");
	}
	json_object_end(json);
}

/* --- status --- */

static void put_way(struct json *json, const char *key, const struct state_way *way, const char *holds)
{
	json_object(json, key);
	json_bool(json, "possible", way->possible);
	json_string(json, "reason", way->possible ? NULL : way->reason);
	json_string(json, "holds", holds);
	json_object_end(json);
}

static void put_interrupted(struct json *json, const struct state *state)
{
	const char *what = NULL, *forward = NULL, *undo = NULL;

	if (state->not_begun) {
		what = "conversion";
		forward = undo = "ext";
	} else if (state->has_record) {
		what = state->rolling_back ? "rollback" : "conversion";
		forward = state->rolling_back ? "ext" : "btrfs";
		undo = state->rolling_back ? "btrfs" : "ext";
	}
	json_object(json, "interrupted");
	json_string(json, "what", what);
	json_bool(json, "begun", !state->not_begun);
	json_bool(json, "ext_marked", state->ext_marked);
	json_bool(json, "btrfs_marked", state->btrfs_marked);
	json_u64(json, "record", state->record);
	put_way(json, "resume", &state->forward, forward);
	put_way(json, "undo", &state->undo, undo);
	json_object_end(json);
}

static void put_way_back(struct json *json, const struct summary *summary)
{
	const struct state *state = &summary->state;

	json_object(json, "rollback");
	json_bool(json, "possible", state->can_roll_back);
	json_string(json, "reason", state->can_roll_back ? NULL : state->reason);
	if (state->content == STATE_CONVERTED)
		put_rollback(json, &summary->rollback);
	json_object_end(json);
}

void report_json_state(struct json *json, const struct summary *summary)
{
	static const char *const contents[] = {
		[STATE_UNKNOWN] = "unknown", [STATE_EXT] = "ext", [STATE_BTRFS] = "btrfs",
		[STATE_CONVERTED] = "converted", [STATE_INTERRUPTED] = "interrupted",
	};
	const struct state *state = &summary->state;

	json_object(json, "state");
	json_string(json, "content", contents[state->content]);
	if (state->type) {
		json_string(json, "type", state->type);
		json_string(json, "label", state->label);
		json_uuid(json, "uuid", state->uuid);
	}
	if (state->content == STATE_INTERRUPTED)
		put_interrupted(json, state);
	else if (state->content == STATE_BTRFS || state->content == STATE_CONVERTED)
		put_way_back(json, summary);
	else if (state->reason[0])
		json_string(json, "reason", state->reason);
	json_object_end(json);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON face: one object a line on standard output, each with a member "event": plan or rollback, phase, progress
 * (at most one a second), message, and at last result. Sizes are bytes, times are seconds.
 */
#include "base/status.h"
#include "btrfs/btrfs_csum.h"
#include "cli/features.h"
#include "cli/json.h"
#include "cli/report.h"

#define PROGRESS_INTERVAL 1.0

static void begin_event(struct json *json, struct report *report, const char *event)
{
	json_begin(json, report->out);
	json_string(json, "event", event);
}

static void end_event(struct json *json)
{
	json_end(json);
	fflush(json->out);
}

static void put_source(struct json *json, const struct summary *summary)
{
	const struct ext_info *source = &summary->source;
	const struct scan_stats *scan = &summary->scan;

	json_object(json, "source");
	json_string(json, "type", source->type);
	json_string(json, "label", source->label);
	json_uuid(json, "uuid", source->uuid);
	json_string(json, "features", source->features);
	json_u64(json, "block_size", source->block_size);
	json_u64(json, "size", source->size);
	json_u64(json, "free", source->free);
	json_u64(json, "inodes", source->nr_inodes);
	json_u64(json, "free_inodes", source->nr_free_inodes);
	if (summary->has_plan) {
		json_u64(json, "used", scan->used_bytes);
		json_u64(json, "files", scan->nr_files);
		json_u64(json, "directories", scan->nr_dirs);
		json_u64(json, "symlinks", scan->nr_symlinks);
		json_u64(json, "special_files", scan->nr_nodes);
		json_u64(json, "names", scan->nr_names);
		json_u64(json, "xattrs", scan->nr_xattrs);
		json_u64(json, "inline_files", scan->nr_inline);
		json_u64(json, "data", scan->data_bytes);
		json_u64(json, "preallocated", scan->prealloc_bytes);
		json_u64(json, "metadata", scan->meta_bytes);
		json_u64(json, "never_written", scan->uninit_bytes);
	}
	json_object_end(json);
}

static void put_target(struct json *json, const struct summary *summary)
{
	char features[128];

	json_object(json, "target");
	json_string(json, "label", summary->label);
	json_uuid(json, "uuid", summary->fsid);
	json_u64(json, "nodesize", summary->plan.nodesize);
	json_string(json, "metadata", summary->plan.dup ? "dup" : "single");
	json_string(json, "checksum", btrfs_csum_name(summary->params.csum_type));
	json_string(json, "features", features_string(summary->params.incompat, summary->params.compat_ro, features,
						      sizeof(features)));
	json_bool(json, "data_checksums", summary->config.datasum);
	json_bool(json, "inline_data", summary->config.inline_files);
	json_bool(json, "xattrs", summary->config.xattr);
	json_object_end(json);
}

static void put_estimate(struct json *json, const struct estimate *estimate)
{
	json_object(json, "estimate");
	json_seconds(json, "seconds", estimate->seconds);
	json_u64(json, "read", estimate->read_bytes);
	json_u64(json, "write", estimate->write_bytes);
	json_u64(json, "rate", estimate->rate);
	json_object_end(json);
}

static void put_plan(struct json *json, const struct summary *summary)
{
	const struct plan_stats *plan = &summary->plan;

	json_object(json, "plan");
	json_u64(json, "total", plan->total_bytes);
	json_u64(json, "tail", plan->tail_bytes);
	json_u64(json, "metadata_expected", plan->metadata_expected);
	json_u64(json, "metadata_bound", plan->metadata_bound);
	json_u64(json, "metadata_reserved", plan->metadata_reserved);
	json_u64(json, "system_reserved", plan->system_reserved);
	json_u64(json, "moved", plan->moved_bytes);
	json_u64(json, "unallocated", plan->unallocated_bytes);
	json_u64(json, "largest_unallocated", plan->largest_unallocated);
	json_u64(json, "data_chunks", plan->nr_data_chunks);
	json_u64(json, "metadata_chunks", plan->nr_metadata_chunks);
	json_u64(json, "system_chunks", plan->nr_system_chunks);
	json_object_end(json);
	if (summary->estimate.known)
		put_estimate(json, &summary->estimate);
}

static void put_build(struct json *json, const struct summary *summary)
{
	const struct build_stats *build = &summary->build;

	json_object(json, "build");
	json_u64(json, "tree_blocks", build->nr_blocks);
	json_u64(json, "items", build->nr_items);
	json_u64(json, "written", build->bytes_written);
	json_u64(json, "data_extents", build->nr_data_extents);
	json_u64(json, "checksummed", build->csum_bytes);
	json_u64(json, "inline", build->inline_bytes);
	json_object_end(json);
}

static void put_seconds(struct json *json, const struct summary *summary)
{
	size_t i;

	json_object(json, "seconds");
	for (i = 0; i < SUMMARY_PHASES && report_converts(summary->config.action); i++)
		json_seconds(json, summary_phases[i], summary->seconds[i]);
	json_seconds(json, "total", summary_total_seconds(summary));
	json_object_end(json);
}

static const char *chunk_type(u64 type)
{
	if (type & BTRFS_BLOCK_GROUP_DATA)
		return "data";
	return type & BTRFS_BLOCK_GROUP_METADATA ? "metadata" : "system";
}

static void put_chunks(struct json *json, const struct summary *summary)
{
	const struct btrfs_chunk *chunk;
	size_t i;
	u32 stripe;

	json_array(json, "chunks");
	for (i = 0; i < summary->nr_chunks; i++) {
		chunk = &summary->chunks[i];
		json_object(json, NULL);
		json_string(json, "type", chunk_type(chunk->type));
		json_u64(json, "logical", chunk->logical);
		json_u64(json, "length", chunk->len);
		json_array(json, "physical");
		for (stripe = 0; stripe < chunk->nr_stripes && stripe < ARRAY_SIZE(chunk->physical); stripe++)
			json_u64(json, NULL, chunk->physical[stripe]);
		json_array_end(json);
		json_object_end(json);
	}
	json_array_end(json);
}

static void face_message(struct report *report, enum msg_level level, const char *text)
{
	static const char *const levels[] = {
		[MSG_ERR] = "error", [MSG_WARN] = "warning", [MSG_INFO] = "info", [MSG_DEBUG] = "debug",
	};
	struct json json;

	begin_event(&json, report, "message");
	json_string(&json, "level", levels[level]);
	json_string(&json, "text", text);
	end_event(&json);
}

static void face_plan(struct report *report)
{
	struct json json;

	begin_event(&json, report, "plan");
	json_string(&json, "device", report->summary.config.device);
	put_source(&json, &report->summary);
	put_target(&json, &report->summary);
	put_plan(&json, &report->summary);
	report_json_machine(&json, &report->summary);
	end_event(&json);
}

static void face_rollback(struct report *report)
{
	struct json json;

	begin_event(&json, report, "rollback");
	json_string(&json, "device", report->summary.config.device);
	report_json_rollback(&json, &report->summary);
	end_event(&json);
}

static void put_progress(struct report *report, double now, const char *event)
{
	const struct meter *meter = &report->meter;
	double left = meter_left(meter);
	struct json json;

	/* one line is all that is wanted of a status */
	if (report->summary.config.action == CONFIG_STATUS)
		return;
	begin_event(&json, report, event);
	json_string(&json, "phase", meter->phase);
	json_u64(&json, "done", meter->done);
	json_u64(&json, "total", meter->total);
	json_seconds(&json, "seconds", now - meter->begun);
	json_u64(&json, "rate", (u64)meter->rate);
	if (left >= 0)
		json_seconds(&json, "left", left);
	end_event(&json);
	report->meter.drawn = now;
}

static void face_phase_begin(struct report *report, double now)
{
	put_progress(report, now, "phase");
}

static void face_phase_update(struct report *report, double now)
{
	if (!report->options->progress || now - report->meter.drawn < PROGRESS_INTERVAL)
		return;
	meter_sample(&report->meter, now);
	put_progress(report, now, "progress");
}

static void face_phase_end(struct report *report, double now)
{
	if (!report->options->progress)
		return;
	meter_sample(&report->meter, now);
	put_progress(report, now, "progress");
}

static void put_conversion(struct json *json, const struct summary *summary)
{
	if (summary->has_source)
		put_source(json, summary);
	if (!summary->has_plan)
		return;
	put_target(json, summary);
	put_plan(json, summary);
	report_json_machine(json, summary);
	if (summary->config.action != CONFIG_CHECK)
		put_build(json, summary);
	put_chunks(json, summary);
}

static void put_details(struct json *json, const struct summary *summary)
{
	switch (summary->config.action) {
	case CONFIG_ROLLBACK:
	case CONFIG_ROLLBACK_CHECK:
		report_json_rollback(json, summary);
		break;
	case CONFIG_RESUME:
		report_json_resume(json, summary);
		break;
	case CONFIG_STATUS:
		report_json_state(json, summary);
		break;
	default:
		put_conversion(json, summary);
	}
}

static void face_result(struct report *report, int status)
{
	const struct summary *summary = &report->summary;
	struct json json;

	begin_event(&json, report, "result");
	json_string(&json, "version", FSCONVERT_VERSION);
	json_string(&json, "status", report_outcome(summary->config.action, status));
	json_u64(&json, "exit", (u64)report_exit(report->options->compat, status));
	json_string(&json, "kind", status_str(status));
	json_string(&json, "reason", status && report->reason[0] ? report->reason : NULL);
	json_string(&json, "device", summary->config.device);
	json_u64(&json, "offset", summary->config.offset);
	json_bool(&json, "e2fsck", report->preened);
	put_details(&json, summary);
	put_seconds(&json, summary);
	end_event(&json);
}

const struct report_face report_json = {
	.message = face_message,
	.plan = face_plan,
	.rollback = face_rollback,
	.phase_begin = face_phase_begin,
	.phase_update = face_phase_update,
	.phase_end = face_phase_end,
	.result = face_result,
};

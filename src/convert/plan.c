/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan phase: chooses node size, profile and layout, from comfortable to tight, and counts exactly what each chunk
 * will hold. Refuses with the figures when nothing fits.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/size.h"
#include "base/status.h"
#include "base/uuid.h"
#include "base/vec.h"
#include "convert/plan.h"

/* Larger extents could not be relocated when only part of the device is free. */
#define MAX_EXTENT (128 * MIB)

void plan_choose_identity(const struct job *job, u8 fsid[16], char label[256])
{
	const struct ext_info *info = ext_get_info(job->ext);
	const struct config *config = &job->config;

	/* a new UUID was drawn before the first phase */
	memcpy(fsid, config->uuid_mode == CONFIG_UUID_COPY ? info->uuid : config->uuid, 16);
	memset(label, 0, sizeof(config->label));
	if (config->label_mode == CONFIG_LABEL_COPY)
		memcpy(label, info->label, sizeof(info->label));
	else if (config->label_mode == CONFIG_LABEL_GIVEN)
		memcpy(label, config->label, sizeof(config->label));
}

static int plan_new(struct job *job)
{
	const struct config *config = &job->config;
	struct plan *plan = calloc(1, sizeof(*plan));

	if (!plan)
		return msg_nomem("plan");
	job->plan = plan;
	plan->params.csum_type = config->csum_type;
	plan->params.generation = 1;
	plan->params.incompat = config->incompat | BTRFS_INCOMPAT_MIXED_BACKREF;
	plan->params.compat_ro = config->compat_ro;
	plan->moves = calloc(32, sizeof(*plan->moves));
	if (!plan->moves)
		return msg_nomem("plan");
	plan_choose_identity(job, plan->params.fsid, plan->label);
	uuid_make_random(plan->params.dev_uuid);
	uuid_make_random(plan->params.chunk_tree_uuid);
	return 0;
}

/* --- the choice of the layout --- */

static bool nodesize_holds_items(const struct job *job, u32 nodesize)
{
	const struct scan_items *items = &job->scan->items;

	if (items->max_item > btrfs_max_item(nodesize))
		return false;
	return btrfs_has_incompat(&job->plan->params, BTRFS_INCOMPAT_EXTENDED_IREF) ||
	       items->max_ref_bytes <= btrfs_max_item(nodesize);
}

static int refuse_items(const struct job *job, u32 nodesize)
{
	const struct scan_items *items = &job->scan->items;

	if (items->max_item > btrfs_max_item(nodesize))
		msg_err("%s: inode %u needs an item of %u bytes (extended attributes, or names with one hash), and a "
			"node of %u bytes holds %u%s",
			job->config.device, items->max_item_ino, items->max_item, nodesize, btrfs_max_item(nodesize),
			items->max_item <= btrfs_max_item(65536) ? "; use --nodesize 65536"
								 : "; shorten or remove some of them");
	else
		msg_err("%s: inode %u has so many hard links in one directory that the feature extref is needed; leave "
			"^extref out",
			job->config.device, items->max_ref_ino);
	return ERR_REFUSED;
}

/* Node sizes to try, best first. */
static int choose_nodesizes(const struct job *job, u32 *sizes, u32 *nr)
{
	u32 wanted = job->config.nodesize;

	*nr = 0;
	if (wanted) {
		sizes[(*nr)++] = wanted;
		return nodesize_holds_items(job, wanted) ? 0 : refuse_items(job, wanted);
	}
	if (nodesize_holds_items(job, 16384)) {
		sizes[(*nr)++] = 16384;
		if (nodesize_holds_items(job, 4096))
			sizes[(*nr)++] = 4096;
		return 0;
	}
	if (!nodesize_holds_items(job, 65536))
		return refuse_items(job, 65536);
	msg_info("%s: nodes of 64 KiB are used: inode %u needs an item of %u bytes", job->config.device,
		 job->scan->items.max_item_ino, job->scan->items.max_item);
	sizes[(*nr)++] = 65536;
	return 0;
}

/* One node size and profile at every threshold: 0 found, 1 does not fit. */
static int try_thresholds(struct job *job, struct plan_attempt *attempt, u64 *missing)
{
	static const enum plan_comfort comforts[] = { PLAN_ROOMY, PLAN_TIGHT };
	int ret = 1;

	*missing = ~(u64)0;
	for (size_t c = 0; ret == 1 && c < ARRAY_SIZE(comforts); c++) {
		attempt->comfort = comforts[c];
		for (u64 t = 32 * MIB; ret == 1 && t >= PLAN_ALIGN; t /= 2) {
			u64 lacking = 0;

			attempt->threshold = max_u64(t, job->plan->gap_min);
			job->plan->params.nodesize = attempt->nodesize;
			ret = plan_layout(job, attempt, &lacking);
			if (ret == 1)
				*missing = min_u64(*missing, lacking);
			if (t < job->plan->gap_min)
				break;
		}
	}
	return ret;
}

static void notice_fallback(const struct job *job, const struct plan_attempt *attempt)
{
	if (!attempt->dup && job->config.metadata == CONFIG_METADATA_AUTO)
		msg_warn("%s: too little free space for two copies of the metadata: it is kept single",
			 job->config.device);
	if (attempt->nodesize == 4096 && !job->config.nodesize)
		msg_warn("%s: little free space: nodes of 4 KiB are used", job->config.device);
}

static int choose_layout(struct job *job)
{
	bool try_dup = job->config.metadata != CONFIG_METADATA_SINGLE;
	bool try_single = job->config.metadata != CONFIG_METADATA_DUP;
	struct plan_attempt attempt = { 0 };
	char lack[SIZE_TEXT_SIZE], have[SIZE_TEXT_SIZE];
	u64 missing = 0, least = ~(u64)0;
	u32 sizes[2], nr;
	int ret = choose_nodesizes(job, sizes, &nr);

	for (u32 i = 0; !ret && i < nr; i++) {
		for (int dup = 1; dup >= 0; dup--) {
			if (dup ? !try_dup : !try_single)
				continue;
			attempt = (struct plan_attempt){ .nodesize = sizes[i], .dup = dup };
			ret = try_thresholds(job, &attempt, &missing);
			if (!ret) {
				notice_fallback(job, &attempt);
				return 0;
			}
			if (ret < 0)
				return ret;
			least = min_u64(least, missing);
			ret = 0;
		}
	}
	if (ret)
		return ret;
	msg_err("%s: not enough free space: %s more is needed in pieces of 64 KiB and up that lie on 64 KiB boundaries "
		"(%s are free in all); delete files or enlarge the partition",
		job->config.device, size_format(least, lack), size_format(ext_get_info(job->ext)->free, have));
	return ERR_NOROOM;
}

/* --- exact counts --- */

static int compare_moved(const void *a, const void *b)
{
	const struct place_piece *x = a, *y = b;

	return x->logical < y->logical ? -1 : x->logical > y->logical;
}

static int note_moved(struct plan *plan, const struct place_piece *piece)
{
	void *grown = vec_grow(plan->moved, &plan->cap_moved, plan->nr_moved, sizeof(*plan->moved));

	if (!grown)
		return msg_nomem("plan");
	plan->moved = grown;
	plan->moved[plan->nr_moved++] = *piece;
	return 0;
}

/* piece was counted last: takes the samples that lie in it. */
static void note_samples(struct job *job, const struct place_piece *piece)
{
	struct plan *plan = job->plan;
	u64 begin = plan->count.image_bytes - piece->len, step = job->scan_stats.used_bytes / PLAN_MAX_SAMPLES + 1, at;

	while (plan->nr_samples < PLAN_MAX_SAMPLES) {
		at = plan->nr_samples * step;
		if (at >= plan->count.image_bytes)
			return;
		plan->samples[plan->nr_samples++] =
			piece->physical + (at > begin ? round_down(at - begin, SECTOR) : 0);
	}
}

static int count_piece(void *ctx, const struct place_piece *piece)
{
	struct job *job = ctx;
	struct plan *plan = job->plan;
	size_t chunk = plan_find_data_chunk(plan, piece->logical);

	if (chunk == plan->nr_data ||
	    piece->logical + piece->len > plan->chunks[chunk].logical + plan->chunks[chunk].len) {
		return job_bug("plan: the extent at %llu lies in no data chunk",
			(unsigned long long)piece->physical);
	}
	plan->chunk_used[chunk] += piece->len;
	plan->count.used += piece->len;
	plan->count.nr_pieces++;
	if (claim_has_data(piece->kind)) {
		plan->count.image_bytes += piece->len;
		plan->count.csum_bytes += piece->len;
		note_samples(job, piece);
	} else if (piece->kind == CLAIM_UNINIT) {
		plan->count.uninit_bytes += piece->len;
	}
	return piece->logical == piece->physical ? 0 : note_moved(plan, piece);
}

static int note_moved_inline(struct plan *plan, const struct claim *claim)
{
	void *grown = vec_grow(plan->moved_inline, &plan->cap_moved_inline, plan->nr_moved_inline,
			       sizeof(*plan->moved_inline));

	if (!grown)
		return msg_nomem("plan");
	plan->moved_inline = grown;
	plan->moved_inline[plan->nr_moved_inline++] = *claim;
	return 0;
}

/* The parts of a never written claim that lie in reserved ranges. */
static int note_cleared(struct plan *plan, const struct claim *claim)
{
	for (size_t i = 0; i < PLAN_NR_RESERVED; i++) {
		u64 start = max_u64(claim->physical, plan_reserved[i].start);
		u64 end = min_u64(claim->physical + claim->len, plan_reserved[i].start + plan_reserved[i].len);

		void *grown;

		if (start >= end)
			continue;
		grown = vec_grow(plan->cleared, &plan->cap_cleared, plan->nr_cleared, sizeof(*plan->cleared));
		if (!grown)
			return msg_nomem("plan");
		plan->cleared = grown;
		plan->cleared[plan->nr_cleared++] = (struct range){ start, end - start };
	}
	return 0;
}

static int count_claim(void *ctx, const struct claim *claim)
{
	struct job *job = ctx;

	if (claim->kind == CLAIM_UNINIT)
		return note_cleared(job->plan, claim);
	if (claim->kind == CLAIM_INLINE && plan_is_reserved(claim->physical))
		return note_moved_inline(job->plan, claim);
	return 0;
}

static int count_pieces(struct job *job)
{
	struct place_sink sink = { .piece = count_piece, .claim = count_claim, .ctx = job };
	struct plan *plan = job->plan;
	int ret;

	plan->chunk_used = calloc(plan->nr_data + 1, sizeof(*plan->chunk_used));
	if (!plan->chunk_used)
		return msg_nomem("plan");
	ret = place_walk(job, PLACE_BY_PHYSICAL, &sink);
	if (!ret && plan->nr_moved)
		qsort(plan->moved, plan->nr_moved, sizeof(*plan->moved), compare_moved);
	return ret;
}

static void fill_stats(struct job *job)
{
	struct plan_stats *stats = &job->plan_stats;
	const struct plan *plan = job->plan;

	stats->nodesize = plan->params.nodesize;
	stats->dup = plan->dup;
	stats->total_bytes = plan->total_bytes;
	stats->metadata_expected = plan->need.expected;
	stats->metadata_bound = plan->need.bound;
	for (size_t i = 0; i < plan->nr_chunks; i++) {
		const struct btrfs_chunk *c = &plan->chunks[i];

		if (c->type & BTRFS_BLOCK_GROUP_DATA) {
			stats->nr_data_chunks++;
		} else if (c->type & BTRFS_BLOCK_GROUP_METADATA) {
			stats->nr_metadata_chunks++;
			stats->metadata_reserved += c->len;
		} else {
			stats->nr_system_chunks++;
			stats->system_reserved += c->len;
		}
	}
	for (size_t i = 0; i < plan->nr_moved; i++)
		stats->moved_bytes += plan->moved[i].len;
	for (size_t i = 0; i < plan->nr_pool; i++) {
		stats->unallocated_bytes += plan->pool[i].len;
		stats->largest_unallocated = max_u64(stats->largest_unallocated, plan->pool[i].len);
	}
}

int plan_run(struct job *job)
{
	struct plan *plan;
	int ret = plan_new(job);

	if (ret)
		return ret;
	plan = job->plan;
	progress_begin(job->progress, "plan", 0);
	ret = plan_find_size(job);
	if (!ret) {
		plan->max_extent = MAX_EXTENT;
		while (plan->max_extent > MIB && plan->max_extent > plan->total_bytes / 20)
			plan->max_extent /= 2;
		ret = plan_find_gaps(job);
	}
	if (!ret)
		ret = choose_layout(job);
	if (!ret)
		ret = plan_make_bounds(plan);
	if (!ret)
		ret = count_pieces(job);
	if (!ret)
		fill_stats(job);
	progress_end(job->progress);
	return ret;
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	free(plan->gaps);
	free(plan->chunks);
	free(plan->chunk_used);
	free(plan->pool);
	free(plan->moves);
	free(plan->moved);
	free(plan->moved_inline);
	free(plan->cleared);
	free(plan->bounds);
	free(plan);
}

const struct btrfs_chunk *plan_chunks(const struct job *job, size_t *nr)
{
	*nr = job->plan->nr_chunks;
	return job->plan->chunks;
}

const u8 *plan_fsid(const struct job *job)
{
	return job->plan->params.fsid;
}

const char *plan_label(const struct job *job)
{
	return job->plan->label;
}

const struct btrfs_params *plan_params(const struct job *job)
{
	return &job->plan->params;
}

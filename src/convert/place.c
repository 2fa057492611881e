/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Turns the claims into the extents of the result: merges what only ext uses, cuts at the plan's borders, and puts what
 * is moved out of the reserved ranges at its new address. Every tree that describes data is fed from here, so that they
 * agree by construction.
 */
#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "convert/plan.h"

struct walk {
	struct job *job;
	const struct place_sink *sink;
	enum place_order order;
	struct place_piece run; /* the open run, not cut yet; len 0: none */
	u64 pos;                /* end of the last claim, to drop further users of an attribute block */
	size_t next_moved;
};

static int emit_moved(struct walk *w, u64 before)
{
	const struct plan *plan = w->job->plan;
	int ret = 0;

	while (!ret && w->next_moved < plan->nr_moved && plan->moved[w->next_moved].logical < before)
		ret = w->sink->piece(w->sink->ctx, &plan->moved[w->next_moved++]);
	return ret;
}

static int emit_piece(struct walk *w, const struct place_piece *piece)
{
	if (w->order == PLACE_BY_LOGICAL) {
		int ret;

		if (piece->logical != piece->physical)
			return 0; /* comes from the list of moved pieces */
		ret = emit_moved(w, piece->logical);
		if (ret)
			return ret;
	}
	return w->sink->piece(w->sink->ctx, piece);
}

static int emit_run(struct walk *w)
{
	u64 end = w->run.physical + w->run.len;
	struct place_piece piece = w->run;
	int ret;

	w->run.len = 0;
	while (w->sink->piece && piece.physical < end) {
		u64 cut = min_u64(plan_cut(w->job->plan, piece.physical, &piece.logical), end);

		piece.len = cut - piece.physical;
		/* nothing was ever written there, and the superblock copies need the place */
		if (piece.kind != CLAIM_UNINIT || !plan_is_reserved(piece.physical)) {
			ret = emit_piece(w, &piece);
			if (ret)
				return ret;
		}
		piece.physical = cut;
		piece.file_offset += piece.len;
	}
	return 0;
}

/* A run ends where an extent must end anyway, so that a walk never runs far ahead of its pieces. */
static bool extends(const struct walk *w, const struct place_piece *next)
{
	const struct place_piece *run = &w->run;

	if (!run->len || run->physical + run->len != next->physical || run->kind != next->kind)
		return false;
	if (next->physical % w->job->plan->max_extent == 0)
		return false;
	return next->kind == CLAIM_FIXED || next->kind == CLAIM_UNINIT;
}

static int add_claim(struct walk *w, const struct claim *claim)
{
	struct place_piece next = { .physical = claim->physical, .len = claim->len, .kind = claim->kind };
	int ret;

	if (claim->physical < w->pos)
		return 0;
	w->pos = claim->physical + claim->len;
	if (w->sink->claim) {
		ret = w->sink->claim(w->sink->ctx, claim);
		if (ret)
			return ret;
	}
	if (claim_image_only(claim->kind)) {
		next.kind = CLAIM_FIXED;
	} else if (claim->kind != CLAIM_UNINIT) {
		next.ino = claim->ino;
		next.file_offset = claim->logical;
	}
	if (extends(w, &next)) {
		w->run.len += next.len;
		return 0;
	}
	ret = emit_run(w);
	w->run = next;
	return ret;
}

int place_walk(struct job *job, enum place_order order, const struct place_sink *sink)
{
	struct walk w = { .job = job, .sink = sink, .order = order };
	struct claim claim;
	int ret = sort_rewind(job->scan->claims);

	while (!ret && (ret = scan_claim_next(job->scan, &claim)) == 1)
		ret = add_claim(&w, &claim);
	if (!ret)
		ret = emit_run(&w);
	if (!ret && order == PLACE_BY_LOGICAL && sink->piece)
		ret = emit_moved(&w, ~(u64)0);
	return ret;
}

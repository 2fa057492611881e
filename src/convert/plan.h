/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan: where everything of the new file system lies. Private to the convert layer. Pure arithmetic over what scan
 * found; nothing is read or written but the bitmaps once more and the tail of the device.
 */
#ifndef CONVERT_PLAN_H
#define CONVERT_PLAN_H

#include "convert/job.h"
#include "convert/scan.h"

/* Places that a btrfs keeps for itself: what ext has there is moved. */
#define PLAN_NR_RESERVED 3
extern const struct range plan_reserved[PLAN_NR_RESERVED];

/* Chunks begin, end and lie at multiples of this. */
#define PLAN_ALIGN BTRFS_STRIPE_LEN

/* The saved image: objectids in subvolume 256. */
#define PLAN_SAVED_TREE ((u64)256)
#define PLAN_IMAGE_INO ((u64)257)
#define PLAN_UNINIT_INO ((u64)258)
#define PLAN_IMAGE_NAME "image"
#define PLAN_UNINIT_NAME "never_written"

/* len bytes at from, in a reserved range, get a copy at to, which is also their logical address. */
struct plan_move {
	u64 from, len, to;
};

/* A part of one extent of the result: what place.c hands out. */
struct place_piece {
	u64 logical;     /* address in the btrfs */
	u64 physical;    /* where ext has it, and where it is in the saved image */
	u64 len;
	u64 file_offset; /* of kinds that belong to a file */
	u32 ino;         /* ext inode of kinds that belong to a file, else 0 */
	enum claim_kind kind;
};

/* What the trees need, in bytes of tree blocks, one copy. */
struct plan_need {
	u64 expected;  /* if every leaf were full */
	u64 bound;     /* cannot be exceeded */
	u64 system;    /* bound for the chunk tree */
	u64 reserve;   /* what the kernel sets aside at mount */
};

/* For the estimate of the time. */
#define PLAN_MAX_SAMPLES 16u

/* Exact counts over the pieces. */
struct plan_count {
	u64 nr_pieces;
	u64 image_bytes;   /* mapped by the image */
	u64 uninit_bytes;
	u64 csum_bytes;
	u64 used;          /* of all data chunks */
};

struct plan {
	struct btrfs_params params;
	char label[256];
	u64 total_bytes;
	u64 last_used;     /* end of the last block that ext uses */
	u64 max_extent;    /* extents end at multiples of this, a power of two */
	bool dup;

	struct range *gaps; /* free, aligned, ascending; may contain a reserved range */
	size_t nr_gaps, cap_gaps;
	u64 gap_min;        /* shorter ones are not in the list */
	u64 gap_threshold;  /* shorter ones lie inside data chunks */
	u32 reserved_used;  /* bit n: the n-th 64 KiB of the reserved ranges holds something of ext */

	struct btrfs_chunk *chunks; /* all, ascending by logical: data, then metadata and system */
	size_t nr_chunks, cap_chunks;
	size_t nr_data;
	u64 *chunk_used;            /* bytes of extents in each data chunk */

	struct range *pool;         /* what is left of the gaps: unallocated; ascending by length */
	size_t nr_pool;

	struct plan_move *moves;    /* ascending by from */
	size_t nr_moves;
	struct place_piece *moved;  /* the pieces in them, ascending by logical */
	size_t nr_moved, cap_moved;
	struct claim *moved_inline;  /* claims of inline files in the reserved ranges */
	size_t nr_moved_inline, cap_moved_inline;

	struct range *cleared;       /* in the reserved ranges, of what ext never wrote: zeros when ext comes back */
	size_t nr_cleared, cap_cleared;
	u64 journal;                 /* where the journal record goes; free in both file systems */

	u64 *bounds;                /* extents must not cross these; ascending */
	size_t nr_bounds;
	struct plan_need need;
	struct plan_count count;

	u64 samples[PLAN_MAX_SAMPLES]; /* places in used blocks, ascending and evenly spread over them */
	u32 nr_samples;
};

/* --- plan.c --- */
int plan_run(struct job *job) __must_check;
void plan_free(struct plan *plan);

/* UUID and label that the result will have. */
void plan_choose_identity(const struct job *job, u8 fsid[16], char label[256]);

/* --- plan_gap.c --- */

/* Fills gaps, last_used, reserved_used. */
int plan_find_gaps(struct job *job) __must_check;

/* Bytes of the device that the result may span: the file system, and the tail behind it when nothing else lives
 * there. */
int plan_find_size(struct job *job) __must_check;

/* --- plan_need.c --- */

/* What the trees need with nodesize when there are nr_chunks chunks, nr_data of them data. */
void plan_count_need(const struct job *job, u32 nodesize, u64 nr_data, u64 nr_chunks, struct plan_need *need);

/* --- plan_layout.c --- */

enum plan_comfort {
	PLAN_ROOMY, /* metadata to grow into, and unallocated space of some size */
	PLAN_TIGHT, /* just what the kernel needs to work */
};

/* What one attempt at a layout is to achieve. */
struct plan_attempt {
	u64 threshold;
	u32 nodesize;
	bool dup;
	enum plan_comfort comfort;
};

/* Lays out all chunks: 0, 1 when it does not fit (missing: bytes of free space lacking), <0 error. */
int plan_layout(struct job *job, const struct plan_attempt *attempt, u64 *missing) __must_check;

/* --- plan_cut.c --- */

/* Builds bounds from chunks and moves. */
int plan_make_bounds(struct plan *plan) __must_check;

/* The end of the piece that begins at physical (exclusive); *logical gets the btrfs address of its begin. */
u64 plan_cut(const struct plan *plan, u64 physical, u64 *logical);

/* True in a reserved range. */
bool plan_is_reserved(u64 physical);

/* The data chunk that holds logical; nr_data when none does. */
size_t plan_find_data_chunk(const struct plan *plan, u64 logical);

/* --- place.c: the claims as extents --- */

enum place_order { PLACE_BY_PHYSICAL, PLACE_BY_LOGICAL };

struct place_sink {
	/* Each extent, in the order asked for; NULL: not wanted. */
	int (*piece)(void *ctx, const struct place_piece *piece);
	/* Each claim, in physical order, before a piece that covers it; NULL: not wanted. */
	int (*claim)(void *ctx, const struct claim *claim);
	void *ctx;
};

int place_walk(struct job *job, enum place_order order, const struct place_sink *sink) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Private to the sorter, by file.
 *
 * Records are gathered in blocks of memory that fit the CPU's cache; a full block is sorted at once. When the budget is
 * used up, the blocks are merged into one run on scratch. At the end all blocks and runs are merged. A source of the
 * merge is therefore a chain of blocks, or a run; sources are numbered in the order of insertion, which settles ties.
 */
#ifndef SORT_SORT_PRIV_H
#define SORT_SORT_PRIV_H

#include "base/arith.h"
#include "sort/sort.h"

/* Payloads are aligned to this, in memory and in runs. */
#define SORT_ALIGN ((size_t)8)

/* As one wide number where there is such a type: the outcome is often a coin toss, which no branch predictor can
 * guess, and this needs no branch. */
static inline bool sort_key_less(u64 a_hi, u64 a_lo, u64 b_hi, u64 b_lo)
{
#ifdef __SIZEOF_INT128__
	return ((unsigned __int128)a_hi << 64 | a_lo) < ((unsigned __int128)b_hi << 64 | b_lo);
#else
	return a_hi < b_hi || (a_hi == b_hi && a_lo < b_lo);
#endif
}

/* --- sort_block.c: records in memory --- */

/* Entries grow from the start of the buffer, payloads from its end. */
struct sort_entry {
	u64 hi, lo;
	u32 back; /* the payload begins so many bytes before the end of the buffer */
	u32 len;
};

struct sort_block {
	u8 *buf;
	u32 size;     /* of buf, a multiple of SORT_ALIGN */
	u32 nr;       /* entries */
	u32 used;     /* bytes of payload at the end */
	bool follows; /* no key is less than those of the block before: both belong to one source */
};

static inline struct sort_entry *sort_block_entries(const struct sort_block *block)
{
	return (struct sort_entry *)block->buf;
}

static inline const u8 *sort_block_payload(const struct sort_block *block, const struct sort_entry *entry)
{
	return block->buf + block->size - entry->back;
}

/* Gives the block a buffer of size bytes, which is at least its present one, and keeps its records. */
int sort_block_resize(struct sort_block *block, u32 size) __must_check;

/* 0 added, 1 the record does not fit. */
int sort_block_add(struct sort_block *block, const struct sort_rec *rec) __must_check;

bool sort_block_is_sorted(const struct sort_block *block);

/* Sorts the entries, equal keys in the order of insertion; aux has room for half of them. */
void sort_block_sort(struct sort_block *block, struct sort_entry *aux);

/* --- sort_run.c: a sorted run on scratch --- */

/* One write to scratch. */
#define SORT_WRITE_SIZE ((size_t)256 << 10)
/* The least and the most that is read from a run at once. */
#define SORT_READ_MIN ((size_t)64 << 10)
#define SORT_READ_MAX ((size_t)1 << 20)

/* In one piece: a run is written from beginning to end before anything else is appended to scratch. */
struct sort_run {
	u64 start, bytes;
};

/* What the records of a sorter are like. */
struct sort_format {
	u32 payload_size; /* or SORT_VARIABLE */
	size_t max_rec;   /* size in a run of the largest record so far */
};

/* Bytes of a record in a run: hi, lo, the length if lengths vary, the payload, padding. */
static inline size_t sort_run_rec_size(u32 payload_size, u32 len)
{
	return (payload_size == SORT_VARIABLE ? 24 : 16) + round_up(len, SORT_ALIGN);
}

struct sort_writer {
	struct scratch *scratch;
	struct sort_run *run;
	u8 *buf; /* of SORT_WRITE_SIZE, the caller's */
	size_t fill;
	u32 payload_size;
};

int sort_writer_add(struct sort_writer *w, const struct sort_rec *rec) __must_check;
int sort_writer_finish(struct sort_writer *w) __must_check;

struct sort_reader;

/* Memory that a reader needs at least. */
size_t sort_reader_min(const struct sort_format *format);

/* Reads run (borrowed) from its beginning, using at most memory bytes. */
int sort_reader_new(struct scratch *scratch, const struct sort_run *run, const struct sort_format *format,
		    size_t memory, struct sort_reader **out) __must_check;
/* 1 got one, 0 end, <0 error; the payload is valid until the next call. */
int sort_reader_next(struct sort_reader *r, struct sort_rec *rec) __must_check;
void sort_reader_free(struct sort_reader *r);

/* --- sort_merge.c: the merge of sources --- */

struct sort_source;
struct sort_node;

struct sort_merge {
	struct sort_source *sources;
	struct sort_node *nodes;
	size_t nr, max;
	bool started;
};

/* Add sources, in the order of insertion. The blocks are borrowed, the reader is taken, even on failure. */
int sort_merge_add_blocks(struct sort_merge *m, const struct sort_block *first,
			  const struct sort_block *last) __must_check;
int sort_merge_add_reader(struct sort_merge *m, struct sort_reader *reader) __must_check;
/* 1 got one, 0 end, <0 error. */
int sort_merge_next(struct sort_merge *m, struct sort_rec *rec) __must_check;
/* Drops the sources and keeps the arrays. */
void sort_merge_clear(struct sort_merge *m);
void sort_merge_free(struct sort_merge *m);

#endif

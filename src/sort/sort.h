/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * External sorter: records with a 128-bit key (hi, lo) and an opaque payload, a fixed memory budget, runs spilled to a
 * scratch store when the budget is full. Equal keys come out in the order in which they went in. Nearly sorted input
 * costs nearly nothing (natural runs are used).
 *
 * Life: sort_new, sort_add ..., sort_finish, sort_next until 0, (sort_rewind, sort_next ...)*, sort_free.
 * sort_reset makes an empty sorter of it again, keeping its memory.
 */
#ifndef SORT_SORT_H
#define SORT_SORT_H

#include "base/types.h"
#include "dev/dev.h"

/* --- scratch.c: where runs go --- */

struct scratch;

/* An unlinked temporary file in dir, made on first use. NULL: the first of $TMPDIR, /var/tmp, /tmp and /run that is
 * writable and has some room; those that live in memory only when no other works. */
int scratch_new_file(const char *dir, struct scratch **out) __must_check;

/* The given ranges of dev (borrowed; copied list; bytes, multiples of 4096), which the caller knows to be free and
 * has opened in the fence. */
int scratch_new_dev(struct dev *dev, const struct range *ranges, size_t nr_ranges, struct scratch **out) __must_check;

/* Appends len bytes, *pos receives their position for scratch_read: the next multiple of 4096. ERR_NOSPC (reported)
 * when full, and nothing was used. A scratch is used by one thread at a time. */
int scratch_append(struct scratch *s, const void *buf, size_t len, u64 *pos) __must_check;
int scratch_read(struct scratch *s, u64 pos, void *buf, size_t len) __must_check;

/* Forgets everything appended. */
void scratch_reset(struct scratch *s);
u64 scratch_used(const struct scratch *s);
void scratch_free(struct scratch *s);

/* --- sort.c --- */

struct sort;

#define SORT_MAX_PAYLOAD ((u32)65536)

struct sort_rec {
	u64 hi, lo;
	const void *payload; /* aligned to 8 bytes; valid until the next call on the sorter */
	u32 len;
};

/*
 * payload_size: bytes of every payload when fixed, or SORT_VARIABLE. budget: bytes of memory for records and merge
 * buffers (at least 1 MiB is used; memory grows with use, small inputs stay small). scratch is borrowed and may be
 * NULL: then the sorter never spills and memory is bounded only by the input. Several sorters may share a scratch as
 * long as none of them resets it.
 */
#define SORT_VARIABLE ((u32)-1)
int sort_new(u32 payload_size, size_t budget, struct scratch *scratch, struct sort **out) __must_check;

int sort_add(struct sort *s, u64 hi, u64 lo, const void *payload, u32 len) __must_check;

/* No more records; sorts what is in memory and starts the merge. */
int sort_finish(struct sort *s) __must_check;

/* Pulls the next record in order: 1 got one, 0 end, <0 error. The order is checked (ERR_BUG). */
int sort_next(struct sort *s, struct sort_rec *rec) __must_check;

/* Starts again from the first record. */
int sort_rewind(struct sort *s) __must_check;

/* Empty again; scratch space it used is not given back (scratch_reset does that). */
void sort_reset(struct sort *s);

u64 sort_count(const struct sort *s);
u64 sort_spilled(const struct sort *s); /* bytes that went to scratch */
void sort_free(struct sort *s);

#endif

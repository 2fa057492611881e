/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sorter's policy: when a block grows, when all are spilled, and how the budget is divided for the last merge.
 *
 * While records come in, the budget holds the blocks, the room that sorting one block takes, and the buffer for writing
 * a run; in the last merge it holds what blocks there still are and one read buffer for each run. Runs too many for
 * that are first merged into fewer.
 */
#include <stdlib.h>
#include <string.h>

#include "base/msg.h"
#include "base/status.h"
#include "sort/sort_priv.h"

#define SORT_MIN_BUDGET ((size_t)1 << 20)
#define SORT_FIRST_BLOCK ((u32)4 << 10)
/* A block must hold the largest record, and should fit the cache. */
#define SORT_MIN_BLOCK ((size_t)128 << 10)
#define SORT_MAX_BLOCK ((size_t)1 << 20)

static_assert(SORT_MIN_BLOCK >= sizeof(struct sort_entry) + SORT_MAX_PAYLOAD, "a block holds the largest record");

struct sort {
	struct sort_format format;
	size_t budget;
	struct scratch *scratch;
	bool finished;
	u64 count, spilled;

	struct sort_block *blocks;
	size_t nr_blocks;  /* in use; the last one is being filled */
	size_t nr_buffers; /* blocks that have a buffer: those in use, and some more after a reset */
	size_t max_blocks; /* length of the array */
	size_t block_size;
	size_t block_bytes; /* of all buffers */
	struct sort_entry *aux;
	size_t nr_aux;

	struct sort_run *runs;
	size_t nr_runs, max_runs;
	u8 *write_buf;

	struct sort_merge merge;
	bool any;              /* a record was returned: its key follows */
	u64 last_hi, last_lo;
};

int sort_new(u32 payload_size, size_t budget, struct scratch *scratch, struct sort **out)
{
	struct sort *s = NULL;

	*out = NULL;
	if (payload_size != SORT_VARIABLE && payload_size > SORT_MAX_PAYLOAD) {
		msg_err("sorting: records of %u bytes are too large (this is a bug)", payload_size);
		return ERR_BUG;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return msg_nomem("sorting");
	s->format.payload_size = payload_size;
	s->budget = max_u64(budget, SORT_MIN_BUDGET);
	s->scratch = scratch;
	s->block_size = round_down(min_u64(max_u64(s->budget / 8, SORT_MIN_BLOCK), SORT_MAX_BLOCK), SECTOR);
	*out = s;
	return 0;
}

/* ========== Runs ========== */

/* A further run at the end of the list, or NULL. */
static struct sort_run *sort_new_run(struct sort *s)
{
	if (s->nr_runs == s->max_runs) {
		size_t max = s->max_runs ? s->max_runs * 2 : 8;
		struct sort_run *runs = realloc(s->runs, max * sizeof(*runs));

		if (!runs)
			return NULL;
		s->runs = runs;
		s->max_runs = max;
	}
	memset(&s->runs[s->nr_runs], 0, sizeof(*s->runs));
	return &s->runs[s->nr_runs++];
}

/* Writes all that the merge yields to run, and drops the sources of the merge. */
static int sort_write_run(struct sort *s, struct sort_run *run)
{
	struct sort_writer w = { .scratch = s->scratch, .run = run, .payload_size = s->format.payload_size };
	struct sort_rec rec;
	void *buf = s->write_buf;
	int ret = 0;

	if (!buf && posix_memalign(&buf, SECTOR, SORT_WRITE_SIZE))
		return msg_nomem("sorting");
	s->write_buf = buf;
	w.buf = buf;
	while ((ret = sort_merge_next(&s->merge, &rec)) > 0) {
		ret = sort_writer_add(&w, &rec);
		if (ret)
			break;
	}
	if (!ret)
		ret = sort_writer_finish(&w);
	s->spilled += run->bytes;
	sort_merge_clear(&s->merge);
	return ret;
}

/* Makes the blocks sources of the merge; blocks whose keys follow on each other are one source. */
static int sort_add_blocks(struct sort *s)
{
	int ret = 0;

	for (size_t first = 0, i = 0; i < s->nr_blocks && !ret; i++) {
		if (i + 1 < s->nr_blocks && s->blocks[i + 1].follows)
			continue;
		ret = sort_merge_add_blocks(&s->merge, &s->blocks[first], &s->blocks[i]);
		first = i + 1;
	}
	return ret;
}

static int sort_add_runs(struct sort *s, size_t first, size_t nr, size_t memory)
{
	int ret = 0;

	for (size_t i = first; i < first + nr && !ret; i++) {
		struct sort_reader *reader = NULL;

		ret = sort_reader_new(s->scratch, &s->runs[i], &s->format, memory / nr, &reader);
		if (!ret)
			ret = sort_merge_add_reader(&s->merge, reader);
	}
	return ret;
}

/* Moves all blocks to a new run on scratch. */
static int sort_spill(struct sort *s)
{
	struct sort_run *run = sort_new_run(s);
	int ret = 0;

	if (!run)
		return msg_nomem("sorting");
	ret = sort_add_blocks(s);
	if (!ret)
		ret = sort_write_run(s, run);
	s->nr_blocks = 0;
	return ret;
}

/* Merges groups of neighbouring runs until the budget has room to read all at once. */
static int sort_reduce_runs(struct sort *s)
{
	size_t each = sort_reader_min(&s->format);
	size_t fan_in = max_u64((s->budget - SORT_WRITE_SIZE) / each, 2);

	while (s->nr_runs > 2 && s->nr_runs * each > s->budget) {
		size_t nr = 0;

		for (size_t first = 0; first < s->nr_runs; first += fan_in, nr++) {
			size_t group = (size_t)min_u64(fan_in, s->nr_runs - first);
			struct sort_run merged = { 0 };
			int ret = sort_add_runs(s, first, group, s->budget - SORT_WRITE_SIZE);

			if (!ret)
				ret = sort_write_run(s, &merged);
			if (ret)
				return ret;
			s->runs[nr] = merged;
		}
		s->nr_runs = nr;
	}
	return 0;
}

/* ========== Blocks ========== */

/* Sorts the block that was being filled. */
static int sort_seal(struct sort *s)
{
	struct sort_block *block = &s->blocks[s->nr_blocks - 1];
	const struct sort_entry *first = sort_block_entries(block), *last = NULL;

	if (!sort_block_is_sorted(block)) {
		if (s->nr_aux < block->nr / 2) {
			free(s->aux);
			s->aux = malloc(block->nr / 2 * sizeof(*s->aux));
			s->nr_aux = s->aux ? block->nr / 2 : 0;
		}
		if (!s->aux)
			return msg_nomem("sorting");
		sort_block_sort(block, s->aux);
	}
	block->follows = false;
	if (s->nr_blocks > 1) {
		last = sort_block_entries(block - 1) + block[-1].nr - 1;
		block->follows = !sort_key_less(first->hi, first->lo, last->hi, last->lo);
	}
	return 0;
}

static void sort_free_buffers(struct sort *s, size_t keep)
{
	while (s->nr_buffers > keep) {
		struct sort_block *block = &s->blocks[--s->nr_buffers];

		s->block_bytes -= block->size;
		free(block->buf);
	}
}

/* Takes an empty block into use; the very first one starts small. */
static int sort_new_block(struct sort *s)
{
	struct sort_block *block = NULL;
	int ret = 0;

	if (s->nr_blocks == s->max_blocks) {
		size_t max = s->max_blocks ? s->max_blocks * 2 : 1;
		struct sort_block *blocks = realloc(s->blocks, max * sizeof(*blocks));

		if (!blocks)
			return msg_nomem("sorting");
		s->blocks = blocks;
		s->max_blocks = max;
	}
	block = &s->blocks[s->nr_blocks];
	if (s->nr_blocks == s->nr_buffers) {
		memset(block, 0, sizeof(*block));
		ret = sort_block_resize(block, s->nr_blocks || s->nr_runs ? (u32)s->block_size : SORT_FIRST_BLOCK);
		if (ret)
			return ret;
		s->nr_buffers++;
		s->block_bytes += block->size;
	}
	block->nr = 0;
	block->used = 0;
	s->nr_blocks++;
	return 0;
}

/* True when a further block would leave no room for sorting it and writing a run. */
static bool sort_is_full(const struct sort *s)
{
	return s->scratch && s->nr_blocks == s->nr_buffers &&
	       s->block_bytes + s->block_size * 3 / 2 + SORT_WRITE_SIZE > s->budget;
}

/* Makes room for a record that does not fit in the block being filled. */
static int sort_make_room(struct sort *s)
{
	struct sort_block *block = s->nr_blocks ? &s->blocks[s->nr_blocks - 1] : NULL;
	int ret = 0;

	if (block && block->size < s->block_size) {
		u32 old_size = block->size;

		ret = sort_block_resize(block, (u32)min_u64((u64)old_size * 2, s->block_size));
		s->block_bytes += block->size - old_size;
		return ret;
	}
	if (block)
		ret = sort_seal(s);
	if (!ret && block && sort_is_full(s))
		ret = sort_spill(s);
	return ret ? ret : sort_new_block(s);
}

/* ========== The public functions ========== */

int sort_add(struct sort *s, u64 hi, u64 lo, const void *payload, u32 len)
{
	const struct sort_rec rec = { hi, lo, payload, len };
	const u32 size = s->format.payload_size;
	int ret = 0;

	if (s->finished || len > SORT_MAX_PAYLOAD || (size != SORT_VARIABLE && size != len)) {
		msg_err("sorting: a record of %u bytes was added %s (this is a bug)", len,
			s->finished ? "after the end" : "that the sorter is not made for");
		return ERR_BUG;
	}
	while (!s->nr_blocks || sort_block_add(&s->blocks[s->nr_blocks - 1], &rec)) {
		ret = sort_make_room(s);
		if (ret)
			return ret;
	}
	s->format.max_rec = max_u64(s->format.max_rec, sort_run_rec_size(size, len));
	s->count++;
	return 0;
}

int sort_rewind(struct sort *s)
{
	int ret = 0;

	if (!s->finished) {
		msg_err("sorting: rewound before the end of input (this is a bug)");
		return ERR_BUG;
	}
	s->any = false;
	sort_merge_clear(&s->merge);
	if (s->nr_runs)
		ret = sort_add_runs(s, 0, s->nr_runs, s->budget - s->block_bytes);
	return ret ? ret : sort_add_blocks(s);
}

int sort_finish(struct sort *s)
{
	int ret = 0;

	if (s->finished) {
		msg_err("sorting: finished twice (this is a bug)");
		return ERR_BUG;
	}
	if (s->nr_blocks)
		ret = sort_seal(s);
	if (!ret && s->nr_runs) {
		free(s->aux);
		s->aux = NULL;
		s->nr_aux = 0;
		sort_free_buffers(s, s->nr_blocks);
		if (s->block_bytes + s->nr_runs * sort_reader_min(&s->format) > s->budget) {
			ret = sort_spill(s);
			sort_free_buffers(s, 0);
		}
		if (!ret)
			ret = sort_reduce_runs(s);
		free(s->write_buf);
		s->write_buf = NULL;
	}
	if (ret)
		return ret;
	s->finished = true;
	return sort_rewind(s);
}

int sort_next(struct sort *s, struct sort_rec *rec)
{
	int ret = 0;

	if (!s->finished) {
		msg_err("sorting: asked for records before the end of input (this is a bug)");
		return ERR_BUG;
	}
	ret = sort_merge_next(&s->merge, rec);
	if (ret <= 0)
		return ret;
	if (s->any && sort_key_less(rec->hi, rec->lo, s->last_hi, s->last_lo)) {
		msg_err("sorting: records come out in the wrong order (damaged scratch space, or a bug)");
		return ERR_BUG;
	}
	s->any = true;
	s->last_hi = rec->hi;
	s->last_lo = rec->lo;
	return 1;
}

void sort_reset(struct sort *s)
{
	sort_merge_clear(&s->merge);
	s->nr_runs = 0;
	s->nr_blocks = 0;
	s->finished = false;
	s->count = 0;
	s->spilled = 0;
	s->format.max_rec = 0;
}

u64 sort_count(const struct sort *s)
{
	return s->count;
}

u64 sort_spilled(const struct sort *s)
{
	return s->spilled;
}

void sort_free(struct sort *s)
{
	if (!s)
		return;
	sort_merge_free(&s->merge);
	sort_free_buffers(s, 0);
	free(s->blocks);
	free(s->aux);
	free(s->runs);
	free(s->write_buf);
	free(s);
}

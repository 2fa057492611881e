/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocks of the planned chunks, handed out in order and written in long writes to every stripe. */
#include "convert/arena.h"

#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"

#define BUF_SIZE ((size_t)MIB)

static int grow_levels(struct arena_blocks *b, u64 want)
{
	u64 cap = max_u64(2 * b->cap, max_u64(want, 4096));
	u8 *levels;

	if (want <= b->cap)
		return 0;
	levels = realloc(b->levels, cap);
	if (!levels)
		return msg_nomem("build");
	b->levels = levels;
	b->cap = cap;
	return 0;
}

static int grow_segments(struct arena_blocks *b, size_t want)
{
	struct arena_segment *segments;

	if (want <= b->cap_segments)
		return 0;
	segments = reallocarray(b->segments, want + 16, sizeof(*segments));
	if (!segments)
		return msg_nomem("build");
	b->segments = segments;
	b->cap_segments = want + 16;
	return 0;
}

static u64 chunk_blocks(const struct arena *a, size_t chunk)
{
	return a->chunks[chunk].len / a->job->plan->params.nodesize;
}

static int sink_alloc(void *ctx, u64 owner, u8 level, u64 *logical)
{
	struct arena *a = ctx;
	int ret;

	if (a->blocks.nr == a->capacity) {
		return job_bug("build: tree %llu needs more blocks than the plan reserved (%llu)",
			(unsigned long long)owner, (unsigned long long)a->capacity);
	}
	ret = grow_levels(&a->blocks, a->blocks.nr + 1);
	if (ret)
		return ret;
	while (a->blocks.nr - a->cur_first >= chunk_blocks(a, a->cur))
		a->cur_first += chunk_blocks(a, a->cur++);
	*logical = a->chunks[a->cur].logical + (a->blocks.nr - a->cur_first) * a->job->plan->params.nodesize;
	a->blocks.levels[a->blocks.nr++] = level;
	return 0;
}

static const struct btrfs_chunk *chunk_at(const struct arena *a, u64 logical)
{
	for (size_t i = a->cur + 1; i-- > 0;)
		if (logical >= a->chunks[i].logical)
			return &a->chunks[i];
	return &a->chunks[0];
}

/* Hands the buffer over to be written to all stripes. */
static int send_buffer(struct arena *a)
{
	const struct btrfs_chunk *chunk;
	u64 offsets[2];

	if (!a->buf_used)
		return 0;
	chunk = chunk_at(a, a->buf_logical);
	for (u32 i = 0; i < chunk->nr_stripes; i++) {
		offsets[i] = chunk->physical[i] + (a->buf_logical - chunk->logical);
		a->bytes_written += a->buf_used;
	}
	a->buf = NULL;
	return dev_writer_put(a->writer, a->buf_used, offsets, chunk->nr_stripes);
}

int arena_flush(struct arena *a)
{
	int ret = send_buffer(a);

	a->buf_used = 0;
	return ret ? ret : dev_writer_drain(a->writer);
}

/* Is logical the block behind those in the buffer, in the same chunk, and is there room for it? */
static bool joins_buffer(const struct arena *a, u64 logical)
{
	const struct btrfs_chunk *chunk = chunk_at(a, a->buf_logical);

	return logical == a->buf_logical + a->buf_used && logical < chunk->logical + chunk->len &&
	       a->buf_used + a->job->plan->params.nodesize <= BUF_SIZE;
}

static int sink_write(void *ctx, u64 logical, const void *block)
{
	struct arena *a = ctx;
	int ret = 0;

	if (a->dry)
		return 0;
	if (a->buf_used && !joins_buffer(a, logical)) {
		ret = send_buffer(a);
		a->buf_used = 0;
	}
	if (!ret && !a->buf_used) {
		a->buf_logical = logical;
		if (!a->buf)
			ret = dev_writer_get(a->writer, &a->buf);
	}
	if (ret)
		return ret;
	memcpy(a->buf + a->buf_used, block, a->job->plan->params.nodesize);
	a->buf_used += a->job->plan->params.nodesize;
	return 0;
}

int arena_init(struct arena *a, struct job *job, u64 type)
{
	const struct plan *plan = job->plan;

	*a = (struct arena){ .job = job };
	a->sink = (struct btrfs_block_sink){ .alloc = sink_alloc, .write = sink_write, .ctx = a };
	for (size_t i = plan->nr_data; i < plan->nr_chunks; i++) {
		if (!(plan->chunks[i].type & type))
			continue;
		if (!a->nr_chunks)
			a->chunks = &plan->chunks[i];
		a->nr_chunks++;
		a->capacity += plan->chunks[i].len / plan->params.nodesize;
	}
	return dev_writer_new(job->dev, BUF_SIZE, &a->writer);
}

int arena_begin(struct arena *a, u64 owner)
{
	int ret = grow_segments(&a->blocks, a->blocks.nr_segments + 1);

	if (ret)
		return ret;
	a->blocks.segments[a->blocks.nr_segments++] = (struct arena_segment){ owner, a->blocks.nr };
	return 0;
}

void arena_rewind(struct arena *a, u64 nr, size_t nr_segments)
{
	a->blocks.nr = nr;
	a->blocks.nr_segments = nr_segments;
	a->cur = 0;
	a->cur_first = 0;
}

void arena_fini(struct arena *a)
{
	dev_writer_free(a->writer);
	arena_blocks_fini(&a->blocks);
	a->writer = NULL;
}

u64 arena_logical(const struct arena *a, u64 nr)
{
	size_t chunk = 0;

	while (chunk + 1 < a->nr_chunks && nr >= chunk_blocks(a, chunk))
		nr -= chunk_blocks(a, chunk++);
	return a->chunks[chunk].logical + nr * a->job->plan->params.nodesize;
}

u64 arena_chunk_used(const struct arena *a, size_t chunk, u64 nr_blocks)
{
	for (size_t i = 0; i < chunk; i++)
		nr_blocks -= min_u64(nr_blocks, chunk_blocks(a, i));
	return min_u64(nr_blocks, chunk_blocks(a, chunk)) * a->job->plan->params.nodesize;
}

int arena_blocks_copy(struct arena_blocks *dst, const struct arena_blocks *src)
{
	int ret = grow_levels(dst, src->nr);

	if (!ret)
		ret = grow_segments(dst, src->nr_segments);
	if (ret)
		return ret;
	if (src->nr)
		memcpy(dst->levels, src->levels, src->nr);
	if (src->nr_segments)
		memcpy(dst->segments, src->segments, src->nr_segments * sizeof(*src->segments));
	dst->nr = src->nr;
	dst->nr_segments = src->nr_segments;
	return 0;
}

bool arena_blocks_equal(const struct arena_blocks *a, const struct arena_blocks *b)
{
	if (a->nr != b->nr || a->nr_segments != b->nr_segments)
		return false;
	for (size_t i = 0; i < a->nr_segments; i++)
		if (a->segments[i].owner != b->segments[i].owner || a->segments[i].first != b->segments[i].first)
			return false;
	return a->nr == 0 || memcmp(a->levels, b->levels, a->nr) == 0;
}

void arena_blocks_fini(struct arena_blocks *b)
{
	free(b->levels);
	free(b->segments);
	*b = (struct arena_blocks){ 0 };
}

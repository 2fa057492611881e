/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hands out the blocks of the planned metadata (or system) chunks one behind the other, remembers tree and level of
 * each, and writes them in long writes to all stripes. One tree is written at a time, so that each lies contiguous.
 */
#ifndef CONVERT_ARENA_H
#define CONVERT_ARENA_H

#include "btrfs/btrfs_tree.h"
#include "convert/plan.h"
#include "dev/dev_writer.h"

/* A tree's blocks begin at block first of the arena. */
struct arena_segment {
	u64 owner;
	u64 first;
};

/* Which tree and level each block of an arena belongs to. */
struct arena_blocks {
	u64 nr;
	u8 *levels;
	u64 cap;
	struct arena_segment *segments;
	size_t nr_segments, cap_segments;
};

struct arena {
	struct job *job;
	const struct btrfs_chunk *chunks; /* of one kind, ascending by logical; borrowed from the plan */
	size_t nr_chunks;
	u64 capacity;                     /* blocks */
	struct arena_blocks blocks;
	bool dry;                         /* addresses are handed out, nothing is written */
	struct btrfs_block_sink sink;

	struct dev_writer *writer;
	u8 *buf;            /* blocks that wait to be written; the writer's, NULL when none is taken */
	u64 buf_logical;
	size_t buf_used;
	size_t cur;         /* chunk of the next block */
	u64 cur_first;      /* index of the first block of that chunk */
	u64 bytes_written;  /* all stripes */
};

/* type: BTRFS_BLOCK_GROUP_METADATA or _SYSTEM. */
int arena_init(struct arena *arena, struct job *job, u64 type) __must_check;

/* Begins the tree of owner. */
int arena_begin(struct arena *arena, u64 owner) __must_check;

/* Writes what waits in the buffer, and waits for it. */
int arena_flush(struct arena *arena) __must_check;

/* Forgets all blocks behind the first nr, which must be those of whole trees. */
void arena_rewind(struct arena *arena, u64 nr, size_t nr_segments);
void arena_fini(struct arena *arena);

/* Logical address of block nr. */
u64 arena_logical(const struct arena *arena, u64 nr);

/* Bytes in use of chunk (index in arena->chunks) when nr_blocks blocks are in use. */
u64 arena_chunk_used(const struct arena *arena, size_t chunk, u64 nr_blocks);

/* dst becomes equal to src; both are freed with arena_blocks_fini. */
int arena_blocks_copy(struct arena_blocks *dst, const struct arena_blocks *src) __must_check;
bool arena_blocks_equal(const struct arena_blocks *a, const struct arena_blocks *b);
void arena_blocks_fini(struct arena_blocks *blocks);

#endif

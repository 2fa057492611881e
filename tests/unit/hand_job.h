/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A conversion made by hand: claims, chunks and moves without an ext file system, for tests of single parts. */
#ifndef TEST_HAND_JOB_H
#define TEST_HAND_JOB_H

#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/status.h"
#include "btrfs/btrfs_csum.h"
#include "convert/build.h"
#include "messages.h"

static struct messages said;

static inline struct job *hand_job_new(u64 total, u32 nodesize)
{
	struct job *job = calloc(1, sizeof(*job));

	assert_non_null(job);
	messages_gather(&said);
	config_init(&job->config);
	job->config.device = "hand";
	job->scan = calloc(1, sizeof(*job->scan));
	job->plan = calloc(1, sizeof(*job->plan));
	job->build = calloc(1, sizeof(*job->build));
	assert_true(job->scan && job->plan && job->build);
	assert_int_equal(sort_new(sizeof(struct claim_payload), MIB, NULL, &job->scan->claims), 0);
	job->plan->total_bytes = total;
	job->plan->max_extent = 128 * MIB;
	job->plan->params.nodesize = nodesize;
	job->plan->params.generation = 1;
	job->plan->params.incompat = BTRFS_INCOMPAT_NO_HOLES | BTRFS_INCOMPAT_SKINNY_METADATA;
	memset(job->plan->params.fsid, 0xf5, 16);
	memset(job->plan->params.chunk_tree_uuid, 0xc5, 16);
	job->plan->moves = calloc(32, sizeof(*job->plan->moves));
	job->plan->chunks = calloc(64, sizeof(*job->plan->chunks));
	job->plan->cap_chunks = 64;
	assert_true(job->plan->moves && job->plan->chunks);
	return job;
}

static inline void hand_job_free(struct job *job)
{
	struct dev *disk = job->dev;

	build_free(job->build);
	plan_free(job->plan);
	scan_free(job->scan);
	free(job);
	assert_int_equal(dev_close(disk), 0);
	msg_set_sink(NULL, NULL);
}

static inline void hand_disk(struct job *job, u64 size)
{
	assert_int_equal(dev_mem_new(size, &job->dev), 0);
}

/* Chunks are added ascending by logical, data first. A second address makes it DUP. */
static inline void hand_chunk(struct job *job, u64 type, u64 logical, u64 len, u64 physical, u64 second)
{
	struct plan *plan = job->plan;

	assert_true(plan->nr_chunks < plan->cap_chunks);
	plan->chunks[plan->nr_chunks++] = (struct btrfs_chunk){
		.logical = logical,
		.len = len,
		.type = type | (second ? BTRFS_BLOCK_GROUP_DUP : 0),
		.nr_stripes = second ? 2 : 1,
		.physical = { physical, second },
	};
	plan->nr_data += type == BTRFS_BLOCK_GROUP_DATA;
}

static inline void hand_data(struct job *job, u64 start, u64 len)
{
	hand_chunk(job, BTRFS_BLOCK_GROUP_DATA, start, len, start, 0);
}

static inline void hand_move(struct job *job, u64 from, u64 to)
{
	job->plan->moves[job->plan->nr_moves++] = (struct plan_move){ from, PLAN_ALIGN, to };
}

static inline void hand_claim(struct job *job, enum claim_kind kind, u64 physical, u64 len, u32 ino, u64 logical)
{
	const struct claim claim = { physical, logical, len, ino, kind, 0 };

	assert_int_equal(scan_claim_add(job->scan, &claim), 0);
}

static inline void hand_claims_done(struct job *job)
{
	assert_int_equal(sort_finish(job->scan->claims), 0);
	assert_int_equal(plan_make_bounds(job->plan), 0);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The merge: a tournament tree. Each inner node keeps the loser of the match between the winners below it, so after the
 * overall winner has moved on, one match at each level finds the next. A source that has ended takes part with the
 * highest key and a number above all others, so that a live source with the same key still wins.
 */
#include <stdlib.h>
#include <string.h>

#include "base/msg.h"
#include "sort/sort_priv.h"

/* How many records ahead a payload is asked for, since within a block payloads lie in the order of insertion; entries
 * twice as far, since there are more sources than the CPU foresees by itself. */
#define SORT_PREFETCH 6

/* Added to the number of a source that has ended. */
#define SORT_ENDED ((u64)1 << 32)

struct sort_source {
	const struct sort_block *block, *last; /* the present block and the last one of the chain */
	u32 next;                              /* entry in block */
	struct sort_reader *reader;            /* NULL: blocks */
	struct sort_rec rec;                   /* the present record */
};

struct sort_node {
	u64 hi, lo;
	u64 source;
};

static struct sort_source *sort_merge_new_source(struct sort_merge *m)
{
	if (m->nr == m->max) {
		size_t max = m->max ? m->max * 2 : 4;
		struct sort_source *sources = realloc(m->sources, max * sizeof(*sources));
		struct sort_node *nodes = NULL;

		if (!sources)
			return NULL;
		m->sources = sources;
		nodes = realloc(m->nodes, 2 * max * sizeof(*nodes));
		if (!nodes)
			return NULL;
		m->nodes = nodes;
		m->max = max;
	}
	memset(&m->sources[m->nr], 0, sizeof(*m->sources));
	return &m->sources[m->nr++];
}

int sort_merge_add_blocks(struct sort_merge *m, const struct sort_block *first, const struct sort_block *last)
{
	struct sort_source *source = sort_merge_new_source(m);

	if (!source)
		return msg_nomem("sorting");
	source->block = first;
	source->last = last;
	return 0;
}

int sort_merge_add_reader(struct sort_merge *m, struct sort_reader *reader)
{
	struct sort_source *source = sort_merge_new_source(m);

	if (!source) {
		sort_reader_free(reader);
		return msg_nomem("sorting");
	}
	source->reader = reader;
	return 0;
}

/* Moves on to the next record: 1 there is one, 0 end, <0 error. */
static int sort_source_next(struct sort_source *source)
{
	const struct sort_entry *entry = NULL;

	if (source->reader)
		return sort_reader_next(source->reader, &source->rec);
	while (source->next == source->block->nr) {
		if (source->block == source->last)
			return 0;
		source->block++;
		source->next = 0;
	}
	entry = sort_block_entries(source->block) + source->next++;
	if (source->next + 2 * SORT_PREFETCH < source->block->nr) {
		__builtin_prefetch(entry + 2 * SORT_PREFETCH);
		__builtin_prefetch(sort_block_payload(source->block, entry + SORT_PREFETCH));
	}
	source->rec = (struct sort_rec){ entry->hi, entry->lo, sort_block_payload(source->block, entry), entry->len };
	return 1;
}

static int sort_merge_advance(struct sort_merge *m, size_t i, struct sort_node *node)
{
	struct sort_source *source = &m->sources[i];
	int ret = sort_source_next(source);

	if (ret < 0)
		return ret;
	if (ret)
		*node = (struct sort_node){ source->rec.hi, source->rec.lo, i };
	else
		*node = (struct sort_node){ UINT64_MAX, UINT64_MAX, i + SORT_ENDED };
	return 0;
}

static bool sort_node_less(const struct sort_node *a, const struct sort_node *b)
{
	if (a->hi == b->hi && a->lo == b->lo)
		return a->source < b->source;
	return sort_key_less(a->hi, a->lo, b->hi, b->lo);
}

/* nodes[1, nr) become the losers and nodes[0] the winner. While the tree is built, nodes[i] holds the winner of what is
 * below it, and nodes[nr + k] source k. */
static int sort_merge_start(struct sort_merge *m)
{
	struct sort_node *nodes = m->nodes;

	for (size_t i = 0; i < m->nr; i++) {
		int ret = sort_merge_advance(m, i, &nodes[m->nr + i]);

		if (ret)
			return ret;
	}
	for (size_t i = m->nr - 1; i; i--)
		nodes[i] = nodes[sort_node_less(&nodes[2 * i], &nodes[2 * i + 1]) ? 2 * i : 2 * i + 1];
	nodes[0] = nodes[1];
	/* From the top down each node turns into the loser of its match; the winners below are still in place. */
	for (size_t i = 1; i < m->nr; i++)
		nodes[i] = nodes[sort_node_less(&nodes[2 * i], &nodes[2 * i + 1]) ? 2 * i + 1 : 2 * i];
	return 0;
}

/* The winner's source moves on and plays its way up again. */
static int sort_merge_replay(struct sort_merge *m)
{
	struct sort_node *nodes = m->nodes;
	size_t source = nodes[0].source;
	struct sort_node node;
	int ret = sort_merge_advance(m, source, &node);

	if (ret)
		return ret;
	for (size_t i = (m->nr + source) / 2; i; i /= 2) {
		if (sort_node_less(&nodes[i], &node)) {
			struct sort_node loser = node;

			node = nodes[i];
			nodes[i] = loser;
		}
	}
	nodes[0] = node;
	return 0;
}

int sort_merge_next(struct sort_merge *m, struct sort_rec *rec)
{
	int ret = 0;

	if (!m->nr)
		return 0;
	/* A source moves on only now, since that ends the life of the payload returned before. */
	if (!m->started)
		ret = sort_merge_start(m);
	else if (m->nodes[0].source < SORT_ENDED)
		ret = sort_merge_replay(m);
	if (ret)
		return ret;
	m->started = true;
	if (m->nodes[0].source >= SORT_ENDED)
		return 0;
	*rec = m->sources[m->nodes[0].source].rec;
	return 1;
}

void sort_merge_clear(struct sort_merge *m)
{
	for (size_t i = 0; i < m->nr; i++)
		sort_reader_free(m->sources[i].reader);
	m->nr = 0;
	m->started = false;
}

void sort_merge_free(struct sort_merge *m)
{
	sort_merge_clear(m);
	free(m->sources);
	free(m->nodes);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A block of records in memory, and its sort: a stable merge sort of the entries, from the top down. What is already in
 * order is left alone, and of two halves only the part where they overlap is merged; so nearly sorted input costs
 * little more than one comparison for each record.
 */
#include <stdlib.h>
#include <string.h>

#include "base/copy.h"
#include "base/msg.h"
#include "sort/sort_priv.h"

/* Up to this many entries insertion is faster than merging. */
#define SORT_INSERTION 8

/* So many entries are merged at a time; where the halves hardly mix, they are copied at once. */
#define SORT_STEP 8

int sort_block_resize(struct sort_block *block, u32 size)
{
	u8 *buf = malloc(size);

	if (!buf)
		return msg_nomem("sorting");
	if (block->buf) {
		memcpy(buf, block->buf, block->nr * sizeof(struct sort_entry));
		memcpy(buf + size - block->used, block->buf + block->size - block->used, block->used);
		free(block->buf);
	}
	block->buf = buf;
	block->size = size;
	return 0;
}

int sort_block_add(struct sort_block *block, const struct sort_rec *rec)
{
	size_t room = block->size - block->used - block->nr * sizeof(struct sort_entry);
	size_t len = round_up(rec->len, SORT_ALIGN);

	if (room < sizeof(struct sort_entry) + len)
		return 1;
	block->used += (u32)len;
	if (rec->len)
		copy_short(block->buf + block->size - block->used, rec->payload, rec->len);
	sort_block_entries(block)[block->nr++] = (struct sort_entry){ rec->hi, rec->lo, block->used, rec->len };
	return 0;
}

static inline bool sort_entry_less(const struct sort_entry *a, const struct sort_entry *b)
{
	return sort_key_less(a->hi, a->lo, b->hi, b->lo);
}

/* Number of leading entries that are in order. */
static u32 sort_ascending(const struct sort_entry *e, u32 nr)
{
	u32 i = 1;

	while (i < nr && !sort_entry_less(&e[i], &e[i - 1]))
		i++;
	return i < nr ? i : nr;
}

bool sort_block_is_sorted(const struct sort_block *block)
{
	return sort_ascending(sort_block_entries(block), block->nr) == block->nr;
}

static void sort_insertion(struct sort_entry *e, u32 nr)
{
	for (u32 i = sort_ascending(e, nr); i < nr; i++) {
		struct sort_entry moving = e[i];
		u32 to = i;

		for (; to && sort_entry_less(&moving, &e[to - 1]); to--)
			e[to] = e[to - 1];
		e[to] = moving;
	}
}

/* Number of entries of e that are not greater than key (or_equal), or less than key. */
static u32 sort_find(const struct sort_entry *e, u32 nr, const struct sort_entry *key, bool or_equal)
{
	u32 low = 0, high = nr;

	while (low < high) {
		u32 mid = low + (high - low) / 2;
		bool before = or_equal ? !sort_entry_less(key, &e[mid]) : sort_entry_less(&e[mid], key);

		if (before)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Moves the lesser of *a and *b to *out, *a if they are equal. */
static inline void sort_step(struct sort_entry **out, const struct sort_entry **a, const struct sort_entry **b)
{
	bool second = sort_entry_less(*b, *a);

	*(*out)++ = *(second ? *b : *a);
	*b += second;
	*a += !second;
}

/* Merges the sorted e[0, half) and e[half, nr). The first half moves to aux, so the output never overtakes what is
 * still to be read of the second. */
static void sort_merge_halves(struct sort_entry *e, u32 half, u32 nr, struct sort_entry *aux)
{
	u32 skip = sort_find(e, half, &e[half], true);
	const struct sort_entry *a = aux, *a_end = aux + half - skip;
	const struct sort_entry *b = e + half, *b_end = b + sort_find(b, nr - half, &e[half - 1], false);
	struct sort_entry *out = e + skip;

	memcpy(aux, out, (half - skip) * sizeof(*aux));
	while (a_end - a >= SORT_STEP && b_end - b >= SORT_STEP) {
		if (!sort_entry_less(b, a + SORT_STEP - 1)) {
			memcpy(out, a, SORT_STEP * sizeof(*out));
			a += SORT_STEP;
			out += SORT_STEP;
		} else if (sort_entry_less(b + SORT_STEP - 1, a)) {
			memcpy(out, b, SORT_STEP * sizeof(*out));
			b += SORT_STEP;
			out += SORT_STEP;
		} else {
			for (int i = 0; i < SORT_STEP; i++)
				sort_step(&out, &a, &b);
		}
	}
	while (a < a_end && b < b_end)
		sort_step(&out, &a, &b);
	memcpy(out, a, (size_t)(a_end - a) * sizeof(*out));
}

static void sort_entries(struct sort_entry *e, u32 nr, struct sort_entry *aux)
{
	u32 half = nr / 2;

	if (nr <= SORT_INSERTION) {
		sort_insertion(e, nr);
		return;
	}
	sort_entries(e, half, aux);
	sort_entries(e + half, nr - half, aux);
	if (sort_entry_less(&e[half], &e[half - 1]))
		sort_merge_halves(e, half, nr, aux);
}

void sort_block_sort(struct sort_block *block, struct sort_entry *aux)
{
	sort_entries(sort_block_entries(block), block->nr, aux);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decodes a bare LZMA stream (lc 3, lp 0, pb 2, no header), which is how GRUB packs its core image. Whatever the bytes
 * are, it reads and writes only inside its buffers, and ends.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/endian.h"
#include "base/msg.h"
#include "convert/machine_private.h"

#define PROB_HALF 1024u  /* of 2048 */
#define NR_STATES 12u
#define NR_POS 4u        /* position contexts, by the two low bits */
#define NR_LITERAL 8u    /* literal contexts, by the three high bits of the byte before */
#define END_MARKER 0xFFFFFFFFu

struct len_coder {
	u16 choice[2];
	u16 low[NR_POS][8], mid[NR_POS][8], high[256];
};

/* All probabilities, which begin at one half. */
struct probs {
	u16 literal[NR_LITERAL][0x300];
	u16 match[NR_STATES][NR_POS], rep[NR_STATES], rep0_long[NR_STATES][NR_POS];
	u16 rep_from[3][NR_STATES];
	u16 slot[4][64], middle[128], align[16];
	struct len_coder match_len, rep_len;
};

struct lzma {
	const u8 *in, *in_end;
	u8 *out;
	size_t size, pos;
	u32 range, code;
	u32 state;
	u32 dist[4];   /* the last distances, less one */
	bool failed;
	struct probs *p;
};

/* --- the range coder --- */

static void refill(struct lzma *d)
{
	if (d->range >> 24)
		return;
	d->range <<= 8;
	d->code <<= 8;
	if (d->in == d->in_end)
		d->failed = true;
	else
		d->code |= *d->in++;
}

static u32 take_bit(struct lzma *d, u16 *prob)
{
	u32 bound;

	refill(d);
	bound = (d->range >> 11) * *prob;
	if (d->code < bound) {
		d->range = bound;
		*prob = (u16)(*prob + ((2048 - *prob) >> 5));
		return 0;
	}
	d->range -= bound;
	d->code -= bound;
	*prob = (u16)(*prob - (*prob >> 5));
	return 1;
}

static u32 take_plain_bits(struct lzma *d, u32 nr)
{
	u32 value = 0;

	while (nr--) {
		refill(d);
		d->range >>= 1;
		value <<= 1;
		if (d->code >= d->range) {
			d->code -= d->range;
			value |= 1;
		}
	}
	return value;
}

/* nr bits, the highest first; probs[1] is the root of their tree. */
static u32 take_tree(struct lzma *d, u16 *probs, u32 nr)
{
	u32 node = 1;

	for (u32 i = 0; i < nr; i++)
		node = node << 1 | take_bit(d, &probs[node]);
	return node - ((u32)1 << nr);
}

static u32 take_tree_reverse(struct lzma *d, u16 *probs, u32 nr)
{
	u32 node = 1, value = 0;

	for (u32 i = 0; i < nr; i++) {
		u32 bit = take_bit(d, &probs[node]);

		node = node << 1 | bit;
		value |= bit << i;
	}
	return value;
}

/* --- symbols --- */

static void put_byte(struct lzma *d, u8 byte)
{
	if (d->pos < d->size)
		d->out[d->pos++] = byte;
}

static u8 byte_back(const struct lzma *d, u32 distance)
{
	return distance < d->pos ? d->out[d->pos - distance - 1] : 0;
}

static void take_literal(struct lzma *d)
{
	u16 *probs = d->p->literal[byte_back(d, 0) >> 5];
	u32 symbol = 1;

	if (d->state >= 7) {
		/* after a match: the byte that would have gone on with it tells something */
		u32 guess = byte_back(d, d->dist[0]), agree = 0x100;

		while (symbol < 0x100) {
			u32 hint, bit;

			guess <<= 1;
			hint = guess & agree;
			bit = take_bit(d, &probs[agree + hint + symbol]);
			symbol = symbol << 1 | bit;
			agree &= bit ? hint : ~hint;
		}
	}
	while (symbol < 0x100)
		symbol = symbol << 1 | take_bit(d, &probs[symbol]);
	put_byte(d, (u8)symbol);
	d->state = d->state < 4 ? 0 : d->state < 10 ? d->state - 3 : d->state - 6;
}

static u32 take_len(struct lzma *d, struct len_coder *c)
{
	u32 pos = d->pos % NR_POS;

	if (!take_bit(d, &c->choice[0]))
		return 2 + take_tree(d, c->low[pos], 3);
	if (!take_bit(d, &c->choice[1]))
		return 10 + take_tree(d, c->mid[pos], 3);
	return 18 + take_tree(d, c->high, 8);
}

static u32 take_distance(struct lzma *d, u32 len)
{
	u32 slot = take_tree(d, d->p->slot[min_u64(len - 2, 3)], 6), nr, base;

	if (slot < 4)
		return slot;
	nr = (slot >> 1) - 1;
	base = (2 | (slot & 1)) << nr;
	if (slot < 14)
		return base + take_tree_reverse(d, d->p->middle + (base - slot), nr);
	base += take_plain_bits(d, nr - 4) << 4;
	return base + take_tree_reverse(d, d->p->align, 4);
}

/* One of the last distances, but not the very last, becomes the first. */
static void take_rep_distance(struct lzma *d)
{
	u32 nr = 1, distance;

	while (nr < 3 && take_bit(d, &d->p->rep_from[nr][d->state]))
		nr++;
	distance = d->dist[nr];
	memmove(&d->dist[1], &d->dist[0], nr * sizeof(d->dist[0]));
	d->dist[0] = distance;
}

/* A match or a repetition: its length. */
static u32 take_match(struct lzma *d)
{
	bool literal_before = d->state < 7;
	u32 len;

	if (!take_bit(d, &d->p->rep[d->state])) {
		memmove(&d->dist[1], &d->dist[0], 3 * sizeof(d->dist[0]));
		len = take_len(d, &d->p->match_len);
		d->dist[0] = take_distance(d, len);
		d->state = literal_before ? 7 : 10;
		return len;
	}
	if (!take_bit(d, &d->p->rep_from[0][d->state])) {
		if (!take_bit(d, &d->p->rep0_long[d->state][d->pos % NR_POS])) {
			d->state = literal_before ? 9 : 11;
			return 1;
		}
	} else {
		take_rep_distance(d);
	}
	len = take_len(d, &d->p->rep_len);
	d->state = literal_before ? 8 : 11;
	return len;
}

static void decode(struct lzma *d)
{
	while (!d->failed && d->pos < d->size) {
		u32 len;

		if (!take_bit(d, &d->p->match[d->state][d->pos % NR_POS])) {
			take_literal(d);
			continue;
		}
		len = take_match(d);
		if (d->dist[0] >= d->pos || d->dist[0] == END_MARKER) {
			d->failed = true;
			return;
		}
		for (u32 i = 0; i < len; i++)
			put_byte(d, byte_back(d, d->dist[0]));
	}
}

int machine_lzma(const u8 *in, size_t len, u8 *out, size_t size, size_t *done)
{
	struct lzma d = { .in = in + 5, .in_end = in + len, .out = out, .size = size, .range = 0xFFFFFFFFu };
	u16 *prob;

	*done = 0;
	if (len < 5 || in[0])
		return 0;
	d.code = get_be32(in + 1);
	d.p = malloc(sizeof(*d.p));
	if (!d.p)
		return msg_nomem("boot loader");
	prob = (u16 *)d.p;
	for (size_t i = 0; i < sizeof(*d.p) / sizeof(*prob); i++)
		prob[i] = PROB_HALF;
	decode(&d);
	free(d.p);
	*done = d.pos;
	return !d.failed;
}

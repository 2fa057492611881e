/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing and reading one run. The records follow each other without regard to the units of writing, so one may lie
 * across two of them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/copy.h"
#include "base/msg.h"
#include "base/status.h"
#include "sort/sort_priv.h"

/* ========== Writer ========== */

static int sort_writer_write_out(struct sort_writer *w)
{
	u64 pos = 0;
	int ret = scratch_append(w->scratch, w->buf, w->fill, &pos);

	if (ret)
		return ret;
	if (!w->run->bytes)
		w->run->start = pos;
	if (pos != w->run->start + w->run->bytes) {
		msg_err("sorting: scratch was used by two at the same time (this is a bug)");
		return ERR_BUG;
	}
	w->run->bytes += w->fill;
	w->fill = 0;
	return 0;
}

static int sort_writer_put(struct sort_writer *w, const void *data, size_t len)
{
	const u8 *p = data;

	while (len) {
		size_t part = (size_t)min_u64(len, SORT_WRITE_SIZE - w->fill);
		int ret = 0;

		copy_short(w->buf + w->fill, p, part);
		w->fill += part;
		p += part;
		len -= part;
		if (w->fill == SORT_WRITE_SIZE)
			ret = sort_writer_write_out(w);
		if (ret)
			return ret;
	}
	return 0;
}

int sort_writer_add(struct sort_writer *w, const struct sort_rec *rec)
{
	static const u8 zeros[SORT_ALIGN];
	const u64 head[3] = { rec->hi, rec->lo, rec->len };
	int ret = sort_writer_put(w, head, w->payload_size == SORT_VARIABLE ? 24 : 16);

	if (!ret)
		ret = sort_writer_put(w, rec->payload, rec->len);
	if (!ret)
		ret = sort_writer_put(w, zeros, round_up(rec->len, SORT_ALIGN) - rec->len);
	return ret;
}

int sort_writer_finish(struct sort_writer *w)
{
	return w->fill ? sort_writer_write_out(w) : 0;
}

/* ========== Reader ========== */

/* The buffer has two areas. Reads go to the second, which is aligned; the begun record that was left over from the
 * read before is put at the end of the first, so that it is continued by what is read. */
struct sort_reader {
	struct scratch *scratch;
	const struct sort_run *run;
	u32 payload_size;
	u64 done; /* bytes of the run that were read */
	u8 *buf;
	size_t head, size;
	size_t at, end; /* in buf, what was read and not yet returned */
};

static size_t sort_reader_head(const struct sort_format *format)
{
	return round_up(format->max_rec, SECTOR);
}

size_t sort_reader_min(const struct sort_format *format)
{
	size_t head = sort_reader_head(format);

	return head + max_u64(head, SORT_READ_MIN);
}

int sort_reader_new(struct scratch *scratch, const struct sort_run *run, const struct sort_format *format,
		    size_t memory, struct sort_reader **out)
{
	struct sort_reader *r = calloc(1, sizeof(*r));
	size_t head = sort_reader_head(format);
	void *buf = NULL;

	*out = NULL;
	memory = round_down(min_u64(memory, head + SORT_READ_MAX), SECTOR);
	memory = max_u64(memory, sort_reader_min(format));
	if (!r || posix_memalign(&buf, SECTOR, memory)) {
		free(r);
		return msg_nomem("sorting");
	}
	*r = (struct sort_reader){
		.scratch = scratch, .run = run, .payload_size = format->payload_size, .buf = buf, .head = head,
		.size = memory,
	};
	*out = r;
	return 0;
}

/* Makes at least need bytes available at r->at; need is at most r->head. */
static int sort_reader_fill(struct sort_reader *r, size_t need)
{
	size_t left = r->end - r->at;
	size_t len = (size_t)min_u64(r->run->bytes - r->done, r->size - r->head);
	int ret = 0;

	if (left + len < need) {
		msg_err("sorting: a run on scratch ends within a record (damaged scratch space?)");
		return ERR_IO;
	}
	memmove(r->buf + r->head - left, r->buf + r->at, left);
	ret = scratch_read(r->scratch, r->run->start + r->done, r->buf + r->head, len);
	if (ret)
		return ret;
	r->at = r->head - left;
	r->end = r->head + len;
	r->done += len;
	return 0;
}

int sort_reader_next(struct sort_reader *r, struct sort_rec *rec)
{
	size_t head = sort_run_rec_size(r->payload_size, 0);
	u32 len = r->payload_size;
	u64 key[3];
	int ret = 0;

	if (r->at == r->end && r->done == r->run->bytes)
		return 0;
	if (r->end - r->at < head)
		ret = sort_reader_fill(r, head);
	if (ret)
		return ret;
	copy_short(key, r->buf + r->at, head);
	if (len == SORT_VARIABLE) {
		if (key[2] > SORT_MAX_PAYLOAD || sort_run_rec_size(SORT_VARIABLE, (u32)key[2]) > r->head) {
			msg_err("sorting: a record on scratch has an impossible length (damaged scratch space?)");
			return ERR_IO;
		}
		len = (u32)key[2];
	}
	if (r->end - r->at < sort_run_rec_size(r->payload_size, len))
		ret = sort_reader_fill(r, sort_run_rec_size(r->payload_size, len));
	if (ret)
		return ret;
	*rec = (struct sort_rec){ key[0], key[1], r->buf + r->at + head, len };
	r->at += sort_run_rec_size(r->payload_size, len);
	return 1;
}

void sort_reader_free(struct sort_reader *r)
{
	if (!r)
		return;
	free(r->buf);
	free(r);
}

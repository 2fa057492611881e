/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A read-only device that shows the ext file system as it will be after the roll back: what lies in the reserved ranges
 * comes from the copies, and reads as zeros where there is none; everything else is at home already.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "convert/plan.h"
#include "convert/rollback.h"

struct view {
	struct dev dev;
	struct dev *below;
	const struct journal *journal;
};

/* Copies the part of [offset, offset + len) that piece p has. */
static int overlay(const struct view *v, const struct journal_piece *p, u64 offset, u8 *buf, size_t len)
{
	u64 from = max_u64(offset, p->home), to = min_u64(offset + len, p->home + p->len);

	if (from >= to || p->source == JOURNAL_ZEROS)
		return 0;
	return dev_read(v->below, p->source + (from - p->home), buf + (from - offset), to - from);
}

static int view_read(struct dev *dev, u64 offset, void *buf, size_t len)
{
	struct view *v = (struct view *)dev;
	int ret = dev_read(v->below, offset, buf, len);
	bool reserved = false;

	for (size_t i = 0; !ret && i < PLAN_NR_RESERVED; i++) {
		u64 from = max_u64(offset, plan_reserved[i].start);
		u64 to = min_u64(offset + len, plan_reserved[i].start + plan_reserved[i].len);

		if (from >= to)
			continue;
		memset((u8 *)buf + (from - offset), 0, to - from);
		reserved = true;
	}
	for (u32 i = 0; !ret && reserved && i < v->journal->nr_pieces; i++)
		ret = overlay(v, &v->journal->pieces[i], offset, buf, len);
	return ret;
}

static int view_write(struct dev *dev, u64 offset, const void *buf, size_t len)
{
	(void)buf;
	msg_err("%s: write of %zu bytes at %llu to a view (this is a bug)", dev->name, len, (unsigned long long)offset);
	return ERR_BUG;
}

static int view_flush(struct dev *dev)
{
	(void)dev;
	return 0;
}

static void view_prefetch(struct dev *dev, u64 offset, u64 len)
{
	dev_prefetch(((struct view *)dev)->below, offset, len);
}

static int view_close(struct dev *dev)
{
	free(dev);
	return 0;
}

static const struct dev_ops view_ops = {
	.read = view_read,
	.write = view_write,
	.flush = view_flush,
	.prefetch = view_prefetch,
	.close = view_close,
};

int rollback_view_new(struct dev *below, const struct journal *journal, struct dev **out)
{
	struct view *v = calloc(1, sizeof(*v));

	*out = NULL;
	if (!v)
		return msg_nomem("roll back");
	v->dev = (struct dev){ .ops = &view_ops, .name = below->name, .size = below->size, .read_only = true };
	v->below = below;
	v->journal = journal;
	*out = &v->dev;
	return 0;
}

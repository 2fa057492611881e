/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device that remembers every write and flush, and puts below it what a power cut may leave: all writes before a
 * flush that returned, and of those behind it any sectors.
 */
#ifndef TEST_SWITCH_RECORDER_H
#define TEST_SWITCH_RECORDER_H

#include <stdlib.h>
#include <string.h>

#include "dev/dev.h"

#define RECORDED_WRITES 100u
#define CUT_SECTOR 512u

struct recorded {
	u64 offset;
	size_t len;
	u8 *data;
	u32 epoch; /* flushes before it */
};

struct recorder {
	struct dev dev;
	struct dev *below;
	struct recorded writes[RECORDED_WRITES];
	u32 nr, nr_epochs;
};

/* What of the writes of the last epoch is on the device: the first ones whole and half of the next; or any sectors. */
struct cut {
	u32 epoch;
	u32 whole;
	bool half;
	bool any;
};

static inline int recorder_read(struct dev *dev, u64 offset, void *buf, size_t len)
{
	return dev_read(((struct recorder *)dev)->below, offset, buf, len);
}

static inline int recorder_write(struct dev *dev, u64 offset, const void *buf, size_t len)
{
	struct recorder *r = (struct recorder *)dev;
	struct recorded *w = &r->writes[r->nr++];

	assert_true(r->nr <= RECORDED_WRITES);
	*w = (struct recorded){ offset, len, malloc(len), r->nr_epochs };
	assert_non_null(w->data);
	memcpy(w->data, buf, len);
	return dev_write(r->below, offset, buf, len);
}

static inline int recorder_flush(struct dev *dev)
{
	((struct recorder *)dev)->nr_epochs++;
	return 0;
}

static inline int recorder_close(struct dev *dev)
{
	struct recorder *r = (struct recorder *)dev;

	for (u32 i = 0; i < r->nr; i++)
		free(r->writes[i].data);
	r->nr = r->nr_epochs = 0;
	return 0;
}

static inline void recorder_init(struct recorder *r, struct dev *below)
{
	static const struct dev_ops ops = {
		.read = recorder_read,
		.write = recorder_write,
		.flush = recorder_flush,
		.close = recorder_close,
	};

	memset(r, 0, sizeof(*r));
	r->dev = *below;
	r->dev.ops = &ops;
	r->below = below;
}

static inline u32 recorder_epoch_writes(const struct recorder *r, u32 epoch)
{
	u32 nr = 0;

	for (u32 i = 0; i < r->nr; i++)
		nr += r->writes[i].epoch == epoch;
	return nr;
}

static inline void recorder_put(const struct recorder *r, const struct recorded *w, size_t from, size_t len)
{
	assert_int_equal(dev_write(r->below, w->offset + from, w->data + from, len), 0);
}

/* Puts the writes below, which must be as it was before the first one. */
static inline void recorder_cut(const struct recorder *r, const struct cut *cut)
{
	u32 in_epoch = 0;

	for (u32 i = 0; i < r->nr; i++) {
		const struct recorded *w = &r->writes[i];

		if (w->epoch > cut->epoch)
			break;
		if (w->epoch < cut->epoch) {
			recorder_put(r, w, 0, w->len);
			continue;
		}
		if (cut->any) {
			u32 share = (u32)random() % 5; /* of four: none of the sectors, some, all */

			for (size_t at = 0; at < w->len; at += CUT_SECTOR)
				if ((u32)random() % 4 < share)
					recorder_put(r, w, at, CUT_SECTOR);
			continue;
		}
		if (in_epoch < cut->whole)
			recorder_put(r, w, 0, w->len);
		else if (in_epoch == cut->whole && cut->half)
			recorder_put(r, w, 0, w->len / CUT_SECTOR / 2 * CUT_SECTOR);
		in_epoch++;
	}
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The write fence. The open ranges are kept ascending and disjoint: where a new range overlaps older ones, only the
 * gaps between them are added, under the new name. A write may cross from one range into the next if they touch.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "dev/dev.h"

struct dev_fence_range {
	u64 start, end;
	const char *what;
};

struct dev_fence {
	struct dev dev;
	struct dev *below;
	pthread_mutex_t lock; /* guards the ranges; writers look while another thread may open */
	struct dev_fence_range *ranges;
	size_t nr, max;
};

static struct dev_fence *dev_fence_of(struct dev *dev)
{
	return (struct dev_fence *)dev;
}

/* Index of the first range that ends after offset; nr when there is none. */
static size_t dev_fence_find(const struct dev_fence *fence, u64 offset)
{
	size_t low = 0, high = fence->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (fence->ranges[mid].end > offset)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static bool dev_fence_covers(const struct dev_fence *fence, u64 start, u64 end)
{
	size_t i = dev_fence_find(fence, start);

	for (; i < fence->nr && fence->ranges[i].start <= start; i++) {
		if (fence->ranges[i].end >= end)
			return true;
		start = fence->ranges[i].end;
	}
	return false;
}

/* Says which ranges lie around the refused write. */
static void dev_fence_report(const struct dev_fence *fence, u64 offset, u64 len)
{
	size_t i = dev_fence_find(fence, offset);
	const struct dev_fence_range *ranges = fence->ranges;

	msg_err("%s: write of %" PRIu64 " bytes at %" PRIu64 " is outside the ranges that this phase may write "
		"(this is a bug)", fence->dev.name, len, offset);
	if (i)
		msg_err("  open before it: %" PRIu64 " to %" PRIu64 " for %s", ranges[i - 1].start, ranges[i - 1].end,
			ranges[i - 1].what);
	if (i < fence->nr)
		msg_err("  open at or after it: %" PRIu64 " to %" PRIu64 " for %s", ranges[i].start, ranges[i].end,
			ranges[i].what);
	if (!fence->nr)
		msg_err("  nothing is open");
}

static int dev_fence_read(struct dev *dev, u64 offset, void *buf, size_t len)
{
	return dev_read(dev_fence_of(dev)->below, offset, buf, len);
}

static int dev_fence_write(struct dev *dev, u64 offset, const void *buf, size_t len)
{
	struct dev_fence *fence = dev_fence_of(dev);
	bool covered = false;

	pthread_mutex_lock(&fence->lock);
	covered = dev_fence_covers(fence, offset, offset + len);
	if (!covered)
		dev_fence_report(fence, offset, len);
	pthread_mutex_unlock(&fence->lock);
	return covered ? dev_write(fence->below, offset, buf, len) : ERR_BUG;
}

static int dev_fence_flush(struct dev *dev)
{
	return dev_flush(dev_fence_of(dev)->below);
}

static void dev_fence_prefetch(struct dev *dev, u64 offset, u64 len)
{
	dev_prefetch(dev_fence_of(dev)->below, offset, len);
}

static int dev_fence_free(struct dev *dev)
{
	struct dev_fence *fence = dev_fence_of(dev);

	pthread_mutex_destroy(&fence->lock);
	free(fence->ranges);
	free(fence);
	return 0;
}

static const struct dev_ops dev_fence_ops = {
	.read = dev_fence_read,
	.write = dev_fence_write,
	.flush = dev_fence_flush,
	.prefetch = dev_fence_prefetch,
	.close = dev_fence_free,
};

int dev_fence_new(struct dev *below, struct dev **out)
{
	struct dev_fence *fence = calloc(1, sizeof(*fence));

	*out = NULL;
	if (!fence)
		return msg_nomem("write fence");
	if (pthread_mutex_init(&fence->lock, NULL)) {
		free(fence);
		return msg_nomem("write fence");
	}
	fence->dev = *below;
	fence->dev.ops = &dev_fence_ops;
	fence->below = below;
	*out = &fence->dev;
	return 0;
}

/* Inserts a range that overlaps none, before index i; a range of the same name that it touches below is extended. */
static int dev_fence_insert(struct dev_fence *fence, size_t i, struct dev_fence_range range)
{
	if (i && fence->ranges[i - 1].end == range.start && !strcmp(fence->ranges[i - 1].what, range.what)) {
		fence->ranges[i - 1].end = range.end;
		return 0;
	}
	if (fence->nr == fence->max) {
		size_t max = fence->max ? fence->max * 2 : 16;
		struct dev_fence_range *ranges = realloc(fence->ranges, max * sizeof(*ranges));

		if (!ranges)
			return msg_nomem("ranges of the write fence");
		fence->ranges = ranges;
		fence->max = max;
	}
	memmove(fence->ranges + i + 1, fence->ranges + i, (fence->nr - i) * sizeof(*fence->ranges));
	fence->ranges[i] = range;
	fence->nr++;
	return 0;
}

int dev_fence_open(struct dev *dev, u64 start, u64 len, const char *what)
{
	struct dev_fence *fence = dev_fence_of(dev);
	int ret = 0;
	u64 end;

	if (add_overflows(start, len, &end) || end > dev->size) {
		msg_err("%s: cannot open %" PRIu64 " bytes at %" PRIu64 " for %s: the device ends at %" PRIu64
			" (this is a bug)", dev->name, len, start, what, dev->size);
		return ERR_BUG;
	}
	pthread_mutex_lock(&fence->lock);
	while (!ret && start < end) {
		size_t i = dev_fence_find(fence, start);
		u64 next = i < fence->nr ? fence->ranges[i].start : end;

		if (next > start) {
			struct dev_fence_range gap = { start, min_u64(next, end), what };

			ret = dev_fence_insert(fence, i, gap);
			start = gap.end;
		} else {
			start = fence->ranges[i].end;
		}
	}
	pthread_mutex_unlock(&fence->lock);
	return ret;
}

void dev_fence_close(struct dev *dev)
{
	struct dev_fence *fence = dev_fence_of(dev);

	pthread_mutex_lock(&fence->lock);
	fence->nr = 0;
	pthread_mutex_unlock(&fence->lock);
}

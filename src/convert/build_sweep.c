/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sweep: one pass over the used blocks in the order of their addresses in the result. Windows of some MiB are read
 * and checksummed by worker threads; the main thread cuts the extents into windows and consumes the finished ones in
 * order: digests go to the csum tree, the content of small files to the inline sorter. What is moved out of the
 * reserved ranges is written to its new place by the worker that read it.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs_csum.h"
#include "convert/build.h"

#define WINDOW (2 * MIB)
#define MIN_WINDOWS 3
#define MAX_WINDOWS 12
/* A worker waits for the device most of the time, so there are some even where processors are few. */
#define MIN_WORKERS 6
#define MAX_WORKERS 8
/* A gap of unused blocks up to this length is read along. */
#define READ_THROUGH (128 * KIB)

enum window_state { WINDOW_FREE, WINDOW_FILLED, WINDOW_BUSY, WINDOW_DONE };

/* A contiguous part of a window: of one extent, or of several that follow each other in the result as well. */
struct segment {
	u64 logical;
	u32 offset, len; /* in the window */
	bool moved;
};

/* An inline file's content in a window. */
struct want {
	u64 physical;
	u32 ino;
	u32 size;
};

struct window {
	enum window_state state;
	u64 physical;
	u32 len;
	u8 *buf, *digests;
	struct segment *segments;
	struct want *wants;
	u32 nr_segments, nr_wants;
	int ret;
};

#define MAX_PARTS ((u32)(WINDOW / SECTOR))

struct sweep {
	struct job *job;
	struct csum_writer csum;
	bool datasum;
	u32 csum_size;

	struct window windows[MAX_WINDOWS]; /* a ring: filled at tail, worked on at work, consumed at head */
	u32 nr_windows;                     /* in use, by the memory budget */
	u64 head, work, tail;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t workers[MAX_WORKERS];
	u32 nr_workers;
	bool quit;

	struct window *open;   /* being filled by the main thread */
	struct want *pending;  /* inline files whose extent has not come yet */
	size_t first_pending, nr_pending, cap_pending;
	u64 done;
};

/* --- the workers --- */

static int work_on(struct sweep *s, struct window *w)
{
	enum btrfs_csum_type type = s->job->plan->params.csum_type;
	u8 *out = w->digests;
	int ret = dev_read(s->job->dev, w->physical, w->buf, w->len);

	for (u32 i = 0; !ret && i < w->nr_segments; i++) {
		const struct segment *g = &w->segments[i];

		if (s->datasum) {
			btrfs_csum_sectors(type, w->buf + g->offset, g->len / SECTOR, out);
			out += (size_t)(g->len / SECTOR) * s->csum_size;
		}
		if (g->moved)
			ret = dev_write(s->job->dev, g->logical, w->buf + g->offset, g->len);
	}
	return ret;
}

static void *worker(void *ctx)
{
	struct sweep *s = ctx;

	pthread_mutex_lock(&s->lock);
	for (;;) {
		struct window *w;

		while (!s->quit && s->work == s->tail)
			pthread_cond_wait(&s->changed, &s->lock);
		if (s->quit)
			break;
		w = &s->windows[s->work++ % s->nr_windows];
		w->state = WINDOW_BUSY;
		pthread_mutex_unlock(&s->lock);
		w->ret = work_on(s, w);
		pthread_mutex_lock(&s->lock);
		w->state = WINDOW_DONE;
		pthread_cond_broadcast(&s->changed);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* --- the main thread: consuming --- */

static int consume(struct sweep *s, struct window *w)
{
	const u8 *digests = w->digests;
	int ret = w->ret;

	for (u32 i = 0; !ret && i < w->nr_segments; i++) {
		const struct segment *g = &w->segments[i];

		if (s->datasum)
			ret = csum_writer_add(&s->csum, g->logical, digests, g->len / SECTOR);
		digests += (size_t)(g->len / SECTOR) * s->csum_size;
		s->done += g->len;
	}
	for (u32 i = 0; !ret && i < w->nr_wants; i++) {
		const struct want *want = &w->wants[i];

		ret = sort_add(s->job->build->inlines, want->ino, 0, w->buf + (want->physical - w->physical),
			       want->size);
		s->job->build_stats.inline_bytes += want->size;
	}
	progress_update(s->job->progress, s->done);
	if (!ret && job_stopped(s->job))
		ret = ERR_STOPPED;
	return ret;
}

/* Consumes the oldest window; waits for it. */
static int consume_oldest(struct sweep *s)
{
	struct window *w = &s->windows[s->head % s->nr_windows];
	int ret;

	pthread_mutex_lock(&s->lock);
	while (w->state != WINDOW_DONE)
		pthread_cond_wait(&s->changed, &s->lock);
	pthread_mutex_unlock(&s->lock);
	ret = consume(s, w);
	w->state = WINDOW_FREE;
	s->head++;
	return ret;
}

/* --- the main thread: filling --- */

static void submit(struct sweep *s)
{
	if (!s->open)
		return;
	pthread_mutex_lock(&s->lock);
	s->open->state = WINDOW_FILLED;
	s->tail++;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	s->open = NULL;
}

static int open_window(struct sweep *s, u64 physical)
{
	if (s->tail - s->head == s->nr_windows) {
		int ret = consume_oldest(s);

		if (ret)
			return ret;
	}
	s->open = &s->windows[s->tail % s->nr_windows];
	s->open->physical = physical;
	s->open->len = 0;
	s->open->nr_segments = 0;
	s->open->nr_wants = 0;
	s->open->ret = 0;
	return 0;
}

/* The longer a segment, the faster its checksums: many small files lie side by side. */
static void add_segment(struct window *w, u64 physical, u64 logical, u32 len)
{
	struct segment *last = w->nr_segments ? &w->segments[w->nr_segments - 1] : NULL;
	u32 offset = (u32)(physical - w->physical);
	bool moved = physical != logical;

	if (last && !moved && !last->moved && last->offset + last->len == offset)
		last->len += len;
	else
		w->segments[w->nr_segments++] = (struct segment){ logical, offset, len, moved };
}

/* Reads [physical, physical + len) of one extent, at logical in the result. */
static int add_range(struct sweep *s, u64 physical, u64 logical, u64 len)
{
	while (len) {
		struct window *w = s->open;
		u32 part;
		int ret;

		if (w && (physical < w->physical + w->len || physical - (w->physical + w->len) > READ_THROUGH ||
			  physical - w->physical >= WINDOW || w->nr_segments == MAX_PARTS)) {
			submit(s);
			w = NULL;
		}
		if (!w) {
			ret = open_window(s, physical);
			if (ret)
				return ret;
			w = s->open;
		}
		part = (u32)min_u64(len, WINDOW - (physical - w->physical));
		add_segment(w, physical, logical, part);
		w->len = (u32)(physical - w->physical) + part;
		while (s->nr_pending && s->pending[s->first_pending].physical < physical + part &&
		       s->pending[s->first_pending].physical >= physical) {
			w->wants[w->nr_wants++] = s->pending[s->first_pending++];
			s->nr_pending--;
		}
		physical += part;
		logical += part;
		len -= part;
	}
	return 0;
}

/* Without data checksums only inline files and what moves is read. */
static int add_wanted(struct sweep *s, const struct place_piece *piece)
{
	int ret = 0;

	while (!ret && s->nr_pending && s->pending[s->first_pending].physical < piece->physical + piece->len) {
		u64 physical = s->pending[s->first_pending].physical;

		ret = add_range(s, physical, physical, SECTOR);
	}
	return ret;
}

static int sweep_piece(void *ctx, const struct place_piece *piece)
{
	struct sweep *s = ctx;
	const struct plan *plan = s->job->plan;

	if (!claim_has_data(piece->kind))
		return 0;
	if (piece->physical == piece->logical)
		return s->datasum ? add_range(s, piece->physical, piece->logical, piece->len) : add_wanted(s, piece);

	/* a moved piece: its inline files are known from the plan, whatever the order of the addresses */
	for (size_t i = 0; i < plan->nr_moved_inline; i++) {
		const struct claim *c = &plan->moved_inline[i];

		if (c->physical >= piece->physical && c->physical < piece->physical + piece->len &&
		    s->job->build->sweep_inline) {
			u8 block[SECTOR];
			int ret = dev_read(s->job->dev, c->physical, block, SECTOR);

			if (!ret)
				ret = sort_add(s->job->build->inlines, c->ino, 0, block, c->aux);
			if (ret)
				return ret;
			s->job->build_stats.inline_bytes += c->aux;
		}
	}
	return add_range(s, piece->physical, piece->logical, piece->len);
}

static int sweep_claim(void *ctx, const struct claim *claim)
{
	struct sweep *s = ctx;

	if (claim->kind != CLAIM_INLINE || plan_is_reserved(claim->physical))
		return 0;
	if (s->first_pending + s->nr_pending == s->cap_pending) {
		size_t cap = s->cap_pending;

		if (s->first_pending > cap / 2) {
			memmove(s->pending, s->pending + s->first_pending, s->nr_pending * sizeof(*s->pending));
		} else {
			struct want *pending;

			cap = cap ? 2 * cap : 4096;
			pending = calloc(cap, sizeof(*pending));
			if (!pending)
				return msg_nomem("build");
			if (s->nr_pending)
				memcpy(pending, s->pending + s->first_pending, s->nr_pending * sizeof(*pending));
			free(s->pending);
			s->pending = pending;
			s->cap_pending = cap;
		}
		s->first_pending = 0;
	}
	s->pending[s->first_pending + s->nr_pending++] = (struct want){ claim->physical, claim->ino, claim->aux };
	return 0;
}

/* --- set-up and end --- */

static int sweep_init(struct sweep *s, struct job *job)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	u32 workers = cpus < MIN_WORKERS ? MIN_WORKERS : (u32)min_u64((u64)cpus, MAX_WORKERS);
	pthread_attr_t attr;

	s->job = job;
	s->datasum = job->config.datasum;
	s->csum_size = btrfs_csum_size(job->plan->params.csum_type);
	s->nr_windows = (u32)max_u64(MIN_WINDOWS, min_u64(MAX_WINDOWS, job->config.memory / 8 / WINDOW));
	for (u32 i = 0; i < s->nr_windows; i++) {
		struct window *w = &s->windows[i];

		if (posix_memalign((void **)&w->buf, WINDOW, WINDOW))
			return msg_nomem("build");
		/* one large page instead of 512 small ones spares the kernel work at each direct read; a mere hint */
		(void)madvise(w->buf, WINDOW, MADV_HUGEPAGE);
		w->digests = malloc((size_t)MAX_PARTS * s->csum_size);
		w->segments = calloc(MAX_PARTS, sizeof(*w->segments));
		w->wants = calloc(MAX_PARTS, sizeof(*w->wants));
		if (!w->digests || !w->segments || !w->wants)
			return msg_nomem("build");
	}
	if (pthread_attr_init(&attr) || pthread_attr_setstacksize(&attr, 256 * KIB))
		return msg_nomem("build");
	while (s->nr_workers < workers && !pthread_create(&s->workers[s->nr_workers], &attr, worker, s))
		s->nr_workers++;
	pthread_attr_destroy(&attr);
	if (!s->nr_workers) {
		msg_err("build: no thread could be started");
		return ERR_NOMEM;
	}
	return csum_writer_init(&s->csum, job);
}

static void sweep_fini(struct sweep *s)
{
	pthread_mutex_lock(&s->lock);
	s->quit = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	for (u32 i = 0; i < s->nr_workers; i++)
		pthread_join(s->workers[i], NULL);
	for (u32 i = 0; i < MAX_WINDOWS; i++) {
		free(s->windows[i].buf);
		free(s->windows[i].digests);
		free(s->windows[i].segments);
		free(s->windows[i].wants);
	}
	csum_writer_fini(&s->csum);
	free(s->pending);
}

int build_sweep(struct job *job)
{
	struct sweep s = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
	struct place_sink sink = { .piece = sweep_piece, .ctx = &s };
	int ret = sweep_init(&s, job);

	if (job->build->sweep_inline)
		sink.claim = sweep_claim;
	if (!ret)
		ret = place_walk(job, PLACE_BY_LOGICAL, &sink);
	if (!ret)
		submit(&s);
	while (!ret && s.head < s.tail)
		ret = consume_oldest(&s);
	if (!ret && s.nr_pending) {
		ret = job_bug("build: %zu inline files lie in no extent",
			s.nr_pending);
	}
	if (!ret)
		ret = csum_writer_finish(&s.csum);
	sweep_fini(&s);
	return ret;
}

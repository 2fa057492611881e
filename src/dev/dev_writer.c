/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ring of buffers between the caller, who fills them, and a thread, which writes them. */
#include "dev/dev_writer.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/msg.h"
#include "base/status.h"

#define NR_BUFS 4
#define MAX_OFFSETS 2

struct dev_writer_buf {
	u8 *data;
	size_t len;
	u64 offsets[MAX_OFFSETS];
	u32 nr_offsets;
};

struct dev_writer {
	struct dev *dev;
	struct dev_writer_buf bufs[NR_BUFS];
	u64 head, tail; /* written up to head, given up to tail */
	int err;
	bool quit, running;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
};

static int write_buf(struct dev_writer *w, const struct dev_writer_buf *buf)
{
	int ret = 0;

	for (u32 i = 0; !ret && i < buf->nr_offsets; i++)
		ret = dev_write(w->dev, buf->offsets[i], buf->data, buf->len);
	return ret;
}

static void *run(void *ctx)
{
	struct dev_writer *w = ctx;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		int ret;

		while (!w->quit && w->head == w->tail)
			pthread_cond_wait(&w->changed, &w->lock);
		if (w->head == w->tail)
			break;
		ret = w->err;
		pthread_mutex_unlock(&w->lock);
		if (!ret)
			ret = write_buf(w, &w->bufs[w->head % NR_BUFS]);
		pthread_mutex_lock(&w->lock);
		w->err = ret;
		w->head++;
		pthread_cond_broadcast(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static int start(struct dev_writer *w)
{
	pthread_attr_t attr;
	int err = pthread_attr_init(&attr);

	if (!err)
		err = pthread_attr_setstacksize(&attr, 256 * KIB);
	if (!err) {
		err = pthread_create(&w->thread, &attr, run, w);
		pthread_attr_destroy(&attr);
	}
	w->running = !err;
	if (!err)
		return 0;
	msg_err("%s: the writing thread cannot be started", w->dev->name);
	return ERR_NOMEM;
}

int dev_writer_new(struct dev *dev, size_t buf_size, struct dev_writer **out)
{
	struct dev_writer *w = calloc(1, sizeof(*w));
	int ret = 0;

	*out = NULL;
	if (!w)
		return msg_nomem("writer");
	w->dev = dev;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	for (u32 i = 0; !ret && i < NR_BUFS; i++)
		if (posix_memalign((void **)&w->bufs[i].data, 4096, buf_size)) {
			w->bufs[i].data = NULL;
			ret = msg_nomem("writer");
		}
	if (!ret)
		ret = start(w);
	if (ret)
		dev_writer_free(w);
	else
		*out = w;
	return ret;
}

int dev_writer_get(struct dev_writer *w, u8 **buf)
{
	int ret;

	pthread_mutex_lock(&w->lock);
	while (w->tail - w->head == NR_BUFS)
		pthread_cond_wait(&w->changed, &w->lock);
	*buf = w->bufs[w->tail % NR_BUFS].data;
	ret = w->err;
	pthread_mutex_unlock(&w->lock);
	return ret;
}

int dev_writer_put(struct dev_writer *w, size_t len, const u64 *offsets, u32 nr)
{
	struct dev_writer_buf *buf = &w->bufs[w->tail % NR_BUFS];
	int ret;

	if (nr > MAX_OFFSETS) {
		msg_err("%s: a buffer is to be written to %u places, more than %d", w->dev->name, nr, MAX_OFFSETS);
		return ERR_BUG;
	}
	buf->len = len;
	buf->nr_offsets = nr;
	for (u32 i = 0; i < nr; i++)
		buf->offsets[i] = offsets[i];
	pthread_mutex_lock(&w->lock);
	w->tail++;
	ret = w->err;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	return ret;
}

int dev_writer_drain(struct dev_writer *w)
{
	int ret;

	pthread_mutex_lock(&w->lock);
	while (w->head != w->tail)
		pthread_cond_wait(&w->changed, &w->lock);
	ret = w->err;
	pthread_mutex_unlock(&w->lock);
	return ret;
}

void dev_writer_free(struct dev_writer *w)
{
	if (!w)
		return;
	if (w->running) {
		pthread_mutex_lock(&w->lock);
		w->quit = true;
		pthread_cond_broadcast(&w->changed);
		pthread_mutex_unlock(&w->lock);
		pthread_join(w->thread, NULL);
	}
	for (u32 i = 0; i < NR_BUFS; i++)
		free(w->bufs[i].data);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

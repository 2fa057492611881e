/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes behind the caller's back: full buffers are written by a thread while the caller fills the next one. Buffers
 * are written in the order in which they were given. An error is kept, and returned by every later call.
 */
#ifndef DEV_WRITER_H
#define DEV_WRITER_H

#include "dev/dev.h"

struct dev_writer;

/* dev is borrowed. Each of the buffers has buf_size bytes, aligned for direct transfers. */
int dev_writer_new(struct dev *dev, size_t buf_size, struct dev_writer **out) __must_check;

/* A buffer to fill; waits until one is free. It belongs to the caller until dev_writer_put. */
int dev_writer_get(struct dev_writer *w, u8 **buf) __must_check;

/* Gives the buffer of the last dev_writer_get back, to be written to each of nr offsets (0: to none). */
int dev_writer_put(struct dev_writer *w, size_t len, const u64 *offsets, u32 nr) __must_check;

/* Waits until everything given so far has been written; this is no flush of the device. */
int dev_writer_drain(struct dev_writer *w) __must_check;

/* Ends the thread, after what it was given. NULL is fine. */
void dev_writer_free(struct dev_writer *w);

#endif

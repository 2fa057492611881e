/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A log of writes and flushes, in the order in which they were asked for, in the format of the kernel's dm-log-writes
 * with sectors of 512 bytes: from it tests make every state that a power cut can leave.
 */
#ifndef DEV_DEV_FAULT_LOG_H
#define DEV_DEV_FAULT_LOG_H

#include "base/types.h"

struct dev_fault_log;

int dev_fault_log_new(const char *path, struct dev_fault_log **out) __must_check;

/* offset and len are multiples of 512. May be called from several threads at once. */
int dev_fault_log_write(struct dev_fault_log *log, u64 offset, const void *buf, size_t len) __must_check;
int dev_fault_log_flush(struct dev_fault_log *log) __must_check;

/* NULL is fine. */
int dev_fault_log_close(struct dev_fault_log *log) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes the log. Its head counts the entries and is written anew with each of them, so that the log of a process that
 * was killed is whole too. */
#include "dev/dev_fault_log.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/msg.h"
#include "base/status.h"

#define LOG_SECTOR 512u
#define LOG_MAGIC 0x6a736677736872ull
#define LOG_FLAG_FLUSH 1u

struct log_head {
	le64 magic, version, nr_entries;
	le32 sector_size;
	u8 pad[LOG_SECTOR - 28];
} __packed;

struct log_entry {
	le64 sector, nr_sectors, flags, data_len;
	u8 pad[LOG_SECTOR - 32];
} __packed;

static_assert(sizeof(struct log_head) == LOG_SECTOR, "head");
static_assert(sizeof(struct log_entry) == LOG_SECTOR, "entry");

struct dev_fault_log {
	FILE *file;
	pthread_mutex_t lock;
	u64 nr_entries;
};

static int log_fail(const char *what)
{
	msg_err("write log: cannot %s: %s", what, strerror(errno));
	return ERR_IO;
}

static int write_head(struct dev_fault_log *log)
{
	struct log_head head = {
		.magic = cpu_to_le64(LOG_MAGIC),
		.version = cpu_to_le64(1),
		.nr_entries = cpu_to_le64(log->nr_entries),
		.sector_size = cpu_to_le32(LOG_SECTOR),
	};

	if (fseeko(log->file, 0, SEEK_SET) || fwrite(&head, sizeof(head), 1, log->file) != 1 ||
	    fseeko(log->file, 0, SEEK_END) || fflush(log->file))
		return log_fail("write the head");
	return 0;
}

static int add_entry(struct dev_fault_log *log, u64 sector, u64 flags, const void *buf, size_t len)
{
	struct log_entry entry = {
		.sector = cpu_to_le64(sector),
		.nr_sectors = cpu_to_le64(len / LOG_SECTOR),
		.flags = cpu_to_le64(flags),
	};
	int ret = 0;

	pthread_mutex_lock(&log->lock);
	if (fwrite(&entry, sizeof(entry), 1, log->file) != 1 || (len && fwrite(buf, len, 1, log->file) != 1))
		ret = log_fail("write an entry");
	log->nr_entries++;
	if (!ret)
		ret = write_head(log);
	pthread_mutex_unlock(&log->lock);
	return ret;
}

int dev_fault_log_new(const char *path, struct dev_fault_log **out)
{
	struct dev_fault_log *log = calloc(1, sizeof(*log));
	int ret;

	*out = NULL;
	if (!log)
		return msg_nomem("write log");
	log->file = fopen(path, "w");
	if (!log->file) {
		ret = log_fail("open");
		free(log);
		return ret;
	}
	pthread_mutex_init(&log->lock, NULL);
	ret = write_head(log);
	if (!ret) {
		*out = log;
		return 0;
	}
	if (dev_fault_log_close(log))
		msg_debug("write log: the failed log could not be closed either");
	return ret;
}

int dev_fault_log_write(struct dev_fault_log *log, u64 offset, const void *buf, size_t len)
{
	if (offset % LOG_SECTOR || len % LOG_SECTOR) {
		msg_err("write log: a write of %zu bytes at %llu is not in whole sectors", len,
			(unsigned long long)offset);
		return ERR_BUG;
	}
	return add_entry(log, offset / LOG_SECTOR, 0, buf, len);
}

int dev_fault_log_flush(struct dev_fault_log *log)
{
	return add_entry(log, 0, LOG_FLAG_FLUSH, NULL, 0);
}

int dev_fault_log_close(struct dev_fault_log *log)
{
	int ret = 0;

	if (!log)
		return 0;
	if (fclose(log->file))
		ret = log_fail("close");
	pthread_mutex_destroy(&log->lock);
	free(log);
	return ret;
}

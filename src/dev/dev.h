/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device: bytes at absolute offsets. Everything that reads or writes the disk goes through this interface, so that
 * a fence can refuse writes and a fault layer can inject errors and power cuts.
 *
 * All transfers are whole: they either move every byte or return an error (ERR_IO, already reported with device name,
 * offset and reason; a read past the end is an error too). Reads and writes may be called from several threads at
 * once. A wrapper (fence, fault) borrows the device below it.
 */
#ifndef DEV_DEV_H
#define DEV_DEV_H

#include "base/types.h"

struct dev;

struct dev_ops {
	int (*read)(struct dev *dev, u64 offset, void *buf, size_t len);
	int (*write)(struct dev *dev, u64 offset, const void *buf, size_t len);
	int (*flush)(struct dev *dev);
	void (*prefetch)(struct dev *dev, u64 offset, u64 len);
	/* Releases the device; the result of the last close(2) counts. */
	int (*close)(struct dev *dev);
};

struct dev {
	const struct dev_ops *ops;
	const char *name; /* as the user gave it, for messages; owned by the device */
	u64 size;         /* bytes that may be addressed */
	bool read_only;
};

int dev_read(struct dev *dev, u64 offset, void *buf, size_t len) __must_check;
int dev_write(struct dev *dev, u64 offset, const void *buf, size_t len) __must_check;

/* All writes that returned before are on stable storage when this returns 0. */
int dev_flush(struct dev *dev) __must_check;

/* A hint that the range will soon be read in small pieces; never fails. Large aligned reads do not profit: they go to
 * the device itself. */
void dev_prefetch(struct dev *dev, u64 offset, u64 len);

/* NULL is fine. Frees dev. */
int dev_close(struct dev *dev) __must_check;

/* --- dev_file.c --- */

struct dev_file_opts {
	bool write;        /* open for writing, else read-only */
	bool exclusive;    /* O_EXCL on a block device, flock on a file, and no loop device may use the file */
	u64 offset;        /* the file system begins here (bytes, multiple of 512) */
};

/*
 * Opens a block device or an image file. Large aligned transfers use O_DIRECT where the file allows it, so that what
 * is read back really comes from the device. Refuses (ERR_REFUSED, with the reason and the remedy) a path that is
 * missing, of another kind, mounted, in use as swap, held by dm or md, read-only though writing was asked, or busy.
 */
int dev_file_open(const char *path, const struct dev_file_opts *opts, struct dev **out) __must_check;

/* --- dev_mem.c --- */

/* A device in memory, zero filled; for tests. dev_mem_data gives its bytes. */
int dev_mem_new(u64 size, struct dev **out) __must_check;
u8 *dev_mem_data(struct dev *dev);

/* --- dev_fence.c --- */

/* Wraps below (borrowed): writes are refused (ERR_BUG, with offset and the open ranges' purpose) unless every byte
 * lies in a range opened before. At first nothing is open. */
int dev_fence_new(struct dev *below, struct dev **out) __must_check;

/* Opens [start, start+len); what names the purpose in messages (borrowed, a literal). Ranges may touch and overlap. */
int dev_fence_open(struct dev *fence, u64 start, u64 len, const char *what) __must_check;

/* Closes all ranges: the next phase starts with nothing. */
void dev_fence_close(struct dev *fence);

/* --- dev_fault.c --- */

/*
 * Wraps below (borrowed) and injects faults, for tests only:
 *   fail_read, fail_write, fail_flush = n: the n-th call (from 1) and all later ones fail with EIO; 0 never.
 *   cut_write = n: the n-th and all later writes and flushes are silently lost (power cut); 0 never.
 *   kill_write = n: the process ends with SIGKILL at the n-th write.
 *   torn: at a cut, the first half (in 512-byte sectors) of the cut write still reaches the disk.
 *   log: path of a file that gets all writes and flushes that go down, see dev_fault_log.h; empty for none.
 */
struct dev_fault_opts {
	u64 fail_read, fail_write, fail_flush, cut_write, kill_write;
	bool torn;
	char log[256];
};

int dev_fault_new(struct dev *below, const struct dev_fault_opts *opts, struct dev **out) __must_check;

/* Parses "fail_write=7,torn" into opts; for the FSCONVERT_FAULT variable of debug builds. */
int dev_fault_parse(const char *text, struct dev_fault_opts *opts) __must_check;

/* How many writes and flushes were asked of the device so far. */
u64 dev_fault_writes(struct dev *fault);
u64 dev_fault_flushes(struct dev *fault);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A block device or an image file. There are two descriptors: small or odd transfers go through the page cache, large
 * aligned ones around it. The kernel keeps the two coherent: a direct read first writes back dirty pages of its range,
 * a direct write drops them. A file is never made longer or shorter.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "dev/dev.h"
#include "dev/dev_busy.h"

/* Below this a transfer gains nothing from going around the page cache. */
#define DEV_FILE_DIRECT_MIN (64 * KIB)

struct dev_file {
	struct dev dev;
	char *name;
	int fd;
	int direct_fd;  /* -1 where the file cannot do direct transfers */
	u64 align;      /* of offset, length and memory of direct transfers */
	u64 offset;     /* of the device's byte 0 in the file */
	bool block;
	atomic_bool lost; /* a flush failed: what was written before it may be gone, whatever a later flush says */
};

static struct dev_file *dev_file_of(struct dev *dev)
{
	return (struct dev_file *)dev;
}

/* ========== Transfers ========== */

static int dev_file_pick_fd(const struct dev_file *file, u64 pos, const void *buf, size_t len)
{
	if (file->direct_fd < 0 || len < DEV_FILE_DIRECT_MIN || ((pos | len | (uintptr_t)buf) & (file->align - 1)))
		return file->fd;
	return file->direct_fd;
}

static int dev_file_fail(const struct dev_file *file, const char *verb, u64 pos, size_t len, const char *reason)
{
	msg_err("%s: cannot %s %zu bytes at %" PRIu64 ": %s", file->name, verb, len, pos - file->offset, reason);
	return ERR_IO;
}

static int dev_file_read(struct dev *dev, u64 offset, void *buf, size_t len)
{
	struct dev_file *file = dev_file_of(dev);
	u64 pos = file->offset + offset;
	u8 *p = buf;

	while (len) {
		ssize_t n = pread(dev_file_pick_fd(file, pos, p, len), p, len, (off_t)pos);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return dev_file_fail(file, "read", pos, len, n ? strerror(errno) : "it has become shorter");
		p += n;
		pos += (u64)n;
		len -= (size_t)n;
	}
	return 0;
}

static int dev_file_write(struct dev *dev, u64 offset, const void *buf, size_t len)
{
	struct dev_file *file = dev_file_of(dev);
	u64 pos = file->offset + offset;
	const u8 *p = buf;

	while (len) {
		ssize_t n = pwrite(dev_file_pick_fd(file, pos, p, len), p, len, (off_t)pos);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return dev_file_fail(file, "write", pos, len, n ? strerror(errno) : "nothing was written");
		p += n;
		pos += (u64)n;
		len -= (size_t)n;
	}
	return 0;
}

static int dev_file_flush(struct dev *dev)
{
	struct dev_file *file = dev_file_of(dev);

	if (atomic_load(&file->lost)) {
		msg_err("%s: an earlier flush failed, so what was written may be lost", file->name);
		return ERR_IO;
	}
	if (file->block ? fsync(file->fd) : fdatasync(file->fd)) {
		atomic_store(&file->lost, true);
		msg_err("%s: cannot flush: %s", file->name, strerror(errno));
		return ERR_IO;
	}
	return 0;
}

static void dev_file_prefetch(struct dev *dev, u64 offset, u64 len)
{
	struct dev_file *file = dev_file_of(dev);

	posix_fadvise(file->fd, (off_t)(file->offset + offset), (off_t)len, POSIX_FADV_WILLNEED);
}

static int dev_file_close(struct dev *dev)
{
	struct dev_file *file = dev_file_of(dev);
	int ret = 0;

	/* EINTR is no failure: Linux has closed the descriptor all the same. */
	if (file->direct_fd >= 0 && close(file->direct_fd) && errno != EINTR)
		ret = ERR_IO;
	if (file->fd >= 0 && close(file->fd) && errno != EINTR)
		ret = ERR_IO;
	if (ret)
		msg_err("%s: cannot close: %s", file->name, strerror(errno));
	free(file->name);
	free(file);
	return ret;
}

static const struct dev_ops dev_file_ops = {
	.read = dev_file_read,
	.write = dev_file_write,
	.flush = dev_file_flush,
	.prefetch = dev_file_prefetch,
	.close = dev_file_close,
};

/* ========== Opening ========== */

static int dev_file_refuse(const struct dev_file *file, const char *reason)
{
	msg_err("%s: %s", file->name, reason);
	return ERR_REFUSED;
}

static int dev_file_find(const struct dev_file *file, struct stat *st)
{
	if (stat(file->name, st)) {
		msg_err("%s: cannot be found: %s; check the path (lsblk lists the block devices)", file->name,
			strerror(errno));
		return ERR_REFUSED;
	}
	if (S_ISDIR(st->st_mode))
		return dev_file_refuse(file, "is a directory; name the block device or image file of the file system");
	if (!S_ISBLK(st->st_mode) && !S_ISREG(st->st_mode))
		return dev_file_refuse(file, "is neither a block device nor a regular file");
	return 0;
}

static int dev_file_open_fd(struct dev_file *file, const struct dev_file_opts *opts, const struct stat *expected)
{
	int flags = (opts->write ? O_RDWR : O_RDONLY) | O_CLOEXEC;
	struct stat st;

	if (opts->exclusive && file->block)
		flags |= O_EXCL;
	file->fd = open(file->name, flags);
	if (file->fd < 0 && errno == EBUSY)
		return dev_file_refuse(file, "is busy: another program or the kernel holds it; find and stop that "
					     "first (lsblk, fuser)");
	if (file->fd < 0 && opts->write && (errno == EROFS || errno == EACCES || errno == EPERM)) {
		msg_err("%s: cannot be opened for writing: %s; run as root, and make it writable first", file->name,
			strerror(errno));
		return ERR_REFUSED;
	}
	if (file->fd < 0 || fstat(file->fd, &st)) {
		msg_err("%s: cannot be opened: %s", file->name, strerror(errno));
		return ERR_REFUSED;
	}
	if (st.st_dev != expected->st_dev || st.st_ino != expected->st_ino || st.st_rdev != expected->st_rdev)
		return dev_file_refuse(file, "was replaced while it was being opened; try again");
	return 0;
}

/* Locks an image file against programs that lock what they use: flock as losetup and others do, and a lock on all
 * bytes, which virtual machines look at. File systems without locks are let pass. */
static int dev_file_lock(const struct dev_file *file, bool write)
{
	struct flock lock = { .l_type = write ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET };

	if ((flock(file->fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) ||
	    (fcntl(file->fd, F_OFD_SETLK, &lock) && (errno == EAGAIN || errno == EACCES)))
		return dev_file_refuse(file, "is locked by another program; stop what uses it first (a virtual "
					     "machine?)");
	return 0;
}

static int dev_file_measure(struct dev_file *file, const struct dev_file_opts *opts, const struct stat *st)
{
	u64 size = (u64)st->st_size;
	int read_only = 0;

	if (file->block && ioctl(file->fd, BLKGETSIZE64, &size)) {
		msg_err("%s: cannot find out its size: %s", file->name, strerror(errno));
		return ERR_REFUSED;
	}
	if (file->block && opts->write && (ioctl(file->fd, BLKROGET, &read_only) || read_only))
		return dev_file_refuse(file, "is a read-only device; make it writable first (blockdev --setrw)");
	if (opts->offset >= size) {
		msg_err("%s: no file system can begin at %" PRIu64 ": it ends at %" PRIu64 "; check the offset",
			file->name, opts->offset, size);
		return ERR_REFUSED;
	}
	file->offset = opts->offset;
	file->dev.size = size - opts->offset;
	return 0;
}

/* A second descriptor for direct transfers; without one everything goes through the page cache. A page is the unit in
 * which the kernel keeps the two coherent, so nothing smaller is done directly. */
static void dev_file_open_direct(struct dev_file *file, bool write, const struct stat *expected)
{
	long page = sysconf(_SC_PAGESIZE);
	void *buf = NULL;
	struct stat st;
	int fd = -1;

	file->align = max_u64(SECTOR, page > 0 ? (u64)page : 0);
	fd = open(file->name, (write ? O_RDWR : O_RDONLY) | O_DIRECT | O_CLOEXEC);
	if (fd < 0 || posix_memalign(&buf, file->align, file->align))
		goto out;
	if (fstat(fd, &st) || st.st_dev != expected->st_dev || st.st_ino != expected->st_ino ||
	    st.st_rdev != expected->st_rdev || pread(fd, buf, file->align, 0) < 0)
		goto out;
	file->direct_fd = fd;
	fd = -1;
out:
	free(buf);
	if (fd >= 0)
		close(fd);
}

int dev_file_open(const char *path, const struct dev_file_opts *opts, struct dev **out)
{
	struct dev_file *file = calloc(1, sizeof(*file));
	struct stat st;
	int ret = 0;

	*out = NULL;
	if (!file)
		return msg_nomem(path);
	file->fd = -1;
	file->direct_fd = -1;
	file->name = strdup(path);
	if (!file->name) {
		ret = msg_nomem(path);
		goto out;
	}
	file->dev.ops = &dev_file_ops;
	file->dev.name = file->name;
	file->dev.read_only = !opts->write;
	if (opts->offset % 512) {
		msg_err("%s: the offset %" PRIu64 " is not a multiple of 512", path, opts->offset);
		ret = ERR_USAGE;
		goto out;
	}
	ret = dev_file_find(file, &st);
	if (ret)
		goto out;
	file->block = S_ISBLK(st.st_mode);
	ret = dev_busy_check(path, &st, opts->write || opts->exclusive);
	if (!ret)
		ret = dev_file_open_fd(file, opts, &st);
	if (!ret && opts->exclusive && !file->block)
		ret = dev_file_lock(file, opts->write);
	if (!ret)
		ret = dev_file_measure(file, opts, &st);
	if (!ret)
		dev_file_open_direct(file, opts->write, &st);
out:
	if (!ret)
		*out = &file->dev;
	else if (dev_file_close(&file->dev))
		msg_debug("%s: the failed open could not be closed either", path);
	return ret;
}

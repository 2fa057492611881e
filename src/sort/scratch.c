/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scratch space: one linear store that is only appended to, in an unlinked file or in free ranges of the device. Each
 * append begins at a multiple of the sector, so that large ones can be written directly. Not thread-safe.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "sort/sort.h"

/* A directory with less free space than this is not worth trying. */
#define SCRATCH_MIN_FREE (16 * MIB)

/* f_type of the file systems that live in memory. */
#define SCRATCH_TMPFS 0x01021994ul
#define SCRATCH_RAMFS 0x858458f6ul

/* Positions from pos on, up to those of the next piece, lie on the device from start on. */
struct scratch_piece {
	u64 pos, start, len;
};

struct scratch {
	u64 used;

	char *dir; /* of the file: where it is or shall be; NULL: search */
	int fd;    /* of the file, -1 before the first use */

	struct dev *dev; /* NULL: a file */
	struct scratch_piece *pieces;
	size_t nr_pieces;
	u64 size; /* of all pieces */
};

/* ========== In a file ========== */

/* An unlinked file in dir, or -1 and errno. */
static int scratch_create(const char *dir)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char *path = NULL;

	if (fd >= 0)
		return fd;
	if (asprintf(&path, "%s/fsconvert-XXXXXX", dir) < 0) {
		errno = ENOMEM;
		return -1;
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0 && unlink(path))
		msg_warn("%s: cannot be unlinked: %s; remove it afterwards", path, strerror(errno));
	free(path);
	return fd;
}

/* Whether the search may end with dir. Memory is taken only when there is no disk to use. */
static bool scratch_suits(const char *dir, bool memory)
{
	struct statfs fs;

	if (!dir || access(dir, W_OK | X_OK) || statfs(dir, &fs))
		return false;
	if ((u64)fs.f_bavail * (u64)fs.f_bsize < SCRATCH_MIN_FREE)
		return false;
	return memory || ((unsigned long)fs.f_type != SCRATCH_TMPFS && (unsigned long)fs.f_type != SCRATCH_RAMFS);
}

static int scratch_open_searched(struct scratch *s)
{
	const char *dirs[] = { getenv("TMPDIR"), "/var/tmp", "/tmp", "/run" };

	for (size_t i = 0; i < 2 * ARRAY_SIZE(dirs) && s->fd < 0; i++) {
		const char *dir = dirs[i % ARRAY_SIZE(dirs)];

		if (!scratch_suits(dir, i >= ARRAY_SIZE(dirs)))
			continue;
		s->fd = scratch_create(dir);
		if (s->fd < 0)
			continue;
		s->dir = strdup(dir);
		if (!s->dir)
			return msg_nomem("scratch file");
	}
	if (s->fd >= 0)
		return 0;
	msg_err("no directory for temporary files: none of $TMPDIR, /var/tmp, /tmp and /run is writable and has "
		"%" PRIu64 " MiB free; name one with --tmpdir, or allow more memory with --memory",
		SCRATCH_MIN_FREE / MIB);
	return ERR_NOSPC;
}

static int scratch_open(struct scratch *s)
{
	if (s->fd >= 0)
		return 0;
	if (!s->dir)
		return scratch_open_searched(s);
	s->fd = scratch_create(s->dir);
	if (s->fd >= 0)
		return 0;
	msg_err("%s: cannot make a temporary file: %s; name another directory with --tmpdir", s->dir, strerror(errno));
	return errno == ENOSPC || errno == EDQUOT ? ERR_NOSPC : ERR_IO;
}

static int scratch_write_file(struct scratch *s, u64 pos, const u8 *p, size_t len)
{
	while (len) {
		ssize_t n = pwrite(s->fd, p, len, (off_t)pos);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)) {
			msg_err("%s: no space left for the temporary file after %" PRIu64 " bytes; name a directory "
				"with more room with --tmpdir, or allow more memory with --memory", s->dir, pos);
			return ERR_NOSPC;
		}
		if (n <= 0) {
			msg_err("%s: cannot write the temporary file: %s", s->dir,
				n ? strerror(errno) : "nothing written");
			return ERR_IO;
		}
		p += n;
		pos += (u64)n;
		len -= (size_t)n;
	}
	return 0;
}

static int scratch_read_file(struct scratch *s, u64 pos, u8 *p, size_t len)
{
	while (len) {
		ssize_t n = pread(s->fd, p, len, (off_t)pos);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			msg_err("%s: cannot read the temporary file: %s", s->dir,
				n ? strerror(errno) : "it ends too early");
			return ERR_IO;
		}
		p += n;
		pos += (u64)n;
		len -= (size_t)n;
	}
	return 0;
}

int scratch_new_file(const char *dir, struct scratch **out)
{
	struct scratch *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (!s)
		return msg_nomem("scratch file");
	s->fd = -1;
	s->dir = dir ? strdup(dir) : NULL;
	if (dir && !s->dir) {
		free(s);
		return msg_nomem("scratch file");
	}
	*out = s;
	return 0;
}

/* ========== In ranges of a device ========== */

int scratch_new_dev(struct dev *dev, const struct range *ranges, size_t nr_ranges, struct scratch **out)
{
	struct scratch *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s)
		s->pieces = calloc(nr_ranges ? nr_ranges : 1, sizeof(*s->pieces));
	if (!s || !s->pieces) {
		free(s);
		return msg_nomem("scratch ranges");
	}
	s->fd = -1;
	s->dev = dev;
	s->nr_pieces = nr_ranges;
	for (size_t i = 0; i < nr_ranges; i++) {
		if ((ranges[i].start | ranges[i].len) % SECTOR) {
			msg_err("%s: scratch range %" PRIu64 "+%" PRIu64 " is not aligned (this is a bug)", dev->name,
				ranges[i].start, ranges[i].len);
			scratch_free(s);
			return ERR_BUG;
		}
		s->pieces[i] = (struct scratch_piece){ s->size, ranges[i].start, ranges[i].len };
		s->size += ranges[i].len;
	}
	*out = s;
	return 0;
}

/* The last piece that begins at or before pos. */
static const struct scratch_piece *scratch_find(const struct scratch *s, u64 pos)
{
	size_t low = 0, high = s->nr_pieces;

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (s->pieces[mid].pos <= pos)
			low = mid;
		else
			high = mid;
	}
	return &s->pieces[low];
}

/* Moves len bytes that lie within the pieces, to the device (from) or from it (to). */
static int scratch_move_dev(struct scratch *s, u64 pos, const u8 *from, u8 *to, size_t len)
{
	const struct scratch_piece *piece = scratch_find(s, pos);
	int ret = 0;

	for (size_t done = 0; done < len && !ret; piece++) {
		u64 skip = pos + done - piece->pos;
		size_t part = (size_t)min_u64(len - done, piece->len - skip);

		if (from)
			ret = dev_write(s->dev, piece->start + skip, from + done, part);
		else
			ret = dev_read(s->dev, piece->start + skip, to + done, part);
		done += part;
	}
	return ret;
}

/* In whole sectors, as a device takes them; zeros fill the last. */
static int scratch_write_dev(struct scratch *s, u64 pos, const u8 *p, size_t len)
{
	size_t whole = round_down(len, SECTOR);
	u8 last[SECTOR] = { 0 };
	int ret = scratch_move_dev(s, pos, p, NULL, whole);

	if (ret || whole == len)
		return ret;
	memcpy(last, p + whole, len - whole);
	return scratch_move_dev(s, pos + whole, last, NULL, sizeof(last));
}

/* ========== Either ========== */

int scratch_append(struct scratch *s, const void *buf, size_t len, u64 *pos)
{
	int ret = 0;

	if (s->dev && len > s->size - s->used) {
		msg_err("%s: no space left for temporary data: %" PRIu64 " of %" PRIu64 " bytes are used and %zu more "
			"are needed; allow more memory with --memory", s->dev->name, s->used, s->size, len);
		return ERR_NOSPC;
	}
	if (!s->dev)
		ret = scratch_open(s);
	if (!ret && !s->used)
		msg_debug("temporary data goes to %s %s", s->dev ? "free blocks of" : "a file in",
			  s->dev ? s->dev->name : s->dir);
	if (!ret)
		ret = s->dev ? scratch_write_dev(s, s->used, buf, len) : scratch_write_file(s, s->used, buf, len);
	if (ret)
		return ret;
	*pos = s->used;
	s->used = round_up(s->used + len, SECTOR);
	return 0;
}

int scratch_read(struct scratch *s, u64 pos, void *buf, size_t len)
{
	if (pos > s->used || len > s->used - pos) {
		msg_err("scratch: read of %zu bytes at %" PRIu64 ", but only %" PRIu64 " are in use (this is a bug)",
			len, pos, s->used);
		return ERR_BUG;
	}
	return s->dev ? scratch_move_dev(s, pos, NULL, buf, len) : scratch_read_file(s, pos, buf, len);
}

void scratch_reset(struct scratch *s)
{
	s->used = 0;
	if (s->fd >= 0 && ftruncate(s->fd, 0))
		msg_warn("%s: cannot give back the space of the temporary file: %s", s->dir, strerror(errno));
}

u64 scratch_used(const struct scratch *s)
{
	return s->used;
}

void scratch_free(struct scratch *s)
{
	if (!s)
		return;
	/* What the file held is not wanted any more, so the result of close does not matter. */
	if (s->fd >= 0)
		close(s->fd);
	free(s->pieces);
	free(s->dir);
	free(s);
}

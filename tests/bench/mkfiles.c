/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fills a mounted directory with one of the benchmark trees, the same one for the same arguments.
 *
 *   mkfiles small DIR NR_FOLDERS NR_FILES   NR_FILES files of 0-12 KB (most are short) spread over NR_FOLDERS folders
 *   mkfiles large DIR NR_FILES MIB          NR_FILES files of MIB MiB
 *   mkfiles stripes DIR NR_EXTENTS          one file of NR_EXTENTS extents of 4 KiB: every second block is punched out
 *
 * Contents do not compress and no two blocks are equal.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 4096
#define SMALL_MAX 12288

static uint64_t rng_state = 88172645463325252u;

static uint64_t rng(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return rng_state;
}

static void fill(unsigned char *buf, size_t len)
{
	size_t i;

	for (i = 0; i + 8 <= len; i += 8) {
		uint64_t value = rng();

		memcpy(buf + i, &value, 8);
	}
	for (; i < len; i++)
		buf[i] = (unsigned char)rng();
}

static void die(const char *what)
{
	fprintf(stderr, "mkfiles: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int create(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0)
		die(path);
	return fd;
}

static void write_all(int fd, const void *buf, size_t len)
{
	if (write(fd, buf, len) != (ssize_t)len)
		die("write");
}

static void finish(int fd)
{
	if (close(fd) != 0)
		die("close");
}

/* The product of two uniform numbers: mean 3 KB, 1.36 blocks, as trees of small files have. */
static size_t small_size(void)
{
	uint64_t a = rng() >> 40;
	uint64_t b = rng() >> 40;

	return (size_t)((a * b >> 24) * SMALL_MAX >> 24);
}

static void make_small(const char *dir, unsigned long folders, unsigned long files)
{
	static unsigned char buf[SMALL_MAX];
	char path[4096];
	unsigned long d, i;

	for (d = 0; d < folders; d++) {
		unsigned long count = files / folders + (d < files % folders);

		snprintf(path, sizeof(path), "%s/folder-%05lu", dir, d);
		if (mkdir(path, 0755) != 0)
			die(path);
		for (i = 0; i < count; i++) {
			size_t size = small_size();
			int fd;

			snprintf(path, sizeof(path), "%s/folder-%05lu/file-%06lu.dat", dir, d, i);
			fd = create(path);
			fill(buf, size);
			write_all(fd, buf, size);
			finish(fd);
		}
	}
}

static void make_large(const char *dir, unsigned long files, unsigned long mib)
{
	static unsigned char buf[1 << 20];
	char path[4096];
	unsigned long i, j;

	for (i = 0; i < files; i++) {
		int fd;

		snprintf(path, sizeof(path), "%s/large-%03lu.dat", dir, i);
		fd = create(path);
		for (j = 0; j < mib; j++) {
			fill(buf, sizeof(buf));
			write_all(fd, buf, sizeof(buf));
		}
		finish(fd);
	}
}

static void make_stripes(const char *dir, unsigned long extents)
{
	static unsigned char buf[256 * BLOCK];
	char path[4096];
	unsigned long i, block;
	int fd;

	snprintf(path, sizeof(path), "%s/stripes.dat", dir);
	fd = create(path);
	for (block = 0; block < 2 * extents; block += 256) {
		unsigned long nr = 2 * extents - block < 256 ? 2 * extents - block : 256;

		fill(buf, nr * BLOCK);
		write_all(fd, buf, nr * BLOCK);
	}
	if (fsync(fd) != 0)
		die("fsync");
	for (i = 0; i < extents; i++)
		if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)(2 * i + 1) * BLOCK, BLOCK) != 0)
			die("fallocate");
	finish(fd);
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "small") == 0)
		make_small(argv[2], strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
	else if (argc == 5 && strcmp(argv[1], "large") == 0)
		make_large(argv[2], strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
	else if (argc == 4 && strcmp(argv[1], "stripes") == 0)
		make_stripes(argv[2], strtoul(argv[3], NULL, 10));
	else {
		fprintf(stderr, "usage: mkfiles small DIR FOLDERS FILES | large DIR FILES MIB | stripes DIR EXTENTS\n");
		return 2;
	}
	return 0;
}

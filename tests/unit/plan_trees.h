/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folders that are hard to plan for: each makes one kind of item common. They are made in the working directory. */
#ifndef TEST_PLAN_TREES_H
#define TEST_PLAN_TREES_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/types.h"

static inline void put_file(const char *name, size_t len)
{
	static char content[65536];
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);

	assert_true(fd >= 0);
	memset(content, 'c', sizeof(content));
	assert_true(len <= sizeof(content) && write(fd, content, len) == (ssize_t)len);
	assert_int_equal(close(fd), 0);
}

static inline void put_dir(const char *name)
{
	assert_int_equal(mkdir(name, 0755), 0);
}

/* A name of len letters that is different for each nr. */
static inline const char *long_name(u32 nr, u32 len)
{
	static char name[256];

	memset(name, 'n', sizeof(name));
	snprintf(name, 11, "%010u", nr);
	name[10] = 'n';
	name[len] = '\0';
	return name;
}

static inline void tree_small_files(void)
{
	char name[100];

	for (u32 i = 0; i < 900; i++) {
		snprintf(name, sizeof(name), "d%u", i / 100);
		if (i % 100 == 0)
			put_dir(name);
		snprintf(name, sizeof(name), "d%u/file-%u", i / 100, i);
		put_file(name, i * 37 % 9000);
	}
}

static inline void tree_inline_files(void)
{
	for (u32 i = 0; i < 900; i++)
		put_file(long_name(i, 11), 2048 - i % 2 * 700);
}

static inline void tree_long_names(void)
{
	for (u32 i = 0; i < 900; i++)
		put_file(long_name(i, 255 - i % 3), 0);
}

static inline void tree_symlinks(void)
{
	char target[1001];

	memset(target, 't', 1000);
	target[1000] = '\0';
	for (u32 i = 0; i < 900; i++)
		assert_int_equal(symlink(target + i, long_name(i, 12)), 0);
}

/* Every other block of a file is a hole. */
static inline void tree_fragmented(void)
{
	for (u32 i = 0; i < 4; i++) {
		const char *name = long_name(i, 20);
		int fd;

		put_file(name, 10);
		fd = open(name, O_WRONLY);
		assert_true(fd >= 0);
		for (u32 block = 0; block < 1000; block++)
			assert_int_equal(pwrite(fd, name, 10, (off_t)block * 8192), 10);
		assert_int_equal(close(fd), 0);
	}
}

/* Files with so many names in one folder that the item with them takes half a leaf, or overflows it. */
static inline void hard_links(u32 files, u32 names)
{
	char first[300], next[300];

	for (u32 i = 0; i < files; i++) {
		snprintf(first, sizeof(first), "d%u", i / 8);
		if (i % 8 == 0)
			put_dir(first);
		snprintf(first, sizeof(first), "d%u/%s", i / 8, long_name(i * 1000, 254));
		put_file(first, 0);
		for (u32 n = 1; n < names; n++) {
			snprintf(next, sizeof(next), "d%u/%s", i / 8, long_name(i * 1000 + n, 254));
			assert_int_equal(link(first, next), 0);
		}
	}
}

static inline void tree_links_quarter(void)
{
	hard_links(700, 8);
}

static inline void tree_links_half(void)
{
	hard_links(250, 32);
}

static inline void tree_links_many(void)
{
	hard_links(20, 300);
}

/* CRC-32C run backwards over four bytes that are not known yet: those that make name's checksum the wanted one. */
static inline void force_crc(u8 *name, u32 len, u32 wanted)
{
	u32 crc = ~(u32)1; /* as btrfs hashes names */

	for (u32 i = 0; i < len - 4; i++) {
		crc ^= name[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78 : 0);
	}
	for (int bit = 0; bit < 32; bit++)
		wanted = wanted & 0x80000000 ? (wanted ^ 0x82F63B78) << 1 | 1 : wanted << 1;
	wanted ^= crc;
	for (int i = 0; i < 4; i++)
		name[len - 4 + i] = (u8)(wanted >> 8 * i);
}

/* Folders of names that all have the same hash, so that they share one item. */
static inline void colliding_names(u32 dirs, u32 names)
{
	u8 path[300];

	for (u32 i = 0; i < dirs; i++) {
		snprintf((char *)path, sizeof(path), "%05u", i);
		put_dir((const char *)path);
		for (u32 n = 0, tried = 0; n < names; tried++) {
			path[5] = '/';
			memcpy(path + 6, long_name(tried, 250), 251);
			force_crc(path + 6, 250, 0x12345678);
			if (memchr(path + 252, 0, 4) || memchr(path + 252, '/', 4))
				continue;
			put_file((const char *)path, 0);
			n++;
		}
	}
}

static inline void tree_collisions_small(void)
{
	colliding_names(250, 7);
}

static inline void tree_collisions_large(void)
{
	colliding_names(100, 29);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole disks by sysfs: a partition lies below its disk, and a device that is made of others (dm, md, bcache) links to
 * them in its folder "slaves". What cannot be read counts as not there: the caller lives with not knowing.
 */
#include "dev/dev_disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Devices on top of each other. */
#define MAX_DEPTH 8

struct disk_search {
	struct dev_disk *disks;
	size_t nr;
};

static u32 read_partition(const char *dir)
{
	char path[PATH_MAX + 16];
	unsigned int nr = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/partition", dir);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%u", &nr) != 1)
		nr = 0;
	fclose(file);
	return nr;
}

/* The disk that sysfs shows at dir; sysfs writes '!' for a '/' in a name. */
static void add_disk(struct disk_search *s, const char *dir, u32 partition, bool same)
{
	const char *name = strrchr(dir, '/');
	struct dev_disk disk = { .partition = partition, .same = same };

	if (!name || s->nr == DEV_DISKS_MAX ||
	    snprintf(disk.path, sizeof(disk.path), "/dev/%s", name + 1) >= (int)sizeof(disk.path))
		return;
	for (char *p = disk.path; *p; p++)
		if (*p == '!')
			*p = '/';
	for (size_t i = 0; i < s->nr; i++)
		if (strcmp(s->disks[i].path, disk.path) == 0)
			return;
	s->disks[s->nr++] = disk;
}

/* Looks at the device whose folder is dir; depth 0 is the device that was asked for. */
static void search(struct disk_search *s, const char *dir, u32 depth)
{
	char real[PATH_MAX], path[PATH_MAX + 512], *slash;
	struct dirent *entry;
	u32 partition, nr = 0;
	DIR *slaves;

	if (depth > MAX_DEPTH || !realpath(dir, real))
		return;
	partition = read_partition(real);
	slash = strrchr(real, '/');
	if (partition && slash) {
		*slash = '\0';
		add_disk(s, real, depth ? 0 : partition, false);
		return;
	}
	snprintf(path, sizeof(path), "%s/slaves", real);
	slaves = opendir(path);
	while (slaves && (entry = readdir(slaves)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/slaves/%s", real, entry->d_name);
		search(s, path, depth + 1);
		nr++;
	}
	if (slaves)
		closedir(slaves);
	if (!nr)
		add_disk(s, real, 0, depth == 0);
}

size_t dev_disks_below(u32 major, u32 minor, const char *sysfs, struct dev_disk disks[DEV_DISKS_MAX])
{
	struct disk_search s = { .disks = disks };
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s/dev/block/%u:%u", sysfs, (unsigned int)major, (unsigned int)minor);
	search(&s, dir, 0);
	return s.nr;
}

size_t dev_disks_find(const char *device, struct dev_disk disks[DEV_DISKS_MAX])
{
	struct stat st;

	if (stat(device, &st))
		return 0;
	if (S_ISBLK(st.st_mode))
		return dev_disks_below(major(st.st_rdev), minor(st.st_rdev), "/sys", disks);
	if (!S_ISREG(st.st_mode) || strlen(device) >= sizeof(disks[0].path))
		return 0;
	disks[0] = (struct dev_disk){ .same = true };
	strcpy(disks[0].path, device);
	return 1;
}

bool dev_disk_peek(const char *path, u64 offset, void *buf, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	u8 *p = buf;

	while (fd >= 0 && len) {
		ssize_t n = offset > (u64)INT64_MAX - len ? 0 : pread(fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		p += n;
		offset += (u64)n;
		len -= (size_t)n;
	}
	if (fd >= 0)
		close(fd);
	return fd >= 0 && !len;
}

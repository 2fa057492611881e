/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds out from /proc and /sys who else uses a device or an image file. This comes before the exclusive open, which
 * would only say "busy": here the user is told by what, and what to do. Where /proc or /sys cannot be read there is a
 * warning, and the exclusive open remains as the guard.
 */
#include "dev/dev_busy.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/msg.h"
#include "base/status.h"

/* The object in question and, once found, what uses it and how to end that. */
struct dev_busy {
	const char *path;
	const struct stat *st;
	char why[PATH_MAX + 512];
};

/* Keeps the reason; always true. */
static bool __printf(2, 3) dev_busy_found(struct dev_busy *busy, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(busy->why, sizeof(busy->why), fmt, ap);
	va_end(ap);
	return true;
}

/* Decodes the \040 form of blanks in /proc files, in place. */
static void dev_busy_unescape(char *s)
{
	char *to = s;

	while (*s) {
		unsigned int c = 0;
		int used = 0;

		if (*s == '\\' && sscanf(s + 1, "%3o%n", &c, &used) == 1 && used == 3) {
			*to++ = (char)c;
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

/* True when path leads to the object: the same block device, or the same file. */
static bool dev_busy_same(const struct dev_busy *busy, const char *path)
{
	struct stat st;

	/* Sources such as "tmpfs" or "server:/dir" are no local path, and asking a dead server would hang. */
	if (path[0] != '/' || stat(path, &st))
		return false;
	if (S_ISBLK(busy->st->st_mode))
		return S_ISBLK(st.st_mode) && st.st_rdev == busy->st->st_rdev;
	return S_ISREG(st.st_mode) && st.st_dev == busy->st->st_dev && st.st_ino == busy->st->st_ino;
}

/* One line of mountinfo: "id parent major:minor root mountpoint options [tags] - type source options". The source is
 * looked at too, since file systems such as btrfs show a device number of their own. */
static bool dev_busy_mount_line(struct dev_busy *busy, char *line)
{
	unsigned int maj = 0, min = 0;
	char *dash = strstr(line, " - ");
	char *point = NULL, *source = NULL, *save = NULL;
	int skip = 0;

	if (!dash || sscanf(line, "%*s %*s %u:%u %*s %n", &maj, &min, &skip) != 2 || !skip)
		return false;
	*dash = '\0';
	point = strtok_r(line + skip, " ", &save);
	if (strtok_r(dash + 3, " ", &save))
		source = strtok_r(NULL, " ", &save);
	if (!point || !source)
		return false;
	dev_busy_unescape(point);
	dev_busy_unescape(source);
	if (!(S_ISBLK(busy->st->st_mode) && makedev(maj, min) == busy->st->st_rdev) && !dev_busy_same(busy, source))
		return false;
	return dev_busy_found(busy, "it is mounted on %s; unmount it first (umount %s), or run this before it is "
			      "mounted, in the initramfs or from a rescue system", point, point);
}

static bool dev_busy_swap_line(struct dev_busy *busy, char *line)
{
	char *save = NULL;
	char *name = strtok_r(line, " \t\n", &save);

	if (!name)
		return false;
	dev_busy_unescape(name);
	if (!dev_busy_same(busy, name))
		return false;
	return dev_busy_found(busy, "it is in use as swap; if that is a mistake, switch it off first (swapoff %s)",
			      name);
}

/* Calls line_fn for each line of a /proc file until it returns true. */
static bool dev_busy_lines(struct dev_busy *busy, const char *file, bool (*line_fn)(struct dev_busy *, char *))
{
	FILE *f = fopen(file, "re");
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	if (!f) {
		/* A kernel without swap has no such file; that is no reason to worry anybody. */
		if (errno != ENOENT || access("/proc/self", F_OK))
			msg_warn("%s: cannot read %s (%s), so it is not known who uses the device", busy->path, file,
				 strerror(errno));
		return false;
	}
	while (!found && getline(&line, &size, f) >= 0)
		found = line_fn(busy, line);
	free(line);
	fclose(f);
	return found;
}

/* Reads the first line of a /sys file, without its newline. */
static bool dev_busy_sys_line(const char *file, char *text, size_t size)
{
	FILE *f = fopen(file, "re");
	bool ok = f && fgets(text, (int)size, f);

	if (f)
		fclose(f);
	if (ok)
		text[strcspn(text, "\n")] = '\0';
	return ok;
}

/* Calls entry_fn for each name in a /sys folder until it returns true. */
static bool dev_busy_entries(struct dev_busy *busy, const char *dir,
			     bool (*entry_fn)(struct dev_busy *, const char *dir, const char *name))
{
	DIR *d = opendir(dir);
	struct dirent *entry = NULL;
	bool found = false;

	if (!d)
		return false;
	while (!found && (entry = readdir(d)))
		if (entry->d_name[0] != '.')
			found = entry_fn(busy, dir, entry->d_name);
	closedir(d);
	return found;
}

static bool dev_busy_holder(struct dev_busy *busy, const char *dir, const char *name)
{
	char file[PATH_MAX], dm_name[256] = "";

	snprintf(file, sizeof(file), "%s/%s/dm/name", dir, name);
	if (dev_busy_sys_line(file, dm_name, sizeof(dm_name)))
		return dev_busy_found(busy, "it is part of the mapped device /dev/mapper/%s; name that device, or "
				      "close it first (dmsetup remove %s)", dm_name, dm_name);
	return dev_busy_found(busy, "it is part of /dev/%s; name that device, or stop it first", name);
}

static bool dev_busy_partition(struct dev_busy *busy, const char *dir, const char *name)
{
	char file[PATH_MAX];

	snprintf(file, sizeof(file), "%s/%s/partition", dir, name);
	if (access(file, F_OK))
		return false;
	return dev_busy_found(busy, "it is a whole disk with partitions; name the partition that holds the file system "
			      "(/dev/%s, ...)", name);
}

static bool dev_busy_loop(struct dev_busy *busy, const char *dir, const char *name)
{
	char file[PATH_MAX], backing[PATH_MAX] = "";

	if (strncmp(name, "loop", 4))
		return false;
	snprintf(file, sizeof(file), "%s/%s/loop/backing_file", dir, name);
	if (!dev_busy_sys_line(file, backing, sizeof(backing)) || !dev_busy_same(busy, backing))
		return false;
	return dev_busy_found(busy, "it is in use by the loop device /dev/%s; detach it first (losetup -d /dev/%s), or "
			      "name the loop device", name, name);
}

static bool dev_busy_find(struct dev_busy *busy)
{
	char dir[64], holders[80];

	if (dev_busy_lines(busy, "/proc/self/mountinfo", dev_busy_mount_line) ||
	    dev_busy_lines(busy, "/proc/swaps", dev_busy_swap_line))
		return true;
	if (!S_ISBLK(busy->st->st_mode))
		return dev_busy_entries(busy, "/sys/block", dev_busy_loop);
	snprintf(dir, sizeof(dir), "/sys/dev/block/%u:%u", major(busy->st->st_rdev), minor(busy->st->st_rdev));
	snprintf(holders, sizeof(holders), "%s/holders", dir);
	return dev_busy_entries(busy, holders, dev_busy_holder) || dev_busy_entries(busy, dir, dev_busy_partition);
}

int dev_busy_check(const char *path, const struct stat *st, bool refuse)
{
	struct dev_busy busy = { .path = path, .st = st };

	if (!dev_busy_find(&busy))
		return 0;
	if (refuse) {
		msg_err("%s: %s", path, busy.why);
		return ERR_REFUSED;
	}
	msg_warn("%s: it is only read, but what is read may change meanwhile: %s", path, busy.why);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --scan: which devices of this machine were interrupted in a switch. For early boot, which asks again and again:
 * quick, quiet, and read-only, so that udev is not woken.
 */
#include "cli/scan.h"

#include <stdio.h>
#include <string.h>

#include "base/msg.h"
#include "base/status.h"
#include "convert/journal.h"

static void say_nothing(void *ctx, enum msg_level level, const char *text)
{
	(void)ctx;
	(void)level;
	(void)text;
}

/* Drives with media that can be absent would be woken, and RAM disks hold nothing across a boot. */
static bool is_disk(const char *name)
{
	static const char *const others[] = { "sr", "fd", "ram", "zram" };
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		len = strlen(others[i]);
		if (strncmp(name, others[i], len) == 0 && name[len] >= '0' && name[len] <= '9')
			return false;
	}
	return true;
}

static bool is_armed(const char *path)
{
	const struct dev_file_opts opts = { .write = false };
	struct journal_state state = { 0 };
	struct dev *dev;

	if (dev_file_open(path, &opts, &dev))
		return false;
	if (journal_probe(dev, &state))
		state.armed = false;
	return !dev_close(dev) && state.armed;
}

int cli_scan(FILE *partitions, FILE *out)
{
	char line[512], name[256], path[256 + 8];

	msg_set_sink(say_nothing, NULL);
	while (fgets(line, sizeof(line), partitions)) {
		if (sscanf(line, " %*u %*u %*u %255s", name) != 1 || !is_disk(name))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", name);
		if (is_armed(path))
			fprintf(out, "%s\n", path);
	}
	return ferror(partitions) || fflush(out) || ferror(out) ? ERR_IO : 0;
}

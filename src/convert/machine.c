/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The look at the machine, after the scan has proven the source: is this the root of a system, and what would that
 * system miss when it boots from the result?
 */
#include "convert/machine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/msg.h"
#include "base/status.h"
#include "convert/machine_private.h"

u64 machine_fstab_objectid(const struct ext_info *info)
{
	return (u64)info->nr_inodes + SCAN_INO_OFFSET + 1;
}

void machine_object(struct machine_look *look, bool refuse, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (refuse) {
		msg_err("%s: %s. Nothing was written.", look->job->config.device, text);
		look->nr_refused++;
	} else {
		msg_warn("%s: %s", look->job->config.device, text);
	}
}

/* Reads /etc/fstab, where it is a file that can be read. */
static int read_fstab(struct machine_look *look)
{
	int ret = machine_find(look, "/etc/fstab", &look->fstab);

	if (ret == 0) {
		ret = machine_has_name(look, "/etc/fstab");
		if (ret == 1)
			machine_object(look, false, "/etc/fstab is a symlink that leads nowhere in this file system: "
				       "make sure that the line of the root suits a btrfs");
		return ret < 0 ? ret : 0;
	}
	if (ret < 0 || !S_ISREG(look->fstab.inode.mode))
		return ret < 0 ? ret : 0;
	ret = machine_read(look, &look->fstab, &look->text, &look->len);
	if (ret)
		return ret;
	look->has_fstab = look->text && !memchr(look->text, '\0', look->len);
	if (!look->has_fstab)
		machine_object(look, false, "%s is not the text of an fstab: it is left as it is", look->fstab.path);
	return 0;
}

int machine_run(struct job *job)
{
	struct machine_look look = { .job = job };
	int ret;

	job->machine = calloc(1, sizeof(*job->machine));
	if (!job->machine)
		return msg_nomem("machine");
	ret = read_fstab(&look);
	if (!ret && look.has_fstab)
		ret = machine_rewrite(&look);
	free(look.text);
	return !ret && look.nr_refused ? ERR_REFUSED : ret;
}

void machine_free(struct machine *machine)
{
	if (!machine)
		return;
	free(machine->text);
	free(machine);
}

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
	ret = machine_read(look, &look->fstab, MACHINE_FILE_MAX, &look->text, &look->len);
	if (ret)
		return ret;
	look->has_fstab = look->text && !memchr(look->text, '\0', look->len);
	if (!look->has_fstab)
		machine_object(look, false, "%s is not the text of an fstab: it is left as it is", look->fstab.path);
	return 0;
}

/* Does the machine mount something of its own at dir, so that what is there in this file system is hidden? */
static bool is_mount_point(const struct machine_look *look, const char *dir)
{
	const char *pos = look->text, *end = look->text + look->len;
	struct fstab_line line;
	char place[256];

	while (look->has_fstab && fstab_next(&pos, end, &line))
		if (line.nr_fields > FSTAB_TYPE && !fstab_list_has(&line.field[FSTAB_TYPE], "none") &&
		    fstab_decode(&line.field[FSTAB_DIR], place, sizeof(place)) && strcmp(place, dir) == 0)
			return true;
	return false;
}

/* Whether any of the names is there, by a list that NULL ends. */
static int has_any(struct machine_look *look, const char *const *paths)
{
	int ret = 0;

	for (size_t i = 0; !ret && paths[i]; i++)
		ret = machine_has_name(look, paths[i]);
	return ret;
}

static int look_at_boot(struct machine_look *look, const char *boot)
{
	int ret = machine_boot(look, boot);

	return ret ? ret : machine_options(look, boot);
}

static int look_at_root(struct machine_look *look)
{
	int ret = look->has_fstab ? machine_rewrite(look) : 0;

	if (look->job->config.uuid_mode != CONFIG_UUID_COPY)
		machine_object(look, false, "the UUID will be another one: boot loader, initramfs and kernel arguments "
			       "that name the root by it must follow before the machine boots from the btrfs");

	if (!ret)
		ret = machine_swap(look);
	if (!ret)
		ret = machine_has_name(look, "/ostree/repo");
	if (ret == 1) {
		machine_object(look, true, "/ostree/repo: this system is deployed by ostree, which knows nothing of "
			       "the conversion: install it anew on a btrfs instead");
		ret = 0;
	}
	if (!ret && !is_mount_point(look, "/boot"))
		ret = look_at_boot(look, "/boot");
	return ret;
}

static int look_at_all(struct machine_look *look)
{
	static const char *const root[] = { "/etc/fstab", "/etc/os-release", "/usr/lib/os-release", "/sbin/init",
					    "/ostree/repo", NULL };
	static const char *const boot[] = { "/grub/grub.cfg", "/grub2/grub.cfg", "/loader/entries", "/extlinux",
					    "/syslinux", "/extlinux.conf", "/boot.scr", NULL };
	int ret = has_any(look, root);

	if (ret == 1)
		return look_at_root(look);
	if (!ret)
		ret = has_any(look, boot);
	return ret == 1 ? look_at_boot(look, "") : ret;
}

int machine_run(struct job *job)
{
	struct machine_look *look = calloc(1, sizeof(*look));
	int ret;

	job->machine = calloc(1, sizeof(*job->machine));
	if (!look || !job->machine) {
		free(look);
		return msg_nomem("machine");
	}
	look->job = job;
	ret = read_fstab(look);
	if (!ret)
		ret = look_at_all(look);
	if (!ret && look->nr_refused)
		ret = ERR_REFUSED;
	free(look->text);
	free(look);
	return ret;
}

void machine_free(struct machine *machine)
{
	if (!machine)
		return;
	free(machine->text);
	free(machine);
}

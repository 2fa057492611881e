/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which boot loaders take the kernel from this file system. GRUB can be taught btrfs, the others are refused. */
#include <stdio.h>
#include <sys/stat.h>

#include "base/msg.h"
#include "convert/machine_private.h"

/* Files that only these loaders have; NULL ends a list. */
static const struct {
	const char *loader;
	const char *files[6];
} others[] = {
	{ "EXTLINUX, or U-Boot with its configuration,",
	  { "extlinux/extlinux.conf", "extlinux/ldlinux.sys", "extlinux.conf", "ldlinux.sys" } },
	{ "SYSLINUX", { "syslinux/syslinux.cfg", "syslinux/extlinux.conf", "syslinux/ldlinux.sys", "syslinux.cfg" } },
	{ "U-Boot", { "boot.scr", "boot.scr.uimg" } },
};

static int look_at_others(struct machine_look *look, const char *boot)
{
	char path[256];
	int ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		for (size_t j = 0; !ret && others[i].files[j]; j++) {
			snprintf(path, sizeof(path), "%s/%s", boot, others[i].files[j]);
			ret = machine_has_name(look, path);
		}
		if (ret == 1)
			machine_object(look, look->job->config.refuse_boot_loader,
				       "%s: %s takes the kernel from this file system, and may not find it in a btrfs: "
				       "give /boot a file system of its own, or boot with GRUB; if it reads btrfs, set "
				       "refuse-boot-loader = no", path, others[i].loader);
		if (ret < 0)
			return ret;
		ret = 0;
	}
	return 0;
}

/* LILO keeps the addresses of blocks, and only of the day when it was run. */
static int look_at_lilo(struct machine_look *look, const char *boot)
{
	char path[256];
	int ret;

	snprintf(path, sizeof(path), "%s/map", boot);
	ret = machine_has_name(look, "/etc/lilo.conf");
	if (ret == 1)
		ret = machine_has_name(look, path);
	if (ret == 1)
		machine_object(look, look->job->config.refuse_boot_loader,
			       "%s: LILO takes the kernel from this file system, and does not know btrfs: boot with "
			       "GRUB first, or set refuse-boot-loader = no", path);
	return ret < 0 ? ret : 0;
}

int machine_boot(struct machine_look *look, const char *boot)
{
	static const char *const dirs[] = { "grub", "grub2" };
	char path[256];
	int ret = look_at_others(look, boot);

	if (!ret)
		ret = look_at_lilo(look, boot);
	for (size_t i = 0; !ret && i < ARRAY_SIZE(dirs); i++) {
		struct machine_file file;

		snprintf(path, sizeof(path), "%s/%s", boot, dirs[i]);
		ret = machine_find(look, path, &file);
		if (ret == 1 && file.dir)
			ret = S_ISDIR(file.inode.mode) ? machine_grub(look, path) : 0;
	}
	return ret;
}

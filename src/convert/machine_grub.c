/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GRUB: its files may lie in a btrfs, but what the firmware loads of it must be able to read one. That is the core
 * image which the boot sector of the disk names (BIOS), or a program on the EFI system partition, of which grub-install
 * leaves a copy beside its modules; but where it finds a signed one of the distribution, it installs that. That
 * partition is not looked at here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/msg.h"
#include "base/uuid.h"
#include "convert/machine_core.h"
#include "convert/machine_private.h"
#include "dev/dev_disk.h"

#define SECTOR_SIZE 512u
#define CORE_MAX (2 * MIB)
#define EFI_MAX ((u32)16 << 20)

#define MODULES "--modules=\"btrfs zstd ext2 part_gpt part_msdos\""

/* Images for UEFI by the folder of their modules, and where a distribution's signed one and its loader are. */
static const struct efi_target {
	const char *name, *image, *shim;
} efi_targets[] = {
	{ "x86_64-efi", "/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed", "/usr/lib/shim/shimx64.efi.signed" },
	{ "arm64-efi", "/usr/lib/grub/arm64-efi-signed/grubaa64.efi.signed", "/usr/lib/shim/shimaa64.efi.signed" },
	{ "i386-efi", "/usr/lib/grub/i386-efi-signed/grubia32.efi.signed", "/usr/lib/shim/shimia32.efi.signed" },
	{ "arm-efi", NULL, NULL },
	{ "riscv64-efi", NULL, NULL },
	{ "loongarch64-efi", NULL, NULL },
};

struct grub_look {
	struct machine_look *look;
	const char *dir;    /* of its files */
	bool refuse;        /* by the policy */
	bool sees_root;     /* it is no file system for /boot alone */
	bool bios, efi;     /* what it was installed for */
	bool started_by_efi; /* this machine, which is the one that the device belongs to */
};

static int has_file(const struct grub_look *g, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", g->dir, name);
	return machine_has_name(g->look, path);
}

/* --- BIOS --- */

enum core_found { CORE_UNREADABLE, CORE_NO_GRUB, CORE_UNKNOWN, CORE_READ };

/* The sectors of the core image, one behind the other, diskboot first; to be freed. */
static int gather_core(const char *path, u64 first, u8 **image, size_t *len, enum core_found *found)
{
	struct machine_core_sectors list[MACHINE_CORE_LISTS];
	u8 diskboot[SECTOR_SIZE];
	size_t size = SECTOR_SIZE, pos = SECTOR_SIZE;
	u32 nr;

	*found = CORE_UNREADABLE;
	if (first > UINT32_MAX || !dev_disk_peek(path, first * SECTOR_SIZE, diskboot, sizeof(diskboot)))
		return 0;
	*found = CORE_UNKNOWN;
	nr = machine_core_list(diskboot, list);
	for (u32 i = 0; i < nr; i++)
		size += (size_t)list[i].nr * SECTOR_SIZE;
	if (!nr || size > CORE_MAX)
		return 0;
	*image = malloc(size);
	if (!*image)
		return msg_nomem("boot loader");
	memcpy(*image, diskboot, sizeof(diskboot));
	for (u32 i = 0; i < nr; pos += (size_t)list[i++].nr * SECTOR_SIZE)
		if (list[i].start > UINT64_MAX / SECTOR_SIZE / 2 ||
		    !dev_disk_peek(path, list[i].start * SECTOR_SIZE, *image + pos, (size_t)list[i].nr * SECTOR_SIZE))
			return 0;
	*len = size;
	*found = CORE_READ;
	return 0;
}

static int read_core(const char *path, struct machine_core *core, enum core_found *found)
{
	u8 sector[SECTOR_SIZE], *image = NULL;
	size_t len = 0;
	u64 first;
	int ret;

	*found = CORE_UNREADABLE;
	if (!dev_disk_peek(path, 0, sector, sizeof(sector)))
		return 0;
	*found = CORE_NO_GRUB;
	if (!machine_core_boot_sector(sector, &first))
		return 0;
	ret = gather_core(path, first, &image, &len, found);
	if (!ret && *found == CORE_READ) {
		ret = machine_core_read_bios(image, len, core);
		if (ret == 0)
			*found = CORE_UNKNOWN;
	}
	free(image);
	return ret < 0 ? ret : 0;
}

/* The number of a partition in a prefix as "(,gpt3)" or "(hd0,msdos1)"; 0: it names none. */
static u32 prefix_partition(const char *prefix)
{
	const char *p = strchr(prefix, ',');

	if (prefix[0] != '(' || !p)
		return 0;
	if (strncmp(p, ",gpt", 4) == 0)
		return (u32)strtoul(p + 4, NULL, 10);
	return strncmp(p, ",msdos", 6) == 0 ? (u32)strtoul(p + 6, NULL, 10) : 0;
}

/* Does it look for its files here? It may be another system's GRUB. */
static bool looks_here(const struct grub_look *g, const struct machine_core *core, const struct dev_disk *disk)
{
	char uuid[UUID_TEXT_SIZE];
	u32 partition = prefix_partition(core->prefix);

	if (strstr(core->config, "search.fs_uuid"))
		return strstr(core->config, uuid_format(ext_get_info(g->look->job->ext)->uuid, uuid)) != NULL;
	return !partition || !disk->partition || partition == disk->partition;
}

static int look_at_disk(const struct grub_look *g, const struct dev_disk *disk)
{
	struct machine_core core;
	enum core_found found;
	int ret = read_core(disk->path, &core, &found);

	if (ret)
		return ret;
	if (found == CORE_READ && !core.has_btrfs && looks_here(g, &core, disk))
		machine_object(g->look, g->refuse,
			       "%s is in this file system, and the GRUB that the boot sector of %s loads cannot read "
			       "btrfs: the machine would stop at a rescue prompt. First run fsconvert-prepare, or "
			       "grub-install " MODULES " %s; to convert all the same set refuse-boot-loader = no",
			       g->dir, disk->path, disk->path);
	else if (found == CORE_READ)
		msg_debug("%s: GRUB with prefix %s, btrfs: %d", disk->path, core.prefix, core.has_btrfs);
	else if (found == CORE_NO_GRUB)
		machine_object(g->look, false, "%s is in this file system, but the boot sector of %s is not that of "
			       "GRUB: make sure that what boots this machine can read btrfs", g->dir, disk->path);
	else
		machine_object(g->look, false, "%s is in this file system, but the GRUB on %s cannot be examined%s: "
			       "make sure that it can read btrfs", g->dir, disk->path,
			       found == CORE_UNREADABLE ? " (not readable)" : "");
	return 0;
}

/* GRUB in the first sector of this file system itself finds the rest by a list of blocks. */
static int look_at_own_sector(const struct grub_look *g, bool *found)
{
	u8 sector[SECTOR_SIZE];
	u64 first;
	int ret = dev_read(g->look->job->dev, 0, sector, sizeof(sector));

	*found = !ret && machine_core_boot_sector(sector, &first);
	if (*found)
		machine_object(g->look, g->refuse,
			       "GRUB is installed in the boot sector of this file system, and finds the rest of itself "
			       "by the addresses of blocks, which btrfs may move: install it to the disk first "
			       "(grub-install " MODULES " DISK), or set refuse-boot-loader = no");
	return ret;
}

static int look_at_bios(const struct grub_look *g)
{
	const struct config *config = &g->look->job->config;
	struct dev_disk disks[DEV_DISKS_MAX];
	size_t nr = dev_disks_find(config->device, disks);
	bool own;
	int ret = look_at_own_sector(g, &own);

	if (nr == 1 && disks[0].same && !config->offset)
		nr = 0; /* the copy of a partition, and no disk */
	if (!ret && !own && !nr)
		machine_object(g->look, false, "%s is in this file system, but the disk that it lies on is not known: "
			       "make sure that the GRUB in its boot sector can read btrfs", g->dir);
	for (size_t i = 0; !ret && !own && i < nr; i++)
		ret = look_at_disk(g, &disks[i]);
	return ret;
}

/* --- UEFI --- */

/* *known: there is such an image; then *has_btrfs tells. */
static int read_efi(const struct grub_look *g, const char *path, bool *known, bool *has_btrfs)
{
	struct machine_core core;
	char *image;
	u32 len = 0;
	int ret = machine_read_path(g->look, path, EFI_MAX, &image, &len);

	*known = false;
	if (ret || !image)
		return ret;
	ret = machine_core_read_efi((const u8 *)image, len, &core);
	free(image);
	*known = ret == 1;
	*has_btrfs = ret == 1 && core.has_btrfs;
	return ret < 0 ? ret : 0;
}

/* A signed image that grub-install prefers to the one that it makes. */
static int reads_by_signed(const struct grub_look *g, const struct efi_target *target, bool *reads)
{
	bool known;
	int ret;

	*reads = false;
	if (!target->image)
		return 0;
	ret = machine_has_name(g->look, target->shim);
	if (ret != 1)
		return ret;
	return read_efi(g, target->image, &known, reads);
}

/* fsconvert-prepare has looked at the EFI system partition, and has made GRUB there read btrfs where it did not. */
static int was_prepared(const struct grub_look *g, bool *prepared)
{
	char *text;
	u32 len;
	int ret = machine_read_path(g->look, "/var/lib/fsconvert/prepare.state", MACHINE_FILE_MAX, &text, &len);

	*prepared = !ret && text && strstr(text, "\ncomplete\n");
	free(text);
	return ret;
}

static int look_at_efi(const struct grub_look *g, const struct efi_target *target)
{
	bool refuse = g->refuse && g->sees_root && (!g->bios || g->started_by_efi);
	bool known, has_btrfs, reads, prepared;
	char path[256];
	int ret;

	snprintf(path, sizeof(path), "%s/%s/core.efi", g->dir, target->name);
	ret = read_efi(g, path, &known, &has_btrfs);
	if (ret || (known && has_btrfs))
		return ret;
	ret = reads_by_signed(g, target, &reads);
	if (ret || reads)
		return ret;
	ret = was_prepared(g, &prepared);
	if (ret || prepared)
		return ret;
	if (!known)
		machine_object(g->look, false, "%s is in this file system, but the GRUB for UEFI that loads it cannot "
			       "be examined: make sure that it can read btrfs", g->dir);
	else
		machine_object(g->look, refuse,
			       "%s: GRUB for UEFI as it was installed cannot read btrfs, unless the EFI system "
			       "partition holds another one: the machine would stop at a rescue prompt. First run "
			       "fsconvert-prepare, or grub-install " MODULES "; to convert all the same set "
			       "refuse-boot-loader = no", path);
	return 0;
}

/* --- both --- */

/* Then it has no use for a boot sector. Of an image file nobody knows what will start from it. */
static bool was_started_by_efi(const struct job *job)
{
	struct stat st;

	return stat(job->config.device, &st) == 0 && S_ISBLK(st.st_mode) && access("/sys/firmware/efi", F_OK) == 0;
}

int machine_grub(struct machine_look *look, const char *dir)
{
	struct grub_look g = {
		.look = look,
		.dir = dir,
		.refuse = look->job->config.refuse_boot_loader,
		.sees_root = strncmp(dir, "/boot/", 6) == 0,
	};
	int ret = has_file(&g, "i386-pc");

	if (ret < 0)
		return ret;
	g.bios = ret == 1;
	g.started_by_efi = was_started_by_efi(look->job);
	for (size_t i = 0; i < ARRAY_SIZE(efi_targets); i++) {
		ret = has_file(&g, efi_targets[i].name);
		if (ret == 1) {
			g.efi = true;
			ret = look_at_efi(&g, &efi_targets[i]);
		}
		if (ret < 0)
			return ret;
	}
	if (g.bios && !(g.efi && g.started_by_efi))
		return look_at_bios(&g);
	if (g.bios || g.efi)
		return 0;
	ret = has_file(&g, "grub.cfg");
	if (ret == 1)
		machine_object(look, false, "%s/grub.cfg is in this file system, but the GRUB that reads it cannot be "
			       "found here: make sure that it can read btrfs", dir);
	return ret < 0 ? ret : 0;
}

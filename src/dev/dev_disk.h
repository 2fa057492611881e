/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The whole disks below a device, through partitions, dm and md; and a look at them that changes and claims nothing. */
#ifndef DEV_DEV_DISK_H
#define DEV_DEV_DISK_H

#include "base/types.h"

#define DEV_DISKS_MAX 16
#define DEV_DISK_PATH 256

struct dev_disk {
	char path[DEV_DISK_PATH];
	u32 partition; /* number of the partition that the device itself is; 0: it is none */
	bool same;     /* the disk is the device itself */
};

/* Finds the disks of a block device; for a regular file that is the file itself. The number of disks; 0 when nothing is
 * known. Prints nothing. */
size_t dev_disks_find(const char *device, struct dev_disk disks[DEV_DISKS_MAX]);

/* The same for a device by its number, in the tree below sysfs ("/sys"). */
size_t dev_disks_below(u32 major, u32 minor, const char *sysfs, struct dev_disk disks[DEV_DISKS_MAX]);

/* Reads len bytes at offset of a device or file. False when that is not possible; prints nothing. */
bool dev_disk_peek(const char *path, u64 offset, void *buf, size_t len);

#endif

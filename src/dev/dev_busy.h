/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to the device layer: who else uses a block device or an image file. */
#ifndef DEV_DEV_BUSY_H
#define DEV_DEV_BUSY_H

#include <sys/stat.h>

#include "base/types.h"

/*
 * Looks for mounts, swap, device mapper and RAID, partitions and loop devices on the object that path and st describe.
 * refuse: the first one found is an error (ERR_REFUSED); otherwise it is a warning and the result is 0.
 */
int dev_busy_check(const char *path, const struct stat *st, bool refuse) __must_check;

#endif

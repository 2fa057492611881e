/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the machine that boots from the file system needs: found out after the scan, as far as the file system tells.
 * Private to the convert layer.
 */
#ifndef CONVERT_MACHINE_H
#define CONVERT_MACHINE_H

#include "convert/job.h"

/*
 * The fstab that the result gets. The name that led to the old inode leads to a new one, with new content, always
 * inline; the old inode keeps everything but that name: it gets another one, behind all others in the same directory.
 * No block of ext is touched, so the saved image is what it would have been.
 */
struct machine {
	bool rewrites;      /* else nothing below is set */
	u32 dir;            /* ext inode of the directory */
	u32 ino;            /* ext inode of the old file */
	u64 index;          /* of the entry */
	char name[256];
	u64 kept_index;     /* of the entry that the old inode gets instead */
	char kept_name[256];
	u64 objectid;       /* of the new inode, in btrfs */
	char *text;
	u32 len;
	u64 nr_xattrs;      /* that it has in common with the old one */
};

/* The objectid of a rewritten fstab: the first one behind those of all inodes that ext could have. */
u64 machine_fstab_objectid(const struct ext_info *info);

/*
 * Looks at the scanned source: fills job->machine and job->machine_stats, warns, and refuses (ERR_REFUSED) by the
 * policy of the configuration, after it has printed every reason that there is.
 */
int machine_run(struct job *job) __must_check;
void machine_free(struct machine *machine);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The switch. Everything that the new file system needs stands on the device and has been verified, but no superblock
 * leads to it. E is the ext superblock at 1 KiB, B the btrfs superblock at 64 KiB, M its copies at 64 MiB and 256 GiB.
 *
 *     before   | boot code | E ... ext blocks ...                  | ext block | ... ext ... | ext block |
 *     after    | boot code | zeros                                 | B         | zeros ..1M  | M         |
 *
 * What ext has in the places of B, M and the zeros was copied aside by build. Each step ends with a flush:
 *
 *     step  write                       a power cut after it leaves
 *     0     (all trees, flushed)        ext, whole
 *     1     B                           btrfs, whole (E is still there too: mount it as btrfs)
 *     2     zeros from E to 64 KiB      btrfs, whole
 *     3     M                           btrfs, whole
 *     4     zeros from 68 KiB to 1 MiB  btrfs, whole
 *
 * This is the only file of the conversion that opens regions in which ext has data.
 */
#include "convert/commit.h"

#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "convert/build.h"

#define BOOT_CODE KIB
#define HEAD_END (BTRFS_SUPER_PRIMARY + BTRFS_SUPER_SIZE)

static int zero_range(struct dev *dev, u64 start, u64 end)
{
	u8 *zeros = calloc(1, MIB);
	int ret;

	if (!zeros)
		return msg_nomem("commit");
	ret = dev_write(dev, start, zeros, end - start);
	free(zeros);
	return ret ? ret : dev_flush(dev);
}

/* The moved blocks must stand in their new places before the old ones are given up. */
static int check_moved(struct job *job)
{
	const struct plan *plan = job->plan;
	u8 *old = malloc(2 * PLAN_ALIGN), *new = old ? old + PLAN_ALIGN : NULL;
	int ret = 0;

	if (!old)
		return msg_nomem("commit");
	for (size_t i = 0; !ret && i < plan->nr_moved; i++) {
		const struct place_piece *piece = &plan->moved[i];

		if (!claim_has_data(piece->kind))
			continue;
		ret = dev_read(job->dev, piece->physical, old, piece->len);
		if (!ret)
			ret = dev_read(job->dev, piece->logical, new, piece->len);
		if (!ret && memcmp(old, new, piece->len) != 0) {
			msg_err("%s: the copy of %llu bytes from %llu to %llu reads back differently: the device cannot be trusted; the source is untouched",
				job->config.device, (unsigned long long)piece->len,
				(unsigned long long)piece->physical, (unsigned long long)piece->logical);
			ret = ERR_IO;
		}
	}
	free(old);
	return ret;
}

static int open_homes(struct job *job)
{
	int ret;

	dev_fence_close(job->dev);
	ret = dev_fence_open(job->dev, BOOT_CODE, MIB - BOOT_CODE, "the head of the device");
	for (u32 nr = 1; !ret && nr < 3; nr++) {
		u64 offset = btrfs_super_offset(nr, job->plan->total_bytes);

		if (offset)
			ret = dev_fence_open(job->dev, offset, BTRFS_SUPER_SIZE, "a superblock copy");
	}
	return ret;
}

static int write_super(struct job *job, u64 offset)
{
	u8 block[BTRFS_SUPER_SIZE];
	int ret = btrfs_super_encode(block, &job->build->super, &job->plan->params, offset);

	if (!ret)
		ret = dev_write(job->dev, offset, block, sizeof(block));
	return ret ? ret : dev_flush(job->dev);
}

/* Steps 2 to 4: the file system is btrfs already, whatever happens here. */
static int finish_switch(struct job *job)
{
	int ret = zero_range(job->dev, BOOT_CODE, BTRFS_SUPER_PRIMARY);

	for (u32 nr = 1; !ret && nr < 3; nr++) {
		u64 offset = btrfs_super_offset(nr, job->plan->total_bytes);

		if (offset)
			ret = write_super(job, offset);
	}
	return ret ? ret : zero_range(job->dev, HEAD_END, MIB);
}

int commit_run(struct job *job)
{
	int ret = check_moved(job);

	if (!ret)
		ret = ext_check_unchanged(job->ext);
	if (!ret)
		ret = open_homes(job);
	if (!ret && job_stopped(job))
		ret = ERR_STOPPED;
	if (ret)
		return ret;

	progress_begin(job->progress, "switch", 0);
	ret = write_super(job, BTRFS_SUPER_PRIMARY);
	if (!ret)
		ret = finish_switch(job);
	progress_end(job->progress);
	if (!ret)
		return 0;
	msg_err("%s: the device failed while the superblocks were switched; do not mount it: copy the device, then see \"interrupted switch\" in fsconvert(8)",
		job->config.device);
	return ERR_ARMED;
}

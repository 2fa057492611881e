/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Roll back: brings the ext file system back that a btrfs was converted from, by fsconvert or btrfs-convert. Its data
 * has never moved; what is written is what lies in the reserved ranges, below 2 MiB. Everything is proven before the
 * first write.
 */
#include "convert/rollback.h"

#include <stdlib.h>
#include <string.h>

#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs_mark.h"
#include "convert/plan.h"
#include "convert/switch.h"

static int open_btrfs(struct rollback *r)
{
	const char *device = r->job->config.device;
	struct btrfs_super_info info;
	int ret = journal_refuse_armed(r->job->dev, device);

	if (ret)
		return ret;
	if (r->job->dev->size < MIB) {
		msg_err("%s: too small to hold a converted file system. Nothing was written.", device);
		return ERR_REFUSED;
	}
	ret = dev_read(r->job->dev, BTRFS_SUPER_PRIMARY, r->super, sizeof(r->super));
	if (ret)
		return ret;
	if (!btrfs_mark_is_super(r->super, BTRFS_SUPER_PRIMARY) ||
	    btrfs_super_decode(r->super, BTRFS_SUPER_PRIMARY, true, &info)) {
		msg_err("%s: there is no btrfs that could be rolled back. Nothing was written.", device);
		return ERR_REFUSED;
	}
	memcpy(r->stats.fsid, info.fsid, sizeof(r->stats.fsid));
	memcpy(r->stats.label, info.label, sizeof(r->stats.label));
	ret = btrfs_reader_new(r->job->dev, r->super, false, &r->reader);
	return ret == ERR_CORRUPT ? ERR_REFUSED : ret;
}

static int make_journal(struct rollback *r)
{
	struct journal *j = r->journal;
	int ret = rollback_find_space(r, &j->address);

	if (ret)
		return ret;
	j->target = JOURNAL_TO_EXT;
	j->device_size = btrfs_reader_super(r->reader)->total_bytes;
	memcpy(j->btrfs_super, r->super, sizeof(j->btrfs_super));
	ret = dev_read(r->view, EXT_MARK_HOME, j->ext_super, sizeof(j->ext_super));
	return ret ? ret : dev_read(r->job->dev, 0, j->boot_code, sizeof(j->boot_code));
}

static int do_switch(struct rollback *r)
{
	const char *device = r->job->config.device;
	bool armed = false;
	int ret;

	if (job_stopped(r->job))
		return ERR_STOPPED;
	progress_begin(r->job->progress, "switch", 0);
	ret = switch_arm(r->job->dev, r->journal, &armed);
	if (!ret)
		ret = switch_to_ext(r->job->dev, r->journal);
	progress_end(r->job->progress);
	if (!ret || !armed)
		return ret;
	msg_err("%s: the roll back was interrupted: run fsconvert --resume %s; nothing may mount the device "
		"before", device,
		device);
	return ERR_ARMED;
}

static int close_rollback(struct rollback *r)
{
	int ret;

	btrfs_reader_free(r->reader);
	if (r->ext_job) {
		scan_free(r->ext_job->scan);
		ext_close(r->ext_job->ext);
		free(r->ext_job);
	}
	ret = dev_close(r->view);
	free(r->covered);
	free(r->journal);
	return ret;
}

int rollback_run(struct job *job)
{
	struct rollback r = { .job = job, .journal = calloc(1, sizeof(struct journal)) };
	int ret = r.journal ? open_btrfs(&r) : msg_nomem("roll back"), err;

	if (!ret)
		ret = rollback_map_image(&r);
	if (!ret)
		ret = rollback_check_csums(&r, job->config.verify_all);
	if (!ret)
		ret = rollback_prove(&r);
	if (!ret)
		ret = make_journal(&r);
	job->rollback_stats = r.stats;
	/* status has words of its own */
	if (!ret && job->plan_hook && job->config.action != CONFIG_STATUS)
		job->plan_hook(job->plan_hook_ctx, job);
	if (!ret && job->config.action == CONFIG_ROLLBACK)
		ret = do_switch(&r);
	err = close_rollback(&r);
	return ret ? ret : err;
}

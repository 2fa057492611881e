/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Resume: finds the journal record of an interrupted switch and goes on from whatever step it had reached. Every step
 * may be done again, so resume may itself be interrupted and run again.
 */
#include "convert/resume.h"

#include <stdlib.h>

#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs_read.h"
#include "convert/switch.h"

/* The trees must be there before ext is given up: the chunk tree is read, and the root tree's root block. */
static bool btrfs_readable(struct dev *dev, const struct journal *j)
{
	struct btrfs_reader *reader = NULL;
	bool readable = false;
	u64 logical;
	u8 level;

	if (btrfs_reader_new(dev, j->btrfs_super, false, &reader) == 0)
		readable = btrfs_reader_find_root(reader, BTRFS_FS_TREE, &logical, &level, NULL) == 1;
	btrfs_reader_free(reader);
	return readable;
}

bool resume_can_reach(struct dev *dev, const struct journal *j, enum journal_target target)
{
	return target == JOURNAL_TO_BTRFS ? btrfs_readable(dev, j) : switch_check_sources(dev, j) == 0;
}

static const char *target_name(enum journal_target target)
{
	return target == JOURNAL_TO_BTRFS ? "btrfs" : "ext";
}

static int give_up(const struct job *job, enum journal_target target)
{
	msg_err("%s: the switch to %s cannot be finished: %s; nothing may mount the device before", job->config.device,
		target_name(target),
		job->config.undo ? "run fsconvert --resume without --undo to go the other way"
				 : "run fsconvert --resume --undo to go the other way");
	return ERR_ARMED;
}

static int go_on(struct job *job, const struct journal *j)
{
	enum journal_target target = j->target;
	int ret;

	if (job->config.undo)
		target = target == JOURNAL_TO_BTRFS ? JOURNAL_TO_EXT : JOURNAL_TO_BTRFS;
	if (!resume_can_reach(job->dev, j, target))
		return give_up(job, target);
	ret = switch_rearm(job->dev, j);
	if (!ret)
		ret = target == JOURNAL_TO_BTRFS ? switch_to_btrfs(job->dev, j) : switch_to_ext(job->dev, j);
	if (!ret) {
		job->resume_stats.rolling_back = j->target == JOURNAL_TO_EXT;
		job->resume_stats.holds_ext = target == JOURNAL_TO_EXT;
		return 0;
	}
	msg_err("%s: the switch was interrupted again: run fsconvert --resume %s; nothing may mount the device before",
		job->config.device, job->config.device);
	return ERR_ARMED;
}

int resume_run(struct job *job)
{
	struct journal_state state;
	struct journal *j;
	int ret = journal_probe(job->dev, &state);

	if (ret)
		return ret;
	job->resume_stats.interrupted = state.armed;
	if (!state.armed)
		return 0;
	if (state.ext_stale) {
		job->resume_stats.holds_ext = true;
		return switch_wipe_stale(job->dev) ? ERR_ARMED : 0;
	}
	if (state.lost) {
		msg_err("%s: the superblock is marked as in a switch, but the address of the journal record is "
			"damaged; copy the device, then see \"interrupted switch\" in fsconvert(8)",
			job->config.device);
		return ERR_ARMED;
	}
	j = calloc(1, sizeof(*j));
	if (!j) {
		(void)msg_nomem("resume");
		return ERR_ARMED;
	}
	ret = journal_read(job->dev, state.address, j);
	ret = ret ? ERR_ARMED : go_on(job, j);
	free(j);
	return ret;
}

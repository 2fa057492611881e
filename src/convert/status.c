/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Status: whose superblocks the device carries, whether a switch was interrupted and where it can go, and whether a
 * btrfs can be rolled back, by the same proof as a roll back. What would be errors elsewhere are answers here.
 */
#include "convert/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs_mark.h"
#include "btrfs/btrfs_ondisk.h"
#include "convert/journal.h"
#include "convert/resume.h"
#include "convert/rollback.h"

/* The device's name stands in front of most messages; whoever shows the reason names the device himself. */
static void strip_name(char *reason, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(reason, name, len) == 0 && strncmp(reason + len, ": ", 2) == 0)
		memmove(reason, reason + len + 2, strlen(reason + len + 2) + 1);
}

static void note_ext(struct state *state, const u8 super[EXT_MARK_SIZE])
{
	struct ext_identity identity;

	if (!ext_mark_identify(super, &identity))
		return;
	state->is_ext = true;
	state->type = identity.type;
	memcpy(state->uuid, identity.uuid, sizeof(state->uuid));
	snprintf(state->label, sizeof(state->label), "%s", identity.label);
}

static void note_btrfs(struct state *state, const u8 super[BTRFS_SUPER_SIZE])
{
	const u8 *label = super + offsetof(struct btrfs_super_disk, label);

	state->is_ext = false;
	state->type = "btrfs";
	memcpy(state->uuid, super + offsetof(struct btrfs_super_disk, fsid), sizeof(state->uuid));
	snprintf(state->label, sizeof(state->label), "%.*s", BTRFS_LABEL_SIZE - 1, (const char *)label);
}

/* --- an interrupted switch --- */

static void try_way(struct job *job, const struct journal *j, enum journal_target target, struct state_way *way)
{
	msg_capture(way->reason, sizeof(way->reason));
	way->possible = resume_can_reach(job->dev, j, target);
	msg_capture(NULL, 0);
	strip_name(way->reason, job->dev->name);
}

static void no_way(struct state *state, const char *reason)
{
	snprintf(state->forward.reason, sizeof(state->forward.reason), "%s", reason);
	state->undo = state->forward;
}

static int note_record(struct job *job)
{
	struct journal *j = calloc(1, sizeof(*j));
	struct state *state = &job->state;
	int ret;

	if (!j)
		return msg_nomem("status");
	msg_capture(state->forward.reason, sizeof(state->forward.reason));
	ret = journal_read(job->dev, state->record, j);
	msg_capture(NULL, 0);
	strip_name(state->forward.reason, job->dev->name);
	if (ret) {
		state->undo = state->forward;
	} else {
		state->has_record = true;
		state->rolling_back = j->target == JOURNAL_TO_EXT;
		note_ext(state, j->ext_super);
		try_way(job, j, j->target, &state->forward);
		try_way(job, j, state->rolling_back ? JOURNAL_TO_BTRFS : JOURNAL_TO_EXT, &state->undo);
	}
	free(j);
	return 0;
}

static int note_interrupted(struct job *job, const struct journal_state *found, const u8 *ext, const u8 *btrfs)
{
	struct state *state = &job->state;
	int ret = 0;

	state->content = STATE_INTERRUPTED;
	state->ext_marked = found->ext_marked || found->lost;
	state->btrfs_marked = found->btrfs_marked;
	state->not_begun = found->ext_stale;
	state->record = found->address;
	if (found->btrfs_marked)
		note_btrfs(state, btrfs);
	note_ext(state, ext);
	if (found->ext_stale)
		state->forward.possible = state->undo.possible = true;
	else if (found->lost)
		no_way(state, "the address of the journal record is damaged");
	else
		ret = note_record(job);
	return ret ? ret : ERR_ARMED;
}

/* --- whole file systems --- */

static int note_roll_back(struct job *job)
{
	struct state *state = &job->state;
	int ret;

	msg_capture(state->reason, sizeof(state->reason));
	ret = rollback_run(job);
	msg_capture(NULL, 0);
	strip_name(state->reason, job->config.device);
	state->content = job->rollback_stats.image_size ? STATE_CONVERTED : STATE_BTRFS;
	state->can_roll_back = ret == 0;
	if (ret != ERR_NOMEM && ret != ERR_STOPPED)
		return 0;
	if (ret == ERR_NOMEM)
		msg_err("%s", state->reason);
	return ret;
}

static int note_whole(struct job *job, const struct journal_state *found, const u8 *ext, const u8 *btrfs)
{
	struct state *state = &job->state;
	struct ext_identity identity;

	if (found->has_ext && found->has_btrfs) {
		snprintf(state->reason, sizeof(state->reason),
			 "superblocks of ext and of btrfs are both there; see wipefs(8)");
		return ERR_REFUSED;
	}
	if (found->has_ext) {
		state->content = STATE_EXT;
		note_ext(state, ext);
		return 0;
	}
	if (found->has_btrfs) {
		note_btrfs(state, btrfs);
		return note_roll_back(job);
	}
	if (get_le64(btrfs + offsetof(struct btrfs_super_disk, magic)) == BTRFS_MAGIC)
		snprintf(state->reason, sizeof(state->reason), "a btrfs superblock is damaged; see btrfs-rescue(8)");
	else if (ext_mark_identify(ext, &identity))
		snprintf(state->reason, sizeof(state->reason), "an ext superblock has a wrong checksum; see e2fsck(8)");
	return ERR_REFUSED;
}

int status_run(struct job *job)
{
	u8 ext[EXT_MARK_SIZE], btrfs[BTRFS_SUPER_SIZE];
	struct journal_state found;
	int ret;

	if (job->dev->size < BTRFS_SUPER_PRIMARY + BTRFS_SUPER_SIZE)
		return ERR_REFUSED;
	ret = journal_probe(job->dev, &found);
	if (!ret)
		ret = dev_read(job->dev, EXT_MARK_HOME, ext, sizeof(ext));
	if (!ret)
		ret = dev_read(job->dev, BTRFS_SUPER_PRIMARY, btrfs, sizeof(btrfs));
	if (ret)
		return ret;
	return found.armed ? note_interrupted(job, &found, ext, btrfs) : note_whole(job, &found, ext, btrfs);
}

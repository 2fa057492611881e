/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commit phase: makes the journal record of the conversion, proves that what was moved out of the homes of the
 * superblocks reads back as it should, and switches. Until the record is on the device and the switch is armed, the
 * device is ext, whole; docs/COMMIT.md says what it is after each later write.
 */
#include "convert/commit.h"

#include <stdlib.h>
#include <string.h>

#include "base/msg.h"
#include "base/status.h"
#include "convert/build.h"
#include "convert/switch.h"

static int add_piece(struct journal *j, u64 home, u64 len, u64 source, const u8 *digest)
{
	struct journal_piece *p = &j->pieces[j->nr_pieces];

	if (j->nr_pieces == JOURNAL_MAX_PIECES) {
		return job_bug("commit: more than %u pieces were moved",
			JOURNAL_MAX_PIECES);
	}
	*p = (struct journal_piece){ .home = home, .len = len, .source = source };
	if (digest)
		memcpy(p->digest, digest, sizeof(p->digest));
	j->nr_pieces++;
	return 0;
}

/* The moved blocks must stand in their new places before the old ones are given up. */
static int add_moved(struct job *job, struct journal *j)
{
	const struct plan *plan = job->plan;
	u8 *old = malloc(2 * PLAN_ALIGN), *new = old ? old + PLAN_ALIGN : NULL;
	u8 digest[16];
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
			msg_err("%s: the copy of %llu bytes from %llu to %llu reads back differently: the device "
				"cannot be trusted; the source is untouched",
				job->config.device, (unsigned long long)piece->len,
				(unsigned long long)piece->physical, (unsigned long long)piece->logical);
			ret = ERR_IO;
		}
		if (ret)
			break;
		journal_digest(old, piece->len, digest);
		ret = add_piece(j, piece->physical, piece->len, piece->logical, digest);
	}
	free(old);
	return ret;
}

/* What ext reserved there and never wrote must be zeros when ext comes back. */
static int add_unwritten(struct job *job, struct journal *j)
{
	const struct plan *plan = job->plan;
	int ret = 0;

	for (size_t i = 0; !ret && i < plan->nr_cleared; i++)
		ret = add_piece(j, plan->cleared[i].start, plan->cleared[i].len, JOURNAL_ZEROS, NULL);
	return ret;
}

static int make_journal(struct job *job, struct journal *j)
{
	int ret;

	j->target = JOURNAL_TO_BTRFS;
	j->address = job->plan->journal;
	j->device_size = job->plan->total_bytes;
	memcpy(j->btrfs_super, job->build->super_block, sizeof(j->btrfs_super));
	ret = dev_read(job->dev, EXT_MARK_HOME, j->ext_super, sizeof(j->ext_super));
	if (!ret)
		ret = dev_read(job->dev, 0, j->boot_code, sizeof(j->boot_code));
	if (!ret)
		ret = add_moved(job, j);
	return ret ? ret : add_unwritten(job, j);
}

int commit_run(struct job *job)
{
	struct journal *j = calloc(1, sizeof(*j));
	bool armed = false;
	int ret;

	if (!j)
		return msg_nomem("commit");
	ret = make_journal(job, j);
	if (!ret)
		ret = ext_check_unchanged(job->ext);
	if (!ret && job_stopped(job))
		ret = ERR_STOPPED;
	if (!ret) {
		progress_begin(job->progress, "switch", 0);
		ret = switch_arm(job->dev, j, &armed);
		if (!ret)
			ret = switch_to_btrfs(job->dev, j);
		progress_end(job->progress);
	}
	free(j);
	if (!ret || !armed)
		return ret;
	msg_err("%s: the switch of the superblocks was interrupted: run fsconvert --resume %s; nothing may mount the "
		"device before",
		job->config.device, job->config.device);
	return ERR_ARMED;
}

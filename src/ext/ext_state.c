/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the superblock tells of the state: a file system is converted only when nothing is pending. The state word
 * alone proves little: a journalled file system stays "clean" while it is mounted, and a frozen snapshot has an empty
 * journal but a list of orphans.
 */
#include "ext/ext_private.h"

static void warn_quota(struct ext_fs *fs)
{
	if (fs->ro_compat & (EXT_RO_QUOTA | EXT_RO_PROJECT))
		msg_warn("%s: quota limits and project numbers are not carried over", fs->dev->name);
}

int ext_state_check(struct ext_fs *fs)
{
	const struct ext_super_disk *s = &fs->super;
	u32 state = le16_to_cpu(s->state);

	if (state & EXT_STATE_ERROR)
		return ext_refuse(fs, EXT_REMEDY_FSCK, "the file system is marked as having errors");
	if (!(state & EXT_STATE_VALID) || state & (EXT_STATE_ORPHAN | EXT_STATE_FC_REPLAY))
		return ext_refuse(fs, EXT_REMEDY_PREEN, "it was not unmounted cleanly (state 0x%x)", state);
	if (s->last_orphan)
		return ext_refuse(fs, EXT_REMEDY_PREEN, "deleted files wait to be released (orphan inode %u)",
				  le32_to_cpu(s->last_orphan));
	if (s->snapshot_inum || s->snapshot_list)
		return ext_refuse(fs, EXT_REMEDY_COPY, "it has snapshots");
	if (s->error_count)
		msg_warn("%s: %u errors were recorded in the past", fs->dev->name, le32_to_cpu(s->error_count));
	warn_quota(fs);
	return 0;
}

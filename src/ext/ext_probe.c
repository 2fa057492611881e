/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells from the superblock alone whether e2fsck has something to bring in order, before the file system is opened.
 * Whatever ext_open would refuse for another reason is none of its business.
 */
#include <stdlib.h>

#include "ext/ext_private.h"

static const char *pending(const struct ext_fs *fs, bool recover, bool orphans)
{
	const struct ext_super_disk *s = &fs->super;
	u32 state = le16_to_cpu(s->state);

	if (recover)
		return "its journal must be replayed";
	if (state & EXT_STATE_ERROR)
		return "it is marked as having errors";
	if (!(state & EXT_STATE_VALID) || state & EXT_STATE_FC_REPLAY)
		return "it was not unmounted cleanly";
	if (state & EXT_STATE_ORPHAN || orphans || s->last_orphan)
		return "deleted files wait to be released";
	return NULL;
}

static int probe(struct ext_fs *fs, const char **reason)
{
	bool recover, orphans;
	int ret = ext_super_read(fs);

	if (ret)
		return ret;
	recover = fs->incompat & EXT_INCOMPAT_RECOVER;
	orphans = fs->ro_compat & EXT_RO_ORPHAN_PRESENT;
	fs->incompat &= ~EXT_INCOMPAT_RECOVER;
	fs->ro_compat &= ~EXT_RO_ORPHAN_PRESENT;
	ret = ext_features_check(fs);
	if (!ret)
		ret = ext_super_check(fs);
	if (!ret)
		*reason = pending(fs, recover, orphans);
	return ret;
}

int ext_probe_pending(struct dev *dev, const char **reason)
{
	struct ext_fs *fs = calloc(1, sizeof(*fs));
	char refusal[256];
	int ret;

	*reason = NULL;
	if (!fs)
		return msg_nomem("ext");
	fs->dev = dev;
	msg_capture(refusal, sizeof(refusal));
	ret = probe(fs, reason);
	msg_capture(NULL, 0);
	if (ret == ERR_IO)
		msg_err("%s", refusal);
	free(fs);
	return ret == ERR_IO ? ret : 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells from the two superblocks whether a switch was interrupted, and where its record stands. */
#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs_mark.h"
#include "convert/journal.h"

int journal_probe(struct dev *dev, struct journal_state *state)
{
	u8 ext[EXT_MARK_SIZE], btrfs[BTRFS_SUPER_SIZE];
	enum ext_mark mark;
	int ret;

	*state = (struct journal_state){ 0 };
	if (dev->size < BTRFS_SUPER_PRIMARY + BTRFS_SUPER_SIZE)
		return 0;
	ret = dev_read(dev, EXT_MARK_HOME, ext, sizeof(ext));
	if (!ret)
		ret = dev_read(dev, BTRFS_SUPER_PRIMARY, btrfs, sizeof(btrfs));
	if (ret)
		return ret;
	state->btrfs_marked = btrfs_mark_find(btrfs, BTRFS_SUPER_PRIMARY, &state->address);
	state->has_btrfs = !state->btrfs_marked && btrfs_mark_is_super(btrfs, BTRFS_SUPER_PRIMARY);
	mark = ext_mark_find(ext, &state->address);
	state->ext_marked = mark == EXT_MARK_ARMED;
	state->ext_stale = mark == EXT_MARK_STALE;
	state->has_ext = mark == EXT_MARK_NONE && ext_mark_is_super(ext);
	state->lost = mark == EXT_MARK_LOST && !state->btrfs_marked;
	state->armed = state->ext_marked || state->btrfs_marked || state->ext_stale || state->lost;
	return 0;
}

int journal_refuse_armed(struct dev *dev, const char *name)
{
	struct journal_state state;
	int ret = journal_probe(dev, &state);

	if (ret || !state.armed)
		return ret;
	msg_err("%s: a conversion or roll back was interrupted while it switched the superblocks: run fsconvert --resume %s; nothing may mount the device before",
		name, name);
	return ERR_ARMED;
}

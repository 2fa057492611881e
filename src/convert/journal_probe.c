/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells from the two superblocks whether a switch was interrupted, and where its record stands. */
#include <stdlib.h>

#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs_mark.h"
#include "convert/journal.h"

/* Both superblocks lie in here. A read of this size goes around the page cache, which may remember what never
 * reached the device. */
#define PROBE_SIZE (128 * KIB)

/* The switch never leaves B' beside an ext superblock without our bit. Where both are found, the block at 64 KiB
 * belongs to a file, and whoever wrote that must not have us follow it to a record of his own. */
static void judge_supers(const u8 *head, struct journal_state *state)
{
	const u8 *ext = head + EXT_MARK_HOME, *btrfs = head + BTRFS_SUPER_PRIMARY;
	u64 from_ext = 0, from_btrfs = 0;
	enum ext_mark mark = ext_mark_find(ext, &from_ext);

	state->ext_marked = mark == EXT_MARK_ARMED;
	state->ext_stale = mark == EXT_MARK_STALE;
	state->has_ext = mark == EXT_MARK_NONE && ext_mark_is_super(ext);
	state->btrfs_marked = !state->has_ext && !state->ext_stale &&
			      btrfs_mark_find(btrfs, BTRFS_SUPER_PRIMARY, &from_btrfs);
	state->has_btrfs = !btrfs_mark_find(btrfs, BTRFS_SUPER_PRIMARY, &from_btrfs) &&
			   btrfs_mark_is_super(btrfs, BTRFS_SUPER_PRIMARY);
	state->lost = mark == EXT_MARK_LOST && !state->btrfs_marked;
	state->armed = state->ext_marked || state->btrfs_marked || state->ext_stale || state->lost;
	state->address = state->ext_marked || state->ext_stale ? from_ext : from_btrfs;
}

int journal_probe(struct dev *dev, struct journal_state *state)
{
	void *head = NULL;
	int ret;

	*state = (struct journal_state){ 0 };
	if (dev->size < PROBE_SIZE)
		return 0;
	if (posix_memalign(&head, SECTOR, PROBE_SIZE))
		return msg_nomem("journal");
	ret = dev_read(dev, 0, head, PROBE_SIZE);
	if (!ret)
		judge_supers(head, state);
	free(head);
	return ret;
}

int journal_refuse_armed(struct dev *dev, const char *name)
{
	struct journal_state state;
	int ret = journal_probe(dev, &state);

	if (ret || !state.armed)
		return ret;
	msg_err("%s: a conversion or roll back was interrupted while it switched the superblocks: run fsconvert "
		"--resume %s; nothing may mount the device before",
		name, name);
	return ERR_ARMED;
}

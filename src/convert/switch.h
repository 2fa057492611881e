/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The switch between the two file systems of a device, in either direction, by a journal record. docs/COMMIT.md has the
 * protocol with its proof. Only switch.c opens the homes of superblocks in the write fence.
 */
#ifndef CONVERT_SWITCH_H
#define CONVERT_SWITCH_H

#include "convert/journal.h"

/* Writes the record and arms: from now on nothing mounts the device until one of the functions below has finished. The
 * device holds ext (target JOURNAL_TO_BTRFS) or btrfs (JOURNAL_TO_EXT), whole and unmarked. *armed is set once a write
 * to a superblock was tried, also when it failed. */
int switch_arm(struct dev *fence, const struct journal *journal, bool *armed) __must_check;

/* Writes the marks that stand once more: what a read has shown may stand in the page cache only, when a flush
 * failed. */
int switch_rearm(struct dev *fence, const struct journal *journal) __must_check;

/* Completes the switch of an armed device in either direction; may be called again after any interruption. 0 when the
 * device is what it shall be, also when the record cannot be cleared then (a warning). */
int switch_to_btrfs(struct dev *fence, const struct journal *journal) __must_check;
int switch_to_ext(struct dev *fence, const struct journal *journal) __must_check;

/* Proves that all sources of the pieces are whole: what switch_to_ext needs. Writes nothing. */
int switch_check_sources(struct dev *dev, const struct journal *journal) __must_check;

/* Removes a torn mark from an ext superblock that is otherwise whole. */
int switch_wipe_stale(struct dev *fence) __must_check;

#endif

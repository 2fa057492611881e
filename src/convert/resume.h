/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finishes an interrupted switch, in either direction. */
#ifndef CONVERT_RESUME_H
#define CONVERT_RESUME_H

#include "convert/job.h"
#include "convert/journal.h"

/* Whether an armed device can be brought there: to btrfs when its trees can be read, to ext when every copy of what
 * the btrfs has overwritten is whole. Says why not by a message; writes nothing. */
bool resume_can_reach(struct dev *dev, const struct journal *journal, enum journal_target target);

/*
 * Brings an armed device (job->dev, a fence) into one of its two whole states: where the interrupted run was going,
 * or, with config.undo, where it came from. A device that is not armed is left as it is: 0. When the wanted state
 * cannot be reached because a copy is damaged: ERR_ARMED, with what to do. job->resume_stats says what was done.
 */
int resume_run(struct job *job) __must_check;

#endif

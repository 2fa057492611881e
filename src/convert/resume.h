/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finishes an interrupted switch. */
#ifndef CONVERT_RESUME_H
#define CONVERT_RESUME_H

#include "convert/job.h"

/*
 * Brings an armed device (job->dev, a fence) into one of its two whole states: where the interrupted run was going, or, with
 * config.undo, where it came from. A device that is not armed is left as it is: 0. When the wanted state cannot be reached
 * because a copy is damaged: ERR_ARMED, with what to do.
 */
int resume_run(struct job *job) __must_check;

#endif

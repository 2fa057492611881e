/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Says what a device holds. */
#ifndef CONVERT_STATUS_H
#define CONVERT_STATUS_H

#include "convert/job.h"

/*
 * Fills job->state and, for a btrfs, job->rollback_stats; writes nothing. 0; ERR_ARMED when a switch was interrupted;
 * ERR_REFUSED when the device holds neither ext nor btrfs. Both are answers and come without a message.
 */
int status_run(struct job *job) __must_check;

#endif

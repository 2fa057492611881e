/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long the rest of a conversion will take. */
#ifndef CONVERT_ESTIMATE_H
#define CONVERT_ESTIMATE_H

#include "convert/job.h"

/* Fills job->estimate, after the plan and from what it and the scan have found out. Reads some samples of the used
 * blocks, 16 MiB at most, and stops after half a second. */
int estimate_run(struct job *job) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The switch from the old file system to the new one. */
#ifndef CONVERT_COMMIT_H
#define CONVERT_COMMIT_H

#include "convert/job.h"

/* Makes the verified btrfs the file system of the device. Failure before the first write leaves ext whole;
 * afterwards the return value is ERR_ARMED, and the message says what to do. */
int commit_run(struct job *job) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds interrupted devices. */
#ifndef CLI_SCAN_H
#define CLI_SCAN_H

#include <stdio.h>

#include "base/types.h"

/* Prints the path of each disk or partition in the list (the format is that of /proc/partitions) on which a switch was
 * interrupted. What cannot be read is passed over in silence. */
int cli_scan(FILE *partitions, FILE *out) __must_check;

#endif

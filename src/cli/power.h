/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the machine runs on battery. */
#ifndef CLI_POWER_H
#define CLI_POWER_H

#include "base/types.h"

#define POWER_SUPPLIES "/sys/class/power_supply"

/*
 * Looks at the supplies in dir, which is laid out as POWER_SUPPLIES: 0 on mains or where nothing is known of supplies
 * (desktops, servers), ERR_REFUSED with a message on battery.
 */
int power_require_ac(const char *dir) __must_check;

#endif

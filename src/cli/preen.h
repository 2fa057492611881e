/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Has e2fsck bring a source in order that is not clean, before it is converted. */
#ifndef CLI_PREEN_H
#define CLI_PREEN_H

#include "convert/config.h"

struct preen {
	const char *e2fsck;       /* the program, borrowed; NULL: the one in PATH */
	const volatile int *stop; /* as in struct job */
	bool ran;                 /* the device may have been changed */
};

/*
 * Nothing to do for a source that is clean, or that cannot be converted for other reasons. Otherwise e2fsck -p runs on
 * it, which must leave it clean; a run that writes nothing but free blocks (CONFIG_CHECK, CONFIG_REHEARSE) refuses
 * instead. Before, the device is opened as for a conversion: ERR_REFUSED when anything else uses it, ERR_ARMED when a
 * switch was interrupted.
 */
int preen_run(struct preen *preen, const struct config *config) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Under which conditions a conversion is begun: what the configuration asks for beside the conversion itself. on_error
 * is for the boot scripts, which read it through --print-config; everything else is obeyed here and in the convert
 * layer.
 */
#ifndef CLI_POLICY_H
#define CLI_POLICY_H

#include "base/types.h"

enum policy_fsck {
	POLICY_FSCK_REQUIRE_CLEAN, /* refuse a source that is not clean; the default */
	POLICY_FSCK_PREEN,         /* have e2fsck -p replay its journal first */
};

enum policy_on_error { POLICY_CONTINUE, POLICY_SHELL, POLICY_REBOOT, POLICY_POWEROFF };

struct policy {
	enum policy_fsck fsck;
	enum policy_on_error on_error;
	bool require_ac;    /* refuse while the machine runs on battery */
	const char *e2fsck; /* the program, borrowed; NULL: the one in PATH */
};

struct options;

/*
 * Asks for external power, and brings a source in order that is not clean. Only for conversions, and for what tells
 * whether one would work. 0, or the error, reported; *changed: e2fsck ran, so that the source may not be as it was.
 * stop is as in struct job.
 */
int policy_enforce(const struct options *options, const volatile int *stop, bool *changed) __must_check;

#endif

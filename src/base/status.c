/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of the status values and the exit status that each of them becomes. */
#include "base/status.h"

int status_exit(int status)
{
	switch (status) {
	case 0:
		return EXIT_DONE;
	case ERR_USAGE:
		return EXIT_USAGE;
	case ERR_REFUSED:
	case ERR_CORRUPT:
	case ERR_NOROOM:
		return EXIT_REFUSED;
	case ERR_ARMED:
		return EXIT_ARMED;
	default:
		return EXIT_FAILED;
	}
}

const char *status_str(int status)
{
	switch (status) {
	case 0:
		return "done";
	case ERR_IO:
		return "input/output error";
	case ERR_NOMEM:
		return "out of memory";
	case ERR_NOSPC:
		return "out of scratch space";
	case ERR_USAGE:
		return "usage error";
	case ERR_REFUSED:
		return "refused";
	case ERR_CORRUPT:
		return "source is damaged";
	case ERR_NOROOM:
		return "not enough room";
	case ERR_ARMED:
		return "interrupted switch";
	case ERR_BUG:
		return "internal error";
	case ERR_STOPPED:
		return "stopped";
	default:
		return "unknown error";
	}
}

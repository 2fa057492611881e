/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What functions return and what the program's exit status says of the disk.
 *
 * Functions return 0 or one of these negative values. The message is printed (msg_err) once, where the fault is
 * detected and object, offset and device are known; callers only pass the value up. "Does not fit" is a positive
 * return, never an error.
 */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

enum status {
	ERR_IO = -5,         /* the device failed a read, write or flush */
	ERR_NOMEM = -12,     /* no memory */
	ERR_NOSPC = -28,     /* scratch space ran out */
	ERR_USAGE = -1000,   /* command line or configuration; the device was not opened */
	ERR_REFUSED = -1001, /* source, device or policy forbids the conversion; reason was printed */
	ERR_CORRUPT = -1002, /* the source is inconsistent or damaged; reason was printed */
	ERR_NOROOM = -1003,  /* the result does not fit; figures were printed */
	ERR_ARMED = -1004,   /* a switch began earlier and was interrupted: --resume finishes it */
	ERR_BUG = -1005,     /* our own invariant is broken: verify failed, fence hit, reservation wrong */
	ERR_STOPPED = -1006, /* a signal asked us to stop before the switch */
};

/* design: 0 done, 1 failed with the source untouched, 2 usage, 3 refused, 4 interrupted after the switch began */
enum exit_status { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_REFUSED = 3, EXIT_ARMED = 4 };

/* The exit status for a return value of this enum (0 gives EXIT_DONE, unknown values EXIT_FAILED). */
int status_exit(int status);

/* A short English name of a status ("input/output error", "refused", ...), never NULL. */
const char *status_str(int status);

#endif

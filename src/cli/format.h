/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rates, times, names and the picture of the device as text for people. Each function fills a caller's buffer and
 * returns it; text that does not fit is cut. Sizes are base/size.h.
 */
#ifndef CLI_FORMAT_H
#define CLI_FORMAT_H

#include "base/types.h"
#include "btrfs/btrfs_item.h"

#define FORMAT_SHORT 32u      /* enough for every number here */
#define FORMAT_NAME 1032u     /* a quoted name of 255 bytes */
#define FORMAT_CELLS 64u      /* of the picture */

/* "480.0 MiB/s"; "-" when no time has passed. */
const char *format_rate(char *buf, size_t size, double bytes_per_second);
/* "0:07", "12:34", "1:02:03"; "?" when it is unknown (negative) or beyond 100 hours. */
const char *format_clock(char *buf, size_t size, double seconds);
/* "0.04 s", "34.2 s", "12 min 3 s", "2 h 5 min". */
const char *format_seconds(char *buf, size_t size, double seconds);
/* "1,234,567" */
const char *format_count(char *buf, size_t size, u64 count);

/* The text with control characters and bytes that are no UTF-8 as \xNN, so that a name from a disk cannot steer the
 * terminal. */
const char *format_printable(char *buf, size_t size, const char *text);

/* Bytes at text that may go to a terminal as they are: one whole character. 0: the first byte must be escaped, or the
 * text ends here. */
size_t format_printable_len(const char *text);

/*
 * One character for each of FORMAT_CELLS equal slices of [0, total): D, M or S when data, metadata or system chunks
 * cover half of it or more, small when less, + when there are several kinds, . when no chunk is there.
 */
const char *format_picture(char buf[FORMAT_CELLS + 1], u64 total, const struct btrfs_chunk *chunks, size_t nr);

/* Bytes of the well-formed UTF-8 sequence at text (shortest form, no surrogates, at most U+10FFFF); 0 when there is
 * none. */
size_t format_utf8_len(const char *text);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parsing and printing of byte counts, with all digits and bits checked. */
#include "base/size.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/arith.h"
#include "base/status.h"

/* The factor of a suffix, 0 when there is no such suffix. */
static u64 size_unit(char c)
{
	switch (c) {
	case '\0':
		return 1;
	case 'K':
	case 'k':
		return KIB;
	case 'M':
	case 'm':
		return MIB;
	case 'G':
	case 'g':
		return GIB;
	case 'T':
	case 't':
		return TIB;
	default:
		return 0;
	}
}

int size_parse(const char *text, u64 *size)
{
	const char *p = text;
	u64 v = 0, unit;

	for (; *p >= '0' && *p <= '9'; p++)
		if (mul_overflows(v, 10, &v) || add_overflows(v, (u64)(*p - '0'), &v))
			return ERR_USAGE;
	unit = size_unit(*p);
	if (p == text || !unit || (*p && p[1]) || mul_overflows(v, unit, &v))
		return ERR_USAGE;
	*size = v;
	return 0;
}

char *size_format(u64 bytes, char text[SIZE_TEXT_SIZE])
{
	static const char unit[] = "KMGTPE";
	u64 whole = bytes, tenths = 0;
	int shift = 0;

	if (bytes < KIB) {
		snprintf(text, SIZE_TEXT_SIZE, "%u B", (unsigned int)bytes);
		return text;
	}
	/* Rounded to tenths; what rounds up to 1024.0 is written as 1.0 of the next unit. */
	while (whole >= 1024) {
		u64 one = (u64)1 << (shift += 10);
		u64 rest = bytes % one;

		whole = bytes / one;
		tenths = (rest / (one / 1024) * 10 + 512) / 1024;
		if (tenths == 10) {
			tenths = 0;
			whole++;
		}
	}
	snprintf(text, SIZE_TEXT_SIZE, "%" PRIu64 ".%u %ciB", whole, (unsigned int)tenths, unit[shift / 10 - 1]);
	return text;
}

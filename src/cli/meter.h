/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far a phase is, at which rate, and how long it will still take. The caller brings the clock: pure arithmetic. */
#ifndef CLI_METER_H
#define CLI_METER_H

#include "base/types.h"

struct meter {
	char phase[32];
	u64 total;         /* bytes; 0: unknown */
	u64 done;
	double begun;      /* seconds on the caller's clock */
	double rate;       /* bytes per second, smoothed over about five seconds; 0: unknown */
	double sampled;    /* when the rate was looked at last */
	u64 sampled_done;
	double drawn;      /* when the caller drew last; the caller's own */
};

void meter_begin(struct meter *meter, const char *phase, u64 total, double now);

/* Progress never goes back and never beyond the total. */
void meter_update(struct meter *meter, u64 done);

/* Looks at the rate; to be called before each drawing. */
void meter_sample(struct meter *meter, double now);

/* 0 ... 100; 0 while the total is unknown. */
unsigned int meter_percent(const struct meter *meter);

/* Seconds left at the present rate, negative when unknown. */
double meter_left(const struct meter *meter);

/* Bytes per second since the phase began; 0 when no time has passed. */
double meter_mean(const struct meter *meter, double now);

/* The line that is redrawn: at most width characters (and size - 1). */
void meter_bar(const struct meter *meter, char *buf, size_t size, unsigned int width);

/* The same as a plain line, and the line that closes the phase. */
void meter_line(const struct meter *meter, char *buf, size_t size);
void meter_closing_line(const struct meter *meter, double now, char *buf, size_t size);

#endif

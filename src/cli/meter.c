/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rate, time left, and the lines that show them. */
#include <stdio.h>
#include <string.h>

#include "base/arith.h"
#include "base/size.h"
#include "cli/format.h"
#include "cli/meter.h"

/* A sample covers this much at least, or the rate would jump; and the smoothing looks back about this far. Seconds. */
#define SAMPLE_LEAST 0.05
#define SMOOTH_OVER 5.0

#define BAR_CELLS 14u

void meter_begin(struct meter *meter, const char *phase, u64 total, double now)
{
	memset(meter, 0, sizeof(*meter));
	snprintf(meter->phase, sizeof(meter->phase), "%s", phase);
	meter->total = total;
	meter->begun = now;
	meter->sampled = now;
	meter->drawn = now;
}

void meter_update(struct meter *meter, u64 done)
{
	if (meter->total)
		done = min_u64(done, meter->total);
	meter->done = max_u64(meter->done, done);
}

void meter_sample(struct meter *meter, double now)
{
	double passed = now - meter->sampled;
	double rate, weight;

	if (passed < SAMPLE_LEAST)
		return;
	rate = (double)(meter->done - meter->sampled_done) / passed;
	/* Early on the mean since the beginning is the better guess. */
	if (meter->sampled - meter->begun < SMOOTH_OVER) {
		meter->rate = meter_mean(meter, now);
	} else {
		weight = passed / (passed + SMOOTH_OVER);
		meter->rate += (rate - meter->rate) * weight;
	}
	meter->sampled = now;
	meter->sampled_done = meter->done;
}

unsigned int meter_percent(const struct meter *meter)
{
	if (!meter->total)
		return 0;
	return (unsigned int)((double)meter->done / (double)meter->total * 100);
}

double meter_left(const struct meter *meter)
{
	if (!meter->total || meter->rate <= 0)
		return -1;
	return (double)(meter->total - meter->done) / meter->rate;
}

double meter_mean(const struct meter *meter, double now)
{
	double passed = now - meter->begun;

	return passed > 0 ? (double)meter->done / passed : 0;
}

/* " 52%  1.20 GiB of 2.30 GiB  480 MiB/s  0:02 left" */
static void meter_figures(const struct meter *meter, const char *gap, char *buf, size_t size)
{
	char done[SIZE_TEXT_SIZE], total[SIZE_TEXT_SIZE], rate[FORMAT_SHORT], left[FORMAT_SHORT];

	size_format(meter->done, done);
	format_rate(rate, sizeof(rate), meter->rate);
	if (!meter->total) {
		snprintf(buf, size, "%s%s%s", done, gap, rate);
		return;
	}
	size_format(meter->total, total);
	format_clock(left, sizeof(left), meter_left(meter));
	snprintf(buf, size, "%3u%%%s%s of %s%s%s%s%s left", meter_percent(meter), gap, done, total, gap, rate, gap,
		 left);
}

void meter_bar(const struct meter *meter, char *buf, size_t size, unsigned int width)
{
	char figures[5 * FORMAT_SHORT], bar[BAR_CELLS + 1];
	size_t used;

	meter_figures(meter, "  ", figures, sizeof(figures));
	used = strlen(figures) + BAR_CELLS + 8 + 3; /* phase, and "[] " around the bar */
	if (meter->total && used <= width) {
		memset(bar, '.', BAR_CELLS);
		bar[BAR_CELLS] = '\0';
		memset(bar, '#', meter_percent(meter) * BAR_CELLS / 100);
		snprintf(buf, size, "%-7.7s [%s] %s", meter->phase, bar, figures);
	} else {
		snprintf(buf, size, "%-7.7s %s", meter->phase, figures);
	}
	if (width < size)
		buf[width] = '\0';
}

void meter_line(const struct meter *meter, char *buf, size_t size)
{
	char figures[5 * FORMAT_SHORT];

	meter_figures(meter, ", ", figures, sizeof(figures));
	snprintf(buf, size, "%-7s %s", meter->phase, figures);
}

void meter_closing_line(const struct meter *meter, double now, char *buf, size_t size)
{
	char done[SIZE_TEXT_SIZE], rate[FORMAT_SHORT], time[FORMAT_SHORT];

	format_seconds(time, sizeof(time), now - meter->begun);
	if (!meter->done) {
		snprintf(buf, size, "%-7s %s", meter->phase, time);
		return;
	}
	size_format(meter->done, done);
	format_rate(rate, sizeof(rate), meter_mean(meter, now));
	snprintf(buf, size, "%-7s %s in %s, %s", meter->phase, done, time, rate);
}

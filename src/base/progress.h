/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How phases report what they have done; drawn only by cli/report. */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include "base/types.h"

struct progress {
	/* A phase begins; total is its whole work in bytes (0: unknown). */
	void (*begin)(void *ctx, const char *phase, u64 total);
	/* done bytes of the phase are finished; cheap, may be called often. */
	void (*update)(void *ctx, u64 done);
	void (*end)(void *ctx);
	void *ctx;
};

/* NULL-safe wrappers: p may be NULL, and so may each callback. */
static inline void progress_begin(const struct progress *p, const char *phase, u64 total)
{
	if (p && p->begin)
		p->begin(p->ctx, phase, total);
}

static inline void progress_update(const struct progress *p, u64 done)
{
	if (p && p->update)
		p->update(p->ctx, done);
}

static inline void progress_end(const struct progress *p)
{
	if (p && p->end)
		p->end(p->ctx);
}

#endif

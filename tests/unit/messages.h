/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gathers messages, so that a test can look at what the user would have been told. */
#ifndef TESTS_UNIT_MESSAGES_H
#define TESTS_UNIT_MESSAGES_H

#include <stdio.h>
#include <string.h>

#include "base/msg.h"

struct messages {
	char text[8192];
	unsigned int nr[MSG_DEBUG + 1];
};

static inline void messages_sink(void *ctx, enum msg_level level, const char *text)
{
	struct messages *m = ctx;
	size_t used = strlen(m->text);

	m->nr[level]++;
	snprintf(m->text + used, sizeof(m->text) - used, "%s\n", text);
}

/* From now on messages go to m, which is emptied. */
static inline void messages_gather(struct messages *m)
{
	memset(m, 0, sizeof(*m));
	msg_set_sink(messages_sink, m);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UUIDs by libuuid, which also knows where good random bytes come from early at boot. */
#include "base/uuid.h"

#include <string.h>
#include <uuid/uuid.h>

#include "base/status.h"

static_assert(sizeof(uuid_t) == 16, "libuuid keeps a UUID in 16 bytes");

int uuid_parse_bytes(const char *text, u8 uuid[16])
{
	uuid_t parsed;

	if (uuid_parse(text, parsed))
		return ERR_USAGE;
	memcpy(uuid, parsed, sizeof(parsed));
	return 0;
}

char *uuid_format(const u8 uuid[16], char text[UUID_TEXT_SIZE])
{
	uuid_unparse_lower(uuid, text);
	return text;
}

void uuid_make_random(u8 uuid[16])
{
	uuid_generate_random(uuid);
}

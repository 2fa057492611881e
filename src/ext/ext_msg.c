/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one form of all refusals: device, object, reason, remedy, and that nothing was written. */
#include <stdarg.h>
#include <stdio.h>

#include "ext/ext_private.h"

#define TEXT_MAX 512

static int report_corrupt(const struct ext_fs *fs, const char *object, const char *text)
{
	msg_err("%s: %s%s: the file system is inconsistent; run e2fsck -f %s. Nothing was written.",
		fs->dev->name, object, text, fs->dev->name);
	return ERR_CORRUPT;
}

int ext_corrupt(const struct ext_fs *fs, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return report_corrupt(fs, "", text);
}

int ext_corrupt_inode(const struct ext_fs *fs, u32 ino, const char *fmt, ...)
{
	char object[32];
	char text[TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	snprintf(object, sizeof(object), "inode %u: ", ino);
	return report_corrupt(fs, object, text);
}

/* Writes the remedy with the device's name in place of each %s. */
static void expand_remedy(char *out, size_t size, const char *remedy, const char *name)
{
	size_t used = 0;

	while (used < size) {
		const char *at = strstr(remedy, "%s");

		if (!at) {
			snprintf(out + used, size - used, "%s", remedy);
			return;
		}
		used += snprintf(out + used, size - used, "%.*s%s", (int)(at - remedy), remedy, name);
		remedy = at + 2;
	}
}

int ext_refuse(const struct ext_fs *fs, const char *remedy, const char *fmt, ...)
{
	char text[TEXT_MAX], what_to_do[TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	expand_remedy(what_to_do, sizeof(what_to_do), remedy, fs->dev->name);
	msg_err("%s: %s; %s. Nothing was written.", fs->dev->name, text, what_to_do);
	return ERR_REFUSED;
}

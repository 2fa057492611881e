/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel arguments that name ext as the type of the root, or options that only ext takes. The machine would not boot
 * with them from a btrfs. They are looked for where boot loaders and the programs that configure them have them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/msg.h"
#include "convert/machine_private.h"

#define MAX_NAMES 64u /* files of one directory that are looked at */

static bool ends_argument(char c)
{
	return c == ' ' || c == '\t' || c == '"' || c == '\'' || c == '\r';
}

static bool is_wrong_type(const struct fstab_field *value)
{
	if (fstab_list_has(value, "btrfs"))
		return false;
	return fstab_list_has(value, "ext4") || fstab_list_has(value, "ext3") || fstab_list_has(value, "ext2");
}

static bool has_wrong_option(const struct fstab_field *value)
{
	for (size_t i = 0, end; i < value->len; i = end + 1) {
		for (end = i; end < value->len && value->text[end] != ','; end++)
			;
		if (fstab_option_rejected(value->text + i, end - i))
			return true;
	}
	return false;
}

/* Is the argument [text, text + len) one of those? */
static bool is_wrong_argument(const char *text, size_t len)
{
	static const char type[] = "rootfstype=", flags[] = "rootflags=";
	struct fstab_field value;

	if (len > strlen(type) && memcmp(text, type, strlen(type)) == 0) {
		value = (struct fstab_field){ text + strlen(type), len - strlen(type) };
		return is_wrong_type(&value);
	}
	if (len > strlen(flags) && memcmp(text, flags, strlen(flags)) == 0) {
		value = (struct fstab_field){ text + strlen(flags), len - strlen(flags) };
		return has_wrong_option(&value);
	}
	return false;
}

/* The first such argument of a line; 0: none. */
static size_t find_argument(const struct fstab_line *line, const char **argument)
{
	const char *p = line->text, *end = line->text + line->len;

	while (line->nr_fields && p < end) {
		const char *begin = p;

		while (p < end && !ends_argument(*p))
			p++;
		if (is_wrong_argument(begin, (size_t)(p - begin))) {
			*argument = begin;
			return (size_t)(p - begin);
		}
		p += p < end;
	}
	return 0;
}

/* Warns of the first such argument of a file. */
static int look_at_file(struct machine_look *look, const char *path)
{
	const char *pos, *end, *argument;
	struct fstab_line line;
	char *text;
	u32 len;
	int ret = machine_read_path(look, path, MACHINE_FILE_MAX, &text, &len);

	if (ret || !text)
		return ret;
	pos = text;
	end = text + len;
	for (u32 nr = 1; fstab_next(&pos, end, &line); nr++) {
		size_t size = find_argument(&line, &argument);

		if (!size)
			continue;
		machine_object(look, false, "%s, line %u: the kernel argument \"%.*s\" is for ext only, and with it "
			       "the machine would not boot from a btrfs: take it away", path, nr,
			       (int)(size < 200 ? size : 200), argument);
		break;
	}
	free(text);
	return 0;
}

struct name_list {
	const char *suffix;
	char (*names)[256];
	u32 nr;
};

static int note_name(void *ctx, const struct ext_dirent *entry)
{
	struct name_list *list = ctx;
	size_t suffix = strlen(list->suffix);

	if (list->nr == MAX_NAMES)
		return 1;
	if (entry->name_len < suffix || memcmp(entry->name + entry->name_len - suffix, list->suffix, suffix) != 0)
		return 0;
	memcpy(list->names[list->nr], entry->name, entry->name_len);
	list->names[list->nr++][entry->name_len] = '\0';
	return 0;
}

static int look_at_names(struct machine_look *look, const char *dir, const struct name_list *list)
{
	char path[MACHINE_PATH_MAX];
	int ret = 0;

	for (u32 i = 0; !ret && i < list->nr; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, list->names[i]);
		ret = look_at_file(look, path);
	}
	return ret;
}

/* All files of a directory whose names end in suffix. */
static int look_at_dir(struct machine_look *look, const char *dir, const char *suffix)
{
	struct name_list list = { .suffix = suffix };
	struct machine_file file;
	u32 dotdot;
	int ret = machine_find(look, dir, &file);

	if (ret <= 0 || !S_ISDIR(file.inode.mode))
		return ret < 0 ? ret : 0;
	list.names = calloc(MAX_NAMES, sizeof(*list.names));
	if (!list.names)
		return msg_nomem("boot loader");
	ret = ext_dir_iterate(look->job->ext, &file.inode, &dotdot, note_name, &list);
	if (ret >= 0)
		ret = look_at_names(look, dir, &list);
	free(list.names);
	return ret;
}

int machine_options(struct machine_look *look, const char *boot)
{
	static const char *const files[] = { "/etc/default/grub", "/etc/kernel/cmdline", "/boot/firmware/cmdline.txt" };
	static const char *const boot_files[] = { "grub/grub.cfg", "grub2/grub.cfg", "extlinux/extlinux.conf",
						  "syslinux/syslinux.cfg", "cmdline.txt" };
	char path[256];
	int ret = 0;

	for (size_t i = 0; !ret && i < ARRAY_SIZE(files); i++)
		ret = look_at_file(look, files[i]);
	for (size_t i = 0; !ret && i < ARRAY_SIZE(boot_files); i++) {
		snprintf(path, sizeof(path), "%s/%s", boot, boot_files[i]);
		ret = look_at_file(look, path);
	}
	snprintf(path, sizeof(path), "%s/loader/entries", boot);
	if (!ret)
		ret = look_at_dir(look, path, ".conf");
	if (!ret)
		ret = look_at_dir(look, "/etc/default/grub.d", ".cfg");
	return ret ? ret : look_at_dir(look, "/etc/cmdline.d", ".conf");
}

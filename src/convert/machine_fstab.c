/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading an fstab as libmount does: fields between blanks and tabs, octal escapes, comments from a # that begins a
 * line, lists with quoted commas, tags with quotes around their values.
 */
#include "convert/machine_fstab.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/uuid.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool fstab_next(const char **pos, const char *end, struct fstab_line *line)
{
	const char *p = *pos, *eol;

	if (p == end)
		return false;
	eol = memchr(p, '\n', (size_t)(end - p));
	*line = (struct fstab_line){ .text = p, .whole = (size_t)((eol ? eol + 1 : end) - p) };
	line->len = line->whole - (eol != NULL);
	if (eol && line->len && p[line->len - 1] == '\r')
		line->len--;
	*pos = p + line->whole;

	for (end = p + line->len; line->nr_fields < FSTAB_NR_FIELDS; line->nr_fields++) {
		struct fstab_field *field = &line->field[line->nr_fields];

		while (p < end && is_blank(*p))
			p++;
		if (p == end || (*p == '#' && !line->nr_fields))
			break;
		field->text = p;
		while (p < end && !is_blank(*p))
			p++;
		field->len = (size_t)(p - field->text);
	}
	return true;
}

static bool is_octal(const char *p)
{
	return p[0] >= '0' && p[0] <= '3' && p[1] >= '0' && p[1] <= '7' && p[2] >= '0' && p[2] <= '7';
}

bool fstab_decode(const struct fstab_field *field, char *out, size_t size)
{
	size_t nr = 0;

	for (size_t i = 0; i < field->len; i++) {
		char c = field->text[i];

		if (c == '\\' && field->len - i > 3 && is_octal(&field->text[i + 1])) {
			c = (char)((field->text[i + 1] - '0') << 6 | (field->text[i + 2] - '0') << 3 |
				   (field->text[i + 3] - '0'));
			i += 3;
		}
		if (!c || nr + 1 >= size)
			return false;
		out[nr++] = c;
	}
	out[nr] = '\0';
	return true;
}

bool fstab_list_has(const struct fstab_field *field, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0, end; i < field->len; i = end + 1) {
		for (end = i; end < field->len && field->text[end] != ','; end++)
			;
		if (end - i == len && memcmp(field->text + i, name, len) == 0)
			return true;
	}
	return false;
}

/* Options that some ext driver takes, or took, and btrfs does not, as the kernel (6.18) answers to mount and to
 * remount. What neither knows is no business of ours. */
static const char *const rejected[] = {
	"abort", "auto_da_alloc", "bh", "block_validity", "bsddf", "bsdgroups", "check", "data", "data_err", "dax",
	"debug", "debug_want_extra_isize", "delalloc", "dioread_lock", "dioread_nolock", "errors", "extents", "grpid",
	"grpjquota", "grpquota", "i_version", "init_itable", "inlinecrypt", "inode_readahead_blks", "journal",
	"journal_async_commit", "journal_checksum", "journal_dev", "journal_ioprio", "journal_path", "jqfmt",
	"max_batch_time", "max_dir_size_kb", "mb_optimize_scan", "mballoc", "mbcache", "mblk_io_submit",
	"min_batch_time", "minixdf", "no_mbcache", "no_prefetch_block_bitmaps", "noauto_da_alloc", "nobh",
	"noblock_validity", "nocheck", "nodelalloc", "nodioread_nolock", "noextents", "nogrpid", "noinit_itable",
	"nojournal_async_commit", "nojournal_checksum", "noload", "nomballoc", "nombcache", "nomblk_io_submit",
	"noquota", "norecovery", "noreservation", "nouid32", "nouser_xattr", "nowarn_on_error", "oldalloc", "orlov",
	"prefetch_block_bitmaps", "prjquota", "quota", "reservation", "resgid", "resuid", "sb", "stripe", "sysvgroups",
	"test_dummy_encryption", "user_xattr", "usrjquota", "usrquota", "warn_on_error", "xip",
};

bool fstab_option_rejected(const char *option, size_t len)
{
	const char *value = memchr(option, '=', len);
	size_t key = value ? (size_t)(value - option) : len;

	for (size_t i = 0; i < ARRAY_SIZE(rejected); i++)
		if (strlen(rejected[i]) == key && memcmp(option, rejected[i], key) == 0)
			return true;
	/* without a value both take it */
	return value && key == 7 && memcmp(option, "barrier", 7) == 0;
}

/* Takes quotes away from around a value. */
static char *unquote(char *value)
{
	size_t len = strlen(value);

	if (len >= 2 && (value[0] == '"' || value[0] == '\'') && value[len - 1] == value[0]) {
		value[len - 1] = '\0';
		return value + 1;
	}
	return value;
}

/* udev writes odd characters of a label as \xNN in the names of its links. */
static void unescape_udev(char *text)
{
	char *out = text;

	while (*text) {
		char digits[3] = { 0 };

		if (text[0] == '\\' && text[1] == 'x' && text[2] && text[3]) {
			memcpy(digits, text + 2, 2);
			*out++ = (char)strtoul(digits, NULL, 16);
			text += 4;
		} else {
			*out++ = *text++;
		}
	}
	*out = '\0';
}

enum fstab_device fstab_device(const struct fstab_field *field, const struct fstab_identity *id)
{
	static const char by_uuid[] = "/dev/disk/by-uuid/", by_label[] = "/dev/disk/by-label/";
	char text[1024], uuid[UUID_TEXT_SIZE];

	if (!fstab_decode(field, text, sizeof(text)))
		return FSTAB_DEVICE_PATH;
	uuid_format(id->uuid, uuid);
	if (strncmp(text, "UUID=", 5) == 0)
		return strcasecmp(unquote(text + 5), uuid) ? FSTAB_DEVICE_OTHER : FSTAB_DEVICE_UUID;
	if (strncmp(text, by_uuid, strlen(by_uuid)) == 0)
		return strcasecmp(text + strlen(by_uuid), uuid) ? FSTAB_DEVICE_OTHER : FSTAB_DEVICE_UUID_LINK;
	if (strncmp(text, "LABEL=", 6) == 0)
		return strcmp(unquote(text + 6), id->label) ? FSTAB_DEVICE_OTHER : FSTAB_DEVICE_LABEL;
	if (strncmp(text, by_label, strlen(by_label)) != 0)
		return FSTAB_DEVICE_PATH;
	unescape_udev(text + strlen(by_label));
	return strcmp(text + strlen(by_label), id->label) ? FSTAB_DEVICE_OTHER : FSTAB_DEVICE_LABEL;
}

bool fstab_is_ours(const struct fstab_line *line, const struct fstab_identity *id)
{
	return line->nr_fields > FSTAB_TYPE && fstab_device(&line->field[FSTAB_DEVICE], id) != FSTAB_DEVICE_OTHER;
}

bool fstab_is_root(const struct fstab_line *line)
{
	char dir[64];

	if (line->nr_fields <= FSTAB_DIR || !fstab_decode(&line->field[FSTAB_DIR], dir, sizeof(dir)))
		return false;
	return dir[0] == '/' && strspn(dir, "/") == strlen(dir);
}

bool fstab_has_ext_type(const struct fstab_line *line)
{
	const struct fstab_field *type = &line->field[FSTAB_TYPE];

	if (line->nr_fields <= FSTAB_TYPE)
		return false;
	return fstab_list_has(type, "ext4") || fstab_list_has(type, "ext3") || fstab_list_has(type, "ext2") ||
	       fstab_list_has(type, "auto");
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The new text of an fstab: copied line by line, and in the lines of the file system field by field. */
#include <stdlib.h>
#include <string.h>

#include "base/msg.h"
#include "base/uuid.h"
#include "convert/machine_fstab.h"

/* A text that grows. Once there was no memory it stays as it is. */
struct text {
	char *bytes;
	size_t len, cap;
	bool failed;
};

static void put(struct text *t, const char *bytes, size_t len)
{
	if (t->failed || !len)
		return;
	if (len > t->cap - t->len) {
		size_t cap = 2 * t->cap + len;
		char *grown = realloc(t->bytes, cap);

		if (!grown) {
			t->failed = true;
			return;
		}
		t->bytes = grown;
		t->cap = cap;
	}
	memcpy(t->bytes + t->len, bytes, len);
	t->len += len;
}

static void put_text(struct text *t, const char *text)
{
	put(t, text, strlen(text));
}

static void put_field(struct text *t, const struct fstab_field *field)
{
	put(t, field->text, field->len);
}

/* A label that can stand in an fstab without escapes and quotes. */
static bool is_plain(const char *label)
{
	for (const char *p = label; *p; p++)
		if ((unsigned char)*p <= ' ' || strchr("\"'\\#,", *p) || *p == 0x7f)
			return false;
	return *label;
}

static void put_device(struct text *t, const struct fstab_field *field, const struct fstab_identity *id)
{
	enum fstab_device device = fstab_device(field, id);
	bool by_uuid = device == FSTAB_DEVICE_UUID || device == FSTAB_DEVICE_UUID_LINK;
	bool new_uuid = memcmp(id->uuid, id->new_uuid, sizeof(id->uuid)) != 0;
	bool new_label = strcmp(id->label, id->new_label) != 0;
	char uuid[UUID_TEXT_SIZE];

	if (device == FSTAB_DEVICE_LABEL && new_label && is_plain(id->new_label)) {
		put_text(t, "LABEL=");
		put_text(t, id->new_label);
	} else if ((by_uuid && new_uuid) || (device == FSTAB_DEVICE_LABEL && new_label)) {
		put_text(t, device == FSTAB_DEVICE_UUID_LINK ? "/dev/disk/by-uuid/" : "UUID=");
		put_text(t, uuid_format(id->new_uuid, uuid));
	} else {
		put_field(t, field);
	}
}

static void put_type(struct text *t, const struct fstab_field *field)
{
	if (fstab_list_has(field, "btrfs") || fstab_list_has(field, "auto"))
		put_field(t, field);
	else
		put_text(t, "btrfs");
}

/* The end of the option that begins at i: a comma, but for those in quotes. */
static size_t option_end(const struct fstab_field *field, size_t i)
{
	bool quoted = false;

	for (; i < field->len && (quoted || field->text[i] != ','); i++)
		if (field->text[i] == '"')
			quoted = !quoted;
	return i;
}

static void put_options(struct text *t, const struct fstab_field *field)
{
	size_t begin = t->len, nr_dropped = 0;

	for (size_t i = 0, end; i < field->len; i = end + 1) {
		end = option_end(field, i);
		if (fstab_option_rejected(field->text + i, end - i)) {
			nr_dropped++;
			continue;
		}
		if (end == i)
			continue;
		if (t->len > begin)
			put(t, ",", 1);
		put(t, field->text + i, end - i);
	}
	if (!nr_dropped) {
		/* empty elements and all */
		t->len = begin;
		put_field(t, field);
	} else if (t->len == begin) {
		put_text(t, "defaults");
	}
}

static void put_pass(struct text *t, const struct fstab_field *field)
{
	bool digits = field->len > 0;

	for (size_t i = 0; i < field->len; i++)
		digits = digits && field->text[i] >= '0' && field->text[i] <= '9';
	if (digits)
		put(t, "0", 1);
	else
		put_field(t, field);
}

static void put_line(struct text *t, const struct fstab_line *line, const struct fstab_identity *id)
{
	const char *done = line->text;

	for (u32 i = 0; i < line->nr_fields; i++) {
		const struct fstab_field *field = &line->field[i];

		put(t, done, (size_t)(field->text - done));
		done = field->text + field->len;
		switch (i) {
		case FSTAB_DEVICE:
			put_device(t, field, id);
			break;
		case FSTAB_TYPE:
			put_type(t, field);
			break;
		case FSTAB_OPTIONS:
			put_options(t, field);
			break;
		case FSTAB_PASS:
			put_pass(t, field);
			break;
		default:
			put_field(t, field);
		}
	}
	put(t, done, (size_t)(line->text + line->len - done));
}

static bool names_same_device(const struct fstab_line *a, const struct fstab_line *b)
{
	const struct fstab_field *x = &a->field[FSTAB_DEVICE], *y = &b->field[FSTAB_DEVICE];

	return x->len == y->len && memcmp(x->text, y->text, x->len) == 0;
}

static bool is_root_line(const struct fstab_line *line, const struct fstab_identity *id)
{
	return fstab_is_root(line) && fstab_has_ext_type(line) && fstab_is_ours(line, id);
}

/*
 * Does the line mount this file system with a type of ext? At "/" it does unless it names another one; elsewhere it
 * must name this one, or what a line for "/" names. An fstab without a line for "/" is not that of a machine.
 */
static bool is_our_line(const struct fstab_line *line, const char *text, const char *end,
			const struct fstab_identity *id)
{
	enum fstab_device device;
	struct fstab_line root;

	if (!fstab_has_ext_type(line) || !fstab_is_ours(line, id))
		return false;
	device = fstab_device(&line->field[FSTAB_DEVICE], id);
	while (fstab_next(&text, end, &root))
		if (is_root_line(&root, id) && (device != FSTAB_DEVICE_PATH || names_same_device(line, &root)))
			return true;
	return false;
}

/* Notes a line that stands in the new text from begin on, when it has changed. */
static void note_change(struct fstab_rewrite *out, const struct text *t, size_t begin, u64 start, u32 nr,
			const struct fstab_line *line)
{
	size_t len = t->len - begin;

	if (t->failed || (len == line->len && memcmp(t->bytes + begin, line->text, len) == 0))
		return;
	if (!out->nr_lines) {
		out->line = nr;
		out->was = (struct range){ start, line->len };
		out->is = (struct range){ begin, len };
	}
	out->nr_lines++;
}

int fstab_rewrite(const char *text, size_t len, const struct fstab_identity *id, struct fstab_rewrite *out)
{
	const char *pos = text, *end = text + len;
	struct text t = { 0 };
	struct fstab_line line;

	*out = (struct fstab_rewrite){ 0 };
	for (u32 nr = 1; fstab_next(&pos, end, &line); nr++) {
		size_t begin = t.len;

		if (!is_our_line(&line, text, end, id)) {
			put(&t, line.text, line.whole);
			continue;
		}
		put_line(&t, &line, id);
		note_change(out, &t, begin, (u64)(line.text - text), nr, &line);
		put(&t, line.text + line.len, line.whole - line.len);
	}
	if (t.failed || !out->nr_lines) {
		free(t.bytes);
		return t.failed ? msg_nomem("fstab") : 0;
	}
	out->text = t.bytes;
	out->len = t.len;
	return 1;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of an fstab: its lines, and those of the root made fit for btrfs. Pure: text in, text out. */
#ifndef CONVERT_MACHINE_FSTAB_H
#define CONVERT_MACHINE_FSTAB_H

#include "base/types.h"

enum fstab_place { FSTAB_DEVICE, FSTAB_DIR, FSTAB_TYPE, FSTAB_OPTIONS, FSTAB_FREQ, FSTAB_PASS, FSTAB_NR_FIELDS };

struct fstab_field {
	const char *text; /* as it stands there, escapes and all; not terminated */
	size_t len;
};

struct fstab_line {
	const char *text;
	size_t len;    /* without the line's end */
	size_t whole;  /* with it */
	u32 nr_fields; /* 0: a comment or an empty line */
	struct fstab_field field[FSTAB_NR_FIELDS];
};

/* Takes the line at *pos and moves on; false at the end. */
bool fstab_next(const char **pos, const char *end, struct fstab_line *line);

/* A field without its escapes (\040 and the like), terminated. False when it does not fit size bytes or has a NUL. */
bool fstab_decode(const struct fstab_field *field, char *out, size_t size);

/* Does the comma-separated list have that element? */
bool fstab_list_has(const struct fstab_field *field, const char *name);

/* Would btrfs refuse the mount because of this option (NAME or NAME=VALUE), which ext takes? */
bool fstab_option_rejected(const char *option, size_t len);

/* The file system by its names before and after the conversion. */
struct fstab_identity {
	u8 uuid[16], new_uuid[16];
	const char *label, *new_label;
};

/* How a line names its device. */
enum fstab_device {
	FSTAB_DEVICE_OTHER,     /* by the UUID or the label of another file system */
	FSTAB_DEVICE_UUID,      /* UUID= of this one */
	FSTAB_DEVICE_UUID_LINK, /* /dev/disk/by-uuid/ */
	FSTAB_DEVICE_LABEL,     /* LABEL= or /dev/disk/by-label/ */
	FSTAB_DEVICE_PATH,      /* otherwise: this one, as far as anybody knows */
};

enum fstab_device fstab_device(const struct fstab_field *field, const struct fstab_identity *id);

/* Can the line mount this file system, whatever the place? */
bool fstab_is_ours(const struct fstab_line *line, const struct fstab_identity *id);

/* Does it mount at "/"? */
bool fstab_is_root(const struct fstab_line *line);

/* Is the type ext2, ext3, ext4 or auto, or a list with one of them? */
bool fstab_has_ext_type(const struct fstab_line *line);

struct fstab_rewrite {
	char *text;       /* the new content; to be freed */
	size_t len;
	u32 nr_lines;     /* changed ones */
	u32 line;         /* number of the first of them, from 1 */
	struct range was; /* that line in the old text, without its end */
	struct range is;  /* and in the new one */
};

/* --- machine_fstab_rewrite.c --- */

/*
 * Rewrites the lines that mount this file system with a type of ext, or auto, where one of them mounts it as root: the
 * type becomes btrfs, or stays where the list has btrfs or auto; options that btrfs rejects go; pass becomes 0; UUID
 * and label become the new ones. A path counts as this file system for the root, and elsewhere when the root has the
 * same. Every other byte stays. 1 changed, 0 nothing needs a change (text is NULL then), ERR_NOMEM.
 */
int fstab_rewrite(const char *text, size_t len, const struct fstab_identity *id, struct fstab_rewrite *out)
	__must_check;

#endif

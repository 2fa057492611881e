/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the look at the machine share. */
#ifndef CONVERT_MACHINE_PRIVATE_H
#define CONVERT_MACHINE_PRIVATE_H

#include "convert/machine.h"
#include "convert/machine_fstab.h"
#include "convert/scan.h"

/* Longer files are not looked into. */
#define MACHINE_FILE_MAX ((u32)1 << 20)

#define MACHINE_PATH_MAX 4096u

/* Where a path led. */
struct machine_file {
	struct ext_inode inode;      /* its raw bytes hold until the next look-up */
	u32 dir;                     /* the directory that has the last name; 0: the root directory itself */
	u64 index;
	char name[256];
	char path[MACHINE_PATH_MAX]; /* without symlinks */
};

struct machine_look {
	struct job *job;
	u32 nr_refused;              /* reasons printed so far */

	bool has_fstab;              /* /etc/fstab is a regular file, and its text is here */
	struct machine_file fstab;
	char *text;
	u32 len;
};

/* Prints a reason to refuse, or a warning when the policy is to go on. */
void machine_object(struct machine_look *look, bool refuse, const char *fmt, ...) __printf(3, 4);

/* --- machine_path.c --- */

/* Follows symlinks, absolute ones from the root of this file system: 1, 0 there is no such file here, <0. */
int machine_find(struct machine_look *look, const char *path, struct machine_file *file) __must_check;

/* Is there a name of that kind, symlinks included? As machine_find otherwise. */
int machine_has_name(struct machine_look *look, const char *path) __must_check;

/* The content of a regular file, terminated, to be freed; *text is NULL when it is longer than max. */
int machine_read(struct machine_look *look, const struct machine_file *file, u32 max, char **text, u32 *len)
	__must_check;

/* The same by its path; *text is NULL also when there is no such file. */
int machine_read_path(struct machine_look *look, const char *path, u32 max, char **text, u32 *len) __must_check;

/* --- machine_lzma.c --- */

/* Unpacks a bare LZMA stream until out is full: 1, 0 it is none, ERR_NOMEM. *done: bytes written to out. */
int machine_lzma(const u8 *in, size_t len, u8 *out, size_t size, size_t *done) __must_check;

/* --- machine_rewrite.c --- */

/* Decides about /etc/fstab. */
int machine_rewrite(struct machine_look *look) __must_check;

/* --- machine_swap.c --- */

/* Swap files, and a hibernated system in one of them. */
int machine_swap(struct machine_look *look) __must_check;

/* --- machine_boot.c --- */

/* Boot loaders that find their files in this file system, in boot: "/boot", or "" for a file system of its own. */
int machine_boot(struct machine_look *look, const char *boot) __must_check;

/* --- machine_grub.c --- */

/* GRUB, with its files in dir: can what the firmware loads read btrfs? */
int machine_grub(struct machine_look *look, const char *dir) __must_check;

/* --- machine_options.c --- */

/* Kernel arguments for ext in the configuration of boot loaders. */
int machine_options(struct machine_look *look, const char *boot) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Swap files. What a conversion makes of them is an ordinary file, which the kernel does not swap on: it has checksums
 * and shares its blocks with the saved image.
 */
#include <string.h>
#include <sys/stat.h>

#include "base/msg.h"
#include "convert/machine_private.h"

#define SIGNATURE 10u /* bytes, the last ones of the first page */

static const u32 page_sizes[] = { 4096, 16384, 65536 };

/* Places where installers put a swap file. */
static const char *const usual[] = { "/swapfile", "/swap.img", "/swap/swapfile", "/var/swap", "/var/swapfile",
				     "/.swapfile" };

enum swap_kind { SWAP_NONE, SWAP_FILE, SWAP_HIBERNATED };

static int read_kind(struct machine_look *look, const struct machine_file *file, enum swap_kind *kind)
{
	static const char *const hibernated[] = { "S1SUSPEND", "S2SUSPEND", "ULSUSPEND", "LINHIB0001" };
	char text[SIGNATURE + 1] = { 0 };

	*kind = SWAP_NONE;
	for (size_t i = 0; i < ARRAY_SIZE(page_sizes) && file->inode.size >= page_sizes[i]; i++) {
		int ret = ext_file_read(look->job->ext, &file->inode, page_sizes[i] - SIGNATURE, text, SIGNATURE);

		if (ret)
			return ret;
		if (strcmp(text, "SWAPSPACE2") == 0 || strcmp(text, "SWAP-SPACE") == 0)
			*kind = SWAP_FILE;
		for (size_t j = 0; j < ARRAY_SIZE(hibernated); j++)
			if (strcmp(text, hibernated[j]) == 0)
				*kind = SWAP_HIBERNATED;
	}
	return 0;
}

static int look_at_file(struct machine_look *look, const char *path, bool listed)
{
	struct machine_file file;
	enum swap_kind kind;
	int ret = machine_find(look, path, &file);

	if (ret <= 0 || !S_ISREG(file.inode.mode))
		return ret < 0 ? ret : 0;
	ret = read_kind(look, &file, &kind);
	if (ret)
		return ret;
	if (kind == SWAP_HIBERNATED)
		machine_object(look, true, "%s holds a hibernated system, which would go on with the old file system "
			       "when it wakes up: start it and shut it down first", file.path);
	else if (listed)
		machine_object(look, look->job->config.refuse_swap_files,
			       "%s is a swap file of /etc/fstab, and a converted file cannot be swapped on: first run "
			       "swapoff, delete it and take its line away; afterwards make a new one with btrfs "
			       "filesystem mkswapfile", file.path);
	else if (kind == SWAP_FILE)
		machine_object(look, false, "%s is a swap file: it cannot be swapped on after the conversion; then "
			       "delete it and make a new one with btrfs filesystem mkswapfile", file.path);
	return 0;
}

/* Whether a line of fstab swaps on that file. */
static bool is_listed(const struct machine_look *look, const char *path)
{
	const char *pos = look->text, *end = look->text + look->len;
	struct fstab_line line;
	char name[1024];

	while (look->has_fstab && fstab_next(&pos, end, &line))
		if (line.nr_fields > FSTAB_TYPE && fstab_list_has(&line.field[FSTAB_TYPE], "swap") &&
		    fstab_decode(&line.field[FSTAB_DEVICE], name, sizeof(name)) && strcmp(name, path) == 0)
			return true;
	return false;
}

int machine_swap(struct machine_look *look)
{
	const char *pos = look->text, *end = look->text + look->len;
	struct fstab_line line;
	char name[1024];
	int ret = 0;

	while (!ret && look->has_fstab && fstab_next(&pos, end, &line))
		if (line.nr_fields > FSTAB_TYPE && fstab_list_has(&line.field[FSTAB_TYPE], "swap") &&
		    fstab_decode(&line.field[FSTAB_DEVICE], name, sizeof(name)) && name[0] == '/' &&
		    strncmp(name, "/dev/", 5) != 0)
			ret = look_at_file(look, name, true);
	for (size_t i = 0; !ret && i < ARRAY_SIZE(usual); i++)
		if (!is_listed(look, usual[i]))
			ret = look_at_file(look, usual[i], false);
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths inside the source, as the machine that boots from it would see them, and the content of small files. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/msg.h"
#include "convert/machine_private.h"

#define MAX_SYMLINKS 40u

/* Bytes of a path that is still to be walked: what is left of it, and the target of a symlink before that. */
#define REST_MAX (MACHINE_PATH_MAX + EXT_SYMLINK_MAX + 2)

struct path_walk {
	struct machine_look *look;
	struct machine_file *file; /* where the walk has come to */
	char rest[REST_MAX];
	u32 nr_symlinks;
};

static int go_to_root(struct path_walk *w)
{
	w->file->dir = 0;
	w->file->index = 0;
	w->file->name[0] = '\0';
	w->file->path[0] = '\0';
	return ext_inode_get(w->look->job->ext, EXT_ROOT_INO, &w->file->inode);
}

/* Takes the next name off the rest: its length, 0 at the end. */
static size_t take_name(struct path_walk *w, char *name, size_t size)
{
	char *begin = w->rest + strspn(w->rest, "/");
	size_t len = strcspn(begin, "/");

	if (len >= size)
		len = 0;
	memcpy(name, begin, len);
	name[len] = '\0';
	memmove(w->rest, begin + len, strlen(begin + len) + 1);
	return len;
}

/* Appends a name to the path, or takes the last one away; false when it gets too long. */
static bool extend_path(char *path, const char *name)
{
	size_t len = strlen(path);

	if (strcmp(name, "..") == 0) {
		char *slash = strrchr(path, '/');

		if (slash)
			*slash = '\0';
		return true;
	}
	if (len + 1 + strlen(name) >= MACHINE_PATH_MAX)
		return false;
	path[len] = '/';
	strcpy(path + len + 1, name);
	return true;
}

/* The walk stands on a symlink that dir has: it goes on with the target, from dir or from the root. */
static int follow(struct path_walk *w, u32 dir)
{
	struct ext_fs *ext = w->look->job->ext;
	char target[EXT_SYMLINK_MAX + 1];
	u32 len = 0;
	int ret = ext_symlink_read(ext, &w->file->inode, target, &len);

	if (ret)
		return ret;
	if (++w->nr_symlinks > MAX_SYMLINKS || len + 1 + strlen(w->rest) >= REST_MAX)
		return 0;
	memmove(w->rest + len + 1, w->rest, strlen(w->rest) + 1);
	memcpy(w->rest, target, len);
	w->rest[len] = '/';
	ret = target[0] == '/' ? go_to_root(w) : ext_inode_get(ext, dir, &w->file->inode);
	return ret ? ret : 1;
}

/* One step down (or up): 1, 0 no such name. */
static int step(struct path_walk *w, const char *name, bool follows)
{
	struct machine_file *file = w->file;
	u32 dir = file->inode.ino;
	struct ext_dirent entry;
	int ret;

	if (!S_ISDIR(file->inode.mode))
		return 0;
	ret = ext_dir_find(w->look->job->ext, &file->inode, name, strlen(name), &entry);
	if (ret <= 0)
		return ret;
	ret = ext_inode_get(w->look->job->ext, entry.ino, &file->inode);
	if (ret)
		return ret;
	if (S_ISLNK(file->inode.mode) && follows)
		return follow(w, dir);
	file->dir = dir;
	file->index = entry.index;
	strcpy(file->name, name);
	return extend_path(file->path, name);
}

static int walk(struct machine_look *look, const char *path, bool follow_last, struct machine_file *file)
{
	struct path_walk w = { .look = look, .file = file };
	char name[256];
	int ret;

	if (strlen(path) >= MACHINE_PATH_MAX)
		return 0;
	strcpy(w.rest, path);
	ret = go_to_root(&w);
	if (ret)
		return ret;
	for (ret = 1; ret == 1 && take_name(&w, name, sizeof(name));)
		if (strcmp(name, ".") != 0)
			ret = step(&w, name, follow_last || w.rest[0]);
	return ret == 1 && w.rest[0] ? 0 : ret;
}

int machine_find(struct machine_look *look, const char *path, struct machine_file *file)
{
	return walk(look, path, true, file);
}

int machine_has_name(struct machine_look *look, const char *path)
{
	struct machine_file file;

	return walk(look, path, false, &file);
}

int machine_read(struct machine_look *look, const struct machine_file *file, u32 max, char **text, u32 *len)
{
	u64 size = file->inode.size;
	int ret;

	*text = NULL;
	if (size > max)
		return 0;
	*len = (u32)size;
	*text = malloc((size_t)size + 1);
	if (!*text)
		return msg_nomem(file->path);
	(*text)[size] = '\0';
	ret = ext_file_read(look->job->ext, &file->inode, 0, *text, (size_t)size);
	if (ret) {
		free(*text);
		*text = NULL;
	}
	return ret;
}

int machine_read_path(struct machine_look *look, const char *path, u32 max, char **text, u32 *len)
{
	struct machine_file file;
	int ret = machine_find(look, path, &file);

	*text = NULL;
	if (ret <= 0 || !S_ISREG(file.inode.mode))
		return ret < 0 ? ret : 0;
	return machine_read(look, &file, max, text, len);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The proof of names: every name leads to an inode in use of the type that the entry says, every inode has as many
 * names as its link count, every directory exactly one, its ".." agrees, and all of them hang together below the
 * root. The sorted names are walked once, against the few bytes that the scan kept for each inode.
 */
#include <string.h>
#include <sys/stat.h>

#include "base/msg.h"
#include "base/status.h"
#include "convert/scan.h"

/* File type of a directory entry for each value of mode >> 12. */
static const u8 entry_type[16] = {
	[S_IFREG >> 12] = 1, [S_IFDIR >> 12] = 2, [S_IFCHR >> 12] = 3,  [S_IFBLK >> 12] = 4,
	[S_IFIFO >> 12] = 5, [S_IFSOCK >> 12] = 6, [S_IFLNK >> 12] = 7,
};

/* The names of one inode while they pass. */
struct group {
	u32 child, parent;
	u32 nr_names;
	u64 ref_bytes; /* of the names in the current parent */
};

static bool is_dir(u8 flags)
{
	return (flags & SCAN_INODE_TYPE) == S_IFDIR >> 12;
}

static int check_name(struct job *job, const struct scan_name *name)
{
	u8 *flags = scan_inode_flags(job->scan, name->child);

	if (!flags || !*flags)
		return scan_inconsistent(job, "directory inode %u: entry \"%.*s\" leads to inode %u, which is not in "
					      "use",
					 name->parent, name->name_len, name->name, name->child);
	if (*flags & SCAN_INODE_SPECIAL)
		return scan_inconsistent(job, "directory inode %u: entry \"%.*s\" leads to the reserved inode %u",
					 name->parent, name->name_len, name->name, name->child);
	if (name->type && name->type != entry_type[*flags & SCAN_INODE_TYPE])
		return scan_inconsistent(job, "directory inode %u: entry \"%.*s\" has file type %u, inode %u another",
					 name->parent, name->name_len, name->name, name->type, name->child);
	*flags |= SCAN_INODE_NAMED;
	return 0;
}

static int check_dir_name(struct job *job, const struct scan_name *name, u32 nr_names)
{
	struct scan_dir *dir = scan_dir_find(job->scan, name->child);
	struct scan_dir *parent = scan_dir_find(job->scan, name->parent);

	if (!dir || !parent || name->child == EXT_ROOT_INO)
		return scan_inconsistent(job, "directory inode %u: entry \"%.*s\" leads to the root directory",
					 name->parent, name->name_len, name->name);
	if (nr_names > 1)
		return scan_inconsistent(job, "directory inode %u has more than one name (\"%.*s\" in inode %u)",
					 name->child, name->name_len, name->name, name->parent);
	if (dir->dotdot != name->parent)
		return scan_inconsistent(job, "directory inode %u: its \"..\" is inode %u, but it is an entry of inode "
					      "%u",
					 name->child, dir->dotdot, name->parent);
	parent->subdirs++;
	return 0;
}

static int close_group(struct job *job, const struct group *g)
{
	const u8 *flags = scan_inode_flags(job->scan, g->child);

	if (g->nr_names == 0 || !flags || is_dir(*flags))
		return 0;
	if (g->nr_names != scan_inode_links(job->scan, g->child))
		return scan_inconsistent(job, "inode %u has %u names, but its link count is %u", g->child, g->nr_names,
					 scan_inode_links(job->scan, g->child));
	return 0;
}

static int walk_names(struct job *job)
{
	struct scan_items *items = &job->scan->items;
	struct group g = { 0 };
	struct scan_name name;
	int ret;

	while ((ret = scan_name_next(job->scan, &name)) == 1) {
		if (name.child != g.child) {
			ret = close_group(job, &g);
			if (ret)
				return ret;
			g = (struct group){ .child = name.child, .parent = name.parent };
		} else if (name.parent != g.parent) {
			g.parent = name.parent;
			g.ref_bytes = 0;
		}
		g.nr_names++;
		scan_item_join(job->scan, (u32)g.ref_bytes, BTRFS_INODE_REF_SIZE + name.name_len);
		g.ref_bytes += BTRFS_INODE_REF_SIZE + name.name_len;
		if (g.ref_bytes > items->max_ref_bytes) {
			items->max_ref_bytes = g.ref_bytes;
			items->max_ref_ino = name.child;
		}
		ret = check_name(job, &name);
		if (!ret && is_dir(*scan_inode_flags(job->scan, name.child)))
			ret = check_dir_name(job, &name, g.nr_names);
		if (ret)
			return ret;
	}
	return ret ? ret : close_group(job, &g);
}

static int check_nameless(struct job *job)
{
	const struct scan *scan = job->scan;

	for (u32 nr = 0; nr < scan->nr_pages; nr++) {
		for (u32 i = 0; scan->pages[nr] && i < SCAN_PAGE_INODES; i++) {
			u8 flags = scan->pages[nr]->flags[i];
			u32 ino = nr * SCAN_PAGE_INODES + i;

			if (flags && !(flags & (SCAN_INODE_SPECIAL | SCAN_INODE_NAMED)) && ino != EXT_ROOT_INO)
				return scan_inconsistent(job, "inode %u is in use, but no directory has a name for it",
							 ino);
		}
	}
	return 0;
}

/* Marks every directory on the way from dir to one that is known to be connected. A way longer than there are
 * directories is a loop. */
static int connect_dir(struct job *job, struct scan_dir *dir)
{
	struct scan_dir *d = dir;
	size_t steps = 0;

	while (!d->reached) {
		d = scan_dir_find(job->scan, d->dotdot);
		if (!d || ++steps > job->scan->nr_dirs)
			return scan_inconsistent(job, "directory inode %u is not connected to the root directory",
						 dir->ino);
	}
	for (d = dir; !d->reached; d = scan_dir_find(job->scan, d->dotdot))
		d->reached = 1;
	return 0;
}

static int check_dirs(struct job *job)
{
	bool dir_nlink = strstr(ext_get_info(job->ext)->features, "dir_nlink") != NULL;
	struct scan_dir *root = scan_dir_find(job->scan, EXT_ROOT_INO);
	int ret = 0;

	if (!root || root->dotdot != EXT_ROOT_INO)
		return scan_inconsistent(job, "the root directory is missing, or its \"..\" is not itself");
	root->reached = 1;
	for (size_t i = 0; !ret && i < job->scan->nr_dirs; i++) {
		struct scan_dir *dir = &job->scan->dirs[i];

		ret = connect_dir(job, dir);
		if (!ret && dir->links != dir->subdirs + 2 && !(dir_nlink && dir->links == 1))
			ret = scan_inconsistent(job, "directory inode %u has %u subdirectories, but its link count is "
						     "%u",
						dir->ino, dir->subdirs, dir->links);
	}
	return ret;
}

int scan_prove_links(struct job *job)
{
	int ret = walk_names(job);

	if (!ret)
		ret = check_nameless(job);
	if (!ret)
		ret = check_dirs(job);
	if (!ret)
		ret = sort_rewind(job->scan->names);
	return ret;
}

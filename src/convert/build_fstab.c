/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inode of a rewritten fstab: as the old one, but for its content, its times and its one name. */
#include <string.h>

#include "convert/build_fs.h"
#include "convert/machine.h"

static int write_ref(struct fs_builder *b, const struct machine *m)
{
	struct btrfs_key key = { b->objectid, BTRFS_INODE_REF, (u64)m->dir + SCAN_INO_OFFSET };
	u32 size = btrfs_inode_ref_encode(b->item, m->index, m->name, (u16)strlen(m->name));

	return btrfs_tree_add(b->tree, &key, b->item, size);
}

int build_fs_fstab(struct fs_builder *b)
{
	const struct machine *m = b->job->machine;
	struct btrfs_inode out = { 0 };
	struct ext_inode inode;
	int ret;

	if (!m || !m->rewrites)
		return 0;
	ret = ext_inode_get(b->job->ext, m->ino, &inode);
	if (ret)
		return ret;
	inode.nlink = 1;
	inode.ctime = inode.mtime = inode.otime = b->job->build->now;
	b->objectid = m->objectid;
	out.flags = build_fs_flags(b->job, &inode);
	out.size = out.nbytes = m->len;
	ret = build_fs_inode_item(b, &inode, &out);
	if (!ret)
		ret = write_ref(b, m);
	if (!ret)
		ret = build_fs_xattrs(b, &inode);
	return ret ? ret : build_fs_inline(b, m->text, m->len);
}

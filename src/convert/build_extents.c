/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The EXTENT_DATA items of one inode, with hole items where the file system has no NO_HOLES. */
#include "base/arith.h"
#include "convert/build.h"

static int add_item(struct extent_writer *w, u64 file_offset, const struct btrfs_file_extent *fe)
{
	struct btrfs_key key = { w->objectid, BTRFS_EXTENT_DATA, file_offset };
	u8 item[BTRFS_FILE_EXTENT_SIZE];
	u32 size = btrfs_file_extent_encode(item, fe, w->job->plan->params.generation);

	return btrfs_tree_add(w->tree, &key, item, size);
}

static int add_hole(struct extent_writer *w, u64 end)
{
	struct btrfs_file_extent fe = { .type = BTRFS_EXTENT_REG, .num_bytes = end - w->next };

	if (w->next >= end || btrfs_has_incompat(&w->job->plan->params, BTRFS_INCOMPAT_NO_HOLES))
		return 0;
	return add_item(w, w->next, &fe);
}

int extent_writer_add(struct extent_writer *w, u64 file_offset, u64 logical, u64 len, bool prealloc)
{
	struct btrfs_file_extent fe = {
		.type = prealloc ? BTRFS_EXTENT_PREALLOC : BTRFS_EXTENT_REG,
		.disk_bytenr = logical,
		.disk_num_bytes = len,
		.num_bytes = len,
	};
	int ret = add_hole(w, file_offset);

	if (ret)
		return ret;
	w->next = file_offset + len;
	return add_item(w, file_offset, &fe);
}

int extent_writer_finish(struct extent_writer *w, u64 size)
{
	return add_hole(w, round_up(size, SECTOR));
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens an ext file system: superblock, features and state first, as they decide whether anything else may be trusted;
 * then descriptors, then what only block maps can tell, then other owners of the device.
 */
#include <stdlib.h>

#include "ext/ext_private.h"

#define DIR_BUF ((u32)128 << 10)

static int alloc_buffers(struct ext_fs *fs)
{
	u32 bs = fs->block_size;

	fs->dir_buf_size = max_u64(DIR_BUF, bs);
	fs->node_buf = malloc((size_t)EXT_EXTENT_MAX_DEPTH * bs);
	fs->dir_buf = malloc(fs->dir_buf_size);
	fs->bitmap_buf = malloc(bs);
	fs->xattr_buf = malloc(bs);
	fs->acl_buf = malloc((size_t)bs * 2);
	fs->special_buf = malloc(fs->inode_size);
	if (!fs->node_buf || !fs->dir_buf || !fs->bitmap_buf || !fs->xattr_buf || !fs->acl_buf || !fs->special_buf)
		return msg_nomem("opening the ext file system");
	return ext_xattr_refs_new(fs);
}

static void fill_info(struct ext_fs *fs)
{
	const struct ext_super_disk *s = &fs->super;
	struct ext_info *info = &fs->info;

	info->type = ext_features_type(fs->compat, fs->incompat, fs->ro_compat);
	memcpy(info->uuid, s->uuid, sizeof(info->uuid));
	memcpy(info->label, s->volume_name, sizeof(s->volume_name));
	info->block_size = fs->block_size;
	info->size = fs->nr_blocks << fs->block_bits;
	info->nr_groups = fs->nr_groups;
	info->nr_inodes = le32_to_cpu(s->inodes_count);
	info->inode_size = fs->inode_size;
	info->last_write = le32_to_cpu(s->wtime) | (u64)s->wtime_hi << 32;
	info->features = fs->features;
}

/* Free blocks and inodes by the descriptors; ext_used_iterate replaces the first by what the bitmaps say. */
static void count_free(struct ext_fs *fs)
{
	u64 blocks = 0;

	for (u32 group = 0; group < fs->nr_groups; group++) {
		blocks += ext2fs_bg_free_blocks_count(fs->lib, group);
		fs->info.nr_free_inodes += ext2fs_bg_free_inodes_count(fs->lib, group);
	}
	fs->info.free = min_u64(blocks, fs->nr_blocks) << fs->block_bits;
	fs->info.nr_free_inodes = min_u64(fs->info.nr_free_inodes, fs->info.nr_inodes);
}

static int check_all(struct ext_fs *fs)
{
	int ret = ext_super_read(fs);

	if (!ret)
		ret = ext_features_check(fs);
	if (!ret)
		ret = ext_state_check(fs);
	if (!ret)
		ret = ext_super_check(fs);
	if (ret)
		return ret;
	fill_info(fs);
	ret = ext_io_open(fs->dev, &fs->lib);
	if (!ret)
		ret = alloc_buffers(fs);
	if (!ret)
		ret = ext_groups_check(fs);
	if (!ret)
		ret = ext_special_check(fs);
	if (!ret)
		ret = ext_signature_check(fs);
	if (!ret)
		count_free(fs);
	return ret;
}

int ext_open(struct dev *dev, struct ext_fs **out)
{
	struct ext_fs *fs = calloc(1, sizeof(*fs));
	int ret;

	*out = NULL;
	if (!fs)
		return msg_nomem("opening the ext file system");
	fs->dev = dev;
	ret = check_all(fs);
	if (ret) {
		ext_close(fs);
		return ret;
	}
	*out = fs;
	return 0;
}

const struct ext_info *ext_get_info(const struct ext_fs *fs)
{
	return &fs->info;
}

int ext_check_unchanged(struct ext_fs *fs)
{
	struct ext_super_disk now;
	int ret = ext_read_fresh(fs, EXT_SUPER_OFFSET, &now, sizeof(now));

	if (ret)
		return ret;
	if (memcmp(&now, &fs->super, sizeof(now)))
		return ext_refuse(fs, "unmount it and try again", "the file system changed while it was read");
	return ext_mmp_check(fs);
}

void ext_close(struct ext_fs *fs)
{
	if (!fs)
		return;
	if (fs->lib)
		ext2fs_free(fs->lib);
	free(fs->node_buf);
	free(fs->dir_buf);
	free(fs->bitmap_buf);
	free(fs->xattr_buf);
	free(fs->acl_buf);
	free(fs->special_buf);
	free(fs->xattr_refs);
	free(fs);
}

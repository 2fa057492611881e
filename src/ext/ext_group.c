/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups: where their metadata lies, and the proof at open that descriptors are sound. Everything else trusts the
 * places that ext_groups_check has passed: in the file system, disjoint, and in groups whose bitmap is written.
 */
#include <stdlib.h>

#include "ext/ext_private.h"

/* A fixed range and the group whose descriptor gave it. */
struct owned_range {
	u64 block;
	u64 nr_blocks;
	u32 group;
};

#define NO_GROUP UINT32_MAX

struct range_list {
	struct owned_range *ranges;
	size_t nr, max;
	u32 group;
	u32 block_bits;
};

void ext_group_get(const struct ext_fs *fs, u32 group, struct ext_group *out)
{
	u32 unused = 0;

	out->first = (u64)group * fs->blocks_per_group;
	out->nr_blocks = min_u64(fs->blocks_per_group, fs->nr_blocks - out->first);
	out->block_bitmap = ext2fs_block_bitmap_loc(fs->lib, group);
	out->inode_bitmap = ext2fs_inode_bitmap_loc(fs->lib, group);
	out->itable = ext2fs_inode_table_loc(fs->lib, group);
	out->block_uninit = fs->uninit_flags && ext2fs_bg_flags_test(fs->lib, group, EXT2_BG_BLOCK_UNINIT);
	out->inode_uninit = fs->uninit_flags && ext2fs_bg_flags_test(fs->lib, group, EXT2_BG_INODE_UNINIT);
	if (out->inode_uninit)
		unused = fs->inodes_per_group;
	else if (fs->uninit_flags)
		unused = ext2fs_bg_itable_unused(fs->lib, group);
	out->nr_inodes = fs->inodes_per_group - min_u64(unused, fs->inodes_per_group);
}

u64 ext_group_base_blocks(const struct ext_fs *fs, u32 group)
{
	u64 first = (u64)group * fs->blocks_per_group;
	blk64_t super, old_desc, new_desc;
	blk_t nr_used = 0;
	u64 nr;

	if (ext2fs_super_and_bgd_loc2(fs->lib, group, &super, &old_desc, &new_desc, &nr_used))
		return 0;
	nr = ext2fs_bg_has_super(fs->lib, group) ? 1 : 0;
	if (new_desc)
		nr++;
	else if (nr && fs->incompat & EXT_INCOMPAT_META_BG)
		nr += old_desc ? le32_to_cpu(fs->super.first_meta_bg) : 0;
	else if (nr)
		nr += fs->lib->desc_blocks + le16_to_cpu(fs->super.reserved_gdt_blocks);
	return min_u64(nr, fs->nr_blocks - first);
}

static bool in_bounds(u64 block, u64 nr, u64 first, u64 end)
{
	return block >= first && block < end && nr <= end - block;
}

static int check_descriptor(struct ext_fs *fs, u32 group)
{
	bool flex = fs->incompat & EXT_INCOMPAT_FLEX_BG;
	struct ext_group g;
	u64 first, end;

	if (fs->uninit_flags && !ext2fs_group_desc_csum_verify(fs->lib, group))
		return ext_corrupt(fs, "group %u: wrong descriptor checksum", group);
	ext_group_get(fs, group, &g);
	if (fs->uninit_flags && ext2fs_bg_itable_unused(fs->lib, group) > fs->inodes_per_group)
		return ext_corrupt(fs, "group %u: more unused inodes than inodes", group);
	if (g.block_uninit && group == fs->nr_groups - 1)
		return ext_corrupt(fs, "group %u: the last group has no block bitmap", group);
	if (group == 0 && g.nr_inodes < fs->first_ino - 1)
		return ext_corrupt(fs, "group 0: the reserved inodes are not initialised");
	/* block 0 holds the superblock */
	first = flex ? 1 : max_u64(g.first, 1);
	end = flex ? fs->nr_blocks : g.first + g.nr_blocks;
	if (!in_bounds(g.block_bitmap, 1, first, end))
		return ext_corrupt(fs, "group %u: block bitmap at impossible block %llu", group,
				   (unsigned long long)g.block_bitmap);
	if (!in_bounds(g.inode_bitmap, 1, first, end))
		return ext_corrupt(fs, "group %u: inode bitmap at impossible block %llu", group,
				   (unsigned long long)g.inode_bitmap);
	if (!in_bounds(g.itable, fs->itable_blocks, first, end))
		return ext_corrupt(fs, "group %u: inode table at impossible block %llu", group,
				   (unsigned long long)g.itable);
	return 0;
}

/* --- the fixed ranges --- */

static int emit_blocks(const struct ext_fs *fs, u64 block, u64 nr, enum ext_fixed kind, ext_fixed_fn fn, void *ctx)
{
	return nr ? fn(ctx, block << fs->block_bits, nr << fs->block_bits, kind) : 0;
}

static int group_fixed(const struct ext_fs *fs, u32 group, ext_fixed_fn fn, void *ctx)
{
	struct ext_group g;
	u64 live;
	int ret;

	ext_group_get(fs, group, &g);
	live = div_up((u64)g.nr_inodes * fs->inode_size, fs->block_size);
	ret = emit_blocks(fs, g.first, ext_group_base_blocks(fs, group), EXT_FIXED_META, fn, ctx);
	if (!ret)
		ret = emit_blocks(fs, g.block_bitmap, 1, g.block_uninit ? EXT_FIXED_UNINIT : EXT_FIXED_META, fn, ctx);
	if (!ret)
		ret = emit_blocks(fs, g.inode_bitmap, 1, g.inode_uninit ? EXT_FIXED_UNINIT : EXT_FIXED_META, fn, ctx);
	if (!ret)
		ret = emit_blocks(fs, g.itable, live, EXT_FIXED_META, fn, ctx);
	if (!ret)
		ret = emit_blocks(fs, g.itable + live, fs->itable_blocks - live, EXT_FIXED_UNINIT, fn, ctx);
	return ret;
}

static u64 mmp_block(const struct ext_fs *fs)
{
	return fs->incompat & EXT_INCOMPAT_MMP ? le64_to_cpu(fs->super.mmp_block) : 0;
}

int ext_fixed_iterate(struct ext_fs *fs, ext_fixed_fn fn, void *ctx)
{
	int ret = 0;

	for (u32 group = 0; group < fs->nr_groups && !ret; group++)
		ret = group_fixed(fs, group, fn, ctx);
	if (!ret && mmp_block(fs))
		ret = emit_blocks(fs, mmp_block(fs), 1, EXT_FIXED_META, fn, ctx);
	return ret;
}

/* --- are they disjoint? --- */

static int list_add(void *ctx, u64 start, u64 len, enum ext_fixed kind)
{
	struct range_list *list = ctx;
	struct owned_range *r;

	(void)kind;
	if (list->nr == list->max) {
		size_t max = list->max ? list->max * 2 : 64;

		r = realloc(list->ranges, max * sizeof(*r));
		if (!r)
			return msg_nomem("group descriptors");
		list->ranges = r;
		list->max = max;
	}
	r = &list->ranges[list->nr++];
	r->block = start >> list->block_bits;
	r->nr_blocks = len >> list->block_bits;
	r->group = list->group;
	return 0;
}

static int compare_ranges(const void *a, const void *b)
{
	const struct owned_range *x = a, *y = b;

	return x->block < y->block ? -1 : x->block > y->block;
}

/* A group without a bitmap may hold no metadata but its own: the kernel would take the place for free. */
static int check_home(struct ext_fs *fs, const struct owned_range *r)
{
	u64 last = (r->block + r->nr_blocks - 1) / fs->blocks_per_group;

	for (u64 group = r->block / fs->blocks_per_group; group <= last; group++) {
		if (group != r->group && fs->uninit_flags && ext2fs_bg_flags_test(fs->lib, group, EXT2_BG_BLOCK_UNINIT))
			return ext_corrupt(fs, "group %u: metadata at block %llu in group %llu without a bitmap",
					   r->group, (unsigned long long)r->block, (unsigned long long)group);
	}
	return 0;
}

static int check_disjoint(struct ext_fs *fs, struct range_list *list)
{
	u64 end = 0;
	int ret;

	qsort(list->ranges, list->nr, sizeof(*list->ranges), compare_ranges);
	for (size_t i = 0; i < list->nr; i++) {
		const struct owned_range *r = &list->ranges[i];

		if (r->block < end)
			return ext_corrupt(fs, "group %u: metadata at block %llu overlaps other metadata", r->group,
					   (unsigned long long)r->block);
		end = r->block + r->nr_blocks;
		ret = check_home(fs, r);
		if (ret)
			return ret;
	}
	return 0;
}

int ext_groups_check(struct ext_fs *fs)
{
	struct range_list list = { .block_bits = fs->block_bits };
	int ret = 0;

	if (fs->lib->group_desc_count != fs->nr_groups || fs->lib->inode_blocks_per_group != fs->itable_blocks)
		return ext_corrupt(fs, "superblock: impossible geometry");
	if (mmp_block(fs) >= fs->nr_blocks)
		return ext_corrupt(fs, "superblock: impossible MMP block");
	for (u32 group = 0; group < fs->nr_groups && !ret; group++)
		ret = check_descriptor(fs, group);
	for (list.group = 0; list.group < fs->nr_groups && !ret; list.group++)
		ret = group_fixed(fs, list.group, list_add, &list);
	list.group = NO_GROUP;
	if (!ret && mmp_block(fs))
		ret = emit_blocks(fs, mmp_block(fs), 1, EXT_FIXED_META, list_add, &list);
	if (!ret)
		ret = check_disjoint(fs, &list);
	free(list.ranges);
	return ret;
}

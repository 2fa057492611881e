/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tree 5: one more pass over the inode table in order, merged with the sorted names and the inline files. Inode n of
 * ext becomes objectid n + 254, so the order of inodes is the order of keys; within an inode the items come by type:
 * inode, references, attributes, directory entries by hash and by index, extents.
 */
#include "convert/build_fs.h"

#include <sys/stat.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "convert/build.h"

/* Bits of ext inode flags and what becomes of them. */
static const struct {
	u32 ext;
	u64 btrfs;
} flag_map[] = {
	{ EXT_FLAG_SYNC, BTRFS_INODE_SYNC },       { EXT_FLAG_IMMUTABLE, BTRFS_INODE_IMMUTABLE },
	{ EXT_FLAG_APPEND, BTRFS_INODE_APPEND },   { EXT_FLAG_NODUMP, BTRFS_INODE_NODUMP },
	{ EXT_FLAG_NOATIME, BTRFS_INODE_NOATIME }, { EXT_FLAG_DIRSYNC, BTRFS_INODE_DIRSYNC },
};

u64 build_fs_flags(const struct job *job, const struct ext_inode *inode)
{
	u64 flags = 0;

	for (size_t i = 0; i < ARRAY_SIZE(flag_map); i++)
		if (inode->flags & flag_map[i].ext)
			flags |= flag_map[i].btrfs;
	if (inode->flags & EXT_FLAG_NOCOMPR)
		flags |= BTRFS_INODE_NOCOMPRESS;
	else if (inode->flags & EXT_FLAG_COMPR)
		flags |= BTRFS_INODE_COMPRESS;
	if (S_ISLNK(inode->mode))
		flags &= ~(BTRFS_INODE_IMMUTABLE | BTRFS_INODE_APPEND);
	if (S_ISREG(inode->mode) && !job->config.datasum)
		flags |= BTRFS_INODE_NODATASUM;
	return flags;
}

/* --- file extents --- */

struct extents_ctx {
	struct fs_builder *b;
	const struct ext_inode *inode;
	struct extent_writer writer;
	u64 eof;         /* written blocks from here on are not part of the file */
	u64 nbytes;
	bool prealloc;
};

static int measure_run(void *ctx, const struct ext_run *run)
{
	struct extents_ctx *x = ctx;
	u64 end = run->logical + run->len;

	if (run->unwritten)
		x->prealloc = true;
	else
		end = min_u64(end, x->eof);
	if (end > run->logical)
		x->nbytes += end - run->logical;
	return 0;
}

static int write_run(void *ctx, const struct ext_run *run)
{
	struct extents_ctx *x = ctx;
	u64 end = run->logical + run->len, pos = run->logical;
	int ret = 0;

	if (!run->unwritten)
		end = min_u64(end, x->eof);
	while (!ret && pos < end) {
		u64 physical = run->physical + (pos - run->logical), logical;
		u64 len = min_u64(plan_cut(x->b->job->plan, physical, &logical) - physical, end - pos);

		ret = extent_writer_add(&x->writer, pos, logical, len, run->unwritten);
		pos += len;
	}
	return ret;
}

static int measure_extents(struct extents_ctx *x, struct btrfs_inode *out)
{
	struct ext_map_sink sink = { .run = measure_run, .ctx = x };
	int ret = ext_map_iterate(x->b->job->ext, x->inode, &sink);

	out->nbytes = x->nbytes;
	if (x->prealloc)
		out->flags |= BTRFS_INODE_PREALLOC;
	return ret;
}

static int write_extents(struct extents_ctx *x)
{
	struct ext_map_sink sink = { .run = write_run, .ctx = x };
	int ret;

	x->writer = (struct extent_writer){ .job = x->b->job, .tree = x->b->tree, .objectid = x->b->objectid };
	ret = ext_map_iterate(x->b->job->ext, x->inode, &sink);
	if (!ret)
		ret = extent_writer_finish(&x->writer, x->inode->size);
	return ret;
}

/* --- one inode --- */

int build_fs_inode_item(struct fs_builder *b, const struct ext_inode *inode, struct btrfs_inode *out)
{
	struct btrfs_key key = { b->objectid, BTRFS_INODE_ITEM, 0 };
	u8 item[BTRFS_INODE_ITEM_SIZE];
	u32 size;

	out->nlink = S_ISDIR(inode->mode) ? 1 : inode->nlink;
	out->uid = inode->uid;
	out->gid = inode->gid;
	out->mode = inode->mode;
	out->rdev_major = inode->rdev_major;
	out->rdev_minor = inode->rdev_minor;
	out->sequence = inode->version;
	out->atime = inode->atime;
	out->ctime = inode->ctime;
	out->mtime = inode->mtime;
	out->otime = inode->otime;
	size = btrfs_inode_encode(item, out, b->job->plan->params.generation);
	return btrfs_tree_add(b->tree, &key, item, size);
}

/* What every inode begins with: the inode itself, its names and its attributes. */
static int write_head(struct fs_builder *b, const struct ext_inode *inode, struct btrfs_inode *out)
{
	int ret = build_fs_inode_item(b, inode, out);

	if (!ret)
		ret = build_fs_refs(b, inode->ino);
	return ret ? ret : build_fs_xattrs(b, inode);
}

int build_fs_inline(struct fs_builder *b, const void *data, u32 len)
{
	struct btrfs_key key = { b->objectid, BTRFS_EXTENT_DATA, 0 };
	u32 size = btrfs_inline_extent_encode(b->item, data, len, b->job->plan->params.generation);

	return btrfs_tree_add(b->tree, &key, b->item, size);
}

static int write_symlink(struct fs_builder *b, const struct ext_inode *inode, struct btrfs_inode *out)
{
	char target[EXT_SYMLINK_MAX + 1];
	u32 len = 0;
	int ret = ext_symlink_read(b->job->ext, inode, target, &len);

	if (ret)
		return ret;
	out->size = len;
	out->nbytes = len;
	ret = write_head(b, inode, out);
	return ret ? ret : build_fs_inline(b, target, len);
}

static int write_inline_file(struct fs_builder *b, const struct ext_inode *inode, struct btrfs_inode *out)
{
	struct sort_rec rec;
	int ret = sort_next(b->job->build->inlines, &rec);

	if (ret < 0)
		return ret;
	if (ret == 0 || rec.hi != inode->ino || rec.len != inode->size) {
		return job_bug("build: the content of inline inode %u is missing",
			inode->ino);
	}
	out->size = rec.len;
	out->nbytes = rec.len;
	ret = write_head(b, inode, out);
	return ret ? ret : build_fs_inline(b, rec.payload, rec.len);
}

static int write_dir(struct fs_builder *b, const struct ext_inode *inode, struct btrfs_inode *out)
{
	int ret = build_fs_read_dir(b, inode, &out->size);

	if (!ret)
		ret = write_head(b, inode, out);
	return ret ? ret : build_fs_entries(b);
}

static int write_other(struct fs_builder *b, const struct ext_inode *inode, struct btrfs_inode *out)
{
	struct extents_ctx x = { .b = b, .inode = inode, .eof = round_up(inode->size, SECTOR) };
	int ret = 0;

	if (S_ISREG(inode->mode)) {
		out->size = inode->size;
		ret = measure_extents(&x, out);
	}
	if (!ret)
		ret = write_head(b, inode, out);
	if (!ret && S_ISREG(inode->mode))
		ret = write_extents(&x);
	return ret;
}

static int write_inode(struct fs_builder *b, const struct ext_inode *inode)
{
	const u8 *flags = scan_inode_flags(b->job->scan, inode->ino);
	struct btrfs_inode out = { .flags = build_fs_flags(b->job, inode) };

	b->objectid = (u64)inode->ino + SCAN_INO_OFFSET;
	if (S_ISDIR(inode->mode))
		return write_dir(b, inode, &out);
	if (S_ISLNK(inode->mode))
		return write_symlink(b, inode, &out);
	if (b->job->build->sweep_inline && flags && (*flags & SCAN_INODE_INLINE))
		return write_inline_file(b, inode, &out);
	return write_other(b, inode, &out);
}

static int write_inodes(struct fs_builder *b)
{
	struct ext_inode_iter *it = NULL;
	struct ext_inode inode;
	u32 count = 0;
	int ret = ext_inode_iter_new(b->job->ext, 1, &it);

	while (ret >= 0 && (ret = ext_inode_iter_next(it, &inode)) == 1) {
		if (inode.kind == EXT_INODE_SPECIAL)
			continue;
		ret = write_inode(b, &inode);
		if (ret)
			break;
		if (++count % 4096 == 0) {
			progress_update(b->job->progress, ext_inode_iter_bytes(it));
			if (job_stopped(b->job)) {
				ret = ERR_STOPPED;
				break;
			}
		}
	}
	ext_inode_iter_free(it);
	return ret ? ret : build_fs_fstab(b);
}

int build_fs(struct job *job)
{
	struct fs_builder b = { .job = job };
	int ret = build_fs_init(&b);

	if (!ret)
		ret = sort_rewind(job->scan->names);
	if (!ret)
		ret = build_fs_next_name(&b);
	if (!ret)
		ret = build_open_tree(job, &job->build->meta, BTRFS_FS_TREE, &b.tree);
	if (!ret) {
		ret = write_inodes(&b);
		ret = build_close_tree(job, b.tree, ret, &job->build->fs);
	}
	build_fs_fini(&b);
	return ret;
}

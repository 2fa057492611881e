/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One inode: checksum, the checks that need nothing but the inode, and decoding. Block maps, attributes and targets are
 * checked by the files that read them.
 */
#include <sys/stat.h>

#include "ext/ext_private.h"

/* Whether a field of the inode's second part lies inside what this inode uses. extra_isize 0 in a large inode means
 * that the kernel takes all fixed fields, so it counts as the whole of them. */
static bool has_field(const struct ext_fs *fs, const struct ext_inode_disk *raw, size_t end)
{
	u32 extra;

	if (fs->inode_size == EXT_GOOD_OLD_INODE)
		return false;
	extra = le16_to_cpu(raw->extra_isize);
	if (extra == 0)
		extra = sizeof(*raw) - EXT_GOOD_OLD_INODE;
	return EXT_GOOD_OLD_INODE + extra >= end;
}

#define HAS_FIELD(fs, raw, field) \
	has_field(fs, raw, offsetof(struct ext_inode_disk, field) + sizeof((raw)->field))

bool ext_inode_csum_ok(const struct ext_fs *fs, u32 ino, u8 *raw)
{
	struct ext_inode_disk *inode = (struct ext_inode_disk *)raw;
	bool large = fs->inode_size > EXT_GOOD_OLD_INODE && le16_to_cpu(inode->extra_isize) >= 4;
	le16 lo = inode->checksum_lo, hi = 0;
	le32 head[2] = { cpu_to_le32(ino), inode->generation };
	u32 csum;

	inode->checksum_lo = 0;
	if (large) {
		hi = inode->checksum_hi;
		inode->checksum_hi = 0;
	}
	csum = crc32c_raw(crc32c_raw(fs->csum_seed, head, sizeof(head)), raw, fs->inode_size);
	inode->checksum_lo = lo;
	if (large)
		inode->checksum_hi = hi;
	return (csum & 0xFFFF) == le16_to_cpu(lo) && (!large || csum >> 16 == le16_to_cpu(hi));
}

u32 ext_inode_csum_seed(const struct ext_fs *fs, const struct ext_inode *inode)
{
	le32 head[2] = { cpu_to_le32(inode->ino), ext_inode_raw(inode)->generation };

	return crc32c_raw(fs->csum_seed, head, sizeof(head));
}

bool ext_inode_is_special(const struct ext_fs *fs, u32 ino)
{
	if (ino == EXT_ROOT_INO)
		return false;
	if (ino < fs->first_ino)
		return true;
	if (fs->ro_compat & EXT_RO_QUOTA &&
	    (ino == le32_to_cpu(fs->super.usr_quota_inum) || ino == le32_to_cpu(fs->super.grp_quota_inum)))
		return true;
	if (fs->ro_compat & (EXT_RO_QUOTA | EXT_RO_PROJECT) && ino == le32_to_cpu(fs->super.prj_quota_inum))
		return true;
	return fs->compat & EXT_COMPAT_ORPHAN_FILE && ino == le32_to_cpu(fs->super.orphan_file_inum);
}

bool ext_inode_nr_ok(const struct ext_fs *fs, u32 ino)
{
	return ino == EXT_ROOT_INO ||
	       (ino >= fs->first_ino && ino <= fs->info.nr_inodes && !ext_inode_is_special(fs, ino));
}

static int refuse_inode(const struct ext_fs *fs, u32 ino, const char *remedy, const char *what)
{
	return ext_refuse(fs, remedy, "inode %u: %s", ino, what);
}

/* Flags that stand for something that cannot be carried over, and flags without their feature. */
static int check_flags(const struct ext_fs *fs, u32 ino, u32 flags)
{
	if (flags & EXT_FLAG_ENCRYPT)
		return refuse_inode(fs, ino, "decrypt it into a new file and delete it", "is encrypted");
	if (flags & EXT_FLAG_CASEFOLD)
		return refuse_inode(fs, ino, "empty the directory, run chattr -F on it and fill it again",
				    "is a directory that ignores case");
	if (flags & EXT_FLAG_VERITY)
		return refuse_inode(fs, ino, "copy the file and delete the original", "is protected by fs-verity");
	if (flags & EXT_FLAG_SNAPSHOT)
		return refuse_inode(fs, ino, EXT_REMEDY_COPY, "is a snapshot");
	if (flags & EXT_FLAG_IMAGIC)
		return refuse_inode(fs, ino, EXT_REMEDY_COPY, "belongs to an AFS server");
	if (flags & EXT_FLAG_RESERVED)
		return refuse_inode(fs, ino, EXT_REMEDY_COPY, "has an unknown flag (0x80000000)");
	if (flags & EXT_FLAG_INLINE)
		return ext_corrupt_inode(fs, ino, "holds inline data, but the feature is off");
	if (flags & EXT_FLAG_EA_INODE)
		return ext_corrupt_inode(fs, ino, "holds an attribute's value, but the feature is off");
	if (flags & EXT_FLAG_EXTENTS && !(fs->incompat & EXT_INCOMPAT_EXTENTS))
		return ext_corrupt_inode(fs, ino, "is mapped by extents, but the feature is off");
	if (flags & EXT_FLAG_HUGE_FILE && !(fs->ro_compat & EXT_RO_HUGE_FILE))
		return ext_corrupt_inode(fs, ino, "counts in blocks, but the huge_file feature is off");
	return 0;
}

static bool block_area_empty(const struct ext_inode_disk *raw)
{
	for (u32 i = 0; i < EXT_BLOCK_AREA; i++)
		if (raw->block[i])
			return false;
	return true;
}

/* The kind of a file, as far as the mode tells it. */
static int check_mode(const struct ext_fs *fs, const struct ext_inode *inode)
{
	const struct ext_inode_disk *raw = ext_inode_raw(inode);

	switch (inode->mode & S_IFMT) {
	case S_IFREG:
	case S_IFLNK:
		break;
	case S_IFDIR:
		if (inode->kind == EXT_INODE_SPECIAL)
			return ext_corrupt_inode(fs, inode->ino, "a reserved inode is a directory");
		break;
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		if (inode->flags & EXT_FLAG_EXTENTS)
			return ext_corrupt_inode(fs, inode->ino, "a device, fifo or socket is mapped by extents");
		if ((S_ISFIFO(inode->mode) || S_ISSOCK(inode->mode)) && !block_area_empty(raw))
			return ext_corrupt_inode(fs, inode->ino, "a fifo or socket has a block map");
		break;
	default:
		if (inode->kind != EXT_INODE_SPECIAL || inode->mode)
			return ext_corrupt_inode(fs, inode->ino, "impossible mode 0%o", inode->mode);
	}
	if (inode->ino == EXT_ROOT_INO && !S_ISDIR(inode->mode))
		return ext_corrupt_inode(fs, inode->ino, "the root is no directory");
	return 0;
}

static int decode_size(const struct ext_fs *fs, struct ext_inode *out)
{
	const struct ext_inode_disk *raw = ext_inode_raw(out);
	u32 hi = le32_to_cpu(raw->size_hi);
	bool regular = S_ISREG(out->mode) || !(out->mode & S_IFMT);

	if (!regular && !S_ISDIR(out->mode) && !S_ISLNK(out->mode)) {
		out->size = 0;
		return 0;
	}
	out->size = le32_to_cpu(raw->size_lo);
	if (hi && !regular && !(S_ISDIR(out->mode) && fs->incompat & EXT_INCOMPAT_LARGEDIR))
		return ext_corrupt_inode(fs, out->ino, "impossible size");
	out->size |= (u64)hi << 32;
	/* the resize inode is of that size whatever the features */
	if (regular && out->size >> 31 && out->kind == EXT_INODE_FILE && !(fs->ro_compat & EXT_RO_LARGE_FILE))
		return ext_corrupt_inode(fs, out->ino, "is larger than 2 GiB, but the large_file feature is off");
	return 0;
}

/* Old device numbers have 8 bits for each half, in the first word; new ones have 12 and 20, in the second. */
static void decode_rdev(struct ext_inode *out)
{
	const u8 *area = ext_inode_raw(out)->block;
	u32 old = get_le32(area), v = get_le32(area + 4);

	out->rdev_major = 0;
	out->rdev_minor = 0;
	if (!S_ISCHR(out->mode) && !S_ISBLK(out->mode))
		return;
	if (old) {
		out->rdev_major = old >> 8 & 0xFF;
		out->rdev_minor = old & 0xFF;
	} else {
		out->rdev_major = (v & 0xFFF00) >> 8;
		out->rdev_minor = (v & 0xFF) | (v >> 12 & 0xFFF00);
	}
}

static struct time64 decode_time(struct ext_fs *fs, u32 ino, le32 sec, le32 extra)
{
	u32 x = le32_to_cpu(extra);

	if (!fs->warned_time && ext_time_odd(le32_to_cpu(sec), x)) {
		fs->warned_time = true;
		msg_warn("%s: inode %u: an odd time; it and others are carried over as the kernel shows them",
			 fs->dev->name, ino);
	}
	return ext_time_decode(le32_to_cpu(sec), x);
}

static void decode_times(struct ext_fs *fs, struct ext_inode *out)
{
	const struct ext_inode_disk *raw = ext_inode_raw(out);
	const struct time64 none = { 0, 0 };

	out->atime = decode_time(fs, out->ino, raw->atime, HAS_FIELD(fs, raw, atime_extra) ? raw->atime_extra : 0);
	out->ctime = decode_time(fs, out->ino, raw->ctime, HAS_FIELD(fs, raw, ctime_extra) ? raw->ctime_extra : 0);
	out->mtime = decode_time(fs, out->ino, raw->mtime, HAS_FIELD(fs, raw, mtime_extra) ? raw->mtime_extra : 0);
	out->otime = none;
	if (HAS_FIELD(fs, raw, crtime))
		out->otime = decode_time(fs, out->ino, raw->crtime,
					 HAS_FIELD(fs, raw, crtime_extra) ? raw->crtime_extra : 0);
	out->version = le32_to_cpu(raw->version_lo);
	if (HAS_FIELD(fs, raw, version_hi))
		out->version |= (u64)le32_to_cpu(raw->version_hi) << 32;
}

static int decode_owner(const struct ext_fs *fs, struct ext_inode *out)
{
	const struct ext_inode_disk *raw = ext_inode_raw(out);

	out->uid = le16_to_cpu(raw->uid_lo);
	out->gid = le16_to_cpu(raw->gid_lo);
	if (!(le32_to_cpu(fs->super.default_mount_opts) & EXT_DEFAULT_UID16)) {
		out->uid |= (u32)le16_to_cpu(raw->uid_hi) << 16;
		out->gid |= (u32)le16_to_cpu(raw->gid_hi) << 16;
	}
	return 0;
}

static int decode_xattr_place(const struct ext_fs *fs, struct ext_inode *out)
{
	const struct ext_inode_disk *raw = ext_inode_raw(out);
	u32 hi = le16_to_cpu(raw->file_acl_hi);
	u64 block = le32_to_cpu(raw->file_acl_lo);
	u32 extra;

	if (fs->incompat & EXT_INCOMPAT_64BIT)
		block |= (u64)hi << 32;
	else if (hi)
		return ext_corrupt_inode(fs, out->ino, "impossible attribute block");
	if (block && !ext_map_block_ok(fs, block, 1))
		return ext_corrupt_inode(fs, out->ino, "attribute block %llu is outside the file system",
					 (unsigned long long)block);
	out->xattr_block = block << fs->block_bits;
	if (fs->inode_size == EXT_GOOD_OLD_INODE)
		return 0;
	extra = le16_to_cpu(raw->extra_isize);
	if (extra % 4 || extra > fs->inode_size - EXT_GOOD_OLD_INODE)
		return ext_corrupt_inode(fs, out->ino, "impossible extra size %u", extra);
	return 0;
}

int ext_inode_decode(struct ext_fs *fs, u32 ino, const u8 *raw_bytes, struct ext_inode *out)
{
	const struct ext_inode_disk *raw = (const struct ext_inode_disk *)raw_bytes;
	int ret;

	out->ino = ino;
	out->kind = ext_inode_is_special(fs, ino) ? EXT_INODE_SPECIAL : EXT_INODE_FILE;
	out->raw = raw;
	out->mode = le16_to_cpu(raw->mode);
	out->nlink = le16_to_cpu(raw->links_count);
	out->flags = le32_to_cpu(raw->flags);
	ret = check_flags(fs, ino, out->flags);
	if (!ret)
		ret = check_mode(fs, out);
	if (!ret)
		ret = decode_size(fs, out);
	if (!ret)
		ret = decode_owner(fs, out);
	if (!ret)
		ret = decode_xattr_place(fs, out);
	if (ret)
		return ret;
	decode_times(fs, out);
	decode_rdev(out);
	return 0;
}

bool ext_inode_is_blank(const u8 *raw_bytes)
{
	const struct ext_inode_disk *raw = (const struct ext_inode_disk *)raw_bytes;

	return !raw->mode && !raw->links_count && !raw->blocks_lo && !raw->file_acl_lo && block_area_empty(raw);
}

int ext_inode_read(struct ext_fs *fs, u32 ino, struct ext_inode *out)
{
	u32 group = (ino - 1) / fs->inodes_per_group;
	u32 index = (ino - 1) % fs->inodes_per_group;
	struct ext_group g;
	u64 offset;
	int ret;

	ext_group_get(fs, group, &g);
	if (index >= g.nr_inodes)
		return ext_corrupt_inode(fs, ino, "lies in the unused part of the inode table");
	offset = (g.itable << fs->block_bits) + (u64)index * fs->inode_size;
	ret = dev_read(fs->dev, offset, fs->special_buf, fs->inode_size);
	if (ret)
		return ret;
	if (ext_inode_is_blank(fs->special_buf)) {
		memset(out, 0, sizeof(*out));
		out->ino = ino;
		out->kind = EXT_INODE_SPECIAL;
		out->raw = fs->special_buf;
		return 0;
	}
	if (fs->metadata_csum && !ext_inode_csum_ok(fs, ino, fs->special_buf))
		return ext_corrupt_inode(fs, ino, "wrong checksum");
	return ext_inode_decode(fs, ino, fs->special_buf, out);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decodes a superblock. Everything that the kernel demands of one at mount is checked, so that what passes here and
 * has sound trees is a file system that mounts; what this reader cannot follow is refused.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs_csum.h"
#include "btrfs/btrfs_read_private.h"

/* Features of existing file systems that do not change what this reader looks at: beside those that are written here
 * DEFAULT_SUBVOL, MIXED_GROUPS, COMPRESS_LZO, COMPRESS_ZSTD, RAID56, METADATA_UUID and RAID1C34. (Which profiles the
 * chunks really have is seen in the chunk tree.) */
#define INCOMPAT_METADATA_UUID ((u64)0x400)
#define INCOMPAT_KNOWN ((u64)0xfff)

/* ERROR, SEEDING, METADUMP and METADUMP_V2 beside WRITTEN and RELOC. */
#define SUPER_FLAGS_KNOWN (((u64)3 << 0) | ((u64)1 << 2) | ((u64)7 << 32))

#define SYS_ARRAY_MIN 97u

struct super_check {
	const struct btrfs_super_disk *disk;
	u64 bytenr;
	bool loud;
};

static int __printf(3, 4) super_bad(const struct super_check *c, int status, const char *fmt, ...)
{
	char text[200];
	va_list args;

	if (!c->loud)
		return status;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	msg_err("btrfs: superblock at %llu: %s", (unsigned long long)c->bytenr, text);
	return status;
}

static int check_identity(const struct super_check *c)
{
	const struct btrfs_super_disk *d = c->disk;
	enum btrfs_csum_type type;
	u8 csum[BTRFS_CSUM_MAX];

	if (le64_to_cpu(d->magic) != BTRFS_MAGIC)
		return super_bad(c, ERR_CORRUPT, "this is not a btrfs superblock");
	if (le16_to_cpu(d->csum_type) > BTRFS_CSUM_BLAKE2B)
		return super_bad(c, ERR_REFUSED, "checksum type %u is not known", le16_to_cpu(d->csum_type));
	type = (enum btrfs_csum_type)le16_to_cpu(d->csum_type);
	btrfs_csum(type, (const u8 *)d + BTRFS_CSUM_MAX, BTRFS_SUPER_SIZE - BTRFS_CSUM_MAX, csum);
	if (memcmp(csum, d->csum, btrfs_csum_size(type)) != 0)
		return super_bad(c, ERR_CORRUPT, "the checksum is wrong");
	if (le64_to_cpu(d->bytenr) != c->bytenr)
		return super_bad(c, ERR_CORRUPT, "it belongs at %llu", (unsigned long long)le64_to_cpu(d->bytenr));
	if (le64_to_cpu(d->flags) & ~SUPER_FLAGS_KNOWN)
		return super_bad(c, ERR_CORRUPT, "unknown flags %#llx", (unsigned long long)le64_to_cpu(d->flags));
	return 0;
}

static int check_features(const struct super_check *c)
{
	const u64 need = BTRFS_COMPAT_RO_FREE_SPACE_TREE | BTRFS_COMPAT_RO_FREE_SPACE_TREE_VALID;
	const struct btrfs_super_disk *d = c->disk;
	u64 incompat = le64_to_cpu(d->incompat_flags);
	u64 compat_ro = le64_to_cpu(d->compat_ro_flags);

	if (incompat & ~INCOMPAT_KNOWN)
		return super_bad(c, ERR_REFUSED, "incompatible features %#llx are not known",
				 (unsigned long long)(incompat & ~INCOMPAT_KNOWN));
	if (le64_to_cpu(d->num_devices) != 1)
		return super_bad(c, ERR_REFUSED, "the file system has %llu devices, only one is supported",
				 (unsigned long long)le64_to_cpu(d->num_devices));
	if ((compat_ro & BTRFS_COMPAT_RO_BLOCK_GROUP_TREE) &&
	    ((compat_ro & need) != need || !(incompat & BTRFS_INCOMPAT_NO_HOLES)))
		return super_bad(c, ERR_CORRUPT, "block-group-tree without free-space-tree or no-holes");
	if (memcmp(d->dev_item.fsid, incompat & INCOMPAT_METADATA_UUID ? d->metadata_uuid : d->fsid,
		   BTRFS_UUID_SIZE) != 0)
		return super_bad(c, ERR_CORRUPT, "the device belongs to another file system");
	return 0;
}

static int check_geometry(const struct super_check *c)
{
	const struct btrfs_super_disk *d = c->disk;
	u32 nodesize = le32_to_cpu(d->nodesize);
	u32 array = le32_to_cpu(d->sys_chunk_array_size);
	u64 total = le64_to_cpu(d->total_bytes);
	u64 used = le64_to_cpu(d->bytes_used);

	if (le32_to_cpu(d->sectorsize) != SECTOR)
		return super_bad(c, ERR_REFUSED, "sector size %u, only %u is supported",
				 le32_to_cpu(d->sectorsize), SECTOR);
	if (!is_power_of_2(nodesize) || nodesize < SECTOR || nodesize > 64 * KIB)
		return super_bad(c, ERR_CORRUPT, "node size %u", nodesize);
	if (le32_to_cpu(d->leafsize) != nodesize)
		return super_bad(c, ERR_CORRUPT, "leaf size %u, node size %u", le32_to_cpu(d->leafsize), nodesize);
	if (!is_power_of_2(le32_to_cpu(d->stripesize)))
		return super_bad(c, ERR_CORRUPT, "stripe size %u", le32_to_cpu(d->stripesize));
	if (array < SYS_ARRAY_MIN || array > BTRFS_SYS_CHUNK_ARRAY_SIZE)
		return super_bad(c, ERR_CORRUPT, "system chunk array of %u bytes", array);
	if (used < (u64)6 * nodesize || used > total)
		return super_bad(c, ERR_CORRUPT, "%llu of %llu bytes used", (unsigned long long)used,
				 (unsigned long long)total);
	return 0;
}

static int check_roots(const struct super_check *c)
{
	const struct btrfs_super_disk *d = c->disk;
	u64 root = le64_to_cpu(d->root);
	u64 chunk_root = le64_to_cpu(d->chunk_root);

	if (!root || root % SECTOR || !chunk_root || chunk_root % SECTOR || le64_to_cpu(d->log_root) % SECTOR)
		return super_bad(c, ERR_CORRUPT, "tree roots at %llu, %llu and %llu", (unsigned long long)root,
				 (unsigned long long)chunk_root, (unsigned long long)le64_to_cpu(d->log_root));
	if (d->root_level >= BTRFS_MAX_LEVEL || d->chunk_root_level >= BTRFS_MAX_LEVEL ||
	    d->log_root_level >= BTRFS_MAX_LEVEL)
		return super_bad(c, ERR_CORRUPT, "tree levels %u, %u and %u", d->root_level, d->chunk_root_level,
				 d->log_root_level);
	if (!le64_to_cpu(d->generation) ||
	    le64_to_cpu(d->chunk_root_generation) > le64_to_cpu(d->generation))
		return super_bad(c, ERR_CORRUPT, "generation %llu, of the chunk tree %llu",
				 (unsigned long long)le64_to_cpu(d->generation),
				 (unsigned long long)le64_to_cpu(d->chunk_root_generation));
	return 0;
}

int btrfs_super_decode(const u8 super[BTRFS_SUPER_SIZE], u64 bytenr, bool loud, struct btrfs_super_info *info)
{
	const struct btrfs_super_disk *d = (const struct btrfs_super_disk *)super;
	const struct super_check c = { d, bytenr, loud };
	int ret;

	ret = check_identity(&c);
	if (!ret)
		ret = check_features(&c);
	if (!ret)
		ret = check_geometry(&c);
	if (!ret)
		ret = check_roots(&c);
	if (ret)
		return ret;

	memset(info, 0, sizeof(*info));
	memcpy(info->fsid, d->fsid, sizeof(info->fsid));
	memcpy(info->header_fsid, d->dev_item.fsid, sizeof(info->header_fsid));
	memcpy(info->dev_uuid, d->dev_item.uuid, sizeof(info->dev_uuid));
	info->devid = le64_to_cpu(d->dev_item.devid);
	info->generation = le64_to_cpu(d->generation);
	info->total_bytes = le64_to_cpu(d->total_bytes);
	info->bytes_used = le64_to_cpu(d->bytes_used);
	info->dev_bytes_used = le64_to_cpu(d->dev_item.bytes_used);
	info->root = le64_to_cpu(d->root);
	info->chunk_root = le64_to_cpu(d->chunk_root);
	info->chunk_root_generation = le64_to_cpu(d->chunk_root_generation);
	info->log_root = le64_to_cpu(d->log_root);
	info->root_level = d->root_level;
	info->chunk_root_level = d->chunk_root_level;
	info->nodesize = le32_to_cpu(d->nodesize);
	info->csum_type = (enum btrfs_csum_type)le16_to_cpu(d->csum_type);
	info->incompat = le64_to_cpu(d->incompat_flags);
	info->compat_ro = le64_to_cpu(d->compat_ro_flags);
	memcpy(info->label, d->label, sizeof(info->label) - 1);
	return 0;
}

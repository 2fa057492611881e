/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The superblock beyond what any reader checks: every field is as a fresh file system has it. */
#include <string.h>

#include "base/status.h"
#include "convert/verify_private.h"

#define INCOMPAT_WRITTEN (BTRFS_INCOMPAT_MIXED_BACKREF | BTRFS_INCOMPAT_BIG_METADATA | BTRFS_INCOMPAT_EXTENDED_IREF | \
			  BTRFS_INCOMPAT_SKINNY_METADATA | BTRFS_INCOMPAT_NO_HOLES)
#define FREE_SPACE_BITS (BTRFS_COMPAT_RO_FREE_SPACE_TREE | BTRFS_COMPAT_RO_FREE_SPACE_TREE_VALID)

static const char *wrong_features(const struct verify *v)
{
	u64 incompat = v->info->incompat, free_space = v->info->compat_ro & FREE_SPACE_BITS;
	bool big = (incompat & BTRFS_INCOMPAT_BIG_METADATA) != 0;

	if (incompat & ~INCOMPAT_WRITTEN || !(incompat & BTRFS_INCOMPAT_MIXED_BACKREF) ||
	    big != (v->info->nodesize > SECTOR))
		return "incompat features";
	if (v->info->compat_ro & ~(FREE_SPACE_BITS | BTRFS_COMPAT_RO_BLOCK_GROUP_TREE) ||
	    (free_space && free_space != FREE_SPACE_BITS))
		return "compat_ro features";
	if (v->super->compat_flags)
		return "compat features";
	if (free_space && v->super->cache_generation)
		return "cache generation";
	return NULL;
}

static const char *wrong_fields(const struct btrfs_super_disk *d)
{
	if (le64_to_cpu(d->flags) != BTRFS_SUPER_FLAG_WRITTEN)
		return "flags";
	if (d->log_root || d->log_root_transid || d->log_root_level)
		return "log";
	if (le64_to_cpu(d->chunk_root_generation) != le64_to_cpu(d->generation))
		return "chunk root generation";
	if (le64_to_cpu(d->root_dir_objectid) != BTRFS_ROOT_TREE_DIR)
		return "root directory";
	if (le32_to_cpu(d->stripesize) != SECTOR)
		return "stripe size";
	if (le64_to_cpu(d->total_bytes) % SECTOR || d->total_bytes != d->dev_item.total_bytes)
		return "size";
	if (d->label[sizeof(d->label) - 1])
		return "label";
	if (!verify_all_zero(d->metadata_uuid, sizeof(d->metadata_uuid)) &&
	    memcmp(d->metadata_uuid, d->fsid, sizeof(d->fsid)) != 0)
		return "metadata uuid";
	if (d->nr_global_roots || d->remap_root || d->remap_root_generation || d->remap_root_level ||
	    !verify_all_zero(d->reserved, sizeof(d->reserved)))
		return "reserved bytes";
	return NULL;
}

int verify_super(const struct verify *v)
{
	const char *what = wrong_features(v);

	if (!what)
		what = wrong_fields(v->super);
	return what ? verify_bug("superblock: the %s is not as it should be", what) : 0;
}

int verify_super_roots(const struct verify *v)
{
	const struct btrfs_root_backup_disk *b = &v->super->backups[0];
	const struct {
		u64 id;
		le64 logical, generation;
		u8 level;
	} entries[] = {
		{ BTRFS_ROOT_TREE, b->tree_root, b->tree_root_gen, b->tree_level },
		{ BTRFS_CHUNK_TREE, b->chunk_root, b->chunk_root_gen, b->chunk_level },
		{ BTRFS_EXTENT_TREE, b->extent_root, b->extent_root_gen, b->extent_level },
		{ BTRFS_FS_TREE, b->fs_root, b->fs_root_gen, b->fs_level },
		{ BTRFS_DEV_TREE, b->dev_root, b->dev_root_gen, b->dev_level },
		{ BTRFS_CSUM_TREE, b->csum_root, b->csum_root_gen, b->csum_level },
	};
	size_t i;

	if ((verify_find_root(v, BTRFS_UUID_TREE) ? v->super->generation : 0) != v->super->uuid_tree_generation)
		return verify_bug("superblock: wrong generation of the uuid tree");
	if (verify_all_zero(b, sizeof(*b)))
		return 0;
	for (i = 0; i < ARRAY_SIZE(entries); i++) {
		const struct verify_root *root = verify_find_root(v, entries[i].id);

		if (!root || le64_to_cpu(entries[i].logical) != root->logical || entries[i].level != root->level ||
		    entries[i].generation != v->super->generation)
			return verify_bug("superblock: the backup root of tree %llu is another one",
					  (unsigned long long)entries[i].id);
	}
	if (b->total_bytes != v->super->total_bytes || b->bytes_used != v->super->bytes_used ||
	    le64_to_cpu(b->num_devices) != 1)
		return verify_bug("superblock: sizes in the backup roots are others");
	return 0;
}

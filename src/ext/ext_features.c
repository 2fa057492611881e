/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The allow-list over all three feature words. A bit that is not in the table is refused, in the compat word too: it
 * may mean blocks or names that nobody here knows about.
 */
#include <stdio.h>

#include "ext/ext_private.h"

enum word { COMPAT, INCOMPAT, RO_COMPAT };

static const char *const word_names[] = { "compat", "incompat", "ro_compat" };

/* With a reason the feature is refused, without one it is carried over or has no meaning in btrfs. */
struct feature {
	enum word word;
	u32 bit;
	const char *name;
	const char *reason;
	const char *remedy;
};

#define UNSHARE "run e2fsck -f -E unshare_blocks %s"
#define NOT_KNOWN "belongs to a variant of ext that is not known here"

static const struct feature features[] = {
	{ COMPAT, 0x0001, "dir_prealloc", NULL, NULL },
	{ COMPAT, 0x0002, "imagic_inodes", NULL, NULL },
	{ COMPAT, EXT_COMPAT_HAS_JOURNAL, "has_journal", NULL, NULL },
	{ COMPAT, 0x0008, "ext_attr", NULL, NULL },
	{ COMPAT, EXT_COMPAT_RESIZE_INODE, "resize_inode", NULL, NULL },
	{ COMPAT, 0x0020, "dir_index", NULL, NULL },
	{ COMPAT, 0x0040, "lazy_bg", "is obsolete and hides uninitialised groups", EXT_REMEDY_COPY },
	{ COMPAT, 0x0080, "exclude_inode", "belongs to snapshots, which cannot be carried over", EXT_REMEDY_COPY },
	{ COMPAT, 0x0100, "snapshot_bitmap", "belongs to snapshots, which cannot be carried over", EXT_REMEDY_COPY },
	{ COMPAT, 0x0200, "sparse_super2", NULL, NULL },
	{ COMPAT, 0x0400, "fast_commit", NULL, NULL },
	{ COMPAT, 0x0800, "stable_inodes", NULL, NULL },
	{ COMPAT, EXT_COMPAT_ORPHAN_FILE, "orphan_file", NULL, NULL },

	{ INCOMPAT, 0x0001, "compression", NOT_KNOWN, EXT_REMEDY_COPY },
	{ INCOMPAT, EXT_INCOMPAT_FILETYPE, "filetype", NULL, NULL },
	{ INCOMPAT, EXT_INCOMPAT_RECOVER, "needs_recovery", "the journal must be replayed first", EXT_REMEDY_PREEN },
	{ INCOMPAT, 0x0008, "journal_dev", "this is the external journal of another device",
	  "name the device that holds the file system" },
	{ INCOMPAT, EXT_INCOMPAT_META_BG, "meta_bg", NULL, NULL },
	{ INCOMPAT, EXT_INCOMPAT_EXTENTS, "extent", NULL, NULL },
	{ INCOMPAT, EXT_INCOMPAT_64BIT, "64bit", NULL, NULL },
	{ INCOMPAT, EXT_INCOMPAT_MMP, "mmp", NULL, NULL },
	{ INCOMPAT, EXT_INCOMPAT_FLEX_BG, "flex_bg", NULL, NULL },
	{ INCOMPAT, 0x0400, "ea_inode", "attributes in inodes of their own are not supported", EXT_REMEDY_COPY },
	{ INCOMPAT, 0x1000, "dirdata", NOT_KNOWN, EXT_REMEDY_COPY },
	{ INCOMPAT, EXT_INCOMPAT_CSUM_SEED, "metadata_csum_seed", NULL, NULL },
	{ INCOMPAT, EXT_INCOMPAT_LARGEDIR, "large_dir", NULL, NULL },
	{ INCOMPAT, 0x8000, "inline_data", "files inside inodes are not supported", EXT_REMEDY_COPY },
	{ INCOMPAT, 0x10000, "encrypt", NULL, NULL },
	{ INCOMPAT, 0x20000, "casefold", NULL, NULL },

	{ RO_COMPAT, 0x0001, "sparse_super", NULL, NULL },
	{ RO_COMPAT, EXT_RO_LARGE_FILE, "large_file", NULL, NULL },
	{ RO_COMPAT, 0x0004, "btree_dir", NOT_KNOWN, EXT_REMEDY_COPY },
	{ RO_COMPAT, EXT_RO_HUGE_FILE, "huge_file", NULL, NULL },
	{ RO_COMPAT, EXT_RO_GDT_CSUM, "uninit_bg", NULL, NULL },
	{ RO_COMPAT, EXT_RO_DIR_NLINK, "dir_nlink", NULL, NULL },
	{ RO_COMPAT, EXT_RO_EXTRA_ISIZE, "extra_isize", NULL, NULL },
	{ RO_COMPAT, 0x0080, "has_snapshot", "snapshots cannot be carried over", EXT_REMEDY_COPY },
	{ RO_COMPAT, EXT_RO_QUOTA, "quota", NULL, NULL },
	{ RO_COMPAT, 0x0200, "bigalloc", "clusters of several blocks are not supported", EXT_REMEDY_COPY },
	{ RO_COMPAT, EXT_RO_METADATA_CSUM, "metadata_csum", NULL, NULL },
	{ RO_COMPAT, 0x0800, "replica", NOT_KNOWN, EXT_REMEDY_COPY },
	{ RO_COMPAT, 0x1000, "read-only", "its owner asked that it be never written",
	  "run tune2fs -O ^read-only %s if it may be" },
	{ RO_COMPAT, EXT_RO_PROJECT, "project", NULL, NULL },
	{ RO_COMPAT, 0x4000, "shared_blocks", "several files own one block", UNSHARE },
	{ RO_COMPAT, 0x8000, "verity", "fs-verity files would lose their protection", EXT_REMEDY_COPY },
	{ RO_COMPAT, EXT_RO_ORPHAN_PRESENT, "orphan_present", "deleted files wait to be released", EXT_REMEDY_PREEN },
};

/* Features of ext4 alone tell it from ext3, as blkid does. */
#define EXT3_COMPAT 0x003Fu
#define EXT3_INCOMPAT (EXT_INCOMPAT_FILETYPE | EXT_INCOMPAT_META_BG)
#define EXT3_RO_COMPAT 0x0007u

const char *ext_features_type(u32 compat, u32 incompat, u32 ro_compat)
{
	if (incompat & ~EXT3_INCOMPAT || ro_compat & ~EXT3_RO_COMPAT || compat & ~EXT3_COMPAT)
		return "ext4";
	return compat & EXT_COMPAT_HAS_JOURNAL ? "ext3" : "ext2";
}

static void add_name(struct ext_fs *fs, const char *name)
{
	size_t used = strlen(fs->features);

	snprintf(fs->features + used, sizeof(fs->features) - used, "%s%s", used ? " " : "", name);
}

/* Names all features in force, and refuses, one message each, those that cannot be carried over. */
int ext_features_check(struct ext_fs *fs)
{
	u32 words[] = { fs->compat, fs->incompat, fs->ro_compat };
	int ret = 0;

	fs->features[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		const struct feature *f = &features[i];

		if (!(words[f->word] & f->bit))
			continue;
		words[f->word] &= ~f->bit;
		add_name(fs, f->name);
		if (f->reason)
			ret = ext_refuse(fs, f->remedy, "feature %s: %s", f->name, f->reason);
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (words[i])
			ret = ext_refuse(fs, "use a newer version of this program", "unknown %s feature bits 0x%x",
					 word_names[i], words[i]);
	}
	if (fs->ro_compat & EXT_RO_GDT_CSUM && fs->ro_compat & EXT_RO_METADATA_CSUM && !ret)
		ret = ext_corrupt(fs, "superblock: uninit_bg and metadata_csum exclude each other");
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proves that a finished file system is sound, by reading all of its trees back from the device, both copies. Memory
 * does not grow with the file system: what must agree between trees is summed up on both sides as fingerprints that do
 * not depend on order.
 */
#ifndef CONVERT_VERIFY_H
#define CONVERT_VERIFY_H

#include "base/progress.h"
#include "btrfs/btrfs.h"
#include "dev/dev.h"

/* In verify_expect: not compared. */
#define VERIFY_UNKNOWN ((u64)-1)

/* What the result must hold, by what scan and plan know. */
struct verify_expect {
	/* tree 5; nodes are devices, fifos and sockets, directories include the root */
	u64 nr_files, nr_dirs, nr_symlinks, nr_nodes;
	u64 nr_names;        /* directory entries without that of the subvolume */
	u64 nr_xattrs;
	u64 nr_inline;       /* files (not symlinks) whose data is inline */
	u64 inline_bytes;    /* in them */
	u64 data_bytes;      /* mapped by files, without inline and unwritten data */
	u64 prealloc_bytes;  /* mapped by files, unwritten */

	/* subvolume 256 */
	u64 image_size;      /* of the file "image" */
	u64 image_bytes;     /* mapped by it */
	u64 uninit_bytes;    /* mapped by the preallocated file beside it */

	u64 csum_bytes;      /* data covered by checksums */
};

/* What was found; the fields of verify_expect all known. */
struct verify_result {
	struct verify_expect found;
	u64 nr_blocks;       /* tree blocks, one copy */
	u64 nr_items;
	u64 nr_extents;      /* data extents */
	u64 nr_refs;         /* references to them */
	u64 extent_bytes;    /* in them */
	u64 bytes_read;      /* all copies of all tree blocks */
};

/* How the caller looks on; all may be NULL. */
struct verify_watch {
	const struct progress *progress;
	const volatile int *stop; /* not 0: verify ends soon */
};

/* Sets all fields to VERIFY_UNKNOWN. */
void verify_expect_init(struct verify_expect *expect);

/*
 * Verifies the file system on dev whose primary superblock image is given; it need not be on the device yet. expect,
 * watch and result may be NULL. ERR_BUG when anything is wrong, with a message that names it; ERR_IO and ERR_NOMEM
 * as usual; ERR_STOPPED without a message. btrfs_csum_init must have been called.
 */
int verify_trees(struct dev *dev, const u8 super[BTRFS_SUPER_SIZE], const struct verify_expect *expect,
		 const struct verify_watch *watch, struct verify_result *result) __must_check;

#endif

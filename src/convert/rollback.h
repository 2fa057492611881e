/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the roll back share. */
#ifndef CONVERT_ROLLBACK_H
#define CONVERT_ROLLBACK_H

#include "btrfs/btrfs_read.h"
#include "convert/job.h"
#include "convert/journal.h"

struct rollback {
	struct job *job;
	struct btrfs_reader *reader;
	u8 super[BTRFS_SUPER_SIZE];
	u64 image_tree_root;     /* of subvolume 256 */
	u8 image_tree_level;
	u64 image_ino, image_size;
	struct range *covered;   /* of the image, merged, ascending */
	size_t nr_covered, cap_covered;
	struct journal *journal; /* its pieces are what lies in the reserved ranges */
	u64 piece_logical[JOURNAL_MAX_PIECES]; /* of the source of each piece, as the csum tree has it; 0 for zeros */
	struct dev *view;        /* the ext file system as it will be */
	struct job *ext_job;     /* its scan */
	struct rollback_stats stats;
};

/*
 * The whole roll back, or with CONFIG_ROLLBACK_CHECK and CONFIG_STATUS the proof alone. job->dev is a fence over the
 * open device. job->rollback_stats is filled as far as the proof came, before job->plan_hook is called.
 */
int rollback_run(struct job *job) __must_check;

/* --- rollback_image.c --- */

/* Finds the saved image and maps it: every block must lie where ext expects it, or be a copy in a reserved range. */
int rollback_map_image(struct rollback *r) __must_check;

/* --- rollback_view.c --- */

/* The device as ext will see it: reserved ranges come from the pieces. Borrows both. */
int rollback_view_new(struct dev *below, const struct journal *journal, struct dev **out) __must_check;

/* --- rollback_proof.c --- */

/* Every block that ext has written must be in the image; and what will be lost is counted. */
int rollback_prove(struct rollback *r) __must_check;

/* --- rollback_space.c --- */

/* A place for the journal record that is free in both file systems. */
int rollback_find_space(struct rollback *r, u64 *address) __must_check;

/* --- rollback_csum.c --- */

/* Checks the image's data against the csum tree: all of it, or just the copies in reserved ranges. */
int rollback_check_csums(struct rollback *r, bool all) __must_check;

#endif

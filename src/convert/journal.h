/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal record: everything that is needed to bring the device into either of two states, the ext file system or
 * the btrfs, from any moment of the switch between them. It stands twice in space that is free in both file systems, is
 * written and flushed before the first home is touched, and never changes afterwards.
 */
#ifndef CONVERT_JOURNAL_H
#define CONVERT_JOURNAL_H

#include "btrfs/btrfs.h"
#include "dev/dev.h"
#include "ext/ext_mark.h"

/* The record takes this much of the device, at a multiple of it: two copies of half the size. */
#define JOURNAL_AREA (64 * KIB)
#define JOURNAL_COPY (32 * KIB)

/* Zeros instead of a copy. */
#define JOURNAL_ZEROS (~(u64)0)

/* Home of a part of ext's data in a reserved range of btrfs, and where it is kept. */
struct journal_piece {
	u64 home, len;  /* multiples of 512 */
	u64 source;     /* on the device, or JOURNAL_ZEROS */
	u8 digest[16];  /* of the source */
};

#define JOURNAL_MAX_PIECES 400u

enum journal_target { JOURNAL_TO_BTRFS, JOURNAL_TO_EXT };

struct journal {
	enum journal_target target;    /* where the interrupted run was going */
	u64 address;
	u64 device_size;               /* of the btrfs: decides which superblock copies there are */
	u8 ext_super[EXT_MARK_SIZE];   /* E, unmarked */
	u8 btrfs_super[BTRFS_SUPER_SIZE]; /* B, unmarked */
	u8 boot_code[1024];            /* first KiB of the device before the switch */
	u32 nr_pieces;
	struct journal_piece pieces[JOURNAL_MAX_PIECES];
};

/* The digest of a piece's source. */
void journal_digest(const void *buf, size_t len, u8 digest[16]);

/* Writes both copies at journal->address and flushes. The fence must be open there. */
int journal_write(struct dev *dev, const struct journal *journal) __must_check;

/* Reads the record at address from the first copy that is whole. ERR_CORRUPT (reported) when none is. */
int journal_read(struct dev *dev, u64 address, struct journal *journal) __must_check;

/* Overwrites both copies with zeros and flushes. */
int journal_clear(struct dev *dev, u64 address) __must_check;

/* --- journal_probe.c --- */

/* What the superblocks say of an interrupted switch. */
struct journal_state {
	bool armed;         /* E', B' or both: resume is needed */
	bool ext_marked;    /* E' stands */
	bool btrfs_marked;  /* B' stands */
	bool ext_stale;     /* ext is whole, a torn mark is left in its superblock */
	bool lost;          /* armed, but no address can be read */
	u64 address;
	bool has_ext, has_btrfs; /* unmarked, valid superblocks */
};

int journal_probe(struct dev *dev, struct journal_state *state) __must_check;

/* Reports an armed device: ERR_ARMED with what to do, else 0. */
int journal_refuse_armed(struct dev *dev, const char *name) __must_check;

#endif

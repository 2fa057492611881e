/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mark of an interrupted roll back in a btrfs superblock. A marked superblock (B') is the original (B) with an
 * incompat bit that no kernel knows and the address of our journal record in compat_flags; checksum, address and bit
 * stand in one 512-byte sector, so B becomes B' in one piece.
 */
#ifndef BTRFS_MARK_H
#define BTRFS_MARK_H

#include "btrfs/btrfs.h"

/* True when the superblock at bytenr is valid and marked; *journal gets the address of the record. */
bool btrfs_mark_find(const u8 super[BTRFS_SUPER_SIZE], u64 bytenr, u64 *journal);

/* Turns B into B'. */
void btrfs_mark_set(u8 super[BTRFS_SUPER_SIZE], u64 journal);

/* True when the superblock has magic, address and checksum of a copy that belongs at bytenr; marked or not. */
bool btrfs_mark_is_super(const u8 super[BTRFS_SUPER_SIZE], u64 bytenr);

/* Makes the copy for bytenr out of another copy. */
void btrfs_mark_readdress(u8 super[BTRFS_SUPER_SIZE], u64 bytenr);

#endif

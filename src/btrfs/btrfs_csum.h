/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The four checksums of btrfs, and the two name hashes and the extent reference hash, which are always crc32c. */
#ifndef BTRFS_CSUM_H
#define BTRFS_CSUM_H

#include "btrfs/btrfs.h"

u32 btrfs_csum_size(enum btrfs_csum_type type); /* 4, 8, 32, 32 */
const char *btrfs_csum_name(enum btrfs_csum_type type);
/* "crc32c", "xxhash"/"xxhash64", "sha256", "blake2"/"blake2b", any case; 0 or ERR_USAGE (not printed). */
int btrfs_csum_parse(const char *name, enum btrfs_csum_type *type);

/* Digest of len bytes; out gets btrfs_csum_size bytes. Thread-safe. */
void btrfs_csum(enum btrfs_csum_type type, const void *buf, size_t len, u8 *out);

/* Digests of nr consecutive sectors of 4096 bytes, one behind the other in out. Thread-safe. */
void btrfs_csum_sectors(enum btrfs_csum_type type, const void *sectors, size_t nr, u8 *out);

/* Must be called once before threads use the checksums (library set-up). */
int btrfs_csum_init(void) __must_check;

/* Key offset of DIR_ITEM and XATTR_ITEM. */
u32 btrfs_name_hash(const char *name, size_t len);
/* Key offset of INODE_EXTREF. */
u32 btrfs_extref_hash(u64 parent, const char *name, size_t len);
/* Key offset of EXTENT_DATA_REF, and the (descending) order of inline references. */
u64 btrfs_data_ref_hash(u64 root, u64 objectid, u64 offset);

#endif

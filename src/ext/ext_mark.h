/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mark of an interrupted switch in an ext superblock. A marked superblock (E') is the original (E) with an
 * incompat bit that no kernel knows, so that nothing mounts or repairs it, and with the address of our journal
 * record. blkid still finds type and UUID.
 *
 * The bit and the address stand in the first 512-byte sector (feature_incompat, last_mounted). With metadata_csum the
 * checksum, in the second sector, changes too; then the address stands there as well (in reserved space), so that
 * either half alone leads to the journal. Without it only one sector changes.
 */
#ifndef EXT_MARK_H
#define EXT_MARK_H

#include "base/types.h"

#define EXT_MARK_HOME ((u64)1024)   /* where the superblock stands */
#define EXT_MARK_SIZE 1024u         /* bytes of it */
#define EXT_MARK_SECTOR 512u        /* what the device writes whole */

enum ext_mark {
	EXT_MARK_NONE,   /* no ext superblock, or one without a mark */
	EXT_MARK_ARMED,  /* the bit is set and the address known */
	EXT_MARK_LOST,   /* the bit is set, but no address can be read */
	EXT_MARK_STALE,  /* the bit is not set; a mark is left in the second sector by a torn write: ext is whole */
};

/* Looks at the 1024 bytes of a superblock; *journal gets the address of the record where it is known. */
enum ext_mark ext_mark_find(const u8 super[EXT_MARK_SIZE], u64 *journal);

/* Turns E into E'. */
void ext_mark_set(u8 super[EXT_MARK_SIZE], u64 journal);

/* Removes a stale mark from the second sector and makes the checksum right. */
void ext_mark_wipe(u8 super[EXT_MARK_SIZE]);

/* What names a file system. */
struct ext_identity {
	const char *type; /* "ext2", "ext3" or "ext4", by features */
	u8 uuid[16];
	char label[17];   /* NUL terminated */
};

/* Reads that from a superblock, marked or not, sound or not; false when it has not even the magic number of one. */
bool ext_mark_identify(const u8 super[EXT_MARK_SIZE], struct ext_identity *identity);

/* True when the bytes are an ext superblock (magic, and checksum where it has one). */
bool ext_mark_is_super(const u8 super[EXT_MARK_SIZE]);

#endif

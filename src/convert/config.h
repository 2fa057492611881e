/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the user asked for; filled by cli, read by the phases. */
#ifndef CONVERT_CONFIG_H
#define CONVERT_CONFIG_H

#include "btrfs/btrfs.h"

enum config_action {
	CONFIG_CONVERT,
	CONFIG_CHECK,    /* scan and plan only, nothing is written */
	CONFIG_REHEARSE, /* everything but commit: only free blocks are written */
	CONFIG_ROLLBACK, /* bring the ext file system back */
	CONFIG_ROLLBACK_CHECK, /* say whether that is possible and what would be lost; nothing is written */
	CONFIG_RESUME,   /* finish an interrupted switch */
	CONFIG_STATUS,   /* say what the device holds; nothing is written */
};

enum config_metadata {
	CONFIG_METADATA_AUTO, /* DUP, or single with a notice where DUP does not fit */
	CONFIG_METADATA_DUP,
	CONFIG_METADATA_SINGLE,
};

enum config_uuid { CONFIG_UUID_COPY, CONFIG_UUID_NEW, CONFIG_UUID_GIVEN };
enum config_label { CONFIG_LABEL_COPY, CONFIG_LABEL_EMPTY, CONFIG_LABEL_GIVEN };

struct config {
	const char *device;     /* borrowed */
	u64 offset;             /* of the file system in it, bytes */
	enum config_action action;

	u32 nodesize;           /* 0: choose (16384; 65536 when an item needs it; 4096 when room is short) */
	enum btrfs_csum_type csum_type;
	u64 incompat;           /* of EXTENDED_IREF, SKINNY_METADATA, NO_HOLES */
	u64 compat_ro;          /* of FREE_SPACE_TREE (with VALID), BLOCK_GROUP_TREE */
	enum config_metadata metadata;

	bool datasum;           /* data checksums; default true */
	bool xattr;             /* extended attributes and ACLs; default true */
	bool inline_files;      /* small files inline; default true */

	enum config_label label_mode;
	char label[256];
	enum config_uuid uuid_mode;
	u8 uuid[16];

	/* what concerns the machine that boots from the file system; false and 0 in the face of btrfs-convert */
	bool rewrite_fstab;     /* the root's line of /etc/fstab becomes one that btrfs understands; default true */
	bool refuse_boot_loader; /* one that could not read the result: refuse, else warn; default true */
	bool refuse_swap_files; /* which a converted file cannot be: refuse, else warn; default true */
	u64 max_seconds;        /* a conversion estimated to take longer is not started; 0: no limit */

	bool undo;              /* RESUME: go back to where the interrupted run came from */
	bool verify_all;        /* ROLLBACK: check every byte of the saved image against its checksums */

	u64 memory;             /* budget in bytes; 0: the smaller of 256 MiB and a quarter of RAM */
	const char *tmpdir;     /* for what does not fit in memory while scanning; NULL: search */
};

/* Defaults of fsconvert: uuid and label kept, metadata AUTO, crc32c, no-holes extref skinny-metadata
 * free-space-tree. */
void config_init(struct config *config);

/* Invalid combinations: 0, or ERR_USAGE with a message (block-group-tree without free-space-tree or no-holes, nodesize,
 * label length ...). */
int config_check(const struct config *config) __must_check;

/* The same of everything but the names of device and directory, which may be missing. */
int config_check_values(const struct config *config) __must_check;

#endif

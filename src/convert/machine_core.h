/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GRUB's images: what they can read, and where they look for the rest of GRUB. */
#ifndef CONVERT_MACHINE_CORE_H
#define CONVERT_MACHINE_CORE_H

#include "base/types.h"

struct machine_core {
	bool has_btrfs;
	char prefix[256]; /* "(,gpt3)/boot/grub", "(hd0,msdos1)/grub", ... */
	char config[1024]; /* built in, its beginning */
};

/* The image for UEFI (PE) that grub-mkimage makes, or one that a distribution has signed: 1, 0 it is none of these. */
int machine_core_read_efi(const u8 *image, size_t len, struct machine_core *core) __must_check;

/*
 * The core image for a BIOS, as it stands on the disk: diskboot, a decompressor, and the packed rest; whatever follows
 * does not matter. 1, 0 it is none of these, <0.
 */
int machine_core_read_bios(const u8 *image, size_t len, struct machine_core *core) __must_check;

/* Where the first sector of the core image says that the others are. */
struct machine_core_sectors {
	u64 start;
	u32 nr;
};

#define MACHINE_CORE_LISTS 40u

/* The list in diskboot, in order; the number of its elements, 0 when it is none. */
u32 machine_core_list(const u8 diskboot[512], struct machine_core_sectors list[MACHINE_CORE_LISTS]);

/* True for a boot sector of GRUB; *core gets the first sector of its core image. */
bool machine_core_boot_sector(const u8 sector[512], u64 *core);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets and finds the mark of an interrupted roll back in a btrfs superblock. */
#include "btrfs/btrfs_mark.h"

#include "base/endian.h"
#include "btrfs/btrfs_csum.h"
#include "btrfs/btrfs_ondisk.h"

#define INCOMPAT_ARMED ((u64)1 << 62)

static_assert(offsetof(struct btrfs_super_disk, incompat_flags) + 8 <= 512, "the mark fits one sector");
static_assert(offsetof(struct btrfs_super_disk, compat_flags) + 8 <= 512, "the mark fits one sector");

static void checksum(const u8 super[BTRFS_SUPER_SIZE], u8 digest[BTRFS_CSUM_MAX])
{
	u16 type = get_le16(super + offsetof(struct btrfs_super_disk, csum_type));

	memset(digest, 0, BTRFS_CSUM_MAX);
	if (type <= BTRFS_CSUM_BLAKE2B)
		btrfs_csum((enum btrfs_csum_type)type, super + BTRFS_CSUM_MAX, BTRFS_SUPER_SIZE - BTRFS_CSUM_MAX,
			   digest);
}

static void reseal(u8 super[BTRFS_SUPER_SIZE])
{
	u8 digest[BTRFS_CSUM_MAX];

	checksum(super, digest);
	memcpy(super, digest, sizeof(digest));
}

bool btrfs_mark_is_super(const u8 super[BTRFS_SUPER_SIZE], u64 bytenr)
{
	u16 type = get_le16(super + offsetof(struct btrfs_super_disk, csum_type));
	u8 digest[BTRFS_CSUM_MAX];

	if (get_le64(super + offsetof(struct btrfs_super_disk, magic)) != BTRFS_MAGIC || type > BTRFS_CSUM_BLAKE2B ||
	    get_le64(super + offsetof(struct btrfs_super_disk, bytenr)) != bytenr)
		return false;
	checksum(super, digest);
	return memcmp(super, digest, btrfs_csum_size((enum btrfs_csum_type)type)) == 0;
}

bool btrfs_mark_find(const u8 super[BTRFS_SUPER_SIZE], u64 bytenr, u64 *journal)
{
	if (!btrfs_mark_is_super(super, bytenr) ||
	    !(get_le64(super + offsetof(struct btrfs_super_disk, incompat_flags)) & INCOMPAT_ARMED))
		return false;
	*journal = get_le64(super + offsetof(struct btrfs_super_disk, compat_flags));
	return true;
}

void btrfs_mark_set(u8 super[BTRFS_SUPER_SIZE], u64 journal)
{
	u8 *incompat = super + offsetof(struct btrfs_super_disk, incompat_flags);

	put_le64(incompat, get_le64(incompat) | INCOMPAT_ARMED);
	put_le64(super + offsetof(struct btrfs_super_disk, compat_flags), journal);
	reseal(super);
}

void btrfs_mark_readdress(u8 super[BTRFS_SUPER_SIZE], u64 bytenr)
{
	put_le64(super + offsetof(struct btrfs_super_disk, bytenr), bytenr);
	reseal(super);
}

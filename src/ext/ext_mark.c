/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets and finds the mark of an interrupted switch in an ext superblock, and tells whose superblock it is. */
#include "ext/ext_mark.h"

#include "ext/ext_private.h"

/* Not used by any version of ext4, and not the sign of the 32-bit word. */
#define INCOMPAT_ARMED 0x40000000u

/* In the first sector inside last_mounted, which is only shown to people; in the second in reserved space. */
#define FIRST_OFFSET offsetof(struct ext_super_disk, last_mounted)
#define SECOND_OFFSET 0x3D0u

struct mark_disk {
	u8 magic[8];
	le64 journal;
	le32 checksum; /* crc32c of the bytes before */
} __packed;

static_assert(sizeof(struct mark_disk) == 20, "mark size");
static_assert(SECOND_OFFSET >= offsetof(struct ext_super_disk, pad_284), "reserved space");
static_assert(SECOND_OFFSET + sizeof(struct mark_disk) <= offsetof(struct ext_super_disk, checksum), "reserved space");

static const u8 mark_magic[8] = { 'f', 's', 'c', 'n', 'v', 'r', 't', '1' };

static u32 mark_checksum(const struct mark_disk *mark)
{
	return ~crc32c_raw(~0u, mark, offsetof(struct mark_disk, checksum));
}

static bool read_mark(const u8 *at, u64 *journal)
{
	struct mark_disk mark;

	memcpy(&mark, at, sizeof(mark));
	if (memcmp(mark.magic, mark_magic, sizeof(mark_magic)) != 0 ||
	    le32_to_cpu(mark.checksum) != mark_checksum(&mark))
		return false;
	*journal = le64_to_cpu(mark.journal);
	return true;
}

static void write_mark(u8 *at, u64 journal)
{
	struct mark_disk mark = { .journal = cpu_to_le64(journal) };

	memcpy(mark.magic, mark_magic, sizeof(mark_magic));
	mark.checksum = cpu_to_le32(mark_checksum(&mark));
	memcpy(at, &mark, sizeof(mark));
}

static bool has_checksum(const struct ext_super_disk *s)
{
	return le32_to_cpu(s->rev_level) > 0 && (le32_to_cpu(s->feature_ro_compat) & EXT_RO_METADATA_CSUM);
}

static u32 super_checksum(const struct ext_super_disk *s)
{
	return crc32c_raw(~0u, s, offsetof(struct ext_super_disk, checksum));
}

enum ext_mark ext_mark_find(const u8 super[EXT_MARK_SIZE], u64 *journal)
{
	struct ext_super_disk s;
	bool first, second;

	memcpy(&s, super, sizeof(s));
	if (le16_to_cpu(s.magic) != EXT_SUPER_MAGIC)
		return EXT_MARK_NONE;
	second = read_mark(super + SECOND_OFFSET, journal);
	first = read_mark(super + FIRST_OFFSET, journal);
	if (le32_to_cpu(s.feature_incompat) & INCOMPAT_ARMED)
		return first || second ? EXT_MARK_ARMED : EXT_MARK_LOST;
	return second ? EXT_MARK_STALE : EXT_MARK_NONE;
}

void ext_mark_set(u8 super[EXT_MARK_SIZE], u64 journal)
{
	struct ext_super_disk s;

	write_mark(super + FIRST_OFFSET, journal);
	memcpy(&s, super, sizeof(s));
	s.feature_incompat = cpu_to_le32(le32_to_cpu(s.feature_incompat) | INCOMPAT_ARMED);
	memcpy(super, &s, sizeof(s));
	if (!has_checksum(&s))
		return;
	write_mark(super + SECOND_OFFSET, journal);
	memcpy(&s, super, sizeof(s));
	put_le32(super + offsetof(struct ext_super_disk, checksum), super_checksum(&s));
}

void ext_mark_wipe(u8 super[EXT_MARK_SIZE])
{
	struct ext_super_disk s;

	memset(super + SECOND_OFFSET, 0, sizeof(struct mark_disk));
	memcpy(&s, super, sizeof(s));
	if (has_checksum(&s))
		put_le32(super + offsetof(struct ext_super_disk, checksum), super_checksum(&s));
}

bool ext_mark_identify(const u8 super[EXT_MARK_SIZE], struct ext_identity *identity)
{
	/* needs_recovery comes and goes with each mount */
	const u32 states = INCOMPAT_ARMED | EXT_INCOMPAT_RECOVER;
	struct ext_super_disk s;

	memcpy(&s, super, sizeof(s));
	if (le16_to_cpu(s.magic) != EXT_SUPER_MAGIC)
		return false;
	memset(identity, 0, sizeof(*identity));
	identity->type = ext_features_type(le32_to_cpu(s.feature_compat), le32_to_cpu(s.feature_incompat) & ~states,
					   le32_to_cpu(s.feature_ro_compat));
	memcpy(identity->uuid, s.uuid, sizeof(identity->uuid));
	memcpy(identity->label, s.volume_name, sizeof(s.volume_name));
	return true;
}

bool ext_mark_is_super(const u8 super[EXT_MARK_SIZE])
{
	struct ext_super_disk s;

	memcpy(&s, super, sizeof(s));
	return le16_to_cpu(s.magic) == EXT_SUPER_MAGIC &&
	       (!has_checksum(&s) || le32_to_cpu(s.checksum) == super_checksum(&s));
}

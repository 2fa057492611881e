/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * POSIX ACLs. On disk: version 1, then entries of 4 bytes (tag, permissions), 8 where a user or group id follows. As
 * getxattr(2) gives them: version 2, all entries 8 bytes, the id of those without one is ffffffff.
 */
#include "ext/ext_private.h"

#define DISK_VERSION 1u
#define USER_VERSION 2u
#define HEAD_SIZE 4u
#define USER_ENTRY 8u

#define TAG_USER_OBJ 0x01u
#define TAG_USER 0x02u
#define TAG_GROUP_OBJ 0x04u
#define TAG_GROUP 0x08u
#define TAG_MASK 0x10u
#define TAG_OTHER 0x20u

#define NO_ID 0xFFFFFFFFu

/* Bytes of an entry on disk, 0 for an unknown tag. */
static u32 entry_size(u32 tag)
{
	switch (tag) {
	case TAG_USER_OBJ:
	case TAG_GROUP_OBJ:
	case TAG_MASK:
	case TAG_OTHER:
		return 4;
	case TAG_USER:
	case TAG_GROUP:
		return 8;
	default:
		return 0;
	}
}

int ext_acl_decode(struct ext_fs *fs, const u8 *value, u32 len, u32 *out_len)
{
	u8 *out = fs->acl_buf + HEAD_SIZE;
	u32 at = HEAD_SIZE;

	if (len < HEAD_SIZE || get_le32(value) != DISK_VERSION)
		return ERR_CORRUPT;
	if (len == HEAD_SIZE)
		return 1;
	put_le32(fs->acl_buf, USER_VERSION);
	while (at < len) {
		u32 tag, size;

		if (len - at < 4)
			return ERR_CORRUPT;
		tag = get_le16(value + at);
		size = entry_size(tag);
		if (!size || size > len - at || get_le16(value + at + 2) > 7)
			return ERR_CORRUPT;
		put_le16(out, tag);
		put_le16(out + 2, get_le16(value + at + 2));
		put_le32(out + 4, size == USER_ENTRY ? get_le32(value + at + 4) : NO_ID);
		out += USER_ENTRY;
		at += size;
	}
	*out_len = out - fs->acl_buf;
	return 0;
}

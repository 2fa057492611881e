/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks of a directory's hash index. Their content is never used, as linear reading is authoritative; but with
 * metadata_csum their checksum lies elsewhere than in blocks of entries, so they must be told apart and verified.
 *
 *     root: . (12 bytes) | .. (to the block's end), info of 8 bytes, then the table
 *     node: one unused entry (to the block's end), then the table
 *     table: limit, count of 8-byte places, the first of which holds limit and count; after limit places the checksum
 */
#include "ext/ext_private.h"

#define ROOT_TABLE 32u
#define NODE_TABLE 8u
#define PLACE 8u
#define TAIL 8u /* reserved, checksum */

#define DOT_LEN 12u
#define INFO_OFFSET 24u
#define INFO_LEN 8u

/* An entry's length as written for the rest of a block from offset. */
static bool covers_rest(const struct ext_fs *fs, const u8 *rec_len, u32 offset)
{
	u32 len = get_le16(rec_len);
	u32 rest = fs->block_size - offset;

	if (rest == 65536)
		return len == 65535 || len == 0;
	return len == rest;
}

bool ext_dx_is_node(const struct ext_fs *fs, const u8 *block, u64 lblk)
{
	if (lblk == 0)
		return get_le16(block + 4) == DOT_LEN && covers_rest(fs, block + DOT_LEN + 4, DOT_LEN) &&
		       !get_le32(block + INFO_OFFSET) && block[INFO_OFFSET + 5] == INFO_LEN;
	return !get_le32(block) && !block[6] && covers_rest(fs, block + 4, 0);
}

bool ext_dx_csum_ok(const struct ext_fs *fs, u32 seed, const u8 *block, u64 lblk)
{
	const u32 zero = 0;
	u32 table = lblk ? NODE_TABLE : ROOT_TABLE;
	u32 limit = get_le16(block + table);
	u32 count = get_le16(block + table + 2);
	u32 tail = table + limit * PLACE;
	u32 csum;

	if (count > limit || tail + TAIL > fs->block_size)
		return false;
	csum = crc32c_raw(seed, block, table + count * PLACE);
	csum = crc32c_raw(csum, block + tail, 4);
	csum = crc32c_raw(csum, &zero, sizeof(zero));
	return csum == get_le32(block + tail + 4);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The superblock byte by byte, its checksums and copies, and what btrfs-progs makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/endian.h"
#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs_csum.h"
#include "btrfs/btrfs_super.h"
#include "btrfs_fields.h"

static const u8 fsid[16] = "fsid-fsid-fsid-";
static const u8 dev_uuid[16] = "devu-devu-devu-";

static struct btrfs_params params;
static struct btrfs_super super;
static struct btrfs_chunk system_chunk;
static u8 out[BTRFS_SUPER_SIZE];
static char last_message[256];

static void keep_message(void *ctx, enum msg_level level, const char *text)
{
	(void)ctx;
	(void)level;
	snprintf(last_message, sizeof(last_message), "%s", text);
}

static int set_up(void **state)
{
	(void)state;
	params = (struct btrfs_params){
		.nodesize = 16384, .csum_type = BTRFS_CSUM_CRC32C, .generation = 0x1234567,
		.incompat = BTRFS_INCOMPAT_EXTENDED_IREF | BTRFS_INCOMPAT_SKINNY_METADATA | BTRFS_INCOMPAT_NO_HOLES,
		.compat_ro = BTRFS_COMPAT_RO_FREE_SPACE_TREE | BTRFS_COMPAT_RO_FREE_SPACE_TREE_VALID,
	};
	memcpy(params.fsid, fsid, 16);
	memcpy(params.dev_uuid, dev_uuid, 16);
	system_chunk = (struct btrfs_chunk){
		.logical = 0x10000000, .len = 0x400000, .type = BTRFS_BLOCK_GROUP_SYSTEM | BTRFS_BLOCK_GROUP_DUP,
		.nr_stripes = 2, .physical = { 0x100000, 0x500000 },
	};
	super = (struct btrfs_super){
		.total_bytes = 0x8000000000, .bytes_used = 0x5000000, .dev_bytes_used = 0x7000000,
		.label = "a label",
		.root_tree = { .owner = 1, .logical = 0x1111000, .level = 1 },
		.chunk_tree = { .owner = 3, .logical = 0x3333000, .level = 2 },
		.extent_tree = { .owner = 2, .logical = 0x2222000, .level = 3 },
		.fs_tree = { .owner = 5, .logical = 0x5555000, .level = 4 },
		.dev_tree = { .owner = 4, .logical = 0x4444000, .level = 5 },
		.csum_tree = { .owner = 7, .logical = 0x7777000, .level = 6 },
		.uuid_tree = true, .system = &system_chunk, .nr_system = 1,
	};
	last_message[0] = '\0';
	msg_set_sink(keep_message, NULL);
	return btrfs_csum_init();
}

static void encode(u64 bytenr)
{
	memset(out, 0xa5, sizeof(out));
	assert_int_equal(btrfs_super_encode(out, &super, &params, bytenr), 0);
}

/* All fields; what is not named is zero. The checksum is compared on its own. */
static void all_fields(void **state)
{
	const struct field fields[] = {
		BYTES(0x20, 16, fsid), NUM(0x30, 8, 65536), NUM(0x38, 8, 1), BYTES(0x40, 8, "_BHRfS_M"),
		NUM(0x48, 8, 0x1234567), NUM(0x50, 8, 0x1111000), NUM(0x58, 8, 0x3333000),
		NUM(0x70, 8, 0x8000000000), NUM(0x78, 8, 0x5000000), NUM(0x80, 8, 6), NUM(0x88, 8, 1),
		NUM(0x90, 4, 4096), NUM(0x94, 4, 16384), NUM(0x98, 4, 16384), NUM(0x9c, 4, 4096), NUM(0xa0, 4, 129),
		NUM(0xa4, 8, 0x1234567), NUM(0xb4, 8, 3), NUM(0xbc, 8, 0x361), NUM(0xc6, 1, 1), NUM(0xc7, 1, 2),
		/* dev item */
		NUM(0xc9, 8, 1), NUM(0xd1, 8, 0x8000000000), NUM(0xd9, 8, 0x7000000), NUM(0xe1, 4, 4096),
		NUM(0xe5, 4, 4096), NUM(0xe9, 4, 4096), BYTES(0xc9 + 66, 16, dev_uuid), BYTES(0xc9 + 82, 16, fsid),
		BYTES(0x12b, 7, "a label"), NUM(0x233, 8, 0x1234567),
		/* SYSTEM chunk */
		NUM(0x32b, 8, 256), NUM(0x333, 1, 228), NUM(0x334, 8, 0x10000000), NUM(0x33c, 8, 0x400000),
		NUM(0x344, 8, 2), NUM(0x34c, 8, 65536), NUM(0x354, 8, 0x22), NUM(0x35c, 4, 65536),
		NUM(0x360, 4, 65536), NUM(0x364, 4, 4096), NUM(0x368, 2, 2), NUM(0x36a, 2, 1), NUM(0x36c, 8, 1),
		NUM(0x374, 8, 0x100000), BYTES(0x37c, 16, dev_uuid), NUM(0x38c, 8, 1), NUM(0x394, 8, 0x500000),
		BYTES(0x39c, 16, dev_uuid),
		/* backup root */
		NUM(0xb2b, 8, 0x1111000), NUM(0xb33, 8, 0x1234567), NUM(0xb3b, 8, 0x3333000), NUM(0xb43, 8, 0x1234567),
		NUM(0xb4b, 8, 0x2222000), NUM(0xb53, 8, 0x1234567), NUM(0xb5b, 8, 0x5555000), NUM(0xb63, 8, 0x1234567),
		NUM(0xb6b, 8, 0x4444000), NUM(0xb73, 8, 0x1234567), NUM(0xb7b, 8, 0x7777000), NUM(0xb83, 8, 0x1234567),
		NUM(0xb8b, 8, 0x8000000000), NUM(0xb93, 8, 0x5000000), NUM(0xb9b, 8, 1), NUM(0xbc3, 1, 1),
		NUM(0xbc4, 1, 2), NUM(0xbc5, 1, 3), NUM(0xbc6, 1, 4), NUM(0xbc7, 1, 5), NUM(0xbc8, 1, 6),
	};
	u8 want[BTRFS_SUPER_SIZE];

	(void)state;
	encode(65536);
	fields_expand(fields, ARRAY_SIZE(fields), want, sizeof(want));
	memcpy(want, out, 32);
	for (size_t i = 0; i < sizeof(want); i++) {
		if (out[i] != want[i])
			fail_msg("byte %#zx is %#x, not %#x", i, out[i], want[i]);
	}
}

static void checksums_of_all_types(void **state)
{
	(void)state;
	for (int type = BTRFS_CSUM_CRC32C; type <= BTRFS_CSUM_BLAKE2B; type++) {
		u8 want[32] = { 0 };

		params.csum_type = (enum btrfs_csum_type)type;
		encode(65536);
		assert_int_equal(get_le16(out + 0xc4), type);
		btrfs_csum(params.csum_type, out + 32, 4096 - 32, want);
		assert_memory_equal(out, want, 32);
	}
}

/* Copies differ in address and checksum, in nothing else. */
static void copies(void **state)
{
	u8 first[BTRFS_SUPER_SIZE];

	(void)state;
	encode(65536);
	memcpy(first, out, sizeof(out));
	encode(64 * MIB);
	assert_true(get_le64(out + 0x30) == 64 * MIB);
	assert_int_not_equal(get_le32(out), get_le32(first));
	assert_memory_equal(out + 0x38, first + 0x38, sizeof(out) - 0x38);
}

static void feature_bits(void **state)
{
	(void)state;
	params.incompat = 0;
	params.compat_ro = 0;
	super.uuid_tree = false;
	encode(65536);
	assert_int_equal(get_le64(out + 0xbc), 0x21);
	assert_int_equal(get_le64(out + 0xb4), 0);
	assert_int_equal(get_le64(out + 0x233), 0);
	params.nodesize = 4096;
	encode(65536);
	assert_int_equal(get_le64(out + 0xbc), 1);
	params.incompat = BTRFS_INCOMPAT_MIXED_BACKREF | BTRFS_INCOMPAT_NO_HOLES;
	encode(65536);
	assert_int_equal(get_le64(out + 0xbc), 0x201);
}

/* The field keeps a terminator even when the caller has none. */
static void long_label(void **state)
{
	(void)state;
	memset(super.label, 'x', sizeof(super.label));
	encode(65536);
	assert_int_equal(out[0x12b], 'x');
	assert_int_equal(out[0x12b + 254], 'x');
	assert_int_equal(out[0x12b + 255], 0);
	assert_int_equal(get_le64(out + 0x22b), 0);
}

static void system_chunk_limits(void **state)
{
	struct btrfs_chunk chunks[22];

	(void)state;
	assert_int_equal(btrfs_super_max_system(2), 15);
	assert_int_equal(btrfs_super_max_system(1), 21);
	for (u32 stripes = 1; stripes <= 2; stripes++) {
		u32 max = btrfs_super_max_system(stripes);

		for (size_t i = 0; i < ARRAY_SIZE(chunks); i++) {
			chunks[i] = system_chunk;
			chunks[i].nr_stripes = stripes;
			chunks[i].logical += i * MIB;
		}
		super.system = chunks;
		super.nr_system = max;
		encode(65536);
		assert_int_equal(get_le32(out + 0xa0), max * (65 + 32 * stripes));
		assert_int_equal(get_le64(out + 0x32b + (max - 1) * (65 + 32 * stripes) + 9), chunks[max - 1].logical);
		super.nr_system = max + 1;
		assert_int_equal(btrfs_super_encode(out, &super, &params, 65536), ERR_BUG);
		assert_non_null(strstr(last_message, "SYSTEM"));
	}
}

static void offsets(void **state)
{
	(void)state;
	assert_true(btrfs_super_offset(0, 128 * MIB) == 64 * KIB);
	assert_true(btrfs_super_offset(0, 68 * KIB) == 0);
	assert_true(btrfs_super_offset(0, 68 * KIB + 1) == 64 * KIB);
	assert_true(btrfs_super_offset(1, 64 * MIB + 4096) == 0);
	assert_true(btrfs_super_offset(1, 64 * MIB + 4097) == 64 * MIB);
	assert_true(btrfs_super_offset(2, 256 * GIB + 4096) == 0);
	assert_true(btrfs_super_offset(2, 256 * GIB + 8192) == 256 * GIB);
	assert_true(btrfs_super_offset(3, (u64)1 << 60) == 0);
}

/* Runs a command and returns what it prints. */
static const char *output_of(const char *command)
{
	static char text[32768];
	FILE *pipe = popen(command, "r");
	size_t len;

	assert_non_null(pipe);
	len = fread(text, 1, sizeof(text) - 1, pipe);
	text[len] = '\0';
	assert_int_equal(pclose(pipe), 0);
	return text;
}

static void read_by_progs(void **state)
{
	static const char *const lines[] = {
		"[match]", "bytenr\t\t\t65536", "magic\t\t\t_BHRfS_M [match]", "label\t\t\ta label",
		"generation\t\t19088743", "root\t\t\t17895424", "sys_array_size\t\t129", "chunk_root_level\t2",
		"csum_type\t\t3 (blake2)",
		"total_bytes\t\t549755813888", "incompat_flags\t\t0x361", "compat_ro_flags\t\t0x3", "nodesize\t\t16384",
		"dev_item.fsid\t\t66736964-2d66-7369-642d-667369642d00 [match]", "length 4194304", "num_stripes 2",
		"csum_root:\t125267968\tgen: 19088743\tlevel: 6",
	};
	char path[] = "/tmp/test_btrfs_super.XXXXXX";
	char command[128];
	const char *text;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	params.csum_type = BTRFS_CSUM_BLAKE2B;
	encode(65536);
	assert_int_equal(ftruncate(fd, MIB), 0);
	assert_int_equal(pwrite(fd, out, sizeof(out), 65536), sizeof(out));
	assert_int_equal(close(fd), 0);
	snprintf(command, sizeof(command), "btrfs inspect-internal dump-super --full %s 2>&1", path);
	text = output_of(command);
	assert_int_equal(unlink(path), 0);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		if (!strstr(text, lines[i]))
			fail_msg("dump-super does not say \"%s\":\n%s", lines[i], text);
	}
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_fields), TEST(checksums_of_all_types), TEST(copies), TEST(feature_bits), TEST(long_label),
		TEST(system_chunk_limits), TEST(offsets), TEST(read_by_progs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

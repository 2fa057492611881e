/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checksums and hashes against known values, and the two ways to checksum sectors against each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/endian.h"
#include "base/status.h"
#include "btrfs/btrfs_csum.h"

static const enum btrfs_csum_type all_types[] = {
	BTRFS_CSUM_CRC32C, BTRFS_CSUM_XXHASH, BTRFS_CSUM_SHA256, BTRFS_CSUM_BLAKE2B,
};

static const u8 zeros[SECTOR];

static int init(void **state)
{
	(void)state;
	return btrfs_csum_init();
}

static void expect_csum(enum btrfs_csum_type type, const void *buf, size_t len, const char *want_hex)
{
	u8 out[BTRFS_CSUM_MAX + 1];
	char hex[2 * BTRFS_CSUM_MAX + 1] = "";
	u32 size = btrfs_csum_size(type);

	memset(out, 0xa5, sizeof(out));
	btrfs_csum(type, buf, len, out);
	for (u32 i = 0; i < size; i++)
		snprintf(hex + 2 * i, 3, "%02x", out[i]);
	assert_string_equal(hex, want_hex);
	assert_int_equal(out[size], 0xa5);
}

static void known_digests(void **state)
{
	(void)state;
	expect_csum(BTRFS_CSUM_CRC32C, "123456789", 9, "839206e3");
	expect_csum(BTRFS_CSUM_CRC32C, zeros, sizeof(zeros), "8941f998");
	expect_csum(BTRFS_CSUM_CRC32C, "", 0, "00000000");
	expect_csum(BTRFS_CSUM_XXHASH, "", 0, "99e9d85137db46ef");
	expect_csum(BTRFS_CSUM_XXHASH, "abc", 3, "990977adf52cbc44");
	expect_csum(BTRFS_CSUM_SHA256, "abc", 3,
		    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	expect_csum(BTRFS_CSUM_SHA256, zeros, sizeof(zeros),
		    "ad7facb2586fc6e966c004d7d1d16b024f5805ff7cb47c7a85dabd8b48892ca7");
	expect_csum(BTRFS_CSUM_BLAKE2B, "abc", 3,
		    "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
	expect_csum(BTRFS_CSUM_BLAKE2B, zeros, sizeof(zeros),
		    "686ede9288c391e7e05026e56f2f91bfd879987a040ea98445dabc76f55b8e5f");
}

static void sizes_and_names(void **state)
{
	static const u32 sizes[] = { 4, 8, 32, 32 };
	static const char *const names[] = { "crc32c", "xxhash64", "sha256", "blake2b" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all_types); i++) {
		enum btrfs_csum_type type = BTRFS_CSUM_CRC32C;

		/* The values are the format's. */
		assert_int_equal(all_types[i], i);
		assert_int_equal(btrfs_csum_size(all_types[i]), sizes[i]);
		assert_string_equal(btrfs_csum_name(all_types[i]), names[i]);
		assert_int_equal(btrfs_csum_parse(names[i], &type), 0);
		assert_int_equal(type, all_types[i]);
	}
}

static void parse_aliases_and_junk(void **state)
{
	static const char *const junk[] = { "", "crc", "crc32c ", "crc32cc", "xxh", "md5", "sha-256", "blake2s", "0" };
	enum btrfs_csum_type type = BTRFS_CSUM_CRC32C;

	(void)state;
	assert_int_equal(btrfs_csum_parse("xxhash", &type), 0);
	assert_int_equal(type, BTRFS_CSUM_XXHASH);
	assert_int_equal(btrfs_csum_parse("BLAKE2", &type), 0);
	assert_int_equal(type, BTRFS_CSUM_BLAKE2B);
	assert_int_equal(btrfs_csum_parse("Sha256", &type), 0);
	assert_int_equal(type, BTRFS_CSUM_SHA256);
	for (size_t i = 0; i < ARRAY_SIZE(junk); i++) {
		assert_int_equal(btrfs_csum_parse(junk[i], &type), ERR_USAGE);
		assert_int_equal(type, BTRFS_CSUM_SHA256);
	}
}

/* Numbers around the batch of crc32c; the output is exactly as long as announced. */
static void sectors_equal_single_digests(void **state)
{
	static const size_t counts[] = { 0, 1, 2, 63, 64, 65, 130 };
	size_t max = 130;
	u8 *data = malloc(max * SECTOR);

	(void)state;
	assert_non_null(data);
	srand(1);
	for (size_t i = 0; i < max * SECTOR; i++)
		data[i] = (u8)rand();
	for (size_t t = 0; t < ARRAY_SIZE(all_types); t++) {
		u32 size = btrfs_csum_size(all_types[t]);

		for (size_t c = 0; c < ARRAY_SIZE(counts); c++) {
			u8 *out = calloc(1, counts[c] * size + 1);
			u8 one[BTRFS_CSUM_MAX];

			assert_non_null(out);
			btrfs_csum_sectors(all_types[t], data, counts[c], out);
			for (size_t i = 0; i < counts[c]; i++) {
				btrfs_csum(all_types[t], data + i * SECTOR, SECTOR, one);
				assert_memory_equal(out + i * size, one, size);
			}
			assert_int_equal(out[counts[c] * size], 0);
			free(out);
		}
	}
	free(data);
}

static void name_hashes(void **state)
{
	(void)state;
	assert_int_equal(btrfs_name_hash("default", 7), 2378154706u);
	assert_int_equal(btrfs_name_hash("image", 5), 1377135853u);
	assert_int_equal(btrfs_name_hash("ext2_saved", 10), 3082037031u);
	assert_int_equal(btrfs_name_hash("lost+found", 10), 2734183504u);
	/* The length counts, not a terminator. */
	assert_int_equal(btrfs_name_hash("images", 5), 1377135853u);
}

static void extref_hashes(void **state)
{
	(void)state;
	assert_int_equal(btrfs_extref_hash(256, "foo", 3), 3154285840u);
	/* Only the low half of the parent enters. */
	assert_int_equal(btrfs_extref_hash(((u64)7 << 32) + 256, "foo", 3), 3154285840u);
	assert_int_not_equal(btrfs_extref_hash(257, "foo", 3), 3154285840u);
}

static void data_ref_hashes(void **state)
{
	(void)state;
	assert_true(btrfs_data_ref_hash(5, 257, 0) == 0x0DFB591FA80D95EAull);
	assert_true(btrfs_data_ref_hash(5, 271, 52060160) == 0x0DFB591F7241C7FAull);
	assert_true(btrfs_data_ref_hash(5, 268, (u64)0 - 266240) == 0x0DFB591F2F87A89Dull);
	assert_true(btrfs_data_ref_hash(256, 257, 134217728) == 0x0DEA30DE6D6A9E7Bull);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_digests),
		cmocka_unit_test(sizes_and_names),
		cmocka_unit_test(parse_aliases_and_junk),
		cmocka_unit_test(sectors_equal_single_digests),
		cmocka_unit_test(name_hashes),
		cmocka_unit_test(extref_hashes),
		cmocka_unit_test(data_ref_hashes),
	};

	return cmocka_run_group_tests(tests, init, NULL);
}

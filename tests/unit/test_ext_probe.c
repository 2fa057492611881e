/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the superblock says before the file system is opened: each pending thing alone, and what is left alone. */
#include "ext_image.h"

static struct image plain; /* no checksums, so that fields can be changed alone */

static int set_up(void **state)
{
	(void)state;
	plain = image_make(16, "-t ext4 -b 4096 -O ^metadata_csum,^uninit_bg", "echo x > file", NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	image_free(&plain);
	return 0;
}

static const char *probe(const struct image *image)
{
	const char *reason = "not set";
	struct messages m;

	messages_gather(&m);
	assert_int_equal(ext_probe_pending(image->dev, &reason), 0);
	assert_string_equal(m.text, "");
	msg_set_sink(NULL, NULL);
	return reason;
}

/* Fields of 16 bits of the superblock, the bits that are flipped, and the words that tell of them. */
static void test_pending(void **state)
{
	static const struct {
		u32 field;
		u16 bits;
		const char *words;
	} cases[] = {
		{ 0x60, 0x0004, "journal must be replayed" }, { 0x3A, 0x0002, "marked as having errors" },
		{ 0x3A, 0x0003, "marked as having errors" },  { 0x3A, 0x0001, "not unmounted cleanly" },
		{ 0x3A, 0x0020, "not unmounted cleanly" },    { 0x3A, 0x0004, "deleted files" },
		{ 0xE8, 12, "deleted files" },                { 0x66, 0x0001, "deleted files" },
	};
	size_t i;

	(void)state;
	assert_null(probe(&plain));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		u8 *at = super_at(&plain, cases[i].field);
		const char *reason;

		put_le16(at, get_le16(at) ^ cases[i].bits);
		reason = probe(&plain);
		put_le16(at, get_le16(at) ^ cases[i].bits);
		if (!reason || !strstr(reason, cases[i].words))
			fail_msg("case %zu: %s", i, reason ? reason : "nothing");
	}
	assert_null(probe(&plain));
}

/* A file system that would be refused anyway is none of e2fsck's business. */
static void test_left_alone(void **state)
{
	static const u32 fields[] = { 0x38, 0x5E, 0x62, 0x66, 0x18, 0x4C }; /* magic, features, block size, revision */
	u8 *incompat = super_at(&plain, 0x60);
	size_t i;

	(void)state;
	put_le32(incompat, get_le32(incompat) | 4);
	assert_non_null(probe(&plain));
	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		u8 *at = super_at(&plain, fields[i]);
		u16 old = get_le16(at);

		put_le16(at, old ^ 0x8000);
		assert_null(probe(&plain));
		put_le16(at, old);
	}
	plain.dev->size -= BLOCK;
	assert_null(probe(&plain));
	plain.dev->size = 2000;
	assert_null(probe(&plain));
	plain.dev->size = plain.size;
	assert_non_null(probe(&plain));
	put_le32(incompat, get_le32(incompat) & ~4u);
}

static void test_io_error(void **state)
{
	struct dev_fault_opts opts = { .fail_read = 1 };
	const char *reason;
	struct dev *fault;
	struct messages m;

	(void)state;
	assert_int_equal(dev_fault_new(plain.dev, &opts, &fault), 0);
	messages_gather(&m);
	assert_int_equal(ext_probe_pending(fault, &reason), ERR_IO);
	assert_int_equal(m.nr[MSG_ERR], 1);
	msg_set_sink(NULL, NULL);
	assert_int_equal(dev_close(fault), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pending),
		cmocka_unit_test(test_left_alone),
		cmocka_unit_test(test_io_error),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

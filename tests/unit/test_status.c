/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Status: what is said of superblocks of each kind, marked, damaged and missing ones; and nothing is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/status.h"
#include "convert/journal.h"
#include "convert/status.h"
#include "messages.h"
#include "switch_supers.h"

#define DEVICE_SIZE (4 * MIB)
#define RECORD ((u64)2 * MIB)
#define LABEL_OF_EXT 0x78
#define UUID_OF_EXT 0x68
#define LABEL_OF_BTRFS 0x12B

static struct dev *disk;
static u8 *data;
static struct job job;
static struct journal journal;
static struct messages said;

static int set_up(void **state)
{
	(void)state;
	memset(&job, 0, sizeof(job));
	memset(&journal, 0, sizeof(journal));
	assert_int_equal(btrfs_csum_init(), 0);
	config_init(&job.config);
	job.config.device = "memory";
	job.config.action = CONFIG_STATUS;
	job.config.memory = 16 * MIB;
	assert_int_equal(dev_mem_new(DEVICE_SIZE, &disk), 0);
	data = dev_mem_data(disk);
	assert_int_equal(dev_fence_new(disk, &job.dev), 0);
	make_ext_super(journal.ext_super, true);
	memcpy(journal.ext_super + LABEL_OF_EXT, "old label\0\0\0\0\0\0", 16);
	seal_ext(journal.ext_super);
	make_btrfs_super(journal.btrfs_super, BTRFS_CSUM_CRC32C);
	strcpy((char *)journal.btrfs_super + LABEL_OF_BTRFS, "new label");
	seal_btrfs(journal.btrfs_super);
	journal.address = RECORD;
	journal.device_size = DEVICE_SIZE;
	messages_gather(&said);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	msg_set_sink(NULL, NULL);
	return dev_close(job.dev) || dev_close(disk);
}

static void put_ext(bool marked)
{
	memcpy(data + KIB, journal.ext_super, EXT_MARK_SIZE);
	if (marked)
		ext_mark_set(data + KIB, RECORD);
}

static void put_btrfs(bool marked)
{
	memcpy(data + 64 * KIB, journal.btrfs_super, BTRFS_SUPER_SIZE);
	if (marked)
		btrfs_mark_set(data + 64 * KIB, RECORD);
}

static void put_record(enum journal_target target)
{
	journal.target = target;
	assert_int_equal(journal_write(disk, &journal), 0);
}

/* Runs it: the status is as wanted, no message gets out, and no byte changes. */
static const struct state *look(int want)
{
	u8 *before = malloc(DEVICE_SIZE);

	assert_non_null(before);
	memcpy(before, data, DEVICE_SIZE);
	assert_int_equal(status_run(&job), want);
	assert_memory_equal(before, data, DEVICE_SIZE);
	assert_string_equal(said.text, "");
	free(before);
	/* messages are let out again */
	msg_err("x");
	assert_string_equal(said.text, "x\n");
	return &job.state;
}

static void test_nothing(void **state)
{
	const struct state *s = look(ERR_REFUSED);

	(void)state;
	assert_int_equal(s->content, STATE_UNKNOWN);
	assert_null(s->type);
	assert_string_equal(s->reason, "");
}

static void test_too_small(void **state)
{
	(void)state;
	disk->size = job.dev->size = 60 * KIB;
	assert_int_equal(look(ERR_REFUSED)->content, STATE_UNKNOWN);
}

static void test_ext(void **state)
{
	const struct state *s;

	(void)state;
	put_ext(false);
	s = look(0);
	assert_int_equal(s->content, STATE_EXT);
	assert_true(s->is_ext);
	assert_string_equal(s->type, "ext4");
	assert_string_equal(s->label, "old label");
	assert_memory_equal(s->uuid, journal.ext_super + UUID_OF_EXT, 16);
}

/* By the features, and needs_recovery, which a mount sets, counts for none of them. */
static void test_ext_types(void **state)
{
	static const struct {
		u32 compat, incompat, ro_compat;
		const char *type;
	} cases[] = {
		{ 0x38, 0x2, 0x3, "ext2" }, { 0x3C, 0x2, 0x3, "ext3" }, { 0x3C, 0x6, 0x3, "ext3" },
		{ 0x3C, 0x42, 0x3, "ext4" }, { 0x38, 0x2, 0x8, "ext4" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		put_ext(false);
		put_le32(data + KIB + 0x5C, cases[i].compat);
		put_le32(data + KIB + E_INCOMPAT, cases[i].incompat);
		put_le32(data + KIB + E_RO_COMPAT, cases[i].ro_compat);
		messages_gather(&said);
		assert_string_equal(look(0)->type, cases[i].type);
	}
}

static void test_ext_damaged(void **state)
{
	const struct state *s;

	(void)state;
	put_ext(false);
	data[KIB + 0x10] ^= 1;
	s = look(ERR_REFUSED);
	assert_int_equal(s->content, STATE_UNKNOWN);
	assert_non_null(strstr(s->reason, "an ext superblock has a wrong checksum"));
	assert_null(s->type);
}

static void test_btrfs(void **state)
{
	const struct state *s;

	(void)state;
	put_btrfs(false);
	s = look(0);
	assert_int_equal(s->content, STATE_BTRFS);
	assert_false(s->is_ext || s->can_roll_back);
	assert_string_equal(s->type, "btrfs");
	assert_string_equal(s->label, "new label");
	assert_memory_equal(s->uuid, journal.btrfs_super + 0x20, 16);
	/* the proof's first error, and not the device's name */
	assert_int_equal(strncmp(s->reason, "btrfs: superblock at 65536: ", 28), 0);
}

static void test_btrfs_damaged(void **state)
{
	const struct state *s;

	(void)state;
	put_btrfs(false);
	data[64 * KIB + 0x200] ^= 1;
	s = look(ERR_REFUSED);
	assert_int_equal(s->content, STATE_UNKNOWN);
	assert_non_null(strstr(s->reason, "a btrfs superblock is damaged"));
}

static void test_both(void **state)
{
	const struct state *s;

	(void)state;
	put_ext(false);
	put_btrfs(false);
	s = look(ERR_REFUSED);
	assert_int_equal(s->content, STATE_UNKNOWN);
	assert_non_null(strstr(s->reason, "both there"));
}

static void test_conversion(void **state)
{
	const struct state *s;

	(void)state;
	put_ext(true);
	put_btrfs(false);
	put_record(JOURNAL_TO_BTRFS);
	s = look(ERR_ARMED);
	assert_int_equal(s->content, STATE_INTERRUPTED);
	assert_true(s->has_record && s->ext_marked && s->is_ext);
	assert_false(s->rolling_back || s->btrfs_marked || s->not_begun);
	assert_int_equal(s->record, RECORD);
	/* the name was overwritten by nothing; the type is that of the features without the mark */
	assert_string_equal(s->type, "ext4");
	assert_string_equal(s->label, "old label");
	/* no tree stands behind the superblock; nothing of ext was moved */
	assert_false(s->forward.possible);
	assert_true(s->forward.reason[0]);
	assert_true(s->undo.possible);
}

static void test_roll_back(void **state)
{
	const struct state *s;

	(void)state;
	put_btrfs(true);
	journal.nr_pieces = 1;
	journal.pieces[0] = (struct journal_piece){ .home = 0, .len = SECTOR, .source = 3 * MIB };
	put_record(JOURNAL_TO_EXT);
	s = look(ERR_ARMED);
	assert_true(s->has_record && s->rolling_back && s->btrfs_marked);
	assert_false(s->ext_marked);
	assert_string_equal(s->label, "old label");
	assert_false(s->forward.possible); /* the digest of the piece is wrong */
	assert_non_null(strstr(s->forward.reason, "is damaged"));
	assert_false(s->undo.possible);
}

static void test_no_record(void **state)
{
	const struct state *s;

	(void)state;
	put_btrfs(true);
	s = look(ERR_ARMED);
	assert_int_equal(s->content, STATE_INTERRUPTED);
	assert_false(s->has_record || s->is_ext || s->forward.possible || s->undo.possible);
	assert_string_equal(s->label, "new label");
	assert_int_equal(strncmp(s->forward.reason, "both copies of the journal record", 33), 0);
	assert_string_equal(s->forward.reason, s->undo.reason);
}

static void test_lost_address(void **state)
{
	const struct state *s;

	(void)state;
	put_le32(journal.ext_super + 0x5C, 0x38);
	put_le32(journal.ext_super + E_INCOMPAT, 0x2);
	put_le32(journal.ext_super + E_RO_COMPAT, 0x3);
	put_ext(true);
	data[KIB + E_FIRST_MARK] ^= 1;
	s = look(ERR_ARMED);
	assert_true(s->ext_marked);
	assert_string_equal(s->type, "ext2"); /* the mark is no feature of ext4 */
	assert_false(s->has_record || s->forward.possible || s->undo.possible);
	assert_int_equal(s->record, 0);
	assert_non_null(strstr(s->forward.reason, "the address of the journal record is damaged"));
}

/* The second half of the marked superblock without the first. */
static void test_torn(void **state)
{
	u8 marked[EXT_MARK_SIZE];
	const struct state *s;

	(void)state;
	put_ext(true);
	memcpy(marked, data + KIB, sizeof(marked));
	put_ext(false);
	memcpy(data + KIB + 512, marked + 512, 512);
	s = look(ERR_ARMED);
	assert_true(s->not_begun && s->forward.possible && s->undo.possible);
	assert_false(s->ext_marked || s->has_record);
	assert_string_equal(s->label, "old label");
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing), TEST(too_small), TEST(ext), TEST(ext_types), TEST(ext_damaged), TEST(btrfs),
		TEST(btrfs_damaged), TEST(both), TEST(conversion), TEST(roll_back), TEST(no_record), TEST(lost_address),
		TEST(torn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

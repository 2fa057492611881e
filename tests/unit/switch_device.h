/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device made by hand on which a switch can run in either direction, and what it must hold before and after. The
 * heads are random bytes, so that nothing is right by chance.
 *
 *     0      1 MiB      1.5 MiB    1.75 MiB        64 MiB       65 MiB
 *     | head | sources  | journal  | untouched ... | mirror ... |
 */
#ifndef TEST_SWITCH_DEVICE_H
#define TEST_SWITCH_DEVICE_H

#include "base/status.h"
#include "convert/switch.h"
#include "messages.h"
#include "switch_supers.h"

#define DISK (65 * MIB)
#define SOURCES ((u64)MIB)
#define RECORD (MIB + 512 * KIB)
#define MIRROR (64 * MIB)
#define B_HOME (64 * KIB)

/* Where a switch may write, and how much of the device a copy of it keeps. */
static const struct range homes[] = { { 0, MIB }, { RECORD, JOURNAL_AREA }, { MIRROR, 64 * KIB } };
#define COPY_SIZE (MIB + 128 * KIB)

enum holds { HOLDS_EXT, HOLDS_BTRFS };

struct form {
	enum holds start;    /* what the device holds at first: the switch goes to the other one */
	bool metadata_csum;  /* of ext */
	bool under_supers;   /* ext uses the blocks under the superblocks of btrfs */
};

static struct dev *mem;
static u8 *disk;
static struct journal j;
static u8 whole[COPY_SIZE];      /* the device before the switch */
static u8 sources[512 * KIB];
static u8 ext_boot[1024], mirror[BTRFS_SUPER_SIZE];
static struct messages said;

static inline int make_disk(void **state)
{
	(void)state;
	srandom(16180);
	messages_gather(&said);
	if (btrfs_csum_init() || dev_mem_new(DISK, &mem))
		return -1;
	disk = dev_mem_data(mem);
	return 0;
}

static inline int free_disk(void **state)
{
	(void)state;
	msg_set_sink(NULL, NULL);
	return dev_close(mem);
}

static inline void keep(u8 *copy)
{
	for (size_t i = 0; i < ARRAY_SIZE(homes); copy += homes[i++].len)
		memcpy(copy, disk + homes[i].start, homes[i].len);
}

static inline void restore(const u8 *copy)
{
	for (size_t i = 0; i < ARRAY_SIZE(homes); copy += homes[i++].len)
		memcpy(disk + homes[i].start, copy, homes[i].len);
}

/* A piece of ext; its source gets random content, zeros have none. */
static inline void add_piece(u64 home, u64 len, u64 source)
{
	struct journal_piece *p = &j.pieces[j.nr_pieces++];

	*p = (struct journal_piece){ .home = home, .len = len, .source = source };
	if (source == JOURNAL_ZEROS)
		return;
	fill_random(disk + source, len);
	if (home == 0) {
		memcpy(disk + source, ext_boot, sizeof(ext_boot));
		memcpy(disk + source + EXT_MARK_HOME, j.ext_super, EXT_MARK_SIZE);
	}
	journal_digest(disk + source, len, p->digest);
}

static inline void add_pieces(bool under_supers)
{
	u64 at = SOURCES;

	j.nr_pieces = 0;
	add_piece(0, 64 * KIB, at);
	at += 64 * KIB;
	if (under_supers)
		add_piece(B_HOME, 32 * KIB, at);
	else
		add_piece(B_HOME + 8 * KIB, 24 * KIB, at);
	at += 64 * KIB;
	add_piece(256 * KIB, 12 * KIB, JOURNAL_ZEROS);
	add_piece(MIB - 20 * KIB, 20 * KIB, at);
	at += 64 * KIB;
	if (under_supers)
		add_piece(MIRROR, 8 * KIB, at);
	else
		add_piece(MIRROR + 8 * KIB, 4 * KIB, at);
	add_piece(MIRROR + 32 * KIB, 8 * KIB, JOURNAL_ZEROS);
}

static inline void lay_ext(void)
{
	for (u32 i = 0; i < j.nr_pieces; i++) {
		const struct journal_piece *p = &j.pieces[i];

		if (p->source == JOURNAL_ZEROS)
			memset(disk + p->home, 0, p->len);
		else
			memcpy(disk + p->home, disk + p->source, p->len);
	}
}

static inline void lay_btrfs(void)
{
	memset(disk, 0, MIB);
	fill_random(disk, 1024); /* another boot code */
	memcpy(disk + B_HOME, j.btrfs_super, BTRFS_SUPER_SIZE);
	memcpy(disk + MIRROR, mirror, BTRFS_SUPER_SIZE);
}

/* The device before the switch, and its journal record, which is not on it yet. */
static inline void make_form(const struct form *form)
{
	memset(&j, 0, sizeof(j));
	fill_random(disk, MIB);
	fill_random(disk + MIRROR, 64 * KIB);
	memset(disk + RECORD, 0, JOURNAL_AREA);
	j.target = form->start == HOLDS_EXT ? JOURNAL_TO_BTRFS : JOURNAL_TO_EXT;
	j.address = RECORD;
	j.device_size = DISK;
	make_ext_super(j.ext_super, form->metadata_csum);
	make_btrfs_super(j.btrfs_super, BTRFS_CSUM_XXHASH);
	memcpy(mirror, j.btrfs_super, sizeof(mirror));
	put_le64(mirror + B_BYTENR, MIRROR);
	seal_btrfs(mirror);
	fill_random(ext_boot, sizeof(ext_boot));
	add_pieces(form->under_supers);
	if (form->start == HOLDS_EXT)
		lay_ext();
	else
		lay_btrfs();
	memcpy(j.boot_code, disk, sizeof(j.boot_code));
	memcpy(sources, disk + SOURCES, sizeof(sources));
	keep(whole);
}

/* --- what the device must hold --- */

static inline bool is_zero(u64 start, u64 end)
{
	while (start < end && !disk[start])
		start++;
	return start == end;
}

static inline bool piece_covers(u64 home)
{
	for (u32 i = 0; i < j.nr_pieces; i++)
		if (home >= j.pieces[i].home && home - j.pieces[i].home < j.pieces[i].len)
			return true;
	return false;
}

/* Every byte that ext uses; what it does not use may be anything, but zeros under the superblocks of btrfs, once one
 * of them was there. */
static inline const char *wrong_in_ext(bool came_back)
{
	for (u32 i = 0; i < j.nr_pieces; i++) {
		const struct journal_piece *p = &j.pieces[i];

		if (p->source == JOURNAL_ZEROS ? !is_zero(p->home, p->home + p->len)
					       : memcmp(disk + p->home, disk + p->source, p->len) != 0)
			return "a piece";
	}
	if (memcmp(disk + EXT_MARK_HOME, j.ext_super, EXT_MARK_SIZE) != 0)
		return "the ext superblock";
	if (came_back && !piece_covers(B_HOME) && !is_zero(B_HOME, B_HOME + BTRFS_SUPER_SIZE))
		return "the place of the btrfs superblock";
	if (came_back && !piece_covers(MIRROR) && !is_zero(MIRROR, MIRROR + BTRFS_SUPER_SIZE))
		return "the place of the mirror";
	return NULL;
}

/* Nothing of ext may be left. */
static inline const char *wrong_in_btrfs(void)
{
	if (memcmp(disk, j.boot_code, sizeof(j.boot_code)) != 0)
		return "the boot code";
	if (memcmp(disk + B_HOME, j.btrfs_super, BTRFS_SUPER_SIZE) != 0)
		return "the btrfs superblock";
	if (memcmp(disk + MIRROR, mirror, sizeof(mirror)) != 0)
		return "the mirror";
	if (!is_zero(1024, B_HOME) || !is_zero(B_HOME + BTRFS_SUPER_SIZE, MIB))
		return "the head";
	return NULL;
}

static inline void expect_whole(enum holds holds)
{
	const char *wrong = holds == HOLDS_EXT ? wrong_in_ext(true) : wrong_in_btrfs();

	if (wrong)
		fail_msg("wrong in %s: %s; %s", holds == HOLDS_EXT ? "ext" : "btrfs", wrong, said.text);
	if (!is_zero(RECORD, RECORD + JOURNAL_AREA))
		fail_msg("the record is still there");
	assert_memory_equal(disk + SOURCES, sources, sizeof(sources));
}

/* --- runs --- */

static inline int switch_to(struct dev *fence, enum holds target)
{
	return target == HOLDS_EXT ? switch_to_ext(fence, &j) : switch_to_btrfs(fence, &j);
}

/* The whole switch on a device. */
static inline int run_switch(struct dev *below, bool *armed)
{
	struct dev *fence = NULL;
	int ret;

	assert_int_equal(dev_fence_new(below, &fence), 0);
	ret = switch_arm(fence, &j, armed);
	if (!ret)
		ret = switch_to(fence, j.target == JOURNAL_TO_EXT ? HOLDS_EXT : HOLDS_BTRFS);
	assert_int_equal(dev_close(fence), 0);
	return ret;
}

/* What resume does with an armed device. */
static inline int run_resume(struct dev *below, enum holds target)
{
	struct dev *fence = NULL;
	int ret;

	assert_int_equal(dev_fence_new(below, &fence), 0);
	ret = switch_rearm(fence, &j);
	if (!ret)
		ret = switch_to(fence, target);
	assert_int_equal(dev_close(fence), 0);
	return ret;
}

#define FORM_COUNT 8u

static inline struct form form_nr(u32 nr)
{
	return (struct form){ nr & 1 ? HOLDS_BTRFS : HOLDS_EXT, (nr & 2) != 0, (nr & 4) != 0 };
}

static inline enum holds other_than(enum holds holds)
{
	return holds == HOLDS_EXT ? HOLDS_BTRFS : HOLDS_EXT;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reader against file systems made by mkfs.btrfs: it must find what the btrfs tool finds, notice a lie told in any
 * place with a right checksum, and survive random damage. Node size 4096 makes trees of three levels from few files.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/endian.h"
#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs_csum.h"
#include "btrfs/btrfs_ondisk.h"
#include "btrfs/btrfs_read.h"
#include "super_lies.h"

#define NODESIZE 4096u
#define NR_FILES 800
#define MAX_BLOCKS 4096

static const struct tree {
	u64 id;
	const char *name; /* as btrfs inspect-internal prints it */
} trees[] = {
	{ BTRFS_ROOT_TREE, "ROOT_TREE" },     { BTRFS_EXTENT_TREE, "EXTENT_TREE" },
	{ BTRFS_CHUNK_TREE, "CHUNK_TREE" },   { BTRFS_DEV_TREE, "DEV_TREE" },
	{ BTRFS_FS_TREE, "FS_TREE" },         { BTRFS_CSUM_TREE, "CSUM_TREE" },
	{ BTRFS_UUID_TREE, "UUID_TREE" },     { BTRFS_FREE_SPACE_TREE, "FREE_SPACE_TREE" },
	{ BTRFS_DATA_RELOC_TREE, "DATA_RELOC_TREE" },
};

struct block {
	u64 logical, owner;
	u8 level;
};

static struct dev *image;
static u8 super[BTRFS_SUPER_SIZE];
static u64 dumped[ARRAY_SIZE(trees)]; /* items by the btrfs tool */
static struct block blocks[MAX_BLOCKS];
static size_t nr_blocks;
static unsigned int nr_messages;

static void count_message(void *ctx, enum msg_level level, const char *text)
{
	(void)ctx;
	(void)text;
	nr_messages += level == MSG_ERR;
}

/* --- the image --- */

static void make_files(const char *dir)
{
	static const char text[9000] = "some data";
	char path[200];
	int i, fd;

	for (i = 0; i < NR_FILES; i++) {
		snprintf(path, sizeof(path), "%s/d%d", dir, i / 100);
		if (i % 100 == 0)
			assert_int_equal(mkdir(path, 0700), 0);
		snprintf(path, sizeof(path), "%s/d%d/file-%d", dir, i / 100, i);
		fd = open(path, O_CREAT | O_WRONLY, 0600);
		assert_true(fd >= 0);
		assert_int_equal(write(fd, text, (size_t)i * 7 % sizeof(text)), (size_t)i * 7 % sizeof(text));
		assert_int_equal(close(fd), 0);
	}
}

static void read_dump(const char *path)
{
	char command[300], line[1000], owner[100];
	unsigned int items;
	FILE *f;
	size_t i;

	snprintf(command, sizeof(command), "btrfs inspect-internal dump-tree '%s'", path);
	f = popen(command, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "leaf %*u items %u free space %*u generation %*u owner %99s", &items, owner) != 2)
			continue;
		for (i = 0; i < ARRAY_SIZE(trees); i++)
			dumped[i] += strcmp(owner, trees[i].name) == 0 ? items : 0;
	}
	assert_int_equal(pclose(f), 0);
}

static int load_image(void **state)
{
	char dir[] = "/tmp/test_btrfs_read.XXXXXX", command[300], path[100];
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/root", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	make_files(path);
	snprintf(path, sizeof(path), "%s/image", dir);
	snprintf(command, sizeof(command),
		 "truncate -s %llu %s/image && mkfs.btrfs -q -n %u --rootdir %s/root %s/image >/dev/null 2>&1",
		 (unsigned long long)IMAGE_SIZE, dir, NODESIZE, dir, dir);
	assert_int_equal(system(command), 0);
	read_dump(path);
	assert_int_equal(dev_mem_new(IMAGE_SIZE, &image), 0);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, dev_mem_data(image), IMAGE_SIZE), IMAGE_SIZE);
	close(fd);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	assert_int_equal(system(command), 0);
	memcpy(super, dev_mem_data(image) + BTRFS_SUPER_PRIMARY, sizeof(super));
	msg_set_sink(count_message, NULL);
	return btrfs_csum_init();
}

static int free_image(void **state)
{
	(void)state;
	msg_set_sink(NULL, NULL);
	return dev_close(image);
}

/* --- walking everything --- */

static int note_block(void *ctx, u64 logical, u64 owner, u8 level)
{
	(void)ctx;
	assert_true(nr_blocks < MAX_BLOCKS);
	blocks[nr_blocks++] = (struct block){ logical, owner, level };
	return 0;
}

static int walk_tree(struct btrfs_reader *r, u64 id, btrfs_block_fn fn, u64 *nr_items)
{
	struct btrfs_walk *walk;
	struct btrfs_item item;
	volatile u8 sum = 0;
	u64 logical;
	u8 level;
	u32 i;
	int ret;

	ret = btrfs_reader_find_root(r, id, &logical, &level, NULL);
	if (ret != 1)
		return ret < 0 ? ret : ERR_CORRUPT;
	ret = btrfs_walk_new(r, id, logical, level, NULL, fn, NULL, &walk);
	if (ret)
		return ret;
	while ((ret = btrfs_walk_next(walk, &item)) == 1) {
		++*nr_items;
		for (i = 0; i < item.size; i++)
			sum = (u8)(sum + item.data[i]);
	}
	btrfs_walk_free(walk);
	return ret;
}

/* Reads all trees of the image as it is now. */
static int walk_all(const u8 *with_super, btrfs_block_fn fn, u64 counts[ARRAY_SIZE(trees)])
{
	struct btrfs_reader *r;
	size_t i;
	int ret;

	ret = btrfs_reader_new(image, with_super, false, &r);
	for (i = 0; !ret && i < ARRAY_SIZE(trees); i++) {
		counts[i] = 0;
		ret = walk_tree(r, trees[i].id, fn, &counts[i]);
	}
	btrfs_reader_free(r);
	return ret;
}

static void test_counts(void **state)
{
	u64 counts[ARRAY_SIZE(trees)];
	size_t i, nr_nodes = 0;

	(void)state;
	nr_blocks = 0;
	assert_int_equal(walk_all(super, note_block, counts), 0);
	for (i = 0; i < ARRAY_SIZE(trees); i++) {
		if (trees[i].id != BTRFS_UUID_TREE)
			assert_true(counts[i] > 0);
		assert_int_equal(counts[i], dumped[i]);
	}
	for (i = 0; i < nr_blocks; i++)
		nr_nodes += blocks[i].level > 1;
	assert_true(nr_nodes > 0);
	assert_int_equal(nr_messages, 0);
}

static void test_info(void **state)
{
	const struct btrfs_chunk *chunks;
	struct btrfs_super_info info;
	struct btrfs_reader *r;
	u64 physical, len;
	size_t nr, i;

	(void)state;
	assert_int_equal(btrfs_super_decode(super, BTRFS_SUPER_PRIMARY, true, &info), 0);
	assert_int_equal(info.total_bytes, IMAGE_SIZE);
	assert_int_equal(info.nodesize, NODESIZE);
	assert_int_equal(btrfs_super_decode(super, 64 * MIB, false, &info), ERR_CORRUPT);
	assert_int_equal(btrfs_super_decode(dev_mem_data(image) + 64 * MIB, 64 * MIB, true, &info), 0);

	assert_int_equal(btrfs_reader_new(image, super, false, &r), 0);
	chunks = btrfs_reader_chunks(r, &nr);
	assert_true(nr >= 3);
	for (i = 0; i < nr; i++) {
		u64 at = chunks[i].logical + chunks[i].len - 1;

		assert_ptr_equal(btrfs_reader_find_chunk(r, at), &chunks[i]);
		assert_int_equal(btrfs_reader_map(r, at, &physical, &len), 0);
		assert_int_equal(physical, chunks[i].physical[0] + chunks[i].len - 1);
		assert_int_equal(len, 1);
	}
	i = nr - 1;
	assert_int_equal(btrfs_reader_map(r, chunks[i].logical + chunks[i].len, &physical, &len), ERR_CORRUPT);
	assert_int_equal(btrfs_reader_map(r, 0, &physical, &len), ERR_CORRUPT);
	assert_int_equal(btrfs_reader_find_root(r, 12345, &physical, &(u8){ 0 }, NULL), 0);
	btrfs_reader_free(r);
}

/* A walk from a key gives what is left of the whole walk from there, for every fifth item and just behind the one
 * before it. */
static void test_seek(void **state)
{
	struct btrfs_walk *walk, *from;
	struct btrfs_item item, found;
	struct btrfs_key behind = { 0, 0, 0 };
	struct btrfs_reader *r;
	u64 logical, nr = 0;
	u8 level;

	(void)state;
	assert_int_equal(btrfs_reader_new(image, super, false, &r), 0);
	assert_int_equal(btrfs_reader_find_root(r, BTRFS_FS_TREE, &logical, &level, NULL), 1);
	assert_int_equal(btrfs_walk_new(r, BTRFS_FS_TREE, logical, level, NULL, NULL, NULL, &walk), 0);
	while (btrfs_walk_next(walk, &item) == 1) {
		const struct btrfs_key *keys[] = { &behind, &item.key };
		size_t i;
		int ret;

		for (i = 0; nr % 5 == 0 && i < ARRAY_SIZE(keys); i++) {
			ret = btrfs_walk_new(r, BTRFS_FS_TREE, logical, level, keys[i], NULL, NULL, &from);
			assert_int_equal(ret, 0);
			assert_int_equal(btrfs_walk_next(from, &found), 1);
			assert_int_equal(btrfs_key_compare(&found.key, &item.key), 0);
			btrfs_walk_free(from);
		}
		behind = item.key;
		behind.offset++;
		nr++;
	}
	btrfs_walk_free(walk);
	assert_int_equal(btrfs_walk_new(r, BTRFS_FS_TREE, logical, level, &behind, NULL, NULL, &from), 0);
	assert_int_equal(btrfs_walk_next(from, &found), 0);
	btrfs_walk_free(from);
	assert_int_equal(btrfs_walk_new(r, BTRFS_FS_TREE, logical, 8, NULL, NULL, NULL, &from), ERR_CORRUPT);
	btrfs_reader_free(r);
}

/* --- lies with a right checksum --- */

static u8 *block_bytes(u64 logical)
{
	struct btrfs_reader *r;
	u64 physical, len;

	assert_int_equal(btrfs_reader_new(image, super, false, &r), 0);
	assert_int_equal(btrfs_reader_map(r, logical, &physical, &len), 0);
	btrfs_reader_free(r);
	return dev_mem_data(image) + physical;
}

static const struct block *find_block(u64 owner, u8 level, size_t nth)
{
	size_t i;

	for (i = 0; i < nr_blocks; i++)
		if (blocks[i].owner == owner && blocks[i].level == level && nth-- == 0)
			return &blocks[i];
	fail_msg("no such block");
	return NULL;
}

static void seal(u8 *block, u32 size)
{
	btrfs_csum(BTRFS_CSUM_CRC32C, block + BTRFS_CSUM_MAX, size - BTRFS_CSUM_MAX, block);
}

#define HEADER(b) ((struct btrfs_header_disk *)(b))
#define ITEM(b, n) ((struct btrfs_item_disk *)((b) + BTRFS_HEADER_SIZE) + (n))
#define PTR(b, n) ((struct btrfs_key_ptr_disk *)((b) + BTRFS_HEADER_SIZE) + (n))
#define LAST(b) (le32_to_cpu(HEADER(b)->nritems) - 1)

static void bad_csum(u8 *b) { b[0] ^= 1; }
static void bad_bytenr(u8 *b) { HEADER(b)->bytenr = cpu_to_le64(4096); }
static void bad_fsid(u8 *b) { HEADER(b)->fsid[3] ^= 1; }
static void bad_level(u8 *b) { HEADER(b)->level++; }
static void bad_huge_level(u8 *b) { HEADER(b)->level = 200; }
static void bad_owner(u8 *b) { HEADER(b)->owner = cpu_to_le64(BTRFS_DEV_TREE); }
static void bad_generation(u8 *b) { HEADER(b)->generation = cpu_to_le64(1000); }
static void bad_old_generation(u8 *b) { HEADER(b)->generation = cpu_to_le64(1); }
static void bad_many(u8 *b) { HEADER(b)->nritems = cpu_to_le32(0xffffffff); }
static void bad_none(u8 *b) { HEADER(b)->nritems = cpu_to_le32(0); }
static void bad_item_order(u8 *b) { ITEM(b, 1)->key = ITEM(b, 0)->key; }
static void bad_item_offset(u8 *b) { ITEM(b, 1)->offset = cpu_to_le32(0xfffffff0); }
static void bad_item_inside(u8 *b) { ITEM(b, LAST(b))->offset = cpu_to_le32(0); }
static void bad_item_size(u8 *b) { ITEM(b, 1)->size = cpu_to_le32(0xffffffff); }
static void bad_first_key(u8 *b) { ITEM(b, 0)->key.objectid = cpu_to_le64(1); }
static void bad_last_key(u8 *b) { ITEM(b, LAST(b))->key.objectid = cpu_to_le64(100000); }
static void bad_ptr_zero(u8 *b) { PTR(b, 1)->blockptr = cpu_to_le64(0); }
static void bad_ptr_odd(u8 *b) { PTR(b, 1)->blockptr = cpu_to_le64(le64_to_cpu(PTR(b, 1)->blockptr) + 1); }
static void bad_ptr_far(u8 *b) { PTR(b, 1)->blockptr = cpu_to_le64((u64)-4096); }
static void bad_ptr_self(u8 *b) { PTR(b, 1)->blockptr = HEADER(b)->bytenr; }
static void bad_ptr_twice(u8 *b) { PTR(b, 1)->blockptr = PTR(b, 0)->blockptr; }
static void bad_ptr_order(u8 *b) { PTR(b, 1)->key = PTR(b, 0)->key; }
static void bad_ptr_key(u8 *b) { PTR(b, 1)->key.type ^= 1; }
static void bad_ptr_generation(u8 *b) { PTR(b, 1)->generation = cpu_to_le64(1); }
static void bad_ptr_no_generation(u8 *b) { PTR(b, 1)->generation = cpu_to_le64(0); }

enum where { LEAF, NODE, TOP };

static const struct lie {
	const char *name;
	enum where where;
	void (*tell)(u8 *block);
} lies[] = {
	{ "checksum", LEAF, bad_csum }, { "checksum of a node", NODE, bad_csum },
	{ "address", LEAF, bad_bytenr }, { "fsid", LEAF, bad_fsid }, { "level", LEAF, bad_level },
	{ "level of a node", NODE, bad_level }, { "huge level", LEAF, bad_huge_level }, { "owner", LEAF, bad_owner },
	{ "owner of a node", NODE, bad_owner }, { "generation", LEAF, bad_generation },
	{ "old generation", LEAF, bad_old_generation }, { "too many", LEAF, bad_many },
	{ "too many in a node", NODE, bad_many }, { "empty", LEAF, bad_none }, { "empty node", NODE, bad_none },
	{ "item order", LEAF, bad_item_order }, { "item offset", LEAF, bad_item_offset },
	{ "data over items", LEAF, bad_item_inside }, { "item size", LEAF, bad_item_size },
	{ "first key", LEAF, bad_first_key }, { "last key", LEAF, bad_last_key },
	{ "pointer 0", NODE, bad_ptr_zero }, { "odd pointer", NODE, bad_ptr_odd }, { "far pointer", TOP, bad_ptr_far },
	{ "pointer to itself", TOP, bad_ptr_self }, { "same pointer twice", NODE, bad_ptr_twice },
	{ "pointer order", NODE, bad_ptr_order }, { "pointer key", NODE, bad_ptr_key },
	{ "pointer key at the top", TOP, bad_ptr_key }, { "pointer generation", NODE, bad_ptr_generation },
	{ "pointer without generation", TOP, bad_ptr_no_generation },
};

static void test_lies(void **state)
{
	u64 counts[ARRAY_SIZE(trees)];
	u8 saved[NODESIZE];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		const struct lie *lie = &lies[i];
		u8 level = (u8)lie->where;
		const struct block *at = find_block(BTRFS_FS_TREE, level, lie->where == TOP ? 0 : 1);
		u8 *b = block_bytes(at->logical);

		memcpy(saved, b, NODESIZE);
		lie->tell(b);
		if (lie->tell != bad_csum)
			seal(b, NODESIZE);
		nr_messages = 0;
		if (walk_all(super, NULL, counts) != ERR_CORRUPT)
			fail_msg("not noticed: %s", lie->name);
		assert_int_equal(nr_messages, 1);
		memcpy(b, saved, NODESIZE);
	}
	assert_int_equal(walk_all(super, NULL, counts), 0);
}

/* --- superblocks and chunks --- */

static void test_super_lies(void **state)
{
	u64 counts[ARRAY_SIZE(trees)];
	u8 copy[BTRFS_SUPER_SIZE];
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(super_lies); i++) {
		const struct super_lie *lie = &super_lies[i];

		memcpy(copy, super, sizeof(copy));
		for (n = 0; n < lie->size && n < 8; n++)
			copy[lie->offset + n] = (u8)(lie->value >> (8 * n));
		seal(copy, sizeof(copy));
		nr_messages = 0;
		if (walk_all(copy, NULL, counts) != lie->status)
			fail_msg("not noticed: %s", lie->name);
		assert_int_equal(nr_messages, 1);
	}
	memcpy(copy, super, sizeof(copy));
	copy[5000 % sizeof(copy)] ^= 1;
	assert_int_equal(walk_all(copy, NULL, counts), ERR_CORRUPT);
}

/* What a reading device returns comes back as it is. */
static void test_io_error(void **state)
{
	struct dev_fault_opts opts = { .fail_read = 1 };
	struct btrfs_reader *r;
	struct dev *fault;
	int ret = ERR_IO;

	(void)state;
	for (; ret == ERR_IO; opts.fail_read++) {
		assert_int_equal(dev_fault_new(image, &opts, &fault), 0);
		ret = btrfs_reader_new(fault, super, false, &r);
		assert_true(ret == 0 || ret == ERR_IO);
		btrfs_reader_free(r);
		assert_int_equal(dev_close(fault), 0);
	}
	assert_true(opts.fail_read > 2);
}

/* --- random damage --- */

static u64 random_state = 20240229;

static u64 random_below(u64 limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % limit;
}

/* Flips a bit of a block (half of the time near its head, where the structure is) and makes the checksum right
 * again. */
static void test_random(void **state)
{
	u64 counts[ARRAY_SIZE(trees)];
	u8 saved[NODESIZE];
	int i, noticed = 0;

	(void)state;
	for (i = 0; i < 300; i++) {
		bool in_super = random_below(10) == 0;
		const struct block *at = &blocks[random_below(nr_blocks)];
		u8 *b = in_super ? super : block_bytes(at->logical);
		u64 pos = BTRFS_CSUM_MAX + random_below((random_below(2) ? 400 : NODESIZE) - BTRFS_CSUM_MAX);
		int ret;

		memcpy(saved, b, NODESIZE);
		b[pos] ^= (u8)(1u << random_below(8));
		seal(b, NODESIZE);
		ret = walk_all(super, NULL, counts);
		memcpy(b, saved, NODESIZE);
		assert_true(ret == 0 || ret == ERR_CORRUPT || ret == ERR_REFUSED);
		noticed += ret != 0;
	}
	assert_true(noticed > 50);
	assert_int_equal(walk_all(super, NULL, counts), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts), cmocka_unit_test(test_info), cmocka_unit_test(test_seek),
		cmocka_unit_test(test_lies), cmocka_unit_test(test_super_lies), cmocka_unit_test(test_io_error),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, load_image, free_image);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Damage at random, the same at every run: metadata bytes of small images are changed, checksums are on or off, and
 * whatever the reader says, it must say it without a crash, a hang or a wrong kind of answer.
 *
 *     test_ext_fuzz [ROUNDS [SEED]]
 */
#include "ext_image.h"

#define ROUNDS 300u
#define SEED 20260701u
#define MAX_RANGES 4096u

static const char *const tree =
	"mkdir -p a/b/c many; for i in $(seq 200); do >many/name_number_$i; done; ln -s short s; mkfifo fifo;"
	"ln -s $(printf '%0100d' 1) long; head -c 200000 /dev/zero | tr '\\0' x >file;"
	"for i in $(seq 30); do printf x >>sparse; truncate -s +20000 sparse; done";

static const char *const commands =
	"ea_set file user.a b\nea_set many user.long 0123456789012345678901234567890123456789"
	"01234567890123456789012345678901234567890123456789012345678901234567890123456789";

static const char *const variants[] = {
	"-b 4096 -t ext4 -N 320 -g 1024 -O ^metadata_csum,^uninit_bg",
	"-b 4096 -t ext4 -N 320 -g 1024",
	"-b 4096 -t ext2 -N 320 -I 128",
	"-b 4096 -t ext4 -N 320 -O ^metadata_csum,uninit_bg,meta_bg,^resize_inode,^has_journal,^64bit",
	"-b 8192 -t ext4 -N 320 -O ^metadata_csum,^uninit_bg,quota,orphan_file,mmp,large_dir",
};

static u32 nr_rounds = ROUNDS;
static u32 first_seed = SEED;

/* --- where metadata lies --- */

struct places {
	struct range ranges[MAX_RANGES];
	u32 nr;
};

static void add_place(struct places *p, u64 start, u64 len)
{
	if (p->nr < MAX_RANGES)
		p->ranges[p->nr++] = (struct range){ start, len };
}

static int add_fixed(void *ctx, u64 start, u64 len, enum ext_fixed kind)
{
	(void)kind;
	add_place(ctx, start, len);
	return 0;
}

static int add_tree(void *ctx, u64 physical, u64 len)
{
	add_place(ctx, physical, len);
	return 0;
}

static int add_dir_run(void *ctx, const struct ext_run *r)
{
	add_place(ctx, r->physical, r->len);
	return 0;
}

/* All fixed places, the superblock many times as it is small, and trees, directories, long targets and attributes. */
static void find_places(const struct image *image, struct places *p)
{
	struct ext_map_sink sink = { .tree = add_tree, .ctx = p };
	struct ext_fs *fs = image_open(image);
	struct ext_inode_iter *it = NULL;
	struct ext_inode inode;

	assert_int_equal(ext_fixed_iterate(fs, add_fixed, p), 0);
	for (u32 i = 0; i < 10; i++)
		add_place(p, SUPER, 1024);
	assert_int_equal(ext_inode_iter_new(fs, 1, &it), 0);
	while (ext_inode_iter_next(it, &inode) == 1) {
		sink.run = S_ISDIR(inode.mode) || S_ISLNK(inode.mode) ? add_dir_run : NULL;
		assert_int_equal(ext_map_iterate(fs, &inode, &sink), 0);
		if (inode.xattr_block)
			add_place(p, inode.xattr_block, 512);
	}
	ext_inode_iter_free(it);
	ext_close(fs);
}

/* --- damage --- */

static u32 random_next(u32 *seed)
{
	u32 x = *seed;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	*seed = x;
	return x;
}

struct change {
	u8 *at;
	u8 old;
};

/* Bytes in use are the interesting ones, so zeros are passed over mostly. */
static struct change damage(const struct image *image, const struct places *p, u32 *seed)
{
	static const u8 values[] = { 0, 1, 0x7F, 0x80, 0xFF };
	struct change c = { 0 };

	for (u32 try = 0; try < 20; try++) {
		const struct range *r = &p->ranges[random_next(seed) % p->nr];

		c.at = image->data + r->start + random_next(seed) % r->len;
		if (*c.at)
			break;
	}
	c.old = *c.at;
	if (random_next(seed) & 1)
		*c.at ^= 1u << (random_next(seed) & 7);
	else
		*c.at = values[random_next(seed) % ARRAY_SIZE(values)];
	return c;
}

/* Up to three changes at once, undone when the reader has had its say. */
static void run_round(const struct image *image, const struct places *p, u32 *seed)
{
	struct change changes[3];
	u32 nr = 1 + random_next(seed) % ARRAY_SIZE(changes);
	struct messages m;
	struct totals t;
	int ret;

	for (u32 i = 0; i < nr; i++)
		changes[i] = damage(image, p, seed);
	messages_gather(&m);
	ret = image_read(image, &t);
	if (ret && ret != ERR_CORRUPT && ret != ERR_REFUSED)
		fail_msg("status %d: %s", ret, m.text);
	if (ret && !m.nr[MSG_ERR])
		fail_msg("status %d without a message", ret);
	while (nr--)
		*changes[nr].at = changes[nr].old;
}

static void test_random_damage(void **state)
{
	struct places *p = malloc(sizeof(*p));

	(void)state;
	assert_non_null(p);
	for (size_t v = 0; v < ARRAY_SIZE(variants); v++) {
		bool mmp = strstr(variants[v], "mmp");
		struct image image = image_make(32, variants[v], tree, mmp ? NULL : commands);
		u32 seed = first_seed + v;
		struct totals t;

		p->nr = 0;
		find_places(&image, p);
		for (u32 i = 0; i < nr_rounds; i++)
			run_round(&image, p, &seed);
		msg_set_sink(NULL, NULL);
		assert_int_equal(image_read(&image, &t), 0);
		image_free(&image);
	}
	free(p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random_damage) };

	if (argc > 1)
		nr_rounds = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		first_seed = strtoul(argv[2], NULL, 10);
	return cmocka_run_group_tests_name("ext_fuzz", tests, NULL, NULL);
}

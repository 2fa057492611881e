/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Extended attributes in the inode and in a block, made by the tests and by debugfs; access control lists; names and
 * kinds that cannot be carried over; every contradiction of a damaged list.
 */
#include "ext/ext_private.h"
#include "ext_image.h"

#define NO_CSUM "-t ext4 -b 4096 -N 64 -O ^metadata_csum,^uninit_bg,^has_journal,^resize_inode"
#define BODY_OFFSET (128 + 32) /* where the list in the inode begins, with all fixed fields present */
#define XATTR_BLOCK 3000u

static struct image plain;
static u32 file;
static u8 *body, *block;

/* --- writing lists --- */

struct attr {
	u8 index;
	const char *name;
	const void *value;
	u32 len;
};

static u32 hash_of(const char *name, const u8 *value, u32 len, bool is_signed)
{
	u32 hash = 0;

	for (; *name; name++)
		hash = (hash << 5) ^ (hash >> 27) ^ (is_signed ? (u32)(s32)(signed char)*name : (u8)*name);
	for (u32 i = 0; i < (len + 3) / 4; i++)
		hash = (hash << 16) ^ (hash >> 16) ^ get_le32(value + 4 * (size_t)i);
	return hash;
}

/* Entries at start, values downwards from end; offsets count from base. */
static void put_list(u8 *start, u8 *end, const u8 *base, const struct attr *attrs, u32 nr)
{
	for (u32 i = 0; i < nr; i++) {
		const struct attr *a = &attrs[i];
		u32 name_len = strlen(a->name);

		end -= (a->len + 3) & ~3u;
		if (a->len)
			memcpy(end, a->value, a->len);
		start[0] = name_len;
		start[1] = a->index;
		put_le16(start + 2, a->len ? end - base : 0);
		put_le32(start + 8, a->len);
		put_le32(start + 12, hash_of(a->name, end, a->len, false));
		memcpy(start + 16, a->name, name_len);
		start += 16 + ((name_len + 3) & ~3u);
		assert_true(start + 4 <= end);
	}
}

static void put_body(const struct attr *attrs, u32 nr)
{
	memset(body, 0, 256 - BODY_OFFSET);
	put_le32(body, 0xEA020000);
	put_list(body + 4, body + 256 - BODY_OFFSET, body + 4, attrs, nr);
}

static void put_block(const struct attr *attrs, u32 nr)
{
	memset(block, 0, BLOCK);
	put_le32(block, 0xEA020000);
	put_le32(block + 4, 1);
	put_le32(block + 8, 1);
	put_list(block + 32, block + BLOCK, block, attrs, nr);
}

static const struct attr some[] = {
	{ 1, "one", "first value", 11 },
	{ 6, "selinux", "label", 6 },
	{ 1, "empty", NULL, 0 },
};

static const struct attr others[] = {
	{ 4, "trusted", "\1\2\3\4", 4 },
	{ 1, "two", "second", 6 },
};

static int make_plain(void **state)
{
	(void)state;
	plain = image_make(16, NO_CSUM, ">file; >extra", NULL);
	file = find_ino(&plain, "file");
	body = inode_at(&plain, file) + BODY_OFFSET;
	block = block_at(&plain, XATTR_BLOCK);
	put_le16(inode_at(&plain, file) + 0x80, 32);
	put_le32(inode_at(&plain, file) + 0x68, XATTR_BLOCK);
	put_le32(inode_at(&plain, file) + 0x1C, 8);
	return 0;
}

static int free_plain(void **state)
{
	(void)state;
	image_free(&plain);
	return 0;
}

/* Both lists are sound before each test. */
static int put_sound(void **state)
{
	(void)state;
	put_body(some, ARRAY_SIZE(some));
	put_block(others, ARRAY_SIZE(others));
	return 0;
}

/* --- reading --- */

#define MAX_XATTRS 8u

struct found {
	char name[MAX_XATTRS][256];
	u8 value[MAX_XATTRS][4096];
	u32 len[MAX_XATTRS];
	u32 nr, refcount;
	int stop;
};

static struct found found;

static int note_xattr(void *ctx, const struct ext_xattr *xattr)
{
	struct found *f = ctx;
	u32 i = f->nr++;

	assert_true(i < MAX_XATTRS && xattr->name_len < 256 && xattr->value_len <= 4096);
	memcpy(f->name[i], xattr->name, xattr->name_len);
	f->name[i][xattr->name_len] = '\0';
	memcpy(f->value[i], xattr->value, xattr->value_len);
	f->len[i] = xattr->value_len;
	return f->stop;
}

static int read_xattrs(const struct image *image, u32 ino, ext_xattr_fn fn)
{
	struct ext_fs *fs = image_open(image);
	struct ext_inode_iter *it = NULL;
	struct ext_inode inode;
	int ret = find_inode(fs, ino, &it, &inode);

	found.nr = 0;
	found.refcount = 99;
	if (!ret)
		ret = ext_xattr_iterate(fs, &inode, &found.refcount, fn, &found);
	if (!ret)
		assert_int_equal(ext_xattr_iterate(fs, &inode, NULL, NULL, NULL), 0);
	ext_inode_iter_free(it);
	ext_close(fs);
	return ret;
}

static void assert_xattr(u32 nr, const char *name, const void *value, u32 len)
{
	assert_true(nr < found.nr);
	assert_string_equal(found.name[nr], name);
	assert_int_equal(found.len[nr], len);
	if (len)
		assert_memory_equal(found.value[nr], value, len);
}

static void test_both_lists(void **state)
{
	(void)state;
	assert_int_equal(read_xattrs(&plain, file, note_xattr), 0);
	assert_int_equal(found.nr, 5);
	assert_xattr(0, "user.one", "first value", 11);
	assert_xattr(1, "security.selinux", "label", 6);
	assert_xattr(2, "user.empty", NULL, 0);
	assert_xattr(3, "trusted.trusted", "\1\2\3\4", 4);
	assert_xattr(4, "user.two", "second", 6);
	assert_int_equal(found.refcount, 1);
	found.stop = 66;
	assert_int_equal(read_xattrs(&plain, file, note_xattr), 66);
	assert_int_equal(found.nr, 1);
	found.stop = 0;
	put_le32(block + 4, 1024);
	assert_int_equal(read_xattrs(&plain, file, note_xattr), 0);
	assert_int_equal(found.refcount, 1024);
}

/* They are there whatever the compat bit says; the kernel shows them too. */
static void test_without_the_feature_bit(void **state)
{
	u8 *compat = super_at(&plain, 0x5C);

	(void)state;
	put_le32(compat, get_le32(compat) & ~8u);
	assert_int_equal(read_xattrs(&plain, file, note_xattr), 0);
	assert_int_equal(found.nr, 5);
	put_le32(compat, get_le32(compat) | 8);
}

static void test_no_list(void **state)
{
	u8 *inode = inode_at(&plain, file);

	(void)state;
	put_le32(inode + 0x68, 0);
	assert_int_equal(read_xattrs(&plain, file, note_xattr), 0);
	assert_int_equal(found.nr, 3);
	assert_int_equal(found.refcount, 0);
	put_le32(body, 0xEA020001); /* another magic: no list */
	assert_int_equal(read_xattrs(&plain, file, note_xattr), 0);
	assert_int_equal(found.nr, 0);
	put_le32(body, 0xEA020000);
	put_le16(inode + 0x80, 0); /* no list without an extra size */
	assert_int_equal(read_xattrs(&plain, file, note_xattr), 0);
	assert_int_equal(found.nr, 0);
	put_le16(inode + 0x82, 0xEA02); /* together with the extra size the bytes of the magic number */
	assert_int_equal(read_xattrs(&plain, file, note_xattr), 0);
	assert_int_equal(found.nr, 0);
	put_le16(inode + 0x82, 0);
	put_le16(inode + 0x80, 128); /* no room */
	assert_int_equal(read_xattrs(&plain, file, note_xattr), 0);
	assert_int_equal(found.nr, 0);
	put_le16(inode + 0x80, 32);
	put_le32(inode + 0x68, XATTR_BLOCK);
}

/* As e2fsprogs writes them, with real checksums. */
static void test_by_debugfs(void **state)
{
	static const char *const sizes[] = { "128 -O ^extra_isize", "256", "1024" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		char options[128];
		struct image image;
		u32 ino;

		snprintf(options, sizeof(options), "-t ext4 -b 4096 -N 64 -I %s", sizes[i]);
		image = image_make(16, options, ">file", "ea_set file user.a b\nea_set file security.x yz\n"
				   "ea_set file user.long 0123456789012345678901234567890123456789012345678901234567890"
				   "12345678901234567890123456789012345678901234567890123456789012345678901234567890");
		ino = find_ino(&image, "file");
		assert_int_equal(read_xattrs(&image, ino, note_xattr), 0);
		assert_int_equal(found.nr, 3);
		assert_int_equal(found.refcount, i < 2);
		image_free(&image);
	}
}

/* --- access control lists --- */

static const u8 acl_disk[] = {
	1, 0, 0, 0,  1, 0, 6, 0,  2, 0, 5, 0, 0x70, 0x11, 1, 0,  4, 0, 4, 0,
	8, 0, 7, 0, 0xFE, 0xFF, 0xFF, 0xFF,  0x10, 0, 7, 0,  0x20, 0, 0, 0,
};

static const u8 acl_user[] = {
	2, 0, 0, 0,  1, 0, 6, 0, 255, 255, 255, 255,  2, 0, 5, 0, 0x70, 0x11, 1, 0,
	4, 0, 4, 0, 255, 255, 255, 255,  8, 0, 7, 0, 0xFE, 0xFF, 0xFF, 0xFF,
	0x10, 0, 7, 0, 255, 255, 255, 255,  0x20, 0, 0, 0, 255, 255, 255, 255,
};

static void test_acls(void **state)
{
	struct attr acls[] = { { 2, "", acl_disk, sizeof(acl_disk) }, { 3, "", acl_disk, sizeof(acl_disk) } };

	(void)state;
	put_block(acls, 2);
	assert_int_equal(read_xattrs(&plain, file, note_xattr), 0);
	assert_int_equal(found.nr, 5);
	assert_xattr(3, "system.posix_acl_access", acl_user, sizeof(acl_user));
	assert_xattr(4, "system.posix_acl_default", acl_user, sizeof(acl_user));
	acls[0].len = 4; /* no entries: the kernel shows no list */
	put_block(acls, 1);
	assert_int_equal(read_xattrs(&plain, file, note_xattr), 0);
	assert_int_equal(found.nr, 3);
}

static void acl_refused(const u8 *acl, u32 len)
{
	const struct attr attr = { 2, "", acl, len };

	put_block(&attr, 1);
	image_refused(&plain, ERR_CORRUPT, "damaged access control list");
}

static void test_damaged_acls(void **state)
{
	u8 acl[sizeof(acl_disk)];

	(void)state;
	for (u32 len = 0; len < sizeof(acl_disk); len++) {
		/* whole entries, or the head alone */
		if (len != 4 && len != 8 && len != 16 && len != 20 && len != 28 && len != 32)
			acl_refused(acl_disk, len);
	}
	memcpy(acl, acl_disk, sizeof(acl));
	acl[0] = 2;
	acl_refused(acl, sizeof(acl));
	acl[0] = 1;
	acl[4] = 3; /* no such tag */
	acl_refused(acl, sizeof(acl));
	acl[4] = 1;
	acl[6] = 8; /* no such permission */
	acl_refused(acl, sizeof(acl));
}

/* --- what cannot be carried over --- */

static void test_other_kinds(void **state)
{
	static const u8 indexes[] = { 0, 5, 7, 8, 9, 10, 11, 255 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(indexes); i++)
		patch8(&plain, body + 4 + 1, indexes[i], ERR_REFUSED, "of a kind");
	patch8(&plain, block + 32 + 1, 10, ERR_REFUSED, "an attribute of a kind (10) that btrfs does not have");
}

static void test_long_names(void **state)
{
	static const u8 indexes[] = { 1, 4, 6 };
	static const u32 prefix[] = { 5, 8, 9 };
	char name[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(indexes); i++) {
		const struct attr attr = { indexes[i], name, "v", 1 };

		memset(name, 'n', sizeof(name));
		name[255 - prefix[i]] = '\0';
		put_block(&attr, 1);
		assert_int_equal(read_xattrs(&plain, file, note_xattr), 0);
		assert_int_equal(strlen(found.name[3]), 255);
		name[255 - prefix[i]] = 'n';
		name[256 - prefix[i]] = '\0';
		put_block(&attr, 1);
		image_refused(&plain, ERR_REFUSED, "longer than 255 bytes");
	}
}

/* --- damage --- */

static void test_damaged_body(void **state)
{
	u8 *first = body + 4;

	(void)state;
	patch8(&plain, first + 16, 0, ERR_CORRUPT, "attributes in the inode: impossible name");
	patch8(&plain, first + 1, 2, ERR_CORRUPT, "attributes in the inode: impossible name");
	patch8(&plain, first, 200, ERR_CORRUPT, "attributes in the inode: an entry reaches past the end");
	patch32(&plain, first + 4, 12, ERR_CORRUPT, "attributes in the inode: a value in another inode");
	patch16(&plain, first + 2, 92, ERR_CORRUPT, "attributes in the inode: a value outside its place");
	patch16(&plain, first + 2, 0xFFFF, ERR_CORRUPT, "attributes in the inode: a value outside its place");
	patch16(&plain, first + 2, 20, ERR_CORRUPT, "attributes in the inode: a value outside its place");
	patch32(&plain, first + 8, 0xFFFFFFFF, ERR_CORRUPT, "attributes in the inode: a value outside its place");
	patch32(&plain, first + 8, 13, ERR_CORRUPT, "attributes in the inode: a value outside its place");
	patch32(&plain, first + 12, 5, ERR_CORRUPT, "attributes in the inode: wrong hash");
	put_le32(first + 12, 0); /* the hash may be missing here */
	assert_int_equal(read_xattrs(&plain, file, note_xattr), 0);
}

static void test_body_without_end(void **state)
{
	u8 list[92] = { 0 };

	(void)state;
	/* entries to the last byte: 16 + 4, 16 + 4, 16 + 4, 16 + 16 */
	for (u32 i = 0; i < 4; i++) {
		u8 *e = list + 20 * (size_t)i;

		e[0] = i == 3 ? 13 : 1;
		e[1] = 1;
		memset(e + 16, 'a' + i, e[0]);
	}
	patch_refused(&plain, body + 4, list, 92, ERR_CORRUPT, "attributes in the inode: the list has no end");
	/* the last one begins where there is no room for its head */
	list[60] = 1;
	list[80] = 1;
	patch_refused(&plain, body + 4, list, 92, ERR_CORRUPT, "an entry reaches past the end");
}

static void test_damaged_block(void **state)
{
	u8 *first = block + 32;

	(void)state;
	patch32(&plain, block, 0, ERR_CORRUPT, "attribute block 3000: wrong magic");
	patch32(&plain, block, 0xEA010000, ERR_REFUSED, "attributes in an obsolete form");
	patch32(&plain, block + 4, 0, ERR_CORRUPT, "attribute block 3000: impossible reference count 0");
	patch32(&plain, block + 4, 1025, ERR_CORRUPT, "attribute block 3000: impossible reference count 1025");
	patch32(&plain, block + 8, 2, ERR_CORRUPT, "attribute block 3000: impossible length");
	patch32(&plain, first + 12, 5, ERR_CORRUPT, "attributes in the block: wrong hash");
	patch32(&plain, first + 12, 0, ERR_CORRUPT, "attributes in the block: wrong hash");
	patch16(&plain, first + 2, 4096, ERR_CORRUPT, "attributes in the block: a value outside its place");
	patch16(&plain, first + 2, 32, ERR_CORRUPT, "attributes in the block: a value outside its place");
	patch32(&plain, first + 8, 4096, ERR_CORRUPT, "attributes in the block: a value outside its place");
	memset(first, 1, BLOCK - 32);
	image_refused(&plain, ERR_CORRUPT, "attributes in the block: ");
}

static void test_names_and_values_apart(void **state)
{
	const struct attr twice[] = { { 1, "a", "1", 1 }, { 1, "b", "2", 1 }, { 1, "a", "3", 1 } };
	const struct attr again[] = { { 1, "one", "in the block too", 16 } };
	const struct attr alike[] = { { 1, "a", "same", 4 }, { 1, "b", "same", 4 } };

	(void)state;
	put_block(twice, 3);
	image_refused(&plain, ERR_CORRUPT, "attributes in the block: the same name twice");
	put_block(again, 1);
	image_refused(&plain, ERR_CORRUPT, "attributes in the block: the same name twice");
	put_block(alike, 2);
	assert_int_equal(read_xattrs(&plain, file, note_xattr), 0);
	put_le16(block + 32 + 20 + 2, get_le16(block + 32 + 2));
	image_refused(&plain, ERR_CORRUPT, "attributes in the block: values overlap");
}

/* Kernels where char is signed made another hash of bytes above 127. */
static void test_signed_hash(void **state)
{
	const struct attr attr = { 1, "a\xC3\xA4", "v\0\0\0", 4 };

	(void)state;
	put_block(&attr, 1);
	assert_int_equal(read_xattrs(&plain, file, note_xattr), 0);
	put_le32(block + 32 + 12, hash_of("a\xC3\xA4", (const u8 *)"v\0\0\0", 4, true));
	assert_int_equal(read_xattrs(&plain, file, note_xattr), 0);
	assert_int_equal(found.nr, 4);
	patch32(&plain, block + 32 + 12, 1, ERR_CORRUPT, "wrong hash");
}

static void test_block_checksum(void **state)
{
	struct image image = image_make(16, "-t ext4 -b 4096 -N 64 -I 128 -O ^extra_isize", ">file",
					"ea_set file user.a b");
	u32 ino = find_ino(&image, "file");
	u64 nr = get_le32(inode_at(&image, ino) + 0x68);
	struct ext_fs *fs = image_open(&image);
	u8 *b = block_at(&image, nr);

	(void)state;
	assert_int_equal(read_xattrs(&image, ino, note_xattr), 0);
	assert_true(ext2fs_ext_attr_block_csum_verify(fs->lib, ino, nr, (struct ext2_ext_attr_header *)b));
	patch8(&image, b + 0x10, b[0x10] ^ 1, ERR_CORRUPT, "wrong checksum");
	patch8(&image, b + 0x18, 1, ERR_CORRUPT, "wrong checksum");
	patch8(&image, b + 4095, b[4095] ^ 1, ERR_CORRUPT, "wrong checksum");
	patch8(&image, b + 48, b[48] ^ 1, ERR_CORRUPT, "wrong checksum");
	ext_close(fs);
	image_free(&image);
}

static void test_io_errors(void **state)
{
	(void)state;
	image_io_errors(&plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_both_lists, put_sound),
		cmocka_unit_test_setup(test_without_the_feature_bit, put_sound),
		cmocka_unit_test_setup(test_no_list, put_sound),
		cmocka_unit_test_setup(test_by_debugfs, put_sound),
		cmocka_unit_test_setup(test_acls, put_sound),
		cmocka_unit_test_setup(test_damaged_acls, put_sound),
		cmocka_unit_test_setup(test_other_kinds, put_sound),
		cmocka_unit_test_setup(test_long_names, put_sound),
		cmocka_unit_test_setup(test_damaged_body, put_sound),
		cmocka_unit_test_setup(test_body_without_end, put_sound),
		cmocka_unit_test_setup(test_damaged_block, put_sound),
		cmocka_unit_test_setup(test_names_and_values_apart, put_sound),
		cmocka_unit_test_setup(test_signed_hash, put_sound),
		cmocka_unit_test_setup(test_block_checksum, put_sound),
		cmocka_unit_test_setup(test_io_errors, put_sound),
	};

	return cmocka_run_group_tests_name("ext_xattr", tests, make_plain, free_plain);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Extended attributes of an inode: those in its body, then those in its block. Both lists are checked whole, names
 * against each other too, before the first is delivered.
 *
 *     body:  magic | entries ... | 0 | free | values     value offsets count from the first entry
 *     block: head  | entries ... | 0 | free | values     value offsets count from the block's start
 */
#include <stdlib.h>

#include "ext/ext_private.h"

#define INDEX_ACL_ACCESS 2u
#define INDEX_ACL_DEFAULT 3u

/* One attribute that passed the checks of its list. */
struct ext_xattr_ref {
	const struct ext_xattr_disk *disk;
	const u8 *value;
};

/* A list: where its entries begin, where its space ends, and what value offsets count from. */
struct xattr_list {
	struct ext_fs *fs;
	u32 ino;
	const u8 *entries, *end, *base;
	bool in_block;
	u32 nr; /* attributes in fs->xattr_refs so far */
};

static const char *const prefixes[] = {
	[1] = "user.",
	[INDEX_ACL_ACCESS] = "system.posix_acl_access",
	[INDEX_ACL_DEFAULT] = "system.posix_acl_default",
	[4] = "trusted.",
	[6] = "security.",
};

static const u8 *name_of(const struct ext_xattr_disk *x)
{
	return (const u8 *)(x + 1);
}

static u32 padded(u32 len)
{
	return (len + 3) & ~3u;
}

static int bad_list(const struct xattr_list *l, const char *what)
{
	return ext_corrupt_inode(l->fs, l->ino, "attributes in the %s: %s", l->in_block ? "block" : "inode", what);
}

/* The hash of name and value. Old kernels took the bytes of the name as signed. */
static u32 entry_hash(const struct ext_xattr_disk *x, const u8 *value, bool is_signed)
{
	u32 nr_words = padded(le32_to_cpu(x->value_size)) / 4;
	u32 hash = 0;

	for (u32 i = 0; i < x->name_len; i++) {
		u32 c = name_of(x)[i];

		if (is_signed && c & 0x80)
			c |= 0xFFFFFF00u;
		hash = hash << 5 ^ hash >> 27 ^ c;
	}
	for (u32 i = 0; i < nr_words; i++)
		hash = hash << 16 ^ hash >> 16 ^ get_le32(value + 4 * (size_t)i);
	return hash;
}

static int check_hash(const struct xattr_list *l, const struct ext_xattr_disk *x, const u8 *value)
{
	u32 hash = le32_to_cpu(x->hash);

	if (!hash && !l->in_block)
		return 0;
	if (entry_hash(x, value, false) != hash && entry_hash(x, value, true) != hash)
		return bad_list(l, "wrong hash");
	return 0;
}

/* Finds the end of the entries: *values is the lowest place where a value may lie. */
static int find_end(const struct xattr_list *l, const u8 **values)
{
	const u8 *p = l->entries;

	for (;;) {
		const struct ext_xattr_disk *x = (const struct ext_xattr_disk *)p;
		size_t room = l->end - p;

		if (room < 4)
			return bad_list(l, "the list has no end");
		if (!get_le32(p))
			break;
		if (room < sizeof(*x) || room - sizeof(*x) < padded(x->name_len))
			return bad_list(l, "an entry reaches past the end");
		p += sizeof(*x) + padded(x->name_len);
	}
	*values = p + 4;
	return 0;
}

static int check_value(const struct xattr_list *l, const struct ext_xattr_disk *x, const u8 *lowest,
		       const u8 **value)
{
	u32 offs = le16_to_cpu(x->value_offs);
	u32 size = le32_to_cpu(x->value_size);

	*value = lowest;
	if (x->value_inum)
		return bad_list(l, "a value in another inode, but the ea_inode feature is off");
	if (!size)
		return 0;
	if (offs > l->end - l->base || l->base + offs < lowest || size > l->end - l->base - offs ||
	    padded(size) > l->end - l->base - offs)
		return bad_list(l, "a value outside its place");
	*value = l->base + offs;
	return 0;
}

static bool same_name(const struct ext_xattr_disk *a, const struct ext_xattr_disk *b)
{
	return a->index == b->index && a->name_len == b->name_len && !memcmp(name_of(a), name_of(b), a->name_len);
}

/* Holds a new attribute against all that were found before it: names unique, values apart. */
static int check_others(const struct xattr_list *l, const struct ext_xattr_ref *x)
{
	const u8 *x_end = x->value + padded(le32_to_cpu(x->disk->value_size));

	for (u32 i = 0; i < l->nr; i++) {
		const struct ext_xattr_ref *y = &l->fs->xattr_refs[i];
		const u8 *y_end = y->value + padded(le32_to_cpu(y->disk->value_size));

		if (same_name(x->disk, y->disk))
			return bad_list(l, "the same name twice");
		if (x->value < y_end && y->value < x_end && x->disk->value_size && y->disk->value_size)
			return bad_list(l, "values overlap");
	}
	return 0;
}

/* What the name's index stands for; most others are hidden by the kernel or belong to something not carried over. */
static int check_name(const struct xattr_list *l, const struct ext_xattr_disk *x)
{
	bool acl = x->index == INDEX_ACL_ACCESS || x->index == INDEX_ACL_DEFAULT;
	struct ext_fs *fs = l->fs;

	if (x->index >= ARRAY_SIZE(prefixes) || !prefixes[x->index])
		return ext_refuse(fs, "remove it from the file",
				  "inode %u: an attribute of a kind (%u) that btrfs does not have", l->ino, x->index);
	if (acl != !x->name_len || memchr(name_of(x), '\0', x->name_len))
		return bad_list(l, "impossible name");
	if (strlen(prefixes[x->index]) + x->name_len > EXT_NAME_MAX)
		return ext_refuse(fs, "rename it",
				  "inode %u: an attribute whose name is longer than 255 bytes with its prefix", l->ino);
	return 0;
}

static int read_list(struct xattr_list *l)
{
	const u8 *p = l->entries;
	const u8 *lowest = NULL;
	int ret = find_end(l, &lowest);

	while (!ret && get_le32(p)) {
		struct ext_xattr_ref ref = { .disk = (const struct ext_xattr_disk *)p };

		ret = check_name(l, ref.disk);
		if (!ret)
			ret = check_value(l, ref.disk, lowest, &ref.value);
		if (!ret)
			ret = check_hash(l, ref.disk, ref.value);
		if (!ret)
			ret = check_others(l, &ref);
		if (!ret && l->nr == l->fs->max_xattr_refs)
			ret = bad_list(l, "too many");
		if (!ret)
			l->fs->xattr_refs[l->nr++] = ref;
		p += sizeof(*ref.disk) + padded(ref.disk->name_len);
	}
	return ret;
}

static int deliver(struct ext_fs *fs, u32 ino, const struct ext_xattr_ref *ref, ext_xattr_fn fn, void *ctx)
{
	const struct ext_xattr_disk *x = ref->disk;
	const char *prefix = prefixes[x->index];
	char name[EXT_NAME_MAX];
	struct ext_xattr out = {
		.name = name,
		.name_len = strlen(prefix) + x->name_len,
		.value = ref->value,
		.value_len = le32_to_cpu(x->value_size),
	};

	memcpy(name, prefix, strlen(prefix));
	memcpy(name + strlen(prefix), name_of(x), x->name_len);
	if (x->index == INDEX_ACL_ACCESS || x->index == INDEX_ACL_DEFAULT) {
		int ret = ext_acl_decode(fs, ref->value, out.value_len, &out.value_len);

		if (ret < 0)
			return ext_corrupt_inode(fs, ino, "damaged access control list");
		if (ret)
			return 0;
		out.value = fs->acl_buf;
	}
	return fn ? fn(ctx, &out) : 0;
}

/* The body's list, where the inode has room for one and holds one. */
static int read_body(struct xattr_list *l, const struct ext_inode *inode)
{
	const u8 *raw = inode->raw;
	u32 size = l->fs->inode_size;
	u32 extra, start;

	if (size == EXT_GOOD_OLD_INODE)
		return 0;
	extra = le16_to_cpu(ext_inode_raw(inode)->extra_isize);
	start = EXT_GOOD_OLD_INODE + extra;
	if (extra < 4 || start + 4 >= size || get_le32(raw + start) != EXT_XATTR_MAGIC)
		return 0;
	l->in_block = false;
	l->entries = raw + start + 4;
	l->base = l->entries;
	l->end = raw + size;
	return read_list(l);
}

static int read_block(struct xattr_list *l, const struct ext_inode *inode, u32 *refcount)
{
	struct ext_fs *fs = l->fs;
	int ret;

	*refcount = 0;
	if (!inode->xattr_block)
		return 0;
	ret = ext_xattr_block_read(fs, inode, refcount);
	if (ret)
		return ret;
	l->in_block = true;
	l->entries = fs->xattr_buf + sizeof(struct ext_xattr_head_disk);
	l->base = fs->xattr_buf;
	l->end = fs->xattr_buf + fs->block_size;
	return read_list(l);
}

int ext_xattr_iterate(struct ext_fs *fs, const struct ext_inode *inode, u32 *refcount, ext_xattr_fn fn, void *ctx)
{
	struct xattr_list l = { .fs = fs, .ino = inode->ino };
	u32 references = 0;
	int ret;

	ret = read_body(&l, inode);
	if (!ret)
		ret = read_block(&l, inode, &references);
	if (!ret && refcount)
		*refcount = references;
	for (u32 i = 0; i < l.nr && !ret; i++)
		ret = deliver(fs, inode->ino, &fs->xattr_refs[i], fn, ctx);
	return ret;
}

int ext_xattr_refs_new(struct ext_fs *fs)
{
	/* the shortest entry is one name byte, padded */
	fs->max_xattr_refs = (fs->block_size + fs->inode_size) / (sizeof(struct ext_xattr_disk) + 4);
	fs->xattr_refs = calloc(fs->max_xattr_refs, sizeof(*fs->xattr_refs));
	return fs->xattr_refs ? 0 : msg_nomem("attributes");
}

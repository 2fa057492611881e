/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The feature table and its list syntax. */
#include <string.h>

#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs.h"
#include "cli/features.h"

struct feature {
	const char *name;
	const char *alias; /* NULL: none */
	u64 incompat;
	u64 compat_ro;
	const char *help;
	const char *kernel; /* first kernel that mounts it, that is safe with it, that makes it by default */
};

static const struct feature features[] = {
	{ "extref", NULL, BTRFS_INCOMPAT_EXTENDED_IREF, 0,
	  "increased hardlink limit per file to 65536", "compat=3.7, safe=3.12, default=3.12" },
	{ "skinny-metadata", NULL, BTRFS_INCOMPAT_SKINNY_METADATA, 0,
	  "reduced-size metadata extent refs", "compat=3.10, safe=3.18, default=3.18" },
	{ "no-holes", NULL, BTRFS_INCOMPAT_NO_HOLES, 0,
	  "no explicit hole extents for files", "compat=3.14, safe=4.0, default=5.15" },
	{ "free-space-tree", "fst", 0, BTRFS_COMPAT_RO_FREE_SPACE_TREE | BTRFS_COMPAT_RO_FREE_SPACE_TREE_VALID,
	  "free space tree, improved space tracking", "compat=4.5, safe=4.9, default=5.15" },
	{ "block-group-tree", "bgt", 0, BTRFS_COMPAT_RO_BLOCK_GROUP_TREE,
	  "block group tree, more efficient block group tracking", "compat=6.1" },
};

/* Features of btrfs that a conversion cannot give; always off, so that ^name is fine. */
static const char *const not_allowed[] = {
	"mixed-bg", "quota", "squota", "raid56", "raid1c34", "zoned", "raid-stripe-tree", "extent-tree-v2",
};

static bool name_is(const char *name, size_t len, const char *known)
{
	return known && strlen(known) == len && memcmp(name, known, len) == 0;
}

static const struct feature *feature_find(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(features); i++) {
		if (name_is(name, len, features[i].name) || name_is(name, len, features[i].alias))
			return &features[i];
	}
	return NULL;
}

static bool feature_not_allowed(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(not_allowed); i++) {
		if (name_is(name, len, not_allowed[i]))
			return true;
	}
	return false;
}

/* One name of the list, possibly with ^ in front. */
static int parse_one(const char *word, size_t len, struct feature_set *set)
{
	const struct feature *feature;
	bool off = len && *word == '^';
	const char *name = word + off;

	len -= off;
	if (!off && name_is(name, len, "list-all")) {
		set->list_all = true;
		return 0;
	}
	feature = feature_find(name, len);
	if (feature && off) {
		set->incompat &= ~feature->incompat;
		set->compat_ro &= ~feature->compat_ro;
		return 0;
	}
	if (feature) {
		set->incompat |= feature->incompat;
		set->compat_ro |= feature->compat_ro;
		return 0;
	}
	if (!feature_not_allowed(name, len)) {
		msg_err("unrecognized filesystem feature: %.*s", (int)len, name);
		return ERR_USAGE;
	}
	if (off)
		return 0;
	msg_err("features not allowed for convert: %.*s", (int)len, name);
	return ERR_USAGE;
}

int features_parse(const char *list, struct feature_set *set)
{
	struct feature_set work = *set;
	const char *word = list;
	size_t len;
	int ret;

	for (;;) {
		len = strcspn(word, ",");
		ret = parse_one(word, len, &work);
		if (ret)
			return ret;
		if (!word[len])
			break;
		word += len + 1;
	}
	*set = work;
	return 0;
}

const char *features_string(u64 incompat, u64 compat_ro, char *buf, size_t size)
{
	size_t i, used = 0;
	int len;

	buf[0] = '\0';
	for (i = 0; i < ARRAY_SIZE(features); i++) {
		if (!(incompat & features[i].incompat) && !(compat_ro & features[i].compat_ro))
			continue;
		len = snprintf(buf + used, size - used, "%s%s", used ? ", " : "", features[i].name);
		if (len < 0 || (size_t)len >= size - used)
			break;
		used += (size_t)len;
	}
	return buf;
}

const char *features_list(u64 incompat, u64 compat_ro, char *buf, size_t size)
{
	size_t i, used = 0;
	int len;
	bool on;

	buf[0] = '\0';
	for (i = 0; i < ARRAY_SIZE(features); i++) {
		on = incompat & features[i].incompat || compat_ro & features[i].compat_ro;
		len = snprintf(buf + used, size - used, "%s%s%s", used ? "," : "", on ? "" : "^", features[i].name);
		if (len < 0 || (size_t)len >= size - used)
			break;
		used += (size_t)len;
	}
	return buf;
}

void features_print(FILE *out)
{
	size_t i;

	fputs("Filesystem features available:\n", out);
	for (i = 0; i < ARRAY_SIZE(features); i++)
		fprintf(out, "%-20s- %s (%s)\n", features[i].name, features[i].help, features[i].kernel);
}

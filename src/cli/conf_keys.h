/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of the configuration: one table of names, values and limits, which the configuration file, --set, the
 * options of the same meaning and --print-config share.
 */
#ifndef CLI_CONF_KEYS_H
#define CLI_CONF_KEYS_H

#include "base/types.h"

struct options;

enum conf_key {
	KEY_NODESIZE, KEY_FEATURES, KEY_LABEL, KEY_UUID, KEY_CHECKSUM, KEY_METADATA, KEY_INLINE, KEY_DATASUM,
	KEY_XATTR, KEY_MEMORY, KEY_FSCK, KEY_FSTAB, KEY_REFUSE_BOOT_LOADER, KEY_REFUSE_SWAP_FILES, KEY_ON_ERROR,
	KEY_REQUIRE_AC, KEY_MAX_TIME, NR_KEYS,
};

/* Where the value of a key comes from; the greater one wins. */
enum key_origin { ORIGIN_DEFAULT, ORIGIN_FILE, ORIGIN_SET, ORIGIN_OPTION };

struct key_place {
	enum key_origin origin;
	unsigned int line; /* ORIGIN_FILE */
};

/* A value as it was written. */
struct key_value {
	const char *text;
	bool quoted;       /* never a word with a meaning, always the text itself */
};

/* Enough for each value that conf_key_format makes. */
#define KEY_VALUE_SIZE 1280u

/* The key of that name (len bytes); NR_KEYS when there is none. */
enum conf_key conf_key_find(const char *name, size_t len);
const char *conf_key_name(enum conf_key key);

/* Reads a value into options, whatever was there before. 0, or ERR_USAGE with a message and options are unchanged. */
int conf_key_parse(struct options *options, enum conf_key key, struct key_value value) __must_check;

/* As conf_key_parse, unless the value that is there comes from a greater origin; the value is checked all the same,
 * and so that it goes with the defaults. */
int conf_key_apply(struct options *options, enum conf_key key, struct key_value value, struct key_place place)
	__must_check;

/* The value in force, as conf_key_parse reads it; returns buf (of KEY_VALUE_SIZE bytes). */
const char *conf_key_format(const struct options *options, enum conf_key key, char *buf);

#endif

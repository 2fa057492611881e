/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An entry of the option table, for the parser; nobody else includes this. */
#ifndef CLI_OPTION_TABLE_H
#define CLI_OPTION_TABLE_H

#include "cli/options.h"

/* What an option does with its place in struct options. */
enum option_kind {
	OPTION_TRUE,   /* bool = true */
	OPTION_FALSE,  /* bool = false */
	OPTION_ENUM,   /* enum = min */
	OPTION_SIZE,   /* u64 = value within min ... max */
	OPTION_STRING, /* const char * = value, not empty */
	OPTION_KEY,    /* the key that is the slot = fixed, or value */
	OPTION_TEXT,   /* as OPTION_KEY; a value is never a word with a meaning */
	OPTION_PARSE,  /* parse(options, value) */
};

/* Options of one slot exclude each other. The first slots are the keys of the configuration, enum conf_key, and the
 * last ones are unknown to btrfs-convert. */
enum option_slot {
	SLOT_PROGRESS = NR_KEYS, SLOT_ACTION, SLOT_TMPDIR, SLOT_JSON, SLOT_OFFSET, SLOT_VERBOSE, SLOT_VERB,
	SLOT_CHECK, SLOT_UNDO, SLOT_VERIFY,
	SLOT_CONFIG, SLOT_SET, SLOT_PRINT, SLOT_E2FSCK, NR_SLOTS,
	SLOT_OWN = SLOT_CONFIG,
};

struct option_entry {
	char letter;       /* 0: none */
	const char *name;
	const char *alias; /* NULL: none */
	const char *value; /* what --help calls the value; NULL: takes none */
	enum option_kind kind;
	unsigned int slot; /* enum option_slot or enum conf_key */
	size_t target;     /* offset in struct options */
	u64 min, max;
	unsigned int with; /* bits of enum config_action: what it may be combined with; CONVERT: with no other action */
	int (*parse)(struct options *options, const char *value);
	const char *help;
	const char *fixed; /* OPTION_KEY without a value of its own */
};

/* The entry of that name (len bytes, without dashes) or letter; NULL when there is none, as for abbreviations. */
const struct option_entry *option_find_long(const char *name, size_t len);
const struct option_entry *option_find_letter(char letter);

/* The first option that asks for one of these actions (bits as in option_entry.with); NULL when a plain conversion is
 * the only one. */
const struct option_entry *option_find_action(unsigned int actions);

#endif

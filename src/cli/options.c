/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line parser. Our own, as getopt_long takes abbreviations, permutes on some C libraries only, and keeps
 * its state in globals. Every value must be whole, in range, and given once.
 */
#include <string.h>

#include "base/msg.h"
#include "base/size.h"
#include "base/status.h"
#include "cli/conf_file.h"
#include "cli/option_table.h"

/* Where the parser stands. */
struct cursor {
	struct options *options;
	int argc;
	char *const *argv;
	int next;                                /* of argv */
	const struct option_entry *seen[NR_SLOTS]; /* what filled the slot */
	bool only_device;                        /* -- was passed */
};

static int store_size(const struct option_entry *entry, const char *value, u64 *target)
{
	u64 size;

	if (size_parse(value, &size)) {
		msg_err("option --%s: %s is not a size", entry->name, value);
		return ERR_USAGE;
	}
	if (size < entry->min || size > entry->max) {
		msg_err("option --%s: %s is out of range, %llu to %llu", entry->name, value,
			(unsigned long long)entry->min, (unsigned long long)entry->max);
		return ERR_USAGE;
	}
	*target = size;
	return 0;
}

static int store_string(const struct option_entry *entry, const char *value, const char **target)
{
	if (!*value) {
		msg_err("option --%s: the value is empty", entry->name);
		return ERR_USAGE;
	}
	*target = value;
	return 0;
}

/* Refuses what was given before, and notes that it is given now. */
static int claim_slot(struct cursor *cursor, const struct option_entry *entry)
{
	const struct option_entry *before = cursor->seen[entry->slot];

	cursor->seen[entry->slot] = entry;
	if (!before || cursor->options->compat || entry->slot == SLOT_SET)
		return 0;
	if (entry->slot == KEY_LABEL && entry != before)
		return 0;
	if (before == entry)
		msg_err("option --%s is given twice", entry->name);
	else
		msg_err("options --%s and --%s exclude each other", before->name, entry->name);
	return ERR_USAGE;
}

static int apply_key(struct options *options, const struct option_entry *entry, const char *value)
{
	struct key_value key_value = { entry->fixed ? entry->fixed : value, entry->kind == OPTION_TEXT };

	options->places[entry->slot] = (struct key_place){ ORIGIN_OPTION, 0 };
	return conf_key_parse(options, entry->slot, key_value);
}

/* value is NULL for options that take none. */
static int apply(struct cursor *cursor, const struct option_entry *entry, const char *value)
{
	void *target = (char *)cursor->options + entry->target;

	if (claim_slot(cursor, entry))
		return ERR_USAGE;
	switch (entry->kind) {
	case OPTION_TRUE:
	case OPTION_FALSE:
		*(bool *)target = entry->kind == OPTION_TRUE;
		return 0;
	case OPTION_ENUM:
		*(unsigned int *)target = (unsigned int)entry->min;
		return 0;
	case OPTION_SIZE:
		return store_size(entry, value, target);
	case OPTION_STRING:
		return store_string(entry, value, target);
	case OPTION_KEY:
	case OPTION_TEXT:
		return apply_key(cursor->options, entry, value);
	case OPTION_PARSE:
		return entry->parse(cursor->options, value);
	}
	return ERR_BUG;
}

/* The value of entry: what is attached to the option, or the next argument. */
static int take_value(struct cursor *cursor, const struct option_entry *entry, const char *attached, const char **value)
{
	if (attached) {
		*value = attached;
		return 0;
	}
	if (cursor->next >= cursor->argc) {
		msg_err("option --%s needs a value", entry->name);
		return ERR_USAGE;
	}
	*value = cursor->argv[cursor->next++];
	return 0;
}

/* --name, --name VALUE or --name=VALUE. */
static int parse_long(struct cursor *cursor, const char *arg)
{
	size_t len = strcspn(arg + 2, "=");
	const char *attached = arg[2 + len] ? arg + 2 + len + 1 : NULL;
	const struct option_entry *entry = option_find_long(arg + 2, len);
	const char *value = NULL;

	if (!entry || (cursor->options->compat && entry->slot >= SLOT_OWN)) {
		msg_err("unrecognized option '--%.*s'", (int)len, arg + 2);
		return ERR_USAGE;
	}
	if (!entry->value && attached) {
		msg_err("option --%s takes no value", entry->name);
		return ERR_USAGE;
	}
	if (entry->value && take_value(cursor, entry, attached, &value))
		return ERR_USAGE;
	return apply(cursor, entry, value);
}

/* -a, -abc, -a VALUE or -aVALUE. */
static int parse_letters(struct cursor *cursor, const char *arg)
{
	const struct option_entry *entry;
	const char *letter, *value;
	int ret;

	for (letter = arg + 1; *letter; letter++) {
		entry = option_find_letter(*letter);
		if (!entry) {
			msg_err("unrecognized option '-%c'", *letter);
			return ERR_USAGE;
		}
		if (entry->value) {
			if (take_value(cursor, entry, letter[1] ? letter + 1 : NULL, &value))
				return ERR_USAGE;
			return apply(cursor, entry, value);
		}
		ret = apply(cursor, entry, NULL);
		if (ret)
			return ret;
	}
	return 0;
}

static int parse_argument(struct cursor *cursor, const char *arg)
{
	struct options *options = cursor->options;
	bool device = cursor->only_device || arg[0] != '-' || !arg[1];

	if (!device && strcmp(arg, "--") == 0) {
		cursor->only_device = true;
		return 0;
	}
	if (!device && options->config.device && !options->compat) {
		msg_err("option %s stands behind the device", arg);
		return ERR_USAGE;
	}
	if (!device)
		return arg[1] == '-' ? parse_long(cursor, arg) : parse_letters(cursor, arg);
	if (options->config.device) {
		msg_err("exactly 1 device expected, but there are %s and %s", options->config.device, arg);
		return ERR_USAGE;
	}
	options->config.device = arg;
	return 0;
}

/* As btrfs-convert does, where fsconvert would refuse. */
static void drop_block_group_tree(struct config *config)
{
	if (!(config->compat_ro & BTRFS_COMPAT_RO_BLOCK_GROUP_TREE))
		return;
	if (config->incompat & BTRFS_INCOMPAT_NO_HOLES && config->compat_ro & BTRFS_COMPAT_RO_FREE_SPACE_TREE)
		return;
	msg_warn("disabling block-group-tree, as it requires no-holes and free-space-tree");
	config->compat_ro &= ~BTRFS_COMPAT_RO_BLOCK_GROUP_TREE;
}

/* As with that tool: -r takes no options of building, and most of them it does not look at. */
static int check_compat_rollback(const struct cursor *cursor)
{
	if (!cursor->seen[KEY_DATASUM] && !cursor->seen[KEY_XATTR] && !cursor->seen[KEY_INLINE])
		return 0;
	msg_err("-d, -i, -n options do not apply to rollback");
	return ERR_USAGE;
}

/* Refuses options that mean nothing to what is to be done. */
static int check_combinations(const struct cursor *cursor)
{
	enum config_action action = cursor->options->config.action;
	const struct option_entry *seen, *asked = option_find_action(1u << action);
	size_t i;

	if (cursor->options->compat && action == CONFIG_ROLLBACK)
		return check_compat_rollback(cursor);
	for (i = 0; i < NR_SLOTS; i++) {
		seen = cursor->seen[i];
		if (!seen || seen->with & 1u << action)
			continue;
		if (asked)
			msg_err("options --%s and --%s exclude each other", seen->name, asked->name);
		else
			msg_err("option --%s goes with --%s only", seen->name, option_find_action(seen->with)->name);
		return ERR_USAGE;
	}
	return 0;
}

static int finish(const struct cursor *cursor)
{
	struct options *options = cursor->options;
	struct config *config = &options->config;

	if (check_combinations(cursor))
		return ERR_USAGE;
	if (config->action == CONFIG_CONVERT || config->action == CONFIG_REHEARSE)
		config->nodesize = (u32)options->nodesize;
	if (options->check)
		config->action = config->action == CONFIG_ROLLBACK ? CONFIG_ROLLBACK_CHECK : CONFIG_CHECK;
	if (options->compat)
		drop_block_group_tree(config);
	return 0;
}

int options_parse(struct options *options, int argc, char *const argv[])
{
	struct cursor cursor = { .options = options, .argc = argc, .argv = argv, .next = 1 };
	int ret;

	while (cursor.next < argc) {
		ret = parse_argument(&cursor, argv[cursor.next++]);
		if (ret)
			return ret;
		if (options->verb != OPTIONS_RUN)
			return 0;
	}
	if (options->print_config) {
		options->verb = OPTIONS_CONFIG;
	} else if (!options->config.device) {
		msg_err("exactly 1 device expected, but there is none");
		return ERR_USAGE;
	}
	ret = options->conf_file ? conf_file_read(options, options->conf_file) : 0;
	return ret ? ret : finish(&cursor);
}

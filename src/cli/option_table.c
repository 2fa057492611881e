/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The option table: names, limits and help; values that are also keys of the configuration are read by its table. Also
 * what else depends on which of the two programs we are: defaults and --help.
 */
#include <string.h>

#include "cli/conf_file.h"
#include "cli/option_table.h"

#define AT(field) offsetof(struct options, field)

/* What an option may be combined with. */
#define BUILD (1u << CONFIG_CONVERT | 1u << CONFIG_REHEARSE)
#define BACK (1u << CONFIG_ROLLBACK)
#define RESUME (1u << CONFIG_RESUME)
#define STATUS (1u << CONFIG_STATUS)
#define ANY (BUILD | BACK | RESUME | STATUS)
#define SCANS (BUILD | BACK | STATUS)

static const struct option_entry table[] = {
	{ 0, "check", NULL, NULL, OPTION_TRUE, SLOT_CHECK, AT(check), 0, 0, 1u << CONFIG_CONVERT | BACK, NULL,
	  "say whether it can be done (also with -r); write nothing", NULL },
	{ 0, "rehearse", NULL, NULL, OPTION_ENUM, SLOT_ACTION, AT(config.action), CONFIG_REHEARSE, 0, ANY, NULL,
	  "do everything but the switch; only free blocks are written", NULL },
	{ 'r', "rollback", NULL, NULL, OPTION_ENUM, SLOT_ACTION, AT(config.action), CONFIG_ROLLBACK, 0, ANY, NULL,
	  "go back to the ext file system that a btrfs was made from", NULL },
	{ 0, "verify-all", NULL, NULL, OPTION_TRUE, SLOT_VERIFY, AT(config.verify_all), 0, 0, BACK, NULL,
	  "with -r: check all saved data against its checksums first", NULL },
	{ 0, "resume", NULL, NULL, OPTION_ENUM, SLOT_ACTION, AT(config.action), CONFIG_RESUME, 0, ANY, NULL,
	  "finish a switch that was interrupted (exit status 4)", NULL },
	{ 0, "undo", NULL, NULL, OPTION_TRUE, SLOT_UNDO, AT(config.undo), 0, 0, RESUME, NULL,
	  "with --resume: go back to what DEVICE held before", NULL },
	{ 0, "status", NULL, NULL, OPTION_ENUM, SLOT_ACTION, AT(config.action), CONFIG_STATUS, 0, ANY, NULL,
	  "say what DEVICE holds, and what can be done with it", NULL },
	{ 0, "scan", NULL, NULL, OPTION_ENUM, SLOT_VERB, AT(verb), OPTIONS_SCAN, 0, ANY, NULL,
	  "list the devices of this machine that need --resume", NULL },
	{ 'd', "no-datasum", NULL, NULL, OPTION_KEY, KEY_DATASUM, 0, 0, 0, BUILD, NULL,
	  "make no data checksums; files get NODATASUM", "no" },
	{ 'i', "no-xattr", NULL, NULL, OPTION_KEY, KEY_XATTR, 0, 0, 0, BUILD, NULL,
	  "leave extended attributes and ACLs behind", "no" },
	{ 'n', "no-inline", NULL, NULL, OPTION_KEY, KEY_INLINE, 0, 0, 0, BUILD, NULL,
	  "do not put small files into the metadata", "no" },
	{ 0, "csum", "checksum", "TYPE", OPTION_KEY, KEY_CHECKSUM, 0, 0, 0, BUILD, NULL,
	  "crc32c (default), xxhash, sha256 or blake2", NULL },
	{ 'N', "nodesize", NULL, "SIZE", OPTION_KEY, KEY_NODESIZE, 0, 0, 0, BUILD, NULL,
	  "size of tree blocks, 4k to 64k (default: 16k)", NULL },
	{ 0, "metadata", NULL, "PROFILE", OPTION_KEY, KEY_METADATA, 0, 0, 0, BUILD, NULL,
	  "dup or single (default: dup where it fits)", NULL },
	{ 'O', "features", NULL, "LIST", OPTION_KEY, KEY_FEATURES, 0, 0, 0, BUILD, NULL,
	  "features to set, or to clear with ^; list-all shows them", NULL },
	{ 'l', "label", NULL, "LABEL", OPTION_TEXT, KEY_LABEL, 0, 0, 0, BUILD, NULL,
	  "set this label", NULL },
	{ 'L', "copy-label", NULL, NULL, OPTION_KEY, KEY_LABEL, 0, 0, 0, BUILD, NULL,
	  "keep the label of the source", "copy" },
	{ 0, "uuid", NULL, "SPEC", OPTION_KEY, KEY_UUID, 0, 0, 0, BUILD, NULL,
	  "new, copy, or the UUID itself", NULL },
	{ 0, "config", NULL, "FILE", OPTION_STRING, SLOT_CONFIG, AT(conf_file), 0, 0, ANY, NULL,
	  "read this configuration (default: none)", NULL },
	{ 0, "set", NULL, "KEY=VALUE", OPTION_PARSE, SLOT_SET, 0, 0, 0, ANY, conf_file_set,
	  "set one key of it; repeatable, wins over the file", NULL },
	{ 0, "print-config", NULL, NULL, OPTION_TRUE, SLOT_PRINT, AT(print_config), 0, 0, ANY, NULL,
	  "show each key, its value, and where that comes from", NULL },
	{ 0, "e2fsck", NULL, "PATH", OPTION_STRING, SLOT_E2FSCK, AT(policy.e2fsck), 0, 0, BUILD, NULL,
	  "for fsck = preen (default: e2fsck in PATH)", NULL },
	{ 'p', "progress", NULL, NULL, OPTION_TRUE, SLOT_PROGRESS, AT(progress), 0, 0, ANY, NULL,
	  "show amount, rate and time left of each phase (default)", NULL },
	{ 0, "no-progress", NULL, NULL, OPTION_FALSE, SLOT_PROGRESS, AT(progress), 0, 0, ANY, NULL,
	  "show only the names of the phases", NULL },
	{ 0, "memory", NULL, "SIZE", OPTION_KEY, KEY_MEMORY, 0, 0, 0, SCANS, NULL,
	  "memory budget, from 16m (default: 1/4 of RAM, at most 256m)", NULL },
	{ 0, "tmpdir", NULL, "DIR", OPTION_STRING, SLOT_TMPDIR, AT(config.tmpdir), 0, 0, SCANS, NULL,
	  "for what does not fit in memory; not on DEVICE", NULL },
	{ 0, "offset", NULL, "BYTES", OPTION_SIZE, SLOT_OFFSET, AT(config.offset), 0, INT64_MAX, ANY, NULL,
	  "where the file system begins in DEVICE (default: 0)", NULL },
	{ 0, "json", NULL, NULL, OPTION_TRUE, SLOT_JSON, AT(json), 0, 0, ANY, NULL,
	  "report as JSON lines on standard output", NULL },
	{ 0, "verbose", NULL, NULL, OPTION_TRUE, SLOT_VERBOSE, AT(verbose), 0, 0, ANY, NULL,
	  "show details", NULL },
	{ 0, "help", NULL, NULL, OPTION_ENUM, SLOT_VERB, AT(verb), OPTIONS_HELP, 0, ANY, NULL,
	  "show this help", NULL },
	{ 0, "version", NULL, NULL, OPTION_ENUM, SLOT_VERB, AT(verb), OPTIONS_VERSION, 0, ANY, NULL,
	  "show the version", NULL },
};

/* OPTION_ENUM writes enums as unsigned int. */
static_assert(sizeof(enum config_action) == sizeof(unsigned int), "enums must be as wide as int");
static_assert(sizeof(enum options_verb) == sizeof(unsigned int), "enums must be as wide as int");

bool options_is_compat(const char *argv0)
{
	const char *slash = argv0 ? strrchr(argv0, '/') : NULL;
	const char *name = slash ? slash + 1 : argv0;

	return name && strcmp(name, "btrfs-convert") == 0;
}

void options_init(struct options *options, bool compat)
{
	memset(options, 0, sizeof(*options));
	options->compat = compat;
	options->verb = OPTIONS_RUN;
	options->progress = true;
	config_init(&options->config);
	if (!compat)
		return;
	options->config.uuid_mode = CONFIG_UUID_NEW;
	options->config.label_mode = CONFIG_LABEL_EMPTY;
	options->config.metadata = CONFIG_METADATA_SINGLE;
	options->config.rewrite_fstab = false;
	options->config.refuse_boot_loader = false;
	options->config.refuse_swap_files = false;
}

const struct option_entry *option_find_long(const char *name, size_t len)
{
	const struct option_entry *entry;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		entry = &table[i];
		if (strncmp(entry->name, name, len) == 0 && !entry->name[len])
			return entry;
		if (entry->alias && strncmp(entry->alias, name, len) == 0 && !entry->alias[len])
			return entry;
	}
	return NULL;
}

const struct option_entry *option_find_letter(char letter)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		if (table[i].letter == letter)
			return &table[i];
	}
	return NULL;
}

const struct option_entry *option_find_action(unsigned int actions)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		if (table[i].slot == SLOT_ACTION && actions & 1u << table[i].min)
			return &table[i];
	}
	return NULL;
}

/* "-x, --name VALUE" in a column, with the help behind its last name. */
static void help_name(FILE *out, const struct option_entry *entry, const char *name, const char *help)
{
	char letter[8] = "   ", names[64];

	if (entry->letter && name == entry->name)
		snprintf(letter, sizeof(letter), "-%c,", entry->letter);
	snprintf(names, sizeof(names), "%s --%s%s%s", letter, name, entry->value ? " " : "",
		 entry->value ? entry->value : "");
	if (help)
		fprintf(out, "  %-26s  %s\n", names, help);
	else
		fprintf(out, "  %s\n", names);
}

void options_help(FILE *out, bool compat)
{
	size_t i;

	fprintf(out, "usage: %s [options] DEVICE\n\n", compat ? "btrfs-convert" : "fsconvert");
	fputs("Turns an ext2, ext3 or ext4 file system into btrfs, in place, and back. DEVICE is a block device or\n"
	      "an image file, not mounted.\n\nOptions:\n", out);
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		if (compat && table[i].slot >= SLOT_OWN)
			continue;
		help_name(out, &table[i], table[i].name, table[i].alias ? NULL : table[i].help);
		if (table[i].alias)
			help_name(out, &table[i], table[i].alias, table[i].help);
	}
	fputs("\nSizes take a suffix k, m, g or t.\n", out);
	if (compat)
		fputs("Exit status: 0 done, 1 failed or refused and nothing was changed.\n", out);
	else
		fputs("Exit status: 0 done, 1 failed and nothing was changed, 2 wrong usage, 3 refused and nothing\n"
		      "was changed, 4 interrupted in the switch: run --resume, and mount nothing before.\n", out);
}

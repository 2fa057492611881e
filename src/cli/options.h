/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: one table of options, from which parsing and --help are made. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdio.h>

#include "base/types.h"
#include "cli/conf_keys.h"
#include "cli/policy.h"
#include "convert/config.h"

enum options_verb {
	OPTIONS_RUN,      /* do what config says */
	OPTIONS_FEATURES, /* -O list-all */
	OPTIONS_CONFIG,   /* --print-config */
	OPTIONS_SCAN,     /* list interrupted devices */
	OPTIONS_HELP,
	OPTIONS_VERSION,
};

struct options {
	bool compat;      /* called as btrfs-convert: its defaults, output and exit status */
	enum options_verb verb;
	struct config config;
	struct policy policy;
	const char *conf_file; /* borrowed; NULL: none was read */
	struct key_place places[NR_KEYS]; /* where the values of keys come from */
	bool check;       /* as given; options_parse puts these two into config */
	u64 nodesize;
	bool print_config; /* becomes the verb when the whole line was read */
	bool progress;    /* amounts, rate and remaining time, not only the names of phases */
	bool json;
	bool verbose;
};

/* True when the program was called by the name btrfs-convert. argv0 may be NULL. */
bool options_is_compat(const char *argv0);

/* Defaults of either face. */
void options_init(struct options *options, bool compat);

/*
 * Parses argv[1..] into options, which options_init has filled, and what --config and --set bring with it. Strings are
 * borrowed from argv. 0, or ERR_USAGE with a message. With a verb other than OPTIONS_RUN no device is needed, and, but
 * with OPTIONS_CONFIG, the rest of the line is not looked at.
 *
 * fsconvert wants DEVICE last and takes each option once (-l and -L share a place, the last one counts); an option that
 * means nothing to what is to be done is refused. As btrfs-convert, options may stand anywhere and be repeated, and
 * beside -r only -d, -i and -n are refused, as with that tool.
 */
int options_parse(struct options *options, int argc, char *const argv[]) __must_check;

/* Usage and all options. */
void options_help(FILE *out, bool compat);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the configuration from a file and from --set, and shows what is in force. */
#ifndef CLI_CONF_FILE_H
#define CLI_CONF_FILE_H

#include <stdio.h>

#include "cli/options.h"

/*
 * Each prints the first fault, with file and line or the text of --set, and returns ERR_USAGE; options may then be half
 * filled. What options have from a greater origin (enum key_origin) stays. A file must be a regular one, and name each
 * key once at most; of several --set of one key the last one counts.
 */
int conf_file_read(struct options *options, const char *path) __must_check;
int conf_file_parse(struct options *options, const char *name, const char *text, size_t len) __must_check;
int conf_file_set(struct options *options, const char *text) __must_check;

/* All keys with their values and where these come from: lines that conf_file_read takes, or one JSON object. */
void conf_file_print(FILE *out, const struct options *options);

#endif

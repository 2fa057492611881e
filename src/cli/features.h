/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of the btrfs features that a conversion can set, and the list syntax of -O. */
#ifndef CLI_FEATURES_H
#define CLI_FEATURES_H

#include <stdio.h>

#include "base/types.h"

struct feature_set {
	u64 incompat;
	u64 compat_ro;
	bool list_all; /* "list-all" was among the names */
};

/*
 * Applies a list "name,^name,..." to set: a name turns the feature on, ^name off, the last word on a feature counts. 0,
 * or ERR_USAGE with a message when a name is unknown, cannot be had by conversion, or is empty; set is then
 * unchanged.
 */
int features_parse(const char *list, struct feature_set *set) __must_check;

/* "extref, skinny-metadata, ..."; returns buf. Cut where it does not fit. */
const char *features_string(u64 incompat, u64 compat_ro, char *buf, size_t size);

/* All features that can be chosen, "extref,skinny-metadata,^no-holes,...": over whatever defaults, features_parse makes
 * the same set of it. Returns buf. Cut where it does not fit. */
const char *features_list(u64 incompat, u64 compat_ro, char *buf, size_t size);

/* The table for people, as "-O list-all" shows it. */
void features_print(FILE *out);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values that are no plain words or sizes: label, checksum, UUID, features, times. */
#include <stdio.h>
#include <string.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "base/uuid.h"
#include "btrfs/btrfs_csum.h"
#include "cli/conf_line.h"
#include "cli/conf_value.h"
#include "cli/features.h"
#include "cli/options.h"

#define MAX_SECONDS ((u64)365 * 24 * 3600)

static int parse_label(struct options *options, struct key_value value)
{
	struct config *config = &options->config;
	size_t len = strlen(value.text);

	if (!value.quoted && strcmp(value.text, "copy") == 0) {
		config->label_mode = CONFIG_LABEL_COPY;
		return 0;
	}
	if (len >= sizeof(config->label)) {
		if (!options->compat) {
			msg_err("label is longer than %zu bytes", sizeof(config->label) - 1);
			return ERR_USAGE;
		}
		msg_warn("label too long, trimmed to %zu bytes", sizeof(config->label) - 1);
		len = sizeof(config->label) - 1;
	}
	memcpy(config->label, value.text, len);
	config->label[len] = '\0';
	config->label_mode = CONFIG_LABEL_GIVEN;
	return 0;
}

static void format_label(const struct options *options, char *buf)
{
	const struct config *config = &options->config;

	if (config->label_mode == CONFIG_LABEL_COPY)
		strcpy(buf, "copy");
	else
		conf_line_quote(buf, KEY_VALUE_SIZE, config->label_mode == CONFIG_LABEL_GIVEN ? config->label : "");
}

static int parse_checksum(struct options *options, struct key_value value)
{
	if (!btrfs_csum_parse(value.text, &options->config.csum_type))
		return 0;
	msg_err("unknown csum type %s", value.text);
	return ERR_USAGE;
}

static void format_checksum(const struct options *options, char *buf)
{
	snprintf(buf, KEY_VALUE_SIZE, "%s", btrfs_csum_name(options->config.csum_type));
}

static int parse_uuid(struct options *options, struct key_value value)
{
	struct config *config = &options->config;

	if (strcmp(value.text, "new") == 0) {
		config->uuid_mode = CONFIG_UUID_NEW;
	} else if (strcmp(value.text, "copy") == 0) {
		config->uuid_mode = CONFIG_UUID_COPY;
	} else if (uuid_parse_bytes(value.text, config->uuid)) {
		msg_err("invalid UUID: %s", value.text);
		return ERR_USAGE;
	} else {
		config->uuid_mode = CONFIG_UUID_GIVEN;
	}
	return 0;
}

static void format_uuid(const struct options *options, char *buf)
{
	const struct config *config = &options->config;

	if (config->uuid_mode == CONFIG_UUID_GIVEN)
		uuid_format(config->uuid, buf);
	else
		strcpy(buf, config->uuid_mode == CONFIG_UUID_NEW ? "new" : "copy");
}

/* A list is laid over the defaults; as btrfs-convert, over the lists before it. */
static int parse_features(struct options *options, struct key_value value)
{
	struct config base, *config = &options->config;
	struct feature_set set;

	config_init(&base);
	if (options->compat)
		base = *config;
	set = (struct feature_set){ .incompat = base.incompat, .compat_ro = base.compat_ro };
	if (features_parse(value.text, &set))
		return ERR_USAGE;
	config->incompat = set.incompat;
	config->compat_ro = set.compat_ro;
	if (set.list_all)
		options->verb = OPTIONS_FEATURES;
	return 0;
}

static void format_features(const struct options *options, char *buf)
{
	features_list(options->config.incompat, options->config.compat_ro, buf, KEY_VALUE_SIZE);
}

static u64 time_unit(char suffix)
{
	switch (suffix) {
	case '\0':
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	default:
		return 0;
	}
}

static int parse_max_time(struct options *options, struct key_value value)
{
	const char *p = value.text;
	u64 seconds = 0, unit;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (mul_overflows(seconds, 10, &seconds) || add_overflows(seconds, (u64)(*p - '0'), &seconds))
			seconds = UINT64_MAX / 10;
	}
	unit = time_unit(*p);
	if (p == value.text || !unit || (*p && p[1])) {
		msg_err("max-time: %s is not a time, which is a number with s, m or h, or nothing, behind it",
			value.text);
		return ERR_USAGE;
	}
	if (mul_overflows(seconds, unit, &seconds) || seconds > MAX_SECONDS) {
		msg_err("max-time: %s is more than a year", value.text);
		return ERR_USAGE;
	}
	options->config.max_seconds = seconds;
	return 0;
}

static void format_max_time(const struct options *options, char *buf)
{
	snprintf(buf, KEY_VALUE_SIZE, "%llu", (unsigned long long)options->config.max_seconds);
}

const struct conf_value conf_value_label = { parse_label, format_label };
const struct conf_value conf_value_checksum = { parse_checksum, format_checksum };
const struct conf_value conf_value_uuid = { parse_uuid, format_uuid };
const struct conf_value conf_value_features = { parse_features, format_features };
const struct conf_value conf_value_max_time = { parse_max_time, format_max_time };

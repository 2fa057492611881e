/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to the table of keys: how values that are no plain words or sizes are read and written. */
#ifndef CLI_CONF_VALUE_H
#define CLI_CONF_VALUE_H

#include "cli/conf_keys.h"

struct conf_value {
	/* as conf_key_parse */
	int (*parse)(struct options *options, struct key_value value);
	/* buf has KEY_VALUE_SIZE bytes */
	void (*format)(const struct options *options, char *buf);
};

extern const struct conf_value conf_value_label;
extern const struct conf_value conf_value_checksum;
extern const struct conf_value conf_value_uuid;
extern const struct conf_value conf_value_features;
extern const struct conf_value conf_value_max_time;

#endif

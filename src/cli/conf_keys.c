/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of keys, and the values that are words or sizes as text in both directions. */
#include <stdio.h>
#include <string.h>

#include "base/msg.h"
#include "base/size.h"
#include "base/status.h"
#include "cli/conf_value.h"
#include "cli/options.h"

enum key_kind {
	KIND_BOOL, /* bool, of two words: the first is false */
	KIND_ENUM, /* enum, of words in its order */
	KIND_SIZE, /* u64 within min ... max, or auto, which is 0 */
	KIND_OWN,  /* functions of its own */
};

#define MAX_WORDS 4

struct key {
	const char *name;
	enum key_kind kind;
	size_t target; /* offset in struct options */
	const char *words[MAX_WORDS];
	u64 min, max;
	const struct conf_value *own;
};

#define AT(field) offsetof(struct options, field)
#define YES_NO { "no", "yes" }

static const struct key keys[NR_KEYS] = {
	[KEY_NODESIZE] = { "nodesize", KIND_SIZE, AT(nodesize), .min = 4 * KIB, .max = 64 * KIB },
	[KEY_FEATURES] = { "features", KIND_OWN, .own = &conf_value_features },
	[KEY_LABEL] = { "label", KIND_OWN, .own = &conf_value_label },
	[KEY_UUID] = { "uuid", KIND_OWN, .own = &conf_value_uuid },
	[KEY_CHECKSUM] = { "checksum", KIND_OWN, .own = &conf_value_checksum },
	[KEY_METADATA] = { "metadata", KIND_ENUM, AT(config.metadata), { "auto", "dup", "single" } },
	[KEY_INLINE] = { "inline", KIND_BOOL, AT(config.inline_files), YES_NO },
	[KEY_DATASUM] = { "datasum", KIND_BOOL, AT(config.datasum), YES_NO },
	[KEY_XATTR] = { "xattr", KIND_BOOL, AT(config.xattr), YES_NO },
	[KEY_MEMORY] = { "memory", KIND_SIZE, AT(config.memory), .min = 16 * MIB, .max = TIB },
	[KEY_FSCK] = { "fsck", KIND_ENUM, AT(policy.fsck), { "require-clean", "preen" } },
	[KEY_FSTAB] = { "fstab", KIND_BOOL, AT(config.rewrite_fstab), { "keep", "rewrite" } },
	[KEY_REFUSE_BOOT_LOADER] = { "refuse-boot-loader", KIND_BOOL, AT(config.refuse_boot_loader), YES_NO },
	[KEY_REFUSE_SWAP_FILES] = { "refuse-swap-files", KIND_BOOL, AT(config.refuse_swap_files), YES_NO },
	[KEY_ON_ERROR] = { "on-error", KIND_ENUM, AT(policy.on_error), { "continue", "shell", "reboot", "poweroff" } },
	[KEY_REQUIRE_AC] = { "require-ac", KIND_BOOL, AT(policy.require_ac), YES_NO },
	[KEY_MAX_TIME] = { "max-time", KIND_OWN, .own = &conf_value_max_time },
};

/* KIND_ENUM reads and writes enums as unsigned int. */
static_assert(sizeof(enum config_metadata) == sizeof(unsigned int), "enums must be as wide as int");
static_assert(sizeof(enum policy_fsck) == sizeof(unsigned int), "enums must be as wide as int");
static_assert(sizeof(enum policy_on_error) == sizeof(unsigned int), "enums must be as wide as int");

enum conf_key conf_key_find(const char *name, size_t len)
{
	enum conf_key key;

	for (key = 0; key < NR_KEYS; key++) {
		if (strlen(keys[key].name) == len && memcmp(keys[key].name, name, len) == 0)
			break;
	}
	return key;
}

const char *conf_key_name(enum conf_key key)
{
	return keys[key].name;
}

static int parse_size(const struct key *key, const char *text, u64 *target)
{
	u64 size;

	if (strcmp(text, "auto") == 0) {
		*target = 0;
		return 0;
	}
	if (size_parse(text, &size)) {
		msg_err("%s: %s is not a size", key->name, text);
		return ERR_USAGE;
	}
	if (size < key->min || size > key->max) {
		msg_err("%s: %s is out of range, %llu to %llu", key->name, text, (unsigned long long)key->min,
			(unsigned long long)key->max);
		return ERR_USAGE;
	}
	*target = size;
	return 0;
}

/* The number of the word; MAX_WORDS with a message when it is none of the key's. */
static unsigned int parse_word(const struct key *key, const char *text)
{
	char known[64] = "";
	unsigned int i;
	size_t used = 0;

	for (i = 0; i < MAX_WORDS && key->words[i]; i++) {
		if (strcmp(key->words[i], text) == 0)
			return i;
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", i ? ", " : "", key->words[i]);
	}
	msg_err("%s: %s is none of %s", key->name, text, known);
	return MAX_WORDS;
}

int conf_key_parse(struct options *options, enum conf_key id, struct key_value value)
{
	const struct key *key = &keys[id];
	void *target = (char *)options + key->target;
	unsigned int word;

	if (key->kind == KIND_OWN)
		return key->own->parse(options, value);
	if (key->kind == KIND_SIZE)
		return parse_size(key, value.text, target);
	word = parse_word(key, value.text);
	if (word == MAX_WORDS)
		return ERR_USAGE;
	if (key->kind == KIND_BOOL)
		*(bool *)target = word;
	else
		*(unsigned int *)target = word;
	return 0;
}

int conf_key_apply(struct options *options, enum conf_key key, struct key_value value, struct key_place place)
{
	struct options alone;
	int ret;

	options_init(&alone, false);
	ret = conf_key_parse(&alone, key, value);
	if (ret)
		return ret;
	if (alone.verb != OPTIONS_RUN) {
		msg_err("%s: %s asks for a list, which only the option does", keys[key].name, value.text);
		return ERR_USAGE;
	}
	alone.config.nodesize = (u32)alone.nodesize;
	ret = config_check_values(&alone.config);
	if (ret || place.origin < options->places[key].origin)
		return ret;
	options->places[key] = place;
	return conf_key_parse(options, key, value);
}

const char *conf_key_format(const struct options *options, enum conf_key id, char *buf)
{
	const struct key *key = &keys[id];
	const void *target = (const char *)options + key->target;

	switch (key->kind) {
	case KIND_BOOL:
		snprintf(buf, KEY_VALUE_SIZE, "%s", key->words[*(const bool *)target]);
		break;
	case KIND_ENUM:
		snprintf(buf, KEY_VALUE_SIZE, "%s", key->words[*(const unsigned int *)target]);
		break;
	case KIND_SIZE:
		if (*(const u64 *)target)
			snprintf(buf, KEY_VALUE_SIZE, "%llu", (unsigned long long)*(const u64 *)target);
		else
			strcpy(buf, "auto");
		break;
	case KIND_OWN:
		key->own->format(options, buf);
	}
	return buf;
}

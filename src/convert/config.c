/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Defaults and validation of the configuration. Pure: looks at nothing but the struct, so that every wrong combination
 * is found before the device is opened.
 */
#include <string.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "convert/config.h"

#define NODESIZE_MIN 4096u
#define NODESIZE_MAX 65536u
#define MEMORY_MIN (16 * MIB)
#define OFFSET_ALIGN 512u

#define INCOMPAT_CHOICE \
	(BTRFS_INCOMPAT_EXTENDED_IREF | BTRFS_INCOMPAT_SKINNY_METADATA | BTRFS_INCOMPAT_NO_HOLES)
#define FREE_SPACE_TREE (BTRFS_COMPAT_RO_FREE_SPACE_TREE | BTRFS_COMPAT_RO_FREE_SPACE_TREE_VALID)
#define COMPAT_RO_CHOICE (FREE_SPACE_TREE | BTRFS_COMPAT_RO_BLOCK_GROUP_TREE)

void config_init(struct config *config)
{
	memset(config, 0, sizeof(*config));
	config->action = CONFIG_CONVERT;
	config->csum_type = BTRFS_CSUM_CRC32C;
	config->incompat = INCOMPAT_CHOICE;
	config->compat_ro = FREE_SPACE_TREE;
	config->metadata = CONFIG_METADATA_AUTO;
	config->datasum = true;
	config->xattr = true;
	config->inline_files = true;
	config->rewrite_fstab = true;
	config->refuse_boot_loader = true;
	config->refuse_swap_files = true;
	config->label_mode = CONFIG_LABEL_COPY;
	config->uuid_mode = CONFIG_UUID_COPY;
}

static int check_features(const struct config *config)
{
	u64 fst = config->compat_ro & FREE_SPACE_TREE;

	if (config->incompat & ~INCOMPAT_CHOICE || config->compat_ro & ~COMPAT_RO_CHOICE) {
		msg_err("features that a conversion cannot set: incompat 0x%llx, compat_ro 0x%llx",
			(unsigned long long)(config->incompat & ~INCOMPAT_CHOICE),
			(unsigned long long)(config->compat_ro & ~COMPAT_RO_CHOICE));
		return ERR_USAGE;
	}
	if (fst && fst != FREE_SPACE_TREE) {
		msg_err("free-space-tree and its valid flag must be set together");
		return ERR_USAGE;
	}
	if (!(config->compat_ro & BTRFS_COMPAT_RO_BLOCK_GROUP_TREE))
		return 0;
	if (!fst) {
		msg_err("block-group-tree requires free-space-tree");
		return ERR_USAGE;
	}
	if (!(config->incompat & BTRFS_INCOMPAT_NO_HOLES)) {
		msg_err("block-group-tree requires no-holes");
		return ERR_USAGE;
	}
	return 0;
}

static int check_label(const struct config *config)
{
	if (config->label_mode != CONFIG_LABEL_GIVEN)
		return 0;
	if (!memchr(config->label, '\0', sizeof(config->label))) {
		msg_err("label is longer than %zu bytes", sizeof(config->label) - 1);
		return ERR_USAGE;
	}
	if (strchr(config->label, '\n')) {
		msg_err("label holds a line break");
		return ERR_USAGE;
	}
	return 0;
}

static int check_uuid(const struct config *config)
{
	static const u8 zero[16];

	if (config->uuid_mode != CONFIG_UUID_GIVEN || memcmp(config->uuid, zero, sizeof(zero)) != 0)
		return 0;
	msg_err("the UUID must not be all zero");
	return ERR_USAGE;
}

static int check_sizes(const struct config *config)
{
	if (config->nodesize && (!is_power_of_2(config->nodesize) || config->nodesize < NODESIZE_MIN ||
				 config->nodesize > NODESIZE_MAX)) {
		msg_err("illegal nodesize %u: must be a power of two from %u to %u", (unsigned int)config->nodesize,
			NODESIZE_MIN, NODESIZE_MAX);
		return ERR_USAGE;
	}
	if (config->memory && config->memory < MEMORY_MIN) {
		msg_err("memory budget of %llu bytes is below the least, %llu", (unsigned long long)config->memory,
			(unsigned long long)MEMORY_MIN);
		return ERR_USAGE;
	}
	if (config->memory > SIZE_MAX / 2) {
		msg_err("memory budget of %llu bytes is beyond the address space",
			(unsigned long long)config->memory);
		return ERR_USAGE;
	}
	if (config->offset % OFFSET_ALIGN != 0 || config->offset > INT64_MAX) {
		msg_err("illegal offset %llu: must be a multiple of %u", (unsigned long long)config->offset,
			OFFSET_ALIGN);
		return ERR_USAGE;
	}
	return 0;
}

int config_check_values(const struct config *config)
{
	int ret = check_sizes(config);

	if (!ret)
		ret = check_features(config);
	if (!ret)
		ret = check_label(config);
	return ret ? ret : check_uuid(config);
}

int config_check(const struct config *config)
{
	if (!config->device || !*config->device) {
		msg_err("no device given");
		return ERR_USAGE;
	}
	if (config->tmpdir && !*config->tmpdir) {
		msg_err("the directory for temporary files has an empty name");
		return ERR_USAGE;
	}
	return config_check_values(config);
}

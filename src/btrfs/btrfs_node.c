/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fills one leaf or node buffer and seals it. */
#include "btrfs/btrfs_node.h"

#include <stdlib.h>

#include "base/msg.h"
#include "btrfs/btrfs_csum.h"
#include "btrfs/btrfs_item_pack.h"

int btrfs_node_init(struct btrfs_node *node, u32 nodesize, u8 level)
{
	node->block = malloc(nodesize);
	if (!node->block)
		return msg_nomem("tree block");
	node->nodesize = nodesize;
	node->level = level;
	btrfs_node_reset(node);
	return 0;
}

void btrfs_node_fini(struct btrfs_node *node)
{
	free(node->block);
	node->block = NULL;
}

void btrfs_node_reset(struct btrfs_node *node)
{
	node->nr_items = 0;
	node->front = BTRFS_HEADER_SIZE;
	node->back = node->nodesize;
}

int btrfs_node_add_item(struct btrfs_node *node, const struct btrfs_key *key, u32 size, u8 **data)
{
	struct btrfs_item_disk *item = (void *)(node->block + node->front);

	if ((u64)size + sizeof(*item) > node->back - node->front)
		return 1;
	node->back -= size;
	*data = node->block + node->back;
	item->key = btrfs_key_encode(key);
	item->offset = cpu_to_le32(node->back - BTRFS_HEADER_SIZE);
	item->size = cpu_to_le32(size);
	node->front += (u32)sizeof(*item);
	node->nr_items++;
	return 0;
}

bool btrfs_node_full(const struct btrfs_node *node)
{
	return node->nr_items == btrfs_ptrs_per_node(node->nodesize);
}

void btrfs_node_add_child(struct btrfs_node *node, const struct btrfs_node *child, u64 logical, u64 generation)
{
	struct btrfs_key_ptr_disk *ptr = (void *)(node->block + node->front);

	/* Items and pointers both begin with their key, so the first key of a child stands right behind its header. */
	memcpy(&ptr->key, child->block + BTRFS_HEADER_SIZE, sizeof(ptr->key));
	ptr->blockptr = cpu_to_le64(logical);
	ptr->generation = cpu_to_le64(generation);
	node->front += (u32)sizeof(*ptr);
	node->nr_items++;
}

void btrfs_node_seal(struct btrfs_node *node, const struct btrfs_params *params, u64 owner, u64 logical)
{
	struct btrfs_header_disk *header = (void *)node->block;

	memset(node->block + node->front, 0, node->back - node->front);
	*header = (struct btrfs_header_disk){
		.bytenr = cpu_to_le64(logical),
		.flags = cpu_to_le64(BTRFS_HEADER_FLAG_WRITTEN | BTRFS_HEADER_BACKREF_REV),
		.generation = cpu_to_le64(params->generation),
		.owner = cpu_to_le64(owner),
		.nritems = cpu_to_le32(node->nr_items),
		.level = node->level,
	};
	memcpy(header->fsid, params->fsid, BTRFS_UUID_SIZE);
	memcpy(header->chunk_tree_uuid, params->chunk_tree_uuid, BTRFS_UUID_SIZE);
	btrfs_csum(params->csum_type, node->block + BTRFS_CSUM_MAX, node->nodesize - BTRFS_CSUM_MAX, header->csum);
}

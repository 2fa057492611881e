/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The chunk map. The superblock's array holds the SYSTEM chunks, just enough to read the chunk tree, which holds all of
 * them. Both are checked against each other.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "btrfs/btrfs_read_private.h"

#define CHUNK_TYPES (BTRFS_BLOCK_GROUP_DATA | BTRFS_BLOCK_GROUP_SYSTEM | BTRFS_BLOCK_GROUP_METADATA)
#define CHUNK_PROFILES ((u64)0x7f8) /* RAID0, RAID1, DUP, RAID10, RAID5, RAID6, RAID1C3, RAID1C4 */
#define CHUNK_MAX_LEN (256 * GIB)

static int chunk_bad(u64 logical, const char *what)
{
	msg_err("btrfs: chunk at %llu: %s", (unsigned long long)logical, what);
	return ERR_CORRUPT;
}

static bool type_is_sound(u64 type)
{
	u64 kind = type & CHUNK_TYPES;

	if (type & ~(CHUNK_TYPES | CHUNK_PROFILES))
		return false;
	return is_power_of_2(kind) || kind == (BTRFS_BLOCK_GROUP_DATA | BTRFS_BLOCK_GROUP_METADATA);
}

/* What only this program's own chunks must satisfy. */
static bool is_as_written(const struct btrfs_chunk_disk *d)
{
	return is_power_of_2(le64_to_cpu(d->type) & CHUNK_TYPES) && le64_to_cpu(d->owner) == BTRFS_EXTENT_TREE &&
	       le32_to_cpu(d->io_align) == BTRFS_STRIPE_LEN && le32_to_cpu(d->io_width) == BTRFS_STRIPE_LEN &&
	       le16_to_cpu(d->sub_stripes) <= 1;
}

static int decode_stripe(const struct btrfs_reader *r, const struct btrfs_stripe_disk *d, struct btrfs_chunk *chunk,
			 u32 nr)
{
	u64 physical = le64_to_cpu(d->offset);
	u64 end;

	if (le64_to_cpu(d->devid) != r->super.devid ||
	    memcmp(d->dev_uuid, r->super.dev_uuid, sizeof(d->dev_uuid)) != 0)
		return chunk_bad(chunk->logical, "it lies on another device");
	if (physical % SECTOR || add_overflows(physical, chunk->len, &end) || end > r->super.total_bytes)
		return chunk_bad(chunk->logical, "it does not fit on the device");
	chunk->physical[nr] = physical;
	return 0;
}

/* size: bytes at hand, which may be more than the chunk needs. */
static int decode_chunk(const struct btrfs_reader *r, u64 logical, const u8 *data, size_t size,
			struct btrfs_chunk *chunk)
{
	const struct btrfs_chunk_disk *d = (const struct btrfs_chunk_disk *)data;
	const struct btrfs_stripe_disk *stripes = (const struct btrfs_stripe_disk *)(d + 1);
	u64 end;
	u32 i;
	int ret;

	memset(chunk, 0, sizeof(*chunk));
	if (size < sizeof(*d))
		return chunk_bad(logical, "the item is too short");
	chunk->logical = logical;
	chunk->len = le64_to_cpu(d->length);
	chunk->type = le64_to_cpu(d->type);
	chunk->nr_stripes = le16_to_cpu(d->num_stripes);

	if (!type_is_sound(chunk->type))
		return chunk_bad(logical, "the type is wrong");
	if (chunk->type & CHUNK_PROFILES & ~BTRFS_BLOCK_GROUP_DUP) {
		msg_err("btrfs: chunk at %llu: RAID profiles are not supported", (unsigned long long)logical);
		return ERR_REFUSED;
	}
	if (logical % SECTOR || !chunk->len || chunk->len % SECTOR || chunk->len >= CHUNK_MAX_LEN ||
	    add_overflows(logical, chunk->len, &end))
		return chunk_bad(logical, "address or length is wrong");
	if (le64_to_cpu(d->stripe_len) != BTRFS_STRIPE_LEN || le32_to_cpu(d->sector_size) != SECTOR)
		return chunk_bad(logical, "stripe length or sector size is wrong");
	if (chunk->nr_stripes != (chunk->type & BTRFS_BLOCK_GROUP_DUP ? 2u : 1u) ||
	    size < sizeof(*d) + chunk->nr_stripes * sizeof(*stripes))
		return chunk_bad(logical, "the number of stripes is wrong");
	if (r->strict && !is_as_written(d))
		return chunk_bad(logical, "owner, alignment or kind is not as it was written");
	for (i = 0; i < chunk->nr_stripes; i++) {
		ret = decode_stripe(r, &stripes[i], chunk, i);
		if (ret)
			return ret;
	}
	return 0;
}

static size_t encoded_size(const struct btrfs_chunk *chunk)
{
	return sizeof(struct btrfs_chunk_disk) + chunk->nr_stripes * sizeof(struct btrfs_stripe_disk);
}

/* --- the map --- */

void btrfs_chunk_map_free(struct btrfs_chunk_map *map)
{
	free(map->chunks);
	memset(map, 0, sizeof(*map));
}

/* Index of the first chunk above logical. */
static size_t map_upper(const struct btrfs_chunk_map *map, u64 logical)
{
	size_t low = 0, high = map->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (map->chunks[mid].logical <= logical)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int map_insert(struct btrfs_chunk_map *map, const struct btrfs_chunk *chunk)
{
	size_t at = map_upper(map, chunk->logical);
	struct btrfs_chunk *chunks = map->chunks;

	if ((at > 0 && chunks[at - 1].logical + chunks[at - 1].len > chunk->logical) ||
	    (at < map->nr && chunk->logical + chunk->len > chunks[at].logical))
		return chunk_bad(chunk->logical, "it overlaps another one");
	if (map->nr == map->room) {
		size_t room = map->room ? map->room * 2 : 64;

		chunks = realloc(chunks, room * sizeof(*chunks));
		if (!chunks)
			return msg_nomem("btrfs chunk map");
		map->chunks = chunks;
		map->room = room;
	}
	memmove(chunks + at + 1, chunks + at, (map->nr - at) * sizeof(*chunks));
	chunks[at] = *chunk;
	map->nr++;
	return 0;
}

static int load_array(struct btrfs_reader *r, const struct btrfs_super_disk *super)
{
	const u8 *p = super->sys_chunk_array;
	size_t left = le32_to_cpu(super->sys_chunk_array_size);

	while (left > 0) {
		struct btrfs_chunk chunk;
		struct btrfs_key key;
		int ret;

		if (left < sizeof(struct btrfs_key_disk))
			return chunk_bad(0, "the superblock's chunk array is cut short");
		key = btrfs_key_decode((const struct btrfs_key_disk *)p);
		p += sizeof(struct btrfs_key_disk);
		left -= sizeof(struct btrfs_key_disk);
		if (key.objectid != BTRFS_FIRST_CHUNK_OBJECTID || key.type != BTRFS_CHUNK_ITEM)
			return chunk_bad(key.offset, "wrong key in the superblock's chunk array");
		ret = decode_chunk(r, key.offset, p, left, &chunk);
		if (ret)
			return ret;
		if (!(chunk.type & BTRFS_BLOCK_GROUP_SYSTEM))
			return chunk_bad(key.offset, "in the superblock's array, but not a system chunk");
		ret = map_insert(&r->map, &chunk);
		if (ret)
			return ret;
		p += encoded_size(&chunk);
		left -= encoded_size(&chunk);
	}
	return 0;
}

static int load_tree(struct btrfs_reader *r, struct btrfs_chunk_map *map)
{
	struct btrfs_walk *walk = NULL;
	struct btrfs_item item;
	struct btrfs_chunk chunk;
	int ret;

	ret = btrfs_walk_new(r, BTRFS_CHUNK_TREE, r->super.chunk_root, r->super.chunk_root_level, NULL, NULL, NULL,
			     &walk);
	if (ret)
		return ret;
	while ((ret = btrfs_walk_next(walk, &item)) == 1) {
		if (item.key.objectid != BTRFS_FIRST_CHUNK_OBJECTID || item.key.type != BTRFS_CHUNK_ITEM)
			continue;
		ret = decode_chunk(r, item.key.offset, item.data, item.size, &chunk);
		if (!ret && item.size != encoded_size(&chunk))
			ret = chunk_bad(chunk.logical, "the item is too long");
		if (!ret)
			ret = map_insert(map, &chunk);
		if (ret)
			break;
	}
	btrfs_walk_free(walk);
	return ret;
}

static bool same_chunk(const struct btrfs_chunk *a, const struct btrfs_chunk *b)
{
	return a->logical == b->logical && a->len == b->len && a->type == b->type && a->nr_stripes == b->nr_stripes &&
	       a->physical[0] == b->physical[0] && a->physical[1] == b->physical[1];
}

/* Every chunk of the array is in the tree, and what is written here has all SYSTEM chunks of the tree in the array. */
static int compare_maps(const struct btrfs_reader *r, const struct btrfs_chunk_map *array,
			const struct btrfs_chunk_map *tree)
{
	size_t i, nr_system = 0;

	for (i = 0; i < tree->nr; i++)
		nr_system += (tree->chunks[i].type & BTRFS_BLOCK_GROUP_SYSTEM) != 0;
	for (i = 0; i < array->nr; i++) {
		size_t at = map_upper(tree, array->chunks[i].logical);

		if (at == 0 || !same_chunk(&tree->chunks[at - 1], &array->chunks[i]))
			return chunk_bad(array->chunks[i].logical, "superblock and chunk tree differ");
	}
	if (r->strict && nr_system != array->nr)
		return chunk_bad(r->super.chunk_root, "a system chunk is missing in the superblock");
	return 0;
}

/* All blocks carry the uuid that the root of the chunk tree has. */
static int learn_chunk_uuid(struct btrfs_reader *r)
{
	const struct btrfs_expect e = {
		.owner = BTRFS_CHUNK_TREE,
		.logical = r->super.chunk_root,
		.generation = r->super.chunk_root_generation,
		.level = r->super.chunk_root_level,
	};
	struct btrfs_window window;
	const u8 *block;
	int ret;

	ret = btrfs_window_init(&window);
	if (ret)
		return ret;
	ret = btrfs_window_get(r, &window, &e, &block);
	if (!ret)
		ret = btrfs_block_check(r, block, &e);
	if (!ret) {
		memcpy(r->chunk_tree_uuid, btrfs_block_header(block)->chunk_tree_uuid, sizeof(r->chunk_tree_uuid));
		r->has_chunk_uuid = true;
	}
	btrfs_window_fini(&window);
	return ret;
}

int btrfs_chunk_map_load(struct btrfs_reader *r, const struct btrfs_super_disk *super)
{
	struct btrfs_chunk_map tree = { NULL, 0, 0 };
	int ret;

	ret = load_array(r, super);
	if (!ret)
		ret = learn_chunk_uuid(r);
	if (!ret)
		ret = load_tree(r, &tree);
	if (!ret)
		ret = compare_maps(r, &r->map, &tree);
	if (ret) {
		btrfs_chunk_map_free(&tree);
		return ret;
	}
	btrfs_chunk_map_free(&r->map);
	r->map = tree;
	return 0;
}

const struct btrfs_chunk *btrfs_reader_chunks(const struct btrfs_reader *r, size_t *nr)
{
	*nr = r->map.nr;
	return r->map.chunks;
}

const struct btrfs_chunk *btrfs_reader_find_chunk(const struct btrfs_reader *r, u64 logical)
{
	size_t at = map_upper(&r->map, logical);
	const struct btrfs_chunk *chunk;

	if (!at)
		return NULL;
	chunk = &r->map.chunks[at - 1];
	return logical - chunk->logical < chunk->len ? chunk : NULL;
}

int btrfs_reader_map(const struct btrfs_reader *r, u64 logical, u64 *physical, u64 *len)
{
	const struct btrfs_chunk *chunk = btrfs_reader_find_chunk(r, logical);

	if (!chunk) {
		msg_err("btrfs: no chunk maps address %llu", (unsigned long long)logical);
		return ERR_CORRUPT;
	}
	*physical = chunk->physical[0] + (logical - chunk->logical);
	*len = chunk->len - (logical - chunk->logical);
	return 0;
}

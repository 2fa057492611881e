/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a wrong writer could have written: each lie with a part of the message that it must cause. Inodes are those that
 * test_verify.c makes; places are found by what is unique in the image.
 */
#ifndef TEST_VERIFY_LIES_H
#define TEST_VERIFY_LIES_H

enum op {
	NONE,
	SET,    /* width bytes at at become value */
	ADD,    /* width bytes at at grow by value */
	SWAP,   /* width bytes at at change places with those at value */
	CUT,    /* value bytes less at the end */
	GROW,   /* value bytes more at the end, zero */
	REPEAT, /* the last value bytes once more */
	DROP,   /* the item is gone */
	MOVE,   /* the offset of the key grows by value */
	PLACE,  /* the offset of the key becomes value */
	RETYPE, /* the type of the key becomes value */
	RENAME, /* the objectid of the key grows by value */
	COPY,   /* a second item, its key's offset greater by value */
	/* of a whole block */
	HEADER, /* width bytes at at become value */
	CSUM,   /* the same, but the checksum stays */
	TEAR,   /* the same, but only in the second copy */
	/* of the superblock */
	SUPER,  /* width bytes at at become value */
};

struct edit {
	u64 tree, objectid;
	u8 type;
	u64 offset;
	enum op op;
	u32 at, width;
	u64 value;
};

struct lie {
	const char *noticed;
	struct edit edits[4];
};

#define FS BTRFS_FS_TREE
#define ROOT BTRFS_ROOT_TREE
#define EXTENT BTRFS_EXTENT_TREE
#define CHUNK BTRFS_CHUNK_TREE
#define DEV BTRFS_DEV_TREE
#define CSUMS BTRFS_CSUM_TREE
#define FREE BTRFS_FREE_SPACE_TREE
#define GROUPS BTRFS_BLOCK_GROUP_TREE
#define SAVED 256
#define IMAGE 257

#define FIELD(disk, name) offsetof(struct btrfs_##disk##_disk, name), sizeof(((struct btrfs_##disk##_disk *)0)->name)
#define IN_SUPER(name, value) { { 0, 0, 0, 0, SUPER, FIELD(super, name), value } }
#define IN_BLOCK(tree, name, value) { { tree, 0, 0, 0, HEADER, FIELD(header, name), value } }
#define IN_ROOT(tree, op, name, value) { { ROOT, tree, BTRFS_ROOT_ITEM, 0, op, FIELD(root_item, name), value } }
#define IN_CHUNK(logical, op, name, value) \
	{ { CHUNK, 256, BTRFS_CHUNK_ITEM, logical, op, FIELD(chunk, name), value } }
#define IN_DEV(physical, op, name, value) { { DEV, 1, BTRFS_DEV_EXTENT, physical, op, FIELD(dev_extent, name), value } }
#define IN_INODE(ext, op, name, value) \
	{ { FS, INO(ext), BTRFS_INODE_ITEM, 0, op, FIELD(inode_item, name), value } }
#define IN_EXTENT(start, len, op, name, value) \
	{ { EXTENT, start, BTRFS_EXTENT_ITEM, len, op, FIELD(extent_item, name), value } }
#define IN_FILE(tree, ino, pos, op, name, value) \
	{ { tree, ino, BTRFS_EXTENT_DATA, pos, op, FIELD(file_extent, name), value } }
#define IN_ENTRY(dir, type, offset, op, name, value) \
	{ { FS, dir, BTRFS_##type, offset, op, FIELD(dir_item, name), value } }
#define ITEM(tree, objectid, type, offset, op, value) { { tree, objectid, BTRFS_##type, offset, op, 0, 0, value } }

#define DIFFER_BLOCKS "the tree blocks and those in the extent tree differ"
#define DIFFER_REFS "the file extents and the references in the extent tree differ"
#define DIFFER_CSUMS "that need checksums and the extents that have them differ"
#define DIFFER_PLAIN "that must have no checksums and the extents without differ"
#define DIFFER_ENTRIES "the DIR_INDEX and the DIR_ITEM entries differ"
#define DIFFER_LINKS "the DIR_INDEX entries and the names that inodes have differ"
#define DIFFER_TYPES "the types in directory entries and those of the inodes differ"

static const struct lie super_lies[] = {
	{ "does not read back", IN_SUPER(magic, 1) },
	{ "does not read back", IN_SUPER(num_devices, 2) },
	{ "superblock: the flags", IN_SUPER(flags, 3) },
	{ "superblock: the log", IN_SUPER(log_root, 4096) },
	{ "chunk root generation", IN_SUPER(chunk_root_generation, 0) },
	{ "the root directory", IN_SUPER(root_dir_objectid, 5) },
	{ "the stripe size", IN_SUPER(stripesize, 8192) },
	{ "the size", IN_SUPER(total_bytes, IMAGE_SIZE - 4096) },
	{ "the incompat features", IN_SUPER(incompat_flags, 0x363) },
	{ "the incompat features", IN_SUPER(incompat_flags, 0x341) },
	{ "the incompat features", IN_SUPER(incompat_flags, 0x360) },
	{ "the compat_ro features", IN_SUPER(compat_ro_flags, 1) },
	{ "the compat_ro features", IN_SUPER(compat_ro_flags, 7) },
	{ "(11 132 0) is missing", IN_SUPER(compat_ro_flags, 11) },
	{ "does not have this feature", IN_SUPER(compat_ro_flags, 0) },
	{ "the compat features", IN_SUPER(compat_flags, 1) },
	{ "the cache generation", IN_SUPER(cache_generation, 1) },
	{ "the label", { { 0, 0, 0, 0, SUPER, offsetof(struct btrfs_super_disk, label) + 255, 1, 'x' } } },
	{ "metadata uuid", IN_SUPER(metadata_uuid, 1) },
	{ "reserved bytes", IN_SUPER(reserved, 1) },
	{ "generation of the uuid tree", IN_SUPER(uuid_tree_generation, 0) },
	{ "backup root of tree 2", IN_SUPER(backups[0].extent_root, 4096) },
	{ "backup root of tree 5", IN_SUPER(backups[0].fs_level, 1) },
	{ "backup root of tree 7", IN_SUPER(backups[0].csum_root_gen, 2) },
	{ "sizes in the backup roots", IN_SUPER(backups[0].total_bytes, 4096) },
	{ "sizes in the backup roots", IN_SUPER(bytes_used, IMAGE_SIZE / 2) },
	{ "the superblock says", { { 0, 0, 0, 0, SUPER, FIELD(super, bytes_used), IMAGE_SIZE / 2 },
				   { 0, 0, 0, 0, SUPER, FIELD(super, backups[0].bytes_used), IMAGE_SIZE / 2 } } },
	{ "not the same as in the superblock", IN_SUPER(dev_item.bytes_used, 4096) },
	{ "not the same as in the superblock", IN_SUPER(dev_item.seek_speed, 1) },
};

static const struct lie block_lies[] = {
	{ "the checksum is wrong", { { FS, 0, 0, 0, CSUM, 9000, 1, 1 } } },
	{ "of the device differ", { { FS, 0, 0, 0, TEAR, 9000, 1, 1 } } },
	{ "of the device differ", { { CHUNK, 0, 0, 0, TEAR, 9000, 1, 1 } } },
	{ "it belongs at", IN_BLOCK(EXTENT, bytenr, 4096) },
	{ "another file system", IN_BLOCK(EXTENT, fsid, 0) },
	{ "flags 0x1", IN_BLOCK(DEV, flags, 1) },
	{ "flags 0x100000000000000", IN_BLOCK(DEV, flags, BTRFS_HEADER_BACKREF_REV) },
	{ "another chunk tree uuid", IN_BLOCK(CSUMS, chunk_tree_uuid, 0) },
	{ "generation 0", IN_BLOCK(SAVED, generation, 0) },
	{ "it belongs to tree 5", IN_BLOCK(SAVED, owner, FS) },
	{ "keys do not ascend", IN_BLOCK(SAVED, nritems, 300) },
	{ "do not fit", IN_BLOCK(SAVED, nritems, 3000) },
	{ "the leaf is empty", IN_BLOCK(FS, nritems, 0) },
	{ "level 1, wanted 0", IN_BLOCK(FREE, level, 1) },
	{ "data ends at", { { FREE, 0, 0, 0, HEADER, 101 + 21, 1, 7 } } },
};

static const struct lie root_lies[] = {
	{ "(2 132 0) is missing", ITEM(ROOT, EXTENT, ROOT_ITEM, 0, DROP, 0) },
	{ "(5 12 6) is missing", ITEM(ROOT, FS, INODE_REF, 6, DROP, 0) },
	{ "(5 156 256) is missing", ITEM(ROOT, FS, ROOT_REF, SAVED, DROP, 0) },
	{ "(256 144 5) is missing", ITEM(ROOT, SAVED, ROOT_BACKREF, FS, DROP, 0) },
	{ "(10 132 0) is missing", ITEM(ROOT, FREE, ROOT_ITEM, 0, DROP, 0) },
	{ "(6 84 2378154706) is missing", ITEM(ROOT, 6, DIR_ITEM, ANY, MOVE, 1) },
	{ "(-9 132 0) is missing", ITEM(ROOT, BTRFS_DATA_RELOC_TREE, ROOT_ITEM, 0, DROP, 0) },
	{ "uuid tree", ITEM(ROOT, BTRFS_UUID_TREE, ROOT_ITEM, 0, DROP, 0) },
	{ "nothing else has to do with it", ITEM(ROOT, BTRFS_DATA_RELOC_TREE, ROOT_ITEM, 0, COPY, 1) },
	{ "wrong key or size", ITEM(ROOT, DEV, ROOT_ITEM, 0, CUT, 1) },
	{ "wrong generation", IN_ROOT(DEV, SET, generation, 0) },
	{ "wrong generation", IN_ROOT(DEV, SET, generation_v2, 0) },
	{ "wrong root directory", IN_ROOT(SAVED, SET, root_dirid, 0) },
	{ "wrong root directory", IN_ROOT(CSUMS, SET, root_dirid, 256) },
	{ "wrong root block", IN_ROOT(DEV, ADD, bytenr, 4096) },
	{ "wrong root block", IN_ROOT(DEV, SET, level, 8) },
	{ "it belongs to tree", IN_ROOT(BTRFS_UUID_TREE, ADD, bytenr, 16384) },
	{ "no chunk maps it", IN_ROOT(BTRFS_UUID_TREE, ADD, bytenr, 64 * MIB) },
	{ "level 0, wanted 1", IN_ROOT(SAVED, SET, level, 1) },
	{ "no bytes used", IN_ROOT(DEV, SET, bytes_used, 0) },
	{ "its root item counts", IN_ROOT(DEV, ADD, bytes_used, 16384) },
	{ "its root item counts", IN_ROOT(FS, ADD, bytes_used, 16384) },
	{ "wrong flags", IN_ROOT(FS, SET, flags, 1) },
	{ "wrong flags", IN_ROOT(SAVED, SET, flags, 2) },
	{ "references, limit", IN_ROOT(FS, SET, refs, 2) },
	{ "references, limit", IN_ROOT(FS, SET, drop_level, 1) },
	{ "references, limit", IN_ROOT(FS, SET, drop_progress, 1) },
	{ "references, limit", IN_ROOT(FS, SET, last_snapshot, 1) },
	{ "wrong inode", IN_ROOT(FS, SET, inode.mode, 0100644) },
	{ "not marked as initialised", IN_ROOT(FS, SET, inode.flags, 0) },
	{ "not the same as the ROOT_REF",
	  { { ROOT, SAVED, BTRFS_ROOT_BACKREF, FS, ADD, FIELD(root_ref, sequence), 1 } } },
	{ "not the same as the ROOT_REF", { { ROOT, FS, BTRFS_ROOT_REF, SAVED, ADD, FIELD(root_ref, dirid), 1 } } },
	{ "wrong size", { { ROOT, FS, BTRFS_ROOT_REF, SAVED, ADD, FIELD(root_ref, name_len), 1 } } },
	{ "not as it should be", { { ROOT, 6, BTRFS_INODE_ITEM, 0, SET, FIELD(inode_item, nlink), 2 } } },
	{ "not as it should be", { { ROOT, 6, BTRFS_INODE_REF, 6, SET, FIELD(inode_ref, index), 1 } } },
	{ "not as it should be", { { ROOT, 6, BTRFS_DIR_ITEM, ANY, SET, FIELD(dir_item, type), 1 } } },
	{ "no subvolume has this uuid", { { BTRFS_UUID_TREE, ANY, BTRFS_UUID_KEY_SUBVOL, ANY, SET, 0, 8, 7 } } },
	{ "no subvolume has this uuid", ITEM(BTRFS_UUID_TREE, ANY, UUID_KEY_SUBVOL, ANY, MOVE, 1) },
	{ "a subvolume is missing", ITEM(BTRFS_UUID_TREE, ANY, UUID_KEY_SUBVOL, ANY, DROP, 0) },
	{ "wrong type or size", ITEM(BTRFS_UUID_TREE, ANY, UUID_KEY_SUBVOL, ANY, GROW, 1) },
};

static const struct lie chunk_lies[] = {
	{ "the device item is missing", ITEM(CHUNK, 1, DEV_ITEM, 1, DROP, 0) },
	{ "not the same as in the superblock",
	  { { CHUNK, 1, BTRFS_DEV_ITEM, 1, ADD, FIELD(dev_item, bytes_used), 4096 } } },
	{ "not the sum of the device extents",
	  { { CHUNK, 1, BTRFS_DEV_ITEM, 1, SET, FIELD(dev_item, bytes_used), 4096 },
	    { 0, 0, 0, 0, SUPER, FIELD(super, dev_item.bytes_used), 4096 } } },
	{ "not as it should be", { { CHUNK, 1, BTRFS_DEV_ITEM, 1, SET, FIELD(dev_item, io_align), 512 },
				   { 0, 0, 0, 0, SUPER, FIELD(super, dev_item.io_align), 512 } } },
	{ "not in its place in the chunk tree", ITEM(CHUNK, 1, DEV_ITEM, 1, COPY, 1) },
	{ "is not as it was written", IN_CHUNK(DATA_CHUNK, SET, io_align, 4096) },
	{ "is not as it was written", IN_CHUNK(DATA_CHUNK, SET, owner, 5) },
	{ "superblock and chunk tree differ", IN_CHUNK(SYSTEM_CHUNK, ADD, length, (u64)-65536) },
	{ "a system chunk is missing in the superblock", IN_CHUNK(DATA_CHUNK, SET, type, 2) },
	{ "it overlaps another one", IN_CHUNK(DATA_CHUNK, SET, length, IMAGE_SIZE / 4 * 3) },
	{ "does not fit on the device", IN_CHUNK(DATA_CHUNK, SET, length, IMAGE_SIZE) },
	{ "the item is too long", ITEM(CHUNK, 256, CHUNK_ITEM, DATA_CHUNK, GROW, 1) },
	{ "the item is too short", ITEM(CHUNK, 256, CHUNK_ITEM, DATA_CHUNK, CUT, 50) },
	{ "data must lie where its address says",
	  { { CHUNK, 256, BTRFS_CHUNK_ITEM, DATA_CHUNK, ADD, 48 + 8, 8, (u64)-65536 } } },
	{ "data must lie where its address says", ITEM(CHUNK, 256, CHUNK_ITEM, DATA_CHUNK, MOVE, (u64)-65536) },
	{ "its length is not aligned", IN_CHUNK(DATA_CHUNK, ADD, length, (u64)-4096) },
	{ "its address is not aligned", { { CHUNK, 256, BTRFS_CHUNK_ITEM, DATA_CHUNK, ADD, 48 + 8, 8, (u64)-4096 },
					  { CHUNK, 256, BTRFS_CHUNK_ITEM, DATA_CHUNK, MOVE, 0, 0, (u64)-4096 } } },
	{ "single and DUP metadata are mixed",
	  { { CHUNK, 256, BTRFS_CHUNK_ITEM, META_CHUNK, SET, FIELD(chunk, type), 4 },
	    { CHUNK, 256, BTRFS_CHUNK_ITEM, META_CHUNK, SET, FIELD(chunk, num_stripes), 1 },
	    { CHUNK, 256, BTRFS_CHUNK_ITEM, META_CHUNK, CUT, 0, 0, 32 } } },
	{ "device extents for", ITEM(CHUNK, 256, CHUNK_ITEM, META_CHUNK, COPY, GIB) },
	{ "device extents for", ITEM(DEV, 1, DEV_EXTENT, DATA_CHUNK, DROP, 0) },
	{ "its chunk lies elsewhere", ITEM(DEV, 1, DEV_EXTENT, DATA_CHUNK, MOVE, 4096) },
	{ "no chunk has this address and length", IN_DEV(DATA_CHUNK, ADD, length, 4096) },
	{ "no chunk has this address and length", IN_DEV(DATA_CHUNK, ADD, chunk_offset, 4096) },
	{ "not as it should be", IN_DEV(DATA_CHUNK, SET, chunk_tree, 2) },
	{ "below the first MiB",
	  { { CHUNK, 256, BTRFS_CHUNK_ITEM, DATA_CHUNK, ADD, 48 + 8, 8, (u64)-65536 },
	    { CHUNK, 256, BTRFS_CHUNK_ITEM, DATA_CHUNK, MOVE, 0, 0, (u64)-65536 },
	    { DEV, 1, BTRFS_DEV_EXTENT, DATA_CHUNK, ADD, FIELD(dev_extent, chunk_offset), (u64)-65536 },
	    { DEV, 1, BTRFS_DEV_EXTENT, DATA_CHUNK, MOVE, 0, 0, (u64)-65536 } } },
	{ "not as it should be", { { DEV, 0, BTRFS_PERSISTENT_ITEM, 1, SET, 8, 1, 1 } } },
	{ "wrong size", ITEM(DEV, 1, DEV_EXTENT, DATA_CHUNK, GROW, 1) },
	{ "nothing else has to do with it", ITEM(DEV, 1, DEV_EXTENT, DATA_CHUNK, RENAME, 1) },
};

static const struct lie extent_lies[] = {
	{ "3 references, 2 counted", IN_EXTENT(ANY, FILE_LEN, ADD, refs, 1) },
	{ "wrong generation", IN_EXTENT(ANY, FILE_LEN, ADD, generation, 1) },
	{ "wrong flags", IN_EXTENT(ANY, FILE_LEN, SET, flags, 0) },
	{ "a tree block under the wrong key", IN_EXTENT(ANY, FILE_LEN, SET, flags, 2) },
	{ "wrong size", ITEM(EXTENT, ANY, EXTENT_ITEM, FILE_LEN, GROW, 1) },
	{ "wrong size", ITEM(EXTENT, ANY, EXTENT_ITEM, FILE_LEN, CUT, 30) },
	{ "wrong size", ITEM(EXTENT, ANY, EXTENT_ITEM, FILE_LEN, CUT, 60) },
	{ "2 references, 0 counted", ITEM(EXTENT, ANY, EXTENT_ITEM, FILE_LEN, CUT, 58) },
	{ "a reference with count 0", { { EXTENT, ANY, BTRFS_EXTENT_ITEM, FILE_LEN, SET, 49, 4, 0 } } },
	{ "an inline reference of another type", { { EXTENT, ANY, BTRFS_EXTENT_ITEM, FILE_LEN, SET, 24, 1, 184 } } },
	{ DIFFER_REFS, { { EXTENT, ANY, BTRFS_EXTENT_ITEM, FILE_LEN, ADD, 25, 8, 1 } } },
	{ DIFFER_REFS, { { EXTENT, ANY, BTRFS_EXTENT_ITEM, FILE_LEN, ADD, 33, 8, 1 } } },
	{ DIFFER_REFS, { { EXTENT, ANY, BTRFS_EXTENT_ITEM, FILE_LEN, ADD, 41, 8, 4096 } } },
	{ DIFFER_REFS, { { EXTENT, ANY, BTRFS_EXTENT_ITEM, FILE_LEN, SET, 49, 4, 2 },
			 { EXTENT, ANY, BTRFS_EXTENT_ITEM, FILE_LEN, SET, FIELD(extent_item, refs), 3 } } },
	{ "inline references do not descend", { { EXTENT, ANY, BTRFS_EXTENT_ITEM, FILE_LEN, SWAP, 24, 29, 24 + 29 } } },
	{ "inline references do not descend", ITEM(EXTENT, ANY, EXTENT_ITEM, FILE_LEN, REPEAT, 29) },
	{ "wrong address or length", ITEM(EXTENT, ANY, EXTENT_ITEM, FILE_LEN, MOVE, 1) },
	{ "wrong address or length", ITEM(EXTENT, ANY, EXTENT_ITEM, FILE_LEN, MOVE, 128 * MIB) },
	{ "it overlaps the extent before", ITEM(EXTENT, META_CHUNK, METADATA_ITEM, 0, COPY, 1) },
	{ "it reaches beyond its chunk", ITEM(EXTENT, ANY, EXTENT_ITEM, LAST, MOVE, 64 * MIB) },
	{ "are free, but not listed so", ITEM(EXTENT, ANY, EXTENT_ITEM, FILE_LEN, MOVE, (u64)-4096) },
	{ "are free, but not listed so", ITEM(EXTENT, ANY, EXTENT_ITEM, FILE_LEN, DROP, 0) },
	{ "it overlaps the extent before, or lies in no chunk", ITEM(EXTENT, DATA_CHUNK, EXTENT_ITEM, ANY, RENAME,
								    (u64)-65536) },
	{ "its chunk is of another type", { { EXTENT, SYSTEM_CHUNK, BTRFS_METADATA_ITEM, 0, SET, 25, 8, FS } } },
	{ "one reference by a tree", { { EXTENT, SYSTEM_CHUNK, BTRFS_METADATA_ITEM, 0, SET, 0, 8, 2 } } },
	{ "one reference by a tree", { { EXTENT, SYSTEM_CHUNK, BTRFS_METADATA_ITEM, 0, SET, 24, 1, 182 } } },
	{ "data under the key of a tree block", { { EXTENT, SYSTEM_CHUNK, BTRFS_METADATA_ITEM, 0, SET, 16, 8, 1 } } },
	{ "wrong size", ITEM(EXTENT, SYSTEM_CHUNK, METADATA_ITEM, 0, GROW, 9) },
	{ "wrong level", ITEM(EXTENT, SYSTEM_CHUNK, METADATA_ITEM, 0, MOVE, 8) },
	{ DIFFER_BLOCKS, ITEM(EXTENT, SYSTEM_CHUNK, METADATA_ITEM, 0, MOVE, 1) },
	{ DIFFER_BLOCKS, { { EXTENT, META_CHUNK, BTRFS_METADATA_ITEM, 0, SET, 25, 8, FS } } },
	{ "it is not aligned", { { EXTENT, SYSTEM_CHUNK, BTRFS_METADATA_ITEM, 0, RENAME, 0, 0, 4096 } } },
	{ "are free, but not listed so", ITEM(EXTENT, SYSTEM_CHUNK, METADATA_ITEM, 0, DROP, 0) },
	{ "an item of this type has no place here", ITEM(EXTENT, SYSTEM_CHUNK, BLOCK_GROUP_ITEM, ANY, RETYPE, 191) },
};

static const struct lie space_lies[] = {
	{ "its block group says",
	  { { EXTENT, SYSTEM_CHUNK, BTRFS_BLOCK_GROUP_ITEM, ANY, ADD, FIELD(block_group, used), 4096 } } },
	{ "its block group is of another type",
	  { { EXTENT, SYSTEM_CHUNK, BTRFS_BLOCK_GROUP_ITEM, ANY, SET, FIELD(block_group, flags), 2 } } },
	{ "its block group is of another type",
	  { { EXTENT, SYSTEM_CHUNK, BTRFS_BLOCK_GROUP_ITEM, ANY, SET, FIELD(block_group, chunk_objectid), 255 } } },
	{ "its block group is missing", ITEM(EXTENT, SYSTEM_CHUNK, BLOCK_GROUP_ITEM, ANY, DROP, 0) },
	{ "the block group here is not the chunk's", ITEM(EXTENT, SYSTEM_CHUNK, BLOCK_GROUP_ITEM, ANY, MOVE, 4096) },
	{ "the block group here is not the chunk's", ITEM(EXTENT, SYSTEM_CHUNK, BLOCK_GROUP_ITEM, ANY, COPY, 4096) },
	{ "only a part of it has checksums", ITEM(CSUMS, BTRFS_CSUM_OBJECTID, EXTENT_CSUM, ANY, CUT, 4) },
	{ "only a part of it has checksums", ITEM(CSUMS, BTRFS_CSUM_OBJECTID, EXTENT_CSUM, ANY, MOVE, 4096) },
	{ DIFFER_CSUMS, ITEM(CSUMS, BTRFS_CSUM_OBJECTID, EXTENT_CSUM, LAST, DROP, 0) },
	{ "something before it that is no data has checksums",
	  ITEM(CSUMS, BTRFS_CSUM_OBJECTID, EXTENT_CSUM, ANY, PLACE, 4096) },
	{ "it has checksums but does not exist",
	  ITEM(CSUMS, BTRFS_CSUM_OBJECTID, EXTENT_CSUM, ANY, COPY, 64 * GIB) },
	{ "or it overlaps the one before", ITEM(CSUMS, BTRFS_CSUM_OBJECTID, EXTENT_CSUM, ANY, COPY, 4096) },
	{ "not aligned", ITEM(CSUMS, BTRFS_CSUM_OBJECTID, EXTENT_CSUM, ANY, MOVE, 1) },
	{ "wrong size", ITEM(CSUMS, BTRFS_CSUM_OBJECTID, EXTENT_CSUM, ANY, GROW, 1) },
	{ "has no place here", ITEM(CSUMS, BTRFS_CSUM_OBJECTID, EXTENT_CSUM, ANY, RENAME, (u64)-1) },
	{ "the number of free runs is wrong", { { FREE, SYSTEM_CHUNK, BTRFS_FREE_SPACE_INFO, ANY, ADD, 0, 4, 1 } } },
	{ "unknown flags", { { FREE, SYSTEM_CHUNK, BTRFS_FREE_SPACE_INFO, ANY, SET, 4, 4, 2 } } },
	{ "a bitmap is missing", { { FREE, SYSTEM_CHUNK, BTRFS_FREE_SPACE_INFO, ANY, SET, 4, 4, 1 } } },
	{ "it is missing, or has items without it", ITEM(FREE, SYSTEM_CHUNK, FREE_SPACE_INFO, ANY, DROP, 0) },
	{ "it is missing, or has items without it", ITEM(FREE, SYSTEM_CHUNK, FREE_SPACE_INFO, ANY, MOVE, 4096) },
	{ "wrong size", ITEM(FREE, SYSTEM_CHUNK, FREE_SPACE_INFO, ANY, GROW, 1) },
	{ "wrong size", ITEM(FREE, ANY, FREE_SPACE_EXTENT, ANY, GROW, 1) },
	{ "are free, but not listed so", ITEM(FREE, ANY, FREE_SPACE_EXTENT, ANY, MOVE, (u64)-4096) },
	{ "are free, but not listed so", ITEM(FREE, ANY, FREE_SPACE_EXTENT, ANY, DROP, 0) },
	{ "free space tree, chunk at", ITEM(FREE, ANY, FREE_SPACE_EXTENT, ANY, COPY, 4096) },
};

static const struct lie inode_lies[] = {
	{ "an inode must begin with its inode item", ITEM(FS, INO(SMALL), INODE_ITEM, 0, DROP, 0) },
	{ "an inode must begin with its inode item", ITEM(FS, INO(SMALL), INODE_ITEM, 0, MOVE, 1) },
	{ "the root directory is missing", { { FS, 256, BTRFS_INODE_ITEM, 0, RENAME, 0, 0, (u64)-1 } } },
	{ "wrong generation", IN_INODE(SMALL, ADD, generation, 1) },
	{ "wrong generation", IN_INODE(SMALL, SET, transid, 0) },
	{ "wrong size", IN_INODE(SMALL, SET, size, (u64)1 << 63) },
	{ "wrong mode", IN_INODE(SMALL, SET, mode, 0644) },
	{ "wrong mode", IN_INODE(SMALL, SET, mode, 0x10000 | 0100644) },
	{ "wrong number of links", IN_INODE(SMALL, SET, nlink, 0) },
	{ "wrong number of links", IN_INODE(SUBDIR, SET, nlink, 2) },
	{ "more or fewer names than links", IN_INODE(SMALL, SET, nlink, 2) },
	{ "more or fewer names than links", IN_INODE(THE_FILE, SET, nlink, 1) },
	{ "unknown flags", IN_INODE(SMALL, SET, flags, 0x1000) },
	{ "a symlink that is immutable", IN_INODE(LINK, SET, flags, BTRFS_INODE_APPEND) },
	{ "a field that should be zero", IN_INODE(SMALL, SET, rdev, 1) },
	{ "a field that should be zero", IN_INODE(SMALL, SET, block_group, 1) },
	{ "a field that should be zero", IN_INODE(SMALL, SET, reserved, 1) },
	{ "too many nanoseconds", IN_INODE(SMALL, SET, atime.nsec, 1000000000) },
	{ "too many nanoseconds", IN_INODE(SMALL, SET, otime.nsec, 1000000000) },
	{ "the size of the directory", IN_INODE(SUBDIR, ADD, size, 2) },
	{ "the size of the directory", { { FS, 256, BTRFS_INODE_ITEM, 0, ADD, FIELD(inode_item, size), (u64)-20 } } },
	{ "wrong number of bytes of a directory", IN_INODE(SUBDIR, ADD, nbytes, 1) },
	{ "is not that of its extents", IN_INODE(SMALL, ADD, nbytes, 1) },
	{ "is not that of its extents", IN_INODE(THE_FILE, ADD, nbytes, (u64)-4096) },
	{ "is not that of its extents", IN_INODE(FIFO, SET, nbytes, 1) },
	{ "against its flags", IN_INODE(PREALLOCATED, SET, flags, 0) },
	{ "against its flags", IN_INODE(THE_FILE, SET, flags, BTRFS_INODE_PREALLOC) },
	{ DIFFER_CSUMS, IN_INODE(THE_FILE, SET, flags, BTRFS_INODE_NODATASUM) },
	{ DIFFER_TYPES, IN_INODE(FIFO, SET, mode, 0140644) },
	{ DIFFER_LINKS, ITEM(FS, INO(SMALL), INODE_REF, 256, MOVE, 257) },
	{ "the root directory is not as it should be", ITEM(FS, 256, INODE_REF, 256, DROP, 0) },
	{ "not as it should be", { { FS, 256, BTRFS_INODE_REF, 256, SET, 0, 8, 1 } } },
	{ "has no place here", ITEM(FS, INO(FIFO), INODE_ITEM, 0, COPY, 1) },
};

static const struct lie name_lies[] = {
	{ "wrong directory or index", { { FS, INO(SMALL), BTRFS_INODE_REF, 256, SET, 0, 8, 1 } } },
	{ "wrong directory or index", ITEM(FS, INO(SMALL), INODE_REF, 256, MOVE, INO(SMALL) - 256) },
	{ DIFFER_LINKS, { { FS, INO(SMALL), BTRFS_INODE_REF, 256, ADD, 0, 8, 1 } } },
	{ DIFFER_LINKS, { { FS, INO(SMALL), BTRFS_INODE_REF, 256, SET, 10, 1, 'S' } } },
	{ "it is cut short", { { FS, INO(SMALL), BTRFS_INODE_REF, 256, ADD, 8, 2, 1 } } },
	{ "it is cut short", { { FS, INO(SMALL), BTRFS_INODE_REF, 256, SET, 8, 2, 0 } } },
	{ "it is empty", ITEM(FS, INO(SMALL), INODE_REF, 256, CUT, 15) },
	{ "more or fewer names", ITEM(FS, INO(SMALL), INODE_REF, 256, REPEAT, 15) },
	{ "more or fewer names", ITEM(FS, INO(SMALL), INODE_REF, 256, DROP, 0) },
	{ "the key is not the hash of the name", ITEM(FS, INO(SUBDIR), DIR_ITEM, ANY, MOVE, 1) },
	{ "the key is not the hash of the name", { { FS, INO(SUBDIR), BTRFS_DIR_ITEM, ANY, SET, 30, 1, 'H' } } },
	{ "a name is there twice", ITEM(FS, INO(SUBDIR), DIR_ITEM, ANY, REPEAT, 34) },
	{ DIFFER_ENTRIES, ITEM(FS, INO(SUBDIR), DIR_ITEM, ANY, DROP, 0) },
	{ DIFFER_ENTRIES, IN_ENTRY(INO(SUBDIR), DIR_ITEM, ANY, ADD, location.objectid, 1) },
	{ DIFFER_ENTRIES, IN_ENTRY(INO(SUBDIR), DIR_ITEM, ANY, SET, type, BTRFS_FT_FIFO) },
	{ DIFFER_ENTRIES, ITEM(FS, 256, DIR_ITEM, 2305560705, CUT, 37) },
	{ DIFFER_LINKS, ITEM(FS, INO(SUBDIR), DIR_INDEX, ANY, MOVE, 1) },
	{ "the size of the directory", ITEM(FS, INO(SUBDIR), DIR_INDEX, ANY, DROP, 0) },
	{ "the size of the directory", ITEM(FS, INO(SUBDIR), DIR_INDEX, ANY, COPY, 1) },
	{ "two entries, or an index below 2", ITEM(FS, INO(SUBDIR), DIR_INDEX, ANY, REPEAT, 34) },
	{ "two entries, or an index below 2", ITEM(FS, INO(SUBDIR), DIR_INDEX, ANY, PLACE, 1) },
	{ "a name that no file can have", { { FS, INO(SUBDIR), BTRFS_DIR_INDEX, ANY, SET, 30, 1, '/' } } },
	{ "a name that no file can have", { { FS, INO(SUBDIR), BTRFS_DIR_INDEX, ANY, SET, 32, 1, 0 } } },
	{ "a name that no file can have", { { FS, INO(SUBDIR), BTRFS_DIR_INDEX, ANY, SET, 30, 2, '.' | '.' << 8 },
					    { FS, INO(SUBDIR), BTRFS_DIR_INDEX, ANY, SET, 27, 2, 2 },
					    { FS, INO(SUBDIR), BTRFS_DIR_INDEX, ANY, CUT, 0, 0, 2 } } },
	{ DIFFER_ENTRIES, { { FS, INO(SUBDIR), BTRFS_DIR_INDEX, ANY, SET, 30, 1, 'H' } } },
	{ DIFFER_TYPES, IN_ENTRY(INO(SUBDIR), DIR_INDEX, ANY, SET, type, BTRFS_FT_FIFO) },
	{ "wrong type of an entry", IN_ENTRY(INO(SUBDIR), DIR_INDEX, ANY, SET, type, 0) },
	{ "wrong type of an entry", IN_ENTRY(INO(SUBDIR), DIR_INDEX, ANY, SET, type, BTRFS_FT_XATTR) },
	{ "wrong generation", IN_ENTRY(INO(SUBDIR), DIR_INDEX, ANY, SET, transid, 0) },
	{ "an entry that leads nowhere", IN_ENTRY(INO(SUBDIR), DIR_INDEX, ANY, SET, location.type, 2) },
	{ "an entry that leads nowhere", IN_ENTRY(INO(SUBDIR), DIR_INDEX, ANY, SET, location.offset, 1) },
	{ "an entry that leads nowhere", IN_ENTRY(INO(SUBDIR), DIR_INDEX, ANY, SET, location.objectid, 256) },
	{ "it is cut short", IN_ENTRY(INO(SUBDIR), DIR_INDEX, ANY, ADD, name_len, 1) },
	{ "it is cut short", IN_ENTRY(INO(SUBDIR), DIR_INDEX, ANY, SET, name_len, 0) },
	{ "it is cut short", IN_ENTRY(INO(SUBDIR), DIR_ITEM, ANY, SET, data_len, 1) },
	{ "or data behind it", { { FS, INO(SUBDIR), BTRFS_DIR_INDEX, ANY, GROW, 0, 0, 1 },
				 { FS, INO(SUBDIR), BTRFS_DIR_INDEX, ANY, SET, FIELD(dir_item, data_len), 1 } } },
	{ "it has entries but is no directory", IN_INODE(SUBDIR, SET, mode, 0100755) },
	{ "the saved subvolume has 0 names",
	  { { FS, 256, BTRFS_DIR_INDEX, LAST, DROP, 0, 0, 0 },
	    { FS, 256, BTRFS_INODE_ITEM, 0, ADD, FIELD(inode_item, size), (u64)-20 } } },
	{ "the subvolume's ROOT_REF says something else", ITEM(FS, 256, DIR_INDEX, LAST, MOVE, 1) },
	{ "the subvolume's ROOT_REF says something else",
	  { { FS, 256, BTRFS_DIR_INDEX, LAST, SET, 30, 1, 'E' } } },
	{ "an entry that leads nowhere", IN_ENTRY(256, DIR_INDEX, LAST, SET, location.offset, 0) },
	{ "the key is not the hash of the name", ITEM(FS, INO(THE_FILE), XATTR_ITEM, ANY, MOVE, 1) },
	{ "wrong location or type of an attribute", IN_ENTRY(INO(THE_FILE), XATTR_ITEM, ANY, SET, location.type, 1) },
	{ "wrong location or type of an attribute", IN_ENTRY(INO(THE_FILE), XATTR_ITEM, ANY, SET, type, 1) },
	{ "wrong generation", IN_ENTRY(INO(THE_FILE), XATTR_ITEM, ANY, SET, transid, 0) },
	{ "it is cut short", IN_ENTRY(INO(THE_FILE), XATTR_ITEM, ANY, ADD, data_len, 1) },
	{ "an attribute is there twice", ITEM(FS, INO(THE_FILE), XATTR_ITEM, ANY, REPEAT, 30 + 9 + 5) },
	{ "the saved image has another name", { { SAVED, 256, BTRFS_DIR_INDEX, ANY, SET, 30, 1, 'I' } } },
};

static const struct lie data_lies[] = {
	{ "inline data of the wrong length", IN_FILE(FS, INO(SMALL), 0, ADD, ram_bytes, 1) },
	{ "inline data of the wrong length", ITEM(FS, INO(SMALL), EXTENT_DATA, 0, GROW, 1) },
	{ "inline data of the wrong length",
	  { { FS, INO(SMALL), BTRFS_EXTENT_DATA, 0, SET, FIELD(file_extent, ram_bytes), 0 },
	    { FS, INO(SMALL), BTRFS_EXTENT_DATA, 0, CUT, 0, 0, 6 } } },
	{ "inline data must be all of its file", ITEM(FS, INO(SMALL), EXTENT_DATA, 0, MOVE, 4096) },
	{ "inline data must be all of its file", IN_INODE(SMALL, ADD, size, 1) },
	{ "inline data must be all of its file", ITEM(FS, INO(SMALL), EXTENT_DATA, 0, COPY, 4096) },
	{ "a NUL in the target", { { FS, INO(LINK), BTRFS_EXTENT_DATA, 0, SET, 23, 1, 0 } } },
	{ "a symlink without target", { { FS, INO(LINK), BTRFS_EXTENT_DATA, 0, DROP, 0, 0, 0 },
					{ FS, INO(LINK), BTRFS_INODE_ITEM, 0, SET, FIELD(inode_item, nbytes), 0 } } },
	{ "neither file nor symlink", ITEM(FS, INO(LINK), EXTENT_DATA, 0, RENAME, (u64)-1) },
	{ "wrong generation", IN_FILE(FS, INO(THE_FILE), 0, SET, generation, 2) },
	{ "compressed or encoded", IN_FILE(FS, INO(THE_FILE), 0, SET, compression, 1) },
	{ "compressed or encoded", IN_FILE(FS, INO(THE_FILE), 0, SET, encryption, 1) },
	{ "unknown type of an extent", IN_FILE(FS, INO(THE_FILE), 0, SET, type, 3) },
	{ "wrong size", ITEM(FS, INO(THE_FILE), EXTENT_DATA, 0, GROW, 1) },
	{ "wrong size", ITEM(FS, INO(THE_FILE), EXTENT_DATA, 0, CUT, 40) },
	{ "wrong place or length", ITEM(FS, INO(THE_FILE), EXTENT_DATA, 0, MOVE, 1) },
	{ "wrong place or length", IN_FILE(FS, INO(THE_FILE), 0, SET, num_bytes, 0) },
	{ "wrong place or length", IN_FILE(FS, INO(THE_FILE), 0, SET, num_bytes, (u64)1 << 63) },
	{ "data behind the end of the file", ITEM(FS, INO(THE_FILE), EXTENT_DATA, 0, MOVE, 4096) },
	{ "data behind the end of the file", IN_INODE(THE_FILE, SET, size, 49152) },
	{ "it overlaps the extent before", ITEM(FS, INO(THE_FILE), EXTENT_DATA, 0, COPY, 4096) },
	{ "wrong ram_bytes", IN_FILE(FS, INO(THE_FILE), 0, ADD, ram_bytes, 4096) },
	{ "it reaches beyond its extent", IN_FILE(FS, INO(THE_FILE), 0, SET, offset, 4096) },
	{ "it reaches beyond its extent", IN_FILE(FS, INO(THE_FILE), 0, SET, offset, (u64)-4096) },
	{ "a hole that has a place", IN_FILE(FS, INO(THE_FILE), 0, SET, disk_bytenr, 0) },
	{ DIFFER_REFS, IN_FILE(FS, INO(THE_FILE), 0, ADD, disk_bytenr, 4096) },
	{ DIFFER_REFS, { { FS, INO(THE_FILE), BTRFS_EXTENT_DATA, 0, ADD, FIELD(file_extent, disk_num_bytes), 4096 },
			 { FS, INO(THE_FILE), BTRFS_EXTENT_DATA, 0, ADD, FIELD(file_extent, ram_bytes), 4096 } } },
	{ DIFFER_REFS, { { FS, INO(THE_FILE), BTRFS_EXTENT_DATA, 0, DROP, 0, 0, 0 },
			 { FS, INO(THE_FILE), BTRFS_INODE_ITEM, 0, SET, FIELD(inode_item, nbytes), 0 } } },
	{ DIFFER_PLAIN, { { FS, INO(THE_FILE), BTRFS_EXTENT_DATA, 0, SET, FIELD(file_extent, type), 2 },
			  { FS, INO(THE_FILE), BTRFS_INODE_ITEM, 0, SET, FIELD(inode_item, flags), 16 } } },
	{ DIFFER_CSUMS, { { FS, INO(PREALLOCATED), BTRFS_EXTENT_DATA, 0, SET, FIELD(file_extent, type), 1 },
			  { FS, INO(PREALLOCATED), BTRFS_INODE_ITEM, 0, SET, FIELD(inode_item, flags), 0 } } },
	{ "it has extents but is no regular file", ITEM(FS, INO(PREALLOCATED), EXTENT_DATA, 0, RENAME, (u64)-2) },
	{ "the image must refer to whole extents", IN_FILE(SAVED, IMAGE, 0, ADD, num_bytes, (u64)-4096) },
	{ "the image must refer to whole extents", IN_FILE(SAVED, IMAGE, 0, SET, type, 2) },
	{ "the image must have something at its start", ITEM(SAVED, IMAGE, EXTENT_DATA, 0, DROP, 0) },
	{ "the image refers to another place", ITEM(SAVED, IMAGE, EXTENT_DATA, LAST, MOVE, 4096) },
	{ "data beside the image", { { SAVED, IMAGE + 1, BTRFS_EXTENT_DATA, ANY, SET, FIELD(file_extent, type), 1 } } },
};

static const struct lie holes_lies[] = {
	{ "there is no item for the hole before it", ITEM(SAVED, IMAGE, EXTENT_DATA, ANY, DROP, 0) },
	{ "there is no item for the hole at its end", ITEM(SAVED, IMAGE, EXTENT_DATA, LAST, DROP, 0) },
};

static const struct lie group_tree_lies[] = {
	{ "its block group is missing", ITEM(GROUPS, SYSTEM_CHUNK, BLOCK_GROUP_ITEM, ANY, DROP, 0) },
	{ "its block group says",
	  { { GROUPS, SYSTEM_CHUNK, BTRFS_BLOCK_GROUP_ITEM, ANY, ADD, FIELD(block_group, used), 4096 } } },
	{ "the block group here is not the chunk's", ITEM(GROUPS, SYSTEM_CHUNK, BLOCK_GROUP_ITEM, ANY, MOVE, 1) },
	{ "its block group is missing", ITEM(GROUPS, SYSTEM_CHUNK, BLOCK_GROUP_ITEM, ANY, COPY, 4096) },
	{ "nothing else has to do with it", ITEM(GROUPS, ANY, BLOCK_GROUP_ITEM, LAST, COPY, 4096) },
};

static const struct lie fat_lies[] = {
	{ DIFFER_BLOCKS, { { EXTENT, SYSTEM_CHUNK, BTRFS_EXTENT_ITEM, ANY, SET, 24 + 17, 1, 1 } } },
	{ "wrong level", { { EXTENT, SYSTEM_CHUNK, BTRFS_EXTENT_ITEM, ANY, SET, 24 + 17, 1, 8 } } },
	{ "wrong length", ITEM(EXTENT, SYSTEM_CHUNK, EXTENT_ITEM, ANY, MOVE, 4096) },
	{ "wrong size", ITEM(EXTENT, SYSTEM_CHUNK, EXTENT_ITEM, ANY, CUT, 18) },
};

#endif

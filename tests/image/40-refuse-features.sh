#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Features and variants of ext that cannot be carried over are refused by name, before any write.
# shellcheck source=tests/lib/refuse.sh
. "$(dirname "$0")/../lib/refuse.sh"

image=$work/image

# made NAME REGEX MKE2FS-OPTION...: as mke2fs makes it.
made() {
	local name=$1 regex=$2
	shift 2
	mkext "$image" 64M "$@"
	refuse_case "$name" "$image" "$regex"
}

# marked NAME REGEX FEATURE: the bit is set, nothing uses it.
marked() {
	mkext "$image" 64M -t ext4 -O ^metadata_csum
	dbg "$image" "feature $3"
	refuse_case "$1" "$image" "$2"
}

made bigalloc 'feature bigalloc' -t ext4 -O bigalloc -C 65536
made inline_data 'feature inline_data' -t ext4 -O inline_data
made ea_inode 'feature ea_inode' -t ext4 -O ea_inode
made verity 'feature verity' -t ext4 -O verity
made 'blocks of 1K' 'blocks of 1024 bytes' -t ext4 -b 1024
made 'blocks of 2K' 'blocks of 2048 bytes' -t ext4 -b 2048
made Hurd 'Hurd' -t ext2 -o hurd
made 'journal device' 'journal' -O journal_dev

marked read-only 'feature read-only' read-only
marked shared_blocks 'feature shared_blocks' shared_blocks
marked orphan_present 'feature orphan_present' FEATURE_R16
marked snapshots 'feature has_snapshot' FEATURE_R7
marked exclude_inode 'feature exclude_inode' FEATURE_C7
marked snapshot_bitmap 'feature snapshot_bitmap' snapshot_bitmap
marked lazy_bg 'feature lazy_bg' lazy_bg
marked compression 'feature compression' compression
marked dirdata 'feature dirdata' dirdata
marked replica 'feature replica' replica
marked btree_dir 'feature btree_dir' FEATURE_R2
marked 'unknown compat' 'unknown compat feature bits 0x100000' FEATURE_C20
marked 'unknown incompat' 'unknown incompat feature bits 0x40000' FEATURE_I18
marked 'unknown ro_compat' 'unknown ro_compat feature bits 0x100000' FEATURE_R20

say 'a directory that is encrypted, and one that folds case: the feature alone is no reason'
for kind in encrypt:0x80800 casefold:0x40080000; do
	mkext "$image" 64M -t ext4 -O "^metadata_csum,${kind%:*}"
	dbg "$image" 'mkdir special' 'mkdir plain'
	cp --sparse=always "$image" "$image.plain"
	convert --check "$image.plain"
	dbg "$image" "sif special flags ${kind#*:}"
	refuse_case "${kind%:*}" "$image" "inode $(inode_of "$image" special)"
done

say 'blocks that are known to be bad'
printf '%s\n' 9000 9001 > "$work/bad"
mkext "$image" 64M -t ext4 -l "$work/bad"
refuse_case 'bad blocks' "$image" 'bad block'

say 'what is no ext at all'
truncate -s 64M "$work/zeros"
refuse_case zeros "$work/zeros" 'no ext2, ext3 or ext4'
: > "$work/nothing"
refuse_case 'empty file' "$work/nothing" 'no file system'
truncate -s 128M "$work/btrfs"
mkfs.btrfs -q "$work/btrfs" 2> /dev/null
refuse_case btrfs "$work/btrfs" 'no ext2, ext3 or ext4'

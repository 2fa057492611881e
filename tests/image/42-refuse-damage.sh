#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Inconsistent sources: each kind of damage that a forced e2fsck would find is refused, names the object, and changes
# nothing. Without checksums (base "plain", mapped by indirect blocks) the contradictions themselves must be found;
# with them (base "sums") a flipped bit is enough.
# shellcheck source=tests/lib/refuse.sh
. "$(dirname "$0")/../lib/refuse.sh"

make_base plain -t ext3 -I 256 -O ^uninit_bg,ext_attr,filetype
make_base extents -t ext4 -O ^metadata_csum,^uninit_bg
make_base sums -t ext4
plain=$work/plain
first=$(inode_of "$plain" /dir/first)
second=$(inode_of "$plain" /dir/second)
dir=$(inode_of "$plain" /dir)
sub=$(inode_of "$plain" /dir/sub)
big=$(inode_of "$plain" /big)
dir_at=$(($(block_of "$plain" /dir) * 4096))
sub_at=$(($(block_of "$plain" /dir/sub) * 4096))

# by_debugfs NAME REGEX COMMAND...: on the plain base.
by_debugfs() {
	local name=$1 regex=$2 image
	shift 2
	image=$(copy_of plain)
	dbg "$image" "$@"
	damaged "$name" "$regex" "$image"
}

# by_patch NAME REGEX OFFSET OLD NEW
by_patch() {
	local image
	image=$(copy_of plain)
	"$lib/patch.py" "$image" "$3" "$4" "$5"
	damaged "$1" "$2" "$image"
}

# inode_table IMAGE: first block of the first one.
inode_table() {
	dumpe2fs "$1" 2> /dev/null | sed -n 's/.*Inode table at \([0-9]*\)-.*/\1/p' | head -n 1
}

le32() {
	printf '%02x%02x%02x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255))
}

hex() {
	printf '%s' "$1" | od -An -tx1 | tr -d ' \n'
}

say 'blocks'
free=$(debugfs -R 'ffb 1 12000' "$plain" 2> /dev/null | sed 's/.*: //; s/ //g')
by_debugfs 'two owners' "$first|$second" "sif /dir/second block[0] $(block_of "$plain" /dir/first)"
by_debugfs 'owner is the inode table' "$first|group 0" "sif /dir/first block[0] $(($(inode_table "$plain") + 3))"
by_debugfs 'outside the file system' "inode $first" "sif /dir/first block[1] 99999999"
by_debugfs 'used but free in the bitmap' "$first|$(block_of "$plain" /dir/first)" \
	"freeb $(block_of "$plain" /dir/first)"
by_debugfs 'set in the bitmap, but nobody owns it' "block.*$free|$free" "setb $free"
by_debugfs 'block count' "inode $first" 'sif /dir/first blocks 80'
by_debugfs 'data past the end' "inode $first" 'sif /dir/first size 100'

say 'inodes'
by_debugfs 'too many links' "inode $second" 'sif /dir/second links_count 2'
by_debugfs 'too few links' "inode $first" 'sif /dir/first links_count 1'
by_debugfs 'no links' "inode $first" 'sif /dir/first links_count 0'
by_debugfs 'links of a directory' "inode $dir" 'sif /dir links_count 5'
by_debugfs 'impossible mode' "inode $second" 'sif /dir/second mode 0150644'
by_debugfs 'directory that is a file' "inode $sub" 'sif /dir/sub mode 0100644'
by_debugfs 'file that is a directory' "inode $second" 'sif /dir/second mode 0040755'
by_debugfs 'time of deletion' "inode $second" 'sif /dir/second dtime 1000'
by_debugfs 'not in the inode bitmap' "inode $second" "freei <$second>"
by_debugfs 'in the inode bitmap only' 'inode' 'seti <3000>'
by_debugfs 'length of a symlink' "inode $(inode_of "$plain" /long)" 'sif /long size 9000'
by_debugfs 'symlink without a target' "inode $(inode_of "$plain" /short)" 'sif /short size 0'
by_debugfs 'extra size' "inode $second" 'sif /dir/second extra_isize 3'
by_debugfs 'size of a directory' "inode $dir" 'sif /dir size 5000'
by_debugfs 'extents without the feature' "inode $second" 'sif /dir/second flags 0x80000'

say 'names'
by_debugfs 'nameless file' "inode $second" 'unlink /dir/second'
by_debugfs 'nameless directory' "inode $sub" 'unlink /dir/sub'
by_debugfs 'directory with two names' "inode $sub" 'ln /dir/sub /another'
by_debugfs 'name of a cleared inode' "$second" "clri <$second>" "freei <$second>"
by_debugfs 'root has no directory' 'inode 2' 'clri <2>'
by_patch 'name of a reserved inode' "inode $dir" "$dir_at+4096" "$(le32 "$second")" "$(le32 8)"
by_patch 'name of an inode past the end' "inode $dir" "$dir_at+4096" "$(le32 "$second")" "$(le32 99999999)"
by_patch 'name twice' "inode $dir" "$dir_at+4096" "$(hex third)" "$(hex first)"
by_patch 'slash in a name' "inode $dir" "$dir_at+4096" "$(hex third)" "$(hex 'th/rd')"
by_patch 'NUL in a name' "inode $dir" "$dir_at+4096" "$(hex third)" "7468007264"
by_patch 'kind in the entry' "inode" "$dir_at+4096" "0501$(hex third)" "0502$(hex third)"
by_patch 'wrong parent' "inode $sub" $((sub_at + 12)) "$(le32 "$dir")" "$(le32 2)"
by_patch 'wrong self' "inode $sub" "$sub_at" "$(le32 "$sub")" "$(le32 "$dir")"
by_patch 'no parent entry' "inode $sub" $((sub_at + 12)) "$(le32 "$dir")" "$(le32 0)"
by_patch 'length of an entry' "inode $sub" $((sub_at + 16)) f40f f00f
by_patch 'length of a name' "inode $dir" "$dir_at+4096" "0501$(hex third)" "ff01$(hex third)"
by_debugfs 'hole in a directory' "inode $big" 'punch /big 1 1'

say 'attributes'
acl_at=$(($(debugfs -R 'stat /dir/first' "$plain" 2> /dev/null | sed -n 's/.*File ACL: \([0-9]*\).*/\1/p') * 4096))
[ "$acl_at" -ne 0 ] || fail 'the base has no attribute block'
by_patch 'magic of an attribute block' 'inode|block' "$acl_at" 000002ea 000002eb
by_patch 'references of an attribute block' 'inode|block' $((acl_at + 4)) "$(le32 3)" "$(le32 9)"
by_patch 'value outside the block' 'inode|block' $((acl_at + 34)) 180c f80f
by_debugfs 'attribute block outside' "inode $second" 'sif /dir/second file_acl 99999999'

say 'extents'
image=$(copy_of extents)
second=$(inode_of "$image" /dir/second)
dbg "$image" 'sif /dir/second block[0] 0x0001f30b'
damaged 'magic of an extent tree' "inode $second" "$image"
image=$(copy_of extents)
dbg "$image" 'sif /dir/second block[5] 99999999'
damaged 'extent outside' "inode $second" "$image"
image=$(copy_of extents)
dbg "$image" "sif /dir/second block[5] $(block_of "$image" /dir/first)"
damaged 'extents overlap' "inode $second|inode $(inode_of "$image" /dir/first)" "$image"
image=$(copy_of extents)
dbg "$image" 'sif /dir/second block[1] 0x00060004'
damaged 'depth of an extent tree' "inode $second" "$image"

# by_flip NAME REGEX OFFSET: one bit of the base with checksums.
by_flip() {
	local image byte
	image=$(copy_of sums)
	byte=$(dd if="$image" bs=1 skip="$3" count=1 status=none | od -An -tu1)
	# shellcheck disable=SC2059 # the format is the byte
	printf "\\x$(printf %02x $((byte ^ 1)))" | dd of="$image" bs=1 seek="$3" conv=notrunc status=none
	damaged "$1" "$2" "$image"
}

say 'checksums'
sums=$work/sums
second=$(inode_of "$sums" /dir/second)
table=$(inode_table "$sums")
bitmaps=$(dumpe2fs "$sums" 2> /dev/null | sed -n 's/.*Block bitmap at \([0-9]*\) .*/\1/p' | head -n 1)
inode_bitmap=$(dumpe2fs "$sums" 2> /dev/null | sed -n 's/.*Inode bitmap at \([0-9]*\) .*/\1/p' | head -n 1)
acl=$(debugfs -R 'stat /dir/first' "$sums" 2> /dev/null | sed -n 's/.*File ACL: \([0-9]*\).*/\1/p')
by_flip 'of the superblock' 'superblock' $((1024 + 0x88))
by_flip 'of a group descriptor' 'group 0' $((4096 + 12))
by_flip 'of a block bitmap' 'group 0' $((bitmaps * 4096 + 3000))
by_flip 'of an inode bitmap' 'group 0' $((inode_bitmap * 4096 + 1000))
by_flip 'of an inode' "inode $second" $((table * 4096 + (second - 1) * 256 + 8))
by_flip 'of a directory' "inode $(inode_of "$sums" /dir)" $(($(block_of "$sums" /dir) * 4096 + 30))
by_flip 'of an attribute block' 'inode|block' $((acl * 4096 + 3500))
by_flip 'of a journal superblock' 'journal' $(($(block_of "$sums" '<8>') * 4096 + 3))

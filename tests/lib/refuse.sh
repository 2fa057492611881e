#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Small sources for what must be refused, and ways to damage them. Source it instead of lib.sh.

# shellcheck source=tests/lib/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# make_base NAME MKE2FS-OPTION...: $work/NAME, 64 MiB, with files of three blocks, a directory of several blocks, links
# and attributes. One block with attributes is shared by two files.
make_base() {
	local base=$work/$1 i
	shift
	mkext "$base" 64M "$@"
	mount_image ext4 noinit_itable "$base"
	mkdir "$mnt/dir" "$mnt/dir/sub" "$mnt/big"
	for i in first second third; do
		head -c 12288 /dev/urandom > "$mnt/dir/$i"
		setfattr -n user.shared -v "$(printf '%01000d' 7)" "$mnt/dir/$i" 2> /dev/null || :
	done
	ln "$mnt/dir/first" "$mnt/link"
	ln -s target "$mnt/short"
	ln -s "$(printf '%0200d' 1)" "$mnt/long"
	for i in $(seq 120); do
		: > "$mnt/big/$(printf '%0150d' "$i")"
	done
	umount_image
}

# dbg IMAGE COMMAND...: each COMMAND is one of debugfs. Its output is shown only when it complains.
dbg() {
	local image=$1
	shift
	printf '%s\n' "$@" > "$work/commands"
	debugfs -w -f "$work/commands" "$image" > "$work/debugfs" 2>&1 || fail "debugfs: $(cat "$work/debugfs")"
	! grep -E 'Invalid|not found|Unknown|Usage|fail|error' "$work/debugfs" >&2 || fail "debugfs $*"
}

# block_of IMAGE FILE [LOGICAL]: the address of a block, in blocks.
block_of() {
	debugfs -R "bmap $2 ${3:-0}" "$1" 2> /dev/null
}

# inode_of IMAGE FILE
inode_of() {
	debugfs -R "stat $2" "$1" 2> /dev/null | sed -n 's/^Inode: *\([0-9]*\).*/\1/p'
}

# field_of IMAGE LABEL: a number from the superblock.
field_of() {
	dumpe2fs -h "$1" 2> /dev/null | sed -n "s/^$2: *//p"
}

# damaged NAME REGEX IMAGE: e2fsck must find the damage (else the case tests nothing), and we must refuse it.
damaged() {
	local name=$1 regex=$2 image=$3
	! timeout -s KILL 60 e2fsck -fn "$image" > "$work/e2fsck" 2>&1 || fail "$name: e2fsck finds no damage"
	refuse_case "$name" "$image" "$regex"
	rm -f "$image"
}

# copy_of BASE: prints the name of a fresh copy.
copy_of() {
	cp --sparse=always "$work/$1" "$work/image"
	printf '%s' "$work/image"
}

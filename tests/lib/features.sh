#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs one group of features.table through all judges. Source it instead of lib.sh, then call feature_group.

# shellcheck source=tests/lib/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# An ext3 whose old files are mapped by indirect blocks and whose new files by extents.
grow_to_ext4() {
	local image=$1
	tune2fs -O extents,uninit_bg,dir_index "$image" > "$work/tune2fs"
	e2fsck -fp "$image" > /dev/null || [ $? -eq 1 ]
	mount_image ext4 noinit_itable "$image"
	mkdir "$mnt/second"
	"$lib/populate.py" --quick --only sizes --only prealloc --only fragments "$mnt/second"
	umount_image
}

# A file system may hold attributes although the bit is off.
drop_ext_attr() {
	debugfs -w -R 'feature -ext_attr' "$1" > "$work/debugfs" 2>&1
}

# The checksums then depend on the recorded seed, no longer on the UUID.
new_uuid() {
	tune2fs -U random "$1" > "$work/tune2fs"
}

# What survives mke2fs -d, in the manifest of the tree and in that of the result: not the times but whole seconds of
# the last change, and nothing of the root.
without_times() {
	grep -v '^/ ' "$1" | sed -E 's/ a=[^ ]+ m=(-?[0-9]+)[^ ]* c=[^ ]+ b=[^ ]+/ m=\1/; s/ flags=[0-9a-f]+//'
}

# Files are changed, made, moved and removed.
use_for_a_while() {
	local i
	rm -rf "$mnt/names" "$mnt/sizes"
	dd if=/dev/urandom of="$mnt/new" bs=1M count=3 status=none
	for i in $(seq 100); do
		echo "$i" > "$mnt/small$i"
	done
	[ ! -d "$mnt/times" ] || mv "$mnt/times" "$mnt/moved"
	chmod 0700 "$mnt/many"
	truncate -s 7000 "$mnt/links/file"
	# what ext never wrote is written in place
	for i in fragments/a prealloc/plain large/file; do
		[ ! -e "$mnt/$i" ] || dd if=/dev/urandom of="$mnt/$i" bs=10000 count=6 seek=1 conv=notrunc status=none
	done
	sync -f "$mnt"
}

# --- judges for blocks larger than the kernel's pages, as those of lib.sh ---

# The tree that mke2fs -d put in is the source.
judge_packed_tree() {
	local image=$1
	mount_image btrfs ro "$image"
	"$lib/manifest.py" --exclude ext2_saved --exclude lost+found "$mnt" > "$image.new"
	judge_same_manifest <(without_times "$work/tree.manifest") <(without_times "$image.new")
	judge_saved_image "$image"
	umount_image
}

judge_packed_unchanged() {
	local image=$1
	"$lib/usedblocks.py" compare "$work/image.orig" "$image" || fail "$image has changed"
	e2fsck_report "$image" | diff "$work/image.e2fsck" - || fail "e2fsck judges $image otherwise"
}

judge_packed_converted() {
	local image=$1
	judge_check "$image"
	judge_packed_tree "$image"
	cp --sparse=always "$image" "$image.back"
	btrfs-convert -r "$image.back" > "$work/rollback" 2>&1 || fail "btrfs-convert -r: $(tail -n 5 "$work/rollback")"
	judge_packed_unchanged "$image.back"
	judge_rw "$image"
}

# --- cases ---

# go_back IMAGE: after some use, by our own roll back; that it is possible is asked first, which writes nothing.
go_back() {
	local image=$1 before
	mount_image btrfs rw,noatime "$image"
	use_for_a_while
	umount_image
	before=$(stat -c %y "$image")
	convert --check -r "$image"
	[ "$(stat -c %y "$image")" = "$before" ] || fail "--check -r has written"
	convert -r "$image"
}

# feature_case GROUP NAME OPTIONS COMMAND
feature_case() {
	local group=$1 name=$2 command=$4 judge=judge image options
	say "$name"
	read -ra options <<< "$3"
	image=$work/image
	case $group in
	tree)
		mkext_with_tree "$image" 512M "${options[@]}"
		remember "$image"
		;;
	big)
		judge=judge_packed
		mkext_with_tree "$image" 512M "${options[@]}"
		"$lib/manifest.py" --writable "$work/tree" > "$work/tree.manifest"
		cp --sparse=always "$image" "$image.orig"
		: > "$image.unwritten"
		e2fsck_report "$image" > "$image.e2fsck"
		;;
	*)
		mkext "$image" 512M "${options[@]}"
		fill "$image" --quick --skip manylinks --skip collisions
		"${command:-:}" "$image"
		remember "$image"
		;;
	esac
	convert "$image"
	"${judge}_converted" "$image"
	go_back "$image"
	"${judge}_unchanged" "$image"
	convert "$image"
	JUDGE_LOWMEM=0 judge_check "$image"
	"${judge}_tree" "$image"
	rm -f "$image" "$image".*
}

# feature_group GROUP: $ONLY, if set, is the name of the one case to run.
feature_group() {
	local wanted=$1 group name options command
	while IFS='|' read -r group name options command; do
		group=${group// /}
		name=$(xargs <<< "$name")
		if [ "$group" = "$wanted" ] && [ "${ONLY:-$name}" = "$name" ]; then
			feature_case "$group" "$name" "$options" "${command// /}"
		fi
	done < <(grep -v '^#' "$lib/features.table")
}

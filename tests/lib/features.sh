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

# judge_unmountable IMAGE: for blocks larger than the kernel's pages: the tree that mke2fs -d put in is the source.
judge_unmountable() {
	local image=$1
	judge_check "$image"
	mount_image btrfs ro "$image"
	"$lib/manifest.py" --exclude ext2_saved --exclude lost+found "$mnt" > "$image.new"
	judge_same_manifest <(without_times "$work/tree.manifest") <(without_times "$image.new")
	judge_saved_image "$image"
	umount_image
	cp --sparse=always "$image" "$image.back"
	btrfs-convert -r "$image.back" > "$work/rollback" 2>&1 || fail "btrfs-convert -r: $(tail -n 5 "$work/rollback")"
	"$lib/usedblocks.py" compare "$image.orig" "$image.back" || fail "the rollback differs"
	e2fsck_report "$image.back" | diff "$image.e2fsck" - || fail "e2fsck judges the rollback otherwise"
	judge_rw "$image"
}

# feature_case GROUP NAME OPTIONS COMMAND
feature_case() {
	local group=$1 name=$2 command=$4 image options
	say "$name"
	read -ra options <<< "$3"
	image=$work/image
	case $group in
	tree)
		mkext_with_tree "$image" 512M "${options[@]}"
		remember "$image"
		;;
	big)
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
	if [ "$group" = big ]; then
		judge_unmountable "$image"
	else
		judge_converted "$image"
	fi
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

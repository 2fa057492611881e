#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The layers of src/: a file includes only its own layer and those left of it, and ext and btrfs never see each other.
#
#     base <- dev <- sort <- ext | btrfs <- convert <- cli
#
# libext2fs is visible in ext alone, and of ext other layers see only its public headers. The write fence is opened in
# two places: for what was planned, and for the switch. Then it proves on a tree of its own that each kind of forbidden
# edge is found.
set -euo pipefail
cd "$(dirname "$0")/../.."

public_of_ext='ext/ext.h ext/ext_mark.h'
opens_fence='convert/build.c convert/switch.c'

# may_see LAYER: the layers that its files may include.
may_see() {
	case $1 in
	base) echo base ;;
	dev) echo base dev ;;
	sort) echo base dev sort ;;
	ext) echo base dev sort ext ;;
	btrfs) echo base dev sort btrfs ;;
	convert) echo base dev sort ext btrfs convert ;;
	cli) echo base dev sort ext btrfs convert cli ;;
	*) return 1 ;;
	esac
}

# check_file FILE LAYER: prints its forbidden edges.
check_file() {
	local file=$1 layer=$2 allowed include target
	allowed=$(may_see "$layer") || {
		printf '%s: %s is no layer\n' "$file" "$layer"
		return
	}
	sed -nE 's/^[ \t]*#[ \t]*include[ \t]*(["<][^">]*).*/\1/p' "$file" | while read -r include; do
		target=${include:1}
		case $include in
		'"'*..*)
			printf '%s: "%s" is not written from src/\n' "$file" "$target"
			;;
		'"'*/*)
			if [[ " $allowed " != *" ${target%%/*} "* ]]; then
				printf '%s: %s may not see "%s"\n' "$file" "$layer" "$target"
			elif [[ $target == ext/* && $layer != ext && " $public_of_ext " != *" $target "* ]]; then
				printf '%s: "%s" is private to ext\n' "$file" "$target"
			fi
			;;
		'"'*)
			printf '%s: "%s" is not written from src/\n' "$file" "$target"
			;;
		'<ext2fs/'* | '<et/'* | '<e2p/'* | '<blkid/'* | '<com_err.h')
			[ "$layer" = ext ] || printf '%s: %s may not see libext2fs (<%s>)\n' "$file" "$layer" "$target"
			;;
		esac
	done
}

# check_fence FILE NAME: NAME is the file's path below src/.
check_fence() {
	if [[ $2 != dev/* && " $opens_fence " != *" $2 "* ]] && grep -q '\bdev_fence_open *(' "$1"; then
		printf '%s: may not open the write fence\n' "$1"
	fi
}

# check_tree ROOT: reads the names of files of ROOT/src, prints what is forbidden in them.
check_tree() {
	local file name
	while read -r file; do
		name=${file#"$1/"}
		name=${name#src/}
		check_file "$file" "${name%%/*}"
		check_fence "$file" "$name"
	done
}

# expect_fault LAYER LINE: that line, alone in a tree, must be found.
expect_fault() {
	local tree=$scratch/tree found
	rm -rf "$tree"
	mkdir -p "$tree/src/$1"
	printf '%s\n' "$2" > "$tree/src/$1/a.c"
	found=$(find "$tree/src" -type f | check_tree "$tree")
	if [ -z "$found" ]; then
		printf 'self-test: in %s, "%s" was not found\n' "$1" "$2"
		return 1
	fi
}

self_test() {
	expect_fault base '#include "dev/dev.h"'
	expect_fault dev '#include "sort/sort.h"'
	expect_fault sort '#include "btrfs/btrfs.h"'
	expect_fault ext '#include "btrfs/btrfs.h"'
	expect_fault btrfs '#include "ext/ext.h"'
	expect_fault btrfs '#include "convert/job.h"'
	expect_fault convert '#include "cli/options.h"'
	expect_fault convert '#include "ext/ext_private.h"'
	expect_fault convert '#include <ext2fs/ext2fs.h>'
	expect_fault cli '#include <et/com_err.h>'
	expect_fault dev '#include "dev.h"'
	expect_fault dev '#include "../base/types.h"'
	expect_fault convert '	return dev_fence_open(fence, 0, 1, "x");'
	expect_fault utils '#include "base/types.h"'
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
self_test
edges=$(find src -name '*.[ch]' | sort | check_tree .)
if [ -n "$edges" ]; then
	printf '%s\n' "$edges"
	exit 1
fi
echo "layers respected by $(find src -name '*.[ch]' | wc -l) files"

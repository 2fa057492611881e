#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The layers of src/: a file includes only its own layer and those left of it, and ext and btrfs never see each other.
#
#     base <- dev <- sort <- ext | btrfs <- convert <- cli
#
# libext2fs is visible in ext alone, and of ext other layers see one header. Then it proves on a tree of its own that
# each kind of forbidden edge is found.
set -euo pipefail
cd "$(dirname "$0")/../.."

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
				printf '%s: %s may not see %s ("%s")\n' "$file" "$layer" "${target%%/*}" "$target"
			elif [[ $target == ext/* && $target != ext/ext.h && $layer != ext ]]; then
				printf '%s: of ext, other layers see ext/ext.h only ("%s")\n' "$file" "$target"
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

# check_tree ROOT: prints all forbidden edges of ROOT/src.
check_tree() {
	local file layer
	while read -r file; do
		layer=${file#"$1/"}
		layer=${layer#src/}
		check_file "$file" "${layer%%/*}"
	done
}

# expect_edge LAYER INCLUDE: that edge, alone in a tree, must be found.
expect_edge() {
	local tree=$scratch/tree found
	rm -rf "$tree"
	mkdir -p "$tree/src/$1"
	printf '#include %s\n' "$2" > "$tree/src/$1/a.c"
	found=$(find "$tree/src" -type f | check_tree "$tree")
	if [ -z "$found" ]; then
		printf 'self-test: in %s, #include %s was not found\n' "$1" "$2"
		return 1
	fi
}

self_test() {
	expect_edge base '"dev/dev.h"'
	expect_edge dev '"sort/sort.h"'
	expect_edge sort '"btrfs/btrfs.h"'
	expect_edge ext '"btrfs/btrfs.h"'
	expect_edge btrfs '"ext/ext.h"'
	expect_edge btrfs '"convert/job.h"'
	expect_edge convert '"cli/options.h"'
	expect_edge convert '"ext/ext_private.h"'
	expect_edge convert '<ext2fs/ext2fs.h>'
	expect_edge cli '<et/com_err.h>'
	expect_edge dev '"dev.h"'
	expect_edge dev '"../base/types.h"'
	expect_edge utils '"base/types.h"'
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

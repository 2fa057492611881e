#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Conversions of one source with different options, and what the superblock and the trees then say. Source it instead
# of lib.sh, then call options_source.

# shellcheck source=tests/lib/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The items fit in nodes of 4096 bytes, and no file needs more names in one folder than an INODE_REF holds there:
# extref can then be off, and the lowmem engine of btrfs check makes no false reports.
options_source() {
	source_image=$work/source
	mkext "$source_image" 512M -t ext4 -L source-label
	fill "$source_image" --quick --small-items --skip links --skip manylinks
	remember "$source_image"
}

# converted_copy OPTION...: sets $image.
converted_copy() {
	local suffix
	say "options: $*"
	image=$work/image
	cp --sparse=always "$source_image" "$image"
	for suffix in orig manifest unwritten e2fsck; do
		ln -f "$source_image.$suffix" "$image.$suffix"
	done
	convert "$@" "$image"
	btrfs inspect-internal dump-super -f "$image" > "$work/super"
}

# super_has REGEX and super_lacks REGEX: the superblock of the last result.
super_has() {
	grep -qE -- "$1" "$work/super" || fail "the superblock has no '$1': $(cat "$work/super")"
}

super_lacks() {
	! grep -qE -- "$1" "$work/super" || fail "the superblock has '$1'"
}

# tree_count TREE REGEX: how many lines of a dump of the tree match.
tree_count() {
	btrfs inspect-internal dump-tree -t "$1" "$image" | grep -cE -- "$2" || :
}

without_xattrs() {
	sed -E 's/ (user|trusted|security|system)\.[^ =]+=[^ ]*//g'
}

# options_case NODESIZE CSUM FEATURES METADATA: all judges, and each option must show.
options_case() {
	local nodesize=$1 csum=$2 features=$3 metadata=$4 name
	converted_copy -N "$nodesize" --csum "$csum" ${features:+-O "$features"} --metadata "$metadata"
	super_has "^nodesize[[:space:]]+$nodesize$"
	super_has "^csum_type[[:space:]]+[0-9]+ \($csum"
	[ "$metadata" = single ] || [ "$(tree_count chunk 'type METADATA\|DUP')" -gt 0 ] || fail 'metadata is not DUP'
	[ "$metadata" = dup ] || [ "$(tree_count chunk 'type.*DUP')" = 0 ] || fail 'metadata is not single'
	for name in no-holes:NO_HOLES extref:EXTENDED_IREF skinny-metadata:SKINNY_METADATA \
		free-space-tree:FREE_SPACE_TREE_VALID; do
		case ,$features, in
		*,^"${name%:*}",*) super_lacks "${name#*:}" ;;
		*) super_has "${name#*:}" ;;
		esac
	done
	case ,$features, in
	*,block-group-tree,*) super_has BLOCK_GROUP_TREE ;;
	*) super_lacks BLOCK_GROUP_TREE ;;
	esac
	judge_converted "$image"
}

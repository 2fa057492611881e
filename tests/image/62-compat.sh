#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Called btrfs-convert, the program behaves as that tool: its defaults, options anywhere, its lines, status 0 or 1.
# shellcheck source=tests/lib/options.sh
. "$(dirname "$0")/../lib/options.sh"

tool=$work/btrfs-convert
ln -s "$(realpath "$FSCONVERT")" "$tool"
FSCONVERT=$tool
options_source
uuid=$(dumpe2fs -h "$source_image" 2> /dev/null | sed -n 's/^Filesystem UUID: *//p')

# prints REGEX...: lines that scripts may look for.
prints() {
	local regex
	for regex in "$@"; do
		grep -qE -- "$regex" "$work/log" || fail "no line like '$regex': $(cat "$work/log")"
	done
}

converted_copy
super_lacks "^fsid[[:space:]]+$uuid$"
super_has '^label[[:space:]]*$'
super_has '^nodesize[[:space:]]+16384$'
[ "$(tree_count chunk 'type.*DUP')" = 0 ] || fail 'metadata is not single'
prints '^btrfs-convert from ' '^Source filesystem:' '^  Type: +ext' '^  Label: +source-label' \
	'^  Blocksize: +4096' "^  UUID: +$uuid" '^Target filesystem:' '^  Nodesize: +16384' '^  Checksum: +crc32c' \
	'^  Features: +.*no-holes' '^    Data csum: +yes' '^    Inline data: +yes' '^    Copy xattr: +yes' \
	'^Reported stats:' '^  Total space: +[0-9]+' '^  Free space: +[0-9]+ \([0-9.]+%\)' \
	'^  Inode count: +[0-9]+' '^  Free inodes: +[0-9]+' '^  Block count: +131072' \
	'^Create initial btrfs filesystem' '^Create ext2 image file' '^Create btrfs metadata' 'Copy inodes' \
	'^Conversion complete'
judge_converted "$image"

converted_copy --uuid copy -L
super_has "^fsid[[:space:]]+$uuid$"
super_has '^label[[:space:]]+source-label$'
converted_copy -L -l last
super_has '^label[[:space:]]+last$'
converted_copy -dinp -N 4096 --csum XXHASH64 -O ^no-holes,extref
super_has '^nodesize[[:space:]]+4096$'
super_has '^csum_type.*xxhash64'
super_lacks NO_HOLES
judge_converted "$image" without_xattrs

say 'options behind the device'
cp --sparse=always "$source_image" "$image"
convert "$image" --no-progress -l behind
btrfs inspect-internal dump-super "$image" > "$work/super"
super_has '^label[[:space:]]+behind$'

say 'status 1 for every error'
cp --sparse=always "$source_image" "$image"
for wrong in '--csum md5' '-N 5000' '-O raid56' '--uuid junk' '--bogus'; do
	# shellcheck disable=SC2086 # several words
	conv $wrong "$image"
	[ "$status" -eq 1 ] || fail "$wrong: status $status"
done
conv
[ "$status" -eq 1 ] || fail "no device: status $status"
debugfs -w -R 'feature FEATURE_I18' "$image" > /dev/null 2>&1
conv "$image"
[ "$status" -eq 1 ] || fail "a refusal: status $status"
conv -O list-all
[ "$status" -eq 0 ] || fail "-O list-all: status $status"
prints 'no-holes' 'extref' 'skinny-metadata' 'free-space-tree|fst' 'block-group-tree|bgt'
conv --version
[ "$status" -eq 0 ] || fail "--version: status $status"
conv --help
[ "$status" -eq 0 ] || fail "--help: status $status"

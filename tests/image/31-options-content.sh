#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Options that change what is carried over, and identity: -d, -i, -n, labels and UUIDs.
# shellcheck source=tests/lib/options.sh
. "$(dirname "$0")/../lib/options.sh"

options_source
uuid=$(dumpe2fs -h "$source_image" 2> /dev/null | sed -n 's/^Filesystem UUID: *//p')
symlinks=$(grep -c '^[^ ]* link ' "$source_image.manifest")

converted_copy
super_has "^fsid[[:space:]]+$uuid$"
super_has '^label[[:space:]]+source-label$'
[ "$(tree_count 5 'inline extent data size')" -gt "$symlinks" ] || fail 'small files are not inline'
[ "$(tree_count csum 'EXTENT_CSUM')" -gt 1 ] || fail 'there are no checksums'

converted_copy -d
[ "$(tree_count csum 'range start')" = 0 ] || fail 'there are checksums'
judge_converted "$image"

converted_copy -i
[ "$(tree_count 5 'XATTR_ITEM')" = 0 ] || fail 'there are attributes'
judge_converted "$image" without_xattrs

converted_copy -n
# a hard-linked symbolic link has one inode and two names
[ "$(tree_count 5 'inline extent data size')" -le "$symlinks" ] || fail 'files are inline'
judge_converted "$image"

converted_copy -d -n -i --no-progress
judge_converted "$image" without_xattrs

converted_copy --uuid new -l 'other label'
super_lacks "^fsid[[:space:]]+$uuid$"
super_has '^label[[:space:]]+other label$'

converted_copy --uuid 01234567-89ab-cdef-0123-456789abcdef -L
super_has '^fsid[[:space:]]+01234567-89ab-cdef-0123-456789abcdef$'
super_has '^label[[:space:]]+source-label$'
judge_converted "$image"

say 'wrong options: status 2, and the device is not touched'
before=$(checksum "$source_image")
for wrong in '--uuid junk' '--csum md5' '-N 5000' '-N 128k' '-O nonsense' '-O ^no-holes,block-group-tree' \
	'--metadata raid1' '--bogus' '--memory 1k' '-d -d'; do
	# shellcheck disable=SC2086 # several words
	conv $wrong "$source_image"
	[ "$status" -eq 2 ] || fail "$wrong: status $status: $(cat "$work/log")"
done
conv
[ "$status" -eq 2 ] || fail "no device: status $status"
conv "$source_image" "$source_image"
[ "$status" -eq 2 ] || fail "two devices: status $status"
[ "$(checksum "$source_image")" = "$before" ] || fail 'the image was changed'

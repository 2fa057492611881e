#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A file system inside an image of a disk: at 1 MiB, and at sector 63 as on old disks. What lies before it and behind it
# belongs to others.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

image=$work/image
mkext "$work/plain" 256M -t ext4
fill "$work/plain" --quick --only sizes --only large --only xattrs --only links
size=$(stat -c %s "$work/plain")

for offset in 1048576 32256; do
	say "at byte $offset"
	disk=$work/disk
	cp --sparse=always "$work/plain" "$image"
	remember "$image"
	head -c "$offset" /dev/urandom > "$work/before"
	head -c 8M /dev/urandom > "$work/behind"
	cat "$work/before" "$image" "$work/behind" > "$disk"
	convert --offset "$offset" "$disk"
	cmp -n "$offset" "$work/before" "$disk" || fail 'what lies before was changed'
	cmp -i "0:$((offset + size))" "$work/behind" "$disk" || fail 'what lies behind was changed'
	dd if="$disk" of="$image" bs=1M iflag=skip_bytes,count_bytes skip="$offset" count="$size" conv=sparse \
		status=none
	judge_converted "$image"
done

say 'no file system there'
cat "$work/before" "$work/plain" > "$disk"
refuse_case 'wrong offset' "$disk" 'no ext2, ext3 or ext4' --offset 4096
conv --offset 100 "$disk"
[ "$status" -ne 0 ] || fail 'an offset that is not aligned is accepted'

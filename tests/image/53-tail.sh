#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A device larger than its ext file system: the tail is used, unless something else lives there (RAID superblock of md
# 1.0, backup GPT): then the device is refused, or the tail is left alone.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

total_bytes() {
	btrfs inspect-internal dump-super "$1" | awk '$1 == "total_bytes" { print $2 }'
}

image=$work/image
mkext "$work/plain" 256M -t ext4
fill "$work/plain" --quick --only sizes --only large --only links
for tail in 4K 60K 1M 44M; do
	say "a tail of $tail"
	cp --sparse=always "$work/plain" "$image"
	remember "$image"
	truncate -s "+$tail" "$image"
	convert "$image"
	used=$(total_bytes "$image")
	size=$(stat -c %s "$image")
	if [ "$used" -gt "$size" ] || [ "$used" -le $((size - 65536)) ]; then
		fail "$used bytes of $size are used"
	fi
	judge_converted "$image"
done

say 'a file system whose size is no multiple of 64 KiB'
mkext "$image" $((256 * 1024 * 1024 + 3 * 4096)) -t ext4
fill "$image" --quick --only sizes --only large
remember "$image"
convert "$image"
judge_tree "$image"
judge_rollback "$image"

# foreign_tail NAME OFFSET_FROM_END BYTES: BYTES is a format of printf.
foreign_tail() {
	local name=$1 size before
	cp --sparse=always "$work/plain" "$image"
	remember "$image"
	truncate -s +8M "$image"
	size=$(stat -c %s "$image")
	# shellcheck disable=SC2059 # the bytes are a format
	printf "$3" | dd of="$image" bs=1 seek=$((size - $2)) conv=notrunc status=none
	before=$(tail -c 8M "$image" | sha256sum)
	conv "$image"
	[ "$(tail -c 8M "$image" | sha256sum)" = "$before" ] || fail "$name: the tail was written to"
	case $status in
	3) judge_unchanged "$image" ;;
	0) [ "$(total_bytes "$image")" -le $((256 << 20)) ] || fail "$name: the tail is in use" ;;
	*) fail "$name: status $status" ;;
	esac
	printf '%s: status %d\n' "$name" "$status"
}

# md 1.0 lies 8 KiB before the end, rounded down to 4 KiB
foreign_tail 'md 1.0' 8192 '\xfc\x4e\x2b\xa9\x01\x00\x00\x00'
foreign_tail 'backup GPT' 512 'EFI PART'

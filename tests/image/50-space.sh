#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Little or scattered free space: what fits converts and works afterwards, what does not fit is refused with figures.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

image=$work/image

# write_files SIZE_MIB PREFIX: until the disk is full.
write_files() {
	local i=0
	while dd if=/dev/urandom of="$mnt/$2-$i" bs=1M count="$1" status=none 2> /dev/null; do
		i=$((i + 1))
	done
	rm "$mnt/$2-$i"
}

# nearly_full SIZE FREE_MIB: a source with about so much free space, in one piece.
nearly_full() {
	local free
	mkext "$image" "$1" -t ext4 -m 0
	mount_image ext4 noinit_itable "$image"
	echo 0 > "/sys/fs/ext4/${loop#/dev/}/reserved_clusters"
	fallocate -l "$2M" "$mnt/reserved"
	write_files 1 file
	while dd if=/dev/urandom of="$mnt/rest-$RANDOM$RANDOM" bs=4k count=1 status=none 2> /dev/null; do
		:
	done
	find "$mnt" -name 'rest-*' -empty -delete
	rm "$mnt/reserved"
	sync -f "$mnt"
	free=$(($(stat -f -c '%f * %S' "$mnt") >> 20))
	umount_image
	if [ "$free" -lt "$(($2 - 1))" ] || [ "$free" -gt "$(($2 + 1))" ]; then
		fail "$free MiB are free, not $2"
	fi
	remember "$image"
}

say 'half of it is free, but in holes of 16 MiB: btrfs-convert finds no room'
mkext "$image" 1G -t ext4 -m 0
mount_image ext4 noinit_itable "$image"
write_files 16 file
for file in "$mnt"/file-*; do
	i=${file##*-}
	[ $((i % 2)) = 0 ] || rm "$file"
done
umount_image
largest=$(e2freefrag "$image" | sed -n 's/^Max. free extent: *\([0-9]*\) KB/\1/p')
[ "$largest" -le 40960 ] || fail "there is a hole of $largest KiB"
remember "$image"
cp --sparse=always "$image" "$work/peer"
! btrfs-convert "$work/peer" > "$work/log" 2>&1 || printf 'btrfs-convert finds room, too\n'
rm "$work/peer"
convert "$image"
judge_converted "$image"
judge_finish "$image"

say 'nothing is free'
nearly_full 256M 1
refuse_case 'no room' "$image" '[0-9.]+ ?(bytes|KiB|MiB|GiB)'

# A fresh source each time, so that a failure shows at its own amount.
for free in 12 24 48 160; do
	say "$free MiB of 512 are free"
	nearly_full 512M "$free"
	# with 12 MiB most of what is free has become metadata
	export WRITE_MIB=$((free / 12))
	convert "$image"
	btrfs inspect-internal dump-super "$image" | grep '^nodesize'
	judge_converted "$image"
	# a file system of this size made by mkfs.btrfs and filled likewise needs 100 MiB for a full balance, too
	if [ "$free" -ge 160 ]; then
		judge_finish "$image"
	else
		judge_finish "$image" -dusage=50
	fi
done

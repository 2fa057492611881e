#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# 2000 files of 1 MiB: when the saved image and 1950 of them are deleted, only 50 MiB of data may remain in use.
# btrfs-convert makes extents of up to 128 MiB across files; there all 2 GiB remain.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

# data_used: bytes of data in use on the mounted file system.
data_used() {
	btrfs filesystem df --raw "$mnt" | sed -n 's/^Data, single: .* used=//p'
}

image=$work/image
mkext "$image" 3G -t ext4
mount_image ext4 noinit_itable "$image"
for i in $(seq 0 1999); do
	head -c 1048576 /dev/urandom > "$mnt/file-$i"
done
umount_image
convert "$image"
mount_image btrfs rw "$image"
[ "$(data_used)" -ge $((2000 << 20)) ] || fail "only $(data_used) bytes of data are in use after the conversion"
btrfs subvolume delete -C "$mnt/ext2_saved" > /dev/null
btrfs subvolume sync "$mnt"
sync -f "$mnt"
[ "$(data_used)" -le $((2001 << 20)) ] || fail "$(data_used) bytes of data are in use without the saved image"
for i in $(seq 0 1999); do
	[ $((i % 40)) = 0 ] || rm "$mnt/file-$i"
done
sync -f "$mnt"
btrfs filesystem sync "$mnt"
[ "$(data_used)" -eq $((50 << 20)) ] || fail "$(data_used) bytes of data are in use for 50 MiB of files"
umount_image
judge_check "$image"

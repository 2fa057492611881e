#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Data at all three places of the btrfs superblock: 64 KiB, 64 MiB and 256 GiB, on a sparse image. One preallocated file
# takes nearly all space; where it lies on the third mirror, data is written into it.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

# Scrub reads preallocated extents as well, which takes minutes here and shows nothing more than btrfs check does.
scrub() {
	:
}

image=$work/image
# metadata is packed at the beginning, else the bitmaps of a group would lie on the third mirror
mkext "$image" 260G -t ext4 -m 0 -i 1048576 -E lazy_itable_init=1,packed_meta_blocks=1
mount_image ext4 noinit_itable "$image"
"$lib/populate.py" --quick --only large --only sizes "$mnt"
fallocate -l 258G "$mnt/prealloc"
mirror=$((256 * 1024 * 1024 / 4))
logical=$(filefrag -v "$mnt/prealloc" | tr '.:' '  ' | awk -v mirror="$mirror" \
	'$1 ~ /^[0-9]+$/ && $4 <= mirror && mirror <= $5 { print $2 + mirror - $4 }')
[ -n "$logical" ] || fail 'nothing lies at 256 GiB'
dd if=/dev/urandom of="$mnt/prealloc" bs=4k seek=$((logical - 20)) count=100 conv=notrunc status=none
umount_image
remember "$image"
convert "$image"
for i in 0 1 2; do
	btrfs inspect-internal dump-super -s "$i" "$image" | grep -q 'magic.*_BHRfS_M' || fail "no superblock $i"
done
JUDGE_LOWMEM=0 judge_converted "$image"

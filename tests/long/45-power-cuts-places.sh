#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Power cuts where the places of the switch differ: a device with a third superblock copy at 256 GiB, a conversion that
# spills to free blocks of the device, other checksums and node sizes of btrfs, and a btrfs that btrfs-convert made.
# shellcheck source=tests/lib/crash.sh
. "$(dirname "$0")/../lib/crash.sh"

say 'the third superblock copy: ext uses its place too'
mkext "$work/source" 257G -t ext4 -g 8192 -O ^metadata_csum,^uninit_bg,^flex_bg,^resize_inode -N 65536 -J size=16
crash_fill
debugfs -R 'testb 67108864' "$work/source" 2>&1 | grep -q 'marked in use' || fail '256 GiB is not in use'
round_trip '257 GiB' --count 40 --nested 8 --judge 2

say 'a conversion that spills'
crash_source 700M -t ext4 -g 8192 -N 100000
mount_image ext4 noinit_itable "$work/source"
mkdir "$mnt/spill"
for folder in $(seq 40); do
	mkdir "$mnt/spill/$folder"
	(cd "$mnt/spill/$folder" && seq -f "$(printf '%0180d' 0)%g" 1000 | xargs touch)
	(cd "$mnt/spill/$folder" && head -c 150000 /dev/urandom | split -a 3 -b 1500)
done
crash_remember
umount_image
logged "$work/source" --verbose --memory 16M
grep -q 'temporary data goes to free blocks' "$work/output" || fail 'it does not spill'
states sweep.py 'spills convert' --base "$work/source" --before 200

say 'other formats of btrfs'
crash_source 300M -t ext4 -g 8192
for options in '--csum xxhash -N 8192' '--csum blake2b -N 65536 -O block-group-tree' \
	'--metadata single --csum sha256'; do
	read -ra words <<< "$options"
	logged "$work/source" "${words[@]}"
	crash_used
	logged "$work/converted" -r
	states sweep.py "rollback from $options" --base "$work/converted" --btrfs "$work/converted" --count 40
done

# without what that tool converts to a btrfs that btrfs check complains of
say 'a result of btrfs-convert'
mkext "$work/source" 300M -t ext4 -g 8192
crash_fill --skip symlinks --skip prealloc
cp --sparse=always "$work/source" "$work/done"
btrfs-convert "$work/done" > "$work/output" 2>&1 || fail "btrfs-convert: $(tail -n 3 "$work/output")"
crash_used
logged "$work/converted" -r
states sweep.py 'rollback from btrfs-convert' --base "$work/converted" --btrfs "$work/converted" --count 40
crash_sums

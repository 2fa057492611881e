#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the menus of the rescue image do with file systems in all states: interrupted, converted, damaged, not clean; and
# with a machine that has none. The kernel is started without the boot menu.
# shellcheck source=tests/rescue/lib.sh
. "$(dirname "$0")/../rescue/lib.sh"

rescue_unpack

say "sources: interrupted, converted, damaged, not clean"
mkext "$work/base" 200M -t ext4
fill "$work/base" --quick --skip manylinks --skip large --skip times
remember "$work/base"
for name in interrupted converted damaged unclean; do
	cp --sparse=always "$work/base" "$work/$name"
	for suffix in orig manifest unwritten e2fsck; do
		ln "$work/base.$suffix" "$work/$name.$suffix"
	done
done
interrupt "$work/interrupted"
convert "$work/converted"
debugfs -w -R 'sif <2> links_count 99' "$work/damaged" 2> "$work/log"
damaged=$(checksum "$work/damaged")
debugfs -w -R 'ssv state 0' "$work/unclean" 2> "$work/log"

from_kernel
disks "$work/converted" "$work/interrupted" "$work/damaged" "$work/unclean"
machine_start -name menu
drive << KEYS
	see 300s choose a file system
	see ^> 1  /dev/vdb +[?]
	see ^  2  /dev/vda +btrfs
	see ^  3  /dev/vdc +ext4
	see ^  4  /dev/vdd +ext4
	see 60s interrupted: must be resumed
	see 120s can go back to ext
	see 120s /dev/vdc .*\n.*inode 2
	see 60s not clean: e2fsck comes first

	# resumed
	key 1
	see 1  resume
	key 1
	see Type YES to resume /dev/vdb
	type YES
	see 120s resume is done
	key enter

	# rolled back
	see ^> 1  /dev/vda +btrfs
	key 1
	see 1  roll back to ext
	key 1
	see 60s Type YES to rollback /dev/vda
	type YES
	see 120s rollback is done
	key enter
	see ^> 1  /dev/vda +ext4

	# refused
	key 3
	see 1  convert to btrfs
	key 1
	hear 60s inode 2
	hear Nothing was written
	see Press Enter
	key enter

	# repaired and converted
	key 4
	see 1  convert to btrfs
	key 1
	see e2fsck -p will repair what is safe
	see Type YES to convert /dev/vdd
	type YES
	see 120s convert is done
	key enter
	see ^. 4  /dev/vdd +btrfs
	key b
	gone
KEYS
machine_off

judge_check "$work/interrupted"
judge_tree "$work/interrupted"
judge_unchanged "$work/converted"
[ "$(checksum "$work/damaged")" = "$damaged" ] || fail "the damaged one was changed"
judge_check "$work/unclean"
mount_image btrfs ro "$work/unclean"
"$lib/manifest.py" --prealloc --exclude ext2_saved "$mnt" > "$work/unclean.new"
umount_image
judge_same_manifest "$work/base.manifest" "$work/unclean.new"

say "no disk; wrong arguments"
from_kernel fsconvert.action=convert fsconvert.nodesize=3 fsconvert.device=sda fsconvert.on-failure=menu
disks
machine_start -name nothing
drive << KEYS
	hear 300s kernel argument fsconvert.device=sda: no such device
	hear nodesize
	see 60s No ext or btrfs file system was found
	see kernel argument fsconvert.device=sda: no such device
	key s
	see #$
	type fsconvert --help | head -n 1
	see (?i)usage
	type exit
	see 60s No ext or btrfs file system was found
	key p
	gone
KEYS
machine_off

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A person at the serial line starts the image from a CD, chooses a file system in the menus and converts it.
# shellcheck source=tests/rescue/lib.sh
. "$(dirname "$0")/lib.sh"

mkext "$work/image" 400M -t ext4 -L 'the data'
fill "$work/image" --quick --skip manylinks
remember "$work/image"
mkext "$work/other" 64M -t ext3 -L other

from_cd
disks "$work/other" "$work/image"
machine_start -name convert
drive << KEYS
	see 120s Convert a file system to btrfs
	key enter
	see 300s choose what to convert
	see ^> 1  /dev/vda +ext3 +64.0 MiB .*other
	see ^  2  /dev/vdb +ext4 +400.0 MiB .*the data
	key down
	see ^> 2
	see 120s /vdb .*\n.* can be converted
	key enter
	see 120s Type YES to convert /dev/vdb
	type yes
	see Nothing was written
	key enter
	key 2
	see 120s Type YES to convert /dev/vdb
	type YES
	hear 300s /dev/vdb: converted
	see convert is done
	key enter
	see /vdb +btrfs
	see 120s can go back to ext
	key p
	gone
KEYS
machine_off

judge_check "$work/image"
judge_tree "$work/image"
[ "$(blkid -p -o value -s TYPE "$work/other")" = ext3 ] || fail "another file system was converted too"

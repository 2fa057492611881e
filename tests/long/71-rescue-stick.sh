#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The rescue image as a USB stick: with UEFI firmware, where the power is cut while it converts; and with BIOS, where
# what another power cut has left in the middle of the switch is resumed.
# shellcheck source=tests/rescue/lib.sh
. "$(dirname "$0")/../rescue/lib.sh"
requires test -e /usr/share/OVMF/OVMF_CODE_4M.fd

mkext "$work/image" 600M -t ext4
fill "$work/image" --quick --skip manylinks
# so much data that there is time to cut the power
mount_image ext4 noinit_itable "$work/image"
head -c 200M /dev/urandom > "$mnt/large-file"
umount_image
remember "$work/image"

say "UEFI: the power is cut while it converts"
from_stick_efi
disks "$work/image"
machine_start -name efi
drive << KEYS
	see 300s Convert a file system to btrfs
	key down down down down down down enter
	see Check only: can it be converted. .serial line
	key down enter
	see 300s choose what to check
	see ^> 1  /dev/vda +ext4
	key 1
	see 120s can be converted; nothing was written
	key enter
	see choose a file system
	key 1
	see 1  convert to btrfs
	key 1
	see 120s Type YES
	type YES
	hear 120s data +[1-9]
KEYS
machine_kill
judge_unchanged "$work/image"

say "UEFI: the same again"
machine_start -name again
drive << KEYS
	see 300s Convert a file system to btrfs
	key enter
	see 300s choose what to convert
	key enter
	see 120s Type YES
	type YES
	see 300s convert is done
	key enter
	see /dev/vda +btrfs
	key p
	gone
KEYS
machine_off
judge_check "$work/image"
judge_tree "$work/image"

say "BIOS: the power was cut in the middle of a switch, back and forth"
cp --sparse=always "$work/image.orig" "$work/image"
interrupt "$work/image"
from_stick
machine_start -name bios
drive << KEYS
	see 300s Resume what was interrupted
	key down down down enter
	see 300s choose what to resume
	see ^> 1  /dev/vda +[?]
	key 1
	see Type YES to resume
	type YES
	see 120s resume is done
	key enter
	see /dev/vda +btrfs
	see 120s can go back to ext
	key b
	gone
KEYS
machine_off
judge_check "$work/image"
judge_tree "$work/image"

interrupt "$work/image" -r
rescue_unpack
from_kernel fsconvert.device=/dev/vda fsconvert.action=resume fsconvert.on-success=poweroff
machine_start -name unattended
drive << KEYS
	hear 300s /dev/vda holds ext4
	gone
KEYS
machine_off
judge_unchanged "$work/image"

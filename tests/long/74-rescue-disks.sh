#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The rescue image with the kernel that it is made with when nothing else is said: disks behind all common controllers
# are found, and the terminal is the screen of a PC as well as the serial line.
export RESCUE_KERNEL=linux-image-amd64
# shellcheck source=tests/rescue/lib.sh
. "$(dirname "$0")/../rescue/lib.sh"

machine_disks=()
for name in ahci nvme usb scsi mmc virtio lsi; do
	mkext "$work/$name" 64M -t ext4 -L "on $name"
	machine_disks+=(-drive "file=$work/$name,if=none,id=$name,format=raw,cache=unsafe")
done

from_stick_efi
machine_start -name disks "${machine_disks[@]}" \
	-device ide-hd,drive=ahci -device nvme,drive=nvme,serial=n -device usb-storage,drive=usb \
	-device virtio-scsi-pci,id=vs -device scsi-hd,drive=scsi,bus=vs.0 -device sdhci-pci -device sd-card,drive=mmc \
	-device virtio-blk-pci,drive=virtio -device lsi53c895a,id=lsi -device scsi-hd,drive=lsi,bus=lsi.0
drive << KEYS
	see 300s Convert a file system to btrfs
	key down down down down enter
	see 600s choose what to examine
	see 120s ext4 .*on ahci
	see 120s ext4 .*on nvme
	see 120s ext4 .*on usb
	see 120s ext4 .*on scsi
	see 120s ext4 .*on mmc
	see 120s ext4 .*on virtio
	see 120s ext4 .*on lsi
	key p
	gone
KEYS
machine_off

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Further devices: converted with the root, their entries in /etc/fstab with them, and back; one that is not there is
# waited for, but not for ever.
# shellcheck source=tests/boot/lib.sh
. "$(dirname "$0")/../boot/lib.sh"
data_uuid=e4c0b7a2-0d1f-4b5e-8a93-1c2d3e4f5a6b

add_data() {
	mkdir "$mnt/data"
	printf 'LABEL=data /data\text4 defaults,noatime,errors=remount-ro,data=ordered 0 2\n' >> "$mnt/etc/fstab"
}

# /data is a TYPE: it is mounted, and its file is there.
expect_data() {
	grep -q "/data $1" <<< "$(guest mounts)" || boot_fail "/data is no $1: $(guest mounts)"
	expect_guest data content
}

boot_disk
boot_edit add_data
mkdir "$work/data"
echo content > "$work/data/file"
mkext "$work/other" 200M -t ext4 -L data -U "$data_uuid" -d "$work/data"
boot_machine=(-drive "file=$work/other,if=none,id=d1,format=raw,cache=unsafe" -device 'virtio-blk-pci,drive=d1')

say 'the other alone'
boot systemd rd.fsconvert=LABEL=data
expect_root ext4
expect_data btrfs
[[ $(guest fstab | sed -n 3p) == 'LABEL=data /data btrfs defaults,noatime 0 0' ]] || boot_fail "$(guest fstab)"

say 'both, of which one is done already; and one that is not there'
boot systemd rd.fsconvert=root "rd.fsconvert=UUID=$data_uuid" rd.fsconvert=UUID=dead-beef
expect_root btrfs
expect_data btrfs
expect_said 'by-uuid/dead-beef is not there'

say 'both back'
boot systemd rd.fsconvert=rollback rd.fsconvert=LABEL=data
expect_root ext4
expect_data ext4

say 'the other by its path, without systemd in the initramfs'
boot_init=/sbin/init
boot plain rd.fsconvert=/dev/vdb
expect_root ext4
expect_data btrfs

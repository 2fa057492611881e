#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Roots on LUKS, on LVM, and on LVM on LUKS, which appear only while the initramfs runs: converted, booted again,
# brought back; and found when the switch was interrupted, though they have no UUID then.
# shellcheck source=tests/boot/lib.sh
. "$(dirname "$0")/../boot/lib.sh"
luks_uuid=7d5c2b1e-3f64-4e0a-9a57-0b8d1c2e3f40
boot_modules='crypt dm lvm'
boot_system stacked cryptsetup-bin lvm2
boot_base
printf 'secret' > "$work/key"
printf 'crypt UUID=%s /etc/luks.key luks\n' "$luks_uuid" > "$work/crypttab"
"$boot_tests/build-overlay.sh" "$overlay" configs/fsconvert.conf=/etc/fsconvert.conf \
	"$work/key=/etc/luks.key" "$work/crypttab=/etc/crypttab"

add_key() {
	cp "$work/key" "$mnt/etc/luks.key"
}

# keep_root: the root of $disk, as it is, is what the next stack holds. It stands where nothing looks for a file system:
# an interrupted one would be finished while the stack is made.
keep_root() {
	rm -f "$work/kept"
	dd if="$disk" of="$work/kept" bs=1M skip="$((boot_start_root / 2048))" seek=1 \
		count="$((boot_sectors_root / 2048))" conv=sparse status=none
	truncate -s "$((boot_sectors_root / 2048 + 1))M" "$work/kept"
}

# stack KIND: $disk becomes a disk with the kept root in it.
stack() {
	say "making $1"
	rm -f "$work/stack"
	truncate -s 1G "$work/stack"
	boot_machine=(-drive "file=$work/stack,if=none,id=d1,format=raw,cache=unsafe" -device 'virtio-blk-pci,drive=d1'
		-drive "file=$work/kept,if=none,id=d2,format=raw,cache=unsafe" -device 'virtio-blk-pci,drive=d2')
	boot_init=/usr/local/sbin/stack.sh
	root_argument=root=$root_device
	boot plain "boot-test.stack=$1" rd.luks=0 rd.lvm=0
	boot_machine=() boot_init=
	disk=$work/stack
}

# device KIND: what root= is to be.
device() {
	case $1 in
	luks) echo /dev/mapper/crypt ;;
	*) echo /dev/mapper/guest-root ;;
	esac
}

# set_arguments KIND: dracut waits for all that it is told of.
set_arguments() {
	arguments=()
	[ "$1" = lvm ] || arguments+=("rd.luks.uuid=$luks_uuid")
	[ "$1" = luks ] || arguments+=(rd.lvm.vg=guest)
}

for kind in luks lvm both; do
	set_arguments "$kind"
	boot_disk
	boot_edit add_key
	keep_root
	stack "$kind"
	root_argument=root=UUID=$root_uuid
	boot systemd "${arguments[@]}" rd.fsconvert=root
	expect_root btrfs
	root_argument=root=$(device "$kind")
	boot plain "${arguments[@]}" rd.fsconvert=root
	expect_root btrfs
	expect_guest result ''
	boot plain "${arguments[@]}" rd.fsconvert=rollback
	expect_root ext4
done

[ -c /dev/fuse ] || skip 'needs /dev/fuse'
boot_disk
boot_edit add_key
boot_record "$disk" convert
boot_unclear convert
keep_root
boot_disk
boot_edit add_key
stack both
root_argument=root=UUID=$root_uuid
boot systemd "${arguments[@]}"
expect_root btrfs
expect_said 'was interrupted, going on with it'

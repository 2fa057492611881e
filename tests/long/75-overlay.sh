#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An initramfs of dracut that knows neither fsconvert nor btrfs, as a machine with an ext4 root has it, with the archive
# of make overlay behind it: the root is converted, booted again, brought back; and an interrupted one is finished.
# shellcheck source=tests/boot/lib.sh
. "$(dirname "$0")/../boot/lib.sh"

# boot_initrd FLAVOUR: in the place of that of the library.
boot_initrd() {
	local options modules="base fs-lib rootfs-block udev-rules usrmount shutdown"
	initrd=$work/bare.$1
	[ ! -e "$initrd" ] || return 0
	case $1 in
	systemd) options=(--modules "$modules systemd systemd-initrd dracut-systemd") ;;
	plain) options=(--modules "dash $modules" --omit bash) ;;
	esac
	boot_build_initrd "$initrd" "${options[@]}" --omit-drivers btrfs
	zstd -qdc "$initrd" | cpio -t --quiet > "$work/list"
	! grep -E 'btrfs\.ko|sbin/fsconvert' "$work/list" || fail "it is in the initramfs already"
}

OVERLAY_MODULES=$system/root/usr/lib/modules/$(cat "$system/version") initramfs/build-overlay.sh "$overlay"
for flavour in systemd plain; do
	boot_disk
	boot "$flavour" rootfstype=ext4 rd.fsconvert=root
	expect_root btrfs
	expect_result '"status":"converted","exit":0'
	boot "$flavour" rootfstype=ext4
	expect_root btrfs
	boot "$flavour" rd.fsconvert=rollback
	expect_root ext4
	with_root check_ext
done

[ -c /dev/fuse ] || skip 'needs /dev/fuse'
boot_record "$disk" convert
for flavour in systemd plain; do
	boot_unclear convert
	boot "$flavour"
	expect_root btrfs
	expect_said 'was interrupted, going on with it'
done

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The next Debian, with dracut-ng and a newer kernel and systemd: converted, booted again, brought back.
# shellcheck source=tests/boot/lib.sh
. "$(dirname "$0")/../boot/lib.sh"
export BOOT_RELEASE=trixie
boot_system trixie
boot_base

arguments=(rootfstype=ext4 'rootflags=errors=remount-ro,noatime')
for flavour in systemd plain; do
	boot_disk
	boot "$flavour" "${arguments[@]}" rd.fsconvert=root
	expect_root btrfs
	expect_result '"status":"converted","exit":0'
	boot "$flavour" "${arguments[@]}"
	expect_root btrfs
	boot "$flavour" "${arguments[@]}" rd.fsconvert=rollback
	expect_root ext4
	with_root check_ext
done

if [ -c /dev/fuse ]; then
	boot_record "$disk" convert
	boot_unclear convert
	boot systemd
	expect_root btrfs
	boot_unclear convert
	boot plain
	expect_root btrfs
fi

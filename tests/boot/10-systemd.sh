#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A Debian with its default /etc/fstab, type and options of ext on the kernel command line, systemd in the initramfs: it
# is converted, boots again and again, and goes back.
# shellcheck source=tests/boot/lib.sh
. "$(dirname "$0")/lib.sh"
arguments=(rootfstype=ext4 'rootflags=errors=remount-ro,noatime')

boot_disk
boot systemd "${arguments[@]}" rd.fsconvert=root
expect_root btrfs
expect_said 'fsconvert: data'
expect_result '"status":"converted","exit":0'
expect_guest service active
grep -q 'converted' <<< "$(guest status)" || boot_fail "systemctl status does not show the outcome"
grep -qE "^UUID=$root_uuid / btrfs [^ ]* 0 0" <<< "$(guest fstab)" || boot_fail "the root's line in fstab is another"
grep -qF "UUID=$root_uuid / ext4 errors=remount-ro 0 1" <<< "$(guest original)" || boot_fail "the old fstab is not kept"
with_root check_btrfs

say 'again, without the argument: type and options must still be made to fit'
boot systemd "${arguments[@]}"
expect_root btrfs
grep -q noatime <<< "$(guest root)" || boot_fail "the option noatime is lost"
expect_guest result ''
expect_guest service inactive

say 'and back'
boot systemd "${arguments[@]}" rd.fsconvert=rollback
expect_root ext4
expect_result '"status":"rolled-back","exit":0'
expect_guest fstab "$(printf 'UUID=%s / ext4 errors=remount-ro 0 1\nUUID=%s none swap sw,nofail 0 0' \
	"$root_uuid" "$swap_uuid")"
with_root check_ext

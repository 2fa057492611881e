#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The main story, on a Debian with stock settings: initramfs-tools, GRUB on a BIOS, /boot on the root. make install,
# fsconvert-prepare, reboot: it runs from btrfs. fsconvert-finalize, reboot: it still does, and nothing is left behind.
# shellcheck source=tests/boot/stock.sh
. "$(dirname "$0")/../boot/stock.sh"
boot_timeout=${BOOT_TIMEOUT:-1100}

stock_disk stock grub-pc
stock_steps \
	'grub-install /dev/vda && update-grub && fsconvert-prepare --yes' \
	'fsconvert-finalize --yes' \
	'btrfs scrub start -B / && find /boot /etc /var/lib -name "*fsconvert*"'

stock_first
expect_done
expect_root ext4
expect_said 'Reboot to convert'

stock_boot
expect_root btrfs
expect_result '"status":"converted","exit":0'
expect_said "Booting .Convert the root file system"
grep -qE "^UUID=$root_uuid / btrfs " <<< "$(guest fstab)" || boot_fail "the root's line in fstab is another"
expect_done
expect_said '^[0-9]+ bytes .* were freed'

stock_boot
expect_root btrfs
expect_done
expect_guest result ''
left=$(tr -d '\r' < "$serial" | grep -E '^/(boot|etc|var/lib)/.*fsconvert' |
	grep -vE '^/etc/(fsconvert.conf|fstab.*|systemd/.*/fsconvert.service)$' || :)
[ -z "$left" ] || boot_fail "left behind: $left"
with_root check_btrfs

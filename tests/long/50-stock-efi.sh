#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The main story on a UEFI machine whose GRUB was made of modules, so that it cannot read btrfs until fsconvert-prepare
# has made it anew; dracut makes the initramfs.
# shellcheck source=tests/boot/stock.sh
. "$(dirname "$0")/../boot/stock.sh"
boot_timeout=1500
esp_uuid=1A2B-3C4D

requires test -r /usr/share/OVMF/OVMF_CODE_4M.fd
requires command -v mkfs.vfat

# The partition for swap becomes the system partition.
make_esp() {
	truncate -s "$((boot_sectors_swap * 512))" "$work/esp"
	mkfs.vfat -i "${esp_uuid/-/}" "$work/esp" > "$work/mkfs"
	dd if="$work/esp" of="$disk" bs=1M seek="$((boot_start_swap / 2048))" conv=notrunc status=none
	sfdisk --quiet --part-type "$disk" 2 C12A7328-F81F-11D2-BA4B-00A0C93EC93B
}

use_esp() {
	sed -i "/swap/d" "$mnt/etc/fstab"
	echo "UUID=$esp_uuid /boot/efi vfat umask=0077 0 0" >> "$mnt/etc/fstab"
	mkdir -p "$mnt/boot/efi"
}

stock_generator=dracut
stock_disk stock-efi grub-efi-amd64
make_esp
boot_edit use_esp
cp /usr/share/OVMF/OVMF_VARS_4M.fd "$work/vars"
stock_firmware=(-machine q35 -vga std
	-drive "if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd"
	-drive "if=pflash,format=raw,file=$work/vars")
stock_steps \
	'grub-install --target=x86_64-efi --no-nvram --removable && update-grub' \
	'fsconvert-prepare --yes' \
	'fsconvert-finalize --yes' \
	'true'

stock_first
expect_done

stock_boot
expect_root ext4
expect_said 'Making GRUB.s core'
expect_done

stock_boot
expect_root btrfs
expect_result '"status":"converted","exit":0'
expect_done

stock_boot
expect_root btrfs
with_root check_btrfs

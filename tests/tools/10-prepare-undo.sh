#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fsconvert-prepare on machines of each kind: a dry run changes nothing; what it does is what it said; a second run
# changes nothing more; and --undo brings back every byte, of files and of the disk's first sectors.
# shellcheck disable=SC2119 # without arguments
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# expect_entry IMAGE: GRUB's menu has our entry of the running kernel, with this image, chosen for the next boot.
expect_entry() {
	local entry
	entry=$(sed -n '/^menuentry .*--id fsconvert {$/,/^}/p' "$root/boot/grub/grub.cfg")
	[[ $entry == *"linux	/boot/vmlinuz-$kernel_new root=UUID=UUID ro  quiet rd.fsconvert=root"* ]] ||
		fail "the entry is not as it should be: $entry"
	[[ $entry == *"initrd	/boot/$1"* ]] || fail "the entry has another image than $1: $entry"
	[[ $entry != *savedefault* ]] || fail "the entry makes itself the default"
	grep -aq '^next_entry=fsconvert$' "$root/boot/grub/grubenv" || fail "the entry is not chosen"
}

there_and_back() {
	machine "$1" "$2"
	keep_picture
	run fsconvert-prepare --dry-run
	expect_status 0
	expect_picture "dry run"
	prepare
	expect_status 0
	expect_called '^grub-install .*--modules=btrfs zstd ext2 part_gpt part_msdos'
	expect_boots
	"check_$3"
	cp "$root/boot/grub/grub.cfg" "$work/menu"
	prepare
	expect_status 0
	"check_$3"
	cmp "$work/menu" "$root/boot/grub/grub.cfg"
	run fsconvert-prepare --undo --yes
	expect_status 0
	expect_picture "undo"
	run fsconvert-prepare --undo --yes
	expect_status 0
	expect_said 'Nothing to undo'
}

check_dracut() {
	expect_entry "initrd.img-$kernel_new"
	grep -q 'by dracut btrfs fsconvert whole' "$root/boot/initrd.img-$kernel_new" \
		"$root/boot/initrd.img-$kernel_old"
	grep -q 'kernel_cmdline+=" rd.lvm.lv=vg/root "' "$root/etc/dracut.conf.d/90-fsconvert.conf"
	[ "$(grep -ac 'new core' "$disk")" -eq 1 ] || fail "the core was not made"
	[ "$(grep -c '^grub-install --target' "$root/fake/calls")" -eq 1 ] || fail "the core was made twice"
}

check_initramfs_tools() {
	expect_entry "fsconvert-$kernel_new.img"
	grep -q 'by initramfs-tools btrfs fsconvert whole' "$root/boot/initrd.img-$kernel_new" \
		"$root/boot/initrd.img-$kernel_old"
	grep -q 'by dracut btrfs fsconvert whole' "$root/boot/fsconvert-$kernel_new.img"
	[ "$(grep -cx btrfs "$root/etc/initramfs-tools/modules")" -eq 1 ]
	sh -n "$root/etc/initramfs-tools/hooks/fsconvert"
	grep -qx 'FSCONVERT=/usr/local/sbin/fsconvert' "$root/etc/initramfs-tools/hooks/fsconvert"
	grep -q 'rd.fsconvert=root rd.lvm.lv=vg/root$' "$root/boot/grub/grub.cfg"
}

check_efi() {
	expect_entry "initrd.img-$kernel_new"
	expect_called '^grub-install --efi-directory=/boot/efi --no-nvram .* --no-uefi-secure-boot --bootloader-id=deb'
	grep -aq 'not a Btrfs filesystem' "$root/boot/efi/EFI/debian/grubx64.efi"
	[ "$(grep -ac 'new core' "$disk")" -eq 0 ] || fail "the disk was written to"
}

say "dracut, BIOS"
there_and_back dracut bios dracut
say "initramfs-tools, BIOS"
there_and_back initramfs-tools bios initramfs_tools
say "dracut, UEFI with modules"
there_and_back dracut efi efi
say "UEFI, where the core stands for removable media, and names its partition"
machine dracut efi
mkdir "$root/boot/efi/EFI/BOOT" "$root/boot/efi/EFI/other"
rm -r "$root/boot/efi/EFI/debian"
printf 'grub_env_set (,gpt1)/boot/grub' > "$root/boot/efi/EFI/BOOT/BOOTX64.EFI"
printf 'grub_env_set (,gpt7)/boot/grub' > "$root/boot/efi/EFI/other/grubx64.efi"
run fsconvert-prepare --dry-run
expect_said "- make GRUB.s core read ext and btrfs: /boot/efi/EFI/BOOT/BOOTX64.EFI $"

say "UEFI with the signed image: nothing to do for the core"
machine dracut efi
printf 'grub_env_set not a Btrfs filesystem %s' "$boot_uuid" > "$root/boot/efi/EFI/debian/grubx64.efi"
prepare
expect_status 0
! grep -q '^grub-install' "$root/fake/calls" || fail "grub-install was called"

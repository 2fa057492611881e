#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Boot entries as files: systemd-boot, and GRUB that reads them. For the next boot, for good, and back.
# shellcheck disable=SC2119 # without arguments
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# entries: an entry for each kernel, with the image beside the kernel.
entries() {
	local kernel
	mkdir -p "$root/boot/loader/entries"
	for kernel in "$kernel_old" "$kernel_new"; do
		mkdir -p "$root/boot/id/$kernel"
		mv "$root/boot/initrd.img-$kernel" "$root/boot/id/$kernel/initrd"
		cat > "$root/boot/loader/entries/id-$kernel.conf" <<- EOF
			title Debian
			version $kernel
			options root=UUID=$boot_uuid ro rootfstype=ext4 quiet
			linux /id/$kernel/linux
			initrd /id/ucode.img
			initrd /id/$kernel/initrd
		EOF
	done
}

systemd_boot() {
	entries
	mkdir -p "$root/sys/firmware/efi/efivars"
	printf '\0\0\0\0s\0y\0s\0t\0e\0m\0d\0-\0b\0o\0o\0t\0' \
		> "$root/sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
	rm -r "$root/boot/grub"
	echo FAKE_BOOT=yes >> "$root/fake/settings"
}

expect_entry() {
	diff "$root/boot/loader/entries/$1" - || fail "the entry $1 is not what it should be"
}

say "systemd-boot, dracut"
machine dracut efi
systemd_boot
keep_picture
prepare
expect_status 0
expect_entry fsconvert.conf << EOF
title Convert the root file system to btrfs (fsconvert)
version $kernel_new
options root=UUID=$boot_uuid ro quiet rd.fsconvert=root
linux /id/$kernel_new/linux
initrd /id/ucode.img
initrd /id/$kernel_new/initrd
EOF
grep -q '^options .* ro quiet$' "$root/boot/loader/entries/id-$kernel_old.conf"
[ "$(cat "$root/fake/oneshot")" = fsconvert.conf ]
grep -q 'btrfs fsconvert whole' "$root/boot/id/$kernel_old/initrd"
! grep -q '^grub-' "$root/fake/calls" || fail "GRUB was called"
run fsconvert-prepare --undo --yes
expect_status 0
expect_picture undo
[ -z "$(cat "$root/fake/oneshot")" ] || fail "the entry is still chosen"

say "systemd-boot, dracut, for good"
prepare --always
expect_status 0
grep -q '^options .* ro quiet rd.fsconvert=root$' "$root/boot/loader/entries/id-$kernel_old.conf"
[ ! -e "$root/boot/loader/entries/fsconvert.conf" ]
run fsconvert-prepare --undo --yes
expect_picture undo

say "systemd-boot without an entry of the kernel"
rm "$root/boot/loader/entries/id-$kernel_new.conf"
cp "$root/boot/id/$kernel_new/initrd" "$root/boot/initrd.img-$kernel_new"
prepare
expect_status 3
expect_said 'systemd-boot has no entry of kernel'

say "GRUB that reads entries, initramfs-tools"
machine initramfs-tools bios
entries
for kernel in "$kernel_old" "$kernel_new"; do
	mv "$root/boot/id/$kernel/initrd" "$root/boot/initrd.img-$kernel"
	sed -i "s|/id/$kernel/initrd|/initrd.img-$kernel|; s|/id/$kernel/linux|/vmlinuz-$kernel|" \
		"$root/boot/loader/entries/id-$kernel.conf"
done
echo 'GRUB_ENABLE_BLSCFG=true' >> "$root/etc/default/grub"
echo FAKE_BOOT=yes >> "$root/fake/settings"
keep_picture
prepare
expect_status 0
expect_entry fsconvert.conf << EOF
title Convert the root file system to btrfs (fsconvert)
version $kernel_new
options root=UUID=$boot_uuid ro quiet rd.fsconvert=root rd.lvm.lv=vg/root
linux /vmlinuz-$kernel_new
initrd /fsconvert.img
EOF
[ -s "$root/boot/fsconvert.img" ]
grep -aq '^next_entry=fsconvert$' "$root/boot/grub/grubenv"
! grep -q '^grub-install' "$root/fake/calls" || fail "/boot is another file system, but GRUB was installed"
run fsconvert-prepare --undo --yes
expect_status 0
expect_picture undo

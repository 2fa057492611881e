#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makes the rescue image, which starts from a CD or a USB stick, with BIOS or UEFI:
#
#     build-iso.sh OUTPUT
#
# RESCUE_KERNEL      the Debian package of the kernel, default linux-image-amd64
# KERNEL_DEB         the file of a kernel package, instead
# RESCUE_ARGUMENTS   kernel arguments of an entry that is started by itself; default none
# RESCUE_TIMEOUT     seconds until the first entry of the boot menu is started, default 30, with arguments 5
#
# and what build-initramfs.sh takes. What is not there yet is fetched by fetch.sh. Same inputs, same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 022
. initramfs/lib.sh

output=$1
arguments=${RESCUE_ARGUMENTS:-}
timeout=${RESCUE_TIMEOUT:-$([ -n "$arguments" ] && echo 5 || echo 30)}
grub=/usr/lib/grub
modules=(normal configfile search search_fs_file iso9660 part_gpt part_msdos linux serial terminal echo test true
	sleep reboot halt minicmd ls cat help)
export LC_ALL=C SOURCE_DATE_EPOCH=315532800 TZ=UTC

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

unpack_kernel() {
	local package=${KERNEL_DEB:-} version
	[ -n "$package" ] || package=$(initramfs/fetch.sh kernel "${RESCUE_KERNEL:-linux-image-amd64}")
	dpkg-deb -x "$package" "$scratch/kernel"
	[ -d "$scratch/kernel/lib/modules" ] || mv "$scratch/kernel/usr/lib" "$scratch/kernel/lib"
	version=$(cd "$scratch/kernel/lib/modules" && echo *)
	depmod -b "$scratch/kernel" "$version"
	kernel_modules=$scratch/kernel/lib/modules/$version
	install -D -m 0644 "$scratch/kernel/boot/vmlinuz-$version" "$scratch/iso/boot/vmlinuz"
}

make_initramfs() {
	initramfs/fetch.sh pinned
	initramfs/fetch.sh tools
	initramfs/build-tools.sh "$scratch/tools"
	KERNEL_MODULES_DIR=$kernel_modules TOOLS_DIR=$scratch/tools \
		initramfs/build-initramfs.sh "$scratch/iso/boot/initrd.gz"
}

# The image is known by a file whose name no other one has.
make_menu() {
	local text
	mark=/boot/fsconvert-$(cat "$scratch/iso/boot"/{vmlinuz,initrd.gz} | sha256sum | cut -c 1-16)
	: > "$scratch/iso$mark"
	text=$(cat initramfs/grub.cfg)
	text=${text//@TIMEOUT@/$timeout}
	mkdir -p "$scratch/iso/boot/grub"
	printf '%s\n' "${text//@ARGUMENTS@/"${arguments//\"/\\\"}"}" > "$scratch/iso/boot/grub/grub.cfg"
	cat > "$scratch/early.cfg" <<- EOF
		search --no-floppy --set=root --file $mark
		set prefix=(\$root)/boot/grub
	EOF
}

make_bios() {
	grub-mkimage -O i386-pc -p /boot/grub -c "$scratch/early.cfg" -o "$scratch/core" biosdisk "${modules[@]}"
	cat "$grub/i386-pc/cdboot.img" "$scratch/core" > "$scratch/iso/boot/grub/bios.img"
}

make_efi() {
	grub-mkimage -O x86_64-efi -p /boot/grub -c "$scratch/early.cfg" -o "$scratch/BOOTX64.EFI" fat all_video \
		"${modules[@]}"
	touch -d "@$SOURCE_DATE_EPOCH" "$scratch/BOOTX64.EFI"
	mformat -C -f 2880 -N 0 -i "$scratch/efi.img" ::
	mmd -i "$scratch/efi.img" ::/EFI ::/EFI/BOOT
	mcopy -m -i "$scratch/efi.img" "$scratch/BOOTX64.EFI" ::/EFI/BOOT/BOOTX64.EFI
	cp "$scratch/efi.img" "$scratch/iso/boot/grub/efi.img"
}

make_iso() {
	find "$scratch/iso" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
	xorriso -as mkisofs -quiet -r -V FSCONVERT --modification-date=1980010100000000 \
		--grub2-mbr "$grub/i386-pc/boot_hybrid.img" --protective-msdos-label --mbr-force-bootable \
		-b boot/grub/bios.img -no-emul-boot -boot-load-size 4 -boot-info-table --grub2-boot-info \
		--efi-boot boot/grub/efi.img -efi-boot-part --efi-boot-image \
		-o "$output.new" "$scratch/iso" > "$scratch/log" 2>&1 || {
		cat "$scratch/log" >&2
		die "xorriso has failed"
	}
	mv "$output.new" "$output"
}

[ "$(dpkg --print-architecture)" = amd64 ] || die "the rescue image is one for amd64"
mkdir -p "$(dirname "$output")" "$scratch/iso/boot"
unpack_kernel
make_initramfs
make_menu
make_bios
make_efi
make_iso
printf '%s: %s MiB\n' "$output" "$(($(stat -c %s "$output") / 1048576))"

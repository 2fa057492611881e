# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A cloud image of Debian's kind: GRUB for BIOS and UEFI on one disk, the root as its last partition, and cloud-init.
# Source it instead of tests/boot/lib.sh, which it includes.
#
#     cloud_disk              sets $disk to a copy of that image, raw
#     cloud_seed FILE         the second disk of the machine, from which cloud-init takes FILE as its user-data
#     cloud_boot              boots the disk by the firmware; the guest reports when cloud-init has finished
#     expect_cloud            the root fills the disk, cloud-init is content, and so is everything else
#
# What the machine can be asked beside what report.sh says: cloud, errors, table, sectors, filesystem,
# saved, mounted, left.

# shellcheck source=tests/boot/stock.sh
. "$(dirname "${BASH_SOURCE[0]}")/stock.sh"

requires command -v mkfs.vfat
requires command -v mcopy
boot_timeout=${BOOT_TIMEOUT:-1800}
cloud_sectors_bios=2048 cloud_start_esp=4096 cloud_sectors_esp=81920 cloud_start_root=86016
cloud_sectors_root=$((1100 * 2048))
cloud_esp_uuid=1A2B-3C4D
cloud_esp_partuuid=3f4d5e66-10e5-4a3c-8b2d-7c1f5a0b9d21
# shellcheck disable=SC2034 # for the tests
cloud_tool=tools/fsconvert-cloud-image

cloud_disk() {
	boot_system cloud initramfs-tools cloud-init cloud-guest-utils grub2-common grub-pc-bin grub-efi-amd64-bin \
		grub-efi-amd64-signed
	version=$(cat "$system/version")
	cloud_base=$system/cloud-$(boot_key "$boot_tests/cloud.sh" "$boot_tests"/cloud-guest/*)
	boot_once "$cloud_base" cloud_build "$cloud_base"
	disk=$work/disk
	cp --sparse=always "$cloud_base" "$disk"
}

# with_cloud_root COMMAND ARGUMENT...: while the root of $disk is mounted at $mnt.
with_cloud_root() {
	attach "$disk" --offset "$((cloud_start_root * 512))" --sizelimit "$((cloud_sectors_root * 512))"
	mount "$loop" "$mnt"
	"$@"
	umount "$mnt"
	detach
}

# --- making it ---

cloud_build() {
	rm -f "${1%-*}"-????????????
	cloud_configure "$system/root"
	cloud_table "$1.new"
	# the boot loader needs the root as a device
	cleanup_fn detach
	attach "$1.new" --offset "$((cloud_start_root * 512))" --sizelimit "$((cloud_sectors_root * 512))"
	mke2fs -q -F -t ext4 -b 4096 -L guest-root -U "$root_uuid" -d "$system/root" "$loop"
	cloud_loop=$loop
	disk_loop=$(losetup --find --show "$1.new")
	mkdir -p "$work/cloud"
	# shellcheck disable=SC2016 # for another shell
	tests/lib/own-mounts.sh bash -euc '. "$0"; cloud_install "$@"' "$boot_tests/cloud-guest/install" "$work/cloud" \
		"$cloud_loop" "$disk_loop" "$root_uuid" "$root_partuuid" "$version" > "$boot_cache/log" 2>&1 || {
		losetup -d "$disk_loop"
		tail -n 20 "$boot_cache/log"
		return 1
	}
	losetup -d "$disk_loop"
	detach
	cloud_esp "$1.new"
	mv "$1.new" "$1"
}

# The numbers are those of Debian's images.
cloud_table() {
	truncate -s "$(((cloud_start_root + cloud_sectors_root + 2048) * 512))" "$1"
	sfdisk --quiet "$1" <<- EOF
		label: gpt
		${1}1 : start=$cloud_start_root, size=$cloud_sectors_root, uuid=$root_partuuid, type=$root_type
		${1}14 : start=2048, size=$cloud_sectors_bios, type=21686148-6449-6E6F-744E-656564454649
		${1}15 : start=$cloud_start_esp, size=$cloud_sectors_esp, uuid=$cloud_esp_partuuid, \
			type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B
	EOF
}

# cloud_configure ROOT: as who makes such images does; and what the test itself needs.
cloud_configure() {
	cat > "$1/etc/fstab" <<- EOF
		PARTUUID=$root_partuuid / ext4 rw,discard,errors=remount-ro,x-systemd.growfs 0 1
		PARTUUID=$cloud_esp_partuuid /boot/efi vfat defaults 0 0
	EOF
	mkdir -p "$1/etc/default/grub.d" "$1/etc/boot-test.d" "$1/boot/efi" \
		"$1/etc/systemd/system/cloud-init.target.wants"
	install -m 0644 "$boot_tests/cloud-guest/grub.cfg" "$1/etc/default/grub.d/10_cloud.cfg"
	install -m 0644 "$boot_tests/cloud-guest/cloud.cfg" "$1/etc/cloud/cloud.cfg.d/90_test.cfg"
	install -m 0755 "$boot_tests/cloud-guest/report" "$1/etc/boot-test.d/cloud"
	# the target of all services waits for this one, and cloud-init for that target
	rm -f "$1/etc/systemd/system/multi-user.target.wants/report.service"
	ln -sf ../report.service "$1/etc/systemd/system/cloud-init.target.wants/report.service"
	mkdir -p "$1/etc/systemd/system/report.service.d"
	printf '[Unit]\nAfter=cloud-final.service\n' > "$1/etc/systemd/system/report.service.d/cloud.conf"
}

# cloud_esp IMAGE: GRUB as Debian signs it.
cloud_esp() {
	local esp=$work/esp
	truncate -s "$((cloud_sectors_esp * 512))" "$esp"
	mkfs.vfat -i "${cloud_esp_uuid/-/}" "$esp" > "$work/mkfs"
	mmd -i "$esp" ::/EFI ::/EFI/BOOT ::/EFI/debian
	# shellcheck disable=SC2016 # for GRUB
	printf 'search.fs_uuid %s root\nset prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n' "$root_uuid" \
		> "$work/grub.cfg"
	mcopy -i "$esp" "$system/root/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed" ::/EFI/BOOT/BOOTX64.EFI
	mcopy -i "$esp" "$system/root/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed" ::/EFI/debian/grubx64.efi
	mcopy -i "$esp" "$work/grub.cfg" ::/EFI/debian/grub.cfg
	dd if="$esp" of="$1" bs=1M seek="$((cloud_start_esp / 2048))" conv=notrunc,sparse status=none
	rm "$esp"
}

# --- running it ---

cloud_seed() {
	seed=$work/seed
	rm -f "$seed"
	truncate -s 4M "$seed"
	mkfs.vfat -n CIDATA "$seed" > "$work/mkfs"
	printf 'instance-id: test\nlocal-hostname: guest\n' > "$work/meta-data"
	mcopy -i "$seed" "$1" ::/user-data
	mcopy -i "$seed" "$work/meta-data" ::/meta-data
	boot_machine=(-drive "file=$seed,if=none,id=d1,format=raw" -device "virtio-blk-pci,drive=d1")
}

cloud_uefi() {
	requires test -r /usr/share/OVMF/OVMF_CODE_4M.fd
	cp /usr/share/OVMF/OVMF_VARS_4M.fd "$work/vars"
	stock_firmware=(-machine q35 -vga std
		-drive "if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd"
		-drive "if=pflash,format=raw,file=$work/vars")
}

cloud_boot() {
	stock_boot
	guest cloud | sed 's/^/    cloud-init: /'
	guest log | sed 's/^/    /'
}

# expect_cloud: sizes in sectors of 512 bytes. What a table needs at its end, and rounding, is less than 2 MiB.
expect_cloud() {
	local start size whole filesystem
	expect_root btrfs
	expect_guest cloud 'status: done'
	expect_guest errors '[]'
	expect_guest table 'No errors detected.'
	read -r start size whole <<< "$(guest sectors)"
	filesystem=$(guest filesystem)
	printf '    disk %d MiB, partition %d MiB, btrfs %d MiB\n' "$((whole / 2048))" "$((size / 2048))" \
		"$((filesystem / 1048576))"
	[ "$((start + size + 4096))" -ge "$whole" ] || boot_fail "the partition does not reach the end of the disk"
	[ "$((filesystem / 512 + 128))" -gt "$size" ] || boot_fail "the file system does not fill the partition"
}

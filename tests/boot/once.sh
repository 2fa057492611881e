# shellcheck shell=bash disable=SC2154 # variables of lib.sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What is built once: the Debian system, its initramfs, the base disk. Part of lib.sh.

# boot_key FILE...: a short name for these files and the packages that the guest is made of.
boot_key() {
	{
		cat "$@"
		apt-cache policy linux-image-cloud-amd64 dracut-core systemd btrfs-progs e2fsprogs | grep Candidate
	} | sha256sum | cut -c 1-12
}

# boot_once PATH COMMAND ARGUMENT...: makes PATH with the command unless it is there. Other tests wait meanwhile.
boot_once() {
	local path=$1
	shift
	[ ! -e "$path" ] || return 0
	mkdir -p "$boot_cache"
	(
		flock 9
		[ ! -e "$path" ] || exit 0
		printf -- '--- making %s\n' "${path#"$PWD"/}"
		"$@"
	) 9> "$boot_cache/lock" || fail "$path cannot be made"
}

# boot_system NAME PACKAGE...: a Debian system with these packages beside the usual; sets $system.
boot_system() {
	local name=$1
	shift
	system=$boot_cache/$name-$(boot_key "$boot_tests/build-root.sh" "$boot_tests"/guest/* "$lib/populate.py" \
		configs/systemd/fsconvert.service)
	boot_once "$system" boot_build_system "$system" "$@"
}

boot_build_system() {
	local folder=$1
	shift
	rm -rf "${folder%-*}"-????????????
	"$boot_tests/build-root.sh" "$folder.new" "$@" > "$boot_cache/log" 2>&1 || {
		tail -n 20 "$boot_cache/log"
		return 1
	}
	mv "$folder.new" "$folder"
}

# boot_initrd FLAVOUR: sets $initrd.
boot_initrd() {
	local options modules="base fs-lib rootfs-block udev-rules btrfs fsconvert usrmount shutdown $boot_modules"
	case $1 in
	systemd) options=(--modules "$modules systemd systemd-initrd dracut-systemd") ;;
	plain) options=(--modules "dash $modules" --omit bash) ;;
	*) fail "no flavour $1" ;;
	esac
	initrd=$system/$1-$(boot_key "$boot_tests/build-initrd.sh" dracut-module/90fsconvert/module-setup.sh)
	boot_once "$initrd" boot_build_initrd "$initrd" "${options[@]}"
}

boot_build_initrd() {
	local output=$1
	shift
	rm -f "${output%-*}"-????????????
	"$boot_tests/build-initrd.sh" "$system" "$output" "$@" > "$boot_cache/log" 2>&1 || {
		tail -n 20 "$boot_cache/log"
		return 1
	}
}

boot_base() {
	local base=$system/disk
	boot_once "$base" boot_build_disk "$base"
}

boot_build_disk() {
	truncate -s "$((boot_sectors * 512))" "$1.new"
	sfdisk --quiet "$1.new" <<- EOF
		label: gpt
		start=2048, size=$boot_sectors_bios, type=21686148-6449-6E6F-744E-656564454649
		start=$boot_start_swap, size=$boot_sectors_swap, type=0657FD6D-A4AB-43C4-84E5-0933C84B4F4F
		start=$boot_start_root, size=$boot_sectors_root, uuid=$root_partuuid, type=$root_type
	EOF
	# as Debian's installer writes it
	printf 'UUID=%s / ext4 errors=remount-ro 0 1\nUUID=%s none swap sw,nofail 0 0\n' "$root_uuid" "$swap_uuid" \
		> "$system/root/etc/fstab"
	mke2fs -q -F -t ext4 -b 4096 -L guest-root -U "$root_uuid" -d "$system/root" \
		-E "offset=$((boot_start_root * 512))" "$1.new" "$((boot_sectors_root / 2))k"
	truncate -s "$((boot_sectors_swap * 512))" "$1.swap"
	mkswap -q -U "$swap_uuid" "$1.swap" > /dev/null
	dd if="$1.swap" of="$1.new" bs=1M seek="$((boot_start_swap / 2048))" conv=notrunc,sparse status=none
	rm "$1.swap"
	mv "$1.new" "$1"
}

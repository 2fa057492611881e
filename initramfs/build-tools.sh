#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makes a tree with cryptsetup, lvm and mdadm and the libraries they need, from the packages in $DEPS/rescue-tools (see
# fetch.sh), for the rescue image:
#
#     build-tools.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
umask 022
. initramfs/lib.sh

tree=$1
programs=(cryptsetup lvm dmsetup mdadm)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

unpack() {
	local package
	for package in "$deps"/rescue-tools/*.deb; do
		dpkg-deb -x "$package" "$scratch"
	done
}

# needed FILE: the libraries and the loader that it names.
needed() {
	readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
	readelf -p .interp "$1" 2> /dev/null | sed -n 's/^ *\[ *0\] *//p'
}

# add_library NAME: it and what it needs, once.
add_library() {
	local name=${1##*/} file target=lib/$multiarch/${1##*/} library
	case $1 in
	# the loader, which the programs name by its place
	ld-linux*) return 0 ;;
	esac
	[ "$1" = "$name" ] || target=${1#/}
	[ ! -e "$tree/$target" ] || return 0
	for file in "$scratch"/{,usr/}lib/"$multiarch/$name"; do
		[ ! -e "$file" ] || break
	done
	[ -e "$file" ] || die "$name is in none of the packages"
	put "$(realpath "$file")" "$target"
	add_needed "$file"
}

add_needed() {
	local library
	while read -r library; do
		add_library "$library"
	done < <(needed "$1")
}

add_program() {
	local file
	for file in "$scratch"/{,usr/}sbin/"$1"; do
		[ ! -x "$file" ] || break
	done
	[ -x "$file" ] || die "$1 is in none of the packages"
	put "$file" "sbin/$1"
	add_needed "$file"
}

# There is no udev, and nothing to keep across a boot.
configure() {
	mkdir -p "$tree/etc/lvm"
	cat > "$tree/etc/lvm/lvm.conf" <<- EOF
		activation { udev_sync = 0 udev_rules = 0 verify_udev_operations = 0 monitoring = 0 }
		devices { obtain_device_list_from_udev = 0 external_device_info_source = "none" }
		devices { use_devicesfile = 0 hints = "none" }
		global { use_lvmpolld = 0 thin_check_executable = "" cache_check_executable = "" }
		backup { backup = 0 archive = 0 }
		log { syslog = 0 }
	EOF
	printf 'DEVICE partitions\nHOMEHOST <ignore>\nAUTO +all\n' > "$tree/etc/mdadm.conf"
}

unpack
multiarch=$(cd "$scratch" && echo lib/*-linux-gnu*)
multiarch=${multiarch#lib/}
rm -rf "$tree"
for program in "${programs[@]}"; do
	add_program "$program"
done
# loaded at run time: by threads that end, and by libcrypto for the hashes of old LUKS devices
add_library libgcc_s.so.1
if [ -e "$scratch/usr/lib/$multiarch/ossl-modules/legacy.so" ]; then
	put "$scratch/usr/lib/$multiarch/ossl-modules/legacy.so" "usr/lib/$multiarch/ossl-modules/legacy.so"
fi
configure

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makes the standalone initramfs:
#
#     build-initramfs.sh OUTPUT
#
# FSCONVERT            the program, default build/fsconvert
# FSCONVERT_CONF       the configuration, default configs/fsconvert.conf
# KERNEL_MODULES_DIR   a kernel's /lib/modules/VERSION, from which the modules of modules.list are added; default none
# TOOLS_DIR            a tree made by build-tools.sh, to be added; default none
set -euo pipefail
cd "$(dirname "$0")/.."
umask 022
. initramfs/lib.sh

output=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
tree=$scratch/tree

add_busybox() {
	local applet
	unpack_busybox "$scratch/busybox"
	put "$scratch/busybox/bin/busybox" bin/busybox
	"$tree/bin/busybox" --list-full > "$scratch/applets"
	while read -r applet; do
		# what manages a system's packages, users and services has no business here
		case ${applet##*/} in
		busybox | linuxrc | dpkg | dpkg-deb | rpm | adduser | login | sulogin | passwd | su) continue ;;
		esac
		mkdir -p "$tree/${applet%/*}"
		ln -s /bin/busybox "$tree/$applet"
	done < "$scratch/applets"
}

add_program() {
	local file
	put "${FSCONVERT:-build/fsconvert}" usr/sbin/fsconvert
	put "$deps/sbin/e2fsck" usr/libexec/fsconvert/e2fsck
	ln -s ../usr/libexec/fsconvert/e2fsck "$tree/sbin/e2fsck"
	put "${FSCONVERT_CONF:-configs/fsconvert.conf}" etc/fsconvert.conf 0644
	for file in dracut-module/90fsconvert/fsconvert-{lib,options,fstab,arguments,grow,dracut}.sh; do
		put "$file" "lib/fsconvert/${file##*/}" 0644
	done
	put initramfs/rescue usr/sbin/rescue
	for file in initramfs/rescue.d/*.sh; do
		put "$file" "lib/fsconvert/rescue.d/${file##*/}" 0644
	done
	put initramfs/init init
}

mkdir -p "$tree"/{dev,proc,sys,run,tmp,mnt,root,etc}
: > "$tree/etc/mtab"
if [ -n "${TOOLS_DIR:-}" ]; then
	cp -a "$TOOLS_DIR/." "$tree"
fi
add_busybox
add_program
if [ -n "${KERNEL_MODULES_DIR:-}" ]; then
	add_modules "$KERNEL_MODULES_DIR" lib/modules
fi
mkdir -p "$(dirname "$output")"
pack "$tree" > "$output.new"
mv "$output.new" "$output"
printf '%s: %s KiB\n' "$output" "$(($(stat -c %s "$output") / 1024))"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makes the archive that is appended to an initramfs of dracut, which then does what one with the dracut module does:
#
#     build-overlay.sh OUTPUT [FILE=PATH...]
#
# with further FILEs at their PATHs in it.
#
# FSCONVERT         the program, default build/fsconvert
# FSCONVERT_CONF    the configuration, default configs/fsconvert.conf
# OVERLAY_MODULES   a kernel's /lib/modules/VERSION, whole, for an initramfs without btrfs: what btrfs needs is taken
#                   from there, and the index of all modules; default none
#
# What belongs there is asked of the module's own install(), with stand-ins for the functions of dracut.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 022
. initramfs/lib.sh

output=$1
shift
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
tree=$scratch/tree
moddir=$PWD/dracut-module/90fsconvert
tools=/usr/libexec/fsconvert/tools

# place SOURCE PATH: never through /lib and such, which are links in an initramfs and would be replaced by folders.
place() {
	local path=$2
	case $path in
	/lib/* | /bin/* | /sbin/*) path=/usr$path ;;
	esac
	case $path in
	*.conf) put "$1" "$path" 0644 ;;
	*) put "$1" "$path" ;;
	esac
}

# --- what install() calls ---

inst_simple() {
	place "$1" "${2:-$1}"
}

inst_hook() {
	place "$3" "/usr/lib/dracut/hooks/$1/$2-${3##*/}"
}

# What an initramfs may lack is put behind all else in the search path; the rest is there in any.
inst_multiple() {
	local name
	for name in "$@"; do
		if grep -qx "$name" "$scratch/applets"; then
			ln -sf busybox "$tree$tools/$name"
		fi
	done
}

inst_rules() {
	:
}

dracut_need_initqueue() {
	place /dev/null /usr/lib/dracut/need-initqueue
}

instmods() {
	printf '%s\n' "$@" > "$scratch/modules"
}

add_kernel_modules() {
	local file target
	target=usr/lib/modules/$(basename "$(realpath "$1")")
	[ -e "$1/modules.dep" ] || die "$1 has no modules.dep: run depmod"
	installkernel
	modules_wanted "$1" < "$scratch/modules" > "$scratch/wanted"
	while read -r file; do
		put "$1/$file" "$target/$file" 0644
	done < "$scratch/wanted"
	for file in "$1"/modules.*; do
		put "$file" "$target/${file##*/}" 0644
	done
}

unpack_busybox "$scratch/busybox"
"$scratch/busybox/bin/busybox" --list > "$scratch/applets"
put "$scratch/busybox/bin/busybox" "$tools/busybox"
# shellcheck source=dracut-module/90fsconvert/module-setup.sh
. "$moddir/module-setup.sh"
find_program() { echo "${FSCONVERT:-build/fsconvert}"; }
find_e2fsck() { echo "$deps/sbin/e2fsck"; }
install
place "${FSCONVERT_CONF:-configs/fsconvert.conf}" /etc/fsconvert.conf
for pair in "$@"; do
	place "${pair%%=*}" "${pair#*=}"
done
if [ -n "${OVERLAY_MODULES:-}" ]; then
	add_kernel_modules "$OVERLAY_MODULES"
fi
mkdir -p "$(dirname "$output")"
# the folders of the hooks are there, and /usr/lib/dracut/hooks may be a link
pack "$tree" 'usr/lib/dracut*' > "$output.new"
mv "$output.new" "$output"
printf '%s: %s KiB\n' "$output" "$(($(stat -c %s "$output") / 1024))"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Writes the program and the module's files as they are now into a cpio archive, for the end of an initramfs that dracut
# has made:
#
#     build-overlay.sh OUTPUT [FILE-TO-ADD=PATH...]
#
# What belongs there is asked of the module's own install(), with stand-ins for dracut's functions.
set -euo pipefail
cd "$(dirname "$0")/../.."

output=$1
shift
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

# put SOURCE TARGET: never through /lib and such, which are links in an initramfs.
put() {
	local target=$2
	case $target in
	/lib/* | /bin/* | /sbin/*) target=/usr$target ;;
	esac
	mkdir -p "$tree${target%/*}"
	cp "$1" "$tree$target"
	chmod 0755 "$tree$target"
}

inst_simple() {
	put "$1" "${2:-$1}"
}

inst_hook() {
	put "$3" "/usr/lib/dracut/hooks/$1/$2-${3##*/}"
}

inst_multiple() { :; }
inst_rules() { :; }
dracut_need_initqueue() { :; }

moddir=$PWD/dracut-module/90fsconvert
# shellcheck source=dracut-module/90fsconvert/module-setup.sh
. "$moddir/module-setup.sh"
find_program() { echo build/fsconvert; }
find_e2fsck() { echo "${DEPS:-build/deps}/sbin/e2fsck"; }
install
for pair in "$@"; do
	put "${pair%%=*}" "${pair#*=}"
done
# the folders of the hooks are there, and /usr/lib/dracut/hooks may be a link, which a folder would replace
(cd "$tree" && find . -mindepth 1 ! \( -type d -path './usr/lib/dracut*' \) -printf "%P\n" | LC_ALL=C sort |
	cpio -o -H newc -R 0:0 --quiet) | gzip -1n > "$output"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Shows a conversion from end to end on an image file: an ext4 full of this system's own files becomes btrfs, others
# judge the result, and btrfs-progs turns it back.
#
#     demo.sh FSCONVERT
#
# Needs no root; with root the kernel's own view is compared instead of what `btrfs restore` reads.
set -euo pipefail

fsconvert=$(realpath "$1")
work=$(mktemp -d "${TMPDIR:-/var/tmp}/fsconvert-demo.XXXXXX")
mounted=0

cleanup() {
	[ "$mounted" -eq 0 ] || umount "$work/mnt"
	rm -rf "$work"
}

say() {
	printf '\n== %s\n' "$*"
}

# manifest FOLDER [FORMAT [FILES]]: type, size, link target and content of everything in it, and what find prints for
# FORMAT; for what is no folder also FILES.
manifest() {
	local skip=(-path ./lost+found -prune -o -path ./ext2_saved -prune -o)
	(
		cd "$1"
		find . -mindepth 1 "${skip[@]}" -type d -printf "%p %y ${2:-}\\n" -o -printf "%p %y %s %l ${2:-} ${3:-}\\n"
		find . "${skip[@]}" -type f -print0 | xargs -0 sha256sum
	) | sort
}

make_source() {
	mkdir "$work/tree" "$work/mnt"
	{ find /usr/bin /usr/share/doc -xdev \( -type l -o -type f -size -3000k \) -readable 2>/dev/null || :; } |
		sort > "$work/names"
	head -n 2000 "$work/names" |
		tar -C / -c -f - --ignore-failed-read --no-recursion -T - 2>/dev/null | tar -C "$work/tree" -x -f -
	head -c 40000000 /dev/urandom > "$work/tree/random"
	ln "$work/tree/random" "$work/tree/second-name"
	truncate -s 20M "$work/tree/sparse"
	truncate -s 1500M "$work/image"
	mke2fs -q -F -t ext4 -b 4096 -L demo -d "$work/tree" "$work/image"
}

# compare: the result with the tree it was made from, as the kernel sees it or, without root, as btrfs restore does.
# mke2fs copied times in whole seconds.
compare() {
	if [ "$(id -u)" -eq 0 ] && mount -t btrfs -o loop,ro "$work/image" "$work/mnt" 2>/dev/null; then
		mounted=1
		manifest "$work/mnt" '%m %U %G %Ts' %n > "$work/after"
		umount "$work/mnt"
		mounted=0
		manifest "$work/tree" '%m %U %G %Ts' %n > "$work/before"
		echo "as the kernel shows it: names, types, sizes, links, content, modes, owners and times"
	else
		mkdir "$work/restored"
		btrfs restore -S "$work/image" "$work/restored" >/dev/null 2>&1
		manifest "$work/restored" > "$work/after"
		manifest "$work/tree" > "$work/before"
		echo "as btrfs restore shows it: names, types, sizes, symbolic links and content"
	fi
	diff "$work/before" "$work/after" > "$work/diff" || { head "$work/diff"; return 1; }
	echo "nothing differs in $(wc -l < "$work/before") lines"
}

PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C
trap cleanup EXIT

say "An ext4 file system with this system's own files"
make_source
e2fsck -fn "$work/image" 2>/dev/null | tail -n 1
cp --sparse=always "$work/image" "$work/original"

say "fsconvert --check: can it be converted, and how?"
"$fsconvert" --check "$work/image"

say "fsconvert: convert it in place"
"$fsconvert" "$work/image"

say "btrfs check of the result, with all data checksums"
btrfs check --check-data-csum "$work/image" > "$work/check" 2>&1 || { cat "$work/check"; exit 1; }
tail -n 8 "$work/check"

say "Is everything as before?"
compare

say "btrfs-convert -r: and back again"
btrfs-convert -r "$work/image" | tail -n 1
e2fsck -fn "$work/image" 2>/dev/null | tail -n 1
dumpe2fs "$work/original" > "$work/dump-original" 2>/dev/null
dumpe2fs "$work/image" > "$work/dump-back" 2>/dev/null
cmp "$work/dump-original" "$work/dump-back"
echo "ext4 again, superblock, descriptors and bitmaps as they were"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Shows a conversion from end to end: an ext4 image full of this machine's own files becomes btrfs, the kernel and
# btrfs-progs judge the result, files are changed, and fsconvert -r turns it back.
#
#     demo.sh [FSCONVERT]
#
# DEMO_DIR    where the image is made, default /var/tmp; at most 60 % of the free space there is used
# DEMO_FILES  copy until there are this many files, default 200000,
# DEMO_MIB    or this much data, default 8192 MiB
#
# Nothing outside DEMO_DIR is written, and all of it is removed at the end.
set -euo pipefail
export LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin

here=$(dirname "$(realpath "$0")")
project=$(dirname "$here")
fsconvert=$(realpath "${1:-$project/build/fsconvert}")
files_wanted=${DEMO_FILES:-200000}
mib_wanted=${DEMO_MIB:-8192}
work=
mounted=

die() {
	printf 'demo: %s\n' "$*" >&2
	exit 1
}

say() {
	printf '\n== %s\n' "$*"
}

cleanup() {
	if [ -n "$mounted" ]; then
		umount "$mounted" || umount -l "$mounted" || :
	fi
	[ -z "$work" ] || rm -rf "$work"
}

mount_image() {
	mount -o "loop,$1" "$work/image" "$work/mnt" ||
		die "cannot mount the image: is a loop device free, and does the kernel know the file system?"
	mounted=$work/mnt
}

# The image is complete when its loop device is gone.
unmount_image() {
	local i
	umount "$work/mnt"
	mounted=
	for ((i = 0; i < 600; i++)); do
		[ -n "$(losetup -j "$work/image")" ] || return 0
		sleep 0.1
	done
	die "something still uses the image"
}

seconds_since() {
	awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f", to - from }'
}

used_mib() {
	df --output=used -B1M "$work/mnt" | tail -n 1 | tr -d ' '
}

used_inodes() {
	df --output=iused "$work/mnt" | tail -n 1 | tr -d ' '
}

# How much data the disk can take; less than wanted is said.
choose_size() {
	local free_mib
	free_mib=$(($(df --output=avail -B1M "$work" | tail -n 1) * 60 / 100))
	[ "$free_mib" -ge 256 ] || die "too little free space in ${work%/*}; set DEMO_DIR"
	if [ "$mib_wanted" -gt "$free_mib" ]; then
		echo "scaled down from $mib_wanted to $free_mib MiB, 60 % of what is free in ${work%/*}"
		mib_wanted=$free_mib
	fi
}

# The names of this machine's files, large ones left out once they no longer fit. Names with line breaks and sockets
# cannot be listed or copied this way.
choose_files() {
	local prune=() path
	for path in /proc /sys /dev /tmp /run /var/tmp /mnt /media "$project/build" "$work"; do
		prune+=(-path "$path" -prune -o)
	done
	find / -xdev "${prune[@]}" ! -type s ! -name '*
*' -printf '%b %p\n' 2> "$work/errors" | awk -v sectors=$((mib_wanted * 2048)) -v files="$files_wanted" '
		nr < files && sum + $1 <= sectors { nr++; sum += $1; sub(/^[0-9]+ /, ""); print }' > "$work/names" || :
	[ -s "$work/names" ] || die "found no files to copy"
}

make_image() {
	truncate -s $((mib_wanted + mib_wanted / 2 + 1024))M "$work/image"
	mke2fs -q -F -t ext4 -b 4096 -i 8192 -L demo "$work/image"
	mount_image noinit_itable
}

# Files that vanish or change while they are copied are no fault.
copy_files() {
	local tar_options=(--xattrs --xattrs-include='*' --acls)
	mkdir "$work/mnt/copy-1"
	{
		tar -C / -c -f - "${tar_options[@]}" --sparse --no-recursion --ignore-failed-read \
			--verbatim-files-from -T "$work/names" 2>> "$work/errors" || [ $? -eq 1 ]
	} | tar -C "$work/mnt/copy-1" -x -p -f - "${tar_options[@]}" 2>> "$work/errors" || :
	echo "copied $(used_inodes) files and folders of this machine, $(used_mib) MiB"
}

# A small machine: the same files again, until there are enough.
repeat_files() {
	local first_mib first_inodes nr=2
	first_mib=$(used_mib)
	first_inodes=$(used_inodes)
	while [ "$(used_inodes)" -lt "$files_wanted" ] && [ $(($(used_mib) + first_mib)) -le "$mib_wanted" ] &&
		[ $(($(used_inodes) + first_inodes)) -le $((files_wanted * 2)) ]; do
		cp -a "$work/mnt/copy-1" "$work/mnt/copy-$nr"
		nr=$((nr + 1))
	done
	[ "$nr" -eq 2 ] || echo "and again, $((nr - 1)) times in all: $(used_inodes) files, $(used_mib) MiB"
}

# What a system's files may not show.
add_special_files() {
	local dir=$work/mnt/special
	mkdir "$dir"
	head -c 30000000 /dev/urandom > "$dir/random"
	truncate -s 20G "$dir/sparse"
	printf end | dd of="$dir/sparse" bs=1 seek=21474836470 conv=notrunc status=none
	fallocate -l 20M "$dir/preallocated"
	ln "$dir/random" "$dir/second-name"
	ln -s "$(printf '%0300d' 7)" "$dir/long-symlink"
	mknod "$dir/device" b 259 70000
	mkfifo "$dir/fifo"
	touch -d '1960-01-01 12:00:00.123456789' "$dir/old"
	touch -d '2110-06-01 12:00:00.987654321' "$dir/future"
	setfattr -n user.note -v "$(printf '%01500d' 3)" "$dir/random"
	setfattr -n trusted.note -v hidden "$dir"
	setfacl -m u:1234:rx,g:4321:r,d:u:99:rwx "$dir"
	setfacl -m u:1234:rw "$dir/random"
	touch "$dir/"$'a name with a \n line break and \xff'
	chattr +Ad "$dir/old"
}

# manifest MOUNT-OPTIONS OUTPUT: what the kernel shows of the image, one line for each name.
manifest() {
	mount_image "ro,$1"
	python3 "$project/tests/lib/manifest.py" --exclude ext2_saved "$work/mnt" > "$work/$2"
	unmount_image
}

make_source() {
	choose_size
	choose_files
	make_image
	copy_files
	repeat_files
	add_special_files
	source_mib=$(used_mib)
	unmount_image
	e2fsck -fn "$work/image" > "$work/fsck" 2>&1 || { cat "$work/fsck"; die "the source is not sound"; }
	dumpe2fs "$work/image" > "$work/dump-before" 2>> "$work/errors"
}

convert() {
	local start=$EPOCHREALTIME
	"$fsconvert" "$work/image"
	convert_seconds=$(seconds_since "$start")
}

compare() {
	manifest subvolid=5 after
	if ! diff "$work/before" "$work/after" > "$work/diff"; then
		head -n 20 "$work/diff"
		die "the btrfs shows other files than the ext4 did"
	fi
	names=$(wc -l < "$work/before")
	echo "nothing differs in $names names"
}

check_result() {
	if ! btrfs check --check-data-csum "$work/image" > "$work/check" 2>&1; then
		cat "$work/check"
		die "btrfs check failed"
	fi
	grep -i 'no error found' "$work/check" || :
}

# What is written to the btrfs does not matter to the way back.
change_files() {
	mount_image noatime
	rm -rf "$work/mnt/special"
	head -c 100000000 /dev/urandom > "$work/mnt/new-file"
	unmount_image
	echo "a folder removed, a file of 100 MB made"
}

roll_back() {
	local start=$EPOCHREALTIME
	"$fsconvert" -r "$work/image"
	rollback_seconds=$(seconds_since "$start")
	e2fsck -fn "$work/image" > "$work/fsck" 2>&1 || { cat "$work/fsck"; die "the ext4 is not sound"; }
	dumpe2fs "$work/image" > "$work/dump-after" 2>> "$work/errors"
	cmp "$work/dump-before" "$work/dump-after"
	echo "superblock, descriptors and bitmaps are as they were"
	manifest noload after
	diff "$work/before" "$work/after" > "$work/diff" || die "the ext4 shows other files than before"
	echo "nothing differs in $names names"
}

conclude() {
	say "Summary"
	echo "converted    $names names, $source_mib MiB, in $convert_seconds s"
	echo "kernel       mounts it, and shows each name with the same content, owner, mode, times and attributes"
	echo "btrfs check  finds no error in metadata and data checksums"
	echo "fsconvert -r gives the ext4 back in $rollback_seconds s, as it was; e2fsck finds it sound"
}

[ -x "$fsconvert" ] || die "no $fsconvert: run make"
if [ "$(id -u)" -ne 0 ]; then
	echo "Mounting loop devices, copying files of all owners and making device nodes need root: asking sudo."
	exec sudo --preserve-env=DEMO_DIR,DEMO_FILES,DEMO_MIB "$here/${0##*/}" "$fsconvert"
fi
# Mounts of our own, or a namespace that somebody makes meanwhile would keep them in use. In a chroot it cannot be had.
if [ -z "${DEMO_UNSHARED:-}" ] && unshare --mount true 2>/dev/null; then
	DEMO_UNSHARED=1 exec unshare --mount "$here/${0##*/}" "$fsconvert"
fi
trap cleanup EXIT
trap 'exit 1' INT TERM HUP
work=$(mktemp -d "${DEMO_DIR:-/var/tmp}/fsconvert-demo.XXXXXX")
mkdir "$work/mnt"

say "An ext4 file system with this machine's own files"
make_source

say "What it holds, as the kernel shows it"
manifest noload before
echo "$(wc -l < "$work/before") names listed, with checksums of their content"

say "fsconvert: convert it in place"
convert

say "What it holds now, as the kernel shows it"
compare

say "btrfs check, with all data checksums"
check_result

say "The btrfs is used"
change_files

say "fsconvert -r: and back again"
roll_back

conclude

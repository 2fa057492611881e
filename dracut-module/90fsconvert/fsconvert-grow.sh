#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# rd.fsconvert.grow=yes: the partition of the root grows to the end of its disk before the conversion, which has more
# room then, and makes a btrfs that fills it. Whatever stands against that is said, and the conversion goes on without.
# POSIX sh with `local`, sourced beside fsconvert-lib.sh; needs sfdisk and partx.
# shellcheck disable=SC2154 # fsconvert_run of fsconvert-lib.sh

# where the kernel tells of disks
fsconvert_blocks=/sys/class/block

# fsconvert_number FILE: the number in it, 0 when there is none.
fsconvert_number() {
	local number
	number=0
	read -r number < "$1"
	printf '%s\n' "$number"
} 2> /dev/null

# fsconvert_room PARTITION-FOLDER: the sectors of 512 bytes behind it, up to the end of the disk; 0 when another one
# lies there.
fsconvert_room() {
	local start end other
	start=$(fsconvert_number "$1/start")
	end=$((start + $(fsconvert_number "$1/size")))
	for other in "${1%/*}"/*/start; do
		if [ "$(fsconvert_number "$other")" -gt "$start" ]; then
			printf '0\n'
			return 0
		fi
	done
	printf '%s\n' "$(($(fsconvert_number "${1%/*}/size") - end))"
}

# fsconvert_enlarge DEVICE DISK NUMBER: while the partition is open udev does not make the kernel read the whole table
# again, in which all partitions of the disk would go and come back.
fsconvert_enlarge() {
	{
		echo ', +' | sfdisk --quiet --force --no-reread --no-tell-kernel -N "$3" "$2" &&
			partx --update --nr "$3" "$2"
		udevadm settle --timeout=60
	} < "$1" > "$fsconvert_run/sfdisk" 2>&1
}

# fsconvert_grow DEVICE: the partition that it is. What a table needs at its end, and what is lost to rounding, is no
# room.
fsconvert_grow() {
	local folder disk before after line
	folder=$(readlink -f "$fsconvert_blocks/${1##*/}")
	disk=${folder%/*}
	disk=/dev/$(printf '%s' "${disk##*/}" | tr '!' '/')
	if ! [ -e "$folder/partition" ] || ! [ -b "$disk" ]; then
		fsconvert_say 4 "$1 is no partition of a disk, so it cannot be enlarged"
		return 0
	fi
	[ "$(fsconvert_room "$folder")" -gt 4096 ] || return 0
	before=$(fsconvert_number "$folder/size")
	fsconvert_enlarge "$1" "$disk" "$(fsconvert_number "$folder/partition")"
	fsconvert_settle "$1"
	after=$(fsconvert_number "$folder/size")
	if [ "$after" -gt "$before" ]; then
		fsconvert_say 5 "$1 was enlarged from $((before / 2048)) to $((after / 2048)) MiB"
	else
		while read -r line; do
			fsconvert_say 4 "$line"
		done < "$fsconvert_run/sfdisk"
		fsconvert_say 4 "$1 could not be enlarged"
	fi
	rm -f "$fsconvert_run/sfdisk"
}

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034,SC2154 # variables are shared with the other parts
#
# /etc/fstab of the systems on all devices, made to fit what the devices hold now. The program itself changes the line
# of the root that it converts; these are the lines of other file systems, and those in other roots. Sourced after the
# library, whose function for the type is replaced.

# Where distributions have the root of a system in a btrfs, as options of mount.
fstab_places='ro ro,subvol=@ ro,subvol=@rootfs ro,subvol=root ro,subvolid=5'

# fsconvert_spec_type SPEC: ext2, ext3, ext4 or btrfs, by what the device of an entry holds; false for others. Names of
# disks are left alone: the machine itself may count its disks differently.
fsconvert_spec_type() {
	local spec device
	# the library, which calls it in a subshell, does not want words of the file to become names of files
	set +f
	spec=$(printf '%b' "$1")
	device=$(find_matches "$spec")
	[ -b "$device" ] || return 1
	case $spec=$(probe_name "$device") in
	/*=dm-* | UUID=* | LABEL=* | PARTUUID=*) probe "$device" ;;
	*) return 1 ;;
	esac
	case $p_type in
	ext[234] | btrfs) printf '%s\n' "$p_type" ;;
	*) return 1 ;;
	esac
}

# fstab_fit_mounted TYPE OPTIONS DEVICE
fstab_fit_mounted() {
	local folder
	folder=$fsconvert_run/mnt
	mkdir -p "$folder"
	mount -t "$1" -o "$2" "$3" "$folder" 2> /dev/null || return 0
	if [ -f "$folder/etc/fstab" ] && [ ! -L "$folder/etc" ]; then
		fsconvert_fit_fstab "$folder"
	fi
	umount "$folder"
}

# fstab_fit DEVICE: where the kernel can mount it and would change nothing by that.
fstab_fit() {
	local place
	probe "$1"
	case $p_type:$p_clean in
	*:no) fsconvert_say 4 "$1 is not clean: /etc/fstab, if there is one, was not looked at" ;;
	ext[234]:yes) fstab_fit_mounted ext4 ro,errors=remount-ro "$1" ;;
	btrfs:yes)
		for place in $fstab_places; do
			fstab_fit_mounted btrfs "$place" "$1"
		done
		;;
	esac
}

# fstab_fit_all: when a device holds something else now.
fstab_fit_all() {
	local device interrupted
	[ -e "$fsconvert_run/changed" ] || return 0
	rm -f "$fsconvert_run/changed"
	[ "$(fsconvert_setting fstab)" != keep ] || return 0
	interrupted=" $(find_interrupted | tr '\n' ' ')"
	for device in $(find_devices); do
		case $interrupted in
		*" $device "*) ;;
		*) fstab_fit "$device" ;;
		esac
	done
	rmdir "$fsconvert_run/mnt"
}

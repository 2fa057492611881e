#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034,SC2154 # variables are shared with the other parts
# Which devices there are, and which of them a name means. Sourced.

# find_path KERNEL-NAME: the name that a person knows the device by.
find_path() {
	local name
	if read -r name < "/sys/class/block/$1/dm/name" && [ -e "/dev/mapper/$name" ]; then
		printf '/dev/mapper/%s\n' "$name"
	else
		printf '/dev/%s\n' "$1" | tr '!' /
	fi
} 2> /dev/null

# find_whole BLOCK: true when nothing is known to lie on it: no partitions, no member of anything.
find_whole() {
	local entry
	for entry in "$1"/holders/* "$1"/*/partition; do
		[ ! -e "$entry" ] || return 1
	done
}

# find_devices: all that can hold something, one a line.
find_devices() {
	local block name size
	for block in /sys/class/block/*; do
		name=${block##*/}
		case $name in
		loop[0-9]* | ram[0-9]* | zram[0-9]* | sr[0-9]* | fd[0-9]*) continue ;;
		esac
		size=0
		read -r size < "$block/size"
		if [ "${size:-0}" -gt 0 ] && find_whole "$block"; then
			find_path "$name"
		fi
	done
} 2> /dev/null

# find_interrupted: those on which a switch was interrupted.
find_interrupted() {
	local device block
	for device in $(fsconvert --scan 2> /dev/null); do
		block=$(probe_name "$device")
		if find_whole "/sys/class/block/$block"; then
			find_path "$block"
		fi
	done
}

# find_type TYPE: devices of this type.
find_type() {
	local device
	for device in $(find_devices); do
		probe "$device"
		[ "$p_type" != "$1" ] || printf '%s\n' "$device"
	done
}

# find_partuuid BLOCK: the PARTUUID of a partition, from the table of its disk.
find_partuuid() {
	local number disk sector entries entry
	read -r number < "$1/partition" || return 1
	disk=$(readlink -f "$1")
	disk=${disk%/*}
	read -r sector < "$disk/queue/logical_block_size" || return 1
	p_head=$(mktemp "$rescue_run/head.XXXXXX") || return 1
	dd if="/dev/${disk##*/}" of="$p_head" bs="$sector" count=2 2> /dev/null
	if [ "$(probe_hex "$sector" 8)" = 4546492050415254 ]; then
		entries=$(probe_number "$((sector + 72))" 8)
		entry=$(probe_number "$((sector + 84))" 4)
		dd if="/dev/${disk##*/}" of="$p_head" bs="$sector" skip="$entries" \
			count=$((entry * number / sector + 1)) 2> /dev/null
		find_guid "$(probe_hex "$((entry * (number - 1) + 16))" 16)"
	else
		printf '%08x-%02x\n' "$(probe_number 440 4)" "$number"
	fi
	rm -f "$p_head"
} 2> /dev/null

# find_guid HEX: the first three parts are little-endian on disk.
find_guid() {
	printf '%s\n' "$1" | sed -E 's/^(..)(..)(..)(..)/\4\3\2\1-/; s/-(..)(..)(..)(..)/-\2\1-\4\3-/;
		s/-(....)(.{12})$/-\1-\2/'
}

# find_matches NAME: the devices that a /dev/..., UUID=, LABEL= or PARTUUID= means, one a line.
find_matches() {
	local device wanted
	wanted=$(printf '%s' "${1#*=}" | tr -d '"')
	case $1 in
	/dev/*)
		[ ! -b "$1" ] || find_path "$(probe_name "$1")"
		return
		;;
	UUID=* | PARTUUID=*) wanted=$(printf '%s' "$wanted" | tr '[:upper:]' '[:lower:]') ;;
	esac
	for device in $(find_devices); do
		case $1 in
		PARTUUID=*)
			[ "$(find_partuuid "/sys/class/block/$(probe_name "$device")")" = "$wanted" ] || continue
			;;
		UUID=* | LABEL=*)
			probe "$device"
			case $1=$p_type in
			*=raid) continue ;;
			UUID=*) [ "$p_uuid" = "$wanted" ] || continue ;;
			LABEL=*) [ "$p_label" = "$wanted" ] || continue ;;
			esac
			;;
		*) continue ;;
		esac
		printf '%s\n' "$device"
	done
}

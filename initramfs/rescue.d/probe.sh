#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034,SC2154 # variables are shared with the other parts
#
# What a device holds, from a look at its first bytes (and its last, for members of arrays). Sourced.
#
# probe DEVICE sets
#
#     p_type    ext2, ext3, ext4, btrfs, LUKS, LVM, raid, or nothing when it is none of these
#     p_label   without control characters
#     p_uuid    as tools write it
#     p_size    bytes of the device
#     p_used    bytes in use, as the file system itself counts them
#     p_clean   yes, or no: e2fsck has to look at it first, or the kernel has a log to replay
#
# All is a first look only: fsconvert itself believes none of it.

rescue_run=/run/fsconvert/rescue

# probe_number OFFSET BYTES [FILE]: a little-endian number.
probe_number() {
	local number
	number=$(od -An -v "-tu$2" -j "$1" -N "$2" "${3:-$p_head}" 2> /dev/null)
	printf '%s' "${number##* }"
}

# probe_hex OFFSET BYTES [FILE]
probe_hex() {
	od -An -v -tx1 -j "$1" -N "$2" "${3:-$p_head}" 2> /dev/null | tr -d ' \n'
}

# probe_text OFFSET BYTES
probe_text() {
	dd if="$p_head" bs=1 skip="$1" count="$2" 2> /dev/null | tr '\0' '\n' | head -n 1 | tr -cd '\040-\176\200-\377'
}

# probe_uuid HEX
probe_uuid() {
	local rest a b c d
	rest=$1
	a=${rest%????????????????????????}
	rest=${rest#"$a"}
	b=${rest%????????????????????}
	rest=${rest#"$b"}
	c=${rest%????????????????}
	rest=${rest#"$c"}
	d=${rest%????????????}
	printf '%s-%s-%s-%s-%s' "$a" "$b" "$c" "$d" "${rest#"$d"}"
}

# probe_bytes DEVICE: its size.
probe_bytes() {
	local sectors
	sectors=0
	read -r sectors < "/sys/class/block/$(probe_name "$1")/size"
	printf '%s' "$((sectors * 512))"
} 2> /dev/null

# probe_name DEVICE: the kernel's name of it, whatever the node is called.
probe_name() {
	local link
	# shellcheck disable=SC2046 # two numbers
	set -- $(stat -L -c '0x%t 0x%T' "$1" 2> /dev/null)
	link=$(readlink -f "/sys/dev/block/$(($1)):$(($2))")
	printf '%s' "${link##*/}"
}

# Superblocks of arrays that lie at the end, so that the beginning looks like a file system.
probe_is_member() {
	local sectors begin tail version_1 version_0
	sectors=$((p_size / 512))
	[ "$sectors" -gt 256 ] || return 1
	begin=$((sectors - 256))
	tail=$p_head.tail
	dd if="$1" of="$tail" bs=512 skip="$begin" count=256 2> /dev/null || return 1
	version_1=$(((sectors - 16) / 8 * 8 - begin))
	version_0=$((sectors / 128 * 128 - 128 - begin))
	[ "$(probe_hex $((version_1 * 512)) 4 "$tail")" = fc4e2ba9 ] ||
		[ "$(probe_hex $((version_0 * 512)) 4 "$tail")" = fc4e2ba9 ] ||
		# of Intel's firmware
		[ "$(probe_hex $((254 * 512)) 10 "$tail")" = 496e74656c2052616964 ]
}

probe_ext() {
	local incompat compat block blocks free
	compat=$(probe_number 1116 4)
	incompat=$(probe_number 1120 4)
	# a journal of its own
	[ $((incompat & 8)) -eq 0 ] || return 0
	p_type=ext2
	[ $((compat & 4)) -eq 0 ] || p_type=ext3
	if [ $((incompat & ~0x1f)) -ne 0 ] || [ $(($(probe_number 1124 4) & ~7)) -ne 0 ]; then
		p_type=ext4
	fi
	p_uuid=$(probe_uuid "$(probe_hex 1128 16)")
	p_label=$(probe_text 1144 16)
	block=$((1024 << ($(probe_number 1048 4) & 15)))
	blocks=$(probe_number 1028 4)
	free=$(probe_number 1036 4)
	if [ $((incompat & 0x80)) -ne 0 ]; then
		blocks=$((blocks + ($(probe_number 1360 4) << 32)))
		free=$((free + ($(probe_number 1368 4) << 32)))
	fi
	p_used=$(((blocks - free) * block))
	if [ $((incompat & 4)) -eq 0 ] && [ $(($(probe_number 1082 2) & 3)) -eq 1 ]; then
		p_clean=yes
	else
		p_clean=no
	fi
}

probe_btrfs() {
	p_type=btrfs
	p_uuid=$(probe_uuid "$(probe_hex 65568 16)")
	p_label=$(probe_text 65835 256)
	p_used=$(probe_number 65656 8)
	p_clean=yes
	[ "$(probe_number 65632 8)" -eq 0 ] || p_clean=no
}

probe() {
	p_type='' p_label='' p_uuid='' p_used='' p_clean=''
	p_head=$(mktemp "$rescue_run/head.XXXXXX") || return
	p_size=$(probe_bytes "$1")
	if dd if="$1" of="$p_head" bs=4096 count=17 2> /dev/null; then
		if [ "$(probe_hex 65600 8)" = 5f42485266535f4d ]; then
			probe_btrfs
		elif [ "$(probe_hex 1080 2)" = 53ef ]; then
			probe_ext
		elif [ "$(probe_hex 0 6)" = 4c554b53babe ]; then
			p_type=LUKS
			p_uuid=$(probe_text 168 40)
		elif [ "$(probe_hex 512 8)" = 4c4142454c4f4e45 ]; then
			p_type=LVM
		elif [ "$(probe_hex 0 4)" = fc4e2ba9 ] || [ "$(probe_hex 4096 4)" = fc4e2ba9 ]; then
			p_type=raid
		fi
		if [ -n "$p_type" ] && probe_is_member "$1"; then
			p_type=raid
		fi
	fi
	rm -f "$p_head" "$p_head.tail"
}

# probe_hibernated DEVICE: a suspended system waits in this swap space to be resumed.
probe_hibernated() {
	case $(dd if="$1" bs=4096 count=1 2> /dev/null | tail -c 10 | tr -cd 'A-Z0-9') in
	S1SUSPEND | S2SUSPEND | ULSUSPEND | LINHIB*) return 0 ;;
	esac
	return 1
}

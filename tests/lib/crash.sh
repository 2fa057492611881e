#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sources, write logs and sweeps for the tests of power cuts. Source it instead of lib.sh. Images are kept in memory
# when there is enough of it.
if [ -z "${TMPDIR:-}" ] && [ "$(df --output=avail -k /dev/shm 2> /dev/null | tail -n 1)" -gt 3000000 ]; then
	export TMPDIR=/dev/shm
fi
# shellcheck source=tests/lib/features.sh
. "$(dirname "${BASH_SOURCE[0]}")/features.sh"

crash=$PWD/tests/crash
counts=${CRASH_COUNTS:-$work/counts}
[ -x "$FSCONVERT_DEBUG" ] || fail "no $FSCONVERT_DEBUG: run make debug"

# crash_source SIZE MKE2FS-OPTION...: $work/source with a tree of all kinds of files, and $work/unwritten.
crash_source() {
	mkext "$work/source" "$@"
	crash_fill
}

# crash_fill POPULATE-OPTION...: files of all kinds, and so much data that ext uses the place of the second btrfs
# superblock.
# shellcheck disable=SC2120
crash_fill() {
	local i=0
	mount_image ext4 noinit_itable "$work/source"
	"$lib/populate.py" --quick --skip manylinks --skip collisions --skip large "$@" "$mnt"
	while sync -f "$mnt" && debugfs -R 'testb 16384' "$loop" 2>&1 | grep -q 'not in use'; do
		i=$((i + 1))
		head -c 4M /dev/urandom > "$mnt/filler$i"
	done
	crash_remember
	umount_image
}

# The file system is mounted.
crash_remember() {
	sync -f "$mnt"
	"$lib/usedblocks.py" unwritten "$mnt" > "$work/unwritten"
}

# logged IMAGE ARGUMENT...: runs the debug build on a copy of the image; the writes are in $work/log, the copy is
# $work/done.
logged() {
	local image=$1
	shift
	cp --sparse=always "$image" "$work/done"
	FSCONVERT_FAULT=log=$work/log "$FSCONVERT_DEBUG" "$@" "$work/done" > "$work/output" 2>&1 ||
		fail "$* ends with $?: $(tail -n 5 "$work/output")"
}

# states "PROGRAM [COMMAND]" NAME OPTION...: sweep.py, faults.py or outside.py with what all calls share.
states() {
	local program name=$2 ended=0
	read -ra program <<< "$1"
	shift 2
	"$crash/${program[0]}" "${program[@]:1}" --name "$name" --fsconvert "$FSCONVERT" \
		--debug "$FSCONVERT_DEBUG" --source "$work/source" \
		--unwritten "$work/unwritten" --log "$work/log" --work "$work/states" --counts "$counts" "$@" ||
		ended=$?
	[ "$ended" -lt 128 ] || fail "$name: ended by signal $((ended - 128))"
	[ "$ended" -eq 0 ] || fail "$name: power cuts lose data, or the test itself fails; see above"
}

# The state after a conversion, used for a while: $work/converted.
crash_used() {
	cp --sparse=always "$work/done" "$work/converted"
	mount_image btrfs rw "$work/converted"
	use_for_a_while
	umount_image
	# somebody installed another boot loader
	head -c 1024 /dev/urandom | dd of="$work/converted" conv=notrunc status=none
}

# round_trip NAME OPTION...: power cuts in the conversion of $work/source, then in its roll back after some use.
round_trip() {
	local name=$1
	shift
	say "$name: conversion"
	logged "$work/source"
	states sweep.py "$name convert" --base "$work/source" "$@"
	crash_used
	say "$name: roll back"
	logged "$work/converted" -r
	states sweep.py "$name rollback" --base "$work/converted" --btrfs "$work/converted" "$@"
	rm -f "$work/converted" "$work/done" "$work/log"
}

# The sums of all sweeps so far.
crash_sums() {
	awk '{ for (i = 2; i <= NF; i++) sum[i] += $i }
		END { printf "sum: tried %d, old %d, new %d, resumed %d, undone %d, lost %d, ambiguous %d, judged %d\n",
			sum[2], sum[3], sum[4], sum[5], sum[6], sum[7], sum[8], sum[9] }' "$counts"
}

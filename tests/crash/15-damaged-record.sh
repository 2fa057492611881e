#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# An interrupted switch on a device that has lost more than power: one copy of the record, both, or what is kept aside
# of the old file system. Where resume cannot do what it is asked, it says so with status 4 and changes nothing; the
# other direction still works where its part is whole.
# shellcheck source=tests/lib/crash.sh
. "$(dirname "$0")/../lib/crash.sh"

# armed IMAGE WRITES ARGUMENT...: $work/armed, cut so many writes after the record; $record is the record's address.
armed() {
	local image=$1 writes=$2 before
	shift 2
	logged "$image" "$@"
	cp --sparse=always "$image" "$work/armed"
	read -r before record < <("$crash/loginfo.py" "$work/log")
	FSCONVERT_FAULT=cut_write=$((before + writes + 1)) "$FSCONVERT_DEBUG" "$@" "$work/armed" \
		> "$work/output" 2>&1 || :
}

damage() {
	dd if=/dev/urandom of="$work/case" bs=512 seek=$(($1 / 512)) count="${2:-1}" conv=notrunc status=none
}

# resumes STATUS OPTION...: from $work/case; with status 4 nothing may change.
resumes() {
	local want=$1
	shift
	cp --sparse=always "$work/case" "$work/before"
	conv --resume "$@" "$work/case"
	[ "$status" -eq "$want" ] || fail "resume $*: status $status, not $want: $(cat "$work/log")"
	[ "$want" -ne 4 ] || cmp -s "$work/before" "$work/case" || fail "resume $*: it has changed the device"
}

is_ext() {
	"$lib/usedblocks.py" compare --unwritten "$work/unwritten" "$work/source" "$work/case" > "$work/used" ||
		fail "not the source: $(head -n 3 "$work/used")"
	e2fsck_report "$work/case" | grep -qx 'status 0' || fail 'e2fsck finds errors'
}

is_btrfs() {
	# not the checksums of data: part of the saved image is what was damaged
	btrfs check "$work/case" > "$work/check" 2>&1 || fail "btrfs check: $(tail -n 5 "$work/check")"
	mount_image btrfs ro "$work/case"
	umount_image
}

fresh() {
	say "$*"
	cp --sparse=always "$work/armed" "$work/case"
}

# cases NEEDS_COPIES OTHER: the option for the direction that needs what is kept aside, and that which does not.
cases() {
	local needs=$1 other=$2 source
	source=$("$crash/loginfo.py" --source "$work/armed" "$record")
	fresh 'the first copy of the record is damaged'
	damage "$record" 64
	resumes 0
	fresh 'the second copy is damaged'
	damage $((record + 32768)) 64
	resumes 0 --undo
	fresh 'both copies are damaged'
	damage $((record + 512))
	damage $((record + 32768))
	resumes 4
	resumes 4 --undo
	fresh 'what is kept of the old file system is damaged'
	damage "$source"
	# shellcheck disable=SC2086
	resumes 4 $needs
	# shellcheck disable=SC2086
	resumes 0 $other
	is_btrfs
}

crash_source 160M -t ext4 -g 8192
for writes in 1 3; do
	armed "$work/source" "$writes"
	cases --undo ''
	fresh 'nothing is damaged'
	resumes 0 --undo
	is_ext
done
logged "$work/source"
cp --sparse=always "$work/done" "$work/converted"
for writes in 1 8; do
	armed "$work/converted" "$writes" -r
	cases '' --undo
	fresh 'nothing is damaged'
	resumes 0
	is_ext
done

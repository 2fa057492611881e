#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The program as it is shipped on a device of QEMU, which logs the writes and makes them fail: the same judgement as
# inside, without our own device layer; from some of the states the resume runs on such a device too, and is cut in its
# turn. And kill -9 at random moments, then once more.
# shellcheck source=tests/lib/crash.sh
. "$(dirname "$0")/../lib/crash.sh"
requires command -v qemu-storage-daemon
[ -c /dev/fuse ] || skip 'needs /dev/fuse'

# outside NAME IMAGE VERB OPTION...: power cuts and faults of one run.
outside() {
	local name=$1 image=$2 verb=$3
	shift 3
	say "$name"
	"$crash/outside.py" record --fsconvert "$FSCONVERT" --base "$image" --done "$work/done" --log "$work/log" \
		--work "$work/states" -- "${arguments[@]}" || fail "$name ends with an error"
	states sweep.py "outside: $name" --base "$image" --outside --depth 1 --share 0.15 --nested 4 --count 60 "$@"
	states "outside.py faults" "outside: faults of $name" --base "$image" --verb "$verb" "$@"
}

crash_source 160M -t ext4 -g 8192
arguments=()
outside convert "$work/source" convert
crash_used
arguments=(-r)
outside rollback "$work/converted" rollback --btrfs "$work/converted"
crash_sums

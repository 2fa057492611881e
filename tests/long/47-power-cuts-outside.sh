#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Power cuts in a conversion, a roll back, the resume of both, and the resume of these, all of them by the program as it
# is shipped on a device of QEMU that logs the writes.
# shellcheck source=tests/lib/crash.sh
. "$(dirname "$0")/../lib/crash.sh"
requires command -v qemu-storage-daemon
[ -c /dev/fuse ] || skip 'needs /dev/fuse'

# outside NAME IMAGE ARGUMENT...: $options are for the sweep.
outside() {
	local name=$1 image=$2
	shift 2
	say "$name"
	"$crash/outside.py" record --fsconvert "$FSCONVERT" --base "$image" --done "$work/done" --log "$work/log" \
		--work "$work/states" -- "$@" || fail "$name ends with an error"
	states sweep.py "outside, twice resumed: $name" --base "$image" --outside --depth 2 --count 100 --nested 6 \
		--share 0.3 "${options[@]}"
}

crash_source 160M -t ext4 -g 8192
options=()
outside convert "$work/source"
crash_used
options=(--btrfs "$work/converted")
outside rollback "$work/converted" -r
crash_sums

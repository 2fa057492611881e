# shellcheck shell=bash disable=SC2154 # variables of lib.sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Power cuts: the program runs here, on a device that records writes and flushes, and the guest gets a disk as a cut
# between two flushes leaves it. Part of lib.sh.

# boot_record IMAGE NAME ARGUMENT...: runs fsconvert on the root of a disk, or on a copy of such a root, and records
# what it writes: $work/NAME.source is the root before, NAME.done after, NAME.log the record.
boot_record() {
	local image=$1 name=$2
	shift 2
	if [ "$image" = "$disk" ]; then
		dd if="$disk" of="$work/$name.source" bs=1M skip="$((boot_start_root / 2048))" \
			count="$((boot_sectors_root / 2048))" conv=sparse status=none
	else
		cp --sparse=always "$image" "$work/$name.source"
	fi
	mkdir -p "$work/export"
	tests/crash/outside.py record --fsconvert "$FSCONVERT" --base "$work/$name.source" --done "$work/$name.done" \
		--log "$work/$name.log" --work "$work/export" -- "$@" || fail "the recorded run fails"
}

# boot_armed NAME: the array $armed gets the numbers of epochs of the record after which the device is marked, $epochs
# how many epochs there are.
boot_armed() {
	local name=$1 number
	epochs=$("$boot_tests/cut.py" count "$work/$name.log")
	armed=()
	for ((number = epochs > 12 ? epochs - 12 : 0; number <= epochs; number++)); do
		cp --sparse=always "$work/$name.source" "$work/state"
		"$boot_tests/cut.py" apply "$work/$name.log" "$number" "$work/state" 0
		conv --status "$work/state"
		[ "$status" -ne 4 ] || armed+=("$number")
	done
	rm "$work/state"
	[ ${#armed[@]} -gt 0 ] || fail "no state of $name is marked"
}

# boot_cut NAME NUMBER: the root of $disk becomes what a power cut after that many epochs leaves.
boot_cut() {
	dd if="$work/$1.source" of="$disk" bs=1M seek="$((boot_start_root / 2048))" conv=notrunc status=none
	"$boot_tests/cut.py" apply "$work/$1.log" "$2" "$disk" "$((boot_start_root * 512))"
}

# boot_unclear NAME: the root of $disk becomes a state of the record in which it has two superblocks, so that it cannot
# be found by its UUID.
boot_unclear() {
	local number
	boot_armed "$1"
	for number in "${armed[@]}"; do
		boot_cut "$1" "$number"
		[ "$(with_root show_type)" != unclear ] || return 0
	done
	fail "the root can be found by its UUID at every moment"
}

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A power cut after each flush of the switch, to btrfs and back to ext. The next boot, which asks for nothing, ends with
# a whole system.
# shellcheck source=tests/boot/lib.sh
. "$(dirname "$0")/../boot/lib.sh"
[ -c /dev/fuse ] || skip 'needs /dev/fuse'
flavours=(plain systemd)

# all_cuts NAME BEFORE AFTER: BEFORE and AFTER are the types at both ends.
all_cuts() {
	local name=$1 before=$2 after=$3 number type
	boot_armed "$name"
	for ((number = armed[0] - 1; number <= epochs; number++)); do
		boot_cut "$name" "$number"
		boot "${flavours[number % 2]}"
		type=$(guest root)
		type=${type%% *}
		case $number in
		"$((armed[0] - 1))") [ "$type" = "$before" ] || boot_fail "after $number epochs: $type" ;;
		*) [ "$type" = "$after" ] || boot_fail "after $number epochs: $type" ;;
		esac
		expect_root "$type"
		with_root "check_${type%[234]}"
	done
}

boot_disk
boot_record "$disk" convert
all_cuts convert ext4 btrfs
boot_record "$work/convert.done" rollback -r
all_cuts rollback btrfs ext4

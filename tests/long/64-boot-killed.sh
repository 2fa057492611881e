#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The machine is switched off again and again, at random moments of conversions and roll backs, and always comes back
# with a whole system.
# shellcheck source=tests/boot/lib.sh
. "$(dirname "$0")/../boot/lib.sh"
flavours=(plain systemd)

boot_disk
for ((round = 1; round <= ${BOOT_KILLS:-6}; round++)); do
	flavour=${flavours[round % 4 == 0]}
	case $(with_root show_type) in
	btrfs) action=rollback ;;
	*) action=root ;;
	esac
	boot_kill "$flavour" "$((RANDOM % 2500))" "rd.fsconvert=$action"
	boot "$flavour"
	type=$(guest root)
	expect_root "${type%% *}"
	type=$(with_root show_type)
	with_root "check_${type%[234]}"
	boot plain "rd.fsconvert=$action"
	case $action in
	root) expect_root btrfs ;;
	*) expect_root ext4 ;;
	esac
done

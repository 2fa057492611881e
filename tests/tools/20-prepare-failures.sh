#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fsconvert-prepare fails at each step in turn: it says so, and all is as before. It is killed in each step in turn: the
# machine boots from what is there; --undo brings back every byte, and so does --undo after another run has finished the
# work.
# shellcheck disable=SC2119 # without arguments
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# fails_at CALL: the picture was kept before.
fails_at() {
	FAIL=$1 prepare
	expect_status 1
	expect_said 'what was done is now undone'
	expect_picture "failure of $1"
}

killed_at() {
	KILL=$1 prepare
	[ "$status" -ge 128 ] || fail "$1 did not kill: $status"
	expect_boots
	# update-initramfs would write it anew
	rm -f "$root"/boot/*.new
	run fsconvert-prepare --undo --yes
	expect_status 0
	expect_picture "undo after $1 was killed"
	KILL=$1 prepare
	prepare
	expect_status 0
	expect_said 'An earlier run was interrupted'
	expect_boots
	run fsconvert-prepare --undo --yes
	expect_status 0
	expect_picture "undo of what was finished after $1 was killed"
}

machine initramfs-tools bios
keep_picture
for call in 'update-initramfs 1' 'update-initramfs 2' 'lsinitramfs 1' 'dracut 1' 'dracut 2' 'lsinitrd 1' \
	'grub-install 1' 'grub-mkconfig 1' 'grub-reboot 1'; do
	say "initramfs-tools: $call fails"
	fails_at "$call"
done
for call in 'update-initramfs 2' 'dracut 1' 'grub-install 1' 'grub-mkconfig 1' 'grub-reboot 1'; do
	say "initramfs-tools: $call is the end"
	killed_at "$call"
done

machine dracut efi
keep_picture
for call in 'dracut 2' 'dracut 3' 'grub-install 2' 'grub-mkconfig 1'; do
	say "dracut, UEFI: $call fails"
	fails_at "$call"
done
for call in 'dracut 3' 'grub-install 2'; do
	say "dracut, UEFI: $call is the end"
	killed_at "$call"
done

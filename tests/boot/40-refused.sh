#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Where it is not to be converted the machine boots its ext root as if nothing had been asked, and says why.
# shellcheck source=tests/boot/lib.sh
. "$(dirname "$0")/lib.sh"

# refused REGEX: the last boot.
refused() {
	expect_root ext4
	expect_said "$1"
}

make_folder() {
	mkdir "$mnt/var/locked"
}

encrypt_folder() {
	tune2fs -O encrypt "$loop"
	debugfs -w -R 'set_inode_field /var/locked flags 0x80800' "$loop"
}

hibernate() {
	printf 'S1SUSPEND\0' | dd of="$loop" bs=1 seek=4086 conv=notrunc status=none
}

boot_disk
boot_edit make_folder
with_root encrypt_folder
boot systemd rd.fsconvert=root
refused 'encrypt'
expect_result '"status":"refused","exit":3'
expect_guest service active
grep -q 'encrypt' <<< "$(guest status)" || boot_fail "systemctl status does not show the reason"

say 'a hibernated system'
boot_disk
with_swap hibernate
boot plain rd.fsconvert=root
refused 'a hibernated system waits on /dev/vda2'
expect_result '"status":"refused"'

say 'a key that does not exist'
boot plain rd.fsconvert=root rd.fsconvert.colour=blue
refused 'colour'
with_root check_ext

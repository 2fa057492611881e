#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The same without systemd in the initramfs, with dash as its shell: a root by its label, which was cut off in the
# middle of writing. Its journal is replayed first. The argument stays on the command line.
# shellcheck source=tests/boot/lib.sh
. "$(dirname "$0")/lib.sh"

# A copy of the disk as it is while the root is mounted: what was written last is in the journal only.
cut_while_writing() {
	echo content > "$mnt/late"
	mkdir "$mnt/later"
	sync -f "$mnt"
	cp --sparse=always "$disk" "$disk.cut"
}

boot_disk
boot_edit cut_while_writing
mv "$disk.cut" "$disk"
with_root show_features > "$work/features"
grep -q needs_recovery "$work/features" || fail "the journal is empty"

root_argument=root=LABEL=guest-root
boot plain rootfstype=ext4 rootflags=data=ordered rd.fsconvert=root
expect_root btrfs
expect_result '"status":"converted","exit":0'

say 'again: nothing is left to do'
boot plain rootfstype=ext4 rootflags=data=ordered rd.fsconvert=root
expect_root btrfs
expect_guest result ''

was_written() {
	grep -q content "$mnt/late"
	[ -d "$mnt/later" ]
}
boot_edit was_written

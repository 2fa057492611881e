#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A raw cloud image converted inside of the file, with the old file system kept in it: a roll back is possible before
# the first boot; on a larger disk it boots by BIOS, and the user-data of this project deletes what was kept.
# shellcheck source=tests/boot/cloud.sh
. "$(dirname "$0")/../boot/cloud.sh"

# saved_checks: the root of $disk, at $loop, can go back; this writes nothing.
saved_checks() {
	"$FSCONVERT" --check -r "$loop" || fail "there is no way back"
	check_btrfs
}

cloud_disk
"$cloud_tool" --now "$disk"
attach "$disk" --offset "$((cloud_start_root * 512))" --sizelimit "$((cloud_sectors_root * 512))"
saved_checks
detach
truncate -s +1G "$disk"
cloud_seed configs/cloud-init/user-data

cloud_boot
expect_cloud
expect_guest result ''
expect_said '[0-9]+ bytes .* were freed'
expect_guest saved ''

cloud_boot
expect_cloud
expect_guest left '/etc/fsconvert.conf /etc/fstab.fsconvert-orig '

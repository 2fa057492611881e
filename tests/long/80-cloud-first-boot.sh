#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A cloud image prepared without booting it, on a disk that is larger: the first boot, by a BIOS, converts the root onto
# the whole disk before cloud-init, which then frees the space of the old file system. The second boot finds nothing to
# do.
# shellcheck source=tests/boot/cloud.sh
. "$(dirname "$0")/../boot/cloud.sh"

cloud_disk
before=$(sha256sum < "$disk")
"$cloud_tool" --output="$work/prepared" "$disk"
[ "$(sha256sum < "$disk")" = "$before" ] || fail "the image was changed, although the output is another file"
mv "$work/prepared" "$disk"
with_cloud_root cp "$mnt/etc/grub.d/42_fsconvert" "$mnt/boot/grub/grub.cfg" "$work"
grep -q 'inside = 0; done = 1' "$work/42_fsconvert" || fail "the script for GRUB's menu is not whole"
grep -q '^menuentry .* --id fsconvert {$' "$work/grub.cfg" || fail "GRUB's menu has no entry"
truncate -s +1G "$disk"
cloud_seed configs/cloud-init/user-data

cloud_boot
expect_said 'was enlarged from 1100 to 2124 MiB'
expect_result '"status":"converted","exit":0'
expect_said '[0-9]+ bytes .* were freed'
expect_cloud
expect_guest saved ''
grep -qE "^PARTUUID=$root_partuuid / btrfs rw,discard,x-systemd.growfs " <<< "$(guest fstab)" ||
	boot_fail "the root's line in fstab is another"
expect_guest mounted '/boot/efi vfat'

cloud_boot
expect_cloud
expect_guest result ''
expect_guest left '/etc/fsconvert.conf /etc/fstab.fsconvert-orig '

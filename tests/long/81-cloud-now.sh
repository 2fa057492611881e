#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A cloud image in qcow2, converted inside of the file: it stays a compressed qcow2 and gets no trace of the conversion.
# On a larger disk it boots by UEFI, and cloud-init enlarges partition and btrfs. The second boot finds nothing to do.
# shellcheck source=tests/boot/cloud.sh
. "$(dirname "$0")/../boot/cloud.sh"

cloud_disk
cloud_uefi
image=$work/image.qcow2
qemu-img convert -c -O qcow2 "$disk" "$image"
chmod 0640 "$image"
"$cloud_tool" --now --finalize "$image"
[ "$(stat -c %a "$image")" = 640 ] || fail "the image has another mode"
qemu-img check --output=json "$image" > "$work/check" || fail "the image is damaged: $(cat "$work/check")"
grep -q '"compressed-clusters": [1-9]' "$work/check" || fail "the image is no compressed qcow2 any more"
[ -z "$(find "$work" -name '.fsconvert*')" ] || fail "something was left beside the image"
qemu-img convert -O raw "$image" "$disk"
with_cloud_root find "$mnt" -xdev -name '*fsconvert*' ! -name fsconvert.service > "$work/left"
[ ! -s "$work/left" ] || fail "left in the image: $(cat "$work/left")"
truncate -s +1G "$disk"
printf '#cloud-config\n' > "$work/user-data"
cloud_seed "$work/user-data"

cloud_boot
expect_cloud
expect_guest result ''
expect_guest saved ''
grep -qE "^PARTUUID=$root_partuuid / btrfs rw,discard,x-systemd.growfs " <<< "$(guest fstab)" ||
	boot_fail "the root's line in fstab is another"

cloud_boot
expect_cloud

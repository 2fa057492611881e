#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Each way to name the root and each way to configure the conversion, with systemd in the initramfs and without.
# shellcheck source=tests/boot/lib.sh
. "$(dirname "$0")/../boot/lib.sh"

# converts FLAVOUR ROOT ARGUMENT...: and boots again without them.
converts() {
	local flavour=$1
	root_argument=root=$2
	shift 2
	boot_disk
	boot "$flavour" rd.fsconvert=root "$@"
	expect_root btrfs
	expect_result '"status":"converted","exit":0'
	boot "$flavour"
	expect_root btrfs
	expect_guest result ''
}

converts systemd "PARTUUID=$root_partuuid" rd.fsconvert.checksum=xxhash rd.fsconvert.features=block-group-tree
converts plain "PARTUUID=$root_partuuid" rd.fsconvert.checksum=sha256 rootflags=errors=remount-ro
converts systemd "$root_device" rd.fsconvert.checksum=blake2 rd.fsconvert.nodesize=64k
converts plain "$root_device" rd.fsconvert.metadata=single rd.fsconvert.datasum=no
converts systemd LABEL=guest-root rw rootflags=data=ordered
converts plain "UUID=$root_uuid" rw rootfstype=ext4

say 'with another label and file of configuration'
boot_disk
root_argument=root=UUID=$root_uuid
echo 'checksum = xxhash' > "$work/other.conf"
"$boot_tests/build-overlay.sh" "$overlay" "$work/other.conf=/etc/other.conf"
boot plain rd.fsconvert=root rd.fsconvert.config=/etc/other.conf '"rd.fsconvert.label=a new label"'
expect_root btrfs
expect_result '"checksum":"xxhash64"'
expect_result '"label":"a new label"'

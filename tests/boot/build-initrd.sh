#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs the dracut of a guest system made by build-root.sh:
#
#     build-initrd.sh FOLDER OUTPUT DRACUT-OPTION...
#
# The module fsconvert and the program of this tree are in the result, as they are now; tests put their newest state on
# top with build-overlay.sh. Runs as root; what it mounts is in a name space of its own, and goes away with it.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ -z "${OWN_NAMESPACE:-}" ]; then
	exec env OWN_NAMESPACE=1 tests/lib/own-mounts.sh "$0" "$@"
fi
folder=$1
output=$2
shift 2
unset TMPDIR # the guest does not have it
root=$folder/root
module=$root/usr/lib/dracut/modules.d/90fsconvert
version=$(cat "$folder/version")

leave() {
	! mountpoint -q "$module" || umount "$module"
	rmdir "$module"
}

mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount --rbind /dev "$root/dev"
for name in tmp run var/tmp usr/local; do
	mount -t tmpfs tmpfs "$root/$name"
done
install -D -m 0755 build/fsconvert "$root/usr/local/sbin/fsconvert"
install -D -m 0755 "${DEPS:-build/deps}/sbin/e2fsck" "$root/usr/local/libexec/fsconvert/e2fsck"
mkdir -p "$module"
trap leave EXIT
mount --bind dracut-module/90fsconvert "$module"
chroot "$root" dracut --force --kver "$version" --no-hostonly --no-hostonly-cmdline --no-early-microcode --zstd \
	--add-drivers 'virtio_blk virtio_pci' --filesystems 'ext4 btrfs' "$@" /run/initrd 2>&1 |
	grep -v 'cannot execute.*systemd-detect-virt' || :
cp "$root/run/initrd" "$output.new"
mv "$output.new" "$output"

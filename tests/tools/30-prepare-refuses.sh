#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What fsconvert-prepare refuses, and what it warns of: with the reason, and with nothing changed.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# refused REGEX [ARGUMENT...]
refused() {
	local reason=$1
	shift
	keep_picture
	prepare "$@"
	expect_status 3
	expect_said "$reason"
	expect_said 'nothing was changed'
	expect_picture "refusal of $reason"
}

setting() {
	printf '%s\n' "$1" >> "$root/fake/settings"
}

machine initramfs-tools bios

say "questions and options"
keep_picture
run fsconvert-prepare
expect_status 3
expect_said 'repeat with --yes'
run fsconvert-prepare --frobnicate
expect_status 2
expect_said 'unknown option --frobnicate'
for tool in fsconvert-prepare fsconvert-finalize; do
	run "$tool" --help
	expect_status 0
	diff <(grep -oE '^  --[a-z-]+' <<< "$said" | tr -d ' ' | sort) \
		<(awk '/^\.SH / { on = $2 == "OPTIONS" } on && tag { gsub(/\\/, ""); sub(/=.*/, ""); print $2 }
			{ tag = /^\.TP/ }' "docs/$tool.8" | sort) || fail "the manual page of $tool has other options"
done
run setpriv --reuid 65534 fsconvert-prepare
expect_status 3
expect_said 'only root'
expect_picture "wrong options"

say "the root"
setting FAKE_TYPE=xfs
refused 'is xfs, not ext2, ext3 or ext4'
setting FAKE_TYPE=btrfs
refused 'is btrfs already'
setting FAKE_TYPE=ext4
mkdir -p "$root/ostree/repo"
refused 'ostree'
rm -r "$root/ostree"

say "kernels"
mv "$root/usr/lib/modules/$kernel_old/modules.builtin" "$work/builtin"
: > "$root/usr/lib/modules/$kernel_old/modules.builtin"
prepare --dry-run
expect_status 0
expect_said "warning|kernel $kernel_old has no btrfs"
expect_said "Kernels: $kernel_new;"
: > "$root/usr/lib/modules/$kernel_new/modules.builtin"
refused 'no installed kernel can mount btrfs'
cp "$work/builtin" "$root/usr/lib/modules/$kernel_new/modules.builtin"
cp "$work/builtin" "$root/usr/lib/modules/$kernel_old/modules.builtin"
FAKE_KERNEL=6.1.0-99-gone prepare --dry-run
expect_said "the running kernel 6.1.0-99-gone is not among those"
expect_said "the one that converts: $kernel_new"

say "programs"
mv "$root/usr/local/bin/dracut" "$work"
refused 'apt install --no-install-recommends dracut-core'
mv "$work/dracut" "$root/usr/local/bin"
mv "$root/usr/lib/dracut/modules.d/90fsconvert" "$work/module"
refused 'dracut has no module fsconvert'
mv "$work/module" "$root/usr/lib/dracut/modules.d/90fsconvert"
mv "$root/usr/local/sbin/fsconvert" "$work"
refused 'the program fsconvert does not run'
mv "$work/fsconvert" "$root/usr/local/sbin"

say "room"
printf '#!/bin/sh\nprintf "h\\n/dev/vda1 1 1 1000\\n"\n' > "$work/df"
chmod +x "$work/df"
cp "$root/usr/local/bin/df" "$work/df.old"
cp "$work/df" "$root/usr/local/bin/df"
refused '/boot has 0 MiB free' --no-check
cp "$work/df.old" "$root/usr/local/bin/df"

say "swap files"
: > "$root/swapfile"
echo '/swapfile none swap sw 0 0' >> "$root/etc/fstab"
refused '/swapfile is a swap file'
echo 'refuse-swap-files = no # they are made anew' > "$root/etc/fsconvert.conf"
prepare --dry-run
expect_status 0
expect_said '- /swapfile is a swap file'
sed -i '/swapfile/d' "$root/etc/fstab"

say "the configuration"
echo 'nodesize = 3' > "$root/etc/fsconvert.conf"
refused 'does not accept its configuration.*fsconvert.conf'
rm "$root/etc/fsconvert.conf"

say "boot loaders"
dd if=/dev/zero of="$disk" bs=440 count=1 conv=notrunc status=none
refused 'none of the disks that /boot lies on begins with GRUB'
printf 'old boot code GRUB' | dd of="$disk" conv=notrunc status=none
mv "$root/usr/lib/grub/i386-pc" "$work/i386-pc"
refused 'package grub-pc'
mv "$work/i386-pc" "$root/usr/lib/grub/i386-pc"
mv "$root/boot/grub" "$work/grub"
mkdir "$root/boot/extlinux"
refused 'the boot loader is not known \(found /boot/extlinux\)'
prepare --boot-loader=none --dry-run
expect_status 0
mv "$work/grub" "$root/boot/grub"
rmdir "$root/boot/extlinux"

say "power"
mkdir "$root/sys/class/power_supply/"{BAT0,AC}
echo Battery > "$root/sys/class/power_supply/BAT0/type"
echo Mains > "$root/sys/class/power_supply/AC/type"
echo 0 > "$root/sys/class/power_supply/AC/online"
prepare --dry-run
expect_said 'runs on battery'
echo 1 > "$root/sys/class/power_supply/AC/online"
prepare --dry-run
! grep -q battery <<< "$said" || fail "battery with mains"

say "Secure Boot with a GRUB that cannot read btrfs"
machine initramfs-tools efi
printf '\0\0\0\0\001' > "$root/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
refused 'with Secure Boot it cannot be'

say "the verdict of fsconvert: a feature that is not supported, and no room"
machine_content() {
	mkext "$work/part" 200M -O extents,bigalloc
}
machine dracut bios
refused 'fsconvert would refuse: /dev/vda1: feature bigalloc'
machine_content() {
	attach "$work/part"
	mount "$loop" "$mnt"
	dd if=/dev/zero of="$mnt/full" bs=1M status=none 2> "$work/full" || :
	umount "$mnt"
	detach
}
machine dracut bios
refused 'fsconvert would refuse: /dev/vda1: not enough free space'
prepare --no-check --dry-run
expect_status 0

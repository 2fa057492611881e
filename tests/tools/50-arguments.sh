#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Arguments of the kernel that only ext understands, wherever they are kept: removed so that ext and btrfs boot, with
# everything else untouched, and put back by --undo.
# shellcheck disable=SC2119 # without arguments
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# becomes FILE, with the expected content on standard input.
becomes() {
	diff "$root$1" - || fail "$1 is not what it should be"
}

machine dracut bios
cat > "$root/etc/default/grub" << 'EOF'
# rootfstype=ext4 in a comment stays
GRUB_DISTRIBUTOR=`echo Debian`
GRUB_DEFAULT=0
GRUB_CMDLINE_LINUX_DEFAULT="quiet  splash rootfstype=ext4"
GRUB_CMDLINE_LINUX='rootflags=errors=remount-ro,noatime,data=ordered $EXTRA root=/dev/*'
GRUB_CMDLINE_LINUX_RECOVERY="rootflags=data=journal"
GRUB_CMDLINE_LINUX_XEN="keeps  its   blanks"
EOF
# shellcheck disable=SC2016 # for another shell
printf 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX rootfstype=ext3 console=ttyS0"' \
	> "$root/etc/default/grub.d/50-cloud.cfg"
mkdir -p "$root/etc/kernel"
echo 'root=UUID=x rootfstype=ext4 ro rootflags=commit=30' > "$root/etc/kernel/cmdline"
keep_picture
prepare
expect_status 0
expect_said 'remove arguments that only ext understands from /etc/default/grub /etc/default/grub.d/50-cloud.cfg'
becomes /etc/default/grub << 'EOF'
# rootfstype=ext4 in a comment stays
GRUB_DISTRIBUTOR=`echo Debian`
GRUB_DEFAULT=0
GRUB_CMDLINE_LINUX_DEFAULT="quiet splash"
GRUB_CMDLINE_LINUX='rootflags=noatime $EXTRA root=/dev/*'
GRUB_CMDLINE_LINUX_RECOVERY=""
GRUB_CMDLINE_LINUX_XEN="keeps  its   blanks"
EOF
becomes /etc/default/grub.d/50-cloud.cfg << 'EOF'
GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX console=ttyS0"
EOF
becomes /etc/kernel/cmdline <<< 'root=UUID=x ro rootflags=commit=30'
! grep -q 'rootfstype\|errors=' "$root/boot/grub/grub.cfg" || fail "the menu still has them"
run fsconvert-prepare --undo --yes
expect_status 0
expect_picture undo

say "a root on a plain partition: nothing is said of what lies below it"
rm -r "$root/sys/class/block/vda1/slaves/below"
prepare
expect_status 0
! grep -q kernel_cmdline "$root/etc/dracut.conf.d/90-fsconvert.conf" || fail "words for a stack that is none"
run fsconvert-prepare --undo --yes

say "what somebody else changes meanwhile is not overwritten"
prepare
echo 'GRUB_TIMEOUT=9' >> "$root/etc/default/grub"
echo 'initrd by apt whole' > "$root/boot/initrd.img-$kernel_old"
run fsconvert-prepare --undo --yes
expect_status 0
expect_said '/etc/default/grub was changed by somebody else since'
grep -q GRUB_TIMEOUT=9 "$root/etc/default/grub"
grep -q 'rootflags=errors=remount-ro' "$root/var/lib/fsconvert/backup/+etc+default+grub.kept"
grep -q '^initrd by dracut btrfs whole' "$root/boot/initrd.img-$kernel_old"
[ ! -e "$root/var/lib/fsconvert/prepare.state" ] || fail "the state is left"

say "a kernel that comes meanwhile is in the menu after --undo"
machine initramfs-tools bios
prepare
mkdir "$root/usr/lib/modules/6.1.0-40-test"
cp "$root/usr/lib/modules/$kernel_new"/* "$root/usr/lib/modules/6.1.0-40-test"
echo kernel > "$root/boot/vmlinuz-6.1.0-40-test"
run fsconvert-prepare --undo --yes
expect_status 0
grep -q 'set default=' "$root/boot/grub/grub.cfg" || fail "the menu was not made anew"
! grep -q fsconvert "$root/boot/grub/grub.cfg" || fail "our entry is left"

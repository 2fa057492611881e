#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fsconvert-finalize on a root that was converted: refuses what it cannot do, deletes the saved image and waits for the
# space, makes initial file systems and menu for btrfs, and leaves nothing of the preparation; failures in between can
# be made good by another run.
# shellcheck disable=SC2119 # without arguments
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# The disk holds what a conversion leaves.
convert() {
	umount_root
	"$FSCONVERT" --no-progress "$part_loop" > "$work/convert" 2>&1 || fail "$(cat "$work/convert")"
	echo FAKE_TYPE=btrfs >> "$root/fake/settings"
	mount "$part_loop" "$mnt"
	mounted=yes
}

umount_root() {
	[ "${mounted:-no}" = no ] || umount "$mnt"
	mounted=no
}
cleanup_fn umount_root

machine_content() {
	attach "$work/part"
	mount "$loop" "$mnt"
	dd if=/dev/urandom of="$mnt/data" bs=1M count=20 status=none
	umount "$mnt"
	detach
}

# prepared_machine GENERATOR FIRMWARE [OPTION]: after the boot that converts.
prepared_machine() {
	umount_root
	machine "$1" "$2"
	prepare "${@:3}"
	expect_status 0
	convert
	: > "$root/fake/calls"
}

expect_clean() {
	local left
	left=$(find "$root/etc" "$root/boot" "$root/var/lib" -name '*fsconvert*' ! -name fsconvert.conf)
	[ -z "$left" ] || fail "left behind: $left"
	! grep -rl 'rd\.fsconvert\|fsconvert-prepare' "$root"/boot "$root"/etc/{default,grub.d,kernel} \
		2> /dev/null || fail "the argument is left"
	! grep -aq 'next_entry' "$root/boot/grub/grubenv" || fail "the choice of the next entry is left"
	grep -q "^initrd by .* btrfs.*whole$" "$root/boot/initrd.img-$kernel_new"
	grep -q "^initrd by .* btrfs.*whole$" "$root/boot/initrd.img-$kernel_old"
	expect_boots
}

say "not converted"
machine initramfs-tools bios
finalize
expect_status 3
expect_said 'the root is ext4, not converted'

say "initramfs-tools, BIOS"
prepared_machine initramfs-tools bios
run fsconvert-prepare --undo --yes
expect_status 3
expect_said 'fsconvert-finalize cleans up'
keep_picture
run fsconvert-finalize --dry-run
expect_status 0
expect_said 'delete ext2_saved, the saved image'
run fsconvert-finalize
expect_status 3
expect_said 'repeat with --yes'
expect_picture "dry run"
[ -e "$mnt/ext2_saved/image" ]
finalize
expect_status 0
expect_said '^[0-9]{6,} bytes .* were freed'
[ ! -e "$mnt/ext2_saved" ] || fail "the saved image is still there"
[ -s "$mnt/data" ]
expect_clean
cmp "$root/etc/initramfs-tools/modules" <(printf '# modules\nloop\n')
finalize
expect_status 3
expect_said 'nothing to do'

say "dracut, UEFI, the argument for good, the image kept"
prepared_machine dracut efi --always
grep -q 'rd.fsconvert=root' "$root/boot/grub/grub.cfg"
finalize --keep-image
expect_status 0
[ -e "$mnt/ext2_saved/image" ]
expect_clean
finalize
expect_status 0
[ ! -e "$mnt/ext2_saved" ] || fail "the saved image is still there"

say "failures, and another run"
prepared_machine dracut bios
for call in 'dracut 1' 'dracut 2' 'grub-mkconfig 1'; do
	FAIL=$call finalize
	expect_status 1
	expect_said 'run this again'
	expect_boots
done
finalize
expect_status 0
expect_clean

say "the power goes"
for call in 'dracut 2' 'grub-mkconfig 1'; do
	prepared_machine dracut bios
	KILL=$call finalize
	[ "$status" -ge 128 ] || fail "$call did not kill: $status"
	expect_boots
	finalize
	expect_status 0
	expect_clean
	rm -f "$root"/boot/*.new
done

say "a generator that leaves btrfs out"
prepared_machine initramfs-tools bios
# shellcheck disable=SC2016 # for the fake
sed -i 's/ || \[ "\$(findmnt.*; then/; then/' "$root/usr/local/bin/update-initramfs"
for kernel in "$kernel_old" "$kernel_new"; do
	: > "$root/usr/lib/modules/$kernel/modules.builtin"
	echo CONFIG_BTRFS_FS=y > "$root/boot/config-$kernel"
done
finalize
expect_status 0
expect_said 'once more, with btrfs named'
expect_clean

say "without btrfs-progs"
prepared_machine initramfs-tools bios
rm "$root/usr/bin/btrfs"
finalize
expect_status 3
expect_said 'btrfs-progs is missing'

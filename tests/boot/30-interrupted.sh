#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The power was cut while the superblocks were switched. The argument is gone, and the next boot ends with a whole
# system all the same; where two superblocks stand side by side, udev makes no link by which the root could be found.
# shellcheck source=tests/boot/lib.sh
. "$(dirname "$0")/lib.sh"
[ -c /dev/fuse ] || skip 'needs /dev/fuse'

boot_disk
boot_record "$disk" convert

say 'two superblocks'
boot_unclear convert
boot systemd
expect_root btrfs
expect_said "$root_device: a conversion or roll back was interrupted"
expect_result '"status":"resumed","exit":0'

say 'the first moment, and another disk in the middle of a roll back'
boot_record "$work/convert.done" rollback -r
boot_armed rollback
cp --sparse=always "$work/rollback.source" "$work/other"
"$boot_tests/cut.py" apply "$work/rollback.log" "${armed[${#armed[@]} / 2]}" "$work/other" 0
boot_armed convert
boot_cut convert "${armed[0]}"
# both have the same UUID
root_argument=root=PARTUUID=$root_partuuid
boot_machine=(-drive "file=$work/other,if=none,id=d1,format=raw,cache=unsafe" -device 'virtio-blk-pci,drive=d1')
boot plain
expect_root btrfs
expect_said '/dev/vdb: done, it holds ext4'
e2fsck -fn "$work/other" || fail "the other disk is not whole"

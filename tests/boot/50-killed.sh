#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The machine is switched off at a random moment of the conversion. The next boot, which asks for nothing, ends with a
# whole system, whatever that is; the one after it, which asks again, with btrfs.
# shellcheck source=tests/boot/lib.sh
. "$(dirname "$0")/lib.sh"

boot_disk
boot_kill plain "$((RANDOM % 3000))" rd.fsconvert=root
boot plain
case $(guest root) in
ext4*) expect_root ext4 ;;
*) expect_root btrfs ;;
esac
boot plain rd.fsconvert=root
expect_root btrfs
with_root check_btrfs

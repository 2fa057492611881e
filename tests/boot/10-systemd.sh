#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The machine boots as it is, with the module in its initramfs.
# shellcheck source=tests/boot/lib.sh
. "$(dirname "$0")/lib.sh"

boot_disk
boot systemd
expect_root ext4

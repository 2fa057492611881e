#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# An ext4 whose journal is on another device converts when it was unmounted cleanly; the other device is not needed.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

image=$work/image
mkext "$work/journal" 64M -O journal_dev
attach "$work/journal"
journal=$loop
loop=
cleanup_fn losetup -d "$journal"
mkext "$image" 256M -t ext4 -J "device=$journal"
fill "$image" --quick --only sizes --only large --only xattrs
remember "$image"
convert "$image"
judge_check "$image"
judge_tree "$image"
judge_rollback "$image"
judge_rw "$image"

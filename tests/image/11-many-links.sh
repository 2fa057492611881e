#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A file with more names in one folder than an INODE_REF item can hold. The lowmem engine of btrfs check is not asked:
# it reports errors for such a file even on a file system that the kernel made.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

export JUDGE_LOWMEM=0
image=$work/image
mkext "$image" 512M -t ext4
fill "$image" --quick --only manylinks
remember "$image"
convert "$image"
judge_converted "$image"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A default ext4 with everything a conversion must carry over, before all judges. 1 GiB holds the whole tree and
# has blocks at the superblock mirror at 64 MiB.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

image=$work/image
mkext "$image" 1G -t ext4
fill "$image" --quick --skip manylinks
remember "$image"
convert "$image"
judge_converted "$image"
judge_finish "$image"

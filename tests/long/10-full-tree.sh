#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The whole tree: 65,000 names of one file, 100,000 names in one folder, 65,010 directories in one (its link count
# becomes 1 and stays so), thousands of fragments. Then the same with little memory.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

export JUDGE_LOWMEM=0
image=$work/image
mkext "$image" 4G -t ext4 -N 400000
fill "$image"
remember "$image"
convert "$image"
judge_converted "$image"
judge_finish "$image"

cp --sparse=always "$image.orig" "$image"
convert --memory 16m --tmpdir "$work" "$image"
judge_check "$image"
judge_tree "$image"

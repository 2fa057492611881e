#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Memory stays within the budget, however many inodes there are: 200,000 names of 100 bytes do not fit in 16 MiB. The
# program's own buffers come on top: 32 MiB.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

image=$work/image
mkext "$image" 1G -t ext4 -N 250000
mount_image ext4 noinit_itable "$image"
python3 - "$mnt" << 'EOF'
import os
import sys
for folder in range(20):
    os.mkdir("%s/%d" % (sys.argv[1], folder))
    for i in range(10000):
        os.mknod("%s/%d/%s-%d" % (sys.argv[1], folder, "n" * 100, i), 0o100600)
EOF
umount_image
remember "$image"
tests/bench/measure.py "$work/figures" "$work/log" "$FSCONVERT" --memory 16m "$image" || fail "$(tail -n 5 "$work/log")"
read -r _ _ peak _ < "$work/figures"
printf 'peak %d KiB\n' "$peak"
[ "$peak" -le $((48 * 1024)) ] || fail "the peak is $peak KiB with a budget of 16 MiB"
JUDGE_LOWMEM=0 judge_converted "$image"

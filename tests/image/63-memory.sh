#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Memory stays within the budget, however many inodes there are: 200,000 names of 100 bytes and the content of 20,000
# small files do not fit in 16 MiB. What the scan sorts then goes to a temporary file, what is built to free blocks of
# the device. The program's own buffers come on top: 32 MiB.
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
        name = "%s/%d/%s-%d" % (sys.argv[1], folder, "n" * 100, i)
        os.mknod(name, 0o100600)
        if i % 10 == 0:
            with open(name, "wb") as f:
                f.write(b"%0200d" % (folder * 10000 + i))
EOF
umount_image
remember "$image"

# spills MEMORY WHERE: with so much memory --rehearse puts temporary data there, and nowhere else.
spills() {
	local found
	convert --verbose --rehearse --tmpdir "$work" --memory "$1" "$image"
	found=$(sed -nE 's/.*temporary data goes to (a file|free blocks).*/\1/p' "$work/log" | sort -u | paste -sd ' ')
	[ "$found" = "$2" ] || fail "with $1 of memory temporary data goes to '$found', not '$2'"
}

spills 1g ''
spills 16m 'a file free blocks'
conv --check --tmpdir "$work/missing" --memory 16m "$image"
[ "$status" -eq 1 ] || fail "without room for temporary data: status $status"
tests/bench/measure.py "$work/figures" "$work/log" "$FSCONVERT" --memory 16m "$image" || fail "$(tail -n 5 "$work/log")"
read -r _ _ peak _ < "$work/figures"
printf 'peak %d KiB\n' "$peak"
[ "$peak" -le $((48 * 1024)) ] || fail "the peak is $peak KiB with a budget of 16 MiB"
JUDGE_LOWMEM=0 judge_converted "$image"

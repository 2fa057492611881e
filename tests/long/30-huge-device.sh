#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A sparse image of 8 TiB: numbers of blocks and offsets beyond 32 bits, 65,536 groups, inodes all over the device. A
# kernel that mounts it checks most of what matters here; a scrub would add nothing but time.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

# A loop device takes a while to discard 8 TiB; what is judged by reading the used parts is enough.
scrub() {
	:
}

export JUDGE_LOWMEM=0
image=$work/image
mkext "$image" 8T -t ext4 -i 4194304 -E lazy_itable_init=1,lazy_journal_init=1
mount_image ext4 noinit_itable "$image"
# directories in the top folder are spread over all groups
for i in $(seq 400); do
	mkdir "$mnt/$i"
	head -c $((i * 100)) /dev/urandom > "$mnt/$i/file"
done
mkdir "$mnt/tree"
"$lib/populate.py" --quick --skip manylinks "$mnt/tree"
umount_image
remember "$image"
highest=$("$lib/usedblocks.py" used "$image" | tail -n 1 | cut -d ' ' -f 1)
[ "$highest" -gt $((1 << 42)) ] || fail "nothing lies beyond 4 TiB: $highest"
convert "$image"
judge_converted "$image"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Inode tables that mke2fs left for later, free blocks and preallocated blocks hold old bytes (0xA5 here). They are not
# carried over: not read, holes in the saved image, and where they were after a rollback.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

# never_written_is BYTE FILE: all of it beyond the first MiB, which btrfs moves, and but for the superblock's mirror.
never_written_is() {
	python3 - "$1" "$2" "$image.never" << 'EOF'
import sys
value, path, ranges = int(sys.argv[1], 0), sys.argv[2], sys.argv[3]
mirror = range(64 << 20, (64 << 20) + 65536)
with open(path, "rb") as f, open(ranges) as lines:
    for start, length in (map(int, line.split()) for line in lines):
        for block in range(start, start + length, 4096):
            f.seek(block)
            if block >= 1 << 20 and block not in mirror and f.read(4096) != bytes([value]) * 4096:
                sys.exit("never written block at byte %d has changed" % block)
EOF
}

image=$work/image
mkext "$image" 512M -t ext4 -E lazy_itable_init=1,lazy_journal_init=1 -N 131072
"$lib/usedblocks.py" fill "$image" 0xa5
mount_image ext4 noinit_itable "$image"
"$lib/populate.py" --quick --skip manylinks --skip large "$mnt"
umount_image
"$lib/usedblocks.py" never-written "$image" > "$image.never"
[ "$(awk '{ sum += $2 } END { print sum }' "$image.never")" -gt $((16 << 20)) ] || fail 'the tables are initialised'
remember "$image"
never_written_is 0xa5 "$image"
if command -v strace > /dev/null; then
	say 'what was never written is not read'
	cp --sparse=always "$image" "$work/traced"
	strace -f -y -e trace=pread64,preadv,read -o "$work/trace" "$FSCONVERT" "$work/traced" > "$work/log" 2>&1
	python3 - "$work/trace" "$image.never" traced << 'EOF'
import re
import sys
with open(sys.argv[2]) as lines:
    never = [tuple(map(int, line.split())) for line in lines]
call = re.compile(r"pread64\(\d+<[^>]*" + sys.argv[3] + r">, .*, (\d+), (\d+)(\) +=|\s*<unfinished)")
reads = 0
with open(sys.argv[1], errors="replace") as lines:
    for match in filter(None, map(call.search, lines)):
        length, offset = int(match.group(1)), int(match.group(2))
        reads += 1
        for start, size in never:
            inside = min(offset + length, start + size) - max(offset, start)
            # an aligned read may touch the end of a table
            if inside > 65536:
                sys.exit("read of %d+%d touches what was never written, %d+%d" % (offset, length, start, size))
if not reads:
    sys.exit("no read was seen")
EOF
fi
convert "$image"
judge_check "$image"
judge_tree "$image"
say 'a rollback leaves it'
cp --sparse=always "$image" "$work/back"
btrfs-convert -r "$work/back" > "$work/log" 2>&1 || fail "rollback: $(cat "$work/log")"
never_written_is 0xa5 "$work/back"
judge_rollback "$image"
say 'and so do writes, until the saved image is deleted'
mount_image btrfs rw "$image"
dd if=/dev/urandom of="$mnt/fill" bs=1M count=400 status=none 2> /dev/null || :
sync -f "$mnt"
rm "$mnt/fill"
umount_image
judge_rollback "$image"
judge_rw "$image"
judge_finish "$image"

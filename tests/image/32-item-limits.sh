#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a btrfs node can hold: the node size is raised where an item needs it, and where it cannot be, the object is
# named. 57 names of 255 bytes with one hash fit in a node of 16 KiB, 58 need 64 KiB, 230 fit nowhere.
# shellcheck source=tests/lib/refuse.sh
. "$(dirname "$0")/../lib/refuse.sh"

# collisions COUNT: a source with so many names of one hash in one folder.
collisions() {
	mkext "$image" 256M -t ext4
	mount_image ext4 noinit_itable "$image"
	mkdir "$mnt/folder"
	python3 - "$lib" "$mnt/folder" "$1" << 'EOF'
import os
import sys
sys.path.insert(0, sys.argv[1])
import oslib
for name in oslib.colliding_names(int(sys.argv[3]), 255):
    with open(os.path.join(os.fsencode(sys.argv[2]), name), "wb") as f:
        f.write(name)
EOF
	umount_image
	remember "$image"
}

nodesize() {
	btrfs inspect-internal dump-super "$image" | awk '$1 == "nodesize" { print $2 }'
}

image=$work/image
say '57 names of one hash'
collisions 57
convert "$image"
[ "$(nodesize)" = 16384 ] || fail "node size $(nodesize)"
judge_converted "$image"
say '58 names of one hash'
collisions 58
refuse_case 'a node size that is too small' "$image" 'hash|name' -N 16k
convert "$image"
[ "$(nodesize)" = 65536 ] || fail "node size $(nodesize)"
judge_converted "$image"
say '230 names of one hash'
collisions 230
refuse_case 'too many names of one hash' "$image" "inode $(inode_of "$image" /folder)"

say 'nodes of 4 KiB are too small for a long symbolic link and a large attribute'
mkext "$image" 128M -t ext4
mount_image ext4 noinit_itable "$image"
ln -s "$(printf '%04000d' 1)" "$mnt/long"
umount_image
refuse_case symlink "$image" "inode $(inode_of "$image" /long)" -N 4k
mkext "$image" 128M -t ext4
mount_image ext4 noinit_itable "$image"
: > "$mnt/file"
setfattr -n user.large -v "$(printf '%04000d' 1)" "$mnt/file"
umount_image
refuse_case attribute "$image" "inode $(inode_of "$image" /file)" -N 4k
remember "$image"
convert "$image"
judge_converted "$image"

say 'the name of the saved image is taken'
mkext "$image" 128M -t ext4
mount_image ext4 noinit_itable "$image"
mkdir "$mnt/ext2_saved"
echo mine > "$mnt/ext2_saved/image"
umount_image
remember "$image"
convert "$image"
judge_check "$image"
mount_image btrfs ro "$image"
"$lib/manifest.py" --prealloc --exclude ext2_saved0 "$mnt" > "$image.new"
judge_same_manifest "$image.manifest" "$image.new"
[ -f "$mnt/ext2_saved0/image" ] || fail 'no ext2_saved0/image'
umount_image

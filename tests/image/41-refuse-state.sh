#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sound file systems in a state in which they must not be converted: journal to be replayed, deleted files still open,
# errors recorded, in use, mounted, larger than the device.
# shellcheck source=tests/lib/refuse.sh
. "$(dirname "$0")/../lib/refuse.sh"

image=$work/image
make_base base -t ext4
make_base plain -t ext4 -O ^metadata_csum,^uninit_bg

say 'a copy of a mounted file system'
image=$(copy_of base)
mount_image ext4 rw "$image"
cp /etc/passwd "$mnt/new"
sync -f "$mnt"
cp --sparse=always "$image" "$work/live"
say 'a copy of a frozen one that has an open deleted file: no journal to replay, but an orphan'
exec 7> "$mnt/deleted"
echo data >&7
rm "$mnt/deleted"
fsfreeze -f "$mnt"
cp --sparse=always "$image" "$work/frozen"
fsfreeze -u "$mnt"
exec 7>&-
say 'the mounted one itself, as a file and as a device'
conv "$image"
[ "$status" -eq 3 ] || fail "image that is mounted: status $status"
grep -qiE 'mounted|loop|in use|busy' "$work/log" || fail "image that is mounted: $(cat "$work/log")"
conv "$loop"
[ "$status" -eq 3 ] || fail "mounted device: status $status"
grep -qiE 'mounted' "$work/log" || fail "mounted device: $(cat "$work/log")"
umount_image
[ "$(timeout -s KILL 60 e2fsck -fn "$image" > /dev/null 2>&1; echo $?)" = 0 ] || fail 'the mounted one was changed'
refuse_case 'needs recovery' "$work/live" 'needs_recovery'
refuse_case orphans "$work/frozen" 'orphan|deleted files'

say 'a loop device uses the image file'
image=$(copy_of base)
attach "$image"
refuse_case 'busy image' "$image" 'loop'
detach

say 'a loop device that is read-only'
attach "$image" --read-only
conv "$loop"
[ "$status" -eq 3 ] || fail "read-only device: status $status: $(cat "$work/log")"
detach

say 'used by the device mapper'
if dmsetup version > /dev/null 2>&1; then
	attach "$image"
	echo "0 131072 linear $loop 0" | dmsetup create fsconvert-test-$$
	cleanup_fn dmsetup remove fsconvert-test-$$
	conv "$loop"
	[ "$status" -eq 3 ] || fail "held device: status $status: $(cat "$work/log")"
	dmsetup remove fsconvert-test-$$
	detach
fi

# state_case NAME REGEX DEBUGFS-COMMAND...
state_case() {
	local name=$1 regex=$2
	shift 2
	image=$(copy_of plain)
	dbg "$image" "$@"
	refuse_case "$name" "$image" "$regex"
}

state_case errors 'errors' 'ssv state 2'
state_case 'errors, clean' 'errors' 'ssv state 3'
state_case 'not unmounted' 'not unmounted cleanly' 'ssv state 0'
state_case 'orphan list' 'orphan inode' 'ssv last_orphan 12'

say 'errors recorded in the journal'
image=$(copy_of plain)
journal=$(($(block_of "$image" '<8>') * 4096))
"$lib/patch.py" "$image" "$journal" c03b3998 c03b3998
"$lib/patch.py" "$image" $((journal + 32)) 00000000 00000005
refuse_case 'journal errno' "$image" 'journal'
say 'a journal that is not empty, though the superblock says it need not be replayed'
image=$(copy_of plain)
"$lib/patch.py" "$image" $((journal + 28)) 00000000 00000001
refuse_case 'journal start' "$image" 'journal'

say 'multiple mount protection says that another machine uses it'
mkext "$image" 64M -t ext4 -O mmp,^metadata_csum
block=$(field_of "$image" 'MMP block number')
"$lib/patch.py" "$image" $((block * 4096 + 4)) 504d4dff 07000000
refuse_case 'MMP in use' "$image" 'MMP|mount protection'
"$lib/patch.py" "$image" $((block * 4096 + 4)) 07000000 504d4de2
refuse_case 'MMP of e2fsck' "$image" 'MMP|mount protection'

say 'the device is too small'
image=$(copy_of base)
truncate -s 60M "$image"
refuse_case truncated "$image" 'spans .* the device has only'

say 'the disk belongs to something else as well'
image=$(copy_of base)
printf 'LUKS\xba\xbe' | dd of="$image" conv=notrunc status=none
refuse_case LUKS "$image" 'LUKS'
image=$(copy_of base)
"$lib/patch.py" "$image" 446+80 00000000 00000000
printf '\x80\x01\x01\x00\x83\x01\x01\x01\x3f\x00\x00\x00\x00\x00\x01\x00' |
	dd of="$image" bs=1 seek=446 conv=notrunc status=none
printf '\x55\xaa' | dd of="$image" bs=1 seek=510 conv=notrunc status=none
refuse_case 'partition table' "$image" 'partition'

say 'a path that is no device'
conv "$work/missing"
[ "$status" -ne 0 ] || fail 'a missing path is accepted'
conv "$work"
[ "$status" -eq 3 ] || fail "a directory: status $status"

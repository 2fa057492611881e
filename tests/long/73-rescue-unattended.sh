#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The rescue image does what kernel arguments say, without a person: the device by each kind of name, each end, with an
# interrupted device beside it, and with arguments that must not lead to anything. /etc/fstab is rewritten.
# shellcheck source=tests/rescue/lib.sh
. "$(dirname "$0")/../rescue/lib.sh"

rescue_unpack

fill_system() {
	mkdir "$mnt/etc" "$mnt/bin"
	printf 'UUID=%s / ext4 errors=remount-ro 0 1\n' "$uuid" > "$mnt/etc/fstab"
	printf '%s\n' "UUID=$uuid2 /two ext4 noatime,data=ordered 0 2" '/dev/vdb /same ext4 noauto 0 0' \
		>> "$mnt/etc/fstab"
	echo hello > "$mnt/bin/hello"
}

# system IMAGE UUID LABEL: a file system with an fstab that names it.
system() {
	uuid=$2
	mkext "$1" 160M -t ext4 -U "$uuid" -L "$3"
	mount_image ext4 rw "$1"
	fill_system
	umount_image
}

uuid1=6a1f0f3e-9e3c-4a0f-8f61-2f9d8b6f0a01
uuid2=6a1f0f3e-9e3c-4a0f-8f61-2f9d8b6f0a02
system "$work/one" "$uuid1" 'disk one'
system "$work/two" "$uuid2" two

# run_arguments END ARGUMENT...: the machine must turn itself off, having said END.
run_arguments() {
	local end=$1
	shift
	say "$*"
	from_kernel "$@"
	machine_start -name unattended
	drive <<- KEYS
		hear 300s $end
		gone
	KEYS
	machine_off
}

# shown TYPE IMAGE
shown() {
	local type
	type=$(blkid -p -o value -s TYPE "$2") || :
	[ "$type" = "$1" ] || fail "$2 holds ${type:-nothing}, not $1"
}

say "nothing that is wrong or unclear leads to anything"
disks "$work/one" "$work/two"
before=$(cat "$work/one" "$work/two" | sha256sum)
run_arguments 'ends with status 2' fsconvert.device=/dev/vda fsconvert.on-failure=poweroff
heard 'kernel argument fsconvert.device: needs fsconvert.action'
cp "$work/one" "$work/twin"
disks "$work/one" "$work/two" "$work/twin"
run_arguments 'ends with status 3' fsconvert.device="UUID=$uuid1" fsconvert.action=convert fsconvert.on-failure=reboot
heard "UUID=$uuid1 is more than one: /dev/vda /dev/vdc"
disks "$work/one" "$work/two"
run_arguments 'ends with status 3' fsconvert.device=LABEL=three fsconvert.action=convert fsconvert.on-failure=poweroff
heard 'LABEL=three is not there; nothing was changed'
run_arguments 'ends with status 0' fsconvert.device=/dev/vda fsconvert.action=check fsconvert.on-success=poweroff
heard 'can be converted; nothing was written'
[ "$(cat "$work/one" "$work/two" | sha256sum)" = "$before" ] || fail "something was written"
rm "$work/twin"

say "by label, with settings; another device was interrupted"
interrupt "$work/two"
run_arguments 'ends with status 0' '"fsconvert.device=LABEL=disk one"' fsconvert.action=convert \
	fsconvert.on-success=reboot fsconvert.checksum=xxhash 'fsconvert.label="one new"'
heard '"status":"converted","exit":0'
judge_check "$work/two"
judge_check "$work/one"
[ "$(blkid -p -o value -s LABEL "$work/one")" = 'one new' ] || fail "the label was not set"
btrfs inspect-internal dump-super "$work/one" | grep -q 'csum_type.*xxhash64' || fail "the checksum was not set"
mount_image btrfs ro "$work/one"
grep -qE "^UUID=${uuid1}[ 	]+/[ 	]+btrfs[ 	]" "$mnt/etc/fstab" || fail "fstab: $(cat "$mnt/etc/fstab")"
grep -qx "UUID=$uuid2 /two btrfs noatime 0 0" "$mnt/etc/fstab" || fail "fstab: $(cat "$mnt/etc/fstab")"
grep -qx '/dev/vdb /same ext4 noauto 0 0' "$mnt/etc/fstab" || fail "a name that may be another disk's was believed"
umount_image

say "by UUID, back; then the shell"
from_kernel fsconvert.device=UUID="$uuid1" fsconvert.action=rollback fsconvert.on-success=shell
machine_start -name shell
drive << KEYS
	hear 300s ends with status 0
	see #$
	type poweroff -f
	gone
KEYS
machine_off
shown ext4 "$work/one"
e2fsck -fn "$work/one" > "$work/log" || fail "it is not whole: $(cat "$work/log")"

# partition TABLE: $work/disk, on which "one" is partition 3 and "two" partition 1, and sets $guid.
partition() {
	rm -f "$work/disk"
	truncate -s 400M "$work/disk"
	printf '%s\n' "label: $1" "label-id: $2" '1 : start=2048, size=327680' '3 : start=409600, size=327680' |
		sfdisk --quiet "$work/disk"
	dd if="$work/two" of="$work/disk" bs=1M seek=1 conv=notrunc,sparse status=none
	dd if="$work/one" of="$work/disk" bs=1M seek=200 conv=notrunc,sparse status=none
	disks "$work/disk"
}

# extract: the partitions of $work/disk as files.
extract() {
	dd if="$work/disk" of="$work/first" bs=1M skip=1 count=160 conv=sparse status=none
	dd if="$work/disk" of="$work/third" bs=1M skip=200 count=160 conv=sparse status=none
}

say "by PARTUUID: GPT"
partition gpt 1B0A3C5E-0F4B-4C55-9D0A-6C2E9A6F0B11
guid=$(sfdisk --part-uuid "$work/disk" 3)
run_arguments 'ends with status 0' fsconvert.device=PARTUUID="$guid" fsconvert.action=convert \
	fsconvert.on-success=poweroff
extract
judge_check "$work/third"
cmp "$work/first" "$work/two"

say "by PARTUUID: MBR"
partition dos 0x12abcdef
run_arguments 'ends with status 0' fsconvert.device=PARTUUID=12abcdef-03 fsconvert.action=rehearse \
	fsconvert.on-success=poweroff
run_arguments 'ends with status 0' fsconvert.device=PARTUUID=12ABCDEF-03 fsconvert.action=convert \
	fsconvert.on-success=poweroff
extract
judge_check "$work/third"
cmp "$work/first" "$work/two"

say "from the boot menu, with arguments that the image was made with"
export RESCUE_ARGUMENTS='fsconvert.device=/dev/vda3 fsconvert.action=rollback fsconvert.on-success=poweroff'
initramfs/build-iso.sh "$work/iso"
iso=$work/iso
from_cd
machine_start -name arguments
drive << KEYS
	see 120s fsconvert: fsconvert.device=/dev/vda3
	hear 300s ends with status 0
	gone
KEYS
machine_off
extract
shown ext4 "$work/third"
e2fsck -fn "$work/third" > "$work/log" || fail "it is not whole: $(cat "$work/log")"

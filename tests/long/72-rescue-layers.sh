#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# File systems on what lies between them and disks: LUKS, logical volumes, arrays. The machine that runs the tests need
# not know any of these: the volumes are made in the rescue system's own shell.
# shellcheck source=tests/rescue/lib.sh
. "$(dirname "$0")/../rescue/lib.sh"

rescue_unpack
mkext "$work/plain" 200M -t ext4 -L inside
fill "$work/plain" --quick --skip manylinks --skip large
remember "$work/plain"

say "a logical volume, an array of two disks, and a LUKS volume, all with the same content"
truncate -s 260M "$work/lvm"
truncate -s 220M "$work/leg1" "$work/leg2"
luks=(--object 'secret,id=key,data=secret')
# it measures how fast the machine is, and gives up on one that is busy
for _ in 1 2 3 4 5 6; do
	! qemu-img convert -O luks "${luks[@]}" -o key-secret=key,iter-time=300 "$work/plain" "$work/luks" || break
done
truncate -s 40M "$work/luks2"
from_kernel fsconvert.action=shell
disks "$work/plain" "$work/lvm" "$work/leg1" "$work/leg2" "$work/luks2"
machine_start -name make
drive << KEYS
	see 300s #$
	type lvm pvcreate -q /dev/vdb && lvm vgcreate -q group /dev/vdb
	type lvm lvcreate -qq -y -Wn -Zn -l 51 -n volume group && echo volume made
	see ^volume made
	type dd if=/dev/vda of=/dev/group/volume bs=1M && sync && echo volume filled
	see 120s ^volume filled
	type mdadm -C /dev/md/array -q -R -l 1 -n 2 -e 1.0 --assume-clean /dev/vdc /dev/vdd && echo array made
	see 120s ^array made
	type dd if=/dev/vda of=/dev/md/array bs=1M && sync && mdadm --stop /dev/md/array && echo array filled
	see 120s ^array filled
	type cost='--pbkdf-memory 65536 --pbkdf-force-iterations 4'
	type echo -n word | cryptsetup luksFormat -q \$cost /dev/vde - && echo LUKS2 made
	see 300s ^LUKS2 made
	type poweroff -f
	gone
KEYS
machine_off

say "all of them are found, and converted"
from_kernel
disks "$work/lvm" "$work/leg1" "$work/leg2" "$work/luks" "$work/luks2"
machine_start -name layers
drive << KEYS
	see 300s choose a file system
	see /dev/mapper/group-volume +ext4 .*inside
	see /dev/md[0-9]+ +ext4 .*inside
	see ^.*/dev/vdd +LUKS
	see /dev/vde +LUKS

	# the array comes before the disks, the volume before the array
	see ^> 1  /dev/mapper/group-volume
	key 1
	see 1  convert to btrfs
	key 1
	see 120s Type YES to convert /dev/mapper/group-volume
	type YES
	see 120s convert is done
	key enter
	see ^. 2  /dev/md
	key 2
	see 1  convert to btrfs
	key 1
	see 120s Type YES to convert /dev/md
	type YES
	see 120s convert is done
	key enter

	# a wrong passphrase first
	see ^. 3  /dev/vdd +LUKS
	key 3
	see Enter passphrase
	pause 2
	type wrong
	see 120s No key available .*\nEnter passphrase
	pause 2
	type secret
	see 120s /dev/mapper/luks-.* +ext4
	key 2
	see 1  convert to btrfs
	key 1
	see 120s Type YES to convert /dev/mapper/luks-
	type YES
	see 120s convert is done
	key enter
	see ^. 4  /dev/vde +LUKS
	key 4
	see Enter passphrase
	pause 2
	type word
	see 300s ^. 3  /dev/md
	key s
	see #$
	type ls /dev/mapper | wc -l
	see ^4$
	type poweroff -f
	gone
KEYS
machine_off

for suffix in orig manifest unwritten e2fsck; do
	ln "$work/plain.$suffix" "$work/result.$suffix"
done

# judge NAME COMMAND...: makes $work/result, the file system alone.
judge() {
	say "$1"
	shift
	rm -f "$work/result"
	"$@"
	judge_check "$work/result"
	judge_tree "$work/result"
}

judge "the logical volume" dd if="$work/lvm" of="$work/result" bs=1M skip=1 conv=sparse status=none
judge "the array" dd if="$work/leg1" of="$work/result" bs=1M conv=sparse status=none
cmp -n 209715200 "$work/leg1" "$work/leg2" || fail "the disks of the array differ"
judge "the LUKS volume" qemu-img convert -O raw "${luks[@]}" \
	--image-opts "driver=luks,key-secret=key,file.filename=$work/luks" "$work/result"

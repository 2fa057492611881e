#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What fsconvert-cloud-image refuses: with the reason, with the exit status that is documented, and with the image as it
# was and nothing beside it.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

linux=0FC63DAF-8483-4772-8E79-3D69D8477DE4
root_type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709
mkdir "$work/images"
image=$work/images/disk

# what runs the tool
runner=(env)

# tool ARGUMENT...
tool() {
	status=0
	"${runner[@]}" tools/fsconvert-cloud-image "$@" > "$work/said" 2>&1 < /dev/null || status=$?
	said=$(cat "$work/said")
}

expect() {
	if [ "$status" -ne "$1" ] || ! grep -qE -- "$2" <<< "$said"; then
		printf '%s\n' "$said"
		fail "exit status $status, not $1, or nobody said '$2'"
	fi
}

picture() {
	find "$work/images" -mindepth 1 -printf '%P %s %m %i %t\n' | sort
	sha256sum "$image"
}

# refused REGEX [ARGUMENT...]: what is done to the image.
refused() {
	local reason=$1 before after
	shift
	before=$(picture)
	tool "$@" "$image"
	expect 3 "$reason"
	after=$(picture)
	[ "$before" = "$after" ] || fail "$reason: something is not as it was: $after"
	! losetup --list --noheadings --output NAME,BACK-FILE | grep -F "$work/images" ||
		fail "$reason: a loop device is left"
	printf 'refused: %s\n' "$(grep -E -m 1 -- "$reason" <<< "$said")"
}

# disk TYPE...: with partitions of 64 MiB, which are all of a type each.
disk() {
	local type
	rm -f "$image"
	truncate -s "$(($# * 64 + 4))M" "$image"
	{
		echo 'label: gpt'
		for type in "$@"; do
			echo "size=64M, type=$type"
		done
	} | sfdisk --quiet "$image"
}

# part NUMBER FILE: becomes the content of that partition.
part() {
	dd if="$2" of="$image" bs=1M seek="$((($1 - 1) * 64 + 1))" conv=notrunc,sparse status=none
}

say 'the command line'
disk "$root_type"
tool
expect 2 'which image'
tool --frobnicate "$image"
expect 2 'unknown option --frobnicate'
tool --finalize "$image"
expect 2 'finalize needs --now'
tool "$image" "$image"
expect 2 'more than one image'
tool --config="$work/none" "$image"
expect 2 'there is no such file'
echo 'nodesize = 3' > "$work/config"
tool --config="$work/config" "$image"
expect 2 'the configuration is wrong: .*nodesize'
tool --output="$work/none/file" "$image"
expect 2 'no such folder'
tool "$work/none"
expect 3 'no such file'
tool "$work"
expect 3 'is no file'
tool --help
expect 0 'IMAGE is as it was'
diff <(grep -oE '^  --[a-z-]+' <<< "$said" | tr -d ' ' | sort) \
	<(awk '/^\.SH / { on = $2 == "OPTIONS" } on && tag { gsub(/\\/, ""); sub(/=.*/, ""); print $2 }
		{ tag = /^\.TP/ }' docs/fsconvert-cloud-image.8 | sort) || fail "the manual page has other options"
status=0
setpriv --reuid 65534 tools/fsconvert-cloud-image "$image" > "$work/said" 2>&1 || status=$?
said=$(cat "$work/said")
expect 3 'only root'

say 'images in use'
attach "$image"
before=$loop
status=0
tool "$image"
expect 3 "is attached to $before"
detach
ln "$image" "$work/other"
sleep 60 7< "$work/other" &
sleeper=$!
until [ "$(cat "/proc/$sleeper/comm")" = sleep ]; do
	sleep 0.1
done
refused "in use by process $sleeper \(sleep\)"
kill "$sleeper"
wait "$sleeper" || :
flock --no-fork "$work/other" sleep 60 &
sleeper=$!
while flock --nonblock "$work/other" true; do
	sleep 0.1
done
# the lock of a process that cannot be seen, as in a container
# shellcheck disable=SC2016 # for another shell
runner=(tests/lib/own-mounts.sh unshare --pid --fork sh -ec 'mount -t proc proc /proc; exec "$@"' sh)
refused 'locked by another program'
runner=(env)
kill "$sleeper"
wait "$sleeper" || :
rm "$work/other"

say 'files that are no disks of this kind'
truncate -s 8M "$image"
refused 'its GPT is damaged'
rm "$image"
truncate -s 8M "$image"
refused 'no partition table'
printf 'label: dos\nsize=2M\n' | sfdisk --quiet "$image"
refused 'partition table of the kind dos'
for magic in 'KDMV' 'vhdxfile' '\037\213\010'; do
	# shellcheck disable=SC2059 # bytes
	printf "$magic" > "$image"
	refused 'another virtual machine|compressed'
done
truncate -s 1M "$image"
qemu-img create -q -f qcow2 "$work/images/base" 64M
qemu-img create -q -f qcow2 -F qcow2 -b base "$image"
refused 'the difference to another image'
mv "$work/images/base" "$image"
qemu-img snapshot -c one "$image"
refused 'has snapshots'

say 'no root that can be converted'
disk "$linux"
refused 'no partition with an ext file system .* is it the image'
mkext "$work/part" 64M -t ext4
part 1 "$work/part"
refused 'no partition with an ext file system'
truncate -s 0 "$work/luks"
printf 'LUKS\272\276\000\001' > "$work/luks"
truncate -s 1M "$work/luks"
disk "$linux"
part 1 "$work/luks"
refused 'is encrypted \(LUKS\)'
truncate -s 120M "$work/btrfs"
mkfs.btrfs -q "$work/btrfs" > "$work/mkfs" 2>&1
disk "$linux" "$linux"
part 1 "$work/btrfs"
refused 'is btrfs already'

say 'several roots'
mkdir -p "$work/tree/etc"
: > "$work/tree/etc/fstab"
mkext "$work/part" 64M -t ext4 -d "$work/tree"
disk "$linux" "$linux"
part 1 "$work/part"
part 2 "$work/part"
refused 'several roots, partitions 1 2'
echo 'UUID=1-2 /boot ext4 defaults 0 0' > "$work/tree/etc/fstab"
mkext "$work/part" 64M -t ext4 -d "$work/tree"
disk "$linux" "$root_type"
part 1 "$work/part"
part 2 "$work/part"
refused 'mounts UUID=1-2 on /boot'
grep -q 'on partition 2$' <<< "$said" || fail "the root was not chosen by its type"

say 'a root whose programs do not run'
: > "$work/tree/etc/fstab"
mkdir "$work"/tree/{dev,proc,sys,run,tmp,var}
mkdir "$work/tree/var/tmp"
mkext "$work/part" 64M -t ext4 -d "$work/tree"
disk "$root_type"
part 1 "$work/part"
refused 'its programs do not run here'

say 'a system of another kind: programs, and nothing that boots'
for name in bin sbin lib lib64; do
	mkdir -p "$work/tree/usr/$name"
	ln -s "usr/$name" "$work/tree/$name"
done
mkdir "$work/tree/boot"
for name in awk basename cat chmod cmp cp cut dd df dirname du env find findmnt getconf grep head id ln lsblk mkdir \
	mktemp mv od readlink rm sed sh sha256sum sort sync tail tr uname; do
	cp -L "$(command -v "$name")" "$work/tree/usr/bin/$name"
	for file in $(ldd "$work/tree/usr/bin/$name" | grep -oE '/lib[^ ]+'); do
		install -D "$file" "$work/tree$file"
	done
done
mkext "$work/part" 64M -t ext4 -d "$work/tree"
disk "$root_type"
part 1 "$work/part"
refused 'its boot loader is unknown, and not GRUB'
for reason in 'initial file systems are made by unknown' 'no installed kernel can mount btrfs' \
	'nothing in it starts GRUB' 'lacks the packages btrfs-progs dracut-core'; do
	grep -q "$reason" <<< "$said" || fail "nobody said '$reason': $said"
done
refused 'lacks the packages btrfs-progs' --now
! grep -q dracut-core <<< "$said" || fail "dracut is needed for nothing: $said"

say 'no room for the copy'
mkdir "$work/small"
mount -t tmpfs -o size=2M tmpfs "$work/small"
cleanup_fn umount "$work/small"
refused 'has [0-9] MiB free, a copy of the image needs' --output="$work/small/disk"

# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A fleet of machines for Ansible. Source it instead of tests/lib/lib.sh, which it includes.
#
# A machine is a folder to chroot into whose root is a real file system on a loop device, ext4 at first. It has the
# programs of this machine, and commands of tests/tools/fake make its initial file systems. Ansible reaches it by
# tests/fleet/ssh in place of ssh, and reboots it by tests/fleet/shutdown: then all is unmounted, the root is converted
# by the real program if the initial file system has it, and all is mounted again with an empty /run.
#
#     machine_new NAME       makes one, and switches it on
#     machine_on NAME, machine_off NAME
#     machine_break NAME     its root gets a damage that fsconvert finds, and nobody else
#     machine_mend NAME      repairs that
#     machine_stuck NAME     it will not come back from its next boot
#     machine_forgets NAME   it is booted twice next time, so that nothing is left of the first boot's result
#     machine_fails NAME WHAT      what FAIL of tests/tools/fake/common.sh says; empty: nothing
#     type_of NAME           what its root is
#     boots_of NAME          how often it was rebooted
#     picture NAME           a sum of its files
#
# Below $work/NAME are: disk, loop (the name of its device), root, upper (what differs from this machine's /usr), up
# (while it is on), boots, fail.

# shellcheck source=tests/lib/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/lib.sh"

fleet_tests=$PWD/tests/fleet
export FLEET=$work FLEET_KERNEL=6.1.0-30-test
names=()

# What all machines have in /usr, over that of this machine.
fleet_base() {
	local merged=$work/merged name
	mkdir "$work/base" "$work/layer" "$merged"
	mount -t overlay -o "lowerdir=/usr,upperdir=$work/base,workdir=$work/layer" base "$merged"
	for name in lsinitrd mkinitramfs update-initramfs lsinitramfs mkinitcpio shutdown; do
		rm -f "$merged/bin/$name" "$merged/sbin/$name"
	done
	rm -rf "$merged"/share/initramfs-tools "$merged"/lib/{modules,dracut} "$merged/local"
	mkdir -p "$merged/local/bin" "$merged/lib/dracut/modules.d" "$merged/lib/modules/$FLEET_KERNEL"
	for name in common.sh dracut lsinitrd uname; do
		cp "tests/tools/fake/$name" "$merged/local/bin"
	done
	cp "$fleet_tests/shutdown" "$merged/sbin"
	: > "$merged/lib/modules/$FLEET_KERNEL/modules.dep"
	echo kernel/fs/btrfs/btrfs.ko > "$merged/lib/modules/$FLEET_KERNEL/modules.builtin"
	umount "$merged"
}

# --- a machine ---

machine_new() {
	local machine=$work/$1
	mkdir -p "$machine"/{root,upper,layer,run}
	echo 0 > "$machine/boots"
	: > "$machine/lock"
	: > "$machine/fail"
	machine_content "$machine/content"
	mkext "$machine/disk" 160M -t ext4 -d "$machine/content"
	rm -r "$machine/content"
	attach "$machine/disk"
	echo "$loop" > "$machine/loop"
	loop=
	names+=("$1")
	machine_on "$1"
	machine_sums "$1" > "$machine/sums"
}

machine_content() {
	local name
	mkdir -p "$1"/{etc,boot,dev,fake,proc,root,run,srv,sys,tmp,usr,var/lib,var/tmp}
	for name in bin sbin lib lib64; do
		ln -s "usr/$name" "$1/$name"
	done
	cp -a /etc/{alternatives,passwd,group} "$1/etc"
	printf 'ID=debian\nVERSION_ID="12"\n' > "$1/etc/os-release"
	echo '/dev/vda1 / ext4 errors=remount-ro 0 1' > "$1/etc/fstab"
	echo "kernel $FLEET_KERNEL" > "$1/boot/vmlinuz-$FLEET_KERNEL"
	echo "initrd old" > "$1/boot/initrd.img-$FLEET_KERNEL"
	head -c 8M /dev/urandom > "$1/srv/large"
	cp -r src "$1/srv/small"
}

machine_on() {
	local machine=$work/$1 root=$work/$1/root device name
	device=$(cat "$machine/loop")
	mount -t "$(type_of "$1")" "$device" "$root"
	mount -t overlay -o "lowerdir=$work/base:/usr,upperdir=$machine/upper,workdir=$machine/layer" usr "$root/usr"
	mount -t proc proc "$root/proc"
	mount --bind -o ro /sys "$root/sys"
	mount -t tmpfs dev "$root/dev"
	mount -t tmpfs run "$root/run"
	for name in null zero urandom "${device#/dev/}"; do
		cp -a "/dev/$name" "$root/dev"
	done
	cp -a "$machine/run" "$root/run/fsconvert"
	rmdir --ignore-fail-on-non-empty "$root/run/fsconvert"
	cat /proc/sys/kernel/random/uuid > "$root/run/boot_id"
	mount --bind "$root/run/boot_id" "$root/proc/sys/kernel/random/boot_id"
	mount --bind /dev/null "$root/proc/swaps"
	touch "$machine/up"
}

machine_off() {
	local machine=$work/$1
	rm -f "$machine/up"
	# what runs there ends first; nothing new can begin
	flock --exclusive "$machine/lock" true
	! mountpoint -q "$machine/root" || umount -R "$machine/root"
}

# machine_boot NAME: through the initial file system that it has.
machine_boot() {
	local machine=$work/$1 root=$work/$1/root asked=no status=0
	! grep -q ' fsconvert .*whole$' "$root/boot/initrd.img-$FLEET_KERNEL" || asked=yes
	cp "$root/etc/fsconvert.conf" "$machine/conf" 2> /dev/null || :
	machine_off "$1"
	rm -rf "$machine/run"
	mkdir "$machine/run"
	if [ "$asked" = yes ] && [ "$(type_of "$1")" = ext4 ]; then
		PATH=$machine/upper/local/sbin:$PATH "$fleet_tests/boot.sh" "$machine/run" "$machine/conf" \
			"$machine/upper/local/libexec/fsconvert/e2fsck" "$(cat "$machine/loop")" || status=$?
		echo "$1: fsconvert ends with $status"
	fi
	if [ -e "$machine/forgets" ]; then
		rm -r "$machine/forgets" "$machine/run"
		mkdir "$machine/run"
	fi
	echo $(($(cat "$machine/boots") + 1)) > "$machine/boots"
	if [ -e "$machine/stuck" ]; then
		rm "$machine/stuck"
	else
		machine_on "$1"
	fi
}

machine_stuck() {
	touch "$work/$1/stuck"
}

machine_forgets() {
	touch "$work/$1/forgets"
}

machine_fails() {
	printf %s "$2" > "$work/$1/fail"
	rm -f "$work/$1/root"/fake/count.*
}

# A wrong number of links: the file system is clean, the kernel does not mind.
machine_break() {
	machine_off "$1"
	debugfs -w -R 'set_inode_field /srv/large links_count 2' "$(cat "$work/$1/loop")" 2> /dev/null
	machine_on "$1"
}

machine_mend() {
	machine_off "$1"
	e2fsck -fy "$(cat "$work/$1/loop")" > "$work/e2fsck" || [ $? -eq 1 ]
	machine_on "$1"
}

type_of() {
	blkid -p -o value -s TYPE "$(cat "$work/$1/loop")"
}

boots_of() {
	cat "$work/$1/boots"
}

machine_sums() {
	(cd "$work/$1/root" && find srv -type f -exec sha256sum {} + | sort)
}

picture() {
	{
		(cd "$work/$1/root" && find . -xdev -type f -printf '%p %m %U:%G %s %T@\n' \
			-o -printf '%p %m %y %l\n' | sort)
		(cd "$work/$1/root" && find . -xdev -type f -exec sha256sum {} + | sort)
		(cd "$work/$1/upper" && find . -printf '%p %m %s %T@\n' | sort)
	} | sha256sum
}

# --- the power ---

# Boots machines that were shut down, until the test ends.
power_switch() {
	local name
	while sleep 0.2; do
		for name in "${names[@]}"; do
			if [ -e "$work/$name/up" ] && [ -e "$work/$name/root/run/shutdown" ]; then
				machine_boot "$name"
			fi
		done
	done
}

power_on() {
	power_switch > "$work/power" 2>&1 &
	cleanup_fn kill "$!"
}

fleet_off() {
	local name
	for name in "${names[@]}"; do
		machine_off "$name"
		losetup -d "$(cat "$work/$name/loop")"
	done
}

cleanup_fn fleet_off
fleet_base

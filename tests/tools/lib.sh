# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A machine to call fsconvert-prepare and fsconvert-finalize on: a folder to chroot into, with the programs of this
# machine, a disk of its own, and commands of tests/tools/fake in place of boot loader and initramfs generators. Source
# it instead of tests/lib/lib.sh, which it includes.
#
#     machine GENERATOR FIRMWARE    makes $root: dracut or initramfs-tools; bios or efi. The disk is $disk, its root
#                                   partition an ext4, or what machine_content makes of it
#     run COMMAND ARGUMENT...       in $root; sets $status, output in $said. What FAIL and KILL say happens to the
#                                   fakes: FAIL="dracut 2" lets the second call of dracut fail, KILL="dracut 2" lets
#                                   that call kill the program that called it.
#     prepare, finalize             run the program with --yes and the arguments
#     picture                       a sum of all that may change: files with owner, mode and times, and the disk
#     expect_status N, expect_said REGEX, expect_called REGEX
#
# The fakes write their calls to $root/fake/calls.

# shellcheck source=tests/lib/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/lib.sh"

tools_tests=$PWD/tests/tools
kernel_old=6.1.0-20-test kernel_new=6.1.0-30-test
boot_uuid=11111111-2222-4333-8444-555555555555
# the root partition's place on the disk, in sectors
part_start=4096
root=

# --- the machine ---

machine() {
	generator=$1 firmware=$2
	root=$work/machine
	disk=$work/disk
	[ ! -d "$root" ] || machine_off
	mkdir -p "$root" "$work/upper" "$work/layer"
	mkdir "$root"/{etc,boot,var,proc,sys,dev,run,tmp,root,fake,usr}
	ln -s usr/bin usr/sbin usr/lib usr/lib64 "$root"
	mkdir "$root/var/tmp" "$root/var/lib"
	mount -t overlay -o "lowerdir=/usr,upperdir=$work/upper,workdir=$work/layer" machine "$root/usr"
	mount -t proc proc "$root/proc"
	machine_disk
	machine_devices
	machine_programs
	machine_files
	: > "$root/fake/calls"
}

machine_off() {
	local name
	for name in usr proc; do
		! mountpoint -q "$root/$name" || umount "$root/$name"
	done
	for name in "${loops[@]}"; do
		losetup -d "$name"
	done
	loops=()
	rm -rf "$root" "$work/upper" "$work/layer" "$disk" "$work/part"
}
loops=()

# The disk and its partition are two loop devices. The first sector is GRUB's, the sectors behind it are its core.
machine_disk() {
	truncate -s 2M "$disk"
	printf 'old boot code GRUB' | dd of="$disk" conv=notrunc status=none
	printf 'old core' | dd of="$disk" bs=512 seek=1 conv=notrunc status=none
	mkdir "$work/files"
	echo content > "$work/files/file"
	mkext "$work/part" 200M -d "$work/files"
	rm -r "$work/files"
	if declare -F machine_content > /dev/null; then
		machine_content
	fi
	attach "$disk"
	disk_loop=$loop
	attach "$work/part"
	part_loop=$loop
	loops=("$disk_loop" "$part_loop")
	loop=
}

# node LOOP NAME
node() {
	mknod "$root/dev/$2" b $((0x$(stat -c %t "$1"))) $((0x$(stat -c %T "$1")))
}

machine_devices() {
	local number
	mknod -m 666 "$root/dev/null" c 1 3
	mkdir -p "$root"/sys/{dev/block,devices/vda/vda1,class/block,class/power_supply}
	node "$disk_loop" vda
	node "$part_loop" vda1
	number=$((0x$(stat -c %t "$part_loop"))):$((0x$(stat -c %T "$part_loop")))
	ln -s ../../devices/vda/vda1 "$root/sys/dev/block/$number"
	ln -s ../../devices/vda "$root/sys/class/block/vda"
	# the root lies on something that dracut must be told of
	mkdir -p "$root/sys/class/block/vda1/slaves/below"
	echo "$part_start" > "$root/sys/devices/vda/vda1/start"
	echo 1 > "$root/sys/class/block/vda1/partition"
	printf 'FAKE_NUMBER=%s\nFAKE_UUID=%s\n' "$number" "$boot_uuid" > "$root/fake/settings"
	if [ "$firmware" = efi ]; then
		mkdir -p "$root/sys/firmware/efi/efivars" "$root/boot/efi/EFI/debian"
		printf 'grub_env_set\0/boot/grub\0%s' "$boot_uuid" > "$root/boot/efi/EFI/debian/grubx64.efi"
		printf 'shim' > "$root/boot/efi/EFI/debian/shimx64.efi"
	fi
}

# Programs of this machine that would be found and are none of the fake one are taken away.
machine_programs() {
	local name
	for name in dracut lsinitrd mkinitramfs update-initramfs lsinitramfs mkinitcpio bootctl debconf-show \
		grub-install grub-mkconfig grub-reboot update-grub; do
		rm -f "$root/usr/bin/$name" "$root/usr/sbin/$name"
	done
	rm -rf "${root:?}"/usr/{share/initramfs-tools,lib/modules,local}
	mkdir -p "$root"/usr/{local/bin,lib/grub/i386-pc,lib/grub/x86_64-efi}
	make -s install DESTDIR="$root" > /dev/null
	cp "$tools_tests"/fake/* "$root/usr/local/bin"
	if [ "$generator" = initramfs-tools ]; then
		mkdir -p "$root/usr/share/initramfs-tools" "$root/etc/initramfs-tools"
		printf '# modules\nloop\n' > "$root/etc/initramfs-tools/modules"
	else
		rm "$root/usr/local/bin/mkinitramfs" "$root/usr/local/bin/update-initramfs"
	fi
}

machine_files() {
	cp -a /etc/alternatives "$root/etc/"
	local kernel
	for kernel in "$kernel_old" "$kernel_new"; do
		mkdir -p "$root/usr/lib/modules/$kernel"
		: > "$root/usr/lib/modules/$kernel/modules.dep"
		echo kernel/fs/btrfs/btrfs.ko > "$root/usr/lib/modules/$kernel/modules.builtin"
		echo "kernel $kernel" > "$root/boot/vmlinuz-$kernel"
		echo "initrd old $kernel" > "$root/boot/initrd.img-$kernel"
	done
	mkdir -p "$root/boot/grub/i386-pc" "$root/etc/grub.d" "$root/etc/default/grub.d"
	echo 'old core' > "$root/boot/grub/i386-pc/core.img"
	echo 'ext2 module' > "$root/boot/grub/i386-pc/ext2.mod"
	echo 'old menu' > "$root/boot/grub/grub.cfg"
	chroot "$root" /usr/bin/grub-editenv /boot/grub/grubenv create
	chmod 0600 "$root/boot/grub/grub.cfg"
	printf 'GRUB_DEFAULT=0\nGRUB_DISTRIBUTOR=Debian\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\nGRUB_CMDLINE_LINUX=""\n' \
		> "$root/etc/default/grub"
	mv "$root/usr/local/bin/10_linux" "$root/etc/grub.d/10_linux"
	echo "UUID=$boot_uuid / ext4 errors=remount-ro 0 1" > "$root/etc/fstab"
}

# --- running ---

run() {
	status=0
	rm -f "$root"/fake/count.*
	printf '%s\n' "$*" >> "$root/fake/calls"
	chroot "$root" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin FAIL="${FAIL:-}" \
		KILL="${KILL:-}" FAKE_KERNEL="${FAKE_KERNEL:-$kernel_new}" "$@" \
		> "$work/said" 2>&1 < /dev/null || status=$?
	# what a killed program had called ends by itself
	wait_idle
	said=$(cat "$work/said")
}

wait_idle() {
	local try
	for ((try = 0; try < 100; try++)); do
		[ -n "$(find /proc -maxdepth 2 -name root -lname "$root" 2> /dev/null)" ] || return 0
		sleep 0.1
	done
	fail "something still runs in $root"
}

prepare() {
	run fsconvert-prepare --yes "$@"
}

finalize() {
	run fsconvert-finalize --yes "$@"
}

# picture: the times of folders change whenever something in them is made and removed, those of files may not.
picture() {
	{
		# grub-editenv writes the file anew
		(cd "$root" && find etc boot var -type f ! -name grubenv -printf '%p %m %U:%G %s %T@\n' \
			-o -printf '%p %m %U:%G %y %l\n' | sort)
		(cd "$root" && find etc boot var -type f -exec sha256sum {} + | sort)
		sha256sum < "$disk"
	} > "$work/picture.new"
	sha256sum < "$work/picture.new"
}

# keep_picture, expect_picture: before and after.
keep_picture() {
	picture > "$work/picture.sum"
	mv "$work/picture.new" "$work/picture.old"
}

expect_picture() {
	[ "$(picture)" = "$(cat "$work/picture.sum")" ] || {
		diff "$work/picture.old" "$work/picture.new" || :
		fail "$1: something is not as it was"
	}
}

expect_status() {
	[ "$status" -eq "$1" ] || {
		printf '%s\n' "$said"
		fail "exit status $status, not $1"
	}
}

expect_said() {
	grep -qE -- "$1" <<< "$said" || {
		printf '%s\n' "$said"
		fail "nobody said '$1'"
	}
}

expect_called() {
	grep -qE -- "$1" "$root/fake/calls" || {
		cat "$root/fake/calls"
		fail "'$1' was not called"
	}
}

# expect_boots: what a boot loader needs is whole, in whatever state: GRUB's menu, and each image that it names, which
# must be one that some generator has made.
expect_boots() {
	local image
	grep -q . "$root/boot/grub/grub.cfg" || fail "GRUB's menu is empty"
	for image in $(sed -n 's/^[ \t]*initrd[ \t]*//p' "$root/boot/grub/grub.cfg") /boot/initrd.img-"$kernel_new" \
		/boot/initrd.img-"$kernel_old"; do
		grep -q "^initrd .*whole$\|^initrd old" "$root$image" || fail "$image is no whole initial file system"
	done
}

requires test "$(id -u)" -eq 0
requires command -v grub-editenv
cleanup_fn machine_off

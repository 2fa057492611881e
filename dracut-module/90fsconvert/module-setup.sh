#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fsconvert in the initramfs: converts the root before it is mounted when a kernel argument says so, finishes what was
# interrupted, and lets a converted root be mounted. Only on request: dracut --add fsconvert, or add_dracutmodules.

check() {
	find_program > /dev/null || {
		derror 'fsconvert: the program is not installed'
		return 1
	}
	return 255
}

# The module btrfs of dracut wants btrfs-progs; for a btrfs of one device, what is installed here is enough.
depends() {
	echo base fs-lib rootfs-block udev-rules
	if command -v btrfs > /dev/null; then
		echo btrfs
	fi
}

find_program() {
	command -v fsconvert || command -v /usr/local/sbin/fsconvert || command -v /usr/sbin/fsconvert
}

# The static one that was built with the program, else the system's.
find_e2fsck() {
	local prefix
	prefix=$(find_program)
	prefix=${prefix%/*bin/fsconvert}
	command -v "$prefix/libexec/fsconvert/e2fsck" || command -v e2fsck || command -v /sbin/e2fsck
}

installkernel() {
	hostonly='' instmods btrfs ext4 crc32c_generic xxhash_generic sha256_generic blake2b_generic \
		crc32c-intel sha256-ssse3 crc32-ce sha256-ce sha2-ce
}

install() {
	# shellcheck disable=SC2154 # set by dracut
	local dir=$moddir part
	inst_simple "$(find_program)" /usr/sbin/fsconvert
	inst_simple "$(find_e2fsck)" /usr/libexec/fsconvert/e2fsck
	inst_multiple blkid udevadm readlink mkdir rm rmdir sleep mount umount modprobe cat dd tr cp mv sync
	# the last two enlarge the root's partition
	inst_multiple -o plymouth sfdisk partx
	inst_rules 64-btrfs.rules
	if [ -e /etc/fsconvert.conf ]; then
		inst_simple /etc/fsconvert.conf
	fi
	for part in lib options fstab arguments grow dracut; do
		inst_simple "$dir/fsconvert-$part.sh" "/lib/fsconvert/fsconvert-$part.sh"
	done
	inst_hook cmdline 91 "$dir/fsconvert-cmdline.sh"
	inst_hook initqueue/settled 10 "$dir/fsconvert-settled.sh"
	inst_hook pre-mount 05 "$dir/fsconvert-pre-mount.sh"
	inst_hook pre-pivot 30 "$dir/fsconvert-pre-pivot.sh"
	inst_hook cleanup 90 "$dir/fsconvert-cleanup.sh"
	dracut_need_initqueue
}

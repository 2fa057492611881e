#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# An init that copies what is behind the first MiB of the third disk onto the second, through LUKS or LVM or both:
# boot-test.stack=luks|lvm|both on the kernel command line.
mount -t proc proc /proc 2> /dev/null
mount -t sysfs sysfs /sys 2> /dev/null
mount -t devtmpfs devtmpfs /dev 2> /dev/null
exec > /dev/ttyS0 2>&1
export DM_DISABLE_UDEV=1 PATH=/usr/sbin:/usr/bin

encrypt() {
	modprobe dm-crypt
	cryptsetup luksFormat --batch-mode --uuid "$2" --pbkdf pbkdf2 --pbkdf-force-iterations 1000 \
		"$1" /etc/luks.key &&
		cryptsetup open --key-file /etc/luks.key "$1" crypt
}

divide() {
	modprobe dm-mod
	pvcreate "$1" && vgcreate guest "$1" && lvcreate --zero n --wipesignatures n -l 100%FREE -n root guest
}

build() {
	case $(cat /proc/cmdline) in
	*boot-test.stack=luks*) encrypt "$1" "$2" && target=/dev/mapper/crypt ;;
	*boot-test.stack=lvm*) divide "$1" && target=/dev/mapper/guest-root ;;
	*boot-test.stack=both*) encrypt "$1" "$2" && divide /dev/mapper/crypt && target=/dev/mapper/guest-root ;;
	esac
}

mount -t tmpfs tmpfs /run
mkdir -p /run/lock /run/cryptsetup /run/lvm
if build /dev/vdb 7d5c2b1e-3f64-4e0a-9a57-0b8d1c2e3f40 && dd if=/dev/vdc of="$target" bs=1M skip=1 && sync; then
	printf 'GUEST begin: 0\r\nGUEST end: 0\r\n'
fi
echo o > /proc/sysrq-trigger
sleep 20

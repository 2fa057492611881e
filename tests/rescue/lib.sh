#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Starts the rescue image in an emulated machine (QEMU, TCG) and sits at its serial line. Source it instead of
# tests/lib/lib.sh, which it includes.
#
#     rescue_image                  sets $iso, the image with the kernel for clouds, which is small; made anew when
#                                   anything in it has changed, and kept in build/rescue (RESCUE_CACHE)
#     rescue_unpack                 sets $kernel and $initrd, from that image
#     from_cd, from_stick, from_stick_efi, from_kernel ARGUMENT...
#                                   how the machine starts
#     disks IMAGE...                the machine's disks: vda, vdb ...
#     machine_start OPTION...       starts it, with these options of QEMU beside those that all have
#     drive < STEPS                 does what they say (see drive.py); fails the test when it cannot be done
#     machine_off                   waits until the machine has turned itself off
#     machine_kill                  a power cut

# shellcheck source=tests/lib/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/lib.sh"

rescue_tests=$PWD/tests/rescue
rescue_cache=$PWD/${RESCUE_CACHE:-build/rescue}
export RESCUE_KERNEL=${RESCUE_KERNEL:-linux-image-cloud-amd64}
machine=
machines=0
boot_from=()
drives=()

rescue_image() {
	local key
	key=$({
		cat "$FSCONVERT" "${DEPS:-build/deps}/sbin/e2fsck" configs/fsconvert.conf
		cat initramfs/{*.sh,*.cfg,*.list,*.pins,init,rescue} initramfs/rescue.d/* dracut-module/90fsconvert/*
		printf '%s\n' "$RESCUE_KERNEL" "${RESCUE_ARGUMENTS:-}"
	} | sha256sum | cut -c 1-12)
	iso=$rescue_cache/$RESCUE_KERNEL-$key.iso
	mkdir -p "$rescue_cache"
	(
		flock 9
		[ ! -e "$iso" ] || exit 0
		rm -f "$rescue_cache/$RESCUE_KERNEL"-*.iso
		say "making ${iso#"$PWD"/}"
		initramfs/build-iso.sh "$iso"
	) 9> "$rescue_cache/lock" || fail "the image cannot be made"
}

rescue_unpack() {
	kernel=$work/vmlinuz initrd=$work/initrd.gz
	xorriso -osirrox on -indev "$iso" -extract /boot/vmlinuz "$kernel" -extract /boot/initrd.gz "$initrd" \
		> "$work/xorriso" 2>&1 || fail "the image cannot be read: $(tail -n 3 "$work/xorriso")"
}

# --- how it starts ---

from_cd() {
	boot_from=(-drive "file=$iso,if=none,id=cd,format=raw,readonly=on,media=cdrom"
		-device "ide-cd,drive=cd,bootindex=0")
}

from_stick() {
	boot_from=(-drive "file=$iso,if=none,id=stick,format=raw,readonly=on" -device qemu-xhci
		-device "usb-storage,drive=stick,bootindex=0")
}

from_stick_efi() {
	from_stick
	cp /usr/share/OVMF/OVMF_VARS_4M.fd "$work/vars"
	boot_from+=(-machine q35
		-drive "if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd"
		-drive "if=pflash,format=raw,file=$work/vars")
}

from_kernel() {
	boot_from=(-kernel "$kernel" -initrd "$initrd" -append "quiet console=ttyS0 panic=5 mitigations=off $*")
}

disks() {
	local image
	drives=()
	for image in "$@"; do
		drives+=(-drive "file=$image,if=none,id=d${#drives[@]},format=raw,cache=unsafe"
			-device "virtio-blk-pci,drive=d${#drives[@]}")
	done
}

# --- running ---

machine_start() {
	machines=$((machines + 1))
	serial=$work/serial.$machines
	timeout -k 5 "${MACHINE_TIMEOUT:-900}" qemu-system-x86_64 -accel tcg,thread=multi -cpu qemu64 -smp 1 -m 1024 \
		-nodefaults -no-reboot -display none -vga std -serial chardev:line \
		-chardev "socket,id=line,path=$work/line,server=on,wait=on,logfile=$serial" \
		"${boot_from[@]}" "${drives[@]}" "$@" < /dev/null > "$work/qemu" 2>&1 &
	machine=$!
}

drive() {
	"$rescue_tests/drive.py" "$work/line" || {
		tail -n 3 "$work/qemu"
		fail "machine $machines: see the screen above"
	}
}

machine_off() {
	local status=0
	wait "$machine" || status=$?
	machine=
	rm -f "$work/line"
	[ "$status" -eq 0 ] || fail "the machine ends with $status: $(cat "$work/qemu")"
}

machine_kill() {
	# all of the group that timeout has made
	kill -KILL -- "-$machine"
	wait "$machine" 2> /dev/null || :
	machine=
	rm -f "$work/line"
}

machine_end() {
	[ -z "$machine" ] || kill "$machine"
}

# interrupt IMAGE ARGUMENT...: leaves it as a power cut in the middle of the switch of this run does.
interrupt() {
	local image=$1 epochs number
	shift
	cp --sparse=always "$image" "$work/cut"
	FSCONVERT_FAULT=log=$work/cut.log "$FSCONVERT_DEBUG" "$@" "$work/cut" > "$work/log" 2>&1 ||
		fail "$*: $(tail -n 3 "$work/log")"
	epochs=$(tests/boot/cut.py count "$work/cut.log")
	for ((number = epochs - 1; number > 0; number--)); do
		cp --sparse=always "$image" "$work/cut"
		tests/boot/cut.py apply "$work/cut.log" "$number" "$work/cut" 0
		conv --status "$work/cut"
		if [ "$status" -eq 4 ]; then
			mv "$work/cut" "$image"
			rm "$work/cut.log"
			return 0
		fi
	done
	fail "no state of $* is an interrupted one"
}

# heard REGEX: the machine said it at any time.
heard() {
	tr -d '\r' < "$serial" | grep -qE -- "$1" || fail "the machine has not said '$1'"
}

[ "$(dpkg --print-architecture)" = amd64 ] || skip "the rescue image is one for amd64"
requires command -v qemu-system-x86_64
requires command -v xorriso
requires command -v grub-mkimage
cleanup_fn machine_end
rescue_image

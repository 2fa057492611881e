#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Boots a Debian system in an emulated machine (QEMU, TCG). Source it instead of tests/lib/lib.sh, which it includes.
#
#     boot_disk                     makes $disk, a copy of the base disk: /dev/vda1 is for GRUB, vda2 swap, and vda3,
#                                   which is $root_device, the root: ext4, label "guest-root", $root_uuid,
#                                   $root_partuuid
#     boot_edit FUNCTION            calls it while the root of $disk is mounted at $mnt
#     with_root FUNCTION            calls it while $loop is the root of $disk
#     boot FLAVOUR [ARGUMENT...]    runs $disk until it turns itself off; kernel arguments beside root=, which is taken
#                                   from $root_argument. FLAVOUR is that of the initramfs: systemd or plain (dash, no
#                                   systemd). The machine's init is systemd for the first, else a script.
#     boot_record, boot_cut, ...    power cuts, see cuts.sh
#     guest KEY                     what the guest said of itself: the lines "GUEST KEY: ..." of guest/report.sh
#     expect_root TYPE              the root of the last boot was a TYPE, could be written to, all files are as they
#                                   were, no unit has failed
#     expect_said REGEX             the boot said so
#     expect_result TEXT            the result of the program, which is JSON, has it
#
# Knobs of boot(): boot_machine (options of QEMU), boot_init (the guest's init), boot_timeout (seconds), boot_console
# (arguments for messages), boot_modules (of dracut, for a system of one's own).
#
# The Debian system, the base disk and the initramfs are built once and kept in build/boot (BOOT_CACHE), under a key
# made of what they are made from. The program and the module of the tree travel in an archive that is appended to the
# initramfs, so that they are always the newest.

# shellcheck source=tests/lib/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/lib.sh"

boot_tests=$PWD/tests/boot
boot_cache=$PWD/${BOOT_CACHE:-build/boot}
# shellcheck disable=SC2034 # for the tests
root_device=/dev/vda3
root_uuid=5ad7a4b0-0a38-4c62-8d5f-2f4f6d9b3a11
root_partuuid=8c5f1d2e-93b1-4f0a-a5b7-6f20c1d0e7a2
root_type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709
swap_uuid=c1d3f0aa-54b5-4a7e-9d21-7a0b8e4f9c33
root_argument=root=UUID=$root_uuid
boot_machine=()
boot_modules=
boot_init=
boot_timeout=400
boot_console=(quiet)
boots=0

# Partitions, in sectors of 512 bytes.
boot_sectors_bios=2048 boot_start_swap=4096 boot_sectors_swap=32768 boot_start_root=36864
boot_sectors_root=$((900 * 2048))
boot_sectors=$((boot_start_root + boot_sectors_root + 2048))

# shellcheck source=tests/boot/once.sh
. "$boot_tests/once.sh"
# shellcheck source=tests/boot/cuts.sh
. "$boot_tests/cuts.sh"

# --- disks ---

boot_disk() {
	disk=$work/disk
	cp --sparse=always "$system/disk" "$disk"
}

# with_root COMMAND ARGUMENT...: while $loop is the root of $disk.
with_root() {
	attach "$disk" --offset "$((boot_start_root * 512))" --sizelimit "$((boot_sectors_root * 512))"
	"$@"
	detach
}

with_swap() {
	attach "$disk" --offset "$((boot_start_swap * 512))" --sizelimit "$((boot_sectors_swap * 512))"
	"$@"
	detach
}

boot_edit() {
	with_root boot_edit_mounted "$@"
}

boot_edit_mounted() {
	mount "$loop" "$mnt"
	"$@"
	umount "$mnt"
}

# --- running ---

# boot_start FLAVOUR ARGUMENT...: starts the machine in the background; sets $machine and $serial.
boot_start() {
	local flavour=$1 init=$boot_init arguments
	shift
	boot_initrd "$flavour"
	cat "$initrd" "$overlay" > "$work/initrd"
	[ "$flavour" = systemd ] || init=${init:-/usr/local/sbin/minit.sh}
	arguments="console=ttyS0 $root_argument ${init:+init=$init} panic=5 mitigations=off nokaslr audit=0 apparmor=0"
	arguments+=" rd.udev.log_level=3 systemd.show_status=0 rd.shell=0 rd.emergency=poweroff ${boot_console[*]} $*"
	boots=$((boots + 1))
	serial=$work/serial.$boots
	say "boot $boots ($flavour): $*"
	timeout -k 5 "$boot_timeout" qemu-system-x86_64 -accel tcg,thread=multi -cpu qemu64 -smp 1 -m 768 \
		-nodefaults -no-reboot -display none -serial "file:$serial" \
		-kernel "$system/vmlinuz" -initrd "$work/initrd" -append "$arguments" \
		-drive "file=$disk,if=none,id=d0,format=raw,cache=unsafe" -device virtio-blk-pci,drive=d0 \
		"${boot_machine[@]}" < /dev/null > "$work/qemu" 2>&1 &
	machine=$!
}

# boot_wait: until it is off. A machine that hangs is ended, and what it said is shown.
boot_wait() {
	local status=0
	wait "$machine" || status=$?
	machine=
	[ "$status" -eq 0 ] || boot_fail "the machine ends with $status: $(cat "$work/qemu")"
}

boot() {
	local begun=$SECONDS
	boot_start "$@"
	boot_wait
	[ -n "$(guest end)" ] || boot_fail "no report of the guest"
	printf '    %d s; report after %s s of the guest\n' "$((SECONDS - begun))" "$(guest begin)"
}

# boot_kill FLAVOUR MILLISECONDS ARGUMENT...: switches the machine off so long after the conversion began.
boot_kill() {
	local flavour=$1 delay=$2 try
	shift 2
	boot_start "$flavour" "$@"
	for ((try = 0; try < boot_timeout * 10; try++)); do
		! grep -qs 'fsconvert: scan' "$serial" || break
		kill -0 "$machine" 2> /dev/null || boot_fail "the machine has ended"
		sleep 0.1
	done
	sleep "$((delay / 1000)).$(printf '%03d' "$((delay % 1000))")"
	kill -KILL "$(pgrep -P "$machine")"
	wait "$machine" 2> /dev/null || :
	machine=
	say "killed $delay ms after the scan began; the last words: $(tr '\r' '\n' < "$serial" | grep . | tail -n 1)"
}

boot_fail() {
	tr -d '\r' < "$serial" | tail -n "${BOOT_LOG_LINES:-60}"
	fail "boot $boots: $*"
}

stop_machine() {
	[ -z "${machine:-}" ] || kill "$machine"
}

# --- judging ---
#
# No "| grep -q": it ends at the first match, and what comes before it in the pipe is killed and fails.

# For with_root.
show_type() {
	blkid -p -o value -s TYPE "$loop" || echo unclear
}

show_features() {
	dumpe2fs -h "$loop" 2> /dev/null | sed -n 's/^Filesystem features: *//p'
}

check_ext() {
	e2fsck -fn "$loop" || fail "e2fsck finds faults"
}

check_btrfs() {
	btrfs check --check-data-csum "$loop" || fail "btrfs check finds faults"
}

guest() {
	tr -d '\r' < "$serial" | sed -n "s/^.*GUEST $1: //p"
}

expect_guest() {
	local found
	found=$(guest "$1")
	[ "$found" = "$2" ] || boot_fail "$1 is '$found', not '$2'"
}

# expect_result TEXT: the result of the program has it.
expect_result() {
	grep -qF -- "$1" <<< "$(guest result)" || boot_fail "the result is no $1"
}

expect_said() {
	grep -qE -- "$1" <<< "$(tr -d '\r' < "$serial")" || boot_fail "nobody said '$1'"
}

expect_root() {
	local type
	type=$(guest root)
	[[ $type == "$1 rw"* ]] || boot_fail "the root is '$type', not $1 rw"
	expect_guest written yes
	expect_guest sums "$(cat "$system/sums")"
	expect_guest failed ''
	expect_guest uuid "$root_uuid"
}

[ "$(dpkg --print-architecture)" = amd64 ] || skip "the guest is one for amd64"
requires command -v qemu-system-x86_64
requires command -v mmdebstrap
cleanup_fn stop_machine
boot_system debian
boot_base
overlay=$work/overlay
"$boot_tests/build-overlay.sh" "$overlay" configs/fsconvert.conf=/etc/fsconvert.conf

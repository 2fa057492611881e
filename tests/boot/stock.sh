# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A Debian as its installer leaves it, with its own boot loader and initramfs, driven like its owner would: make install
# and fsconvert-prepare, reboot, fsconvert-finalize. Source it instead of tests/boot/lib.sh, which it includes.
#
#     stock_disk NAME PACKAGE...    sets $disk to a copy of the disk of such a system, with the project installed;
#                                   $stock_generator makes its initramfs
#     stock_steps STEP...           what the owner does, one step a boot, see guest/steps.sh
#     stock_first                   boots the disk with kernel and initramfs from outside, as an installer does
#     stock_boot                    boots the disk by the firmware
#     expect_done                   the step of this boot succeeded

# shellcheck source=tests/boot/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

stock_firmware=()
# what makes the initramfs: initramfs-tools or dracut
stock_generator=initramfs-tools

stock_disk() {
	local packages=("${@:2}")
	[ "$stock_generator" = dracut ] || packages+=("$stock_generator")
	boot_system "$1" "${packages[@]}"
	version=$(cat "$system/version")
	boot_once "$system/initrd" stock_build_initrd
	boot_base
	boot_disk
	boot_edit stock_install
}

# The kernel's own package would do this.
stock_build_initrd() {
	local root=$system/root make=(update-initramfs -c -k "$version")
	[ "$stock_generator" != dracut ] ||
		make=(dracut --force --no-hostonly --kver "$version" "/boot/initrd.img-$version")
	# a server with a serial console
	mkdir -p "$root/etc/default/grub.d"
	cat > "$root/etc/default/grub.d/serial.cfg" <<- EOF
		GRUB_CMDLINE_LINUX="console=ttyS0 mitigations=off audit=0 apparmor=0 systemd.show_status=0"
		GRUB_TERMINAL=serial
		GRUB_TIMEOUT=1
	EOF
	# shellcheck disable=SC2016 # for another shell
	env -u TMPDIR tests/lib/own-mounts.sh sh -ec 'for dir in proc sys dev; do mount --rbind "/$dir" "$0/$dir"; done
		chroot "$0" "$@"' "$root" "${make[@]}" > "$boot_cache/log" 2>&1 || {
		tail -n 20 "$boot_cache/log"
		return 1
	}
	cp "$root/boot/initrd.img-$version" "$system/initrd"
}

stock_install() {
	make -s install DESTDIR="$mnt" > /dev/null
	install -D -m 0755 "$boot_tests/guest/steps.sh" "$mnt/etc/boot-test.d/steps"
}

stock_steps() {
	printf '%s\n' "$@" > "$work/steps"
	boot_edit cp "$work/steps" "$mnt/etc/boot-test.steps"
}

# stock_run OPTION...: of QEMU.
stock_run() {
	local begun=$SECONDS
	boots=$((boots + 1))
	serial=$work/serial.$boots
	timeout -k 5 "$boot_timeout" qemu-system-x86_64 -accel tcg,thread=multi -cpu qemu64 -smp 1 -m 768 \
		-nodefaults -no-reboot -display none -serial "file:$serial" \
		-drive "file=$disk,if=none,id=d0,format=raw,cache=unsafe" -device virtio-blk-pci,drive=d0,bootindex=1 \
		"$@" "${boot_machine[@]}" < /dev/null > "$work/qemu" 2>&1 &
	machine=$!
	boot_wait
	[ -n "$(guest end)" ] || boot_fail "no report of the guest"
	printf '    %d s; report after %s s of the guest\n' "$((SECONDS - begun))" "$(guest begin)"
	guest ended | sed 's/^/    step: /'
}

stock_first() {
	say "boot $((boots + 1)), from outside"
	stock_run -kernel "$system/vmlinuz" -initrd "$system/initrd" \
		-append "console=ttyS0 $root_argument ro mitigations=off audit=0 apparmor=0 quiet systemd.show_status=0"
}

stock_boot() {
	say "boot $((boots + 1))"
	stock_run "${stock_firmware[@]}"
}

expect_done() {
	[[ $(guest ended) == "0 after"* ]] || boot_fail "the step failed: $(guest step)"
}

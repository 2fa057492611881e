# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared with those who source it
# Which boot loader there is, and what is to be done to it.

# find_loader: fills loader (grub, grub-bls, systemd-boot, none or unknown), unless it was given.
find_loader() {
	find_grub
	find_bls
	if [ -n "$loader" ]; then
		return 0
	elif [ "$firmware" = efi ] && systemd_boot_runs; then
		loader=systemd-boot
	elif [ -s "$grub_cfg" ] && [ -n "$grub_mkconfig" ] && grub_reads_entries; then
		loader=grub-bls
	elif [ -s "$grub_cfg" ] && [ -n "$grub_mkconfig" ]; then
		loader=grub
	else
		loader=unknown
	fi
}

check_loader() {
	core_work=none
	case $loader in
	none) return 0 ;;
	grub | grub-bls) check_grub ;;
	systemd-boot)
		if [ -z "$(bls_entry "$chosen_kernel")" ]; then
			refuse "systemd-boot has no entry of kernel $chosen_kernel (a unified kernel image?): put" \
				"rd.fsconvert=root into its command line yourself, and say --boot-loader=none"
		fi
		[ "$boot_on_root" = no ] || caution "the boot loader cannot read the root, so /boot on it is not used"
		;;
	*)
		check_loader_found=
		for check_loader_one in /boot/extlinux /boot/syslinux /boot/boot.scr /boot/lilo.conf; do
			[ ! -e "$check_loader_one" ] || check_loader_found=" (found $check_loader_one)"
		done
		refuse "the boot loader is not known$check_loader_found: if it does not read the root file system," \
			"give the kernel rd.fsconvert=root yourself, and say --boot-loader=none"
		;;
	esac
}

# check_grub: fills core_work with what must be done to its core: none, bios or efi.
check_grub() {
	if [ "$loader" = grub ] && [ ! -x /etc/grub.d/10_linux ]; then
		refuse "GRUB's menu is not made by /etc/grub.d/10_linux, from which our entry would be made"
	fi
	if [ "$loader" = grub-bls ] && [ -z "$(bls_entry "$chosen_kernel")" ]; then
		refuse "there is no boot entry of kernel $chosen_kernel in $bls_dir"
	fi
	if [ -z "$grub_reboot" ] || [ -z "$grub_editenv" ]; then
		refuse "grub-reboot and grub-editenv are missing"
	fi
	[ "$boot_on_root" = yes ] || return 0
	if [ "$firmware" = efi ]; then
		check_grub_efi
	elif [ -z "$(grub_disks)" ]; then
		refuse "none of the disks that /boot lies on begins with GRUB, so something else starts it:" \
			"if that does not read the root file system, say --boot-loader=none"
	elif [ ! -d /usr/lib/grub/i386-pc ] || [ -z "$grub_install" ]; then
		refuse "GRUB's core must be made anew so that it reads btrfs, but grub-install or" \
			"/usr/lib/grub/i386-pc is missing (package grub-pc)"
	else
		core_work=bios
	fi
}

check_grub_efi() {
	if [ -z "$(efi_cores)" ]; then
		refuse "no GRUB of this system was found on the EFI system partition (is it mounted on /boot/efi?)"
	elif [ -z "$(blind_efi_cores)" ]; then
		return 0
	elif secure_boot; then
		refuse "GRUB cannot read btrfs ($(blind_efi_cores | tr '\n' ' '))," \
			"and with Secure Boot it cannot be replaced"
	elif [ -z "$grub_install" ]; then
		refuse "GRUB's core must be made anew so that it reads btrfs, but grub-install is missing"
	else
		core_work=efi
	fi
}

say_core() {
	case $core_work in
	bios) say "- make GRUB's core on $(grub_disks | tr '\n' ' ')read ext and btrfs" ;;
	efi) say "- make GRUB's core read ext and btrfs: $(blind_efi_cores | tr '\n' ' ')" ;;
	esac
}

make_core() {
	case $core_work in
	bios) install_core_bios ;;
	efi) install_core_efi ;;
	esac
}

say_entry() {
	case $loader:$when in
	none:*) say "- (the boot loader is yours: start the kernel with rd.fsconvert=root)" ;;
	*:once) say "- add a boot entry with rd.fsconvert=root, and choose it for the next boot" ;;
	*) say "- add rd.fsconvert=root to each boot" ;;
	esac
}

# make_entry: fills entry_words with the arguments.
make_entry() {
	entry_words=rd.fsconvert=root
	if [ "$generator" = initramfs-tools ]; then
		make_entry_stack=$(stack_words) || return 1
		entry_words="$entry_words${make_entry_stack:+ }${make_entry_stack% }"
	fi
	case $loader in
	none)
		say "  start kernel $chosen_kernel with: $entry_words"
		if [ "$generator" = initramfs-tools ]; then
			say "  and with the initial file system $(own_image)"
		fi
		;;
	grub) put_menu ;;
	*) put_bls ;;
	esac
}

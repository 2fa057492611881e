# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared with the libraries
# What fsconvert-cloud-image does inside of an image, in a chroot: the same that fsconvert-prepare does on a machine
# that runs, but for the boot loader's menu, which is not made anew here: it would get the devices of this machine.
#
#     CLOUD_IMAGE      its name, for messages
#     CLOUD_WAY        boot: it is converted when it boots first; now: right afterwards
#     CLOUD_DISK       the device of the whole image
#     CLOUD_ESP        no: the EFI system partition can be read only
#     CLOUD_WORDS      the arguments of the kernel
#     CLOUD_INSTALL    yes: missing packages are installed
set -eu
umask 022
LC_ALL=C
export LC_ALL
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH

libraries=${0%/*}
data_dir=${libraries%/lib}
for library in common state machine images arguments grub efi menu bls loader finish; do
	# shellcheck source=/dev/null
	. "$libraries/$library.sh"
done
program='fsconvert-cloud-image'
fsconvert=/usr/local/sbin/fsconvert
config=/etc/fsconvert.conf
loader='' when=always core_bios=no
running_kernel=none own_image_for=--no-hostonly images_for=--no-hostonly

# whatever GRUB there is in an image is its own
is_our_core() {
	grep -aq grub_env_set "$1"
}

# --- packages ---

missing_packages() {
	have btrfs || printf 'btrfs-progs '
	[ "$CLOUD_WAY" = now ] || have dracut || printf 'dracut-core '
}

# Services are not to be started in a chroot.
install_packages() {
	install_list=$(missing_packages)
	[ -n "$install_list" ] || return 0
	have apt-get || die "$EXIT_REFUSED" "the image has no apt-get, so that nothing can be installed in it"
	say "Installing $install_list"
	install_policy=/usr/sbin/policy-rc.d
	if [ -e "$install_policy" ]; then
		install_policy=
	else
		printf '#!/bin/sh\nexit 101\n' >"$install_policy" && chmod 0755 "$install_policy"
	fi
	# shellcheck disable=SC2086 # several words
	if ! quietly "reading the lists of packages" apt-get -q update ||
		! quietly "installing packages" env DEBIAN_FRONTEND=noninteractive \
			apt-get -qy --no-install-recommends install $install_list; then
		die "$EXIT_FAILED" "the packages could not be installed: does this machine reach the archives of" \
			"the image?"
	fi
	apt-get -q clean
	rm -f "$install_policy"
}

# --- checks ---

check_tools() {
	case $generator in
	initramfs-tools | dracut) ;;
	*) refuse "its initial file systems are made by $generator, not by initramfs-tools or dracut" ;;
	esac
	check_tools_missing=$(missing_packages)
	[ -z "$check_tools_missing" ] ||
		refuse "it lacks the packages ${check_tools_missing% }: say --install-packages, or install them in" \
			"another way"
	for check_tools_kernel in $kernels; do
		[ -n "$(images_of "$check_tools_kernel")" ] ||
			refuse "kernel $check_tools_kernel in it has no initial file system"
	done
}

# check_cores: fills core_bios and core_efi with what must be done: yes or no. Either firmware may start the image.
check_cores() {
	core_efi=no check_cores_found=no
	if has_grub_sector "$CLOUD_DISK"; then
		check_cores_found=yes core_bios=$boot_on_root
		if [ "$core_bios" = yes ] && { [ ! -d /usr/lib/grub/i386-pc ] || [ -z "$grub_install" ]; }; then
			refuse "GRUB's core for a BIOS must be made anew so that it reads btrfs, and the image has no" \
				"grub-install or no /usr/lib/grub/i386-pc: install grub2-common and grub-pc-bin in it"
		fi
	fi
	if [ -n "$(efi_cores)" ]; then
		check_cores_found=yes
		if [ "$boot_on_root" = yes ] && [ -n "$(blind_efi_cores)" ]; then
			core_efi=yes
			[ -n "$grub_install" ] ||
				refuse "GRUB for UEFI cannot read btrfs, and the image has no grub-install"
			[ "$CLOUD_ESP" = yes ] ||
				refuse "GRUB for UEFI cannot read btrfs, and this machine cannot write to the" \
					"partition that it is on: its kernel has no vfat"
		fi
	fi
	[ "$check_cores_found" = yes ] ||
		refuse "nothing in it starts GRUB: neither the first sector, nor a file on an EFI system partition"
}

check_menu() {
	if [ "$loader" != grub ]; then
		refuse "its boot loader is $loader, and not GRUB with a menu in /boot/grub/grub.cfg"
	elif [ "$CLOUD_WAY" = boot ] && [ -z "$(print_own_entry)" ]; then
		refuse "GRUB's menu in it has no entry of kernel $chosen_kernel that ours could be made from"
	fi
}

examine() {
	find_root
	find_loader
	find_generator
	check_root
	check_kernels
	check_tools
	check_cores
	check_menu
	check_boot_space
	check_swap
	fix_list=$(files_to_fix)
	printf '%s\n' "$warnings" | sed 1d | while read -r examine_line; do
		warn "$CLOUD_IMAGE: $examine_line"
	done
	printf '%s\n' "$refusals" | sed 1d | while read -r examine_line; do
		error "$CLOUD_IMAGE: $examine_line"
	done
	[ -z "$refusals" ] || exit "$EXIT_REFUSED"
}

# --- GRUB ---

# make_core_bios: in a chroot GRUB takes disks from its map. It finds its files by the UUID of the file system.
make_core_bios() {
	say "  for a BIOS"
	core_map=$grub_dir/device.map
	if [ -f "$core_map" ]; then
		mv "$core_map" "$core_map.fsconvert-old" || return 1
	fi
	printf '(hd0) %s\n(hd1) %s\n' "$CLOUD_DISK" "$(device_at /boot)" >"$core_map" &&
		quietly "making GRUB's core" \
			"$grub_install" --target=i386-pc --modules="$core_modules" "$CLOUD_DISK" || return 1
	rm "$core_map"
	if [ -f "$core_map.fsconvert-old" ]; then
		mv "$core_map.fsconvert-old" "$core_map"
	fi
}

# make_core_efi: grub-install asks the firmware what to make, so here is one.
make_core_efi() {
	say "  for UEFI"
	mkdir -p /sys/firmware/efi && echo 64 >/sys/firmware/efi/fw_platform_size && install_core_efi
}

make_cores() {
	if [ "$core_bios:$core_efi" = no:no ]; then
		return 0
	fi
	say "Making GRUB's core:"
	if [ "$core_bios" = yes ]; then
		make_core_bios || return 1
	fi
	[ "$core_efi" = no ] || make_core_efi
}

# print_menu: GRUB's menu without ours, and without arguments that only ext understands.
print_menu() {
	sed '/^### BEGIN fsconvert ###$/,/^### END fsconvert ###$/d' "$grub_cfg" |
		while IFS= read -r print_menu_line || [ -n "$print_menu_line" ]; do
			case $print_menu_line in
			*[[:blank:]]linux*[[:blank:]]*/*)
				if has_ext_words "$print_menu_line"; then
					print_menu_line="	$(without_ext_words "$print_menu_line")"
				fi
				;;
			esac
			printf '%s\n' "$print_menu_line"
		done
}

print_own_entry() {
	find_entry_image
	print_menu | awk -v id="$entry_id" -v title="$entry_title" -v kernel="$chosen_kernel" -v image="$entry_image" \
		-v words="$CLOUD_WORDS" "$(print_entry_filter)"
}

# An entry that was chosen for one boot still wins.
print_own_menu() {
	print_menu
	say '### BEGIN fsconvert ###'
	print_own_entry
	say "if [ -z \"\${boot_once}\" ]; then set default=$entry_id; fi"
	say '### END fsconvert ###'
}

# put_cfg PRINTER: what it prints becomes GRUB's menu.
put_cfg() {
	remember cfg "$grub_cfg" || return 1
	"$1" >"$grub_cfg.fsconvert-new" && chmod --reference="$grub_cfg" "$grub_cfg.fsconvert-new" &&
		replace_file "$grub_cfg.fsconvert-new" "$grub_cfg" && settled "$grub_cfg"
}

# put_own_menu: and the same for menus that the machine makes itself, until fsconvert-finalize.
put_own_menu() {
	entry_words=$CLOUD_WORDS
	find_entry_image
	print_entry_script | put_conf "$entry_script" 0755 || return 1
	printf '# Written by fsconvert-cloud-image, and removed by fsconvert-finalize.\nGRUB_DEFAULT=%s\n' "$entry_id" |
		put_conf "$always_conf" 0644 && put_cfg print_own_menu
}

# --- initial file systems ---

# all_drivers: not those of this machine.
all_drivers() {
	if [ "$generator" = initramfs-tools ] && grep -rqs '^MODULES=dep' /etc/initramfs-tools; then
		printf '# Written by fsconvert-cloud-image.\nMODULES=most\n' |
			put_conf /etc/initramfs-tools/conf.d/zz-fsconvert 0644
	fi
}

btrfs_images() {
	name_btrfs || return 1
	btrfs_lister=lsinitrd
	[ "$generator" != initramfs-tools ] || btrfs_lister=lsinitramfs
	for btrfs_kernel in $kernels; do
		for btrfs_image in $(images_of "$btrfs_kernel"); do
			remake_image "$btrfs_image" && check_image "$btrfs_image" "$btrfs_lister" "$btrfs_kernel" ||
				return 1
		done
	done
}

prepare_boot() {
	state_has kernels || state_add "kernels $(all_kernels)"
	fix_arguments
	all_drivers
	say "Making the initial file systems:"
	make_images
	make_cores
	put_own_menu
	state_has complete || state_add complete
}

prepare_now() {
	fix_arguments
	say "Making the initial file systems:"
	all_drivers
	btrfs_images
	make_cores
	put_cfg print_menu
	drop_confs
	forget_state
}

[ "$CLOUD_INSTALL" = no ] || install_packages
examine
case $CLOUD_WAY in
boot) prepare_boot ;;
now) prepare_now ;;
esac
sync

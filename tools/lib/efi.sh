# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared with those who source it
# GRUB's core on a UEFI machine: files on the system partition.

# efi_folder: where the system partition is mounted.
efi_folder() {
	for efi_folder_one in /boot/efi /efi /boot; do
		if [ -d "$efi_folder_one/EFI" ]; then
			printf '%s\n' "$efi_folder_one"
			return 0
		fi
	done
	return 1
}

# is_our_core FILE: GRUB, and that of this system: it, or the file beside it, names the file system of /boot or its
# partition, or it stands where grub-install puts it by default.
is_our_core() {
	LC_ALL=C grep -aq grub_env_set "$1" || return 1
	is_our_uuid=$(findmnt -nro UUID --target /boot)
	if [ -n "$is_our_uuid" ] && grep -aqs -e "$is_our_uuid" "$1" "${1%/*}/grub.cfg"; then
		return 0
	fi
	is_our_part=$(cat "/sys/class/block/$(basename "$(device_at /boot)")/partition" 2>/dev/null) || is_our_part=none
	if grep -aqE ",(gpt|msdos)$is_our_part\)(/boot)?/grub" "$1"; then
		return 0
	fi
	# shellcheck source=/dev/null
	is_our_name=$(. "$default_conf" 2>/dev/null && printf '%s' "${GRUB_DISTRIBUTOR:-}" | tr '[:upper:]' '[:lower:]')
	is_our_name=${is_our_name%% *}
	case $1 in
	*/EFI/"${is_our_name:-grub}"/*) return 0 ;;
	esac
	return 1
}

# efi_cores: the images of this system's GRUB.
efi_cores() {
	efi_cores_dir=$(efi_folder) || return 0
	find "$efi_cores_dir/EFI" -mindepth 2 -maxdepth 2 -type f -iname '*.efi' | sort | while read -r efi_core; do
		if is_our_core "$efi_core"; then
			printf '%s\n' "$efi_core"
		fi
	done
}

# efi_core_reads_btrfs FILE: the modules in it are not compressed, and this is what that of btrfs may have to say.
efi_core_reads_btrfs() {
	LC_ALL=C grep -aq 'not a Btrfs filesystem' "$1"
}

blind_efi_cores() {
	efi_cores | while read -r blind_efi_core; do
		efi_core_reads_btrfs "$blind_efi_core" || printf '%s\n' "$blind_efi_core"
	done
}

secure_boot() {
	secure_boot_byte=$(cat /sys/firmware/efi/efivars/SecureBoot-* 2>/dev/null | od -An -tu1 -j4 -N1 | tr -d ' ')
	[ "${secure_boot_byte:-0}" = 1 ]
}

# install_efi_core FILE OPTION...: in the folder that FILE is in. The firmware's own list of entries stays as it is.
install_efi_core() {
	install_efi_file=$1
	install_efi_id=${1%/*}
	install_efi_id=${install_efi_id##*/}
	shift
	say "  $install_efi_file"
	remember conf "$install_efi_file" || return 1
	case $install_efi_id in
	[Bb][Oo][Oo][Tt]) quietly "making GRUB's core" "$grub_install" "$@" --removable || return 1 ;;
	*) quietly "making GRUB's core" "$grub_install" "$@" --bootloader-id="$install_efi_id" || return 1 ;;
	esac
	settled "$install_efi_file" && sync -f "$install_efi_file" || return 1
	if ! efi_core_reads_btrfs "$install_efi_file"; then
		error "$install_efi_file still cannot read btrfs"
		return 1
	fi
}

# install_core_efi: where it cannot read btrfs.
install_core_efi() {
	set -- --efi-directory="$(efi_folder)" --no-nvram --modules="$core_modules"
	if "$grub_install" --help 2>/dev/null | grep -q -e --no-uefi-secure-boot; then
		set -- "$@" --no-uefi-secure-boot
	fi
	for install_efi_tree in /usr/lib/grub/*-efi; do
		remember_tree "$grub_dir/${install_efi_tree##*/}" || return 1
	done
	for install_efi_one in $(blind_efi_cores); do
		install_efi_core "$install_efi_one" "$@" || return 1
	done
	for install_efi_tree in /usr/lib/grub/*-efi; do
		settled "$grub_dir/${install_efi_tree##*/}" || return 1
	done
}

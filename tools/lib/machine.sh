# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared with those who source it
# What this machine is: the root file system, the kernels, and what speaks against a conversion. A check that finds
# something adds a line to refusals or to warnings.

refusals='' warnings=''
running_kernel=$(uname -r)

refuse() {
	refusals="$refusals
$*"
}

caution() {
	warnings="$warnings
$*"
}

# print_lines PREFIX TEXT: one line each.
print_lines() {
	printf '%s\n' "$2" | sed -n "s/^..*/$1&/p"
}

# device_at PATH: the block device of the file system that PATH lies on.
device_at() {
	device_at_node=$(findmnt -nro MAJ:MIN --target "$1") || return 1
	device_at_node=$(readlink -f "/sys/dev/block/$device_at_node") || return 1
	[ -b "/dev/${device_at_node##*/}" ] && printf '/dev/%s\n' "${device_at_node##*/}"
}

# find_root: fills root_type, root_device, boot_on_root.
find_root() {
	root_type=$(findmnt -nro FSTYPE /) || root_type=unknown
	root_device='' boot_on_root=yes
	case $root_type in
	# the device number of btrfs is none of a device
	btrfs) root_device=$(findmnt -nro SOURCE / | sed 's/\[.*//') ;;
	ext[234]) root_device=$(device_at /) || root_device= ;;
	esac
	[ "$(findmnt -nro TARGET --target /boot)" = / ] || boot_on_root=no
}

check_root() {
	case $root_type in
	ext[234]) ;;
	btrfs)
		refuse "the root file system is btrfs already"
		return 0
		;;
	*)
		refuse "the root file system is $root_type, not ext2, ext3 or ext4"
		return 0
		;;
	esac
	if [ -e /run/ostree-booted ] || [ -d /ostree/repo ]; then
		refuse "this is an ostree system, whose boot entries are not ours to change"
	fi
	[ -n "$root_device" ] || refuse "the root file system lies on no block device that can be found"
	[ "$(findmnt -nro FSROOT /)" = / ] || refuse "the root is a folder of its file system (a bind mount or chroot)"
}

# --- kernels ---

# image_of_kernel K: the file that a boot loader loads.
image_of_kernel() {
	for image_of_kernel_dir in /boot/vmlinuz- /boot/vmlinux- /boot/kernel-; do
		if [ -e "$image_of_kernel_dir$1" ]; then
			printf '%s\n' "$image_of_kernel_dir$1"
			return 0
		fi
	done
	[ -e "/lib/modules/$1/vmlinuz" ] && printf '%s\n' "/lib/modules/$1/vmlinuz"
}

# all_kernels: the installed ones with a kernel image, on one line.
all_kernels() {
	all_kernels_list=
	for all_kernels_dir in /lib/modules/*/; do
		all_kernels_name=${all_kernels_dir%/}
		all_kernels_name=${all_kernels_name##*/}
		if [ -e "$all_kernels_dir/modules.dep" ] && image_of_kernel "$all_kernels_name" >/dev/null; then
			all_kernels_list="$all_kernels_list${all_kernels_list:+ }$all_kernels_name"
		fi
	done
	printf '%s\n' "$all_kernels_list"
}

# kernel_has_btrfs K
kernel_has_btrfs() {
	grep -q '/btrfs\.ko' "/lib/modules/$1/modules.builtin" 2>/dev/null ||
		modinfo -k "$1" -n btrfs >/dev/null 2>&1 ||
		grep -q '^CONFIG_BTRFS_FS=y' "/boot/config-$1" 2>/dev/null
}

# at_least VERSION MINIMUM
at_least() {
	printf '%s\n%s\n' "$2" "$1" | sort -V -c 2>/dev/null
}

# kernel_takes_sectors K: btrfs of 4 KiB sectors on this machine's page size.
kernel_takes_sectors() {
	[ "$(getconf PAGESIZE)" -eq 4096 ] || at_least "$1" 6.1
}

# check_kernels: fills kernels with those that can mount the result, and chosen_kernel with the one to convert with:
# the running one when it is still installed, else the newest. A system that does not run has none.
check_kernels() {
	kernels='' chosen_kernel=''
	for check_kernels_one in $(all_kernels | tr ' ' '\n' | sort -V); do
		if ! kernel_has_btrfs "$check_kernels_one"; then
			caution "kernel $check_kernels_one has no btrfs: it will not boot from the converted root"
		elif ! kernel_takes_sectors "$check_kernels_one"; then
			caution "kernel $check_kernels_one cannot mount btrfs with 4 KiB sectors on these pages"
		else
			kernels="$kernels${kernels:+ }$check_kernels_one"
			chosen_kernel=$check_kernels_one
		fi
	done
	if has_word "$running_kernel" "$kernels"; then
		chosen_kernel=$running_kernel
	fi
	if [ -z "$kernels" ]; then
		refuse "no installed kernel can mount btrfs (looked in /lib/modules and /boot)"
	elif [ "$running_kernel" != none ] && ! has_word "$running_kernel" "$kernels"; then
		caution "the running kernel $running_kernel is not among those that will be prepared ($kernels)"
	fi
}

# --- swap files, power ---

swap_files_of_fstab() {
	awk '$1 ~ "^/" && $1 !~ "^/dev/" && $3 == "swap" { print $1 }' /etc/fstab 2>/dev/null
}

# swap_files: on the root, in use or in /etc/fstab.
swap_files() {
	{
		awk 'NR > 1 && $2 == "file" { print $1 }' /proc/swaps
		swap_files_of_fstab
	} | sort -u | while read -r swap_file; do
		if [ "$(findmnt -nro TARGET --target "$swap_file")" = / ]; then
			printf '%s\n' "$swap_file"
		fi
	done
}

# config_value KEY DEFAULT: of the configuration file.
config_value() {
	config_value_found=
	if [ -f "$config" ]; then
		config_value_found=$(sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*//p" "$config" | tail -n 1 |
			sed 's/[[:space:]]*\(#.*\)*$//')
	fi
	printf '%s\n' "${config_value_found:-$2}"
}

check_swap() {
	for check_swap_file in $(swap_files); do
		if [ "$(config_value refuse-swap-files yes)" = no ]; then
			caution "$check_swap_file is a swap file; it must be made anew after the conversion"
		else
			refuse "$check_swap_file is a swap file, which cannot be swapped on after the conversion:" \
				"swapoff it, remove it and its line in /etc/fstab, and make it anew afterwards"
		fi
	done
}

check_power() {
	check_power_battery=no check_power_mains=no
	for check_power_one in /sys/class/power_supply/*; do
		case $(cat "$check_power_one/type" 2>/dev/null):$(cat "$check_power_one/online" 2>/dev/null) in
		Battery:*)
			# that of a mouse or a keyboard is no power of the machine
			if [ "$(cat "$check_power_one/scope" 2>/dev/null)" != Device ]; then
				check_power_battery=yes
			fi
			;;
		Mains:1 | USB*:1) check_power_mains=yes ;;
		esac
	done
	if [ "$check_power_battery" = yes ] && [ "$check_power_mains" = no ]; then
		caution "this machine runs on battery: connect it before you reboot"
	fi
}

# --- the verdict of fsconvert ---

# A mounted file system changes while it is read, and its journal is not replayed. So its metadata is copied into a
# sparse file, repaired there as if the power had gone now, and the copy is judged. What it needs in files (fstab, the
# boot loader) is judged here and not there, since a copy of the metadata has no content of files.
check_room() {
	# half a KiB for each inode and as much again for folders and maps
	check_room_dir=${TMPDIR:-/var/tmp}
	if [ "$(df --output=iused / | tail -n 1)" -gt "$(df -k --output=avail "$check_room_dir" | tail -n 1)" ]; then
		caution "$check_room_dir has no room for a copy of the metadata, so that fsconvert was not asked for" \
			"its verdict; it will give it in the boot that converts"
		return 0
	fi
	check_room_copy=$(mktemp -p "$check_room_dir" fsconvert-XXXXXX) || return 1
	scratch_file=$check_room_copy
	set -- --check --json
	if [ -f "$config" ]; then
		set -- "$@" --config "$config"
	fi
	set -- "$@" --set fstab=keep --set refuse-boot-loader=no --set refuse-swap-files=no --set require-ac=no
	sync
	if ! quietly "copying the metadata" e2image -rf "$root_device" "$check_room_copy"; then
		refuse "the metadata of $root_device could not be read"
	else
		"$e2fsck" -fy "$check_room_copy" >/dev/null 2>&1 </dev/null || :
		check_room_report=$("$fsconvert" "$@" "$check_room_copy" 2>&1) || check_room_refused "$?"
	fi
	rm -f "$check_room_copy"
	scratch_file=
}

# check_room_refused STATUS: the errors of the report, under the name of the device.
check_room_refused() {
	check_room_errors=$(printf '%s\n' "$check_room_report" |
		sed -n 's/^{"event":"message","level":"error","text":"\(.*\)"}$/\1/p; /^{/!p' |
		sed "s|$check_room_copy|$root_device|g; s|\\\\\"|\"|g")
	case $1 in
	2) refuse "fsconvert does not accept its configuration: $check_room_errors" ;;
	*) refuse "fsconvert would refuse: ${check_room_errors:-exit status $1}" ;;
	esac
}

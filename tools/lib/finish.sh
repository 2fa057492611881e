# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared with those who source it
# What fsconvert-finalize does: frees the space of the old file system, and takes back what was only for the boot that
# converts.

# free_bytes FOLDER
free_bytes() {
	free_bytes_blocks=$(stat -f -c %f "$1") && free_bytes_size=$(stat -f -c %S "$1") &&
		printf '%s\n' $((free_bytes_blocks * free_bytes_size))
}

# mount_top: the top level of the root's btrfs, in which the saved image lies, on the folder top_dir.
mount_top() {
	top_dir=$(mktemp -d) || return 1
	mount -t btrfs -o subvolid=5 "$root_device" "$top_dir" || {
		rmdir "$top_dir"
		top_dir=
		return 1
	}
}

umount_top() {
	if [ -n "$top_dir" ]; then
		umount "$top_dir" && rmdir "$top_dir" && top_dir=
	fi
}

# drop_image: deletes the subvolume saved_name and waits until the cleaner has returned all of its space.
drop_image() {
	mount_top || return 1
	if [ -d "$top_dir/$saved_name" ]; then
		drop_before=$(free_bytes "$top_dir") || return 1
		quietly "deleting $saved_name" btrfs subvolume delete --commit-after "$top_dir/$saved_name" || return 1
		quietly "waiting for the space" btrfs subvolume sync "$top_dir" || return 1
		quietly "waiting for the space" btrfs filesystem sync "$top_dir" || return 1
		drop_after=$(free_bytes "$top_dir") || return 1
		say "$((drop_after - drop_before)) bytes ($(((drop_after - drop_before) / 1048576)) MiB) were freed."
	fi
	umount_top
}

# --- what prepare has put in place ---

# drop_confs: those that were for the conversion. Corrected arguments and GRUB's core stay.
drop_confs() {
	for drop_conf in $(state_paths conf); do
		case $drop_conf in
		"$dracut_conf" | "$entry_script" | "$always_conf" | "$bls_dir/$entry_id.conf" | /etc/initramfs-tools/*)
			drop_conf_backup=$(state_line conf "$drop_conf")
			restore "$drop_conf" "$drop_conf_backup" || return 1
			;;
		esac
	done
	for drop_conf in "$default_conf" "$bls_dir"/*.conf; do
		drop_argument "$drop_conf" || return 1
	done
	for drop_conf in $(state_paths folder); do
		rmdir "$drop_conf" 2>/dev/null || :
	done
}

# drop_argument FILE: what --always has written into a file of others.
drop_argument() {
	if [ -f "$1" ] && grep -q 'rd\.fsconvert=root\|Written by fsconvert-prepare' "$1"; then
		sed 's/ rd\.fsconvert=root//g; /^# Written by fsconvert-prepare/,$d' "$1" | write_file "$1" 0644
	fi
}

# refresh_images: made by the generator as it is configured now, for a root that is btrfs.
refresh_images() {
	refresh_lister=lsinitrd
	[ "$generator" != initramfs-tools ] || refresh_lister=lsinitramfs
	for refresh_kernel in $kernels; do
		for refresh_image in $(images_of "$refresh_kernel"); do
			remake_image "$refresh_image" || return 1
			check_image "$refresh_image" "$refresh_lister" "$refresh_kernel" && continue
			say "  once more, with btrfs named"
			name_btrfs || return 1
			remake_image "$refresh_image" || return 1
			check_image "$refresh_image" "$refresh_lister" "$refresh_kernel" || return 1
		done
	done
}

# name_btrfs: for a generator that does not see by itself what the root needs.
name_btrfs() {
	if [ "$generator" = initramfs-tools ]; then
		{
			grep -vx btrfs /etc/initramfs-tools/modules || :
			say btrfs
		} | write_file /etc/initramfs-tools/modules 0644
	else
		say 'add_drivers+=" btrfs "' | write_file /etc/dracut.conf.d/90-btrfs-root.conf 0644
	fi
}

# drop_own_images: nothing names them any more.
drop_own_images() {
	for drop_own in $(state_paths initrd); do
		if [ "$(state_line initrd "$drop_own")" = - ]; then
			rm -f "$drop_own"
		fi
	done
}

# clean_up: in an order in which the machine boots from each step.
clean_up() {
	say "Making the initial file systems:"
	drop_confs && refresh_images || return 1
	case $loader in
	grub | grub-bls)
		clear_next_entry "$grub_env" || return 1
		say "Making GRUB's menu."
		remake_menu || return 1
		;;
	esac
	drop_own_images
	if state_exists; then
		forget_state
	fi
}

# swap_hint: a swap file of ext was given up, or cannot be swapped on.
swap_hint() {
	for swap_hint_file in /swapfile /swap.img $(swap_files_of_fstab); do
		if [ -f "$swap_hint_file" ] && ! grep -q "^$swap_hint_file " /proc/swaps; then
			say "The swap file $swap_hint_file must be made anew:"
			say "    rm $swap_hint_file"
			say "    btrfs filesystem mkswapfile --size SIZE $swap_hint_file; swapon $swap_hint_file"
			return 0
		fi
	done
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared with those who source it
# Boot loader specification: entries as files, which systemd-boot reads, and GRUB where it was built for it.

# find_bls: fills bls_dir with the folder of the entries, or with nothing.
find_bls() {
	bls_dir=
	for find_bls_dir in "$(bootctl -x 2>/dev/null)" "$(bootctl -p 2>/dev/null)" /boot /efi /boot/efi; do
		if [ -n "$find_bls_dir" ] && [ -d "$find_bls_dir/loader/entries" ]; then
			bls_dir=$find_bls_dir/loader/entries
			return 0
		fi
	done
}

# systemd_boot_runs: it says so in a variable of the firmware.
systemd_boot_runs() {
	systemd_boot_file=/sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f
	[ -r "$systemd_boot_file" ] && tr -d '\000' <"$systemd_boot_file" | grep -aq systemd-boot
}

grub_reads_entries() {
	[ -n "$bls_dir" ] && grep -Eq '^GRUB_ENABLE_BLSCFG="?true"?' "$default_conf" 2>/dev/null
}

# bls_entry K: the entry of a kernel.
bls_entry() {
	[ -n "$bls_dir" ] || return 0
	for bls_entry_file in "$bls_dir"/*.conf; do
		if [ "${bls_entry_file##*/}" != "$entry_id.conf" ] &&
			[ "$(awk '$1 == "version" { print $2 }' "$bls_entry_file" 2>/dev/null)" = "$1" ]; then
			printf '%s\n' "$bls_entry_file"
			return 0
		fi
	done
}

# bls_images K: the initial file systems that its entry names, but for microcode and the like.
bls_images() {
	bls_images_entry=$(bls_entry "$1")
	[ -n "$bls_images_entry" ] || return 0
	awk '$1 == "initrd" && $2 !~ /ucode/ { print $2 }' "$bls_images_entry" | while read -r bls_image; do
		if [ -f "${bls_dir%/loader/entries}$bls_image" ]; then
			printf '%s\n' "${bls_dir%/loader/entries}$bls_image"
		fi
	done
}

# bls_folder K: where its kernel stands, for a loader that reads these entries.
bls_folder() {
	case $loader in
	systemd-boot | grub-bls) ;;
	*) return 0 ;;
	esac
	bls_folder_entry=$(bls_entry "$1")
	[ -n "$bls_folder_entry" ] || return 0
	bls_folder_linux=$(awk '$1 == "linux" { print $2 }' "$bls_folder_entry")
	printf '%s\n' "${bls_dir%/loader/entries}${bls_folder_linux%/*}"
}

# print_bls_entry FILE: FILE with our title, arguments and image.
print_bls_entry() {
	print_bls_image=
	if [ "$generator" = initramfs-tools ]; then
		print_bls_image=$(own_image)
		print_bls_image=${print_bls_image#"${bls_dir%/loader/entries}"}
	fi
	awk -v title="$entry_title" -v image="$print_bls_image" -v words="$entry_words" '
		$1 == "title" { print "title " title; next }
		$1 == "id" { next }
		$1 == "options" && !done { print $0 " " words; done = 1; next }
		$1 == "initrd" && image != "" { if (!placed) print "initrd " image; placed = 1; next }
		{ print }
		END { if (!done) print "options " words }' "$1"
}

# put_bls_always: the argument in all entries.
put_bls_always() {
	for put_bls_file in "$bls_dir"/*.conf; do
		if ! grep -q 'rd\.fsconvert=root' "$put_bls_file"; then
			sed '/^options[[:blank:]]/s/$/ rd.fsconvert=root/' "$put_bls_file" |
				put_conf "$put_bls_file" 0644 || return 1
		fi
	done
}

# put_bls: an entry for the next boot, or the argument for good; where the usual image cannot convert, the entry that
# can.
put_bls() {
	if [ "$when" = always ] && [ "$generator" = dracut ]; then
		put_bls_always
		return
	fi
	print_bls_entry "$(bls_entry "$chosen_kernel")" | put_conf "$bls_dir/$entry_id.conf" 0644 || return 1
	if [ "$loader" = grub-bls ]; then
		choose_entry
		return
	fi
	state_has oneshot || state_add oneshot || return 1
	quietly "choosing the entry of the next boot" bootctl set-oneshot "$entry_id.conf"
}

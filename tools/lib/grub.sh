# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared with those who source it
# GRUB: where it is, and whether its core can read btrfs; on a BIOS, how it is made to.
#
# The core is the part that reads /boot. On a BIOS it lies in sectors outside of the file system and is made by
# grub-install for the file system that it finds, so that one made on ext cannot read btrfs. With the modules named here
# it reads both. On UEFI it is a file; the one that distributions sign reads both already.

core_modules="btrfs zstd ext2 part_gpt part_msdos"

# find_grub: fills the names of its programs and files.
find_grub() {
	grub_install=$(first_of grub-install grub2-install) || grub_install=
	grub_mkconfig=$(first_of grub-mkconfig grub2-mkconfig) || grub_mkconfig=
	grub_reboot=$(first_of grub-reboot grub2-reboot) || grub_reboot=
	grub_editenv=$(first_of grub-editenv grub2-editenv) || grub_editenv=
	grub_dir=/boot/grub
	if [ ! -d "$grub_dir" ] && [ -d /boot/grub2 ]; then
		grub_dir=/boot/grub2
	fi
	grub_cfg=$grub_dir/grub.cfg
	grub_env=$grub_dir/grubenv
	firmware=bios
	if [ -d /sys/firmware/efi ]; then
		firmware=efi
	fi
}

# --- BIOS ---

# has_grub_sector DISK: its first sector is GRUB's.
has_grub_sector() {
	dd if="$1" bs=512 count=1 2>/dev/null | grep -aq GRUB
}

# grub_disks: those with GRUB's sector among the disks below /boot and those that Debian's package remembers.
grub_disks() {
	{
		lsblk -snrpo NAME,TYPE "$(device_at /boot)" 2>/dev/null | awk '$2 == "disk" { print $1 }'
		if have debconf-show; then
			debconf-show grub-pc 2>/dev/null | sed -n 's|^[* ]*grub-pc/install_devices: ||p' | tr ',' '\n'
		fi
	} | while read -r grub_disks_one; do
		if [ -b "$grub_disks_one" ] && has_grub_sector "$grub_disks_one"; then
			readlink -f "$grub_disks_one"
		fi
	done | sort -u
}

# core_pieces DISK: the sectors that grub-install writes: the first, and the BIOS boot partition, or what lies before
# the first partition.
core_pieces() {
	core_pieces_boot=$(lsblk -nrpo NAME,PARTTYPE "$1" |
		awk 'tolower($2) == "21686148-6449-6e6f-744e-656564454649" { print $1; exit }')
	if [ -n "$core_pieces_boot" ]; then
		printf '%s:0:1 %s:0:%s\n' "$1" "$core_pieces_boot" "$(blockdev --getsz "$core_pieces_boot")"
		return
	fi
	core_pieces_end=$(cat "/sys/class/block/${1##*/}"/*/start 2>/dev/null | sort -n | head -n 1)
	[ "${core_pieces_end:-2048}" -le 65536 ] || core_pieces_end=65536
	printf '%s:0:%s\n' "$1" "${core_pieces_end:-2048}"
}

# read_pieces PIECE...
read_pieces() {
	for read_piece in "$@"; do
		read_count=${read_piece##*:} read_piece=${read_piece%:*}
		dd if="${read_piece%:*}" bs=512 skip="${read_piece##*:}" count="$read_count" 2>/dev/null || return 1
	done
}

core_copy() {
	printf '%s/core%s\n' "$backups" "$(printf '%s' "$1" | tr / +)"
}

# core_sum DISK: of its pieces, without the partition table, which others may change.
core_sum() {
	# shellcheck disable=SC2046 # several words
	read_pieces $(core_pieces "$1") | { dd bs=1 count=440 2>/dev/null; dd bs=1 count=72 >/dev/null 2>&1; cat; } |
		sha256sum | cut -d ' ' -f 1
}

# install_core_bios: on each disk of grub_disks, once.
install_core_bios() {
	remember_tree "$grub_dir/i386-pc" || return 1
	for install_disk in $(grub_disks); do
		if state_has "core-after $install_disk $(core_sum "$install_disk")"; then
			continue
		fi
		if ! state_has "core $install_disk"; then
			install_pieces=$(core_pieces "$install_disk")
			make_backups || return 1
			# shellcheck disable=SC2086 # several words
			read_pieces $install_pieces >"$(core_copy "$install_disk")" &&
				sync "$(core_copy "$install_disk")" &&
				state_add "core $install_disk $install_pieces" || return 1
		fi
		say "  $install_disk"
		quietly "making GRUB's core" \
			"$grub_install" --target=i386-pc --modules="$core_modules" "$install_disk" &&
			state_add "core-after $install_disk $(core_sum "$install_disk")" || return 1
	done
	settled "$grub_dir/i386-pc"
}

# undo_core core DISK PIECE...: not when somebody has installed GRUB again since.
undo_core() {
	undo_core_disk=$2
	undo_core_copy=$(core_copy "$2")
	shift 2
	if ! state_has "core-after $undo_core_disk $(core_sum "$undo_core_disk")"; then
		if state_has "core-after $undo_core_disk"; then
			warn "GRUB was installed on $undo_core_disk again since; its core is left as it is"
			return 0
		fi
	fi
	undo_core_at=0
	for undo_piece in "$@"; do
		undo_piece_count=${undo_piece##*:} undo_piece=${undo_piece%:*}
		undo_piece_device=${undo_piece%:*} undo_piece_start=${undo_piece##*:}
		if [ "$undo_core_at" -eq 0 ]; then
			# the first 440 bytes are code, the rest of the sector is the partition table
			dd if="$undo_core_copy" of="$undo_piece_device" bs=440 count=1 conv=notrunc,fsync 2>/dev/null ||
				return 1
			undo_piece_start=1 undo_core_at=1 undo_piece_count=$((undo_piece_count - 1))
		fi
		[ "$undo_piece_count" -eq 0 ] ||
			dd if="$undo_core_copy" of="$undo_piece_device" bs=512 skip="$undo_core_at" \
				seek="$undo_piece_start" count="$undo_piece_count" conv=notrunc,fsync 2>/dev/null ||
			return 1
		undo_core_at=$((undo_core_at + undo_piece_count))
	done
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared with those who source it
# The partitions of an image, each as a loop device of its own, so that it does not matter whether the kernel reads
# partition tables of loop devices; and the system in them, mounted to work in it.

uefi_type=c12a7328-f81f-11d2-ba4b-00a0c93ec93b
# roots by the Discoverable Partitions Specification: x86-64, x86, arm64, arm, riscv64
root_types='4f68bce3-e8cd-4db1-96e7-fbcaf984b709 44479540-f297-41b2-9af7-d131d5f0458a
	b921b045-1df0-41c3-af44-4c6f280d3fae 69dad710-2ce4-4e3c-b16c-21a1d49abed3 72ec70a6-cf74-40e6-bd49-4bda08e8f224'
loops=

# --- the table ---

# read_table: fills table with lines of NUMBER START SECTORS TYPE UUID.
read_table() {
	read_table_kind=$(blkid -p -o value -s PTTYPE "$disk") || read_table_kind=
	case $read_table_kind in
	gpt) ;;
	'') die "$EXIT_REFUSED" "$image has no partition table; it must be the image of a whole disk" ;;
	PMBR) die "$EXIT_REFUSED" "$image: its GPT is damaged, or the file has been cut off" ;;
	*) die "$EXIT_REFUSED" "$image has a partition table of the kind $read_table_kind, and not GPT:" \
		"sgdisk --mbrtogpt makes one, but GRUB must be installed again then" ;;
	esac
	table=$(partx --raw --noheadings --output NR,START,SECTORS,TYPE,UUID "$disk") || table=
	[ -n "$table" ] || die "$EXIT_REFUSED" "$image has no partitions that can be read"
}

# field NUMBER COLUMN: of the table.
field() {
	printf '%s\n' "$table" | awk -v number="$1" -v column="$2" '$1 == number { print $column }'
}

numbers() {
	printf '%s\n' "$table" | awk '{ print $1 }'
}

# holds NUMBER NAME: what blkid tells of a partition under that name: TYPE, UUID or LABEL.
holds() {
	blkid -p -O "$(($(field "$1" 2) * 512))" -S "$(($(field "$1" 3) * 512))" -o value -s "$2" "$disk" 2>/dev/null
}

# --- loop devices ---

# attach NUMBER: fills loop with a device of that partition; of the whole disk when there is no number.
attach() {
	if [ $# -gt 0 ]; then
		set -- --offset "$(($(field "$1" 2) * 512))" --sizelimit "$(($(field "$1" 3) * 512))"
	fi
	loop=$(losetup --find --show "$@" "$disk") || {
		error "no loop device for the image: are there free ones (losetup --find)?"
		return 1
	}
	loops="$loop $loops"
}

# detach LOOP
detach() {
	sync "$1" && losetup --detach "$1" || return 1
	detach_rest=
	for detach_one in $loops; do
		[ "$detach_one" = "$1" ] || detach_rest="$detach_rest $detach_one"
	done
	loops=$detach_rest
}

detach_all() {
	for detach_all_one in $loops; do
		detach "$detach_all_one" || return 1
	done
}

# --- the root ---

# is_root NUMBER: it has a table of file systems.
is_root() {
	attach "$1" || exit "$EXIT_FAILED"
	is_root_answer=1
	if mount -t ext4 -o ro,noload "$loop" "$scratch/root" 2>/dev/null; then
		[ ! -f "$scratch/root/etc/fstab" ] || is_root_answer=0
		umount "$scratch/root"
	fi
	detach "$loop"
	return "$is_root_answer"
}

# find_root_number: fills root_number, or refuses.
find_root_number() {
	find_root_list='' find_root_typed='' find_root_other=''
	for find_root_one in $(numbers); do
		find_root_holds=$(holds "$find_root_one" TYPE) || find_root_holds=
		case $find_root_holds in
		ext[234])
			is_root "$find_root_one" || continue
			find_root_list="$find_root_list $find_root_one"
			! has_word "$(field "$find_root_one" 4)" "$root_types" ||
				find_root_typed="$find_root_typed $find_root_one"
			;;
		btrfs) find_root_other="partition $find_root_one is btrfs already" ;;
		crypto_LUKS) find_root_other="partition $find_root_one is encrypted (LUKS)" ;;
		LVM2_member) find_root_other="partition $find_root_one belongs to LVM" ;;
		linux_raid_member) find_root_other="partition $find_root_one belongs to an array" ;;
		esac
	done
	# shellcheck disable=SC2086 # words
	set -- ${find_root_list:-none}
	if [ $# -gt 1 ] && [ -n "$find_root_typed" ]; then
		# shellcheck disable=SC2086 # words
		set -- $find_root_typed
	fi
	if [ "$1" = none ]; then
		die "$EXIT_REFUSED" "$image has no partition with an ext file system and /etc/fstab in it:" \
			"${find_root_other:-is it the image of a disk with a Linux on it?}"
	elif [ $# -gt 1 ]; then
		die "$EXIT_REFUSED" "$image has several roots, partitions $*: give the right one the type of a Linux" \
			"root (sfdisk --part-type $image NUMBER 4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709, for x86-64)"
	fi
	root_number=$1
}

# grow_root: the partition up to the end of the image, when nothing lies behind it.
grow_root() {
	grow_root_end=$(($(field "$root_number" 2) + $(field "$root_number" 3)))
	if printf '%s\n' "$table" | awk -v end="$grow_root_end" '$2 >= end { found = 1 } END { exit !found }' ||
		[ "$(($(stat -c %s "$disk") / 512 - grow_root_end))" -le 4096 ]; then
		return 0
	fi
	echo ', +' >"$scratch/table"
	grow_root_said=$(sfdisk --quiet --no-reread --no-tell-kernel -N "$root_number" "$disk" \
		<"$scratch/table" 2>&1) || {
		error "partition $root_number could not be enlarged: $grow_root_said"
		return 1
	}
	read_table
	say "Partition $root_number was enlarged to $(($(field "$root_number" 3) / 2048)) MiB."
}

# --- the system ---

# number_of SPEC: of the partition that a line of fstab names.
number_of() {
	number_of_value=$(printf '%s' "${1#*=}" | tr -d '"')
	for number_of_one in $(numbers); do
		case $1 in
		PARTUUID=*) number_of_found=$(field "$number_of_one" 5) ;;
		UUID=* | LABEL=*) number_of_found=$(holds "$number_of_one" "${1%%=*}") || number_of_found= ;;
		*) return 1 ;;
		esac
		if [ -n "$number_of_found" ] && [ "$number_of_found" = "$number_of_value" ]; then
			printf '%s\n' "$number_of_one"
			return 0
		fi
	done
	return 1
}

# mount_boot: what fstab has below /boot.
mount_boot() {
	for mount_boot_point in /boot /boot/efi /efi; do
		mount_boot_spec=$(awk -v point="$mount_boot_point" '$1 !~ "^#" && $2 == point { print $1; exit }' \
			"$root/etc/fstab")
		[ -n "$mount_boot_spec" ] || continue
		if ! mount_boot_number=$(number_of "$mount_boot_spec"); then
			die "$EXIT_REFUSED" "$image: /etc/fstab in it mounts $mount_boot_spec on $mount_boot_point," \
				"which is none of its partitions"
		fi
		mount_partition "$mount_boot_number" "$mount_boot_point" || return 1
	done
}

# mount_partition NUMBER POINT: where the kernel has no FAT, what the partition holds can at least be looked at.
mount_partition() {
	attach "$1" && mkdir -p "$root$2" || return 1
	if [ "$(holds "$1" TYPE)" != vfat ]; then
		quietly "mounting partition $1" mount "$loop" "$root$2"
	elif ! mount -t vfat "$loop" "$root$2" 2>/dev/null; then
		have mcopy ||
			die "$EXIT_REFUSED" "the kernel of this machine has no vfat for partition $1: install mtools"
		esp_writable=no
		mkdir -p "$scratch/esp"
		quietly "reading partition $1" mcopy -s -n -i "$loop" :: "$scratch/esp/" &&
			mount --bind "$scratch/esp" "$root$2"
	fi
}

# make_devices: what programs in the image see of this machine are the image's own devices.
make_devices() {
	mount -t tmpfs -o mode=755 tmpfs "$root/dev" && mkdir -p "$root/dev/disk/by-uuid" || return 1
	for make_device in null:3 zero:5 full:7 random:8 urandom:9; do
		mknod -m 666 "$root/dev/${make_device%:*}" c 1 "${make_device#*:}" || return 1
	done
	ln -s /proc/self/fd "$root/dev/fd"
	ln -s fd/0 "$root/dev/stdin"
	ln -s fd/1 "$root/dev/stdout"
	ln -s fd/2 "$root/dev/stderr"
	for make_device in $loops; do
		# shellcheck disable=SC2046 # two words
		mknod -m 660 "$root$make_device" b $(stat -c '0x%t 0x%T' "$make_device" |
			{ read -r make_major make_minor && echo $((make_major)) $((make_minor)); }) || return 1
	done
}

# mount_system: the root and its boot partitions, and what programs need to run in it. What this machine is does not
# show: its firmware, its swap, its kernel arguments.
mount_system() {
	root=$scratch/root esp_writable=yes
	attach && disk_loop=$loop || return 1
	attach "$root_number" && root_loop=$loop || return 1
	quietly "mounting the root" mount -t ext4 "$root_loop" "$root" && mount_boot && make_devices || return 1
	mount -t proc proc "$root/proc" && mount -t sysfs sysfs "$root/sys" &&
		mount -t tmpfs -o mode=755 tmpfs "$root/sys/firmware" && mount -t tmpfs -o mode=755 tmpfs "$root/run" &&
		mkdir -p "$scratch/tmp" && chmod 1777 "$scratch/tmp" && mount --bind "$scratch/tmp" "$root/tmp" &&
		mount --bind "$scratch/tmp" "$root/var/tmp" || return 1
	: >"$scratch/swaps"
	echo quiet >"$scratch/cmdline"
	mount --bind "$scratch/swaps" "$root/proc/swaps" && mount --bind "$scratch/cmdline" "$root/proc/cmdline"
}

umount_system() {
	if mountpoint -q "$scratch/root"; then
		fstrim "$scratch/root" 2>/dev/null || :
		umount -R "$scratch/root" || return 1
	fi
	detach_all
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared with those who source it
# The initial file systems. Where dracut makes them, each gets the module fsconvert, and with it btrfs. Where
# initramfs-tools does, each gets btrfs and what finishes an interrupted switch, and an image of its own, made by
# dracut, is there for the boot that converts.

dracut_conf=/etc/dracut.conf.d/90-fsconvert.conf
own_image_prefix=/boot/fsconvert-
# for which machine an image of dracut is made; nothing: what dracut itself has for its default
own_image_for=--hostonly images_for=

# find_generator: fills generator.
find_generator() {
	if have mkinitramfs && have update-initramfs && [ -d /usr/share/initramfs-tools ]; then
		generator=initramfs-tools
	elif have mkinitcpio && [ -f /etc/mkinitcpio.conf ]; then
		generator=mkinitcpio
	elif have dracut; then
		generator=dracut
	else
		generator=unknown
	fi
}

dracut_dir() {
	for dracut_dir_one in /usr/lib/dracut /usr/local/lib/dracut /lib/dracut; do
		if [ -d "$dracut_dir_one/modules.d" ]; then
			printf '%s\n' "$dracut_dir_one"
			return 0
		fi
	done
	return 1
}

check_generator() {
	case $generator in
	initramfs-tools | dracut) ;;
	*)
		refuse "the initial file system is made by $generator, not by dracut or initramfs-tools:" \
			"convert from the rescue image instead"
		return 0
		;;
	esac
	if ! have dracut; then
		refuse "dracut is missing, which makes the image that converts:" \
			"apt install --no-install-recommends dracut-core (it leaves initramfs-tools in place)"
	elif [ ! -d "$(dracut_dir)/modules.d/90fsconvert" ]; then
		refuse "dracut has no module fsconvert: run make install again"
	fi
	have btrfs || caution "btrfs-progs is not installed; fsconvert-finalize will need it"
	for check_generator_one in $kernels; do
		[ -n "$(images_of "$check_generator_one")" ] ||
			caution "kernel $check_generator_one has no initial file system that could be prepared"
	done
	if [ -n "$chosen_kernel" ] && [ "$generator" = dracut ] && [ -z "$(images_of "$chosen_kernel")" ]; then
		refuse "the initial file system of kernel $chosen_kernel cannot be found"
	fi
}

# check_boot_space: old and new images stand side by side for a while.
check_boot_space() {
	check_boot_space_need=65536
	for check_boot_space_one in $kernels; do
		for check_boot_space_image in $(images_of "$check_boot_space_one"); do
			check_boot_space_size=$(du -k "$check_boot_space_image" | cut -f 1)
			check_boot_space_need=$((check_boot_space_need + check_boot_space_size * 3 / 2))
		done
	done
	check_boot_space_free=$(df -Pk /boot | awk 'END { print $4 }')
	[ "$check_boot_space_free" -ge "$check_boot_space_need" ] ||
		refuse "/boot has $((check_boot_space_free / 1024)) MiB free, the new initial file systems need up to" \
			"$((check_boot_space_need / 1024)) MiB: remove old kernels"
}

# images_of K: the initial file systems that boot loaders load with kernel K.
images_of() {
	{
		for images_of_name in "initrd.img-$1" "initramfs-$1.img" "initrd-$1.img" "initrd-$1"; do
			if [ -f "/boot/$images_of_name" ]; then
				readlink -f "/boot/$images_of_name"
			fi
		done
		bls_images "$1"
	} | sort -u
}

# stack_words: the arguments by which dracut finds what lies below the root (LUKS, LVM, RAID).
stack_words() {
	[ -n "$(find "/sys/class/block/${root_device##*/}/slaves" -mindepth 1 2>/dev/null)" ] || return 0
	stack_words_all=$(dracut --print-cmdline --hostonly 2>/dev/null) || {
		error "dracut --print-cmdline failed"
		return 1
	}
	printf '%s\n' "$stack_words_all" | tr ' ' '\n' |
		awk '/^rd\.(luks|lvm|md|dm)[.=]/ && !seen[$0]++ { printf "%s ", $0 }'
}

# check_image IMAGE LISTER K [fsconvert]: it holds btrfs, unless the kernel does, and our program.
check_image() {
	check_image_list=$(mktemp)
	check_image_result=0
	if ! "$2" "$1" >"$check_image_list" 2>/dev/null; then
		error "$1 cannot be read back with $2"
		check_image_result=1
	elif ! grep -q '/btrfs\.ko' "$check_image_list" "/lib/modules/$3/modules.builtin"; then
		error "$1 was made without btrfs"
		check_image_result=1
	elif [ "${4:-}" = fsconvert ] && ! grep -q 'bin/fsconvert$' "$check_image_list"; then
		error "$1 was made without fsconvert"
		check_image_result=1
	fi
	rm -f "$check_image_list"
	return "$check_image_result"
}

# make_with_dracut K IMAGE [OPTION...]
make_with_dracut() {
	make_kernel=$1 make_image=$2
	shift 2
	say "  $make_image"
	make_new=$make_image.fsconvert-new
	remember initrd "$make_image" || return 1
	if ! quietly "making $make_image" dracut --force --kver "$make_kernel" "$@" "$make_new" ||
		! check_image "$make_new" lsinitrd "$make_kernel" fsconvert; then
		rm -f "$make_new"
		return 1
	fi
	if [ -f "$make_image" ]; then
		chmod --reference="$make_image" "$make_new" || return 1
	fi
	replace_file "$make_new" "$make_image" && settled "$make_image"
}

# --- dracut's own images ---

put_dracut_conf() {
	put_dracut_words=$(stack_words) || return 1
	{
		say "# Written by fsconvert-prepare, and removed by fsconvert-finalize."
		say 'add_dracutmodules+=" fsconvert "'
		say 'add_drivers+=" btrfs ext4 "'
		say "# What is written into the image otherwise holds the type and the options of the old root."
		say 'hostonly_cmdline="no"'
		[ "$images_for" != --no-hostonly ] || say 'hostonly="no"'
		if [ -n "$put_dracut_words" ]; then
			say "kernel_cmdline+=\" $put_dracut_words\""
		fi
	} | put_conf "$dracut_conf" 0644
}

make_dracut_images() {
	put_dracut_conf || return 1
	for make_dracut_kernel in $kernels; do
		for make_dracut_image in $(images_of "$make_dracut_kernel"); do
			make_with_dracut "$make_dracut_kernel" "$make_dracut_image" || return 1
		done
	done
}

# --- initramfs-tools ---

# own_image: of the boot that converts. The boot loader must reach it, so it stands beside the kernel.
own_image() {
	own_image_dir=$(bls_folder "$chosen_kernel")
	if [ -n "$own_image_dir" ]; then
		printf '%s\n' "$own_image_dir/fsconvert.img"
	else
		printf '%s%s.img\n' "$own_image_prefix" "$chosen_kernel"
	fi
}

put_initramfs_tools() {
	put_tools_dir=/etc/initramfs-tools
	{
		if [ -f "$put_tools_dir/modules" ]; then
			grep -vx 'btrfs' "$put_tools_dir/modules" || :
		fi
		say btrfs
	} | put_conf "$put_tools_dir/modules" 0644 || return 1
	{
		sed -n 1p "$data_dir/initramfs-tools/hook"
		say "FSCONVERT=$fsconvert"
		sed 1d "$data_dir/initramfs-tools/hook"
	} | put_conf "$put_tools_dir/hooks/fsconvert" 0755 || return 1
	for put_tools_stage in local-block local-premount; do
		put_conf "$put_tools_dir/scripts/$put_tools_stage/fsconvert" 0755 <"$data_dir/initramfs-tools/resume" ||
			return 1
	done
}

make_initramfs_tools_images() {
	put_initramfs_tools || return 1
	for make_tools_kernel in $kernels; do
		make_tools_images=$(images_of "$make_tools_kernel")
		for make_tools_image in $make_tools_images; do
			say "  $make_tools_image"
			remember initrd "$make_tools_image" || return 1
		done
		[ -n "$make_tools_images" ] || continue
		quietly "making the initial file system of $make_tools_kernel" \
			update-initramfs -u -k "$make_tools_kernel" || return 1
		for make_tools_image in $make_tools_images; do
			settled "$make_tools_image" || return 1
			check_image "$make_tools_image" lsinitramfs "$make_tools_kernel" fsconvert || return 1
		done
	done
	make_with_dracut "$chosen_kernel" "$(own_image)" "$own_image_for" --no-hostonly-cmdline --add fsconvert \
		--add-drivers "btrfs ext4"
}

make_images() {
	case $generator in
	dracut) make_dracut_images ;;
	*) make_initramfs_tools_images ;;
	esac
}

# remake_image IMAGE: by the generator as it is configured now.
remake_image() {
	for remake_image_kernel in $(all_kernels); do
		has_word "$1" "$(images_of "$remake_image_kernel" | tr '\n' ' ')" || continue
		say "  $1"
		if [ "$generator" = initramfs-tools ]; then
			quietly "making $1" update-initramfs -u -k "$remake_image_kernel"
		else
			quietly "making $1" dracut --force ${images_for:+"$images_for"} --kver "$remake_image_kernel" \
				"$1.fsconvert-new" &&
				replace_file "$1.fsconvert-new" "$1"
		fi
		return
	done
	# its kernel has been removed
	return 0
}

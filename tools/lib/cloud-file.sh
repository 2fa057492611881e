# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared with those who source it
# The file of a disk image: what it is, whether somebody uses it, and the copy that all work is done on. The copy takes
# its place at the end in one step, so that there is the old image or the new one, whatever happens.

# find_format: fills format (raw or qcow2) of image, or refuses.
find_format() {
	case $(head -c 8 "$image" | od -An -tx1 | tr -d ' \n') in
	514649fb*) format=qcow2 ;;
	4b444d56* | 7668647866696c65 | 636f6e6563746978 | 3c3c3c20*)
		die "$EXIT_REFUSED" "$image is an image of another virtual machine; make a raw one of it first:" \
			"qemu-img convert -O raw $image $image.raw"
		;;
	1f8b* | fd377a58* | 28b52ffd*)
		die "$EXIT_REFUSED" "$image is compressed as a file: unpack it first"
		;;
	*) format=raw ;;
	esac
	[ "$format" = raw ] || have qemu-img ||
		die "$EXIT_REFUSED" "$image is a qcow2 image, and qemu-img is missing: install qemu-utils"
}

# check_free FILE: nobody else has it open; a machine that runs from it would lose what it writes.
check_free() {
	check_free_loops=$(losetup --noheadings --output NAME --associated "$1" | tr '\n' ' ')
	[ -z "$check_free_loops" ] || die "$EXIT_REFUSED" "$1 is attached to $check_free_loops: losetup -d detaches it"
	# not by name: it may have others, and another one for those who have mounts or a root of their own; find itself
	# opens it too, and is not yet among these
	check_free_file=$1
	set -- /proc/[0-9]*/fd
	check_free_link=$(find -L "$@" -maxdepth 1 -samefile "$check_free_file" -print -quit 2>/dev/null) || :
	if [ -n "$check_free_link" ]; then
		check_free_process=${check_free_link#/proc/}
		check_free_process=${check_free_process%%/*}
		die "$EXIT_REFUSED" "$check_free_file is in use by process $check_free_process" \
			"($(cat "/proc/$check_free_process/comm" 2>/dev/null)): end it first"
	fi
}

# qcow2_has NAME: a member of what qemu-img tells of image.
qcow2_has() {
	printf '%s\n' "$qcow2_info" | grep -q "^ *\"$1\": *[^ ]"
}

# check_qcow2: what a copy would not keep is refused, unless the image itself stays. Fills qcow2_options.
check_qcow2() {
	qcow2_info=$(qemu-img info --output=json "$image" 2>&1) ||
		die "$EXIT_REFUSED" "$image cannot be examined: $qcow2_info"
	if [ "$output" = "$image" ] && qcow2_has backing-filename; then
		die "$EXIT_REFUSED" "$image is the difference to another image: write a whole one with --output=FILE"
	fi
	if [ "$output" = "$image" ] && qcow2_has snapshots; then
		die "$EXIT_REFUSED" "$image has snapshots, which would be lost: delete them (qemu-img snapshot -d)," \
			"or leave it as it is with --output=FILE"
	fi
	qcow2_options=
	if qemu-img check --output=json "$image" 2>/dev/null | grep -q '"compressed-clusters": *[1-9]'; then
		qcow2_options=-c
	fi
	qcow2_cluster=$(printf '%s\n' "$qcow2_info" | sed -n 's/^ *"cluster-size": *\([0-9]*\).*/\1/p' | head -n 1)
	qcow2_options="$qcow2_options -o cluster_size=${qcow2_cluster:-65536}"
}

# check_file: fills image (its real name), output, format and folder, where the copy is made.
check_file() {
	[ -e "$image" ] || die "$EXIT_REFUSED" "$image: there is no such file"
	image=$(readlink -f "$image")
	[ -f "$image" ] || die "$EXIT_REFUSED" "$image is no file; it must be the image of a whole disk"
	if [ -z "$output" ]; then
		output=$image
	else
		output=$(readlink -f "$output") || die "$EXIT_USAGE" "--output: there is no such folder"
		[ ! -d "$output" ] || die "$EXIT_USAGE" "--output=$output is a folder"
	fi
	folder=${output%/*}
	folder=${folder:-/}
	check_free "$image"
	[ ! -e "$output" ] || check_free "$output"
	exec 8<"$image"
	flock --nonblock 8 || die "$EXIT_REFUSED" "$image is locked by another program: wait until that has ended"
	find_format
	[ "$format" = raw ] || check_qcow2
	check_folder
}

# check_folder: the copy needs as much room as the image has data.
check_folder() {
	if [ "$format" = raw ]; then
		check_folder_need=$(du -k "$image" | cut -f 1)
	else
		check_folder_need=$(qemu-img measure --output=json -O raw "$image" |
			sed -n 's/^ *"required": *\([0-9]*\).*/\1/p')
		check_folder_need=$((${check_folder_need:-0} / 1024 + $(du -k "$image" | cut -f 1)))
	fi
	check_folder_free=$(df -Pk "$folder" | awk 'END { print $4 }')
	[ "$check_folder_free" -gt "$check_folder_need" ] ||
		die "$EXIT_REFUSED" "$folder has $((check_folder_free / 1024)) MiB free, a copy of the image needs" \
			"$((check_folder_need / 1024)) MiB: say --output=FILE with a FILE where there is room"
}

# make_copy: a raw one, disk.
make_copy() {
	if [ "$format" = raw ]; then
		quietly "copying the image" cp --reflink=auto --sparse=always "$image" "$disk"
	else
		quietly "copying the image" qemu-img convert -O raw "$image" "$disk"
	fi
}

# put_copy: in the place of the output, in the format of the image, with the owner and mode of what was there.
put_copy() {
	put_copy_file=$disk
	if [ "$format" = qcow2 ]; then
		put_copy_file=$disk.qcow2
		# shellcheck disable=SC2086 # several words
		quietly "writing the image" qemu-img convert -O qcow2 $qcow2_options "$disk" "$put_copy_file" ||
			return 1
	fi
	chmod --reference="$image" "$put_copy_file" && chown --reference="$image" "$put_copy_file" || return 1
	replace_file "$put_copy_file" "$output"
}

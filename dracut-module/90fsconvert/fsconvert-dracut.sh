#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# The hooks of dracut, as functions; beside dracut-lib.sh. They are sourced into the shell that runs all hooks, without
# systemd the first process: they return, and never exit.

# shellcheck source=dracut-module/90fsconvert/fsconvert-lib.sh
. /lib/fsconvert/fsconvert-lib.sh
# shellcheck source=dracut-module/90fsconvert/fsconvert-options.sh
. /lib/fsconvert/fsconvert-options.sh
# shellcheck source=dracut-module/90fsconvert/fsconvert-fstab.sh
. /lib/fsconvert/fsconvert-fstab.sh
# shellcheck source=dracut-module/90fsconvert/fsconvert-arguments.sh
. /lib/fsconvert/fsconvert-arguments.sh
# shellcheck source=dracut-module/90fsconvert/fsconvert-grow.sh
. /lib/fsconvert/fsconvert-grow.sh

# written by systemd
fsconvert_hibernate_location=/sys/firmware/efi/efivars/HibernateLocation-8cf2644b-4b0b-428f-9387-6d876050dc67
fsconvert_e2fsck=/usr/libexec/fsconvert/e2fsck

# --- converting ---

# fsconvert_hibernated: says that a suspended system is waiting to be resumed, whose memory knows the old file system.
fsconvert_hibernated() {
	local device offset signature
	if [ -e "$fsconvert_hibernate_location" ]; then
		fsconvert_reject 'a hibernated system waits, as the firmware tells: resume it and shut down'
		return 0
	fi
	device=$(blkid -c /dev/null -o device -t TYPE=swsuspend 2> /dev/null)
	if [ -n "$device" ]; then
		fsconvert_reject "a hibernated system waits on ${device%%[!a-zA-Z0-9/_.-]*}: resume it and shut down"
		return 0
	fi
	offset=$(getarg resume_offset=) || return 1
	device=$(getarg resume=) || return 1
	device=$(label_uuid_to_dev "$device")
	isdigit "$offset" && [ -b "$device" ] || return 1
	signature=$(dd if="$device" bs=1 skip="$((offset * 4096 + 4086))" count=10 2> /dev/null | tr -cd 'A-Z0-9')
	case $signature in
	S1SUSPEND | S2SUSPEND | ULSUSPEND | LINHIB*)
		fsconvert_reject "a hibernated system waits in a swap file of $device: resume it and shut down"
		return 0
		;;
	esac
	return 1
}

# fsconvert_knows_btrfs: whether this kernel does.
fsconvert_knows_btrfs() {
	local type
	modprobe -q btrfs 2> /dev/null
	while read -r type; do
		case $type in
		btrfs | *[!a-z0-9]btrfs) return 0 ;;
		esac
	done < /proc/filesystems
	return 1
}

# fsconvert_can_mount: whether what is made will be mounted.
fsconvert_can_mount() {
	fsconvert_knows_btrfs && return 0
	fsconvert_reject 'this initramfs has no btrfs for the running kernel: build it again'
	return 1
}

# fsconvert_prove DEVICE: what was made must be mountable by this kernel, or it is taken back at once.
fsconvert_prove() {
	fsconvert_knows_btrfs || return 0
	mkdir -p "$fsconvert_run/mnt"
	if mount -t btrfs -o ro "$1" "$fsconvert_run/mnt"; then
		umount "$fsconvert_run/mnt"
		rmdir "$fsconvert_run/mnt"
		return 0
	fi
	fsconvert_say 3 "$1: this kernel does not mount the result, rolling back"
	fsconvert_program -r "$1" || return
	return 1
}

# fsconvert_act ACTION DEVICE: runs the program; its status.
fsconvert_act() {
	case $1 in
	check) fsconvert_configured fsconvert_program --check "$2" ;;
	rehearse) fsconvert_configured fsconvert_program --rehearse "$2" ;;
	rollback) fsconvert_program -r "$2" ;;
	*) fsconvert_configured fsconvert_program --e2fsck "$fsconvert_e2fsck" "$2" && fsconvert_prove "$2" ;;
	esac
}

# fsconvert_device ACTION DEVICE: converts it, or whatever is asked for; nothing to do is done at once. Status 4 when it
# must not be mounted.
fsconvert_device() {
	local type status
	type=$(fsconvert_type "$2")
	case $1:$type in
	rollback:ext[234] | check:btrfs | rehearse:btrfs | root:btrfs) return 0 ;;
	rollback:btrfs | check:ext[234] | rehearse:ext[234] | root:ext[234]) ;;
	*)
		fsconvert_reject "$2 holds ${type:-nothing that is known}"
		return 3
		;;
	esac
	[ "$1" = rollback ] || fsconvert_can_mount || return 3
	if [ "$1" != check ] && fsconvert_hibernated; then
		return 3
	fi
	fsconvert_say 5 "$1 $2 ($type)"
	status=0
	fsconvert_act "$1" "$2" || status=$?
	# whatever has ended it
	if fsconvert_marked "$2"; then
		status=0
		fsconvert_resume "$2" || status=4
	fi
	fsconvert_say 5 "$2: $(fsconvert_field status "$(cat "$fsconvert_run/result.json" 2> /dev/null)")"
	case $1:$status in
	root:0 | rollback:0) : > "$fsconvert_run/changed" ;;
	esac
	[ "$1" = check ] || fsconvert_settle "$2"
	return "$status"
}

# fsconvert_stop REBOOT-OR-POWEROFF: nothing is mounted, and all writes have been flushed.
fsconvert_stop() {
	fsconvert_say 3 "on-error = $1"
	if [ -n "$DRACUT_SYSTEMD" ]; then
		systemctl --no-block --force "$1"
	elif [ "$1" = reboot ]; then
		echo b > /proc/sysrq-trigger
	else
		echo o > /proc/sysrq-trigger
	fi
	while :; do
		sleep 60
	done
}

# fsconvert_failed: as the configuration says; the file system is what it was.
fsconvert_failed() {
	local policy
	policy=$(fsconvert_setting on-error)
	case $policy in
	reboot | poweroff) fsconvert_stop "$policy" ;;
	shell)
		getargbool 1 rd.shell || return 0
		emergency_shell -n fsconvert 'fsconvert has failed and changed nothing; leave the shell to boot'
		;;
	esac
}

# fsconvert_root: the root's device; false when it has none.
fsconvert_root() {
	# shellcheck disable=SC2154 # set by dracut
	case $root in
	block:/dev/?*) readlink -f "${root#block:}" ;;
	UUID=* | LABEL=* | PARTUUID=* | PARTLABEL=* | /dev/?*) readlink -f "$(label_uuid_to_dev "$root")" ;;
	'' | gpt-auto) [ -b /dev/gpt-auto-root ] && readlink -f /dev/gpt-auto-root ;;
	*) return 1 ;;
	esac
}

# fsconvert_convert_root ACTION: status as fsconvert_device.
fsconvert_convert_root() {
	local device
	if ! device=$(fsconvert_root) || ! [ -b "$device" ]; then
		fsconvert_reject "root=$root is no block device"
		return 3
	fi
	if ismounted "$NEWROOT"; then
		fsconvert_reject "the root is mounted already"
		return 3
	fi
	if [ "$1" = root ] && [ -s "$fsconvert_request/grow" ]; then
		case $(fsconvert_type "$device") in
		ext[234]) fsconvert_grow "$device" ;;
		esac
	fi
	fsconvert_device "$1" "$device"
}

# fsconvert_do: what the arguments ask for, the root last. Status 0, or what went wrong.
fsconvert_do() {
	local action device status
	action=
	status=0
	read -r action < "$fsconvert_request/action"
	while read -r device <&3; do
		device=$(label_uuid_to_dev "$device")
		if [ -b "$device" ]; then
			fsconvert_device "${action:-root}" "$(readlink -f "$device")" || status=$?
		else
			fsconvert_reject "$device is not there"
			status=3
		fi
	done 3< "$fsconvert_request/devices"
	if [ -n "$action" ]; then
		fsconvert_convert_root "$action" || status=$?
	fi
	[ "$action" != check ] || status=0
	return "$status"
}

# --- mounting the root ---

# fsconvert_fit_mount: makes what the arguments say about the root's type and options fit what it holds. This is needed
# on later boots too, as long as they are on the command line.
fsconvert_fit_mount() {
	local device type wanted options
	device=$(fsconvert_root) && [ -b "$device" ] || return 0
	type=$(fsconvert_type "$device")
	wanted=$(getarg rootfstype=)
	case $type:$wanted in
	btrfs:ext[234]* | ext[234]:btrfs*) ;;
	btrfs:* | ext[234]:*) wanted= ;;
	*) return 0 ;;
	esac
	options=$(fsconvert_fit_options "$type" "$rflags")
	if [ -z "$wanted" ] && [ "$options" = "$rflags" ]; then
		return 0
	fi
	fsconvert_say 6 "mounting the root as $type with options ${options:-defaults}"
	# shellcheck disable=SC2034 # read by dracut
	fstype=$type
	rflags=$options
	if [ -n "$DRACUT_SYSTEMD" ]; then
		case ,$options, in
		*,ro,* | *,rw,*) ;;
		*) options=ro${options:+,}$options ;;
		esac
		mkdir -p /run/systemd/system/sysroot.mount.d
		printf '[Mount]\nType=%s\nOptions=%s\n' "$type" "$options" \
			> /run/systemd/system/sysroot.mount.d/50-fsconvert.conf
		systemctl daemon-reload
	fi
}

# --- hooks ---

# The pre-mount hook.
fsconvert_premount() {
	local device
	fsconvert_resume_all
	if fsconvert_asked; then
		fsconvert_do || fsconvert_failed
	fi
	if device=$(fsconvert_root) && fsconvert_marked "$device"; then
		emergency_shell -n fsconvert \
			"the conversion of $device was interrupted and cannot be finished: see fsconvert(8)"
		! fsconvert_marked "$device" || die "fsconvert: the root device $device must not be mounted"
	fi
	fsconvert_fit_mount
}

# The pre-pivot hook: the root is mounted. Only when a device holds something else now.
fsconvert_prepivot() {
	[ -e "$fsconvert_run/changed" ] || return 0
	if fsconvert_check_config && [ "$(fsconvert_setting fstab)" = keep ]; then
		return 0
	fi
	fsconvert_fit_fstab "$NEWROOT"
}

# The cleanup hook: the booted system gets the log and the result, and nothing else.
fsconvert_cleanup() {
	rm -rf "$fsconvert_request" "$fsconvert_run/tried" "$fsconvert_run/changed" \
		/run/systemd/system/sysroot.mount.d/50-fsconvert.conf
	rmdir "$fsconvert_run" /run/systemd/system/sysroot.mount.d 2> /dev/null
	return 0
}

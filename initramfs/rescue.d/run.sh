#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034,SC2154 # variables are shared with the other parts
#
# Running fsconvert on a device, by the library of early boot. Sourced after it: the functions fsconvert_* here take the
# place of its own, which talk to udev and to the console of the kernel.

fsconvert_say() {
	printf '%s\n' "$2" >> "$fsconvert_run/log"
	printf '\r%s%s\n' "$2" "$screen_end"
}

fsconvert_show() {
	printf '\r%s%s' "$(fsconvert_progress "$1")" "$screen_end"
}

fsconvert_type() {
	probe "$1"
	printf '%s\n' "$p_type"
}

fsconvert_settle() {
	:
}

# Members of arrays are not among what can be chosen.
fsconvert_is_part() {
	probe "$1"
	[ "$p_type" = raid ]
}

# The kernel of a rescue system need not know btrfs.
fsconvert_can_mount() {
	return 0
}

fsconvert_hibernated() {
	local device
	for device in $(find_devices); do
		if probe_hibernated "$device"; then
			fsconvert_reject "a hibernated system waits on $device: resume it and shut down"
			return 0
		fi
	done
	return 1
}

# --- one at a time, on whatever terminal ---

# run_lock NAME: takes the lock for this process; false when another one has it. It is a link to the owner's number, as
# a link is made and read as one.
run_lock() {
	local self
	read -r self _ < /proc/self/stat
	! run_is_locked "$1" && ln -s "$self" "$rescue_run/$1" 2> /dev/null
}

run_unlock() {
	rm -f "$rescue_run/$1"
}

# run_is_locked NAME: by a process that is alive.
run_is_locked() {
	local owner
	owner=$(readlink "$rescue_run/$1") || return 1
	[ ! -e "/proc/$owner" ] || return 0
	rm -f "$rescue_run/$1"
	return 1
}

# run_busy: true while an action runs on any terminal.
run_busy() {
	run_is_locked acting
}

# run_locked COMMAND ARGUMENT...: while nobody looks at a device or works on one; its status. What the device holds then
# is told to /etc/fstab.
run_locked() {
	if ! run_lock acting; then
		echo 'Something else is being done on another terminal.'
		return 3
	fi
	while run_is_locked looking; do
		look_stop
		sleep 0.2
	done
	"$@"
	set -- $?
	fstab_fit_all
	run_unlock acting
	return "$1"
}

# run ACTION DEVICE: its status.
run() {
	rm -f "$fsconvert_run/result.json"
	run_locked run_action "$1" "$2"
	set -- $? "$2"
	rm -f "$rescue_run/verdict/$(probe_name "$2")"
	return "$1"
}

run_action() {
	case $1 in
	check)
		probe "$2"
		case $p_type in
		btrfs) fsconvert --check -r "$2" ;;
		*) fsconvert_configured fsconvert --check "$2" ;;
		esac
		;;
	status) fsconvert --status "$2" ;;
	resume) fsconvert_resume "$2" ;;
	undo) fsconvert_program --resume --undo "$2" ;;
	convert) fsconvert_device root "$2" ;;
	*) fsconvert_device "$1" "$2" ;;
	esac
} 2>&1

# run_drain: what was said must be read by somebody, and a serial line is slow: to set a mode waits for it.
run_drain() {
	local consoles console
	read -r consoles < /sys/class/tty/console/active
	for console in $consoles; do
		timeout 10 stty -F "/dev/$console" opost
	done
} 2> /dev/null

# run_stop reboot|poweroff: nothing is mounted, and all writes have been flushed.
run_stop() {
	sync
	run_drain
	"$1" -f
	while :; do
		sleep 60
	done
}

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034,SC2154 # variables are shared with the other parts
# What the kernel arguments ask for, without a person. Sourced.

unattended_wait=60

# unattended_unlock: asks for the passphrases of all locked devices, once; the one wanted may lie in any.
unattended_unlock() {
	local device
	unattended_locked=no
	storage_has cryptsetup || return 0
	for device in $(find_type LUKS); do
		storage_unlock "$device" || :
	done
}

# unattended_find NAME: sets $device; false, and said, when there is not exactly one. Disks may come late.
unattended_find() {
	local now end matches
	read -r now _ < /proc/uptime
	end=$((${now%%.*} + unattended_wait))
	unattended_locked=yes
	while :; do
		matches=$(find_matches "$1")
		[ -z "$matches" ] || break
		read -r now _ < /proc/uptime
		if [ "${now%%.*}" -ge "$end" ]; then
			fsconvert_reject "$1 is not there"
			return 1
		fi
		sleep 1
		if storage_changed; then
			storage_refresh
		elif [ "$unattended_locked" = yes ]; then
			unattended_unlock
			# a person's time does not count
			read -r now _ < /proc/uptime
			end=$((${now%%.*} + unattended_wait))
		fi
	done
	device=$(printf '%s\n' "$matches" | head -n 1)
	if [ "$device" != "$matches" ]; then
		fsconvert_reject "$1 is more than one: $(printf '%s' "$matches" | tr '\n' ' ')"
		return 1
	fi
}

# unattended_resume_all: what was interrupted comes first, whatever was asked for.
unattended_resume_all() {
	local interrupted
	for interrupted in $(find_interrupted); do
		run resume "$interrupted" || return
	done
}

unattended_do() {
	local action device name
	name=$(arguments_get device)
	action=$(arguments_get action)
	printf '\nfsconvert rescue: %s %s\n' "$action" "$name"
	if [ -s "$rescue_run/wrong" ]; then
		cat "$rescue_run/wrong"
		return 2
	fi
	unattended_resume_all || return
	unattended_find "$name" || return 3
	case $action in
	resume) fsconvert_say 5 "$device holds $(fsconvert_type "$device")" ;;
	*) run "$action" "$device" ;;
	esac
}

# unattended_end STATUS: as on-success or on-failure say.
unattended_end() {
	local next
	next=on-failure
	[ "$1" -ne 0 ] || next=on-success
	[ ! -e "$fsconvert_run/result.json" ] || cat "$fsconvert_run/result.json"
	printf 'fsconvert rescue: ends with status %d\n' "$1"
	next=$(arguments_get "$next")
	case $next in
	reboot | poweroff) run_stop "$next" ;;
	shell) echo "$next" > "$rescue_run/action" ;;
	*) : > "$rescue_run/action" ;;
	esac
}

# unattended_show: on all consoles; the one that this process has is the kernel's last.
unattended_show() {
	local consoles console
	read -r consoles < /sys/class/tty/console/active
	set --
	for console in $consoles; do
		[ "$console" = "${consoles##* }" ] || set -- "$@" "/dev/$console"
	done
	tee "$@"
}

unattended() {
	local status
	[ -n "$(arguments_get device)" ] || [ -s "$rescue_run/wrong" ] || return 0
	trap '' INT QUIT TSTP
	{
		status=0
		unattended_do || status=$?
		echo "$status" > "$rescue_run/status"
	} 2>&1 | unattended_show
	status=1
	read -r status < "$rescue_run/status"
	unattended_end "$status"
}

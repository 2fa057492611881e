#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# What every early boot that runs fsconvert shares: what a person is told, running the program, and interrupted devices.
# POSIX sh with `local`, sourced; needs blkid and udevadm, and nothing of dracut. Functions return a status and never
# exit. Everything is left in /run/fsconvert for the booted system:
#
#     log          what was said
#     result.json  the result of the last run of the program
#
# Exit statuses of the program: 0 done, 1 failed, 2 wrong configuration, 3 refused, 4 interrupted in the switch.

fsconvert_run=/run/fsconvert

# An archive appended to an initramfs brings what that may lack.
case :$PATH: in
*:/usr/libexec/fsconvert/tools:*) ;;
*) PATH=$PATH:/usr/libexec/fsconvert/tools ;;
esac

# fsconvert_say LEVEL TEXT: to the log, the journal and the console. LEVEL is one of the kernel's: 3 error, 4 warning,
# 5 notice, 6 information. The console gets it from the kernel or, if that keeps it to itself ("quiet"), from here.
fsconvert_say() {
	local console
	[ -d "$fsconvert_run" ] || mkdir -p "$fsconvert_run"
	printf '%s\n' "$2" >> "$fsconvert_run/log"
	printf '<%s>fsconvert: %.900s\n' "$1" "$2" > /dev/kmsg
	console=7
	read -r console _ < /proc/sys/kernel/printk
	if [ "$1" -ge "$console" ]; then
		printf '\rfsconvert: %s\033[K\n' "$2" > /dev/console
	fi
	fsconvert_splash "$2"
} 2> /dev/null

# fsconvert_splash TEXT: on the splash screen, in the place of what was shown before.
fsconvert_splash() {
	command -v plymouth > /dev/null 2>&1 && plymouth --ping || return 0
	[ -z "$fsconvert_shown" ] || plymouth hide-message --text="$fsconvert_shown"
	fsconvert_shown="fsconvert: $1"
	plymouth display-message --text="$fsconvert_shown"
} 2> /dev/null

# --- what the program prints: JSON, one object a line, which only it writes ---

# fsconvert_field NAME OBJECT: a number, or a string without quotes in it; nothing if there is none.
fsconvert_field() {
	local value
	value=${2#*\""$1"\":}
	[ "$value" != "$2" ] || return 0
	case $value in
	\"*)
		value=${value#\"}
		value=${value%%\"*}
		;;
	*) value=${value%%[,\}]*} ;;
	esac
	printf '%s\n' "$value"
}

# fsconvert_text OBJECT: the member "text" of a message, which is its last.
fsconvert_text() {
	local text begin
	text=${1#*\"text\":\"}
	text=${text%\"\}}
	# \" is a quote; other escapes are left as they are
	while :; do
		begin=${text%%\\\"*}
		[ "$begin" != "$text" ] || break
		text=$begin\'${text#*\\\"}
	done
	printf '%s\n' "$text"
}

# fsconvert_progress PROGRESS: in words.
fsconvert_progress() {
	local phase part total rate left line
	phase=$(fsconvert_field phase "$1")
	part=$(fsconvert_field 'done' "$1")
	total=$(fsconvert_field total "$1")
	rate=$(fsconvert_field rate "$1")
	left=$(fsconvert_field left "$1")
	line=$phase
	[ "${total:-0}" = 0 ] || line="$line  $((part * 100 / total)) %"
	[ "${rate:-0}" = 0 ] || line="$line  $((rate / 1048576)) MiB/s"
	left=${left%%.*}
	[ -z "$left" ] || line="$line  $((left / 60)) min $((left % 60)) s left"
	printf '%s\n' "$line"
}

# fsconvert_show PROGRESS: a line that the next one overwrites.
fsconvert_show() {
	local line
	line=$(fsconvert_progress "$1")
	printf '\rfsconvert: %s\033[K' "$line" > /dev/console
	fsconvert_splash "$line"
} 2> /dev/null

# fsconvert_follow: says what the program prints.
fsconvert_follow() {
	local line
	while read -r line; do
		case $line in
		'{"event":"progress"'*) fsconvert_show "$line" ;;
		'{"event":"phase"'*) fsconvert_say 6 "$(fsconvert_field phase "$line")" ;;
		'{"event":"message","level":"error"'*) fsconvert_say 3 "$(fsconvert_text "$line")" ;;
		'{"event":"message","level":"warning"'*) fsconvert_say 4 "$(fsconvert_text "$line")" ;;
		'{"event":"message","level":"info"'*) fsconvert_say 6 "$(fsconvert_text "$line")" ;;
		'{"event":"result"'*) printf '%s\n' "$line" > "$fsconvert_run/result.json" ;;
		'{'*) ;;
		*) fsconvert_say 3 "$line" ;;
		esac
	done
}

# fsconvert_program ARGUMENT...: runs it; its status. The kernel must not choose it when memory is short.
fsconvert_program() {
	local status
	[ -d "$fsconvert_run" ] || mkdir -p "$fsconvert_run"
	rm -f "$fsconvert_run/result.json"
	{
		echo -1000 > /proc/self/oom_score_adj
		status=0
		fsconvert --json "$@" 2>&1 < /dev/null || status=$?
		printf '%s\n' "$status" > "$fsconvert_run/status"
	} | fsconvert_follow
	status=1
	read -r status < "$fsconvert_run/status"
	rm -f "$fsconvert_run/status"
	return "$status"
}

# fsconvert_reject REASON: the result of a run that the boot itself refuses.
fsconvert_reject() {
	fsconvert_say 3 "$1; nothing was changed"
	printf '{"event":"result","status":"refused","exit":3,"kind":"refused","reason":"%s"}\n' "$1" \
		> "$fsconvert_run/result.json"
}

# --- devices ---

# fsconvert_type DEVICE: what it holds by a look at the device itself; nothing when that is not clear.
fsconvert_type() {
	blkid -p -o value -s TYPE "$1" 2> /dev/null
}

# fsconvert_settle DEVICE: tells udev what the device holds now, and waits until everybody knows.
fsconvert_settle() {
	udevadm trigger --action=change --name-match="$1"
	udevadm settle --timeout=60
} > /dev/null 2>&1

# fsconvert_is_part DEVICE: true for a member of an array or a path of a multipath device. It may show what the whole
# holds, but only the whole may be written to.
fsconvert_is_part() {
	local property part
	part=1
	udevadm info --query=property --name="$1" 2> /dev/null > "$fsconvert_run/properties"
	while read -r property; do
		case $property in
		ID_FS_USAGE=raid | DM_MULTIPATH_DEVICE_PATH=1) part=0 ;;
		esac
	done < "$fsconvert_run/properties"
	rm -f "$fsconvert_run/properties"
	return "$part"
}

# fsconvert_marked DEVICE: true when a switch was interrupted on it.
fsconvert_marked() {
	local device wanted
	wanted=$(readlink -f "$1")
	for device in $(fsconvert --scan 2> /dev/null); do
		[ "$device" != "$wanted" ] || return 0
	done
	return 1
}

# fsconvert_resume DEVICE: finishes an interrupted switch or, if that cannot be done, undoes it.
fsconvert_resume() {
	fsconvert_say 5 "$1: a conversion or roll back was interrupted, going on with it"
	if fsconvert_program --resume "$1" || fsconvert_program --resume --undo "$1"; then
		fsconvert_say 5 "$1: done, it holds $(fsconvert_type "$1") now"
		: > "$fsconvert_run/changed"
		fsconvert_settle "$1"
		return 0
	fi
	fsconvert_say 3 "$1: could not be finished; nothing may mount it"
	return 4
}

# fsconvert_resume_all: all devices that carry the mark, each tried once.
fsconvert_resume_all() {
	local device
	for device in $(fsconvert --scan 2> /dev/null); do
		[ ! -e "$fsconvert_run/tried/${device#/dev/}" ] || continue
		! fsconvert_is_part "$device" || continue
		mkdir -p "$fsconvert_run/tried/${device#/dev/}"
		fsconvert_resume "$device"
	done
}

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# The kernel arguments: see fsconvert.dracut(7). Beside dracut-lib.sh and fsconvert-lib.sh; sourced.
#
# What the kernel arguments ask for is written by the first hook and read by the others, which may run in other shells:
#
#     request/action    root, check, rehearse, rollback or off; empty when only devices are named
#     request/devices   further devices, one a line
#     request/settings  KEY=VALUE, one a line
#     request/config    the name of the configuration file
#     request/grow      not empty: the root's partition shall be enlarged first
#     request/printed   the configuration that is in force

# shellcheck disable=SC2154 # of fsconvert-lib.sh
fsconvert_request=$fsconvert_run/request
fsconvert_wait=60

# fsconvert_keys: the names behind rd.fsconvert. on the kernel command line, each once; false when one is no name=value.
fsconvert_keys() (
	set -f
	seen=' '
	for word in $(getcmdline); do
		word=${word#\"}
		case $word in
		rd.fsconvert=*) continue ;;
		rd.fsconvert.?*=*) word=${word#rd.fsconvert.} ;;
		rd.fsconvert | rd.fsconvert.*)
			fsconvert_say 3 "kernel argument $word: has no value"
			return 1
			;;
		*) continue ;;
		esac
		word=${word%%=*}
		case $seen in
		*" $word "*) ;;
		*)
			seen="$seen$word "
			printf '%s\n' "$word"
			;;
		esac
	done
)

# fsconvert_parse: reads the kernel arguments into the request; false, and said, when they are wrong.
fsconvert_parse() {
	local word key
	getargs rd.fsconvert= > "$fsconvert_request/words"
	: > "$fsconvert_request/action"
	: > "$fsconvert_request/devices"
	while read -r word; do
		case $word in
		root | check | rehearse | rollback | off) printf '%s\n' "$word" > "$fsconvert_request/action" ;;
		/dev/?* | UUID=?* | LABEL=?* | PARTUUID=?*) printf '%s\n' "$word" >> "$fsconvert_request/devices" ;;
		'') ;;
		*)
			fsconvert_say 3 "kernel argument rd.fsconvert=$word: neither an action nor a device"
			fsconvert_say 3 'actions are root, check, rehearse, rollback and off'
			fsconvert_say 3 'devices are /dev/..., UUID=, LABEL= and PARTUUID='
			return 1
			;;
		esac
	done < "$fsconvert_request/words"
	fsconvert_keys > "$fsconvert_request/keys" || return 1
	: > "$fsconvert_request/settings"
	: > "$fsconvert_request/config"
	: > "$fsconvert_request/grow"
	[ ! -e /etc/fsconvert.conf ] || echo /etc/fsconvert.conf > "$fsconvert_request/config"
	while read -r key; do
		case $key in
		config) getarg rd.fsconvert.config= > "$fsconvert_request/config" ;;
		grow) fsconvert_parse_grow "$(getarg rd.fsconvert.grow=)" || return 1 ;;
		*) printf '%s=%s\n' "$key" "$(getarg "rd.fsconvert.$key=")" >> "$fsconvert_request/settings" ;;
		esac
	done < "$fsconvert_request/keys"
}

fsconvert_parse_grow() {
	case $1 in
	yes) echo yes > "$fsconvert_request/grow" ;;
	no) ;;
	*)
		fsconvert_say 3 "kernel argument rd.fsconvert.grow=$1: neither yes nor no"
		return 1
		;;
	esac
}

# fsconvert_configured ARGUMENT...: runs the program with the configuration that is asked for, not following it.
fsconvert_configured() {
	local setting config runner
	runner=$1
	shift
	config=
	read -r config < "$fsconvert_request/config"
	while read -r setting; do
		set -- --set "$setting" "$@"
	done < "$fsconvert_request/settings"
	[ -z "$config" ] || set -- --config "$config" "$@"
	"$runner" "$@"
}

# fsconvert_check_config: false, and said, when file or arguments are wrong. No device is opened.
fsconvert_check_config() {
	local line
	fsconvert_configured fsconvert --print-config > "$fsconvert_request/printed" 2>&1 && return 0
	while read -r line; do
		fsconvert_say 3 "$line"
	done < "$fsconvert_request/printed"
	return 1
}

# fsconvert_setting KEY: the value in force, after fsconvert_check_config; without quotes and blanks in it.
fsconvert_setting() {
	local line
	while read -r line; do
		case $line in
		"$1 = "*)
			line=${line#"$1 = "}
			printf '%s\n' "${line%% *}"
			return 0
			;;
		esac
	done < "$fsconvert_request/printed"
}

# fsconvert_asked: true when the arguments ask for anything.
fsconvert_asked() {
	[ -s "$fsconvert_request/action" ] || [ -s "$fsconvert_request/devices" ]
}

# fsconvert_forget NAME...: of the request.
fsconvert_forget() {
	local name
	for name in "$@"; do
		: > "$fsconvert_request/$name"
	done
}

# The cmdline hook.
fsconvert_cmdline() {
	local action
	mkdir -p "$fsconvert_request"
	fsconvert_wait_for_root
	if ! fsconvert_parse || { fsconvert_asked && ! fsconvert_check_config; }; then
		fsconvert_reject 'wrong kernel arguments or configuration'
		fsconvert_forget action devices settings config grow
		return 0
	fi
	action=
	read -r action < "$fsconvert_request/action"
	[ "$action" != off ] || fsconvert_forget action devices
	fsconvert_wait_for_devices
}

# --- waiting for devices ---

# The initqueue goes on until the root device is there. With systemd, newer dracuts leave that to the unit that mounts
# it; but the hooks come before that, and an interrupted device has no UUID until the initqueue has looked for it.
fsconvert_wait_for_root() {
	local device
	# shellcheck disable=SC2154 # set by dracut
	device=$(label_uuid_to_dev "$root")
	case $device in
	/dev/?*) wait_for_dev "$device" ;;
	esac
}

# The initqueue goes on until they are there, or for a minute.
fsconvert_wait_for_devices() {
	local uptime
	[ -s "$fsconvert_request/devices" ] || return 0
	read -r uptime _ < /proc/uptime
	printf '%s\n' "$((${uptime%%.*} + fsconvert_wait))" > "$fsconvert_request/deadline"
	# shellcheck disable=SC2154 # set by dracut
	printf '. /lib/fsconvert/fsconvert-dracut.sh; fsconvert_waited\n' \
		> "$hookdir/initqueue/finished/fsconvert.sh"
}

# fsconvert_waited: the initqueue may end as far as the further devices are concerned.
fsconvert_waited() {
	local device uptime deadline
	read -r uptime _ < /proc/uptime
	read -r deadline < "$fsconvert_request/deadline"
	[ "${uptime%%.*}" -lt "$deadline" ] || return 0
	while read -r device; do
		[ -b "$(label_uuid_to_dev "$device")" ] || return 1
	done < "$fsconvert_request/devices"
	return 0
}

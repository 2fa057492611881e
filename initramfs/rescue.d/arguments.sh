#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034,SC2154 # variables are shared with the other parts
#
# The kernel arguments fsconvert.*: see docs/RESCUE.md. Sourced. They are read once, into
#
#     $rescue_run/device, action, on-success, on-failure   each a word, or empty
#     $rescue_run/wrong                                    what is wrong with them, if anything
#
# and, for the library, into request/settings and request/config.

# arguments_words: one a line; quotes group, as the kernel has it.
arguments_words() {
	awk '{
		word = ""
		for (i = 1; i <= length($0); i++) {
			c = substr($0, i, 1)
			if (c == "\"")
				quoted = !quoted
			else if (c == " " && !quoted) {
				print word
				word = ""
			} else
				word = word c
		}
		print word
	}' /proc/cmdline
}

# arguments_wrong TEXT
arguments_wrong() {
	printf 'kernel argument %s\n' "$1" >> "$rescue_run/wrong"
}

# arguments_take KEY VALUE
arguments_take() {
	case $1=$2 in
	device=/dev/?* | device=UUID=?* | device=LABEL=?* | device=PARTUUID=?*) ;;
	action=convert | action=check | action=rehearse | action=rollback | action=resume) ;;
	action=status | action=shell) ;;
	on-success=reboot | on-success=poweroff | on-success=shell | on-success=menu) ;;
	on-failure=reboot | on-failure=poweroff | on-failure=shell | on-failure=menu) ;;
	device=* | action=* | on-success=* | on-failure=*)
		arguments_wrong "fsconvert.$1=$2: no such $1"
		return
		;;
	*)
		printf '%s=%s\n' "$1" "$2" >> "$fsconvert_request/settings"
		return
		;;
	esac
	printf '%s\n' "$2" > "$rescue_run/$1"
}

arguments_read() {
	local word name
	for name in device action on-success on-failure wrong; do
		: > "$rescue_run/$name"
	done
	: > "$fsconvert_request/settings"
	: > "$fsconvert_request/config"
	[ ! -e /etc/fsconvert.conf ] || echo /etc/fsconvert.conf > "$fsconvert_request/config"
	arguments_words > "$rescue_run/words"
	while read -r word; do
		case $word in
		fsconvert.?*=*)
			word=${word#fsconvert.}
			arguments_take "${word%%=*}" "${word#*=}"
			;;
		fsconvert.*) arguments_wrong "$word: has no value" ;;
		esac
	done < "$rescue_run/words"
	case $(arguments_get device)=$(arguments_get action) in
	?*=) arguments_wrong 'fsconvert.device: needs fsconvert.action' ;;
	?*=shell) arguments_wrong 'fsconvert.action=shell: works on no device' ;;
	esac
	if ! fsconvert_configured fsconvert --print-config > "$fsconvert_request/printed" 2>&1; then
		cat "$fsconvert_request/printed" >> "$rescue_run/wrong"
	fi
}

# arguments_get NAME
arguments_get() {
	local value
	value=
	read -r value < "$rescue_run/$1"
	printf '%s' "$value"
}

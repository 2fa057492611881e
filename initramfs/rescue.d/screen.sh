#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034,SC2154 # variables are shared with the other parts
# A terminal, which may be a serial line: what every terminal of today understands, and nothing else. Sourced.

screen_escape=$(printf '\033')
screen_clear=${screen_escape}[H${screen_escape}[2J${screen_escape}[3J
screen_end=${screen_escape}[K

# screen_size: sets $rows and $columns; a serial line does not know them.
screen_size() {
	rows=24 columns=80
	# shellcheck disable=SC2046 # two numbers
	set -- $(stty size 2> /dev/null)
	if [ "${1:-0}" -gt 10 ] && [ "${2:-0}" -gt 40 ]; then
		rows=$1 columns=$2
	fi
}

# screen_keys: single keys from now on, or (screen_lines) whole lines, which are shown.
screen_keys() {
	stty -icanon -echo
}

screen_lines() {
	stty sane
}

# screen_key SECONDS: sets $key to up, down, enter, a character, or nothing when none comes.
screen_key() {
	local rest
	key=
	# shellcheck disable=SC3045 # as ash has it
	if ! IFS= read -r -n 1 -t "$1" key; then
		key=
		return 0
	fi
	case $key in
	'') key=enter ;;
	"$screen_escape")
		rest=
		# shellcheck disable=SC3045
		IFS= read -r -n 2 -t 1 rest
		case $rest in
		'[A' | OA) key=up ;;
		'[B' | OB) key=down ;;
		*) key= ;;
		esac
		;;
	esac
}

# screen_bytes BYTES: for people.
screen_bytes() {
	local value unit
	[ -n "$1" ] || return 0
	value=$(($1 * 10 / 1048576))
	for unit in MiB GiB TiB; do
		if [ "$value" -lt 100000 ]; then
			printf '%d.%d %s' $((value / 10)) $((value % 10)) "$unit"
			return
		fi
		value=$((value / 1024))
	done
	printf '%d PiB' $((value / 10))
}

# screen_wait: until a key is pressed.
screen_wait() {
	printf '\nPress Enter to go on.'
	read -r _
}

screen_shell() {
	screen_lines
	printf '\nLeave the shell with "exit". fsconvert --help shows what the program can do.\n'
	(
		trap - INT QUIT TSTP
		exec sh -i
	)
}

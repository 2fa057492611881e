#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034,SC2154 # variables are shared with the other parts
# The menus: a file system, then what to do with it. Sourced.

# menu_header TEXT
menu_header() {
	printf '%s%s%s\n\n' "$screen_clear" "$menu_version  -  $1" "$screen_end"
}

# menu_row NUMBER DEVICE TYPE SIZE USED UUID LABEL: two lines of the list.
menu_row() {
	local mark type used
	mark=' '
	[ "$1" -ne "$at" ] || mark='>'
	type=$3
	[ "$type" != interrupted ] || type='?'
	used=
	[ -z "$5" ] || used="$(screen_bytes "$5") used"
	printf '%s%2d  %-28s %-5s %10s %15s  %.*s\n' "$mark" "$1" "$2" "$type" "$(screen_bytes "$4")" "$used" \
		$((columns - 67)) "$7"
	printf '     %-36.36s %.*s\n' "$6" $((columns - 43)) "$(look_verdict "$2")"
}

menu_draw() {
	local number device type size used uuid label first shown
	screen_size
	shown=$(((rows - 9) / 2))
	first=$((at - shown / 2))
	[ $((first + shown)) -le "$count" ] || first=$((count - shown + 1))
	[ "$first" -ge 1 ] || first=1
	menu_header "$(menu_title)"
	[ ! -s "$rescue_run/wrong" ] || cat "$rescue_run/wrong"
	[ -z "$said" ] || printf '%s\n' "$said"
	number=0
	while IFS='|' read -r device type size used _ uuid label; do
		number=$((number + 1))
		if [ "$number" -ge "$first" ] && [ "$number" -lt $((first + shown)) ]; then
			menu_row "$number" "$device" "$type" "$size" "$used" "$uuid" "$label"
		fi
	done < "$list"
	[ "$count" -gt 0 ] || printf 'No ext or btrfs file system was found.\n'
	printf '\nArrow keys or a number choose, Enter takes it.\n'
	printf 's shell   r look again   b reboot   p power off\n'
}

menu_title() {
	case $(arguments_get action) in
	convert) echo 'choose what to convert' ;;
	check) echo 'choose what to check' ;;
	rehearse) echo 'choose what to rehearse' ;;
	rollback) echo 'choose what to roll back' ;;
	resume) echo 'choose what to resume' ;;
	status) echo 'choose what to examine' ;;
	*) echo 'choose a file system' ;;
	esac
}

# menu_read: makes the list anew.
menu_read() {
	look_list > "$list"
	count=$(wc -l < "$list")
	[ "$at" -le "$count" ] || at=$count
	[ "$at" -ge 1 ] || at=1
}

# menu_poll: true when there is something new to be seen.
menu_poll() {
	local verdicts
	if ! run_busy && storage_changed; then
		storage_refresh
		menu_read
		look_start
		return 0
	fi
	verdicts=$(grep . "$rescue_run"/verdict/* 2> /dev/null)
	[ "$verdicts" != "$menu_verdicts" ] || return 1
	menu_verdicts=$verdicts
}

# menu_number DIGIT: of a list of more than nine, further digits may come.
menu_number() {
	typed=$typed$1
	if [ "$typed" -gt "$count" ] || [ "$typed" -lt 1 ]; then
		typed=
		return 1
	fi
	at=$typed
	[ $((typed * 10)) -gt "$count" ] || return 1
	typed=
}

# menu_choose: sets $device and $type when one is chosen; false for anything else, which is done here.
menu_choose() {
	typed=
	menu_draw
	while :; do
		screen_key 1
		case $key in
		'')
			if menu_poll; then menu_draw; fi
			continue
			;;
		up) [ "$at" -le 1 ] || at=$((at - 1)) ;;
		down) [ "$at" -ge "$count" ] || at=$((at + 1)) ;;
		[0-9]) if menu_number "$key"; then break; fi ;;
		enter) [ "$count" -eq 0 ] || break ;;
		s | r | b | p)
			menu_command "$key"
			return 1
			;;
		*) continue ;;
		esac
		menu_draw
	done
	IFS='|' read -r device type _ _ clean _ <<- EOF
		$(sed -n "${at}p" "$list")
	EOF
	return 0
}

menu_command() {
	case $1 in
	s) screen_shell ;;
	r)
		rm -f "$rescue_run"/verdict/*
		said=
		storage_refresh
		;;
	b) menu_stop reboot ;;
	p) menu_stop poweroff ;;
	esac
}

# menu_stop reboot|poweroff
menu_stop() {
	if run_busy; then
		said='Not now: something is being done on another terminal.'
		return
	fi
	run_stop "$1"
}

# --- what to do with it ---

# menu_actions TYPE
menu_actions() {
	case $1 in
	interrupted) echo 'resume undo status' ;;
	LUKS) echo unlock ;;
	btrfs) echo 'rollback check status' ;;
	*) echo 'convert check rehearse status' ;;
	esac
}

menu_explain() {
	case $1 in
	convert) echo 'convert to btrfs' ;;
	rollback) echo 'roll back to ext' ;;
	check) echo 'check only: can it be done, and how? Writes nothing' ;;
	rehearse) echo 'rehearse: everything but the switch; writes only to free blocks' ;;
	status) echo 'status: what does it hold?' ;;
	resume) echo 'resume: finish what was interrupted' ;;
	undo) echo 'undo: go back to what was there before' ;;
	unlock) echo 'unlock: asks for the passphrase' ;;
	esac
}

# menu_action: sets $action for $device of $type; false when none is wanted. What the kernel arguments ask for is taken
# where it fits; an interrupted one must be resumed first whatever was asked.
menu_action() {
	local actions wanted number
	actions=$(menu_actions "$type")
	wanted=$(arguments_get action)
	[ "$type" != LUKS ] || wanted=unlock
	case " $actions " in
	*" ${wanted:-none} "*)
		action=$wanted
		return 0
		;;
	esac
	menu_header "$device"
	printf '%s: %s\n\n' "$type" "$(look_verdict "$device")"
	number=0
	for action in $actions; do
		number=$((number + 1))
		printf ' %d  %s\n' "$number" "$(menu_explain "$action")"
	done
	printf '\nA number chooses; Enter goes back.\n'
	while :; do
		screen_key 60
		case $key in
		enter) return 1 ;;
		[1-9])
			action=$(printf '%s\n' "$actions" | cut -d ' ' -f "$key")
			[ -z "$action" ] || return 0
			;;
		esac
	done
}

# menu_confirm: shows what would be done, and asks; false when it is not wanted.
menu_confirm() {
	local answer
	case $action in
	convert)
		if [ "$clean" = no ]; then
			echo 'It is not clean: e2fsck -p will repair what is safe before it is converted.'
		else
			run check "$device" || return 1
		fi
		;;
	rollback) run check "$device" || return 1 ;;
	rehearse | resume | undo) ;;
	*) return 0 ;;
	esac
	printf '\nNothing was written so far. Have a backup.\nType YES to %s %s: ' "$action" "$device"
	answer=
	read -r answer
	[ "$answer" = YES ] && return 0
	printf 'Nothing was written.\n'
	return 1
}

# menu_do: runs $action on $device and shows what came of it.
menu_do() {
	menu_header "$action $device"
	screen_lines
	if [ "$action" = unlock ]; then
		storage_unlock "$device" || screen_wait
		return 0
	fi
	if menu_confirm; then
		# what was chosen when the machine was started is done now
		: > "$rescue_run/action"
		if run "$action" "$device"; then
			said="$device: $action is done."
		else
			said="$device: $action was not done."
		fi
		printf '\n%s\n' "$said"
	fi
	screen_wait
}

menu() {
	trap '' INT QUIT TSTP
	[ -t 0 ] || sleep 5
	menu_version="$(fsconvert --version) rescue"
	list=$(mktemp "$rescue_run/list.XXXXXX")
	at=1 said='' menu_verdicts='' storage_seen=$(cat /proc/partitions)
	[ "$(arguments_get action)" != shell ] || screen_shell
	while :; do
		menu_read
		look_start
		screen_keys
		if menu_choose && menu_action; then
			menu_do
		fi
	done
}

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034,SC2154 # variables are shared with the other parts
#
# The list of file systems, and what fsconvert thinks of each. Sourced. The second takes its time, so it is found in the
# background, one device after the other:
#
#     $list                        of this terminal: DEVICE|TYPE|SIZE|USED|CLEAN|UUID|LABEL, interrupted ones first
#     $rescue_run/verdict/NAME     a line for each device looked at, for all terminals

look_list() {
	local device interrupted
	interrupted=" $(find_interrupted | tr '\n' ' ')"
	for device in $interrupted; do
		probe "$device"
		printf '%s|interrupted|%s||||\n' "$device" "$p_size"
	done
	for device in $(find_devices); do
		case $interrupted in
		*" $device "*) continue ;;
		esac
		probe "$device"
		case $p_type in
		ext[234] | btrfs | LUKS)
			printf '%s|%s|%s|%s|%s|%s|%s\n' "$device" "$p_type" "$p_size" "$p_used" "$p_clean" "$p_uuid" \
				"$p_label"
			;;
		esac
	done
}

# look_program ARGUMENT...: sets $result. look_stop may end it.
look_program() {
	fsconvert --json "$@" > "$rescue_run/looked" 2>&1 < /dev/null &
	echo $! > "$rescue_run/looker"
	wait $!
	rm -f "$rescue_run/looker"
	result=$(grep '^{"event":"result"' "$rescue_run/looked")
}

# look DEVICE TYPE CLEAN: prints the verdict; false when it was stopped.
look() {
	case $2 in
	interrupted) echo 'interrupted: must be resumed' ;;
	LUKS) echo 'locked' ;;
	btrfs)
		look_program --status "$1"
		case $result in
		*'"possible":true'*) echo "can go back to ext" ;;
		*'"content":"btrfs"'*) echo 'was not converted from ext' ;;
		*'"content":'*) echo "no way back: $(fsconvert_field reason "${result#*\"rollback\"}")" ;;
		*) return 1 ;;
		esac
		;;
	*)
		if [ "$3" = no ]; then
			echo 'not clean: e2fsck comes first'
			return 0
		fi
		fsconvert_configured look_program --check "$1"
		case $result in
		*'"exit":0'*) echo 'can be converted' ;;
		*'"status":"refused"'* | *'"status":"failed"'*) printf '%s\n' "$(fsconvert_field reason "$result")" ;;
		*) return 1 ;;
		esac
		;;
	esac
}

look_all() {
	local device type clean verdict
	run_lock looking || return 0
	while IFS='|' read -r device type _ _ clean _; do
		verdict=$rescue_run/verdict/$(probe_name "$device")
		[ ! -e "$verdict" ] || continue
		! run_busy || break
		if look "$device" "$type" "$clean" > "$verdict.new"; then
			mv "$verdict.new" "$verdict"
		else
			rm -f "$verdict.new"
		fi
	done < "$list"
	run_unlock looking
}

# look_start: unless it is being done.
look_start() {
	mkdir -p "$rescue_run/verdict"
	look_all < /dev/null > /dev/null 2>&1 &
}

# look_stop: ends what is being looked at. That something is done keeps it from going on.
look_stop() {
	local looker
	looker=
	if read -r looker < "$rescue_run/looker"; then
		kill "$looker"
	fi
} 2> /dev/null

# look_verdict DEVICE
look_verdict() {
	local verdict
	verdict=...
	read -r verdict < "$rescue_run/verdict/$(probe_name "$1")"
	printf '%s' "$verdict"
} 2> /dev/null

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Round trips through power cuts for one group of features.table. Source it instead of crash.sh, then call matrix_group.

# shellcheck source=tests/lib/crash.sh
. "$(dirname "${BASH_SOURCE[0]}")/crash.sh"

# matrix_case GROUP NAME OPTIONS COMMAND
matrix_case() {
	local group=$1 name=$2 command=$4 options unmountable=()
	read -ra options <<< "$3"
	case $group in
	tree | big)
		mkext_with_tree "$work/source" 300M "${options[@]}"
		: > "$work/unwritten"
		[ "$group" = tree ] || unmountable=(--unmountable)
		;;
	*)
		mkext "$work/source" 300M "${options[@]}"
		crash_fill
		"${command:-:}" "$work/source"
		;;
	esac
	round_trip "$name" --count 30 --nested 6 --share 0.1 --judge 2 "${unmountable[@]}"
}

# matrix_group GROUP: $ONLY, if set, is the name of the one case to run.
matrix_group() {
	local wanted=$1 group name options command
	while IFS='|' read -r group name options command; do
		group=${group// /}
		name=$(xargs <<< "$name")
		if [ "$group" = "$wanted" ] && [ "${ONLY:-$name}" = "$name" ]; then
			matrix_case "$group" "$name" "$options" "${command// /}"
		fi
	done < <(grep -v '^#' "$lib/features.table")
	crash_sums
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Sourced by all fakes: notes the call, and lets it fail, or kill the program that called, when the test says so.

called=${0##*/}
printf '%s %s\n' "$called" "$*" >>/fake/calls
echo >>"/fake/count.$called"
count=$(wc -l <"/fake/count.$called")
if [ "$FAIL" = "$called $count" ]; then
	echo "$called fails" >&2
	exit 1
fi

# End the program that called, as a power cut would: it runs no trap.
maybe_kill() {
	if [ "$KILL" = "$called $count" ]; then
		for process in /proc/[0-9]*; do
			if tr '\0' ' ' <"$process/cmdline" 2>/dev/null | grep -q '/fsconvert-[pf]' &&
				[ "$(readlink "$process/root")" = "$(readlink /proc/self/root)" ]; then
				kill -9 "${process#/proc/}" 2>/dev/null
			fi
		done
		exit 1
	fi
}

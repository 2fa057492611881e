#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Reads, writes and flushes that fail, and a process that is killed, at sampled places before the switch: the source is
# as it was, byte for byte. The build with fault injection does it; --rehearse runs everything up to the switch.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

[ -x "$FSCONVERT_DEBUG" ] || fail "no $FSCONVERT_DEBUG: run make debug"

# faulty FAULT OPTION...: sets $status.
faulty() {
	local fault=$1
	shift
	status=0
	FSCONVERT_FAULT=$fault timeout -s KILL 120 "$FSCONVERT_DEBUG" "$@" "$image" > "$work/log" 2>&1 || status=$?
	! grep -qE 'Sanitizer|runtime error' "$work/log" || fail "$fault: $(cat "$work/log")"
}

still_source() {
	"$lib/usedblocks.py" compare --unwritten "$image.unwritten" "$image.orig" "$image" > "$work/used" ||
		fail "$1: the source has changed: $(head -n 3 "$work/used")"
	e2fsck_report "$image" | diff "$image.e2fsck" - || fail "$1: e2fsck judges the source otherwise"
}

# sweep KIND EXPECTED OPTION...: at 1, 2, 3 ... 30, then ever more rarely, until the fault is never reached.
sweep() {
	local kind=$1 expected=$2 n=1 step=1 next
	shift 2
	say "$kind $*"
	while :; do
		faulty "$kind=$n" "$@"
		[ "$status" -ne 0 ] || break
		[ "$status" -eq "$expected" ] ||
			fail "$kind=$n: status $status, not $expected: $(tail -n 5 "$work/log")"
		still_source "$kind=$n"
		next=$((n + step))
		[ "$n" -lt 30 ] || step=$n
		n=$next
	done
	[ "$n" -gt 1 ] || fail "$kind is not injected: see FSCONVERT_FAULT"
	printf '%s: not reached at %d\n' "$kind" "$n"
	still_source "$kind, rehearsed"
}

image=$work/image
mkext "$image" 128M -t ext4
fill "$image" --quick --only sizes --only xattrs --only links --only fragments --only prealloc
remember "$image"
sweep fail_read 1 --rehearse
sweep fail_write 1 --rehearse
sweep fail_flush 1 --rehearse
sweep kill_write 137 --rehearse
judge_unchanged "$image"

say 'killed at any time'
for delay in 0.01 0.03 0.05 0.08 0.12 0.2 0.3; do
	"$FSCONVERT_DEBUG" --rehearse "$image" > "$work/log" 2>&1 &
	victim=$!
	sleep "$delay"
	kill -KILL "$victim" 2> /dev/null || :
	wait "$victim" 2> /dev/null || :
	still_source "killed after $delay s"
done

say 'interrupted politely'
"$FSCONVERT_DEBUG" --rehearse "$image" > "$work/log" 2>&1 &
victim=$!
sleep 0.1
kill -TERM "$victim" 2> /dev/null || :
status=0
wait "$victim" || status=$?
[ "$status" -le 1 ] || fail "interrupted: status $status"
still_source 'interrupted'

say 'and then it still converts'
convert "$image"
judge_converted "$image"

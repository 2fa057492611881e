#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A device that fails during a conversion, a roll back, and the resume of both: EIO from each write and flush on, lost
# and torn writes, and kill -9. The exit status must say what is on the disk.
# shellcheck source=tests/lib/crash.sh
. "$(dirname "$0")/../lib/crash.sh"

# armed IMAGE CUT ARGUMENT...: $work/armed, a run that was cut in the switch.
armed() {
	local image=$1 cut=$2
	shift 2
	cp --sparse=always "$image" "$work/armed"
	FSCONVERT_FAULT=cut_write=$cut "$FSCONVERT_DEBUG" "$@" "$work/armed" > "$work/output" 2>&1 || :
}

# with_resumes IMAGE VERB ARGUMENTS OPTION...: faults of the run, then of its resume and undo from two armed states.
with_resumes() {
	local image=$1 verb=$2 arguments=$3 step before
	shift 3
	# shellcheck disable=SC2086
	logged "$image" $arguments
	read -r before _ < <("$crash/loginfo.py" "$work/log")
	say "$verb"
	if [ "$verb" = convert ]; then
		states faults.py "faults of $verb" --base "$image" --verb "$verb" "$@"
	else
		cp --sparse=always "$image" "$work/result"
		states faults.py "faults of $verb" --base "$image" --verb "$verb" --btrfs "$work/result" "$@"
	fi
	for step in 2 4; do
		# shellcheck disable=SC2086
		armed "$image" $((before + step)) $arguments
		say "resume of $verb from write $step"
		logged "$work/armed" --resume
		[ "$verb" != convert ] || mv "$work/done" "$work/result"
		states faults.py "faults of resume of $verb" --base "$work/armed" --verb resume \
			--btrfs "$work/result" "$@"
		logged "$work/armed" --resume --undo
		states faults.py "faults of undo of $verb" --base "$work/armed" --verb undo --btrfs "$work/result" "$@"
	done
}

crash_source 160M -t ext4 -g 8192
with_resumes "$work/source" convert '' --count 6
logged "$work/source"
crash_used
with_resumes "$work/converted" rollback -r --count 6
crash_sums

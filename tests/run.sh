#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs tests and sums them up.
#
#     tests/run.sh TEST...
#
# A TEST is a program or script; it passes with exit status 0 and is skipped with 77. A cmocka program (build/unit/*)
# counts once for each of its tests, anything else counts as one. The last line is "N passed, N failed[, N skipped]".
# Exit status 0 means that all passed: a failure, a skipped test, or no test at all, is a failure of the run.
#
# TEST_JOBS             tests side by side, default 2
# TEST_TIMEOUT          seconds for one test, default 1200
# TEST_LOGS             where the logs are kept, default build/test-logs
# FSCONVERT_ALLOW_SKIP  1: skipped tests do not fail the run
set -euo pipefail
cd "$(dirname "$0")/.."

jobs=${TEST_JOBS:-2}
limit=${TEST_TIMEOUT:-1200}
logs=${TEST_LOGS:-build/test-logs}
export PYTHONDONTWRITEBYTECODE=1

# name_of TEST: a short name, used for the log too.
name_of() {
	local name=${1#build/}
	name=${name#tests/}
	printf '%s' "${name%.sh}"
}

# sum_of MARK TEXT LOG: the sum of N over all lines "[MARK] N test(s)TEXT" of cmocka.
sum_of() {
	sed -n "s/^\[ *$1 *\] \([0-9]*\) test(s)$2.*/\1/p" "$3" | awk '{ sum += $1 } END { print sum + 0 }'
}

# skipped_in LOG: the names of cmocka tests that were skipped.
skipped_in() {
	sed -n 's/^\[  SKIPPED \] \([a-z]\)/ \1/p' "$1" | sort -u | tr -d '\n'
}

# Counts of one finished test as "passed failed skipped".
count_of() {
	local test=$1 status=$2 log=$3 run passed skipped failed
	if [ "$status" -eq 77 ]; then
		echo 0 0 1
	elif [[ $test != build/unit/* ]]; then
		[ "$status" -eq 0 ] && echo 1 0 0 || echo 0 1 0
	else
		run=$(sum_of '==*' ' run' "$log")
		passed=$(sum_of PASSED '' "$log")
		skipped=$(sum_of SKIPPED '' "$log")
		failed=$((run - passed - skipped))
		# died before its summary, found leaks after it, or ran nothing
		if [ "$failed" -le 0 ] && { [ "$status" -ne 0 ] || [ "$run" -eq 0 ]; }; then
			failed=1
		fi
		echo "$passed $failed $skipped"
	fi
}

# run_one TEST: runs it, prints its line (as one write, so that lines of parallel tests do not mix) and leaves its
# counts beside its log.
run_one() {
	local test=$1 name log start status=0 counts passed failed skipped text
	name=$(name_of "$test")
	log=$logs/${name//\//-}
	start=$(date +%s)
	timeout -k 10 "$limit" "./$test" </dev/null >"$log.log" 2>&1 || status=$?
	counts=$(count_of "$test" "$status" "$log.log")
	read -r passed failed skipped <<<"$counts"
	if [ "$failed" -gt 0 ]; then
		text="FAIL $name (exit status $status"
		[ "$status" -ne 124 ] || text+=", over $limit s"
		text+="; $log.log ends:)"
		text+=$'\n'$(tail -n 25 "$log.log" | sed 's/^/     | /')
	elif [ "$passed" -eq 0 ]; then
		text="SKIP $name: $(tail -n 1 "$log.log")"
	else
		text="ok $name ($(($(date +%s) - start)) s)"
		[ "$skipped" -eq 0 ] || text+=", $skipped skipped:$(skipped_in "$log.log")"
	fi
	printf '%s\n' "$text"
	printf '%s\n' "$counts" > "$log.count"
}

mkdir -p "$logs"
for test in "$@"; do
	name=$(name_of "$test")
	rm -f "$logs/${name//\//-}.count"
done
for test in "$@"; do
	while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
		wait -n || :
	done
	run_one "$test" &
done
wait

passed=0 failed=0 skipped=0
for test in "$@"; do
	name=$(name_of "$test")
	counts=$(cat "$logs/${name//\//-}.count" 2>/dev/null || echo 0 1 0)
	read -r p f s <<<"$counts"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
if [ "$skipped" -gt 0 ]; then
	echo "$passed passed, $failed failed, $skipped skipped"
else
	echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ] && { [ "$skipped" -eq 0 ] || [ "${FSCONVERT_ALLOW_SKIP:-0}" = 1 ]; }

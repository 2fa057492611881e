#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Measures fsconvert beside btrfs-convert (and dd) on the same sources in one run, each from a cold cache, and writes
# docs/BENCH.md (root; 45 GiB of disk; 20 minutes, mostly the other tool's).
#
#     tests/bench/run.sh [CASE]...      cases: small distro large empty stripes; default all
#
# BENCH_DIR     where sources and results are kept, default build/bench
# BENCH_RUNS    measurements of each tool, default 1; the median counts
# BENCH_SCALE   N: sources N times smaller, to try the scripts out
# FSCONVERT     default build/fsconvert; both tools write metadata once (single), as btrfs-convert has no other way
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."

FSCONVERT=${FSCONVERT:-build/fsconvert}
bench=${BENCH_DIR:-build/bench}
runs=${BENCH_RUNS:-1}
copy=$bench/copy.img
results=$bench/results

fresh_copy() {
	rm -f "$copy"
	cp --sparse=always "$bench/$1.img" "$copy"
}

cold() {
	sync
	echo 3 > /proc/sys/vm/drop_caches
}

# measure CASE TOOL COMMAND...: appends to $results/CASE.TOOL.
measure() {
	local case_name=$1 tool=$2
	shift 2
	cold
	printf '%s: %s\n' "$case_name" "$tool"
	tests/bench/measure.py "$results/$case_name.$tool" "$results/$case_name.$tool.log" "$@" || {
		tail -n 5 "$results/$case_name.$tool.log" >&2
		exit 1
	}
	tail -n 1 "$results/$case_name.$tool"
}

# Reads each used block of the image once, in large reads.
read_used() {
	local flag=$1
	tests/lib/usedblocks.py used "$bench/large.img" > "$results/ranges"
	cat > "$results/dd.sh" << 'END'
set -e
while read -r start length; do
	dd if="$2" of=/dev/null bs=1M iflag="$3" skip="$start" count="$length" status=none
done < "$1"
END
	measure large "dd-$flag" bash "$results/dd.sh" "$results/ranges" "$copy" "$flag,skip_bytes,count_bytes"
}

run_case() {
	local case_name=$1 i
	tests/bench/source.sh "$case_name" "$bench/$case_name.img"
	rm -f "$results/$case_name."*
	for ((i = 0; i < runs; i++)); do
		fresh_copy "$case_name"
		if [ "$case_name" = large ]; then
			read_used fullblock
			read_used direct
		fi
		measure "$case_name" fsconvert "$FSCONVERT" --metadata single "$copy"
		btrfs check "$copy" > "$results/$case_name.check" 2>&1 || {
			echo "the result of $case_name is not sound: $results/$case_name.check" >&2
			exit 1
		}
		fresh_copy "$case_name"
		measure "$case_name" btrfs-convert btrfs-convert "$copy"
	done
	rm -f "$copy"
}

mkdir -p "$results"
[ "$(id -u)" -eq 0 ] || { echo 'run.sh: needs root' >&2; exit 1; }
trap 'rm -f "$copy"' EXIT
for case_name in "${@:-}"; do
	for name in ${case_name:-small distro large empty stripes}; do
		run_case "$name"
	done
done
tests/bench/report.py "$results" > "$bench/BENCH.md"
if [ "${BENCH_SCALE:-1}" = 1 ]; then
	cp "$bench/BENCH.md" docs/BENCH.md
fi
cat "$bench/BENCH.md"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sources with random damage in their metadata: refused unchanged, or converted exactly. Without metadata checksums, so
# that it is our own rules that must find the damage. FUZZ_COUNT cases for each of two sources (32 MiB: one group,
# copies cost nothing), from FUZZ_SEED on.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

count=${FUZZ_COUNT:-40}
seed=${FUZZ_SEED:-7000}
mkdir -p "$work/tree/some/sub" "$work/tree/other"
for i in $(seq 150); do
	echo "$i" > "$work/tree/some/file$i"
done
ln "$work/tree/some/file1" "$work/tree/some/sub/again"
ln -s some/file2 "$work/tree/other/short"
ln -s "$(printf 'x%.0s' {1..90})" "$work/tree/other/long"
setfattr -n user.colour -v green "$work/tree/some/file3"
setfattr -n user.large -v "$(printf 'y%.0s' {1..900})" "$work/tree/some/file4"
mknod "$work/tree/other/node" c 300 70000
head -c 3000000 /dev/urandom > "$work/tree/other/big"
truncate -s 50000 "$work/tree/other/sparse"
echo end >> "$work/tree/other/sparse"

fuzz() {
	local name=$1
	shift
	mkext "$work/$name" 32M -d "$work/tree" "$@"
	"$lib/fuzz_source.py" --program "$FSCONVERT" --work "$work" --seed "$seed" --count "$count" \
		--dir /some --dir /some/sub --dir /other "$work/$name"
	seed=$((seed + count))
}

say 'extents, no checksums'
fuzz ext4 -t ext4 -O ^metadata_csum,^uninit_bg
say 'indirect blocks'
fuzz ext3 -t ext3 -O ^uninit_bg

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Thousands of states of two sources: large samples of what cannot be counted, and resumes of resumes of resumes.
# shellcheck source=tests/lib/crash.sh
. "$(dirname "$0")/../lib/crash.sh"

seed=$(date +%s)
printf 'seed %s\n' "$seed"
crash_source 160M -t ext4 -g 8192
round_trip ext4 --count 400 --before 400 --nested 12 --share 0.3 --judge 20 --seed "$seed"
round_trip 'ext4, twice resumed' --count 20 --nested 5 --depth 2 --share 0.5 --seed "$seed"
crash_source 120M -t ext2
round_trip ext2 --count 400 --before 400 --nested 10 --share 0.2 --judge 20 --seed "$seed"
crash_sums

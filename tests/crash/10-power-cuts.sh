#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Power cuts in a conversion and in a roll back, and in the resume of both: all states of the switch where they can be
# counted, a sample of the others. Sources that differ in how the superblock is marked (with and without its checksum),
# and in size (above 64 MiB there is a second superblock of btrfs).
# shellcheck source=tests/lib/crash.sh
. "$(dirname "$0")/../lib/crash.sh"

crash_source 160M -t ext4 -g 8192
round_trip ext4 --count 25 --nested 5
crash_source 120M -t ext2
round_trip ext2 --count 20 --nested 4 --share 0.1
crash_sums

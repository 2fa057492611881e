#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The program is what an initramfs needs: static (no interpreter, nothing to load), small, and it starts. The e2fsck
# that comes with it is static too.
set -euo pipefail
cd "$(dirname "$0")/../.."

program=build/fsconvert
limit=$((2 * 1024 * 1024))

# check_static FILE
check_static() {
	local headers
	headers=$(LC_ALL=C readelf --wide --program-headers "$1")
	if grep -E '^ *(INTERP|DYNAMIC) ' <<<"$headers"; then
		echo "$1 is not static"
		return 1
	fi
	if grep -E '^ *GNU_STACK .*E' <<<"$headers"; then
		echo "$1 has an executable stack"
		return 1
	fi
	if grep -qF "$PWD" "$1"; then
		echo "$1 holds the path it was built in"
		return 1
	fi
}

check_static "$program"
check_static "${DEPS:-build/deps}/sbin/e2fsck"

size=$(stat -c %s "$program")
if [ "$size" -ge "$limit" ]; then
	echo "$program has $size bytes, the limit is $limit"
	exit 1
fi
sections=$(LC_ALL=C readelf --wide --sections "$program")
if grep -qE ' \.(symtab|debug_info) ' <<<"$sections"; then
	echo "$program is not stripped"
	exit 1
fi

version=$(sed -n 's/^VERSION := //p' Makefile)
shown=$("$program" --version)
case $shown in
*"$version"*) ;;
*)
	echo "--version prints '$shown', not $version"
	exit 1
	;;
esac
echo "$size bytes, $shown"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs the missing ones of the Debian packages that the named groups of packages.list need.
#
#     install-packages.sh [--check] GROUP...
#
# With --check nothing is installed: it says which are missing and what would install them, and fails.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/apt-lib.sh

export DEBIAN_FRONTEND=noninteractive LC_ALL=C
apt_options=(-qq -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 -o APT::Install-Recommends=false)
as_root=()

die() {
	printf 'install-packages: %s\n' "$*" >&2
	exit 1
}

# packages_of GROUP...: the packages of the groups, each once.
packages_of() {
	local group
	for group in "$@"; do
		grep -q "^$group " scripts/packages.list || die "no group '$group' in scripts/packages.list"
	done
	for group in "$@"; do
		sed -n "s/^$group //p" scripts/packages.list
	done | tr -s ' ' '\n' | grep . | sort -u
}

# missing_of PACKAGE...: those that are not installed.
missing_of() {
	local package state
	for package in "$@"; do
		state=$(dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null || :)
		case $state in
		*installed*) [ "$state" != not-installed ] || printf '%s\n' "$package" ;;
		*) printf '%s\n' "$package" ;;
		esac
	done
}

choose_privilege() {
	if [ "$(id -u)" -eq 0 ]; then
		return 0
	fi
	if ! command -v sudo >/dev/null; then
		die "needs root to install: ${missing[*]} (neither root nor sudo is at hand)"
	fi
	as_root=(sudo env "DEBIAN_FRONTEND=$DEBIAN_FRONTEND" "LC_ALL=$LC_ALL")
}

# Another apt may hold the lists' lock, which has no timeout of its own.
update_lists() {
	local try
	echo "install-packages: refreshing apt's package lists"
	for try in 1 2 3 4 5 6; do
		if "${as_root[@]}" apt-get "${apt_options[@]}" update 2>&1 | apt_filter; then
			return 0
		fi
		[ "$try" -eq 6 ] || sleep 10
	done
	die "apt-get update failed"
}

# True when the lists know a version of every missing package.
lists_know() {
	local package policy
	for package in "${missing[@]}"; do
		policy=$(apt-cache policy "$package" 2>/dev/null)
		grep -q '^  Candidate: [^(]' <<<"$policy" || return 1
	done
}

announce() {
	local all names
	printf 'install-packages: missing: %s\n' "${missing[*]}"
	all=$(apt-get "${apt_options[@]}" --simulate install "${missing[@]}" 2>&1 | apt_filter) ||
		die "apt cannot install them: $all"
	names=$(sed -n 's/^Inst \([^ ]*\).*/\1/p' <<<"$all" | tr '\n' ' ')
	printf 'install-packages: will be installed: %s\n' "$names"
}

install_missing() {
	"${as_root[@]}" apt-get "${apt_options[@]}" -y install "${missing[@]}" 2>&1 | apt_filter
}

check_only=0
if [ "${1:-}" = --check ]; then
	check_only=1
	shift
fi
[ $# -gt 0 ] || die "usage: install-packages.sh [--check] GROUP..."
command -v dpkg-query >/dev/null || die "this is not Debian; install by hand: $(packages_of "$@" | tr '\n' ' ')"

list=$(packages_of "$@")
mapfile -t wanted <<<"$list"
missing=()
list=$(missing_of "${wanted[@]}")
[ -z "$list" ] || mapfile -t missing <<<"$list"
if [ ${#missing[@]} -eq 0 ]; then
	exit 0
fi
if [ "$check_only" -eq 1 ]; then
	printf 'Missing packages: %s\nInstall them with: scripts/install-packages.sh %s\n' "${missing[*]}" "$*" >&2
	exit 1
fi

choose_privilege
lists_know || update_lists
announce
if ! install_missing; then
	update_lists
	install_missing || die "apt-get install failed"
fi
list=$(missing_of "${wanted[@]}")
[ -z "$list" ] || die "still missing after the installation: $(tr '\n' ' ' <<<"$list")"

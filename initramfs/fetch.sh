#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Fetches the Debian packages that an initramfs or the rescue image is made of. Nothing is installed.
#
#     fetch.sh pinned         those of packages.pins, into $DEPS/packages
#     fetch.sh tools          what the rescue image has beside them, with all that it needs, into $DEPS/rescue-tools
#     fetch.sh kernel NAME    the kernel that the package NAME stands for, into $DEPS/kernels; prints its file
#     fetch.sh --repin        prints packages.pins for what the archive holds now
#
# What is there already is not fetched again; remove it to get what the archive has now. Files can be put there by hand.
# apt is used with a state of its own, so that no right is needed and the machine's is left alone.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/apt-lib.sh
. initramfs/lib.sh

export LC_ALL=C
pins=initramfs/packages.pins
tools=(cryptsetup-bin lvm2 mdadm)

# With an empty list of installed packages, so that apt names all that a package needs.
apt_state() {
	[ -z "$state" ] || return 0
	state=$(mktemp -d)
	trap 'rm -rf "$state"' EXIT
	mkdir -p "$state"/{lists,cache/archives}/partial
	: > "$state/status"
	apt=(-qq -o "Dir::State::Lists=$state/lists" -o "Dir::Cache=$state/cache" -o "Dir::State::status=$state/status"
		-o "Dir::State::extended_states=$state/extended" -o APT::Sandbox::User= -o Acquire::Retries=3
		-o Acquire::Languages=none -o APT::Install-Recommends=false -o Debug::NoLocking=1)
	apt-get "${apt[@]}" update 2>&1 | apt_filter >&2 || die "the archive's list of packages cannot be read"
}

# download FOLDER PACKAGE...: just these.
download() {
	local folder=$1
	shift
	mkdir -p "$folder"
	(cd "$folder" && apt-get "${apt[@]}" download "$@" 2>&1 | apt_filter >&2)
}

pinned_good() {
	grep -v '^#' "$pins" | awk '{ print $3 "  " $4 }' |
		(cd "$deps/packages" && sha256sum --check --status 2> /dev/null)
}

fetch_pinned() {
	local package version
	mkdir -p "$deps/packages"
	! pinned_good || return 0
	apt_state
	while read -r package version _; do
		echo "fetching $package $version"
		download "$deps/packages" "$package=$version" ||
			die "$package $version is pinned in $pins but the archive does not give it (any more?)." \
				"Put the file named there into $deps/packages, or pin what the archive has now:" \
				"initramfs/fetch.sh --repin"
	done < <(grep -v '^#' "$pins")
	pinned_good || die "a package is not the one pinned in $pins (checksum)"
}

repin() {
	local package file
	apt_state
	grep '^#' "$pins"
	while read -r package _; do
		download "$state/repin" "$package"
		file=$(cd "$state/repin" && echo "${package}"_*.deb)
		printf '%s %s %s %s\n' "$package" "$(dpkg-deb -f "$state/repin/$file" Version)" \
			"$(sha256sum < "$state/repin/$file" | cut -d ' ' -f 1)" "$file"
	done < <(grep -v '^#' "$pins")
}

fetch_tools() {
	[ ! -e "$deps/rescue-tools" ] || return 0
	apt_state
	echo "fetching ${tools[*]}, and what they need"
	rm -rf "$deps/rescue-tools.new"
	mkdir -p "$deps"
	apt-get "${apt[@]}" -y --download-only install "${tools[@]}" 2>&1 | apt_filter >&2 ||
		die "the archive does not give ${tools[*]}"
	mkdir "$deps/rescue-tools.new"
	mv "$state"/cache/archives/*.deb "$deps/rescue-tools.new"
	mv "$deps/rescue-tools.new" "$deps/rescue-tools"
}

fetch_kernel() {
	local package file
	mkdir -p "$deps/kernels/$1"
	file=$(find "$deps/kernels/$1" -name '*.deb')
	if [ -z "$file" ]; then
		apt_state
		package=$(apt-cache "${apt[@]}" depends "$1" |
			sed -n '/^ *Depends: linux-image-[0-9]/{ s/.*: //p; q }')
		package=${package:-$1}
		echo "fetching $package" >&2
		download "$state/kernel" "$package" || die "the archive does not give $package"
		mv "$state"/kernel/*.deb "$deps/kernels/$1"
		file=$(find "$deps/kernels/$1" -name '*.deb')
	fi
	printf '%s\n' "$file"
}

state=
mkdir -p "$deps"
case ${1:-} in
pinned | tools)
	exec 9> "$deps/fetch-lock"
	flock 9
	"fetch_$1"
	;;
kernel)
	exec 9> "$deps/fetch-lock"
	flock 9
	fetch_kernel "${2:?}"
	;;
--repin) repin ;;
*) die "usage: fetch.sh pinned | tools | kernel NAME | --repin" ;;
esac

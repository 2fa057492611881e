#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the static libraries of the musl build, and a static e2fsck, from pinned Debian source packages.
#
#     build-deps.sh DIRECTORY     results in DIRECTORY/{include,lib,sbin,kernel-headers}; a second run does nothing
#     build-deps.sh --repin       prints the lines of deps.pins for what the archive holds now
#
# DEPS_PINS   another list of pinned files instead of scripts/deps.pins
# DEPS_JOBS   compiler processes, default: all processors
# DIRECTORY/ready is touched when a library changed.
# Sources are kept in DIRECTORY/sources and can be put there by hand where no archive is in reach. A library's stamp is
# written last, so that an interrupted run is repeated for the library it was in.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/apt-lib.sh

export LC_ALL=C
pins=$(realpath "${DEPS_PINS:-scripts/deps.pins}")
jobs=${DEPS_JOBS:-$(nproc)}
libraries=(e2fsprogs libsodium xxhash)
changed=0

die() {
	printf 'build-deps: %s\n' "$*" >&2
	exit 1
}

# pinned PACKAGE: the lines of its files.
pinned() {
	grep "^$1 " "$pins" || die "$1 is not in $pins"
}

pinned_files() {
	pinned "$1" | awk '{ print $4 }'
}

version_of() {
	pinned "$1" | awk 'NR == 1 { print $2 }'
}

# --- the archive ---

# Private apt state with source packages of this release only; the machine's own configuration is not touched and no
# right is needed.
apt_state() {
	local file codename
	codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
	rm -rf "$state"
	mkdir -p "$state/parts" "$state/lists/partial" "$state/cache/archives/partial"
	for file in $(apt_source_files); do
		case $file in
		*.sources)
			awk -v suite="$codename" -f scripts/source-stanzas.awk "$file" >> "$state/parts/source.sources"
			;;
		*)
			awk -v suite="$codename" -f scripts/source-lines.awk "$file" >> "$state/parts/source.list"
			;;
		esac
	done
	apt=(apt-get -qq -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$state/parts"
		-o "Dir::State::Lists=$state/lists" -o "Dir::Cache=$state/cache" -o APT::Sandbox::User=
		-o Acquire::Retries=3 -o Acquire::Languages=none)
	"${apt[@]}" update 2>&1 | apt_filter || die "the archive's list of source packages cannot be read"
}

# True when every pinned file of the package is there with its checksum.
sources_good() {
	pinned "$1" | awk '{ print $3 "  " $4 }' | (cd "$sources" && sha256sum --check --status 2>/dev/null)
}

# download PACKAGE[=VERSION]: its files, into $sources.
download() {
	(cd "$sources" && "${apt[@]}" source --download-only --only-source "$1" 2>&1 | apt_filter >&2)
}

fetch_sources() {
	local package=$1 version
	version=$(version_of "$package")
	if sources_good "$package"; then
		return 0
	fi
	echo "build-deps: fetching source of $package $version"
	[ -d "$state/lists" ] || apt_state
	# what is there is incomplete or wrong
	(cd "$sources" && pinned_files "$package" | xargs rm -f)
	if ! download "$package=$version"; then
		die "$package $version is pinned in $pins but the archive does not give it (any more?)." \
			"Put the files named there into $sources, or pin what the archive has now:" \
			"scripts/build-deps.sh --repin > my.pins && make DEPS_PINS=my.pins"
	fi
	sources_good "$package" || die "a source file of $package $version is not the one pinned in $pins (checksum)"
}

unpack() {
	local package=$1 dsc
	dsc=$(pinned_files "$package" | grep '[.]dsc$')
	rm -rf "${work:?}/$package"
	mkdir -p "$work"
	dpkg-source --no-check -x "$sources/$dsc" "$work/$package" >/dev/null
}

repin() {
	local package
	for package in "${libraries[@]}"; do
		download "$package"
		(cd "$sources" && awk -v package="$package" '
			/^Version:/ && !version { version = $2 }
			/^Checksums-Sha256:/ { files = 1; next }
			/^[^ ]/ { files = 0 }
			files { print package, version, $1, $3 }' "${package}"_*.dsc
		set -- "${package}"_*.dsc
		printf '%s %s %s %s\n' "$package" "$(sed -n 's/^Version: *//p' "$1" | head -n 1)" \
			"$(sha256sum "$1" | cut -d ' ' -f 1)" "$1")
	done
}

# --- the libraries: each function runs in the unpacked source and installs into $prefix ---

build_e2fsprogs() {
	local library
	./configure --prefix="$prefix" --sysconfdir=/etc --disable-nls --disable-rpath --disable-tdb \
		--disable-imager --disable-debugfs --disable-resizer --disable-defrag --disable-uuidd \
		--disable-fuse2fs --disable-e2initrd-helper --enable-libuuid --enable-libblkid \
		--with-udev-rules-dir=no --with-crond-dir=no \
		--with-systemd-unit-dir=no
	make -j "$jobs" libs
	make -j "$jobs" -C e2fsck e2fsck.static
	for library in et uuid blkid ext2fs e2p; do
		make -C "lib/$library" install
	done
	strip -o "$prefix/sbin/e2fsck" e2fsck/e2fsck.static
}

build_libsodium() {
	autoreconf -fi
	./configure --prefix="$prefix" --disable-shared --enable-static --disable-pie --disable-dependency-tracking
	make -j "$jobs" -C src/libsodium install
}

build_xxhash() {
	cp xxhash.h "$prefix/include/"
}

# The kernel's headers for musl-gcc: nothing else of the C library's own headers may become visible.
link_kernel_headers() {
	local triple name target
	triple=$(gcc -print-multiarch)
	mkdir -p "$prefix/kernel-headers"
	for name in linux asm-generic mtd asm; do
		target=/usr/include/$name
		[ "$name" != asm ] || target=/usr/include/$triple/asm
		[ -d "$target" ] || die "$target is missing (package linux-libc-dev)"
		ln -sfn "$target" "$prefix/kernel-headers/$name"
	done
}

# What the stamp of a library holds: sources, recipe and compiler.
recipe_of() {
	{ pinned "$1"; declare -f "build_$1"; musl-gcc --version | head -n 1; printf '%s\n' "$CFLAGS"; } | sha256sum
}

build_library() {
	local library=$1 log=$prefix/log/$1.log recipe status
	recipe=$(recipe_of "$library")
	if [ -e "$prefix/stamp/$library" ] && [ "$(cat "$prefix/stamp/$library")" = "$recipe" ]; then
		return 0
	fi
	rm -f "$prefix/stamp/$library" "$prefix/ready"
	fetch_sources "$library"
	unpack "$library"
	echo "build-deps: building $library $(version_of "$library")"
	# not as a condition: that would switch off set -e inside
	set +e
	(set -e; cd "$work/$library"; "build_$library") >"$log" 2>&1
	status=$?
	set -e
	if [ "$status" -ne 0 ]; then
		tail -n 25 "$log" >&2
		die "building $library failed; the whole log is $log"
	fi
	rm -rf "${work:?}/$library"
	printf '%s\n' "$recipe" > "$prefix/stamp/$library"
	changed=1
}

main() {
	local library tool
	for tool in musl-gcc gcc make dpkg-source autoreconf libtoolize; do
		command -v "$tool" >/dev/null || die "$tool is missing: run scripts/install-packages.sh build"
	done
	mkdir -p "$1"
	prefix=$(cd "$1" && pwd) sources=$prefix/sources work=$prefix/work state=$prefix/apt
	mkdir -p "$prefix"/{include,lib,sbin,log,stamp} "$sources"
	exec 9> "$prefix/lock"
	flock 9
	rm -rf "$state" "$work"
	link_kernel_headers
	export CC=musl-gcc LDFLAGS=-static
	export CFLAGS="-O2 -g0 -ffunction-sections -fdata-sections -fstack-protector-strong"
	CFLAGS+=" -idirafter $prefix/kernel-headers"
	unset MAKEFLAGS MFLAGS MAKELEVEL CPPFLAGS DESTDIR
	for library in "${libraries[@]}"; do
		build_library "$library"
	done
	rm -rf "$state" "$work"
	if [ "$changed" -eq 1 ] || [ ! -e "$prefix/ready" ]; then
		touch "$prefix/ready"
	fi
}

if [ "${1:-}" = --repin ]; then
	state=$(mktemp -d)
	trap 'rm -rf "$state"' EXIT
	sources=$state/sources
	apt_state
	mkdir -p "$sources"
	repin
elif [ $# -eq 1 ]; then
	main "$1"
else
	die "usage: build-deps.sh DIRECTORY | --repin"
fi

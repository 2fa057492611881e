#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Packs what `make install` installs, without configuration, for the role's variable fsconvert_archive.
#
#     pack.sh [ARCHIVE]    default fsconvert.tar.gz beside this script
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
archive=$(realpath -m "${1:-$here/fsconvert.tar.gz}")
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

make -s -C "$here/../.." install DESTDIR="$stage"
# no folders: those that a machine has keep owner and mode
cd "$stage"
find . -path ./etc -prune -o ! -type d -print | sed 's#^\./##' | LC_ALL=C sort |
	tar --create --gzip --file "$archive" --no-recursion --owner=0 --group=0 --numeric-owner --files-from -
echo "$archive"

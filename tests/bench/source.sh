#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makes the source image of one benchmark case (root; uses a loop mount).
#
#   source.sh CASE IMAGE
#
# CASE is small, distro, large, empty or stripes; see bench.sh. Nothing happens when IMAGE exists. BENCH_SCALE=N
# makes everything N times smaller, for trying the scripts out.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
case_name=$1
image=$2
scale=${BENCH_SCALE:-1}
tmp=$image.making
mnt=

cleanup() {
	if [ -n "$mnt" ]; then
		mountpoint -q "$mnt" && umount "$mnt"
		rmdir "$mnt"
	fi
	rm -f "$tmp"
}

# make_fs SIZE MKE2FS-OPTION...
make_fs() {
	local size=$1
	shift
	truncate -s "$size" "$tmp"
	mke2fs -q -F -t ext4 -b 4096 -L "bench-$case_name" "$@" "$tmp"
	mount -o loop,noatime "$tmp" "$mnt"
}

build_tool() {
	local tool
	tool=$(dirname "$image")/mkfiles
	if [ "$here/mkfiles.c" -nt "$tool" ]; then
		${HOSTCC:-gcc} -O2 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -o "$tool" "$here/mkfiles.c"
	fi
	echo "$tool"
}

# The first copy of /usr is whole; the others leave out files above 16 MiB, so that it is 16 GiB and 470,000 inodes.
fill_distro() {
	local i used
	for i in 1 2 3 4 5 6 7 8; do
		mkdir "$mnt/copy-$i"
		if [ "$scale" != 1 ]; then
			cp -a /usr/share/doc/. "$mnt/copy-$i/"
			break
		elif [ "$i" = 1 ]; then
			cp -a --one-file-system /usr/. "$mnt/copy-$i/"
		else
			(cd /usr && find . -xdev \( ! -type f -o -size -16385k \) -print0 |
				tar -c --null --no-recursion -T - -f -) | tar -x -p -C "$mnt/copy-$i" -f -
		fi
		used=$(df --output=iused "$mnt" | tail -n 1)
		if [ "$used" -ge 400000 ]; then
			break
		fi
	done
}

[ ! -e "$image" ] || exit 0
mkdir -p "$(dirname "$image")"
tool=$(build_tool)
trap cleanup EXIT
mnt=$(mktemp -d)
rm -f "$tmp"
case $case_name in
small)
	make_fs $((16384 / scale))M
	"$tool" small "$mnt" $((10000 / scale)) $((1000000 / scale))
	;;
distro)
	make_fs $((20480 / scale))M
	fill_distro
	;;
large)
	make_fs $((16384 / scale))M
	"$tool" large "$mnt" 8 $((1024 / scale))
	;;
empty)
	# the tables of 8192 groups stay unwritten: the kernel must not start to initialise them
	truncate -s 1T "$tmp"
	mke2fs -q -F -t ext4 -L "bench-$case_name" -E lazy_itable_init=1,lazy_journal_init=1 "$tmp"
	mount -o loop,noatime,noinit_itable "$tmp" "$mnt"
	"$tool" small "$mnt" 90 9000
	;;
stripes)
	make_fs $((8192 / scale + 512))M
	"$tool" stripes "$mnt" $((400000 / scale))
	;;
*)
	echo "source.sh: no case $case_name" >&2
	exit 2
	;;
esac
umount "$mnt"
e2fsck -fn "$tmp" > "$image.fsck" 2>&1 || { cat "$image.fsck" >&2; exit 1; }
rm -f "$image.fsck"
mv "$tmp" "$image"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What goes into an initramfs is the same, to the byte, whenever and wherever it is made; and all of it is there.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

requires command -v cpio

# a kernel of two modules and one that is not wanted, as its package would install it
make_modules() {
	local file
	modules=$work/lib/modules/1.2.3
	for file in fs/btrfs/btrfs lib/libcrc32c sound/unwanted; do
		mkdir -p "$modules/kernel/${file%/*}"
		: > "$modules/kernel/$file.ko"
	done
	xz "$modules/kernel/lib/libcrc32c.ko"
	printf '%s\n' 'kernel/fs/btrfs/btrfs.ko: kernel/lib/libcrc32c.ko.xz' 'kernel/lib/libcrc32c.ko.xz:' \
		'kernel/sound/unwanted.ko:' > "$modules/modules.dep"
	printf 'alias fs-btrfs btrfs\nalias snd unwanted\n' > "$modules/modules.alias"
}

# twice NAME COMMAND...: its output is the same in another second, with other rights and in another language.
twice() {
	local name=$1
	shift
	(umask 077 && LC_ALL=C.UTF-8 TZ=Asia/Tokyo "$@" "$work/$name.1")
	sleep 1.1
	touch initramfs/init
	"$@" "$work/$name.2"
	cmp "$work/$name.1" "$work/$name.2"
	gzip -dc "$work/$name.1" | cpio -tv --quiet > "$work/$name.list"
	! awk '$3 != "root" && $3 != 0 || $4 != "root" && $4 != 0' "$work/$name.list" | grep . ||
		fail "$name: these are not root's"
}

# holds NAME FILE...
holds() {
	local name=$1 file
	shift
	for file in "$@"; do
		grep -qE " $file( -> .*)?$" "$work/$name.list" || fail "$name has no $file"
	done
}

say "the standalone initramfs"
initramfs/fetch.sh pinned
make_modules
twice plain initramfs/build-initramfs.sh
holds plain init bin/sh sbin/modprobe sbin/init usr/sbin/fsconvert usr/sbin/rescue usr/libexec/fsconvert/e2fsck \
	etc/fsconvert.conf lib/fsconvert/fsconvert-lib.sh lib/fsconvert/rescue.d/menu.sh
! grep -q lib/modules "$work/plain.list" || fail "there are modules that nobody asked for"

say "with modules"
export KERNEL_MODULES_DIR=$modules
twice modules initramfs/build-initramfs.sh
holds modules lib/modules/1.2.3/kernel/fs/btrfs/btrfs.ko lib/modules/1.2.3/kernel/lib/libcrc32c.ko \
	lib/modules/1.2.3/modules.dep lib/modules/1.2.3/modules.alias
! grep -q unwanted "$work/modules.list" || fail "a module is there that is not in the list"

say "what runs from it"
mkdir "$work/tree"
(cd "$work/tree" && gzip -dc "$work/plain.1" | cpio -id --quiet)
cmp "$work/tree/usr/sbin/fsconvert" "$FSCONVERT"
[ "$(chroot "$work/tree" /bin/sh -c "expr 6 '*' 7")" = 42 ] || fail "the shell does not run"
chroot "$work/tree" /sbin/e2fsck -V 2>&1 | grep -q '^e2fsck' || fail "e2fsck does not run"

say "the overlay"
export OVERLAY_MODULES=$modules
twice overlay initramfs/build-overlay.sh
holds overlay usr/sbin/fsconvert usr/libexec/fsconvert/e2fsck usr/lib/fsconvert/fsconvert-lib.sh etc/fsconvert.conf \
	usr/lib/dracut/hooks/pre-mount/05-fsconvert-pre-mount.sh usr/lib/dracut/need-initqueue \
	usr/lib/modules/1.2.3/kernel/fs/btrfs/btrfs.ko
! awk '{ print $9 }' "$work/overlay.list" | grep -xE 'bin|sbin|lib|lib64' ||
	fail "the overlay would replace a link of the initramfs"

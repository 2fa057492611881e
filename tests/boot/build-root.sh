#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makes the Debian system that the boot tests run:
#
#     build-root.sh FOLDER [PACKAGE...]
#
#     FOLDER/root      the system, with the packages named beside those that every test needs
#     FOLDER/vmlinuz   its kernel
#     FOLDER/version   the kernel's version
#
# Archive and release are those of this machine's apt; BOOT_RELEASE in the environment is another release. Only the
# kernel modules that a test can need are kept: each module costs time in an emulated machine. Runs as root.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/apt-lib.sh

folder=$(realpath -m "$1")
root=$folder/root
shift
own_release=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")
release=${BOOT_RELEASE:-$own_release}
apt_options=()
packages=(systemd-sysv udev dbus dracut-core btrfs-progs e2fsprogs kmod zstd cpio busybox-static util-linux fdisk
	mount bash dash "$@")
# one of the two makes initramfs on Debian
[[ " $* " == *" initramfs-tools "* ]] || packages+=(dracut)
modules=(virtio_blk virtio_pci btrfs crc32c_generic crc32c_intel xxhash_generic blake2b_generic sha256_generic
	sha256-ssse3 ext4 loop overlay vfat nls_cp437 nls_ascii nls_iso8859-1 efivarfs fat
	dm-mod dm-crypt dm-snapshot xts aesni-intel cryptd ecb cbc essiv sha512_generic algif_skcipher algif_hash)

# The archives of this machine, as apt itself lists them, are the archives of the guest.
make_sources() {
	local file
	for file in $(apt_source_files); do
		sed "s/\b$own_release\b/$release/g" "$file" > "$folder/sources.d/${file##*/}"
	done
	[ "$release" != "$own_release" ] || return 0
	mkdir -p "$folder/lists/partial"
	apt_options=(-o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$folder/sources.d"
		-o "Dir::State::Lists=$folder/lists" -o "Dir::Cache::pkgcache=$folder/lists/pkgcache"
		-o "Dir::Cache::srcpkgcache=$folder/lists/srcpkgcache")
	apt-get "${apt_options[@]}" -qq update
}

make_root() {
	local IFS=,
	mmdebstrap --quiet --mode=root --variant=essential --aptopt="$folder/apt.conf" \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/info/*' \
		--include="${packages[*]}" "$release" "$root" "$folder"/sources.d/*
}

# The kernel is unpacked, not installed: its scripts would build an initramfs.
add_kernel() {
	local package module file version
	package=$(apt-cache "${apt_options[@]}" depends linux-image-cloud-amd64 |
		sed -n 's/^ *Depends: \(linux-image-[0-9]\)/\1/p')
	mkdir "$folder/kernel"
	(cd "$folder/kernel" && apt-get "${apt_options[@]}" -o APT::Sandbox::User=root -qq download "$package")
	dpkg -x "$folder"/kernel/*.deb "$folder/kernel"
	# packages of newer releases have /usr/lib
	[ -e "$folder/kernel/lib" ] || ln -s usr/lib "$folder/kernel/lib"
	mv "$folder"/kernel/boot/vmlinuz-* "$folder/vmlinuz"
	version=$(cd "$folder/kernel/lib/modules" && echo *)
	printf '%s\n' "$version" > "$folder/version"
	cp "$folder"/kernel/boot/config-* "$root/boot/"
	cp "$folder/vmlinuz" "$root/boot/vmlinuz-$version"
	depmod -b "$folder/kernel" "$version"
	mkdir -p "$root/usr/lib/modules/$version"
	cp "$folder/kernel/lib/modules/$version"/modules.* "$root/usr/lib/modules/$version"
	for module in "${modules[@]}"; do
		modprobe -d "$folder/kernel" -S "$version" --show-depends "$module" |
			sed -n 's/^insmod \([^ ]*\).*/\1/p' || : # not in every kernel
	done | sort -u | while read -r file; do
		install -D -m 0644 "$file" "$root/usr/lib/modules/${file#*/lib/modules/}"
	done
	depmod -b "$root" "$version"
	rm -r "$folder/kernel"
}

# A system as an administrator leaves it, but for services that only cost time here. The getty of the serial line would
# hang up on the report.
configure() {
	local unit
	echo guest > "$root/etc/hostname"
	: > "$root/etc/machine-id"
	for unit in serial-getty@ttyS0.service getty@tty1.service systemd-timesyncd.service systemd-logind.service \
		systemd-binfmt.service systemd-update-utmp.service systemd-update-utmp-runlevel.service \
		systemd-random-seed.service dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount \
		sys-kernel-tracing.mount sys-fs-fuse-connections.mount systemd-machine-id-commit.service \
		systemd-pstore.service systemd-user-sessions.service kmod-static-nodes.service \
		systemd-journal-flush.service dbus.service dbus.socket apt-daily.timer apt-daily-upgrade.timer \
		dpkg-db-backup.timer e2scrub_all.timer fstrim.timer systemd-tmpfiles-clean.timer \
		e2scrub_reap.service; do
		ln -sf /dev/null "$root/etc/systemd/system/$unit"
	done
	install -m 0755 tests/boot/guest/*.sh -t "$root/usr/local/sbin"
	install -m 0644 tests/boot/guest/*.service configs/systemd/fsconvert.service -t "$root/etc/systemd/system"
	mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
	for unit in report.service fsconvert.service; do
		ln -sf "../$unit" "$root/etc/systemd/system/multi-user.target.wants/$unit"
	done
}

# Files of all kinds, to be compared after each boot.
add_tree() {
	mkdir -p "$root/srv/tree"
	tests/lib/populate.py --quick --skip times --skip deep --skip sparse --skip prealloc --skip fragments \
		--skip flags --skip manylinks --skip collisions --skip large "$root/srv/tree"
	# mke2fs makes a file of its own for each name of a symbolic link
	rm "$root/srv/tree/links/a/symlink"
	chroot "$root" /usr/local/sbin/sums.sh > "$folder/sums"
}

rm -rf "$folder"
mkdir -p "$folder/sources.d"
apt-config dump | grep -E '^Acquire::' > "$folder/apt.conf" || :
printf 'APT::Install-Recommends "false";\nAcquire::Languages "none";\n' >> "$folder/apt.conf"
make_sources
make_root 2>&1 | apt_filter
add_kernel
configure
add_tree
rm -rf "$folder/apt.conf" "$folder/sources.d" "$folder/lists"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a system would miss after the conversion of its root is found before it: swap files, boot loaders that cannot
# read btrfs, kernel arguments for ext. Refused or warned of, all of them at once, by the policy; the rest passes.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

requires grub-mkimage --version
requires test -d /usr/lib/grub/i386-pc -a -d /usr/lib/grub/x86_64-efi
image=$work/image
disk=$work/disk
uuid=11111111-2222-3333-4444-555555555555

# make_root COMMAND: a small system, in which COMMAND is run. The fstab is fit for btrfs already.
make_root() {
	mkext "$image" 96M -t ext4 -U "$uuid" -O ^has_journal
	mount_image ext4 noinit_itable "$image"
	mkdir -p "$mnt/etc" "$mnt/boot/grub"
	printf 'UUID=%s / auto defaults 0 0\n' "$uuid" > "$mnt/etc/fstab"
	(cd "$mnt" && eval "${1:-:}")
	umount_image
}

# passes NAME: --check says yes and warns of nothing.
passes() {
	local name=$1
	shift
	convert --check "$@" "$image"
	! grep -E '^(ERROR|WARNING)' "$work/log" || fail "$name"
	printf 'passed %s\n' "$name"
}

# warned NAME REGEX OPTION...: --check says yes, and warns once, so.
warned() {
	local name=$1 regex=$2
	shift 2
	convert --check "$@" "$image"
	grep '^WARNING' "$work/log" > "$work/warnings" || fail "$name: no warning"
	[ "$(wc -l < "$work/warnings")" = 1 ] || fail "$name: $(cat "$work/warnings")"
	grep -E -- "$regex" "$work/warnings" || fail "$name: no '$regex' in: $(cat "$work/warnings")"
}

# refused NAME REGEX SWITCH: by the policy; with SWITCH=no it is a warning.
refused() {
	refuse_case "$1" "$image" "$2" --check
	[ "$(grep -c '^ERROR' "$work/log")" = 1 ] || fail "$1: $(cat "$work/log")"
	[ -z "$3" ] || warned "$1" "$2" --set "$3=no"
}

say 'swap files'
make_root 'truncate -s 1M swapfile; mkswap -q swapfile; chmod 600 swapfile'
warned 'not in fstab' '/swapfile is a swap file'
make_root 'mkdir "a b"; truncate -s 1M "a b/s"; echo "/a\040b/s none swap sw 0 0" >> etc/fstab'
refused 'in fstab' '/a b/s is a swap file of /etc/fstab' refuse-swap-files
make_root 'echo "/gone none swap sw 0 0" >> etc/fstab; echo "/dev/sda2 none swap sw 0 0" >> etc/fstab; mkdir swapfile
	truncate -s 1M swap.img; truncate -s 4096 var; ln -s /swapfile .swapfile'
passes 'no swap files'
make_root 'truncate -s 1M swapfile; mkswap -q swapfile
	printf S1SUSPEND | dd of=swapfile bs=1 seek=4086 conv=notrunc status=none; printf "\0" |
	dd of=swapfile bs=1 seek=4095 conv=notrunc status=none'
refused 'hibernated' '/swapfile holds a hibernated system' ''

say 'other loaders, ostree'
for file in boot/extlinux/extlinux.conf boot/syslinux/syslinux.cfg boot/boot.scr boot/ldlinux.sys; do
	make_root "mkdir -p boot/extlinux boot/syslinux; : > $file"
	refused "$file" "/$file: .* takes the kernel from this file system" refuse-boot-loader
done
make_root 'echo "/dev/sdb1 /boot ext2 defaults 0 2" >> etc/fstab; mkdir boot/extlinux; : > boot/extlinux/extlinux.conf'
passes 'another file system is /boot'
make_root ': > etc/lilo.conf; : > boot/map'
refused 'LILO' 'LILO takes the kernel' refuse-boot-loader
make_root 'mkdir -p ostree/repo'
refused 'ostree' 'deployed by ostree' ''

say 'all at once'
make_root 'mkdir -p ostree/repo; : > boot/boot.scr; : > swapfile; echo "/swapfile none swap sw 0 0" >> etc/fstab'
refuse_case 'three reasons' "$image" 'ostree'
[ "$(grep -c '^ERROR' "$work/log")" = 3 ] || fail "not three: $(cat "$work/log")"
conv --set refuse-swap-files=no --set refuse-boot-loader=no "$image"
if [ "$status" -ne 3 ] || [ "$(grep -c '^WARNING' "$work/log")" -ne 2 ]; then
	fail "ostree passes: $(cat "$work/log")"
fi

say 'kernel arguments'
for text in 'rootfstype=ext4' 'quiet rootflags=noatime,errors=remount-ro ro' 'A="x rootfstype=ext3,ext4"'; do
	make_root "printf '# rootfstype=ext4\n\n%s\n' '$text' > etc/kernel-cmdline; mkdir etc/kernel
		mv etc/kernel-cmdline etc/kernel/cmdline"
	warned "$text" '/etc/kernel/cmdline, line 3: the kernel argument "root(fstype|flags)=[^" ]*"'
done
make_root 'mkdir -p boot/loader/entries; echo "options root=/dev/a rootflags=data=journal" > boot/loader/entries/b.conf
	echo rootfstype=ext4 > boot/loader/entries/c.txt'
warned 'BLS' '/boot/loader/entries/b.conf, line 1: .*rootflags=data=journal'
make_root 'mkdir etc/default
	echo "X=\"rootfstype=btrfs,ext4 rootflags=noatime,subvol=a xrootfstype=ext4\"" > etc/default/grub'
passes 'arguments for btrfs'

# make_disk CORE: $disk is a disk with $image at 1 MiB, GRUB's boot sector, and its core image from sector 1 on.
make_disk() {
	rm -f "$disk"
	truncate -s 1M "$disk"
	python3 - "$disk" "$1" <<'END'
import struct, sys
boot = bytearray(open("/usr/lib/grub/i386-pc/boot.img", "rb").read())
core = bytearray(open(sys.argv[2], "rb").read())
core += bytes(-len(core) % 512)
boot[0x5c:0x64] = struct.pack("<Q", 1)
# in two parts, as when something is in the way
first = (len(core) // 512 - 1) // 2
rest = len(core) // 512 - 1 - first
core[0x1f4:0x200] = struct.pack("<QHH", 2, first, 0x820)
core[0x1e8:0x1f4] = struct.pack("<QHH", 500, rest, 0x820 + first * 32)
core[0x1dc:0x1e8] = bytes(12)
with open(sys.argv[1], "r+b") as disk:
    disk.write(boot + core[:512 + first * 512])
    disk.seek(500 * 512)
    disk.write(core[512 + first * 512:])
END
	dd if="$image" of="$disk" bs=1M seek=1 conv=sparse,notrunc status=none
	truncate -s 97M "$disk"
}

# on_disk COMMAND ARGUMENT...: as it is, but for the disk.
on_disk() {
	local image=$disk
	"$@"
}

core() {
	printf '%s\n' "$1" > "$work/early.cfg"
	shift
	grub-mkimage -O i386-pc -p '(,gpt3)/boot/grub' -c "$work/early.cfg" -o "$work/core" "$@"
}

say 'GRUB for a BIOS'
make_root 'mkdir boot/grub/i386-pc; : > boot/grub/grub.cfg'
warned 'no disk' 'the disk that it lies on is not known'
here="search.fs_uuid $uuid root"
elsewhere="search.fs_uuid 99999999-2222-3333-4444-555555555555 root"
FSCONVERT_PLAIN=$FSCONVERT
cat > "$work/at-offset" <<END
#!/bin/sh
exec '$(realpath "$FSCONVERT_PLAIN")' --offset 1048576 "\$@"
END
chmod +x "$work/at-offset"
FSCONVERT=$work/at-offset
core '' biosdisk part_gpt ext2
make_disk "$work/core"
on_disk refused 'a core without btrfs' 'the GRUB that the boot sector of .*/disk loads cannot read btrfs' \
	refuse-boot-loader
core "$here" biosdisk part_gpt ext2
make_disk "$work/core"
on_disk refused 'it looks for this file system' 'loads cannot read btrfs' refuse-boot-loader
core "$elsewhere" biosdisk part_gpt ext2
make_disk "$work/core"
on_disk passes 'it looks for another file system'
core "$here" biosdisk part_gpt part_msdos ext2 btrfs zstd
make_disk "$work/core"
on_disk passes 'a core with btrfs'
# the packed part is damaged
dd if=/dev/urandom of="$disk" bs=512 seek=20 count=20 conv=notrunc status=none
on_disk warned 'damaged' 'the GRUB on .*/disk cannot be examined'
dd if=/dev/zero of="$disk" bs=512 count=1 conv=notrunc status=none
on_disk warned 'no GRUB on the disk' 'the boot sector of .*/disk is not that of GRUB'
make_disk "$work/core"
# its list leads behind the end
printf '\377\377\377\377' | dd of="$disk" bs=1 seek=$((512 + 0x1f4)) conv=notrunc status=none
on_disk warned 'out of reach' 'the GRUB on .*/disk cannot be examined'
dd if=/dev/zero of="$disk" bs=1 seek=$((512 + 0x1e8)) count=24 conv=notrunc status=none
on_disk warned 'no list' 'the GRUB on .*/disk cannot be examined'
make_root
make_disk "$work/core"
on_disk passes 'no GRUB in the file system'
make_root 'mkdir boot/grub2 boot/grub2/i386-pc'
core '' biosdisk part_gpt ext2
make_disk "$work/core"
on_disk refused 'grub2' '/boot/grub2 is in this file system' refuse-boot-loader
FSCONVERT=$FSCONVERT_PLAIN
dd if="$disk" of="$image" bs=512 count=1 conv=notrunc status=none
refused 'in its own boot sector' 'GRUB is installed in the boot sector of this file system' refuse-boot-loader

say 'GRUB for UEFI'
grub-mkimage -O x86_64-efi -p /boot/grub -o "$work/ext.efi" part_gpt ext2
grub-mkimage -O x86_64-efi -p /boot/grub -o "$work/btrfs.efi" part_gpt ext2 btrfs
efi=boot/grub/x86_64-efi
make_root "mkdir $efi; cp '$work/ext.efi' $efi/core.efi"
refused 'without btrfs' '/boot/grub/x86_64-efi/core.efi: GRUB for UEFI as it was installed cannot' refuse-boot-loader
make_root "mkdir $efi; cp '$work/btrfs.efi' $efi/core.efi"
passes 'with btrfs'
signed=usr/lib/grub/x86_64-efi-signed
make_root "mkdir -p $efi $signed usr/lib/shim; cp '$work/ext.efi' $efi/core.efi; : > usr/lib/shim/shimx64.efi.signed
	cp '$work/btrfs.efi' $signed/grubx64.efi.signed"
passes 'a signed one is used'
make_root "mkdir -p $efi var/lib/fsconvert; cp '$work/ext.efi' $efi/core.efi
	printf 'kernels 1\ncomplete\n' > var/lib/fsconvert/prepare.state"
passes 'prepared'
make_root "mkdir $efi; head -c 100000 /dev/urandom > $efi/core.efi"
warned 'no image' 'the GRUB for UEFI that loads it cannot be examined'
make_root ': > boot/grub/grub.cfg'
warned 'nobody knows' 'the GRUB that reads it cannot be found here'

say 'a file system for /boot alone'
make_boot() {
	mkext "$image" 96M -t ext4 -O ^has_journal
	mount_image ext4 noinit_itable "$image"
	mkdir -p "$mnt/grub/x86_64-efi" "$mnt/loader/entries"
	: > "$mnt/grub/grub.cfg"
	cp "$1" "$mnt/grub/x86_64-efi/core.efi"
	umount_image
}
make_boot "$work/ext.efi"
# whether there is a signed one, only the root could tell
warned '/boot' '/grub/x86_64-efi/core.efi: GRUB for UEFI'
make_boot "$work/btrfs.efi"
passes '/boot with btrfs'

say 'symlinks that lead nowhere'
make_root 'rm -r boot etc/fstab; ln -s loop boot; ln -s boot loop; ln -s ../../.. a; ln -s a/a/a/etc/b etc/fstab
	mkdir etc/b; ln -s etc/fstab swapfile; : > etc/os-release'
warned 'loops' 'fstab is a symlink that leads nowhere'

say 'another UUID'
make_root
warned 'new UUID' 'the UUID will be another one' --uuid new

say 'not in the face of btrfs-convert'
make_root 'mkdir -p boot/extlinux; : > boot/extlinux/extlinux.conf; sed -i s/auto/ext4/ etc/fstab; : > swapfile
	echo "/swapfile none swap sw 0 0" >> etc/fstab'
ln -s "$(realpath "$FSCONVERT")" "$work/btrfs-convert"
"$work/btrfs-convert" "$image" > "$work/log" 2>&1 || fail "$(cat "$work/log")"
judge_check "$image"
mount_image btrfs ro "$image"
grep -q ext4 "$mnt/etc/fstab" || fail 'it rewrites fstab'
umount_image

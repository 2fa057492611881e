#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is not converted, or not at once: checks and rehearsals, a machine that cannot use the result, the policies for
# failures, and a switch that can be neither finished nor undone.
# shellcheck source=tests/boot/lib.sh
. "$(dirname "$0")/../boot/lib.sh"
[ -c /dev/fuse ] || skip 'needs /dev/fuse'
flavours=(systemd plain)

# stays_off FLAVOUR ARGUMENT...: the machine is off or wants to start again, without having mounted its root.
stays_off() {
	boot_start "$@"
	boot_wait
	[ -z "$(guest begin)" ] || boot_fail "the machine has booted"
}

make_folder() {
	mkdir "$mnt/var/locked"
}

encrypt_folder() {
	tune2fs -O encrypt "$loop" > "$work/tune2fs"
	debugfs -w -R 'set_inode_field /var/locked flags 0x80800' "$loop"
}

# Where the record stands in the root.
show_record() {
	{ "$FSCONVERT" --json --status "$loop" || :; } | sed -n 's/.*"record":\([0-9]*\).*/\1/p'
}

for flavour in "${flavours[@]}"; do
	boot_disk
	for action in check rehearse; do
		boot "$flavour" "rd.fsconvert=$action"
		expect_root ext4
		expect_result "\"status\":\"${action%e}ed\",\"exit\":0"
	done

	boot "$flavour" rd.fsconvert=root "rd.fsconvert=$root_device" rd.fsconvert=off
	expect_root ext4
	expect_guest result ''

	boot "$flavour" rd.fsconvert=root module_blacklist=btrfs
	expect_root ext4
	expect_said 'has no btrfs'
	with_root check_ext

	say 'policies'
	boot_edit make_folder
	with_root encrypt_folder
	before=$(sha256sum < "$disk")
	for policy in poweroff reboot; do
		stays_off "$flavour" rd.fsconvert=root "rd.fsconvert.on-error=$policy"
		expect_said "on-error = $policy"
		[ "$(sha256sum < "$disk")" = "$before" ] || fail "the disk has changed"
	done
	boot "$flavour" rd.fsconvert=root rd.fsconvert.on-error=shell
	expect_root ext4
done

say 'a kernel that does not mount the result'
cat > "$work/mount" << 'EOF'
#!/bin/sh
case "$*" in
*/run/fsconvert/mnt) exit 32 ;;
esac
exec /usr/bin/mount.real "$@"
EOF
plain_overlay=$overlay
overlay=$work/overlay.mount
"$boot_tests/build-overlay.sh" "$overlay" configs/fsconvert.conf=/etc/fsconvert.conf \
	"$work/mount=/usr/bin/mount" "$system/root/usr/bin/mount=/usr/bin/mount.real"
for flavour in "${flavours[@]}"; do
	boot_disk
	boot "$flavour" rd.fsconvert=root
	expect_root ext4
	expect_said 'does not mount the result'
	with_root check_ext
done
overlay=$plain_overlay

say 'lost: neither can be done'
boot_disk
boot_record "$disk" convert
boot_unclear convert
with_root show_record > "$work/record"
record=$(cat "$work/record")
dd if=/dev/zero of="$disk" bs=4096 seek="$(((boot_start_root * 512 + record) / 4096))" count=16 conv=notrunc \
	status=none
before=$(sha256sum < "$disk")
for flavour in "${flavours[@]}"; do
	root_argument=root=PARTUUID=$root_partuuid
	stays_off "$flavour" rd.fsconvert=root rd.retry=20
	expect_said 'could not be finished; nothing may mount it'
	[ "$(sha256sum < "$disk")" = "$before" ] || fail "the disk has changed"
done

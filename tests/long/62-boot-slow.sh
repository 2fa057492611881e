#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A conversion that takes far longer than any timeout of systemd or dracut: the program is wrapped, and sleeps. A
# splash screen shows what it does.
# shellcheck source=tests/boot/lib.sh
. "$(dirname "$0")/../boot/lib.sh"
boot_timeout=900

cat > "$work/wrapper" << 'EOF'
#!/bin/sh
case "$*" in
*--print-config* | *--scan*) ;;
*) sleep 200 ;;
esac
exec /usr/sbin/fsconvert.real "$@"
EOF
cat > "$work/plymouth" << 'EOF'
#!/bin/sh
echo "plymouth $*" > /dev/kmsg
EOF
"$boot_tests/build-overlay.sh" "$overlay" configs/fsconvert.conf=/etc/fsconvert.conf \
	"$FSCONVERT=/usr/sbin/fsconvert.real" "$work/wrapper=/usr/sbin/fsconvert" \
	"$work/plymouth=/usr/bin/plymouth"
boot_console=(loglevel=7)

for flavour in systemd plain; do
	boot_disk
	boot "$flavour" rd.fsconvert=root
	expect_root btrfs
	expect_said 'plymouth display-message --text=fsconvert: data +[0-9]+ %'
	expect_said 'plymouth hide-message --text=fsconvert: switch'
	[ "$(guest begin | cut -d . -f 1)" -gt 200 ] || fail "the program did not sleep"
done

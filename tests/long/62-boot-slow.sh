#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A conversion that takes far longer than any timeout of systemd or dracut: the program is wrapped, and sleeps.
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
"$boot_tests/build-overlay.sh" "$overlay" configs/fsconvert.conf=/etc/fsconvert.conf \
	"$FSCONVERT=/usr/sbin/fsconvert.real" "$work/wrapper=/usr/sbin/fsconvert"

for flavour in systemd plain; do
	boot_disk
	boot "$flavour" rd.fsconvert=root
	expect_root btrfs
	[ "$(guest begin | cut -d . -f 1)" -gt 200 ] || fail "the program did not sleep"
done

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034,SC2154 # variables are shared with the other parts
#
# Drivers, and what lies between disks and file systems: arrays, LUKS, logical volumes. Sourced. There is no udev: nodes
# are made by the kernel and by the device mapper's own library.

export DM_DISABLE_UDEV=1 IMSM_NO_PLATFORM=1 LVM_SUPPRESS_FD_WARNINGS=1

# storage_has COMMAND
storage_has() {
	command -v "$1" > /dev/null 2>&1
}

# storage_aliases: what the devices that are there call for. Not all (SD cards, for one) have a file for that alone.
storage_aliases() {
	find /sys/devices -name uevent -type f -exec sed -n 's/^MODALIAS=//p' {} + 2> /dev/null | tr ' ' '_' | sort -u
}

# storage_drivers: loads what devices that were not known before call for; true when there were any.
storage_drivers() {
	local known=$rescue_run/aliases fresh
	[ -e "/lib/modules/$(uname -r)/modules.dep" ] || return 1
	# to grep of busybox an empty list of patterns is one that all lines match
	[ -e "$known" ] || echo none > "$known"
	storage_aliases > "$known.now"
	fresh=$(grep -vxFf "$known" "$known.now")
	mv "$known.now" "$known"
	[ -n "$fresh" ] || return 1
	set -f
	# shellcheck disable=SC2086 # one word each
	modprobe -abq $fresh 2> /dev/null
	set +f
	return 0
}

# storage_assemble: arrays and logical volumes of which all parts are there.
storage_assemble() {
	if storage_has mdadm; then
		mdadm --assemble --scan --no-degraded --quiet
	fi
	if storage_has lvm; then
		mkdir -p /run/lock/lvm
		lvm vgchange --quiet --quiet --activate y --sysinit
	fi
} > /dev/null 2>&1 < /dev/null

# storage_refresh: after a change of any kind.
storage_refresh() {
	while storage_drivers; do
		sleep 1
	done
	storage_assemble
}

# storage_start: disks need time to appear, those behind USB some seconds. It goes on when none has come for a while.
storage_start() {
	local quiet
	if [ -d "/lib/modules/$(uname -r)" ]; then
		modprobe -abq ext4 btrfs crc32c sd_mod 2> /dev/null
	fi
	quiet=0
	while [ "$quiet" -lt 3 ]; do
		if storage_drivers || storage_changed; then
			quiet=0
		else
			quiet=$((quiet + 1))
		fi
		sleep 1
	done
	storage_assemble
}

# storage_changed: true when disks have come or gone since it was asked last on this terminal.
storage_changed() {
	local now
	now=$(cat /proc/partitions)
	[ "$now" != "$storage_seen" ] || return 1
	storage_seen=$now
}

# storage_unlock DEVICE: asks for the passphrase, three times.
storage_unlock() {
	local name
	if ! storage_has cryptsetup; then
		echo 'There is no cryptsetup here.'
		return 1
	fi
	probe "$1"
	name=luks-$p_uuid
	[ ! -e "/dev/mapper/$name" ] || return 0
	modprobe -abq dm-crypt 2> /dev/null
	cryptsetup open --tries 3 "$1" "$name" || return 1
	storage_refresh
}

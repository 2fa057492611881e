#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Tells the test, on the serial line, what it asserts on: lines "GUEST key: value". Then it turns the machine off.
exec > /dev/ttyS0 2>&1

say() {
	printf 'GUEST %s: %s\r\n' "$1" "$2"
}

# say_file KEY FILE: each line of it, if it is there.
say_file() {
	[ -e "$2" ] || return 0
	while read -r line || [ -n "$line" ]; do
		say "$1" "$line"
	done < "$2"
}

printf '\r\n'
say begin "$(cut -d ' ' -f 1 /proc/uptime)"
say root "$(findmnt -no FSTYPE /) $(findmnt -no OPTIONS /)"
say uuid "$(findmnt -no UUID /)"
say source "$(findmnt -vno SOURCE /)"
if touch /written && sync -f /written && rm /written; then
	say written yes
fi
say sums "$(/usr/local/sbin/sums.sh)"
say_file fstab /etc/fstab
say_file original /etc/fstab.fsconvert-orig
say_file result /run/fsconvert/result.json
say_file log /run/fsconvert/log
say_file data /data/file
say mounts "$(findmnt -rno TARGET,FSTYPE | tr '\n' ';')"
for extra in /run/boot-test.d/* /etc/boot-test.d/*; do
	[ ! -x "$extra" ] || "$extra"
done
if [ -d /run/systemd/system ]; then
	say failed "$(systemctl list-units --failed --plain --no-legend | tr '\n' ';')"
	say service "$(systemctl is-active fsconvert.service)"
	say status "$(systemctl status --no-pager fsconvert.service | tr '\n' ';')"
fi
sync
say end "$(cut -d ' ' -f 1 /proc/uptime)"
if [ -e /run/boot-test.reboot ]; then
	exec systemctl reboot
fi
echo u > /proc/sysrq-trigger
sleep 1
echo o > /proc/sysrq-trigger
sleep 20

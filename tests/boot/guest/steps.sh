#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What the owner of a machine does, one step a boot: the test puts the steps into /etc/boot-test.steps, a line each, and
# each boot does the first that is left. Called by report.sh, on the serial line.
steps=/etc/boot-test.steps
[ -s "$steps" ] || exit 0
step=$(sed -n 1p "$steps")
sed -i 1d "$steps"
echo "GUEST step: $step"
begun=$(cut -d . -f 1 /proc/uptime)
sh -ec "$step"
echo "GUEST ended: $? after $(($(cut -d . -f 1 /proc/uptime) - begun)) s"
[ ! -s "$steps" ] || touch /run/boot-test.reboot

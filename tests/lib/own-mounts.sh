#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# own-mounts.sh COMMAND...: runs it with a table of mounts of its own. Where / is no mount point, as in a chroot, its
# propagation cannot be set, and need not be.
set -eu
if [ "${OWN_MOUNTS:-}" != new ]; then
	propagation=unchanged
	! mountpoint -q / || propagation=private
	OWN_MOUNTS=new exec unshare --mount --propagation "$propagation" "$0" "$@"
fi
unset OWN_MOUNTS
# copies of what other tests have mounted would keep their devices busy; what is shared goes away with the original
awk '$5 ~ "/fsconvert-test\\." && $0 !~ " shared:" { print $5 }' /proc/self/mountinfo | sort -r | while read -r dir; do
	umount --lazy "$dir"
done
exec "$@"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# own-mounts.sh COMMAND...: runs it with a table of mounts of its own. Where / is no mount point, as in a chroot, its
# propagation cannot be set, and need not be.
set -eu
propagation=unchanged
! mountpoint -q / || propagation=private
exec unshare --mount --propagation "$propagation" "$@"

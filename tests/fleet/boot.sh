#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The early boot of a machine: converts its root as the dracut module does.
#
#     boot.sh RUN CONFIG E2FSCK DEVICE
#
# RUN is the folder that becomes its /run/fsconvert. No set -e, as in an initramfs.
set -u
# shellcheck source=dracut-module/90fsconvert/fsconvert-lib.sh
. dracut-module/90fsconvert/fsconvert-lib.sh
fsconvert_run=$1
fsconvert_shown=
fsconvert_program --config "$2" --e2fsck "$3" "$4"

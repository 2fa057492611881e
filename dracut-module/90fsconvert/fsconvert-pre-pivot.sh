#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The pre-pivot hook.
# shellcheck source=dracut-module/90fsconvert/fsconvert-dracut.sh
. /lib/fsconvert/fsconvert-dracut.sh
fsconvert_prepivot

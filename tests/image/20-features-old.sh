#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sources without the features that came later: ext2, ext3, revision 0, indirect blocks, small inodes.
# The cases are in features.table.
# shellcheck source=tests/lib/features.sh
. "$(dirname "$0")/../lib/features.sh"

feature_group old

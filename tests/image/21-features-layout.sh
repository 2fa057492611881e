#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sources whose metadata lies elsewhere: flex_bg, meta_bg, backup superblocks, large inodes.
# The cases are in features.table.
# shellcheck source=tests/lib/features.sh
. "$(dirname "$0")/../lib/features.sh"

feature_group layout

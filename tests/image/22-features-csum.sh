#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Default sources, and those with other checksums, journals and features that change little on disk.
# The cases are in features.table.
# shellcheck source=tests/lib/features.sh
. "$(dirname "$0")/../lib/features.sh"

feature_group csum

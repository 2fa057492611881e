#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sources that the kernel here reads but does not write; mke2fs fills them.
# The cases are in features.table.
# shellcheck source=tests/lib/features.sh
. "$(dirname "$0")/../lib/features.sh"

feature_group tree

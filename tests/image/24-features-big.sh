#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Blocks larger than a page: the kernel does not mount the source, so what mke2fs put in is the reference.
# The cases are in features.table.
# shellcheck source=tests/lib/features.sh
. "$(dirname "$0")/../lib/features.sh"

feature_group big

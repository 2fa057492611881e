#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Power cuts in conversions and roll backs of all sources of the group "csum" of features.table.
# shellcheck source=tests/lib/crash-matrix.sh
. "$(dirname "$0")/../lib/crash-matrix.sh"

matrix_group csum

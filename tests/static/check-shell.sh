#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# All shell scripts pass shellcheck.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/static/lib.sh

mapfile -t files <<<"$(shell_files)"
shellcheck -x -P SCRIPTDIR -P . "${files[@]}"
echo "${#files[@]} scripts"

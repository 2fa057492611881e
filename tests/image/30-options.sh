#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Each value of each option of the layout at least once; the long tests combine them all.
# shellcheck source=tests/lib/options.sh
. "$(dirname "$0")/../lib/options.sh"

options_source
options_case 4096 crc32c '' single
options_case 16384 crc32c '^no-holes' dup
options_case 32768 xxhash '^skinny-metadata' dup
options_case 65536 sha256 'block-group-tree' single
options_case 16384 blake2 '^free-space-tree' single
options_case 4096 sha256 '^extref,^no-holes,^skinny-metadata,^free-space-tree' dup

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# All combinations of node size, checksum, features and metadata profile, each before all judges.
# shellcheck source=tests/lib/options.sh
. "$(dirname "$0")/../lib/options.sh"

options_source
for nodesize in 4096 16384 32768 65536; do
	for features in '' '^no-holes' '^extref' '^skinny-metadata' '^free-space-tree' 'block-group-tree' \
		'^no-holes,^extref,^skinny-metadata,^free-space-tree'; do
		for metadata in single dup; do
			for csum in crc32c xxhash sha256 blake2; do
				options_case "$nodesize" "$csum" "$features" "$metadata"
			done
		done
	done
done

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# --check writes nothing at all, --rehearse writes free blocks only; both say what a conversion would say.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

image=$work/image
mkext "$image" 512M -t ext4
fill "$image" --quick --skip manylinks
remember "$image"
before=$(checksum "$image")

say 'check'
convert --check "$image"
[ "$(checksum "$image")" = "$before" ] || fail '--check has written'
say 'check of a file that cannot be written'
chmod 0400 "$image"
attach "$image" --read-only
convert --check "$loop"
detach
chmod 0600 "$image"
say 'check with little memory, which spills to a file'
mkdir "$work/spill"
convert --check --memory 16m --tmpdir "$work/spill" "$image"
[ "$(checksum "$image")" = "$before" ] || fail '--check has written'
[ -z "$(ls -A "$work/spill")" ] || fail 'files are left in the temporary directory'

say 'check as JSON'
status=0
"$FSCONVERT" --check --json "$image" > "$work/json" 2> "$work/log" || status=$?
[ "$status" -eq 0 ] || fail "--json: status $status"
python3 -c 'import json, sys; [json.loads(line) for line in open(sys.argv[1])]' "$work/json" || fail 'no JSON lines'

say 'rehearse'
convert --rehearse "$image"
judge_unchanged "$image"
convert --rehearse "$image"
judge_unchanged "$image"

say 'what --check refuses is what a conversion refuses'
cp --sparse=always "$image.orig" "$image"
debugfs -w -R 'ssv state 2' "$image" > /dev/null 2>&1
refuse_case 'check' "$image" 'errors' --check
refuse_case 'rehearse' "$image" 'errors' --rehearse

say 'and then it converts'
cp --sparse=always "$image.orig" "$image"
convert --rehearse "$image"
convert "$image"
judge_converted "$image"
say 'a second time there is no ext'
refuse_case 'converted already' "$image" 'no ext2, ext3 or ext4'

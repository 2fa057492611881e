#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The options that the man page describes are those of `fsconvert --help`, each once, and the keys that the page of the
# configuration and the file that is installed describe are those of `fsconvert --print-config`.
#
#     check-man.sh [FSCONVERT]
set -euo pipefail
cd "$(dirname "$0")/../.."

program=${1:-build/fsconvert}
page=docs/fsconvert.8
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# Reads the names of options at the beginning of lines and behind commas: "-l, --label LABEL" gives -l and --label.
names_in() {
	grep -oE '(^|[ ,])--?[A-Za-z][a-z-]*' | tr -d ' ,' | sort
}

# The lines behind .TP in OPTIONS, without formatting.
options_of_page() {
	awk '/^\.SH / { on = $2 == "OPTIONS" } on && tag { print } { tag = /^\.TP/ }' "$page" |
		sed -E 's/\\f.//g; s/\\-/-/g; s/^\.(B|BR|BI) //; s/"//g'
}

"$program" --help | sed -nE 's/^  ((-.,)|   ) (--[a-z-]+).*/\2 \3/p' | names_in > "$tmp/help"
options_of_page | names_in > "$tmp/page"
[ -s "$tmp/help" ]
if ! diff -u --label '--help' --label "$page" "$tmp/help" "$tmp/page"; then
	echo "the options of $page differ from those of --help"
	exit 1
fi
repeated=$(uniq -d "$tmp/page")
if [ -n "$repeated" ]; then
	echo "described twice: $repeated"
	exit 1
fi
echo "$(wc -l < "$tmp/help") names of options agree"

"$program" --print-config | sed 's/ =.*//' | sort > "$tmp/keys"
[ -s "$tmp/keys" ]
awk 'tag && /^\.B [a-z\\-]+$/ { gsub(/\\/, ""); print $2 } { tag = /^\.TP/ }' docs/fsconvert.conf.5 |
	sort > "$tmp/described"
sed -nE 's/^#?([a-z-]+) = .*/\1/p' configs/fsconvert.conf | sort > "$tmp/shipped"
for list in described shipped; do
	diff -u --label '--print-config' --label "$list" "$tmp/keys" "$tmp/$list" || {
		echo "the keys of the configuration differ from those that are $list"
		exit 1
	}
done
echo "$(wc -l < "$tmp/keys") keys agree"

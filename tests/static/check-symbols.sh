#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Global symbols begin with a prefix of their folder, and only cli prints or ends the process. Looks at the objects of
# the static build.
set -euo pipefail
cd "$(dirname "$0")/../.."

# prefixes_of LAYER: what its global symbols may begin with.
prefixes_of() {
	case $1 in
	base) echo status_ msg_ crc32c_ uuid_ size_ progress_ ;;
	dev) echo dev_ ;;
	sort) echo sort_ scratch_ ;;
	ext) echo ext_ ;;
	btrfs) echo btrfs_ ;;
	convert)
		echo arena_ build_ commit_ config_ csum_writer_ estimate_ extent_writer_ fstab_ job_ journal_ \
			machine_ place_ plan_ resume_ rollback_ scan_ status_ switch_ verify_
		;;
	cli)
		echo cli_ conf_ features_ format_ json_ meter_ option_ options_ policy_ power_ preen_ report_ summary_ \
			main
		;;
	*) return 1 ;;
	esac
}

# Functions that print or end the process. The default sink of messages writes to stderr; nothing else may.
forbidden='exit|_exit|_Exit|abort|printf|vprintf|puts|putchar|perror|fprintf|vfprintf|fputs|fputc|fwrite|dprintf|system'

# check_names LAYER OBJECT: prints global symbols that have another prefix.
check_names() {
	local pattern name
	pattern="^($(prefixes_of "$1" | tr ' ' '|'))"
	nm --defined-only --extern-only --format=posix "$2" | while read -r name _; do
		[[ $name =~ $pattern ]] || printf '%s: %s has none of the prefixes of %s\n' "$2" "$name" "$1"
	done
}

# check_calls LAYER OBJECT: prints forbidden functions that it calls.
check_calls() {
	if [ "$1" = cli ] || [[ $2 == */base/msg.o ]]; then
		return
	fi
	nm --undefined-only --format=posix "$2" | awk '{ print $1 }' | grep -xE "$forbidden" |
		sed "s#^#$2: calls #" || :
}

# check_objects ROOT: all objects below ROOT/LAYER/.
check_objects() {
	local object layer
	find "$1" -name '*.o' | sort | while read -r object; do
		layer=${object#"$1"/}
		layer=${layer%%/*}
		check_names "$layer" "$object"
		check_calls "$layer" "$object"
	done
}

# A wrong name and a wrong call must be found.
self_test() {
	local found
	mkdir -p "$scratch/dev"
	printf 'int sort_it(void);\nint sort_it(void) { __builtin_puts("x"); return 0; }\n' > "$scratch/a.c"
	gcc -c -o "$scratch/dev/a.o" "$scratch/a.c"
	found=$(check_objects "$scratch" | wc -l)
	[ "$found" -eq 2 ] || {
		echo "self-test: $found of 2 faults were found"
		return 1
	}
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
self_test
# objects whose source is gone are left over from an earlier build
faults=$(check_objects build/musl | while read -r line; do
	source=src/${line#build/musl/}
	[ ! -e "${source%%.o:*}.c" ] || printf '%s\n' "$line"
done)
if [ -n "$faults" ]; then
	printf '%s\n' "$faults"
	exit 1
fi
echo "$(find build/musl -name '*.o' | wc -l) objects"

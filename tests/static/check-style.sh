#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The page: licence line, line length, white space, sizes, no unfinished work, and nothing that belongs to one machine.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/static/lib.sh
. scripts/apt-lib.sh

max_columns=120 max_file_lines=500 max_function_lines=90 max_parameters=8

# The bracket in each pattern keeps this file from matching itself.
unfinished='\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b|[Pp]lacehol[d]er|not (yet )?implemen[t]ed'
machine='(^|[^A-Za-z0-9_.}*-])/(wor[k]|hom[e]|roo[t]|User[s])/[A-Za-z]|(^|[^A-Za-z0-9_.}])/tm[p]/[A-Za-z]'
mirrors='(deb|security|snapshot|ftp[.a-z]*)[.]debia[n]|[a-z0-9.-]*mirro[r][a-z0-9-]*[.][a-z]'
mirrors+='|(pyp[i]|crate[s]|npmj[s])[.](org|io|com)'

# report TEXT: each line of standard input is a fault.
report() {
	sed "s|\$| ($1)|"
}

check_code() {
	local file
	for file in "${code[@]}"; do
		head -n 2 "$file" | grep -q 'SPDX-License-Identifier: GPL-2.0-or-later' ||
			printf '%s: no licence line at the top\n' "$file"
		expand "$file" | awk -v file="$file" -v max="$max_columns" \
			'length($0) > max { printf "%s:%d: %d columns\n", file, FNR, length($0) }'
	done
	for file in "${c_files[@]}"; do
		head -n 1 "$file" | grep -qxF '/* SPDX-License-Identifier: GPL-2.0-or-later */' ||
			printf '%s: the first line is not the licence line\n' "$file"
	done
	grep -HnE '^[ \t]*#[ \t]*define _(GNU_SOURCE|FILE_OFFSET_BITS)' "${c_files[@]}" |
		report "belongs on the command line"
	grep -HnE '^typedef struct|^\} [a-z_]+_t;' "${c_files[@]}" | report "structs have no typedef"
}

check_sizes() {
	find src -name '*.[ch]' -exec wc -l {} + | awk -v max="$max_file_lines" \
		'$2 != "total" && $1 > max { printf "%s: %d lines, the limit is %d\n", $2, $1, max }'
	find src -name '*.c' -exec awk -v max_lines="$max_function_lines" -v max_parameters="$max_parameters" \
		-f tests/static/functions.awk {} +
}

check_text() {
	local host
	grep -HnIE '[ 	]+$' "${text[@]}" | report "white space at the end"
	grep -HnIF $'\r' "${text[@]}" | report "carriage return"
	grep -HnIE "$unfinished" "${text[@]}" | report "unfinished"
	# templates of temporary files may say where
	grep -HnIE "$machine" "${text[@]}" | grep -v XXXXXX | report "path of one machine"
	grep -HnIiE "$mirrors" "${text[@]}" | report "name of an archive"
	for host in $(archive_hosts); do
		grep -HnIF "$host" "${text[@]}" | sed "s|$host|...|" | report "an archive of this machine"
	done
	for file in "${text[@]}"; do
		[ ! -s "$file" ] || [ -z "$(tail -c 1 "$file" | tr -d '\0\n')" ] ||
			printf '%s: no newline at the end\n' "$file"
	done
}

all_checks() {
	check_code || :
	check_sizes
	check_text || :
}

# Each kind of fault, planted in a file of a tree of its own, must be found.
self_test() {
	local found
	mkdir -p "$scratch/src/dev" "$scratch/tests/static"
	cp tests/static/functions.awk "$scratch/tests/static/"
	{
		echo 'no licence line'
		printf 'trailing \nreturn\r\n// TO%s\n"/wor%s/place"\n"ftp.zz.debia%s.org"\n' DO k n
		printf 'typedef struct a a;\n#define _GNU_SOURCE\n%0130d\n' 0
		printf 'int f(int a, int b, int c, int d, int e, int g, int h, int i, int j)\n{\n'
		seq 600
		printf '}\nend'
	} > "$scratch/src/dev/a.c"
	code=(src/dev/a.c) c_files=(src/dev/a.c) text=(src/dev/a.c)
	found=$(cd "$scratch" && all_checks | wc -l)
	[ "$found" -eq 14 ] || {
		(cd "$scratch" && all_checks)
		echo "self-test: $found of 14 faults were found"
		return 1
	}
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
self_test

mapfile -t c_files <<<"$(project_files '*.c' '*.h')"
mapfile -t code <<<"$({ project_files '*.c' '*.h' '*.awk' '*.py' Makefile; shell_files; } | sort -u)"
mapfile -t text <<<"$(project_files '*')"
faults=$(all_checks)
if [ -n "$faults" ]; then
	printf '%s\n' "$faults"
	exit 1
fi
echo "${#text[@]} files"

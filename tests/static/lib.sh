# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the static tests share; sourced with the project's top as the current folder.

# project_files [PATTERN...]: the project's files (not what a build makes), one a line; patterns are those of git or,
# outside git, of find's -name.
project_files() {
	local pattern names=()
	if [ -e .git ]; then
		git -c safe.directory='*' ls-files -co --exclude-standard -- "$@" | while read -r pattern; do
			[ ! -f "$pattern" ] || printf '%s\n' "$pattern"
		done
		return
	fi
	for pattern in "$@"; do
		names+=(-o -name "$pattern")
	done
	find . -path ./build -prune -o -type f \( "${names[@]:1}" \) -print | sed 's#^\./##' | sort
}

# shell_files: scripts by name or by their first line.
shell_files() {
	project_files '*.sh'
	project_files '*' | while read -r file; do
		case $file in
		*.sh) continue ;;
		esac
		if head -c 64 "$file" | head -n 1 | tr -d '\0' | grep -qE '^#!.*[ /](ba|da)?sh( |$)'; then
			printf '%s\n' "$file"
		fi
	done
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared with those who source it
# Messages, questions, and files written so that a power cut leaves the old content or the new. Sourced by
# fsconvert-prepare and fsconvert-finalize; the variables of a function begin with the function's name.

program=${0##*/}
EXIT_FAILED=1 EXIT_USAGE=2 EXIT_REFUSED=3

say() {
	printf '%s\n' "$*"
}

warn() {
	printf '%s: warning: %s\n' "$program" "$*" >&2
}

error() {
	printf '%s: %s\n' "$program" "$*" >&2
}

# die STATUS TEXT...
die() {
	die_status=$1
	shift
	error "$*"
	exit "$die_status"
}

have() {
	command -v "$1" >/dev/null 2>&1
}

need_root() {
	[ "$(id -u)" -eq 0 ] || die "$EXIT_REFUSED" "only root can do this"
}

# first_of COMMAND...: the first that is installed.
first_of() {
	for first_of_name in "$@"; do
		if have "$first_of_name"; then
			printf '%s\n' "$first_of_name"
			return 0
		fi
	done
	return 1
}

# confirm QUESTION: yes on the terminal, or by --yes.
confirm() {
	if [ "$assume_yes" = yes ]; then
		return 0
	fi
	[ -t 0 ] || die "$EXIT_REFUSED" "nobody to ask: repeat with --yes, or on a terminal"
	printf '%s [y/N] ' "$*"
	read -r confirm_answer || confirm_answer=
	case $confirm_answer in
	y | Y | yes | YES | Yes) return 0 ;;
	esac
	return 1
}

# quietly WHAT COMMAND...: the output of COMMAND is shown only when it fails.
quietly() {
	quietly_what=$1
	shift
	quietly_log=$(mktemp)
	if "$@" >"$quietly_log" 2>&1 </dev/null; then
		rm -f "$quietly_log"
		return 0
	fi
	sed 's/^/    | /' "$quietly_log" >&2
	rm -f "$quietly_log"
	error "$quietly_what failed: $*"
	return 1
}

# sum_of PATH: of the content of a file, or of the files in a folder; - when there is none.
sum_of() {
	if [ -d "$1" ]; then
		sum_of_line=$(cd "$1" && find . -maxdepth 1 -type f -exec sha256sum {} + | sort | sha256sum) || return 1
		printf '%s\n' "${sum_of_line%% *}"
	elif [ -f "$1" ]; then
		sum_of_line=$(sha256sum <"$1") || return 1
		printf '%s\n' "${sum_of_line%% *}"
	else
		printf '%s\n' -
	fi
}

# replace_file NEW PATH: NEW, in the same folder, takes the place of PATH.
replace_file() {
	sync "$1" && mv -f "$1" "$2" && sync "${2%/*}"
}

# write_file PATH MODE: the content comes on standard input. An existing file keeps its owner, mode and labels.
write_file() {
	write_file_new=$1.fsconvert-new
	rm -f "$write_file_new"
	if [ -f "$1" ]; then
		cp -a "$1" "$write_file_new" || return 1
	else
		: >"$write_file_new" && chmod "$2" "$write_file_new" || return 1
	fi
	cat >"$write_file_new" && replace_file "$write_file_new" "$1"
}

# has_word WORD TEXT...
has_word() {
	has_word_wanted=$1
	shift
	case " $* " in
	*" $has_word_wanted "*) return 0 ;;
	esac
	return 1
}

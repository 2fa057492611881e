# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared with those who source it
# The arguments that boot loaders give to the kernel: without what only ext understands they fit both file systems.

# common_options LIST: the mount options of LIST that ext and btrfs both take.
common_options() {
	common_options_out=
	for common_options_one in $(printf '%s\n' "$1" | tr ',' ' '); do
		case $common_options_one in
		defaults | ro | rw | atime | noatime | diratime | nodiratime | relatime | norelatime | \
			strictatime | lazytime | nolazytime | suid | nosuid | dev | nodev | exec | noexec | sync | \
			async | dirsync | iversion | acl | noacl | discard | nodiscard | barrier | nobarrier | \
			commit=* | x-*)
			common_options_out="$common_options_out${common_options_out:+,}$common_options_one"
			;;
		esac
	done
	printf '%s\n' "$common_options_out"
}

# without_ext_words TEXT: arguments without rootfstype=ext*, and without the options in rootflags that btrfs refuses.
without_ext_words() (
	set -f
	out=
	for word in $1; do
		case $word in
		rootfstype=*ext[234]*) continue ;;
		rootflags=*)
			options=$(common_options "${word#*=}")
			[ -n "$options" ] || continue
			word=rootflags=$options
			;;
		esac
		out="$out${out:+ }$word"
	done
	printf '%s\n' "$out"
)

# has_ext_words TEXT
has_ext_words() (
	set -f
	all=
	for word in $1; do
		all="$all${all:+ }$word"
	done
	[ "$(without_ext_words "$1")" != "$all" ]
)

# fixed_defaults FILE: GRUB's settings, in which only assignments of one quoted line are touched.
fixed_defaults() {
	while IFS= read -r fixed_line || [ -n "$fixed_line" ]; do
		case $fixed_line in
		GRUB_CMDLINE_LINUX*=\"*\" | GRUB_CMDLINE_LINUX*=\'*\')
			fixed_value=${fixed_line#*=?}
			fixed_value=${fixed_value%?}
			if has_ext_words "$fixed_value"; then
				fixed_quote=${fixed_line#"${fixed_line%?}"}
				fixed_line=${fixed_line%%=*}=$fixed_quote$(without_ext_words "$fixed_value")$fixed_quote
			fi
			;;
		esac
		printf '%s\n' "$fixed_line"
	done <"$1"
}

# fixed_entry FILE: an entry of the boot loader specification.
fixed_entry() {
	while IFS= read -r fixed_line || [ -n "$fixed_line" ]; do
		case $fixed_line in
		options[[:blank:]]*)
			if has_ext_words "${fixed_line#options}"; then
				fixed_line="options $(without_ext_words "${fixed_line#options}")"
			fi
			;;
		esac
		printf '%s\n' "$fixed_line"
	done <"$1"
}

# fixed FILE: its content, in whatever form, without what only ext understands.
fixed() {
	case $1 in
	*/loader/entries/*) fixed_entry "$1" ;;
	/etc/kernel/cmdline)
		if has_ext_words "$(cat "$1")"; then
			without_ext_words "$(cat "$1")"
		else
			cat "$1"
		fi
		;;
	*) fixed_defaults "$1" ;;
	esac
}

# files_to_fix: those that give such arguments to the kernel.
files_to_fix() {
	for files_to_fix_one in "$default_conf" /etc/default/grub.d/*.cfg /etc/kernel/cmdline "$bls_dir"/*.conf; do
		if [ -f "$files_to_fix_one" ] && ! fixed "$files_to_fix_one" | cmp -s - "$files_to_fix_one"; then
			printf '%s\n' "$files_to_fix_one"
		fi
	done
}

# check_arguments: those of this boot, which must have come from somewhere.
check_arguments() {
	fix_list=$(files_to_fix)
	if [ -z "$fix_list" ] && has_ext_words "$(cat /proc/cmdline)"; then
		caution "the kernel was started with rootfstype= or rootflags= for ext, and where that comes" \
			"from is not known: remove it, or later boots will fail"
	fi
}

fix_arguments() {
	for fix_file in $fix_list; do
		say "  $fix_file"
		fixed "$fix_file" | put_conf "$fix_file" 0644 || return 1
	done
}

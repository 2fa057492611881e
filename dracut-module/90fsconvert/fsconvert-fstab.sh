#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# /etc/fstab of a mounted root, made to fit what the devices in it hold, for file systems other than the root: the
# program itself changes the root's line. POSIX sh with `local`, sourced beside fsconvert-lib.sh and
# fsconvert-options.sh.

# fsconvert_spec_type SPEC: ext2, ext3, ext4 or btrfs, by what the device of an entry holds; false for others.
fsconvert_spec_type() {
	local spec value type
	spec=$(printf '%b' "$1")
	case $spec in
	UUID=* | LABEL=* | PARTUUID=* | PARTLABEL=*)
		value=${spec#*=}
		value=${value#\"}
		spec=$(blkid -l -o device -c /dev/null -t "${spec%%=*}=${value%\"}" 2> /dev/null)
		;;
	esac
	[ -b "$spec" ] || return 1
	type=$(fsconvert_type "$spec")
	case $type in
	ext[234] | btrfs) printf '%s\n' "$type" ;;
	*) return 1 ;;
	esac
}

# fsconvert_old_entry FILE SPEC DIRECTORY: the entry of that file.
fsconvert_old_entry() {
	local line spec directory
	[ -f "$1" ] || return 1
	while read -r line || [ -n "$line" ]; do
		spec=${line%%[[:blank:]]*}
		directory=${line#"$spec"}
		directory=${directory#"${directory%%[![:blank:]]*}"}
		if [ "$spec" = "$2" ] && [ "${directory%%[[:blank:]]*}" = "$3" ]; then
			printf '%s\n' "$line"
			return 0
		fi
	done < "$1"
	return 1
}

# fsconvert_fit_entry OLD-FILE SPEC DIRECTORY TYPE OPTIONS [FREQUENCY [PASS]]: the entry as it must be; false when it is
# right, or none of ours.
fsconvert_fit_entry() {
	local type options pass
	case $3:$4 in
	/:*) return 1 ;;
	*:ext[234] | *:btrfs) type=$(fsconvert_spec_type "$2") || return 1 ;;
	*) return 1 ;;
	esac
	case $4:$type in
	btrfs:btrfs | ext[234]:ext[234]) return 1 ;;
	*:btrfs) pass=0 ;;
	*)
		! fsconvert_old_entry "$1" "$2" "$3" || return 0
		pass=2
		;;
	esac
	options=$(fsconvert_fit_options "$type" "$5")
	printf '%s %s %s %s %s %s\n' "$2" "$3" "$type" "${options:-defaults}" "${6:-0}" "$pass"
}

# fsconvert_fit_line OLD-FILE LINE: as fsconvert_fit_entry.
fsconvert_fit_line() (
	set -f
	old=$1
	# shellcheck disable=SC2086 # words
	set -- $2
	case $1 in
	'' | \#*) return 1 ;;
	esac
	[ $# -ge 4 ] && fsconvert_fit_entry "$old" "$@"
)

# fsconvert_is_read_only DIRECTORY: whether what is mounted there is.
fsconvert_is_read_only() {
	local directory options status
	status=1
	while read -r _ directory _ options _; do
		[ "$directory" = "$1" ] || continue
		case ,$options, in
		*,ro,*) status=0 ;;
		*) status=1 ;;
		esac
	done < /proc/mounts
	return "$status"
}

# fsconvert_put_fstab NEW FILE: NEW takes its place, with owner, mode and labels; what was there first is kept.
fsconvert_put_fstab() {
	[ -e "$2.fsconvert-orig" ] || cp -a "$2" "$2.fsconvert-orig" || return
	cp -a "$2" "$2.fsconvert-new" && cat "$1" > "$2.fsconvert-new" && sync && mv -f "$2.fsconvert-new" "$2" && sync
}

# fsconvert_fit_fstab ROOT: the fstab of the root mounted there.
fsconvert_fit_fstab() {
	local file new line fit changed read_only
	file=$1/etc/fstab
	# shellcheck disable=SC2154 # of fsconvert-lib.sh
	new=$fsconvert_run/fstab
	changed=
	read_only=
	[ -f "$file" ] && [ ! -L "$file" ] || return 0
	while IFS= read -r line || [ -n "$line" ]; do
		if fit=$(fsconvert_fit_line "$file.fsconvert-orig" "$line"); then
			fsconvert_say 5 "/etc/fstab: $fit"
			line=$fit
			changed=1
		fi
		printf '%s\n' "$line"
	done < "$file" > "$new"
	if [ -n "$changed" ]; then
		! fsconvert_is_read_only "$1" || read_only=1
		[ -z "$read_only" ] || mount -o remount,rw "$1"
		fsconvert_put_fstab "$new" "$file" || fsconvert_say 3 '/etc/fstab cannot be changed'
		[ -z "$read_only" ] || mount -o remount,ro "$1"
	fi
	rm -f "$new"
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared with those who source it
# What fsconvert-prepare has changed, so that it can be undone and finished. The state is a file of lines, each written
# before the change it tells of:
#
#     kernels K...             the kernels at that time
#     folder PATH              was made
#     KIND PATH BACKUP         is going to be changed; BACKUP is a copy of what was there, - for nothing
#     tree PATH BACKUP         the same for the files of a folder
#     after PATH SUM           has been changed, and has this content now
#     core DISK PIECE...       the boot loader's sectors: each PIECE is DEVICE:START:COUNT, in sectors of 512 bytes
#     core-after DISK SUM
#     menu FILE                FILE is GRUB's environment, in which the next entry was chosen
#     oneshot                  the next entry of systemd-boot was chosen
#     complete                 everything that was planned has been done
#
# KIND: conf is a configuration file, initrd an initramfs, cfg GRUB's menu.

state_dir=/var/lib/fsconvert
state=$state_dir/prepare.state
backups=$state_dir/backup

state_exists() {
	[ -s "$state" ]
}

make_backups() {
	[ -d "$backups" ] || { mkdir -p "$backups" && chmod 0700 "$backups"; }
}

# state_add LINE
state_add() {
	make_backups || return 1
	{
		if [ -f "$state" ]; then cat "$state"; fi
		printf '%s\n' "$*"
	} >"$state.new" && replace_file "$state.new" "$state"
}

# state_has BEGINNING: a line begins with these words.
state_has() {
	[ -f "$state" ] && awk -v want="$1 " 'index($0 " ", want) == 1 { found = 1 } END { exit !found }' "$state"
}

# state_paths KIND [FIELD]: the paths of that kind.
state_paths() {
	if [ -f "$state" ]; then
		awk -v kind="$1" -v field="${2:-2}" '$1 == kind { print $field }' "$state"
	fi
}

# state_line KIND PATH: the copy of the original.
state_line() {
	awk -v kind="$1" -v path="$2" '$1 == kind && $2 == path { print $3 }' "$state"
}

# state_sum PATH: the content that we left in PATH.
state_sum() {
	awk -v path="$1" '$1 == "after" && $2 == path { sum = $3 } END { print sum == "" ? "unknown" : sum }' "$state"
}

# known PATH: a copy of the original was made before.
known() {
	state_has "conf $1" || state_has "initrd $1" || state_has "cfg $1"
}

# remember KIND PATH: keeps what PATH holds. An initramfs is large: its copy is a second name beside it.
remember() {
	if known "$2"; then
		return 0
	fi
	remember_backup=-
	if [ -f "$2" ] && [ "$1" = initrd ]; then
		remember_backup=$2.fsconvert-bak
		rm -f "$remember_backup"
		ln "$2" "$remember_backup" 2>/dev/null || cp -a "$2" "$remember_backup" || return 1
	elif [ -f "$2" ]; then
		make_backups || return 1
		remember_backup=$backups/$(printf '%s' "$2" | tr / +)
		cp -a "$2" "$remember_backup" || return 1
	fi
	if [ "$remember_backup" != - ]; then
		sync "$remember_backup" || return 1
	fi
	state_add "$1 $2 $remember_backup"
}

# remember_tree PATH: keeps the files of a folder.
remember_tree() {
	if state_has "tree $1"; then
		return 0
	elif [ ! -d "$1" ]; then
		state_add "tree $1 -"
		return
	fi
	remember_tree_copy=$backups/$(printf '%s' "$1" | tr / +)
	make_backups || return 1
	rm -rf "$remember_tree_copy"
	cp -a "$1" "$remember_tree_copy" && sync -f "$remember_tree_copy" && state_add "tree $1 $remember_tree_copy"
}

# settled PATH: it is as we want it.
settled() {
	settled_sum=$(sum_of "$1") || return 1
	[ "$(state_sum "$1")" = "$settled_sum" ] || state_add "after $1 $settled_sum"
}

# make_folder PATH: with those above it.
make_folder() {
	if [ ! -d "$1" ]; then
		make_folder "${1%/*}" && state_add "folder $1" && mkdir "$1" && sync "${1%/*}"
	fi
}

# put_conf PATH MODE: the content comes on standard input.
put_conf() {
	make_folder "${1%/*}" && remember conf "$1" && write_file "$1" "$2" && settled "$1"
}

# --- back ---

# restore PATH BACKUP: exactly what was there.
restore() {
	if [ "$2" = - ]; then
		rm -f "$1" && { [ ! -d "${1%/*}" ] || sync "${1%/*}"; }
		return
	fi
	# the copy may be a second name of what was not replaced yet
	if [ -n "$(find "$1" -samefile "$2" 2>/dev/null)" ]; then
		return 0
	fi
	restore_new=$1.fsconvert-new
	rm -f "$restore_new"
	if [ "${2%/*}" = "${1%/*}" ]; then
		ln "$2" "$restore_new" 2>/dev/null || cp -a "$2" "$restore_new" || return 1
	else
		cp -a "$2" "$restore_new" || return 1
	fi
	replace_file "$restore_new" "$1"
}

# restore_tree PATH BACKUP: each file by itself, so that the folder is never empty.
restore_tree() {
	if [ "$2" = - ]; then
		rm -rf "$1"
		return
	fi
	for restore_tree_file in "$1"/*; do
		[ -e "$2/${restore_tree_file##*/}" ] || rm -f "$restore_tree_file" || return 1
	done
	for restore_tree_file in "$2"/*; do
		cmp -s "$restore_tree_file" "$1/${restore_tree_file##*/}" ||
			restore "$1/${restore_tree_file##*/}" "$restore_tree_file" || return 1
	done
	find "$2" -maxdepth 1 -type f | while read -r restore_tree_file; do
		touch -c -r "$restore_tree_file" "$1/${restore_tree_file##*/}"
	done
	touch -c -r "$2" "$1"
}

# unchanged_since PATH BACKUP: nobody else has changed PATH after us.
unchanged_since() {
	unchanged_now=$(sum_of "$1") || return 1
	unchanged_ours=$(state_sum "$1")
	[ "$unchanged_ours" = unknown ] || [ "$unchanged_now" = "$unchanged_ours" ] ||
		[ "$unchanged_now" = "$(sum_of "$2")" ]
}

# undo_file KIND PATH BACKUP: files that others have changed since are made anew, or left with a notice.
undo_file() {
	# what was being made when the power went
	rm -f "$2.fsconvert-new" "$2.fsconvert-new.new"
	if unchanged_since "$2" "$3"; then
		if [ "$1" = cfg ] && [ "$(all_kernels)" != "$(sed -n 's/^kernels //p' "$state")" ]; then
			undo_menu=yes
		elif [ "$1" = tree ]; then
			restore_tree "$2" "$3"
		else
			restore "$2" "$3"
		fi
		return
	fi
	case $1 in
	initrd) undo_images="$undo_images $2" ;;
	cfg) undo_menu=yes ;;
	*)
		warn "$2 was changed by somebody else since; it is left as it is, and what it was before is in $3.kept"
		[ "$3" = - ] || mv -f "$3" "$3.kept"
		;;
	esac
}

undo_line() {
	case $1 in
	conf | initrd | cfg | tree) undo_file "$1" "$2" "$3" ;;
	folder) rmdir "$2" 2>/dev/null || : ;;
	core) undo_core "$@" ;;
	menu) clear_next_entry "$2" ;;
	oneshot) quietly "forgetting the entry of the next boot" bootctl set-oneshot '' || : ;;
	esac
}

# undo_all: from the last line to the first, and then what could not be put back is made anew.
undo_all() {
	undo_images='' undo_menu=no undo_failed=no
	undo_list=$(mktemp)
	awk '{ line[NR] = $0 } END { for (i = NR; i; i--) print line[i] }' "$state" >"$undo_list"
	while read -r undo_words <&3; do
		# shellcheck disable=SC2086 # split into words
		undo_line $undo_words || {
			error "could not undo: $undo_words"
			undo_failed=yes
		}
	done 3<"$undo_list"
	rm -f "$undo_list"
	for undo_image in $undo_images; do
		remake_image "$undo_image" || undo_failed=yes
	done
	if [ "$undo_menu" = yes ]; then
		remake_menu || undo_failed=yes
	fi
	[ "$undo_failed" = no ] && forget_state
}

# forget_state: with the copies; those that are to be kept are named *.kept.
forget_state() {
	for forget_backup in $(state_paths initrd 3); do
		[ "$forget_backup" = - ] || rm -f "$forget_backup"
	done
	rm -f "$state" "$state.new"
	sync "$state_dir"
	find "$backups" -mindepth 1 ! -name '*.kept' -delete
	rmdir "$backups" "$state_dir" 2>/dev/null || :
}

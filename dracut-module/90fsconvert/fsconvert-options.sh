#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# Mount options that ext and btrfs do not share. POSIX sh with `local`, sourced.

# Options that ext takes and btrfs does not, with or without a value.
fsconvert_ext_options=' abort auto_da_alloc bh block_validity bsddf bsdgroups check data data_err dax debug
debug_want_extra_isize delalloc dioread_lock dioread_nolock errors extents grpid grpjquota grpquota i_version
init_itable inlinecrypt inode_readahead_blks journal journal_async_commit journal_checksum journal_dev
journal_ioprio journal_path jqfmt max_batch_time max_dir_size_kb mb_optimize_scan mballoc mbcache mblk_io_submit
min_batch_time minixdf no_mbcache no_prefetch_block_bitmaps noauto_da_alloc nobh noblock_validity nocheck nodelalloc
nodioread_nolock noextents nogrpid noinit_itable nojournal_async_commit nojournal_checksum noload nomballoc
nombcache nomblk_io_submit noquota norecovery noreservation nouid32 nouser_xattr nowarn_on_error oldalloc orlov
prefetch_block_bitmaps prjquota quota reservation resgid resuid sb stripe sysvgroups test_dummy_encryption
user_xattr usrjquota usrquota warn_on_error xip '

# And the other way round.
fsconvert_btrfs_options=' autodefrag check_int check_int_data check_int_print_mask clear_cache compress compress-
force datacow datasum degraded device enospc_debug fatal_errors flushoncommit fragment max_inline metadata_ratio
noautodefrag nocompress nodatacow nodatasum noenospc_debug noflushoncommit nologreplay nospace_cache nossd
nossd_spread notreelog rescan_uuid_tree rescue skip_balance space_cache ssd ssd_spread subvol subvolid subvolrootid
thread_pool treelog usebackuproot user_subvol_rm_allowed '

# fsconvert_keeps TYPE OPTION: whether a file system of that type takes it.
fsconvert_keeps() {
	local others word
	case $1:$2 in
	btrfs:barrier=* | ext[234]:discard=*) return 1 ;;
	btrfs:*) others=$fsconvert_ext_options ;;
	*) others=$fsconvert_btrfs_options ;;
	esac
	for word in $others; do
		[ "$word" != "${2%%=*}" ] || return 1
	done
	return 0
}

# fsconvert_fit_options TYPE OPTIONS: those that a file system of that type takes.
fsconvert_fit_options() {
	local rest option kept
	kept=
	rest=$2,
	while [ -n "$rest" ]; do
		option=${rest%%,*}
		rest=${rest#*,}
		if [ -n "$option" ] && fsconvert_keeps "$1" "$option"; then
			kept=$kept${kept:+,}$option
		fi
	done
	printf '%s\n' "$kept"
}

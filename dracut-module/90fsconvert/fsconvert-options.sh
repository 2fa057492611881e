#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# Mount options that ext and btrfs do not share. POSIX sh with `local`, sourced.

# fsconvert_is_ext_option OPTION: ext takes it, and btrfs does not.
fsconvert_is_ext_option() {
	case $1 in
	errors=* | data=* | data_err=* | barrier=[01] | stripe=* | sb=* | abort | debug | debug_want_extra_isize=*) ;;
	user_xattr | nouser_xattr | delalloc | nodelalloc | auto_da_alloc | auto_da_alloc=* | noauto_da_alloc) ;;
	quota | noquota | usrquota | grpquota | prjquota | usrjquota=* | grpjquota=* | jqfmt=* | journal_*) ;;
	noload | norecovery | mbcache | nombcache | dax | dax=* | inode_readahead_blks=* | max_dir_size_kb=*) ;;
	init_itable | init_itable=* | noinit_itable | max_batch_time=* | min_batch_time=* | mb_optimize_scan=*) ;;
	i_version | noi_version | block_validity | noblock_validity | dioread_* | nodioread_nolock) ;;
	resuid=* | resgid=* | grpid | nogrpid | bsdgroups | sysvgroups | bsddf | minixdf | check=* | nocheck) ;;
	prefetch_block_bitmaps | no_prefetch_block_bitmaps | orlov | oldalloc | warn_on_error | nowarn_on_error) ;;
	test_dummy_encryption* | inlinecrypt | fc_debug_* | lazy_itable_init=*) ;;
	*) return 1 ;;
	esac
}

# fsconvert_is_btrfs_option OPTION: btrfs takes it, and ext does not.
fsconvert_is_btrfs_option() {
	case $1 in
	subvol=* | subvolid=* | subvolrootid=* | compress | compress=* | compress-force* | nocompress) ;;
	space_cache | space_cache=* | nospace_cache | clear_cache | ssd | nossd | ssd_spread | nossd_spread) ;;
	autodefrag | noautodefrag | degraded | device=* | datasum | nodatasum | datacow | nodatacow | discard=*) ;;
	flushoncommit | noflushoncommit | max_inline=* | metadata_ratio=* | thread_pool=* | treelog | notreelog) ;;
	rescue=* | usebackuproot | nologreplay | skip_balance | rescan_uuid_tree | fatal_errors=* | fragment=*) ;;
	enospc_debug | noenospc_debug | user_subvol_rm_allowed | check_int*) ;;
	*) return 1 ;;
	esac
}

# fsconvert_keeps TYPE OPTION: whether a file system of that type takes it.
fsconvert_keeps() {
	case $1 in
	btrfs) ! fsconvert_is_ext_option "$2" ;;
	ext[234]) ! fsconvert_is_btrfs_option "$2" ;;
	esac
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

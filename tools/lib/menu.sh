# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared with those who source it
# GRUB's menu as grub-mkconfig makes it: an entry for the boot that converts.

entry_script=/etc/grub.d/42_fsconvert
entry_id=fsconvert
entry_title='Convert the root file system to btrfs (fsconvert)'
default_conf=/etc/default/grub
always_conf=/etc/default/grub.d/zz-fsconvert.cfg

# print_entry_filter: a program of awk that makes our entry from the first one of a kernel in a menu: the same, with
# another name, our arguments and, where there is one, our image. It has no single quote.
print_entry_filter() {
	cat <<'EOF'
	!inside && !done && /^[ \t]*menuentry / && index($0, "gnulinux-" kernel "-advanced-") {
		inside = 1
		print "menuentry \047" title "\047 --id " id " {"
		next
	}
	!inside || /^[ \t]*savedefault/ { next }
	/^[ \t]*linux[a-z0-9]*[ \t]/ { $0 = $0 " " words }
	image != "" && /^[ \t]*initrd[a-z0-9]*[ \t]/ {
		folder = $NF
		sub("[^/]*$", "", folder)
		$0 = "\tinitrd\t" folder image
	}
	{ print }
	/^[ \t]*}[ \t]*$/ { inside = 0; done = 1 }
EOF
}

# print_entry_script: the entry is that of the kernel as GRUB's own script makes it.
print_entry_script() {
	cat <<EOF
#!/bin/sh
# Written by fsconvert-prepare, and removed by fsconvert-finalize: the entry of the boot that converts the root.
set -e
/etc/grub.d/10_linux 2>/dev/null | awk -v id='$entry_id' -v title='$entry_title' -v kernel='$chosen_kernel' \\
	-v image='$entry_image' -v words='$entry_words' '
EOF
	print_entry_filter
	printf "'\n"
}

# find_entry_image: fills entry_image with the name of our image, where the usual one is none of ours.
find_entry_image() {
	entry_image=
	if [ "$generator" = initramfs-tools ]; then
		entry_image=$(own_image)
		entry_image=${entry_image##*/}
	fi
}

# remake_menu: in one step; grub-mkconfig itself would write into the file that is in use.
remake_menu() {
	remake_menu_new=$grub_cfg.fsconvert-new
	if ! quietly "making GRUB's menu" "$grub_mkconfig" -o "$remake_menu_new" || [ ! -s "$remake_menu_new" ]; then
		rm -f "$remake_menu_new"
		return 1
	fi
	if [ -f "$grub_cfg" ]; then
		chmod --reference="$grub_cfg" "$remake_menu_new" || return 1
	fi
	replace_file "$remake_menu_new" "$grub_cfg"
}

# put_menu: with the entry, for the next boot or for good.
put_menu() {
	find_entry_image
	print_entry_script | put_conf "$entry_script" 0755 || return 1
	if [ "$when" = always ]; then
		put_always || return 1
	fi
	remember cfg "$grub_cfg" && remake_menu && settled "$grub_cfg" || return 1
	if ! grep -q "^menuentry .*fsconvert.* --id $entry_id {" "$grub_cfg"; then
		error "GRUB's menu has no entry of kernel $chosen_kernel that ours could be made from"
		return 1
	fi
	[ "$when" = always ] || choose_entry
}

# put_always: the argument for each boot; where the usual image cannot convert, the entry that can.
put_always() {
	put_always_line="GRUB_CMDLINE_LINUX=\"\$GRUB_CMDLINE_LINUX rd.fsconvert=root\""
	if [ "$generator" = initramfs-tools ]; then
		put_always_line=GRUB_DEFAULT=$entry_id
	fi
	put_always_line="# Written by fsconvert-prepare, and removed by fsconvert-finalize.
$put_always_line"
	if grep -q 'default/grub\.d' "$(command -v "$grub_mkconfig")"; then
		say "$put_always_line" | put_conf "$always_conf" 0644
	else
		{
			sed '/^# Written by fsconvert-prepare/,$d' "$default_conf" && say "$put_always_line"
		} | put_conf "$default_conf" 0644
	fi
}

choose_entry() {
	state_has "menu $grub_env" || state_add "menu $grub_env" || return 1
	quietly "choosing the entry of the next boot" "$grub_reboot" "$entry_id" && sync "$grub_env"
}

# clear_next_entry FILE: when it is ours. GRUB clears it when it boots the entry, where it can write.
clear_next_entry() {
	if [ -f "$1" ] && "$grub_editenv" "$1" list 2>/dev/null | grep -qx "next_entry=$entry_id"; then
		quietly "forgetting the entry of the next boot" "$grub_editenv" "$1" unset next_entry && sync "$1"
	fi
}

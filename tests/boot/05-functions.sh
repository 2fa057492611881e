#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The shell functions of the module, in each shell that an initramfs may have, with stand-ins for what dracut and udev
# would give them.
# shellcheck disable=SC2016 # scripts for other shells
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

# The prelude puts the module's files where it is told and replaces what would touch this machine.
cat > "$work/prelude" << 'EOF'
for part in lib options fstab arguments grow; do
	. "$MODULE/fsconvert-$part.sh"
done
fsconvert_run=$WORK/run
fsconvert_request=$WORK/run/request
hookdir=$WORK/hooks
mkdir -p "$fsconvert_request" "$hookdir/initqueue/finished"
fsconvert_say() { printf '%s %s\n' "$1" "$2" >> "$WORK/said"; }
getcmdline() { printf '%s' "$CMDLINE"; }
getargs() { for word in $CMDLINE; do case $word in "$1"*) printf '%s\n' "${word#"$1"}" ;; esac; done; }
getarg() { getargs "$1" | tail -n 1; }
label_uuid_to_dev() { printf '/dev/disk/%s\n' "$1"; }
wait_for_dev() { printf '%s\n' "$1" > "$WORK/waited"; }
root=UUID=0-1
EOF

# in_shell NAME SCRIPT: what it prints.
in_shell() {
	local shell
	read -ra shell <<< "$1"
	{
		cat "$work/prelude"
		printf '%s\n' "$2"
	} > "$work/script"
	rm -rf "$work/run" "$work/said"
	: > "$work/said"
	env CMDLINE="${CMDLINE:-}" WORK="$work" MODULE="$PWD/dracut-module/90fsconvert" \
		PATH="$PWD/build:$PATH" "${shell[@]}" "$work/script" 2>&1
}

# same NAME EXPECTED SCRIPT: in each shell.
same() {
	local shell found
	for shell in dash bash 'busybox ash'; do
		found=$(in_shell "$shell" "$3")
		[ "$found" = "$2" ] || fail "$1 ($shell): '$found', not '$2'; said: $(cat "$work/said")"
	done
	printf 'ok %s\n' "$1"
}

# said NAME REGEX: in the last script.
said() {
	grep -qE -- "$2" "$work/said" || fail "$1: nobody said '$2', but: $(cat "$work/said")"
}

same 'options of ext' ro,noatime,commit=5,barrier,discard \
	'fsconvert_fit_options btrfs ro,errors=remount-ro,noatime,,data=ordered,commit=5,barrier=1,barrier,discard,dax'
same 'options of btrfs' ro,discard,commit=5 \
	'fsconvert_fit_options ext4 ro,subvol=@,compress=zstd:3,discard,discard=async,ssd,commit=5,space_cache=v2'
same 'nothing is left' '' 'fsconvert_fit_options btrfs errors=remount-ro'

# The list is the same that the program uses for fstab.
sed -n '/^static const char \*const rejected/,/^};/s/[^"]*"\([^"]*\)"[^"]*/\1 /gp' src/convert/machine_fstab.c |
	tr -s ' ' '\n' | grep . | sort > "$work/program"
in_shell dash 'printf "%s\n" $fsconvert_ext_options' | sort > "$work/module"
diff -u "$work/program" "$work/module" || fail "the options that btrfs does not take differ"

object='{"event":"progress","phase":"data","done":12,"total":345,"rate":0,"left":3.25}'
same 'fields' 'data|345|3.25|' "o='$object'; printf '%s|' \"\$(fsconvert_field phase \"\$o\")\" \
	\"\$(fsconvert_field total \"\$o\")\" \"\$(fsconvert_field left \"\$o\")\" \$(fsconvert_field none \"\$o\")"
same 'text' "it's 'a', \\n and {x}" \
	"fsconvert_text '{\"event\":\"message\",\"level\":\"error\",\"text\":\"it'\"'\"'s \\\"a\\\", \\n and {x}\"}'"

# request SCRIPT-AFTER: what the arguments ask for.
request='fsconvert_cmdline; for name in action devices settings; do printf "%s:" $name;
	tr "\n" "," < "$fsconvert_request/$name"; done'
CMDLINE='quiet root=UUID=x' same 'nothing asked' 'action:devices:settings:' "$request"
CMDLINE='rd.fsconvert=root ro' same 'root' 'action:root,devices:settings:' "$request"
CMDLINE='rd.fsconvert=root rd.fsconvert=rollback' same 'the last' 'action:rollback,devices:settings:' "$request"
CMDLINE='rd.fsconvert=root rd.fsconvert=/dev/sdb rd.fsconvert=off' same 'off' 'action:devices:settings:' "$request"
CMDLINE='rd.fsconvert=UUID=1-2 rd.fsconvert=LABEL=home rd.fsconvert.nodesize=4k rd.fsconvert.on-error=reboot' \
	same 'devices' 'action:devices:UUID=1-2,LABEL=home,settings:nodesize=4k,on-error=reboot,' "$request"
[ -e "$work/hooks/initqueue/finished/fsconvert.sh" ] || fail "the boot does not wait for the devices"
CMDLINE='rd.fsconvert.nodesize=8k rd.fsconvert=root rd.fsconvert.nodesize=4k' \
	same 'the last value' 'action:root,devices:settings:nodesize=4k,' "$request"
CMDLINE='rd.fsconvert=root rd.fsconvert.on-error=shell' same 'policy' 'shell' \
	'fsconvert_cmdline; fsconvert_setting on-error'
for CMDLINE in 'rd.fsconvert=sideways' 'rd.fsconvert=root rd.fsconvert.colour=blue' 'rd.fsconvert' \
	'rd.fsconvert=root rd.fsconvert.nodesize=5k' 'rd.fsconvert=root rd.fsconvert.nodesize' 'rd.fsconvert=/dev/' \
	'rd.fsconvert=root rd.fsconvert.config=/missing' 'rd.fsconvert=UUID=' \
	'rd.fsconvert=root rd.fsconvert.grow=maybe'; do
	same "wrong: $CMDLINE" 'action:devices:settings:' "$request"
	said "$CMDLINE" 'wrong kernel arguments'
done
grow='fsconvert_cmdline; cat "$fsconvert_request/grow"'
CMDLINE='rd.fsconvert=root rd.fsconvert.grow=yes' same 'grow' 'yes' "$grow"
CMDLINE='rd.fsconvert=root rd.fsconvert.grow=yes rd.fsconvert.grow=no' same 'do not grow' '' "$grow"
unset CMDLINE
same 'waits for the root' '/dev/disk/UUID=0-1' 'fsconvert_cmdline; cat "$WORK/waited"'
same 'no root of a block device' '' 'rm -f "$WORK/waited"; root=nfs:server
	label_uuid_to_dev() { printf "%s\n" "$1"; }; fsconvert_cmdline; cat "$WORK/waited" 2> /dev/null || :'

# room SECTORS EXPECTED START SIZE [START SIZE]: behind the first partition of a disk with so many.
room() {
	local sectors=$1 expected=$2 number=0
	rm -rf "$work/disk"
	mkdir "$work/disk"
	echo "$sectors" > "$work/disk/size"
	shift 2
	while [ $# -gt 0 ]; do
		number=$((number + 1))
		mkdir "$work/disk/disk$number"
		echo "$1" > "$work/disk/disk$number/start"
		echo "$2" > "$work/disk/disk$number/size"
		shift 2
	done
	same "room of $expected" "$expected" 'fsconvert_room "$WORK/disk/disk1"'
}

room 100000 70000 10000 20000
room 100000 70000 10000 20000 2048 2048
room 100000 0 10000 20000 30000 1000

# fstab: devices by what the stand-in says that they hold.
fstab='fsconvert_spec_type() { case $1 in UUID=b) echo btrfs ;; LABEL=e) echo ext4 ;; *) return 1 ;; esac; }
mount() { echo "mount $*" >> "$WORK/said"; }
rm -rf "$WORK/root"; mkdir -p "$WORK/root/etc"; printf "%s" "$FSTAB" > "$WORK/root/etc/fstab"
chmod 640 "$WORK/root/etc/fstab"
[ -z "$OLD" ] || printf "%s\n" "$OLD" > "$WORK/root/etc/fstab.fsconvert-orig"
fsconvert_fit_fstab "$WORK/root"; cat "$WORK/root/etc/fstab"; stat -c %a "$WORK/root/etc/fstab"'
export OLD='' FSTAB='# <file system>
UUID=r / ext4 errors=remount-ro 0 1
UUID=b	/home	ext4	noatime,data=ordered	0	2
UUID=b /old ext3 errors=remount-ro
LABEL=e /srv ext4 defaults 0 2
/dev/x /x ext4 * 0 2
UUID=b /same btrfs subvol=/ 0 0'
same 'fstab' '# <file system>
UUID=r / ext4 errors=remount-ro 0 1
UUID=b /home btrfs noatime 0 0
UUID=b /old btrfs defaults 0 0
LABEL=e /srv ext4 defaults 0 2
/dev/x /x ext4 * 0 2
UUID=b /same btrfs subvol=/ 0 0
640' "$fstab"
[ "$(cat "$work/root/etc/fstab.fsconvert-orig")" = "$FSTAB" ] || fail "the old fstab is not kept"
FSTAB='UUID=r / btrfs defaults 0 0
LABEL=e	/srv btrfs compress=zstd,noatime 0 0'
same 'fstab of a roll back' 'UUID=r / btrfs defaults 0 0
LABEL=e /srv ext4 noatime 0 2
640' "$fstab"
OLD='LABEL=e  /srv ext4 errors=remount-ro 0 2'
same 'the old entry comes back' 'UUID=r / btrfs defaults 0 0
LABEL=e  /srv ext4 errors=remount-ro 0 2
640' "$fstab"
OLD=
FSTAB='LABEL=e /srv ext4 defaults 0 2'
same 'nothing to change' 'LABEL=e /srv ext4 defaults 0 2640' "$fstab"
[ ! -e "$work/root/etc/fstab.fsconvert-orig" ] || fail "a copy was made for nothing"

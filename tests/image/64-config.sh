#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The configuration and what it asks for before a conversion: faults end before any device is opened, the command line
# wins over --set and that over the file, a source that is not clean goes through e2fsck when that is allowed, and what
# would take too long is not begun.
# shellcheck source=tests/lib/refuse.sh
. "$(dirname "$0")/../lib/refuse.sh"

image=$work/image
config=$work/config

# ended STATUS REGEX...: the last run ended so, and each expression is in its output.
ended() {
	local want=$1 regex
	shift
	[ "$status" -eq "$want" ] || fail "status $status, not $want: $(cat "$work/log")"
	for regex; do
		grep -qE -- "$regex" "$work/log" || fail "no '$regex' is shown: $(cat "$work/log")"
	done
}

# bad REGEX TEXT: a configuration that must be refused. A device that is missing would give status 3 when opened.
bad() {
	printf '%b' "$2" > "$config"
	conv --config "$config" "$work/missing"
	ended 2 "$config:$1"
	conv --config "$config" --print-config
	ended 2 "$config:$1"
}

# program NAME: a stand-in for e2fsck, from standard input; it leaves a file NAME.ran.
program() {
	{
		printf '#!/bin/sh\n: > "%s.ran"\n' "$work/$1"
		cat
	} > "$work/$1"
	chmod 755 "$work/$1"
	rm -f "$work/$1.ran"
}

# preen ARGUMENT...: a conversion of what is not clean.
preen() {
	conv --set fsck=preen "$@"
}

# dirty NAME: a fresh copy of that file system with a journal to be replayed.
dirty() {
	cp --sparse=always "$work/$1" "$image"
}

say 'bad configurations end before the device is opened'
conv "$work/missing"
ended 3 'cannot be found'
bad '1: unknown key nodesizes' 'nodesizes = 16k\n'
bad '3: nodesize: 16kb is not a size' '# x\n\nnodesize = 16kb\n'
bad '2: label was given in line 1 already' 'label = a\nlabel = b\n'
bad '1: block-group-tree requires no-holes' 'features = bgt,^no-holes\n'
bad '2: byte 0x00 is no part of a text' 'label = a\n\0\0\0'
bad '1: longer than 4096 bytes' "label = $(printf '%05000d' 1)"
bad '1: this is not of the form' 'label'
head -c 20000 /dev/urandom > "$config"
conv --config "$config" "$work/missing"
ended 2 "$config:"
conv --config "$work" "$work/missing"
ended 2 'is not a regular file'
conv --config "$work/none" "$work/missing"
ended 2 'No such file'
mkfifo "$work/fifo"
conv --config "$work/fifo" "$work/missing"
ended 2 'is not a regular file'
conv --set zork=1 "$work/missing"
ended 2 '--set zork=1: unknown key zork'
conv --set 'nodesize=5k' "$work/missing"
ended 2 '--set nodesize=5k: illegal nodesize'

say 'who wins, and where it is said to come from'
printf 'label = file\nnodesize = 64k\ncomment = x\n' > "$config"
sed -i 3d "$config"
"$FSCONVERT" --print-config --config "$config" --set label=set -N 4k > "$work/log"
status=0
ended 0 '^nodesize = 4096   # option$' '^label = "set"   # --set$' '^uuid = copy   # default$'
"$FSCONVERT" --print-config --config "$work/log" | sed 's/ *# .*//' | diff <(sed 's/ *# .*//' "$work/log") - ||
	fail 'what is printed is not read back'
"$FSCONVERT" --print-config --json --config "$config" | python3 -c '
import json, sys
keys = json.load(sys.stdin)["keys"]
sys.exit(len(keys) != 17 or keys["label"] != {"value": "\"file\"", "from": sys.argv[1] + ":1"})' "$config" ||
	fail 'the JSON says something else'
ln -s "$(realpath "$FSCONVERT")" "$work/btrfs-convert"
! "$work/btrfs-convert" --set label=x "$work/missing" > "$work/log" 2>&1 || fail 'btrfs-convert has --set'
status=2
ended 2 "unrecognized option '--set'"

say 'a clean source is converted as the configuration says, without a run of e2fsck'
make_base base -t ext4
make_base plain -t ext4 -O ^metadata_csum,^uninit_bg,^extent,^64bit
cp --sparse=always "$work/base" "$image"
program must-not-run < /dev/null
convert --config "$config" --set fsck=preen --set metadata=single --e2fsck "$work/must-not-run" "$image"
[ ! -e "$work/must-not-run.ran" ] || fail 'e2fsck was run on a clean file system'
judge_check "$image"
btrfs inspect-internal dump-super "$image" > "$work/log"
ended 0 '^label[[:space:]]+file$' '^nodesize[[:space:]]+65536$'
preen --e2fsck "$work/must-not-run" "$image"
ended 3 'no ext2, ext3 or ext4'
[ ! -e "$work/must-not-run.ran" ] || fail 'e2fsck was run on btrfs'

say 'a journal to be replayed'
image=$(copy_of base)
mount_image ext4 rw "$image"
cp -a /etc/passwd "$mnt/dir/new"
mkdir "$mnt/dir/more"
seq 5000 > "$mnt/dir/more/numbers"
rm "$mnt/dir/second"
sync -f "$mnt"
cp --sparse=always "$image" "$work/unclean"
preen --e2fsck "$work/must-not-run" "$image"
ended 3 'mounted|loop'
preen --e2fsck "$work/must-not-run" "$loop"
ended 3 'mounted'
[ ! -e "$work/must-not-run.ran" ] || fail 'e2fsck was run on a mounted file system'
umount_image
dirty unclean
refuse_case 'by default' "$image" 'needs_recovery' --e2fsck "$work/must-not-run"
refuse_case 'when it is only asked' "$image" 'fsck = preen has e2fsck do' --check --set fsck=preen
refuse_case 'when it is rehearsed' "$image" 'fsck = preen has e2fsck do' --rehearse --set fsck=preen
cp --sparse=always "$image" "$work/replayed"
e2fsck -p "$work/replayed" > "$work/log" || fail "e2fsck: $(cat "$work/log")"
mount_image ext4 ro "$work/replayed"
if [ ! -e "$mnt/dir/more/numbers" ] || [ -e "$mnt/dir/second" ]; then
	fail 'the journal holds nothing'
fi
"$lib/manifest.py" --prealloc "$mnt" > "$work/manifest"
umount_image
preen --json "$image"
ended 0 '"e2fsck: .*recovering journal"' '"e2fsck":true'
judge_check "$image"
mount_image btrfs ro "$image"
"$lib/manifest.py" --prealloc --exclude ext2_saved "$mnt" > "$work/manifest.new"
umount_image
judge_same_manifest "$work/manifest" "$work/manifest.new"
convert -r "$image"
[ "$(e2fsck_report "$image" | tail -n 1)" = 'status 0' ] || fail 'what is rolled back is not clean'

say 'where e2fsck cannot be run'
truncate -s 1M "$work/disk"
cat "$work/unclean" >> "$work/disk"
refuse_case 'at an offset' "$work/disk" 'losetup --offset 1048576' --offset 1048576 --set fsck=preen
cp --sparse=always "$work/unclean" "$work/what?"
preen "$work/what?"
ended 3 'question mark'

say 'other states that e2fsck brings in order'
image=$(copy_of plain)
dbg "$image" 'ssv state 0'
preen "$image"
ended 0 'not unmounted cleanly'
image=$(copy_of plain)
dbg "$image" 'ssv state 3'
preen "$image"
ended 0 'marked as having errors'

say 'damage that it does not repair without questions'
image=$(copy_of plain)
dbg "$image" 'ssv state 3' "sif /dir/first block[0] $(block_of "$image" /dir/third)"
preen "$image"
ended 3 'e2fsck -p ended with status 4; run e2fsck -f' 'UNEXPECTED INCONSISTENCY' 'but for what e2fsck did'
[ "$(blkid -p -o value -s TYPE "$image")" = ext4 ] || fail 'it was converted'

say 'e2fsck itself'
dirty unclean
refuse_case 'missing' "$image" 'cannot be started: No such file .*--e2fsck' --set fsck=preen --e2fsck "$work/none"
program lies <<< 'exit 0'
refuse_case 'does nothing' "$image" 'has left it unclean' --set fsck=preen --e2fsck "$work/lies"
program fails <<< 'echo one; echo two >&2; exit 8'
refuse_case 'fails' "$image" 'status 8; .*words: one . two' --set fsck=preen --e2fsck "$work/fails"
program dies <<< "kill -KILL \$\$"
refuse_case 'dies' "$image" 'killed by signal 9; .*words: nothing' --set fsck=preen --e2fsck "$work/dies"
program reboots <<< "e2fsck \"\$@\"; exit 3"
preen --e2fsck "$work/reboots" "$image"
ended 0 'recovering journal'
program stopped <<< 'exit 32'
dirty unclean
preen --e2fsck "$work/stopped" "$image"
ended 1 'e2fsck was stopped'
program waits <<< 'exec sleep 60'
status=0
timeout --preserve-status 2 "$FSCONVERT" --set fsck=preen --e2fsck "$work/waits" "$image" > "$work/log" 2>&1 ||
	status=$?
ended 1 'e2fsck was stopped'

say 'what e2fsck must not touch'
image=$(copy_of plain)
dbg "$image" 'ssv state 0'
"$lib/patch.py" "$image" $((1024 + 0x60 + 3)) 00 40
preen --e2fsck "$work/must-not-run" "$image"
ended 4 'interrupted'
image=$(copy_of plain)
dbg "$image" 'ssv state 0'
"$lib/patch.py" "$image" $((1024 + 0x60 + 3)) 00 20
refuse_case 'unknown feature' "$image" 'unknown incompat' --set fsck=preen --e2fsck "$work/must-not-run"
head -c 1M /dev/urandom > "$image"
refuse_case 'no ext at all' "$image" 'no ext2' --set fsck=preen --e2fsck "$work/must-not-run"
[ ! -e "$work/must-not-run.ran" ] || fail 'e2fsck was run'

# A file whose blocks are holes of the image: it takes long to make checksums of, and no room on this disk. Only its
# extents are changed, from preallocated to written.
say 'the time it takes'
image=$work/long
mkext "$image" 12G -t ext4 -O ^metadata_csum,^uninit_bg
mount_image ext4 noinit_itable "$image"
fallocate -l 9G "$mnt/big"
umount_image
leaf=$(debugfs -R 'stat /big' "$image" 2> /dev/null | sed -n 's/^ *(ETB0):\([0-9]*\).*/\1/p')
[ -n "$leaf" ] || fail 'the file has no block of extents'
python3 - "$image" $((leaf * 4096)) << 'END'
import struct, sys
with open(sys.argv[1], "r+b") as f:
    for i in range(340):
        f.seek(int(sys.argv[2]) + 12 + 12 * i + 4)
        length = struct.unpack("<H", f.read(2))[0]
        f.seek(-2, 1)
        f.write(struct.pack("<H", length & 0x7fff))
END
before=$(stat -c %Y.%y "$image")
for option in --check --rehearse --no-progress; do
	conv "$option" --set checksum=sha256 --set max-time=1 "$image"
	ended 3 'estimated to take [0-9]+ more seconds, and max-time allows 1'
done
convert --check --set checksum=sha256 --set max-time=1h "$image"
ended 0 '^         time      about [0-9.]+ (s|min .*) from here on$'
convert --check --json "$image"
ended 0 '"estimate":\{"seconds":[0-9.]+,"read":9[0-9]{9},"write":[0-9]+,"rate":[0-9]+\}'
[ "$(stat -c %Y.%y "$image")" = "$before" ] || fail 'it was written to'

say 'installed once'
make -s install DESTDIR="$work/root" > "$work/log" 2>&1 || fail "make install: $(cat "$work/log")"
cmp configs/fsconvert.conf "$work/root/etc/fsconvert.conf"
echo 'label = mine' > "$work/root/etc/fsconvert.conf"
make -s install DESTDIR="$work/root" SYSCONFDIR=/etc > "$work/log" 2>&1 || fail "make install: $(cat "$work/log")"
[ "$(cat "$work/root/etc/fsconvert.conf")" = 'label = mine' ] || fail 'the configuration was overwritten'
[ -e "$work/root/usr/local/share/man/man5/fsconvert.conf.5" ] || fail 'no manual page'

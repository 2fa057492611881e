#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Roll back, resume, status and their refusals on the command line: what fsconvert and what btrfs-convert has made goes
# back to the source, block for block, after files were changed; what cannot go back is refused, unchanged; what was
# interrupted is finished or undone.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

requires btrfs-convert --help
image=$work/image

# ended STATUS LINE...: the last run of conv ended so and showed each LINE (a regular expression).
ended() {
	local want=$1 line
	shift
	[ "$status" -eq "$want" ] || fail "status $status, not $want: $(cat "$work/log")"
	for line; do
		grep -qE -- "$line" "$work/log" || fail "no '$line' is shown: $(cat "$work/log")"
	done
}

# status STATUS LINE...: --status of $image ends so and shows each LINE; nothing is written.
status() {
	local before
	before=$(checksum "$image")
	conv --status "$image"
	ended "$@"
	[ "$(checksum "$image")" = "$before" ] || fail "--status has changed the image"
}

# change: 3 changed or made, 1 removed; the folders around them are changed too.
change() {
	mount_image btrfs rw,noatime "$image"
	[ -e "$mnt/dir/b" ]
	dd if=/dev/urandom of="$mnt/dir/a" bs=4096 count=500 conv=notrunc status=none
	rm "$mnt/dir/b"
	mkdir "$mnt/new"
	dd if=/dev/urandom of="$mnt/new/file" bs=1M count=40 status=none
	umount_image
}

# may_roll_back: --check with -r, in either order, says yes and writes nothing.
may_roll_back() {
	local before
	before=$(checksum "$image")
	convert --check -r "$image"
	convert --rollback --check "$image"
	ended 0 '^Done     can be rolled back; nothing was written'
	[ "$(checksum "$image")" = "$before" ] || fail "--check -r has changed the image"
}

say "source"
mkext "$image" 600M -t ext4 -L source
fill "$image" --quick --skip manylinks --skip collisions
mount_image ext4 noinit_itable "$image"
mkdir "$mnt/dir"
head -c 5000000 /dev/urandom > "$mnt/dir/a"
head -c 100000 /dev/urandom > "$mnt/dir/b"
umount_image
remember "$image"
status 0 '^Holds    ext4$' '^ *label     "source"$'
refuse_case "ext4" "$image" "no btrfs that could be rolled back" -r
cp --sparse=always "$image" "$work/source"

say "converted by fsconvert, changed, rolled back"
convert "$image"
ended 0 "^         go back   fsconvert -r $image "
status 0 '^Holds    btrfs, made by fsconvert$' '^Back     ext4, kept in ext2_saved/image$' 'lost      nothing'
change
judge_check "$image"
may_roll_back
status 0 'lost      [1-9][0-9]* files' 'back too  1 files' "^Next     go back   fsconvert -r $image$"
convert --verify-all --json -r "$image"
ended 0 '"status":"rolled-back","exit":0'
python3 - "$work/log" <<'END' || fail "the JSON says something else: $(tail -n 1 "$work/log")"
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
what = lines[-1]["rollback"]
ok = what["made_by"] == "fsconvert" and what["type"] == "ext4" and what["label"] == "source"
# two files and two folders, and the root, which has a new entry
ok = ok and what["removed"] == 1 and what["changed"] == 5
sys.exit(0 if ok and "rollback" in [line["event"] for line in lines] else 1)
END
judge_unchanged "$image"
status 0 '^Holds    ext4$'

say "and converted again"
convert "$image"
judge_check "$image"
judge_tree "$image"

say "what is in use is not rolled back; its status can be told"
mount_image btrfs ro "$image"
conv -r "$loop"
ended 3 'it is mounted on'
conv --status "$loop"
ended 0 '^Holds    btrfs, made by fsconvert$'
umount_image

say "rolled back by the name btrfs-convert"
ln -s "$(realpath "$FSCONVERT")" "$work/btrfs-convert"
"$work/btrfs-convert" -r "$image" > "$work/log" 2>&1 || fail "$(cat "$work/log")"
diff - <(tail -n +3 "$work/log") <<END || fail "not the lines of that tool"
Open filesystem for rollback:
  Label:           source
  UUID:            $(blkid -p -o value -s UUID "$image")
  Restoring from:  ext2_saved/image
Rollback succeeded
END
judge_unchanged "$image"

say "converted by btrfs-convert"
btrfs-convert "$image" > "$work/peer" 2>&1 || fail "btrfs-convert: $(tail -n 5 "$work/peer")"
change
may_roll_back
status 0 '^Holds    btrfs, made by btrfs-convert$' 'back too  1 files'
convert -r "$image"
judge_unchanged "$image"

say "refused: a deleted image, a balance, damage, other file systems"
convert "$image"
cp --sparse=always "$image" "$work/converted"
mount_image btrfs rw "$image"
btrfs subvolume delete -c "$mnt/ext2_saved" > /dev/null
btrfs subvolume sync "$mnt" > /dev/null
umount_image
refuse_case "image deleted" "$image" "no subvolume 256|has been deleted" -r
status 0 '^Holds    btrfs$' '^Back     .*subvolume'

cp --sparse=always "$work/converted" "$image"
mount_image btrfs rw "$image"
btrfs balance start --full-balance "$mnt" > "$work/balance" 2>&1 || fail "balance: $(cat "$work/balance")"
umount_image
refuse_case "balanced" "$image" "lies at .* now \(a balance" -r
refuse_case "balanced, only asked" "$image" "lies at .* now \(a balance" --check -r
status 0 '^Holds    btrfs, made by fsconvert$' '^Back     .*a balance'
judge_check "$image"

# a data block of the saved image
cp --sparse=always "$work/converted" "$image"
mount_image btrfs ro "$image"
block=$(filefrag -b4096 -v "$mnt/dir/a" | awk '$1 == "0:" { sub(/\.\..*/, "", $4); print $4 }')
umount_image
printf x | dd of="$image" bs=1 seek=$((block * 4096 + 77)) conv=notrunc status=none
convert --check -r "$image"
refuse_case "damaged data" "$image" "block at $((block * 4096)).* is damaged" --verify-all -r

rm -f "$image"
truncate -s 300M "$image"
mkfs.btrfs -q "$image"
refuse_case "mkfs.btrfs" "$image" "no subvolume 256" -r
status 0 '^Holds    btrfs$' '^Back     .*no subvolume 256'

rm -f "$image"
truncate -s 8M "$image"
refuse_case "zeros" "$image" "no btrfs that could be rolled back" -r
status 3 '^Holds    nothing that fsconvert knows$'
conv --resume "$image"
ended 0 'nothing to resume'

# interrupt COMMAND...: a run of the debug build on $image ends at the first write that leaves the switch half done.
interrupt() {
	local nr
	for ((nr = 1; nr < 100; nr++)); do
		cp --sparse=always "$image.before" "$image"
		FSCONVERT_FAULT=kill_write=$nr "$FSCONVERT_DEBUG" "$@" "$image" > "$work/killed" 2>&1 &
		wait "$!" 2> "$work/killed" && fail "no write of '$*' leaves it half done"
		conv --status "$image"
		[ "$status" -ne 4 ] || return 0
	done
	fail "100 writes of '$*' leave it as it was"
}

# in_between: nothing but --resume deals with it.
in_between() {
	local options
	for options in '' --check --rehearse -r '--check -r'; do
		# shellcheck disable=SC2086
		conv $options "$image"
		ended 4 "run fsconvert --resume $image; nothing may mount"
	done
	status 4 "^Next     finish    fsconvert --resume $image   \\($1\\)$" \
		"^         undo      fsconvert --resume --undo $image   \\($2\\)$"
	! mount -o ro,loop "$image" "$mnt" 2> "$work/mount" || fail "the kernel mounts it"
}

[ -x "$FSCONVERT_DEBUG" ] || fail "no $FSCONVERT_DEBUG: run make debug"
rm -f "$image"*
mkext "$image" 100M -t ext4
mount_image ext4 noinit_itable "$image"
cp -r src "$mnt/src"
umount_image
remember "$image"

say "a conversion is interrupted"
cp --sparse=always "$image" "$image.before"
interrupt
status 4 '^Holds    an interrupted conversion from ext to btrfs$' 'marked    the superblock of ext$'
in_between btrfs ext4
cp --sparse=always "$image" "$work/half"
convert --resume --undo "$image"
ended 0 'the interrupted conversion is undone .* holds ext$'
judge_unchanged "$image"
cp --sparse=always "$work/half" "$image"
convert --resume "$image"
ended 0 'the interrupted conversion is finished .* holds btrfs$'
judge_check "$image"
judge_tree "$image"

say "a roll back is interrupted"
cp --sparse=always "$image" "$image.before"
interrupt -r
status 4 '^Holds    an interrupted roll back from btrfs to ext$' 'marked    the superblock of btrfs$'
in_between ext4 btrfs
cp --sparse=always "$image" "$work/half"
convert --resume --undo "$image"
ended 0 'the interrupted roll back is undone .* holds btrfs$'
judge_check "$image"
cp --sparse=always "$work/half" "$image"
convert --json --resume "$image"
ended 0 '"resume":\{"interrupted":true,"what":"rollback","holds":"ext"\}'
judge_unchanged "$image"

say "the record is damaged: the ways of the man page"
conv --json --status "$work/half"
record=$(sed -n 's/.*"record":\([0-9]*\).*/\1/p' "$work/log")
[ "$record" -gt 0 ]
cp --sparse=always "$work/half" "$image"
dd if=/dev/urandom of="$image" bs=4096 seek=$((record / 4096)) count=16 conv=notrunc status=none
status 4 'finish    not possible: both copies' 'undo      not possible: both copies'
conv --resume "$image"
ended 4 'both copies of the journal record .* are damaged'
btrfs-select-super -s 1 "$image" > "$work/select" 2>&1 || fail "$(cat "$work/select")"
judge_check "$image"
convert -r "$image"
judge_unchanged "$image"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The root's line of /etc/fstab is rewritten in the result: new content behind the old name, the old file beside it, and
# everything else as it was; the saved image, and what comes back from it, know nothing of that.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

image=$work/image
uuid=11111111-2222-3333-4444-555555555555
debian="# <file system> <mount point>   <type>  <options>       <dump>  <pass>
UUID=$uuid /               ext4    errors=remount-ro 0       1
/dev/sr0        /media/cdrom0   udf,iso9660 user,noauto     0       0
"
debian_new=${debian/ext4/btrfs}
debian_new=${debian_new/errors=remount-ro 0       1/defaults 0       0}

# make_root CONTENT COMMAND: an ext4 with a small system and that /etc/fstab; then COMMAND is run in /etc.
make_root() {
	mkext "$image" 96M -t ext4 -L root -U "$uuid"
	mount_image ext4 noinit_itable "$image"
	mkdir -p "$mnt/etc" "$mnt/usr/lib"
	echo machine > "$mnt/etc/hostname"
	printf %s "$1" > "$mnt/etc/fstab"
	(cd "$mnt/etc" && eval "${2:-:}")
	umount_image
	remember "$image"
}

# plain MANIFEST: without the lines of the two files.
plain() {
	grep -vE '^(/usr/lib|/etc)?/(table|fstab)(\.[a-z0-9-]*)? ' "$1"
}

# attributes FILE OPTIONS: what must be the same of the old and the new one.
attributes() {
	stat -c '%a %u %g %F' "$1"
	getfattr -d -m - --absolute-names "$1" | sed '/^# file/d' | sort
	lsattr "$1" | sed "s| .*||; s|[e-]||g"
}

# judge_rewritten NEW [PATH [KEPT]]: the file has that content; the old one is beside it as it was, all other files too;
# and the ways back lead to the source.
judge_rewritten() {
	local path=${2:-etc/fstab} kept=${3:-} old=$work/old
	kept=${kept:-$path.fsconvert-orig}
	judge_check "$image"
	mount_image ext4 ro,noload "$image.orig"
	cp -a --preserve=all "$mnt/$path" "$old"
	stat -c '%h %X %Y %Z %W' "$mnt/$path" > "$work/old-times"
	attributes "$mnt/$path" > "$work/old-attributes"
	umount_image
	mount_image btrfs ro "$image"
	[ "$(cat "$mnt/$path"; printf x)" = "$1x" ] || fail "the new file is: $(cat "$mnt/$path")"
	cmp "$old" "$mnt/$kept" || fail "the old file has changed"
	attributes "$mnt/$path" | diff "$work/old-attributes" - || fail "the new file has other attributes"
	attributes "$mnt/$kept" | diff "$work/old-attributes" - || fail "the old file has other attributes"
	stat -c '%h %X %Y %Z %W' "$mnt/$kept" | diff "$work/old-times" - || fail "the old file has other times"
	[ "$(stat -c %h "$mnt/$path")" = 1 ] || fail "the new file has several names"
	[ "$(stat -c %X "$mnt/$path")" = "$(cut -d ' ' -f 2 "$work/old-times")" ] || fail "it was read later"
	"$lib/manifest.py" --prealloc --exclude ext2_saved "$mnt" > "$image.new"
	judge_same_manifest <(plain "$image.manifest") <(plain "$image.new")
	judge_saved_image "$image"
	umount_image
	judge_rollback "$image"
	cp --sparse=always "$image" "$image.converted"
	conv --check -r "$image"
	grep -q 'lost      nothing' "$work/log" || fail "a roll back would lose: $(cat "$work/log")"
	convert -r "$image"
	judge_unchanged "$image"
	mv "$image.converted" "$image"
}

# judge_kept: nothing was changed.
judge_kept() {
	judge_check "$image"
	judge_tree "$image"
}

say "Debian's own line"
attributes_of_all_kinds() {
	chmod 640 fstab
	chown 3:4 fstab
	chattr +A fstab
	setfacl -m u:7:r fstab
	setfattr -n user.big -v "$(printf %0900d 1)" fstab
	setfattr -n security.selinux -v system_u:object_r:etc_t:s0 fstab
}
make_root "$debian" attributes_of_all_kinds
convert "$image"
grep -qxF "Changed  fstab     line 2 of /etc/fstab; the old file is kept as fstab.fsconvert-orig" "$work/log" ||
	fail "not told: $(cat "$work/log")"
judge_rewritten "$debian_new"
mount_image btrfs rw "$image"
echo >> "$mnt/etc/fstab"
write_something
scrub
[ "$(stat -c %i "$mnt/etc/fstab")" -lt 1000000 ] || fail 'its inode number is huge'
umount_image
judge_check "$image"
# and the root directory, which has been written to
conv --check -r "$image"
grep -q 'lost      2 files and folders' "$work/log" || fail "a changed fstab is no loss: $(cat "$work/log")"

say 'told as JSON'
cp --sparse=always "$image.orig" "$image"
convert --check --json "$image"
python3 - "$work/log" <<'END' || fail "the JSON says something else: $(tail -n 1 "$work/log")"
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
for event in "plan", "result":
    what = [line for line in lines if line["event"] == event][0]["fstab"]
    assert what["path"] == "/etc/fstab" and what["kept"] == "fstab.fsconvert-orig", what
    assert what["line"] == 2 and what["lines"] == 1 and " ext4 " in what["old"] and " btrfs " in what["new"], what
END

say 'with other options'
for options in '-n' '-N 4096' '-O ^extref,^no-holes -N 4096 -d' '-N 65536 --csum sha256' '-i'; do
	cp --sparse=always "$image.orig" "$image"
	# shellcheck disable=SC2086
	convert $options "$image"
	judge_check "$image"
	mount_image btrfs rw "$image"
	[ "$(cat "$mnt/etc/fstab"; printf x)" = "${debian_new}x" ] || fail "$options: $(cat "$mnt/etc/fstab")"
	write_something
	scrub
	umount_image
	convert -r "$image"
	judge_unchanged "$image"
done

say 'a new UUID and a new label'
cp --sparse=always "$image.orig" "$image"
convert --uuid new -l other "$image"
mount_image btrfs ro "$image"
grep -q "^UUID=$(blkid -p -o value -s UUID "$image") / *btrfs" "$mnt/etc/fstab" || fail "$(cat "$mnt/etc/fstab")"
umount_image

# rewrites NAME CONTENT NEW COMMAND [PATH [KEPT]]
rewrites() {
	say "$1"
	make_root "$2" "$4"
	convert "$image"
	judge_rewritten "$3" "${@:5}"
}

rewrites 'no newline, tabs, CRLF' $'\t/dev/vda2\t/\text3 data=journal,ro\r\n/dev/vda2 / ext4' \
	$'\t/dev/vda2\t/\tbtrfs ro\r\n/dev/vda2 / btrfs' :
rewrites 'hard links' "$debian" "$debian_new" 'ln fstab ../table; ln fstab fstab-too; ln fstab a'
mount_image btrfs ro "$image"
for name in table etc/fstab-too etc/a; do
	[ "$mnt/$name" -ef "$mnt/etc/fstab.fsconvert-orig" ] || fail "$name is another file now"
done
umount_image
rewrites 'names are taken' "$debian" "$debian_new" \
	'touch fstab.fsconvert-orig fstab.fsconvert-orig1 fstab.fsconvert-orig3 fstab.fsconvert-orig02' \
	etc/fstab etc/fstab.fsconvert-orig2
rewrites 'a symlink' "$debian" "$debian_new" 'mv fstab ../usr/lib/table; ln -s ../usr/./lib/table fstab' usr/lib/table
rewrites 'absolute symlinks' "$debian" "$debian_new" \
	'mv fstab ../usr/lib/table; ln -s /lib/table fstab; ln -s usr/lib ../lib' usr/lib/table
rewrites 'a symlink to the top' "$debian" "$debian_new" 'mv fstab ../table; ln -s ../../table fstab' table
many_names() {
	local i
	for ((i = 0; i < 3000; i++)); do
		: > "$(printf %0100d "$i")"
	done
	rm 0*[2-9]
}
rewrites 'a large directory' "$debian" "$debian_new" many_names
# names with the hash of the kept one share its item
names_of_one_hash() {
	PYTHONPATH=$lib python3 -c "if True:
		import oslib
		for name in oslib.colliding_names(40, 100, oslib.crc_update(oslib.NAME_SEED, b'fstab.fsconvert-orig')):
			open(name, 'xb').close()"
}
rewrites 'names with one hash' "$debian" "$debian_new" names_of_one_hash

say 'the longest that there can be, and one byte more'
long=$(printf '# %05000d' 7)
for size in 3949 4095; do
	new="/dev/a / btrfs defaults"
	make_root "/dev/a / ext4 defaults"$'\n'"${long:0:size-${#new}-1}"
	nodesize=4096
	[ "$size" = 3949 ] || nodesize=16384
	convert -N "$nodesize" "$image"
	mount_image btrfs rw "$image"
	[ "$(stat -c %s "$mnt/etc/fstab")" = "$size" ] || fail "size $(stat -c %s "$mnt/etc/fstab"), not $size"
	[ "$(head -n 1 "$mnt/etc/fstab")" = "$new" ] || fail "$(head -n 1 "$mnt/etc/fstab")"
	write_something
	scrub
	umount_image
	judge_check "$image"
	make_root "/dev/a / ext4 defaults"$'\n'"${long:0:size-${#new}}"
	refuse_case "$size" "$image" "/etc/fstab has $((size + 1)) bytes, .* more than $size .* line 1" -N "$nodesize"
done

say 'left as it is'
make_root "${debian_new}"
convert "$image"
judge_kept
for other in 'rm fstab' 'rm fstab; mkdir fstab' 'rm fstab; ln -s /nowhere fstab' 'rm fstab; ln -s fstab fstab' \
	'printf "/dev/a / ext4\n\0" > fstab' 'truncate -s 2G fstab' 'rm fstab; mknod fstab p' \
	'sed -i s/1111/2222/ fstab' 'echo / ext4 > fstab' ': > fstab'; do
	make_root "$debian" "$other"
	convert "$image"
	! grep -q '^Changed' "$work/log" || fail "$other: $(cat "$work/log")"
	judge_kept
done

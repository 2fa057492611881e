#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the image tests share: preconditions, cleaning up, making ext images, and the judges, none of which is our own
# code: the kernel, btrfs check, e2fsck, and the rollback of btrfs-progs. Source it first; it changes to the top of the
# tree and sets up
#
#     $work   an empty directory on disk, removed at the end; its name has no blanks
#     $mnt    a mount point in it
#
# Environment: FSCONVERT (default build/fsconvert), TMPDIR (default /var/tmp; needs a few GiB), KEEP=1 to keep $work.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

lib=$PWD/tests/lib
FSCONVERT=${FSCONVERT:-build/fsconvert}
FSCONVERT_DEBUG=${FSCONVERT_DEBUG:-build/debug/fsconvert}
cleanups=()
loop=
attached=

# --- ends ---

fail() {
	printf 'FAIL: %s\n' "$*" >&2
	exit 1
}

# skip REASON: ends the test as skipped.
skip() {
	printf 'skipped: %s\n' "$*"
	exit 77
}

# requires COMMAND ARGUMENT...: runs it, skips the test if it fails.
requires() {
	"$@" > /dev/null 2>&1 || skip "needs '$*'"
}

# cleanup_fn COMMAND ARGUMENT...: runs it when the test ends, last come first.
cleanup_fn() {
	cleanups+=("$(printf '%q ' "$@")")
}

run_cleanups() {
	local status=$? i
	set +e
	for ((i = ${#cleanups[@]} - 1; i >= 0; i--)); do
		eval "${cleanups[i]}"
	done
	exit "$status"
}

say() {
	printf -- '--- %s\n' "$*"
}

# --- loop devices and mounts ---

# attach IMAGE LOSETUP-OPTION...: sets $loop. Another test may take the free device first, so it tries again.
attach() {
	local image=$1 try
	shift
	attached=$image
	for try in 1 2 3 4 5; do
		if loop=$(losetup --find --show "$@" "$image"); then
			return 0
		fi
		sleep "$try"
	done
	fail "no loop device for $image"
}

# The kernel detaches when the last user has gone: other programs look into all devices, and may hold this one for a
# moment.
detach() {
	local try
	[ -n "$loop" ] || return 0
	losetup -d "$loop"
	loop=
	for ((try = 0; try < 200; try++)); do
		[ -n "$(losetup -j "$attached")" ] || return 0
		sleep 0.1
	done
	fail "$attached stays attached: $(losetup -j "$attached")"
}

release() {
	! mountpoint -q "$mnt" || umount "$mnt"
	detach
}

# mount_image TYPE OPTIONS IMAGE: at $mnt. The kernel's messages about the device are judged by umount_image.
mount_image() {
	attach "$3"
	printf 'mounting %s for %s\n' "$loop" "$work" > /dev/kmsg
	mount -t "$1" -o "$2" "$loop" "$mnt" || fail "the kernel does not mount $3 as $1 ($2): $(dmesg | tail -n 3)"
}

umount_image() {
	local device=${loop#/dev/} complaints
	umount "$mnt"
	# once detached, another test may get this device
	complaints=$(dmesg | awk -v mark="mounting /dev/$device for $work" 'index($0, mark) { text = ""; next }
		{ text = text "\n" $0 } END { print text }' |
		grep -E "BTRFS.*(error|critical|corrupt|warning).*\(device $device\b" |
		grep -v 'space cache v1 is being deprecated' || :)
	detach
	[ -z "$complaints" ] || fail "the kernel complains: $complaints"
}

# --- sources ---

# mkext IMAGE SIZE MKE2FS-OPTION...: blocks of 4096 bytes unless the options say otherwise.
mkext() {
	local image=$1 size=$2
	shift 2
	rm -f "$image"
	truncate -s "$size" "$image"
	mke2fs -q -F -b 4096 "$@" "$image" < /dev/null > "$work/mke2fs" 2>&1 || fail "mke2fs $*: $(cat "$work/mke2fs")"
}

# fill IMAGE POPULATE-OPTION...: through the kernel.
fill() {
	local image=$1
	shift
	mount_image ext4 noinit_itable "$image"
	"$lib/populate.py" "$@" "$mnt"
	umount_image
}

# Same content without a kernel, for what it does not mount: IMAGE SIZE MKE2FS-OPTION... The tree is on an ext4, so that
# what it can hold does not depend on what $work is on.
mkext_with_tree() {
	local image=$1 size=$2
	shift 2
	if [ ! -d "$work/tree" ]; then
		mkdir "$work/tree"
		mkext "$work/tree.ext4" 256M -t ext4
		mount -o loop,noinit_itable "$work/tree.ext4" "$work/tree"
		cleanup_fn umount "$work/tree"
		rmdir "$work/tree/lost+found"
		"$lib/populate.py" --quick --skip times --skip deep --skip sparse --skip prealloc --skip fragments \
			--skip flags --skip manylinks --skip collisions "$work/tree"
		# mke2fs makes a file of its own for each name of a symbolic link
		rm "$work/tree/links/a/symlink"
	fi
	mkext "$image" "$size" -d "$work/tree" "$@"
}

# remember IMAGE: what the judges compare with: IMAGE.orig, IMAGE.manifest, IMAGE.unwritten, IMAGE.e2fsck.
remember() {
	local image=$1
	cp --sparse=always "$image" "$image.orig"
	mount_image ext4 ro,noload "$image"
	"$lib/manifest.py" --prealloc "$mnt" > "$image.manifest"
	"$lib/usedblocks.py" unwritten "$mnt" > "$image.unwritten"
	umount_image
	e2fsck_report "$image" > "$image.e2fsck"
}

# The report of a forced, read-only check and its status, without the image's name. e2fsck can hang: see the timeout.
e2fsck_report() {
	local status=0 text
	text=$(timeout -s KILL 300 e2fsck -fn "$1" 2>&1) || status=$?
	printf '%s\nstatus %d\n' "${text//"$1"/IMAGE}" "$status" | grep -v '^e2fsck '
}

# --- converting ---

# conv ARGUMENT...: the log is in $work/log, the status in $status.
conv() {
	status=0
	timeout -s KILL 500 "$FSCONVERT" "$@" > "$work/log" 2>&1 < /dev/null || status=$?
}

# convert ARGUMENT...: must succeed.
convert() {
	conv "$@"
	[ "$status" -eq 0 ] || fail "fsconvert $* ends with $status: $(tail -n 20 "$work/log")"
}

checksum() {
	sha256sum < "$1"
}

# refuse_case NAME IMAGE REGEX OPTION...: status 3, a message that matches, and not one byte changed.
refuse_case() {
	local name=$1 image=$2 regex=$3 before
	shift 3
	before=$(checksum "$image")
	conv "$@" "$image"
	[ "$status" -eq 3 ] || fail "$name: status $status, not 3: $(tail -n 5 "$work/log")"
	grep -qiE -- "$regex" "$work/log" || fail "$name: no message like '$regex': $(tail -n 5 "$work/log")"
	[ "$(checksum "$image")" = "$before" ] || fail "$name: the image was changed"
	printf 'refused %s: %s\n' "$name" "$(grep -iE -m 1 -- "$regex" "$work/log")"
}

# --- judges ---

# judge_check IMAGE: btrfs check with both engines, data checksums, and no warning.
judge_check() {
	local image=$1 mode
	for mode in original lowmem; do
		if [ "$mode" = lowmem ] && [ "${JUDGE_LOWMEM:-1}" = 0 ]; then
			continue
		fi
		btrfs check --check-data-csum --mode="$mode" "$image" > "$work/check" 2>&1 ||
			fail "btrfs check ($mode) of $image: $(tail -n 20 "$work/check")"
		! grep -iE 'warning|error' "$work/check" | grep -v 'no error found' > "$work/complaints" ||
			fail "btrfs check ($mode) of $image: $(head -n 20 "$work/complaints")"
	done
}

judge_same_manifest() {
	diff "$1" "$2" > "$work/diff" ||
		fail "$(grep -c '^[<>]' "$work/diff") manifest lines differ: $(head -n 12 "$work/diff" | cut -c 1-300)"
}

# judge_saved_image IMAGE: the file ext2_saved/image on the mounted file system is the source.
judge_saved_image() {
	local image=$1 saved=$mnt/ext2_saved/image
	e2fsck_report "$saved" | diff "$image.e2fsck" - || fail "e2fsck judges the saved image otherwise"
	"$lib/usedblocks.py" compare --holes --unwritten "$image.unwritten" "$image.orig" "$saved" > "$work/used" ||
		fail "the saved image is not the source: $(head -n 5 "$work/used")"
}

# judge_tree IMAGE [FILTER]: what the kernel shows of it is what it showed of the source, but for what FILTER takes
# away; the saved image is the source.
judge_tree() {
	local image=$1 filter=${2:-cat}
	mount_image btrfs ro "$image"
	"$lib/manifest.py" --prealloc --exclude ext2_saved "$mnt" > "$image.new"
	judge_same_manifest <("$filter" < "$image.manifest") "$image.new"
	judge_saved_image "$image"
	umount_image
}

# judge_unchanged IMAGE: still the source, each used byte of it.
judge_unchanged() {
	local image=$1
	"$lib/usedblocks.py" compare --unwritten "$image.unwritten" "$image.orig" "$image" > "$work/used" ||
		fail "$image has changed: $(head -n 5 "$work/used")"
	e2fsck_report "$image" | diff "$image.e2fsck" - || fail "e2fsck judges $image otherwise"
	mount_image ext4 ro,noload "$image"
	"$lib/manifest.py" --prealloc "$mnt" > "$image.new"
	umount_image
	judge_same_manifest "$image.manifest" "$image.new"
}

# judge_rollback IMAGE: on a copy, with the tool of btrfs-progs.
judge_rollback() {
	local image=$1 copy=$1.back suffix
	cp --sparse=always "$image" "$copy"
	btrfs-convert -r "$copy" > "$work/rollback" 2>&1 || fail "btrfs-convert -r: $(tail -n 5 "$work/rollback")"
	for suffix in orig manifest unwritten e2fsck; do
		ln -f "$image.$suffix" "$copy.$suffix"
	done
	judge_unchanged "$copy"
	rm -f "$copy" "$copy".*
}

# Writes of every kind, so that the kernel's own code runs over all trees.
write_something() {
	mkdir "$mnt/.new"
	dd if=/dev/urandom of="$mnt/.new/data" bs=1M count="${WRITE_MIB:-8}" status=none
	cp --reflink=always "$mnt/.new/data" "$mnt/.new/clone"
	ln "$mnt/.new/data" "$mnt/.new/name"
	mv "$mnt/.new/name" "$mnt/.new/renamed"
	setfattr -n user.new -v value "$mnt/.new/data"
	touch "$mnt/.new/small"
	btrfs subvolume snapshot "$mnt" "$mnt/.new/snapshot" > /dev/null
	sync -f "$mnt"
	btrfs subvolume delete -C "$mnt/.new/snapshot" > /dev/null
	rm -r "$mnt/.new"
	sync -f "$mnt"
}

scrub() {
	btrfs scrub start -B "$mnt" > "$work/scrub" 2>&1 || fail "scrub: $(cat "$work/scrub")"
	grep -q 'no errors found' "$work/scrub" || fail "scrub: $(cat "$work/scrub")"
}

# judge_rw IMAGE: mounted for writing it works, and stays sound.
judge_rw() {
	local image=$1
	mount_image btrfs rw "$image"
	write_something
	scrub
	umount_image
	judge_check "$image"
}

# judge_finish IMAGE [BALANCE-OPTION...]: the saved image can be deleted, everything balanced, and files are as before.
judge_finish() {
	local image=$1
	shift
	mount_image btrfs rw,noatime "$image"
	btrfs subvolume delete -C "$mnt/ext2_saved" > /dev/null || fail "the saved image cannot be deleted"
	btrfs subvolume sync "$mnt" > /dev/null
	btrfs balance start "${@:---full-balance}" "$mnt" > "$work/balance" 2>&1 ||
		fail "balance: $(cat "$work/balance")"
	scrub
	umount_image
	judge_check "$image"
	mount_image btrfs ro "$image"
	"$lib/manifest.py" --prealloc "$mnt" > "$image.new"
	umount_image
	# the root directory has been written to
	judge_same_manifest <(grep -v '^/ ' "$image.manifest") <(grep -v '^/ ' "$image.new")
}

# judge_converted IMAGE [FILTER]: all judges, one after the other; the image is written to in the end.
judge_converted() {
	judge_check "$1"
	judge_tree "$1" "${2:-cat}"
	judge_rollback "$1"
	judge_rw "$1"
}

# --- beginning ---

trap run_cleanups EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
[ "$(id -u)" -eq 0 ] || skip "needs root, for loop mounts"
for filesystem in ext4 btrfs; do
	grep -qw "$filesystem" /proc/filesystems || modprobe "$filesystem" 2> /dev/null ||
		skip "the kernel has no $filesystem"
done
[ -x "$FSCONVERT" ] || command -v "$FSCONVERT" > /dev/null || fail "no $FSCONVERT: run make"
work=$(mktemp -d "${TMPDIR:-/var/tmp}/fsconvert-test.XXXXXX")
[ "${KEEP:-0}" = 1 ] || cleanup_fn rm -rf "$work"
mnt=$work/mnt
mkdir "$mnt"
cleanup_fn release

# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with the scripts
# SPDX-License-Identifier: GPL-2.0-or-later
# What the scripts share that make an initramfs. Sourced.

deps=$(realpath "${DEPS:-build/deps}")

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# put SOURCE TARGET [MODE]: a copy in $tree, with a mode of its own. (The module of dracut has a function install.)
put() {
	command install -D -m "${3:-0755}" "$1" "$tree/$2"
}

# pack FOLDER [PATTERN]: a cpio archive of it on standard output, without entries for the folders that match the
# pattern. Names are sorted, owners and times fixed, so that the same files make the same bytes.
pack() {
	find "$1" -exec touch -h -d @0 {} +
	(cd "$1" && find . -mindepth 1 ! \( -type d -path "./${2:-none}" \) -printf '%P\0' | LC_ALL=C sort -z |
		cpio --null --create --format=newc --owner=0:0 --reproducible --quiet) | gzip -9n
}

# unpack_busybox FOLDER: its file is FOLDER/bin/busybox then.
unpack_busybox() {
	local package
	package=$(awk '$1 == "busybox-static" { print $4 }' initramfs/packages.pins)
	dpkg-deb -x "$deps/packages/$package" "$1"
}

# add_modules FOLDER TARGET: of the modules in FOLDER, the /lib/modules/VERSION of a kernel, those in modules.list and
# what they need, below $tree/TARGET, with as much of an index as busybox reads. Compressed ones are unpacked, as the
# archive is compressed as a whole.
add_modules() {
	local from=$1 version target file
	version=$(basename "$(realpath "$1")")
	target=$tree/$2/$version
	[ -e "$from/modules.dep" ] || die "$from has no modules.dep: run depmod"
	mkdir -p "$target"
	modules_wanted "$from" < initramfs/modules.list > "$tree.modules"
	while read -r file; do
		mkdir -p "$target/${file%/*}"
		case $file in
		*.xz) xz -dc "$from/$file" > "$target/${file%.xz}" ;;
		*.zst) zstd -qdc "$from/$file" > "$target/${file%.zst}" ;;
		*.gz) gzip -dc "$from/$file" > "$target/${file%.gz}" ;;
		*) cp "$from/$file" "$target/$file" ;;
		esac
	done < "$tree.modules"
	awk -F : 'NR == FNR { wanted[$0]; next } $1 in wanted' "$tree.modules" "$from/modules.dep" |
		sed -E 's/[.]ko[.][a-z]+/.ko/g' > "$target/modules.dep"
	sed -E 's#.*/##; s/[.]ko.*//; y/-/_/' "$tree.modules" |
		awk 'NR == FNR { wanted[$1]; next } $3 in wanted' - "$from/modules.alias" > "$target/modules.alias"
	rm "$tree.modules"
	find "$target" -type f -exec chmod 0644 {} +
}

# modules_wanted FOLDER: of the modules there, the files of those that are listed on standard input, and of what these
# need, one a line.
modules_wanted() {
	sed 's/#.*//' | tr -s ' \t' '\n' | grep . |
		awk -v dep="$1/modules.dep" '
			# the name of a module by its file
			function name(file) {
				sub(/.*\//, "", file)
				sub(/[.]ko([.][a-z]+)?$/, "", file)
				gsub(/-/, "_", file)
				return file
			}
			{
				if (sub(/\/$/, ""))
					folders["kernel/" $0 "/"]
				else {
					gsub(/-/, "_")
					names[$0]
				}
			}
			END {
				while ((getline line < dep) > 0) {
					nr = split(line, part, /:? +|:$/)
					wanted = name(part[1]) in names
					for (folder in folders)
						wanted = wanted || index(part[1], folder) == 1
					for (i = 1; wanted && i <= nr; i++)
						if (part[i] != "")
							print part[i]
				}
			}' | LC_ALL=C sort -u
}

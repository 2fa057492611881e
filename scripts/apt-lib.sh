# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Helpers around apt, sourced by the other scripts.

# Prints apt's configuration files that list archives, one a line.
apt_source_files() {
	local file
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
		if [ -r "$file" ]; then
			printf '%s\n' "$file"
		fi
	done
}

# Prints the hosts of the archives and proxies that apt uses here, one a line.
archive_hosts() {
	local files
	files=$(apt_source_files)
	# shellcheck disable=SC2086 # one word for each file
	{ [ -z "$files" ] || cat $files; env | grep -i '^[a-z]*_proxy=' || :; apt-config dump 2>/dev/null || :; } |
		sed -nE 's#^.*://([^/: ]*@)?([^/: ";]+[.][^/: ";]+).*$#\2#p' | sort -u
}

# A filter for what apt prints: which archive a machine uses is nobody's business, so addresses and the hosts they
# name become "archive".
apt_filter() {
	local script='s#[a-z+]+://[^ ]+#archive#g; s#[0-9]{1,3}(\.[0-9]{1,3}){3}(:[0-9]+)?#archive#g' host
	for host in $(archive_hosts); do
		script="$script; s#${host//./\\.}(:[0-9]+)?#archive#g"
	done
	sed -E "$script"
}

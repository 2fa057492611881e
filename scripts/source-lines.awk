# SPDX-License-Identifier: GPL-2.0-or-later
# From a one-line-style list of archives: the lines of this release (variable suite), for source packages.
$1 != "deb" && $1 != "deb-src" { next }
{
	line = $0
	sub(/^[ \t]*deb(-src)?[ \t]+/, "", line)
	rest = line
	sub(/^\[[^]]*\][ \t]*/, "", rest)
	if (split(rest, field, /[ \t]+/) < 2)
		next
	if (field[2] ~ "^(" suite "|stable|testing|unstable|sid)($|[-/])" && !seen[line]++)
		print "deb-src " line
}

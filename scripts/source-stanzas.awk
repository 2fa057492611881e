# SPDX-License-Identifier: GPL-2.0-or-later
# From a deb822 list of archives: the stanzas of this release (variable suite), for source packages.
BEGIN { RS = ""; ORS = "\n\n" }
/(^|\n)Enabled:[ \t]*(no|false)/ { next }
{
	if (!match($0, /(^|\n)Suites:[^\n]*/))
		next
	suites = substr($0, RSTART, RLENGTH) " "
	if (suites !~ "[: \t](" suite "|stable|testing|unstable|sid)[-/ \t]")
		next
	gsub(/(^|\n)Types:[^\n]*/, "\nTypes: deb-src")
	sub(/^\n/, "")
	print
}

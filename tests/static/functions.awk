# SPDX-License-Identifier: GPL-2.0-or-later
# Finds C functions longer than max_lines (opening to closing brace) or with more than max_parameters. Relies on the
# house style: a function's braces stand alone in the first column.
FNR == 1 { signature = ""; inside = 0 }
/^\{/ && signature ~ /\)[ \t]*$/ {
	inside = 1
	start = FNR
	parameters = signature
	sub(/^[^(]*\(/, "", parameters)
	if (parameters !~ /\(/ && gsub(/,/, ",", parameters) + 1 > max_parameters)
		printf "%s:%d: more than %d parameters\n", FILENAME, FNR, max_parameters
	next
}
/^\}/ {
	if (inside && FNR - start - 1 > max_lines)
		printf "%s:%d: function of %d lines, the limit is %d\n", FILENAME, start, FNR - start - 1, max_lines
	inside = 0
	signature = ""
	next
}
inside { next }
/^[ \t]*$|;[ \t]*$|^#|^\/\*|^ \*/ { signature = ""; next }
{ signature = signature $0 }

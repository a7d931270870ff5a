# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What several scripts need.

: "${top:?must be the directory of the project}"

# Says why, and ends the script.
die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 2
}

# The comment at the head of a script is its help.
help_from()
{
	sed -n '3,/^$/{ s/^# \{0,1\}//p }' "$1"
}

as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo -- "$@"
	else
		die "\"$1\" needs root: run this as root, or install sudo"
	fi
}

# The project's files (committed, or about to be) that match git patterns.
files()
{
	# The caller may be root in somebody else's clone.
	git -c safe.directory='*' -C "$top" ls-files --cached --others \
		--exclude-standard -- "$@" | sort -u |
		while IFS= read -r file; do
			# A file deleted but not yet committed is listed still.
			[ -f "$top/$file" ] && printf '%s\n' "$file"
		done
}

# Adds up what `ctest --output-junit` wrote: "PASSED FAILED SKIPPED".  A cmocka
# program counts as its test functions, any other test as one.
count_tests()
{
	awk '
		function finish() {
			if (status == "")
				return
			if (status == "run") {
				passed += oks ? oks : 1
			} else if (status == "fail") {
				passed += oks
				failed += bad ? bad : 1
			} else if (status == "disabled") {
				skipped++
			} else {
				# Not run: its program was not built.
				failed++
			}
			skipped += skips
			status = ""; oks = bad = skips = 0
		}
		/<testcase / {
			finish()
			status = $0
			sub(/.* status="/, "", status); sub(/".*/, "", status)
		}
		/\[  PASSED  \] [0-9]+ test\(s\)/ { oks += number($0, "PASSED") }
		/\[  FAILED  \] [0-9]+ test\(s\)/ { bad += number($0, "FAILED") }
		/\[  SKIPPED \] [0-9]+ test\(s\)/ { skips += number($0, "SKIPPED") }
		function number(line, word) {
			sub(".*\\[  " word " *\\] ", "", line)
			return line + 0
		}
		END { finish(); print passed + 0, failed + 0, skipped + 0 }' "$@"
}

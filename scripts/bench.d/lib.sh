# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
# For the benches alone.

# Seconds that a command took, on standard output; its own output is gone.
# It must succeed.
seconds()
{
	_start=$(date +%s.%N)
	"$@" >/dev/null 2>&1 || {
		echo "bench: failed: $*" >&2
		exit 1
	}
	_end=$(date +%s.%N)
	awk "BEGIN { printf \"%.3f\n\", $_end - $_start }"
}

# Reads lines "a b" of seconds; says the ratio a/b, its median and spread.
ratio()
{
	awk '{ printf "%.4f %s %s\n", $1 / $2, $1, $2 }' | sort -n |
		awk -v what="$1" '
		{ r[NR] = $1; a[NR] = $2; b[NR] = $3 }
		END {
			m = int((NR + 1) / 2)
			printf "%-58s %6.2f  [%.2f..%.2f]  n=%d  (%.2f s / %.2f s)\n",
			    what, r[m], r[1], r[NR], NR, a[m], b[m]
		}'
}

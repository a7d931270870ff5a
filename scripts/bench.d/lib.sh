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

# Seconds of processor time, in it and in the kernel, that a command and its
# children took; else as above.
processor_seconds()
{
	python3 - "$@" <<'EOF'
import resource, subprocess, sys
def used():
    u = resource.getrusage(resource.RUSAGE_CHILDREN)
    return u.ru_utime + u.ru_stime
before = used() # of a python3 that is a script, and ran others
r = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
if r.returncode != 0:
    sys.exit("bench: failed: " + " ".join(sys.argv[1:]))
print("%.4f" % (used() - before))
EOF
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

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

can_jail()
{
	as_root setpriv --reuid=65534 --clear-groups unshare --user true \
		2>/dev/null
}

# leave_chroot SCRIPT [ARGUMENT]...: runs it again, if it must.  In a chroot(2)
# the kernel makes no user namespaces (EPERM), and every jail is one.  So make
# that directory the root of a mount namespace of our own.
leave_chroot()
{
	[ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
		die "$1 needs root: run this as root, or install sudo"
	! can_jail || return 0
	[ -e /proc/self/ns/mnt ] || die "/proc is not mounted"
	[ -z "${RB_LEFT_CHROOT-}" ] ||
		die "the kernel refuses user namespaces (unshare --user true):
    programs cannot be jailed without; see sysctl user.max_user_namespaces and
    kernel.unprivileged_userns_clone, and what a container around us forbids"
	# Entering the mount namespace that we are in leads to its real root;
	# the working directory stays in ours.
	# shellcheck disable=SC2016 # for the shell inside
	as_root nsenter --mount=/proc/self/ns/mnt --wd=/ \
		unshare --mount --propagation private sh -euc '
			root=$(pwd -P) dir=$1
			shift
			mount --rbind "$root" "$root"
			cd "$root"
			pivot_root . .
			umount -l .
			cd "$dir"
			RB_LEFT_CHROOT=1 exec "$@"
		' sh "$PWD" "$@"
	exit
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

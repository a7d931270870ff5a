#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# package_twice.sh COMPARE_ONCE: the packages of the last commit have the same
# bytes whoever builds them, when and where, by the word of rebuilder-compare;
# and Debian's own reader of packages finds no error in them.
set -eu
top=$(cd -- "$(dirname -- "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
nobody=65534

"$top/scripts/deps" build package
"$top/scripts/package" -o "$work/one" deb rpm &
one=$!

# Elsewhere, in a year, by somebody else, on one processor of another computer.
two="$work/a much longer way to it"
mkdir -p "$two" "$work/tmp"
git -c safe.directory='*' clone -q "$top" "$two/clone"
chown -R $nobody:$nobody "$two" "$work/tmp"
(
	cd "$two"
	umask 077
	# shellcheck disable=SC2016 # for the shell inside
	exec unshare --uts sh -c '
		hostname elsewhere
		exec taskset -c "$1" setpriv --reuid="$2" --regid="$2" \
			--clear-groups env -i PATH="$PATH" HOME=/nonexistent \
			TMPDIR="$3" TZ=Pacific/Kiritimati LANG=tr_TR.UTF-8 \
			SOURCE_DATE_EPOCH=1 CFLAGS=-O0 DEB_BUILD_OPTIONS=noopt \
			faketime -f +400d \
			clone/scripts/package -o out deb rpm
	' sh "$(taskset -cp $$ | sed 's/.*: \([0-9]*\).*/\1/')" "$nobody" \
		"$work/tmp"
)
wait "$one"

n=0
for file in "$work"/one/*.deb "$work"/one/*.rpm; do
	"$1" "$file" "$two/out/${file##*/}" || {
		echo "${file##*/}: differs"
		exit 1
	}
	n=$((n + 1))
done
[ "$n" -eq 7 ] || {
	echo "$n packages were made, not 7"
	exit 1
}
# The comparison would say so.
printf x >>"$two/out/${file##*/}"
if "$1" "$file" "$two/out/${file##*/}"; then
	echo "a difference is not seen"
	exit 1
fi

lintian --allow-root --fail-on error "$work"/one/*.changes

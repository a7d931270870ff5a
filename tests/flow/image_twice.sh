#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# image_twice.sh: the guest image has the same bytes whoever makes it, when
# and where; from packages that lie there it needs no network.  A package
# that is not the one that is pinned is refused.
set -eu
top=$(cd -- "$(dirname -- "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The first has the packages fetched, if they are not there.
"$top/scripts/image" "$work/one"
mkdir -p "$work/elsewhere/two" "$work/tmp"
cd /
(
	umask 077
	TZ=Pacific/Kiritimati TMPDIR=$work/tmp LANG=tr_TR.UTF-8 \
		http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9 \
		unshare --net "$top/scripts/image" "$work/elsewhere/two"
)
for file in kernel initramfs system manifest; do
	cmp "$work/one/$file" "$work/elsewhere/two/$file"
done
(cd "$work/one" && sed -n 's/^\([^ ]*\) \([0-9a-f]\{64\}\) .*$/\2  \1/p' \
	manifest | sha256sum --quiet --check)

cp -a "$top/build/cache" "$work/cache"
for file in "$work"/cache/image/*.deb; do
	printf x >>"$file"
	break
done
if RB_CACHE=$work/cache "$top/scripts/image" "$work/three" \
	>"$work/said" 2>&1; then
	echo "an altered package was taken"
	exit 1
fi
grep -q FAILED "$work/said"
[ ! -e "$work/three/manifest" ]

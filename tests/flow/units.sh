#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# units.sh BUILD: systemd understands the units; every daemon is confined as
# far as it can bear; and what they repeat is what other files say.
set -eu
top=$(cd -- "$(dirname -- "$0")/../.." && pwd)
units=$top/rebuilder/command/units
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root

die()
{
	printf '%s\n' "$*"
	exit 1
}

DESTDIR=$root cmake --install "$1" --prefix /usr >"$work/said" ||
	die "$(cat "$work/said")"
# Those that ours are ordered after, and what they execute.
mkdir -p "$root/lib/systemd" "$root/bin"
cp -R /lib/systemd/system "$root/lib/systemd/"
cp /bin/sh "$root/bin/"

cd "$root/usr/lib/systemd/system"
systemd-analyze verify --root="$root" --man=no -- * >"$work/said" 2>&1 ||
	die "$(cat "$work/said")"
[ ! -s "$work/said" ] || die "$(cat "$work/said")"
sed -n 's/^Documentation=man:\(.*\)(\(.\))$/\2 \1/p' -- * | sort -u |
	while read -r section name; do
		[ -f "$root/usr/share/man/man$section/$name.$section" ] ||
			die "$name($section): no such page"
	done

# exposure UNIT TENTHS: at most so exposed, of 100.
exposure()
{
	unit=qubes-rebuilder-$1.service
	systemd-analyze security --offline=yes --no-pager --threshold="$2" \
		"$PWD/$unit" >"$work/said" 2>&1 || die "$(cat "$work/said")"
	tail -n 1 "$work/said"
}

exposure attestor 19
exposure httpd 19
exposure rebuilder 19
exposure prepare 19
exposure signer@ 19
exposure net@ 20
# Whatever confines it confines builds, too: its unit tells.
exposure machine@ 56

same()
{
	cmp "$work/here" "$work/there" || die "$1"
}

# What a build may not do, it may not do under serve either.
sed -n 's/.*SCMP_SYS(\([a-z0-9_]*\)).*/\1/p' \
	"$top/rebuilder/machine/sandbox_filter.c" | sort >"$work/there"
sed -n 's/^SystemCallFilter=~//p' "$units/qubes-rebuilder-machine@.service" |
	tr ' ' '\n' | sort >"$work/here"
same "sandbox_filter.c refuses other calls than qubes-rebuilder-machine@"

sed -n 's/^user_add \([a-z-]*\) .\(.*\).$/\1 \2/p' "$top/scripts/users" |
	sort >"$work/there"
sed -n 's/^u \([a-z-]*\) - "\([^"]*\)".*/\1 \2/p' \
	"$units/qubes-rebuilder.sysusers" | sort >"$work/here"
same "scripts/users makes other users than qubes-rebuilder.sysusers"

# Who may connect where.
sed -n 's/.*listen_at(node, "\([a-z]*\).sock", \([^,]*\),.*/\1 \2/p' \
	"$top/rebuilder/command/services.c" |
	sed -e 's/ 0$/ root/' -e 's/ who->rebuilder.gid/ qubes-rebuilder/' \
		-e 's/ who->attestor.gid/ qubes-attestor/' | sort >"$work/there"
for file in "$units"/*.socket; do
	sed -n -e 's|^ListenSequentialPacket=.*/\([a-z]*\).sock$|\1|p' \
		-e 's/^SocketGroup=//p' "$file" | paste -s -d ' '
done | grep . | sort >"$work/here"
same "services.c gives sockets to other groups than the socket units"

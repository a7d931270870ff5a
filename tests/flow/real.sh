#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# real.sh BIN: the main job on real input.  A real node rebuilds packages that
# the Debian archive publishes, and qubes-quorum decides about the files that
# the archive ships.
#
# Needs root and the archive of this computer's apt.  What was fetched and
# made lies in /var/tmp/qubes-rebuilder-real and serves the next run; what
# is claimed here is built again each time.

set -eu
bin=$1
node=/var/tmp/qubes-rebuilder-real
address=127.0.0.1:8487
conf=$node/node.yml
targets='deb:base-files deb:what-is-python deb:hostname'
claims=0

fail()
{
	echo "FAILED: $*" >&2
	sed 's/^/    /' "$work/notes" >&2
	exit 1
}

# claim WHAT COMMAND...: the command must succeed.
claim()
{
	what=$1
	shift
	"$@" || fail "$what"
	claims=$((claims + 1))
	echo "ok: $what"
}

command()
{
	"$bin/qubes-rebuilder" "$@" -c "$conf"
}

# exits CODE COMMAND...
exits()
{
	wanted=$1 code=0
	shift
	"$@" || code=$?
	[ "$code" -eq "$wanted" ]
}

if [ -L "$node" ] || { [ -e "$node" ] && [ ! -O "$node" ]; }; then
	echo "$node is not ours; remove it" >&2
	exit 1
fi
work=$(mktemp -d)
pid=
finish()
{
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || :
	[ -z "$pid" ] || wait "$pid" 2>/dev/null || :
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

start()
{
	"$bin/qubes-rebuilder" serve -c "$conf" 2>>"$work/notes" &
	pid=$!
	tries=0
	until command queue >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ "$tries" -lt 300 ] || fail "the node did not start"
		sleep 0.1
	done
}

: >"$work/notes"
[ -e "$conf" ] || "$bin/qubes-rebuilder" init -l "$address" "$node"
start

# shellcheck disable=SC2086 # a list of words
command rebuild --again --json $targets >"$work/verdicts" || :
cat "$work/verdicts"
verdict()
{
	grep -q "\"file\":\"$1.*\"verdict\":\"$2\"" "$work/verdicts"
}
claim "base-files is reproduced" verdict base-files_ reproduced
claim "python-is-python3 is reproduced" verdict python-is-python3_ reproduced
claim "python-dev-is-python3 is reproduced" \
	verdict python-dev-is-python3_ reproduced
claim "hostname differs" verdict hostname_ differs
claim "all four were built, none remembered" \
	sh -c "[ \$(grep -c '\"recorded\":false' '$work/verdicts') -eq 4 ]"

# shellcheck disable=SC2086 # a list of words
command rebuild --json $targets >"$work/second" || :
claim "a second time nothing is built" \
	sh -c "[ \$(grep -c '\"recorded\":true' '$work/second') -eq 4 ]"
claim "a differing package is exit status 1" \
	exits 1 command rebuild deb:hostname
claim "a package that is not in the archive is exit status 2" \
	exits 2 command rebuild deb:no-such-source-package

# The real files, brought by the real apt.
mkdir "$work/debs"
for package in base-files hostname python-is-python3; do
	version=$(sed -n "s/.*\"file\":\"${package}_.*\"version\":\"\([^\"]*\)\".*/\1/p" \
		"$work/verdicts")
	(cd "$work/debs" && apt-get -q=2 -o APT::Sandbox::User=root \
		download "$package=$version")
done
command policy >"$work/policy"
quorum()
{
	"$bin/qubes-quorum" fetch -p "$work/policy" -o "$work/bundle" "$1" &&
		"$bin/qubes-quorum" verify -p "$work/policy" \
			-b "$work/bundle" "$1"
}
claim "the archive's base-files is accepted" \
	exits 0 quorum "$work"/debs/base-files_*.deb
claim "the archive's python-is-python3 is accepted" \
	exits 0 quorum "$work"/debs/python-is-python3_*.deb
claim "the archive's hostname is refused" \
	exits 1 quorum "$work"/debs/hostname_*.deb
printf X | dd of="$(ls "$work"/debs/base-files_*.deb)" bs=1 seek=1000 \
	conv=notrunc 2>/dev/null
claim "base-files with one byte changed is refused" \
	exits 1 quorum "$work"/debs/base-files_*.deb

# What the node remembers is worth what its log says.
kill "$pid"
wait "$pid" 2>/dev/null || :
rm -rf "$node"/attestor/* "$node"/served/*
printf 'new log\n' >"$node/signer/state"
start
command rebuild --json deb:what-is-python >"$work/third" || :
claim "a new log gets what only the old one had" \
	sh -c "[ \$(grep -c '\"recorded\":false' '$work/third') -eq 2 ]"

# A job outlives the node that was working on it.
command rebuild --again deb:base-files >/dev/null 2>&1 &
client=$!
sleep 1
kill -KILL "$pid"
wait "$pid" 2>/dev/null || :
wait "$client" 2>/dev/null || :
start
claim "a job goes on after the node was killed" \
	exits 0 command rebuild deb:base-files
# The brackets keep grep from finding itself.
machine_runs()
{
	cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' ' |
		grep -q "[r]ebuilder-machine -c $conf"
}
claim "no machine is left behind" exits 1 machine_runs

echo "$claims passed, 0 failed"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# qubes.sh BIN TESTS: a component in the shape of Qubes' own is prepared and
# built in machines of namespaces, as the node does it.  Needs root; the root
# file system of the machines is made of this computer's packages.

set -eu
bin=$1
tests=$2
top=$(cd -- "$(dirname -- "$0")/../.." && pwd)
data=$top/tests/data/qubes
claims=0
work=$(mktemp -d /tmp/qubes.XXXXXX)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

fail()
{
	echo "FAILED: $*" >&2
	sed 's/^/    /' "$work/log" >&2
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

# run RECIPE OUT [OPTION...]: with $work/in/files and $work/in/parameters.
run()
{
	cp "$top/rebuilder/guest/$1" "$work/in/recipe"
	tar -c --format=ustar -f "$work/in.tar" -C "$work/in" \
		recipe parameters files
	out=$work/$2
	shift 2
	mkdir -p "$work/machine"
	rm -rf "$out" "$work/stream" "$work/log"
	RB_BIN=$bin "$tests/run_machine" -l "$work/layer.tar" \
		-D "$work/machine" "$@" \
		"$work/in.tar" "$work/stream" "$work/log" >/dev/null ||
		fail "the machine did not run to its end"
	mkdir "$out"
	python3 - "$work/stream" "$out" <<'END'
import sys
stream = open(sys.argv[1], "rb")
assert stream.readline() == b"output 1\n"
for line in iter(stream.readline, b""):
    word, *rest = line.split()
    if word == b"end":
        sys.exit(int(rest[0]))
    with open(sys.argv[2] + "/" + rest[0].decode(), "wb") as f:
        f.write(stream.read(int(rest[1])))
sys.exit(1)
END
}

# tree: the component anew, for one test to change.
tree()
{
	rm -rf "$work/tree"
	"$data/component" "$work/tree"
}

# prepare OUT [LINE...]: of the tree; a LINE replaces its kind of parameter.
prepare()
{
	to=$1
	shift
	rm -rf "$work/in"
	mkdir -p "$work/in/files"
	# shellcheck disable=SC2046 # no white space in our names
	tar -c --format=gnu --sort=name --owner=0 --group=0 --numeric-owner \
		--mtime=@1753900000 -f "$work/in/files/source.tar" \
		-C "$work/tree" $(ls -A "$work/tree")
	[ ! -d "$work/files" ] || cp "$work/files"/* "$work/in/files/"
	printf '%s\n' component=greeting distribution=bookworm \
		suffix=+deb12u debian=debian archive=yes time=1753900000 \
		modules= externals= >"$work/in/parameters"
	for line; do
		sed -i "s|^${line%%=*}=.*|$line|" "$work/in/parameters"
	done
	run prepare "$to"
}

# refuses WHAT [LINE...]: prepare fails and its log says what.
refuses()
{
	says=$1
	shift
	! prepare refused "$@" && grep -qF "prepare: $says" "$work/log" &&
		[ -z "$(ls "$work/refused")" ]
}

same()
{
	(cd "$1" && sha256sum ./*) >"$work/sums" &&
		[ -s "$work/sums" ] && (cd "$2" && sha256sum --quiet -c) \
		<"$work/sums" && [ "$(ls "$1")" = "$(ls "$2")" ]
}

changelog_is()
{
	tar -x -O -f "$work/out/"*.debian.tar.xz debian/changelog \
		2>/dev/null >"$work/changelog" ||
		tar -x -O -f "$work/out/"*.tar.xz --wildcards \
			'*/debian/changelog' >"$work/changelog"
	cmp "$work/changelog" "$1"
}

# The builder's own steps, in its order, with the tools of this computer.
as_the_builder()
{
	rm -rf "$work/builder"
	mkdir -p "$work/builder/build"
	cp -a "$work/tree" "$work/builder/greeting"
	cd "$work/builder/greeting"
	mkdir .git
	: >.git/HEAD
	name=qubes-greeting_4.2.8.orig.tar
	tar --sort=name --mtime=@1753900000 --owner=0 --group=0 \
		--numeric-owner --mode=go=rX \
		--xform='s%^\./%qubes-greeting_4.2.8/%' \
		--exclude-vcs-ignores --exclude-ignore=.tarignore \
		--exclude pkgs --exclude '.git/*' --exclude $name -cf $name .
	gzip -fn $name
	mv $name.gz ..
	cp "$data/changelogs/$1.after" debian/changelog
	cd ../build
	cp -a ../greeting/debian .
	chmod -R -- u+rwX,g+rX-w,o+rX-w .
	chmod +x debian/rules
	dpkg-source -b . >"$work/log" 2>&1
	cd "$top"
	rm -rf "$work/builder/greeting" "$work/builder/build"
}

# build OUT CPUS OPTION...: what was prepared in $work/out.
build()
{
	rm -rf "$work/in"
	mkdir -p "$work/in/files"
	cp "$work/prepared"/* "$work/in/files/"
	printf '%s\n' source=qubes-greeting version=4.2.8-1+deb12u1 \
		dsc=qubes-greeting_4.2.8-1+deb12u1.dsc arch=amd64 \
		"cpus=$2" vendor=qubes >"$work/in/parameters"
	to=$1
	shift 2
	run deb "$to" "$@"
}

has_module()
{
	set -- "$work/out/"*.orig.tar.gz qubes-greeting_4.2.8
	[ "$(tar -x -O -f "$1" "$2/lib/file")" = module ] &&
		[ "$(tar -x -O -f "$1" "$2/lib/.git")" = \
			'gitdir: ../.git/modules/common' ] &&
		tar -t -f "$1" | grep -qx "$2/.git/"
}

same_packages()
{
	[ -n "$(ls "$work/one"/*.deb)" ] &&
		cmp "$work/one"/*.deb "$work/two"/*.deb
}

built_as_qubes()
{
	dpkg-deb --fsys-tarfile "$work/one"/*.deb |
		tar -x -O ./usr/share/greeting/made-by |
		grep -qx 'Qubes C C /build/qubes-greeting-4.2.8' &&
		grep -qx 'Build-Origin: Qubes' "$work/one"/*.buildinfo &&
		grep -qx ' DEB_VENDOR="Qubes"' "$work/one"/*.buildinfo &&
		grep -qx 'Build-Path: /build/qubes-greeting-4.2.8' \
			"$work/one"/*.buildinfo &&
		grep -q ' qubes-greeting_4.2.8.orig.tar.gz$' \
			"$work/one"/*.changes
}

: >"$work/log"
"$data/layer" "$work/layer.tar"

tree
: >"$work/tree/version"
claim 'another version in the tree is refused' \
	refuses 'the changelog is of 4.2.8-1, the files version and rel say -1'
tree
echo 2 >"$work/tree/rel"
claim 'another release in the tree is refused' \
	refuses 'the changelog is of 4.2.8-1, the files version and rel say 4'
tree
sed -i '1s/unstable/UNRELEASED/' "$work/tree/debian/changelog"
claim 'an unreleased entry is refused' refuses 'the newest entry is UNREL'
tree
sed -i '1s/)/+deb12u1~x)/' "$work/tree/debian/changelog"
claim 'a version that cannot be counted up is refused' \
	refuses '4.2.8-1+deb12u1~x cannot be counted up'
tree
mv "$work/tree/debian/changelog" "$work/tree/"
ln -s /etc/passwd "$work/tree/debian/changelog"
claim 'a changelog outside of the tree is refused' \
	refuses 'debian/changelog is not in the tree'
tree
echo '3.0 (git)' >"$work/tree/debian/source/format"
claim 'another source format is refused' \
	refuses 'debian/source/format is neither'
tree
: >"$work/tree/FORMULA"
claim 'a salt formula is refused' refuses 'a salt formula'
tree
claim 'a directory that is not called debian is refused' \
	refuses 'src is no directory debian' debian=src
mkdir -p "$work/tree/packaging/debian"
claim 'packaging that ./debian does not lead to is refused' \
	refuses './debian is not packaging/debian' debian=packaging/debian
claim 'an archive that is lacking is refused' \
	refuses 'there is no file to be the archive' archive=no

for before in "$data"/changelogs/*.before; do
	name=${before##*/}
	name=${name%.before}
	tree
	cp "$before" "$work/tree/debian/changelog"
	set --
	case $name in
	candidate) echo 4.2.8-rc1 >"$work/tree/version" ;;
	native) echo '3.0 (native)' >"$work/tree/debian/source/format" ;;
	trixie) set -- suffix=+deb13u distribution=trixie ;;
	esac
	prepare out "$@" || fail "$name: was not prepared"
	claim "the changelog is debchange's: $name" \
		changelog_is "$data/changelogs/$name.after"
done

tree
cp "$data/changelogs/older.before" "$work/tree/debian/changelog"
prepare prepared || fail 'was not prepared'
as_the_builder older
claim 'the source package is the one that the builder makes' \
	same "$work/builder" "$work/prepared"
prepare again || fail 'was not prepared'
claim 'prepared again it is the same' same "$work/prepared" "$work/again"

tree
mkdir "$work/tree/lib"
printf '[submodule "common"]\n\tpath = lib\n\turl = x\n' \
	>"$work/tree/.gitmodules"
mkdir "$work/files" "$work/module"
echo module >"$work/module/file"
tar -c -f "$work/files/module-0.tar" -C "$work/module" file
prepare out modules=lib || fail 'was not prepared'
claim 'a submodule is in the archive as it is in a clone' has_module

tree
tar -c -z -f "$work/files/greeting-4.2.8.tar.gz" \
	--transform 's|^\.|greeting-4.2.8|' -C "$work/tree" --exclude ./debian .
echo extra >"$work/files/extra"
prepare out archive=no externals='greeting-4.2.8.tar.gz extra' ||
	fail 'was not prepared'
claim 'an archive from elsewhere is taken as it is' cmp \
	"$work/files/greeting-4.2.8.tar.gz" \
	"$work/out/qubes-greeting_4.2.8.orig.tar.gz"

build one 1 || fail 'was not built'
build two 2 -d 6442450944 -m 6442450944 || fail 'was not built'
claim 'built on one processor and on two it is the same package' \
	same_packages
claim 'the build sees what a build of Qubes sees' built_as_qubes

echo "$claims passed, 0 failed"

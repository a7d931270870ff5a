#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# archive.sh DIR DEED
#
# Runs DEED, a piece of shell that may use the functions below, on the small
# Debian archive in DIR:
#   www/         what a mirror serves
#   honest/      the same, as the archive made it
#   keys/        GNUPGHOME of who signs; keyring.gpg is what nodes trust of it
#   made         when the archive was made, in seconds
#   published    digest of the .deb of tiny
# `good` is the key that signs; `other` is trusted by nobody, and `expired` and
# `revoked` no longer.

set -eu
cd -- "$1"
export GNUPGHOME="$PWD/keys" LC_ALL=C
suite=testing-suite
dists=www/dists/$suite
arch=$(dpkg --print-architecture)

key()
{
	gpg --batch --quiet --passphrase '' "$@" --quick-generate-key \
		"$name <$name@test.example>" ed25519 sign "$expires"
}

keys()
{
	mkdir -m 700 keys trusted
	expires=never
	for name in good other revoked; do
		key
	done
	name=expired expires=1d
	key --faked-system-time 20200101T000000
	gpg --batch --quiet --export good expired revoked |
		gpg --homedir trusted --batch --quiet --import
	# A certificate that gpg made by itself, armed by taking a colon away.
	# Only those who trust know of it: gpg signs with no revoked key.
	sed 's/^:---/---/' "keys/openpgp-revocs.d/$(fingerprint revoked).rev" |
		gpg --homedir trusted --batch --quiet --import
	gpg --homedir trusted --batch --quiet --export >keyring.gpg
	chmod 644 keyring.gpg
}

fingerprint()
{
	gpg --batch --with-colons --list-keys "$1" |
		awk -F: '$1 == "fpr" { print $10; exit }'
}

size_of()
{
	stat -c %s -- "$1"
}

digest_of()
{
	sha256sum -- "$1" | cut -d ' ' -f 1
}

# package NAME VERSION BINARY-VERSION: its source, one .deb, and their stanzas.
package()
{
	pool=pool/main/${1%"${1#?}"}/$1
	deb=$pool/${1}_$3_$arch.deb
	mkdir -p "www/$pool" "work/$1-$2/debian/source" "work/deb/DEBIAN"
	(
		cd "work/$1-$2"
		echo '3.0 (native)' >debian/source/format
		# Not to be compressed, so that a disk can be too small for it.
		head -c 200000 /dev/urandom >noise
		cat >debian/control <<-END
			Source: $1
			Maintainer: Test <test@test.example>
			Build-Depends: debhelper-compat (= 13)

			Package: $1
			Architecture: any
			Description: small
		END
		cat >debian/changelog <<-END
			$1 ($2) $suite; urgency=low

			  * First.

			 -- Test <test@test.example>  Sat, 11 Jul 2026 10:16:37 +0000
		END
		printf '%%:\n\tdh $@\n' >debian/rules
	)
	(cd work && dpkg-source -b "$1-$2" >/dev/null)
	mv "work/${1}_$2.dsc" "work/${1}_$2.tar.xz" "www/$pool/"
	cat >work/deb/DEBIAN/control <<-END
		Package: $1
		Source: $1 ($2)
		Version: $3
		Architecture: $arch
		Maintainer: Test <test@test.example>
		Description: small
	END
	dpkg-deb --root-owner-group -b work/deb "www/$deb" >/dev/null
	{
		cat work/deb/DEBIAN/control
		echo "Filename: $deb"
		echo "Size: $(size_of "www/$deb")"
		echo "SHA256: $(digest_of "www/$deb")"
		echo
	} >>"$dists/main/binary-$arch/Packages"
	{
		echo "Package: $1"
		echo "Binary: $1"
		echo "Version: $2"
		echo "Architecture: any"
		echo "Build-Depends: debhelper-compat (= 13)"
		echo "Directory: $pool"
		echo "Checksums-Sha256:"
		for file in "${1}_$2.dsc" "${1}_$2.tar.xz"; do
			echo " $(digest_of "www/$pool/$file")" \
				"$(size_of "www/$pool/$file") $file"
		done
		echo
	} >>"$dists/main/source/Sources"
	rm -r work
}

# The whole archive, honest.
make()
{
	keys
	mkdir -p "$dists/main/binary-$arch" "$dists/main/source"
	date +%s >made
	package tiny 1.0 1.0
	package twin 2.0 2.0+b1
	publish
	digest_of www/pool/main/t/tiny/tiny_1.0_"$arch".deb >published
	mv www honest
}

# Makes the mirror honest again.
restore()
{
	rm -rf www
	cp -a honest www
}

# Puts bytes in the place of an index: edit Packages|Sources SED-SCRIPT.
edit()
{
	sed -i "$2" "$dists"/main/*/"$1"
}

compress()
{
	for index in "$dists"/main/*/Packages "$dists"/main/*/Sources; do
		xz -kf "$index"
	done
}

utc()
{
	date -u -d "@$(($(cat made) + $1))" '+%a, %d %b %Y %H:%M:%S UTC'
}

# What is signed; date_offset and until_offset are seconds from then.
release()
{
	{
		echo "Origin: Test"
		echo "Label: Test"
		echo "Suite: testing"
		echo "Codename: ${codename-$suite}"
		echo "Date: $(utc "${date_offset-0}")"
		[ -z "${until_offset-}" ] ||
			echo "Valid-Until: $(utc "$until_offset")"
		echo "Architectures: $arch"
		echo "Components: main"
		echo "SHA256:"
		(cd "$dists" && for index in main/*/*; do
			echo " $(digest_of "$index") $(size_of "$index") $index"
		done)
	} >"$dists/Release"
}

# sign KEY [OPTION...]
sign()
{
	who=$1
	shift
	gpg --batch --quiet --yes -u "$who" "$@" --output "$dists/InRelease" \
		--clearsign "$dists/Release"
}

publish()
{
	compress
	release
	sign good
}

# buildinfo NAME VERSION PACKAGE...: of our own hand, for the .deb of NAME, each
# PACKAGE as "name (= version)"; to be signed by sign_buildinfo.
buildinfo()
{
	info=www/pool/main/${1%"${1#?}"}/$1/${1}_$2_$arch.buildinfo
	deb=www/pool/main/${1%"${1#?}"}/$1/${1}_$2_$arch.deb
	{
		echo "Format: 1.0"
		echo "Source: ${about-$1}"
		echo "Binary: $1"
		echo "Architecture: $arch"
		echo "Version: $2"
		echo "Checksums-Sha256:"
		echo " $(digest_of "${of-$deb}") $(size_of "$deb")" \
			"${1}_$2_$arch.deb"
		echo "Build-Origin: Test"
		echo "Build-Architecture: $arch"
		echo "Build-Date: Sat, 11 Jul 2026 10:16:37 +0000"
		echo "Build-Path: /build/$1-$2"
		echo "Installed-Build-Depends:"
		shift 2
		while [ $# -gt 1 ]; do
			echo " $1,"
			shift
		done
		echo " $1"
		echo "Environment:"
		echo " LC_ALL=\"C\""
	} >text
}

# sign_buildinfo KEY [OPTION...]
sign_buildinfo()
{
	who=$1
	shift
	gpg --batch --quiet --yes -u "$who" "$@" --output "$info" \
		--clearsign text
}

# configure PORT: the node that init made in node/ is to rebuild this archive.
configure()
{
	sed -i -e "s|^  uri: .*|  uri: http://127.0.0.1:$1/|" \
		-e "s|^  name: debian|  name: test|" \
		-e "s|^  suite: .*|  suite: $suite|" \
		-e "s|^  keyring: .*|  keyring: $PWD/keyring.gpg|" node/node.yml
	# No verdict comes but when it is asked for.
	printf 'rebuilder:\n  refresh: 0\n  retries: 0\n' >>node/node.yml
	# Disks of tests are small.
	printf 'store:\n  reserve: 0\n' >>node/node.yml
	cp node/node.yml node.yml
}

# edit_conf SED-SCRIPT: a node.yml that is not as it must be.
edit_conf()
{
	sed -i "$1" node/node.yml
}

remove()
{
	gpgconf --kill all
	GNUPGHOME=$PWD/trusted gpgconf --kill all
	rm -rf -- ./*
}

eval "$2"

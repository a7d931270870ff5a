/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_KEYRING_H
#define RB_REBUILDER_KEYRING_H

#include "common/base/buf.h"

#define KEYRING_KEYS_MAX 64
#define FINGERPRINT_LEN 40

/*
 * The keys of these maintainers and no others, as one file in memory that
 * gpgv takes for a keyring: `directory`/FINGERPRINT.asc, the key of its name
 * in each and no other.  Of two copies of a key gpgv looks at the first alone:
 * an older one, in whosever file, would hide that the key was revoked, and
 * another's subkey whose it is.  RB_EREFUSED: a file holds something else, or
 * a key or subkey that stands in another too.
 */
enum rb_err keyring_make(const char *directory, const char *const *fingerprints,
    size_t n, int *out, struct fault *why) RB_CHECK;

/*
 * Bytes of an OpenPGP public key from a file that holds nothing else: in its
 * armour (RFC 4880, 6.2) or, whatever the file's name says, bare, as some of
 * Qubes' builder are.  Appended.
 */
enum rb_err key_parse(struct span file, struct buf *out) RB_CHECK;

/* Fingerprints of a key and its subkeys, the primary key's first. */
#define KEY_NAMES_MAX 256
struct key_names {
	char list[KEY_NAMES_MAX][FINGERPRINT_LEN + 1];
	size_t n;
};

/*
 * Names the one primary key of bare `key` (RFC 4880, 12.2), and the subkeys
 * that gpgv knows, in a key that has nothing but the packets that belong to
 * it.  RB_EREFUSED: there is another key, one of a version that gpgv does not
 * know, or one that is spelt otherwise than gpgv would.  Whether its
 * signatures hold, gpgv says.
 */
enum rb_err key_name(struct span key, struct key_names *out) RB_CHECK;

/* 40 upper-case hexadecimal digits. */
bool fingerprint_is_valid(const char *s);

#endif

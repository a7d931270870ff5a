/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_KEYRING_H
#define RB_REBUILDER_KEYRING_H

#include "common/base/buf.h"

#define KEYRING_KEYS_MAX 64
#define FINGERPRINT_LEN 40

/*
 * The keys of these maintainers and no others, as one file in memory that
 * gpgv takes for a keyring: `directory`/FINGERPRINT.asc, one key in each.
 * That a file holds the key of its name is not looked at here: gpgv says by
 * which primary key a signature is, and that one must be listed.
 */
enum rb_err keyring_make(const char *directory, const char *const *fingerprints,
    size_t n, int *out, struct fault *why) RB_CHECK;

/*
 * Bytes of an OpenPGP public key from a file that holds nothing else: in its
 * armour (RFC 4880, 6.2) or, whatever the file's name says, bare, as some of
 * Qubes' builder are.  Appended.
 */
enum rb_err key_parse(struct span file, struct buf *out) RB_CHECK;

/* 40 upper-case hexadecimal digits. */
bool fingerprint_is_valid(const char *s);

#endif

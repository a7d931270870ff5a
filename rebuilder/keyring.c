/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/base/enc.h"
#include "common/base/file.h"

#define KEY_FILE_MAX (1024u * 1024)
#define NAME_MAX_LEN (FINGERPRINT_LEN + sizeof(".asc"))

bool
fingerprint_is_valid(const char *s)
{
	return strlen(s) == FINGERPRINT_LEN &&
	    strspn(s, "0123456789ABCDEF") == FINGERPRINT_LEN;
}

/* Lines "Name: text", then an empty one. */
static enum rb_err
take_headers(struct span *in)
{
	struct span line;
	enum rb_err rc;

	do {
		if ((rc = span_take_line(in, &line)) != RB_OK)
			return rc;
		if (line.len != 0 && memchr(line.p, ':', line.len) == NULL)
			return RB_EFORMAT;
	} while (line.len != 0);
	return RB_OK;
}

/* RFC 4880, 6.2; `text` is the armour and nothing else. */
static enum rb_err
armour_parse(struct span text, struct buf *out)
{
	struct buf digits = BUF_INIT;
	struct span line;
	enum rb_err rc;

	if (span_take_line(&text, &line) != RB_OK ||
	    !span_equal_str(line, "-----BEGIN PGP PUBLIC KEY BLOCK-----") ||
	    take_headers(&text) != RB_OK) {
		rc = RB_EFORMAT;
		goto out;
	}
	for (;;) {
		if ((rc = span_take_line(&text, &line)) != RB_OK)
			goto out;
		/* The checksum, which gpgv has no use for; or the end. */
		if (span_starts(line, SPAN("=")) &&
		    (rc = span_take_line(&text, &line)) != RB_OK)
			goto out;
		if (span_starts(line, SPAN("-")))
			break;
		if ((rc = buf_put(&digits, line)) != RB_OK)
			goto out;
	}
	rc = RB_EFORMAT;
	if (span_equal_str(line, "-----END PGP PUBLIC KEY BLOCK-----") &&
	    text.len == 0)
		rc = base64_parse(buf_span(&digits), out);
out:
	buf_clear(&digits);
	return rc;
}

enum rb_err
key_parse(struct span file, struct buf *out)
{
	size_t len = out->len;
	enum rb_err rc;

	rc = span_starts(file, SPAN("-")) ? armour_parse(file, out) :
					    buf_put(out, file);
	if (rc != RB_OK)
		return rc;
	/*
	 * RFC 4880, 4.2: it begins with a public key packet.  One file of
	 * another kind would keep gpgv from reading all behind it.
	 */
	if (out->len == len ||
	    ((out->p[len] & 0xfc) != 0x98 && out->p[len] != 0xc6)) {
		out->len = len;
		return RB_EFORMAT;
	}
	return RB_OK;
}

static enum rb_err
add_key(int dirfd, const char *directory, const char *fingerprint,
    struct buf *keys, struct fault *why)
{
	struct buf text = BUF_INIT;
	char file[NAME_MAX_LEN];
	enum rb_err rc = RB_EINTERNAL;

	if (!fingerprint_is_valid(fingerprint)) {
		rc = fault_set(why, RB_EFORMAT,
		    "'%s' is no fingerprint: 40 upper-case digits",
		    fingerprint);
		goto out;
	}
	memcpy(file, fingerprint, FINGERPRINT_LEN);
	memcpy(file + FINGERPRINT_LEN, ".asc", sizeof(".asc"));
	if ((rc = file_read_at(dirfd, file, KEY_FILE_MAX, &text)) != RB_OK) {
		rc = fault_set(why, rc,
		    "the key of maintainer %s cannot be read from %s/%s: %s",
		    fingerprint, directory, file, err_name(rc));
		goto out;
	}
	if ((rc = key_parse(buf_span(&text), keys)) != RB_OK)
		rc = fault_set(why, rc,
		    "%s/%s is not one OpenPGP public key, armoured or bare",
		    directory, file);
out:
	buf_clear(&text);
	return rc;
}

enum rb_err
keyring_make(const char *directory, const char *const *fingerprints, size_t n,
    int *out, struct fault *why)
{
	struct buf keys = BUF_INIT;
	int dirfd = -1;
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if (n == 0 || n > KEYRING_KEYS_MAX) {
		rc = fault_set(why, RB_ELIMIT,
		    "%zu maintainers are listed; from 1 to %d can be", n,
		    KEYRING_KEYS_MAX);
		goto out;
	}
	dirfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd == -1) {
		rc = fault_set(why, RB_ENOTFOUND, "directory of keys %s: %s",
		    directory, strerror(errno));
		goto out;
	}
	for (i = 0; i < n; i++) {
		if ((rc = add_key(dirfd, directory, fingerprints[i], &keys,
			 why)) != RB_OK)
			goto out;
	}
	rc = memory_file("keyring", buf_span(&keys), out);
out:
	fd_close(&dirfd);
	buf_clear(&keys);
	return rc;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/keyring.h"

#include <openssl/evp.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/base/enc.h"
#include "common/base/file.h"

#define KEY_FILE_MAX (1024u * 1024)
/* RFC 4880, 4.3: what a public key is made of. */
#define PACKET_SIGNATURE 2
#define PACKET_KEY 6
#define PACKET_USER_ID 13
#define PACKET_SUBKEY 14
#define PACKET_USER_ATTRIBUTE 17
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

/* RFC 4880, 4.2.1: `n` octets, the first of them the highest. */
static enum rb_err
take_length(struct span *in, unsigned int n, uint64_t *len)
{
	struct span octets;
	enum rb_err rc;
	size_t i;

	if ((rc = span_take(in, n, &octets)) != RB_OK)
		return rc;
	for (*len = 0, i = 0; i < octets.len; i++)
		*len = *len << 8 | octets.p[i];
	return RB_OK;
}

/* RFC 4880, 4.2.2; a length told in parts is for data alone. */
static enum rb_err
take_new_length(struct span *in, uint64_t *len)
{
	uint64_t first = 0, second = 0;
	enum rb_err rc;

	if ((rc = take_length(in, 1, &first)) != RB_OK)
		return rc;
	if (first == 255)
		return take_length(in, 4, len);
	if (first >= 224)
		return RB_EFORMAT;
	if (first >= 192) {
		if ((rc = take_length(in, 1, &second)) != RB_OK)
			return rc;
		first = ((first - 192) << 8) + second + 192;
	}
	*len = first;
	return RB_OK;
}

static enum rb_err
take_packet(struct span *in, unsigned int *tag, struct span *body)
{
	uint64_t head = 0, len = 0;
	enum rb_err rc;

	if ((rc = take_length(in, 1, &head)) != RB_OK)
		return rc;
	if ((head & 0xc0) == 0xc0) {
		*tag = head & 0x3f;
		rc = take_new_length(in, &len);
	} else if ((head & 0xc0) == 0x80 && (head & 3) != 3) {
		*tag = (head >> 2) & 0xf;
		rc = take_length(in, 1u << (head & 3), &len);
	} else {
		rc = RB_EFORMAT;
	}
	if (rc == RB_OK)
		rc = span_take(in, len, body);
	return rc;
}

/* RFC 4880, 12.2: of version 4, and the only one there is. */
static enum rb_err
name_primary(struct span body, char out[FINGERPRINT_LEN + 1])
{
	static const char digits[] = "0123456789ABCDEF";
	uint8_t head[] = { 0x99, 0, 0 }, sum[EVP_MAX_MD_SIZE];
	struct buf text = BUF_INIT;
	enum rb_err rc;
	size_t i;

	if (body.len == 0 || body.p[0] != 4 || body.len > UINT16_MAX)
		return RB_EREFUSED;
	head[1] = (uint8_t)(body.len >> 8);
	head[2] = (uint8_t)body.len;
	if ((rc = buf_put(&text, span_of(head, sizeof(head)))) == RB_OK &&
	    (rc = buf_put(&text, body)) == RB_OK &&
	    EVP_Digest(text.p, text.len, sum, NULL, EVP_sha1(), NULL) != 1)
		rc = RB_ENOMEM;
	buf_clear(&text);
	for (i = 0; rc == RB_OK && i < FINGERPRINT_LEN; i++)
		out[i] = digits[i % 2 == 0 ? sum[i / 2] >> 4 : sum[i / 2] & 15];
	out[FINGERPRINT_LEN] = '\0';
	return rc;
}

enum rb_err
key_fingerprint(struct span key, char out[FINGERPRINT_LEN + 1])
{
	struct span body;
	unsigned int tag;
	bool is_first = true;
	enum rb_err rc;

	for (; key.len > 0; is_first = false) {
		if ((rc = take_packet(&key, &tag, &body)) != RB_OK)
			return rc;
		if (is_first) {
			if (tag != PACKET_KEY)
				return RB_EFORMAT;
			rc = name_primary(body, out);
		} else if (tag != PACKET_SIGNATURE && tag != PACKET_SUBKEY &&
		    tag != PACKET_USER_ID && tag != PACKET_USER_ATTRIBUTE) {
			rc = RB_EREFUSED;
		}
		if (rc != RB_OK)
			return rc;
	}
	return is_first ? RB_EFORMAT : RB_OK;
}

static enum rb_err
add_key(int dirfd, const char *directory, const char *fingerprint,
    struct buf *keys, struct fault *why)
{
	struct buf text = BUF_INIT;
	char file[NAME_MAX_LEN], held[FINGERPRINT_LEN + 1];
	size_t len;
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
	len = keys->len;
	if ((rc = key_parse(buf_span(&text), keys)) == RB_OK)
		rc = key_fingerprint(span_of(keys->p + len, keys->len - len),
		    held);
	if (rc == RB_OK && strcmp(held, fingerprint) != 0)
		rc = RB_EREFUSED;
	if (rc != RB_OK)
		rc = fault_set(why, rc,
		    "%s/%s is not the OpenPGP public key of that fingerprint "
		    "and nothing else, armoured or bare: write it by "
		    "gpg --export --armor %s",
		    directory, file, fingerprint);
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

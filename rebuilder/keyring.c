/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/keyring.h"

#include <openssl/evp.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/openpgp.h"

#define KEY_FILE_MAX (1024u * 1024)
/* Version, time and algorithm. */
#define KEY_HEAD_LEN 6
#define NAME_MAX_LEN (FINGERPRINT_LEN + sizeof(".asc"))

bool
fingerprint_is_valid(const char *s)
{
	return strlen(s) == FINGERPRINT_LEN &&
	    strspn(s, "0123456789ABCDEF") == FINGERPRINT_LEN;
}

enum rb_err
key_parse(struct span file, struct buf *out)
{
	size_t len = out->len;
	enum rb_err rc;

	rc = span_starts(file, SPAN("-")) ?
	    openpgp_armour_parse(file, "PUBLIC KEY BLOCK", out) :
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

/* A byte that says how many follow, and these. */
static bool
skip_counted(struct span *in)
{
	struct span len, bytes;

	return span_take(in, 1, &len) == RB_OK &&
	    span_take(in, len.p[0], &bytes) == RB_OK;
}

/* RFC 4880, 3.2, with no zero before the number. */
static bool
skip_number(struct span *in)
{
	struct span len, bytes;
	unsigned int bits, top;

	if (span_take(in, 2, &len) != RB_OK)
		return false;
	bits = (unsigned int)len.p[0] << 8 | len.p[1];
	if (span_take(in, (bits + 7) / 8, &bytes) != RB_OK)
		return false;
	if (bits == 0)
		return true;
	top = (bits - 1) % 8;
	return bytes.p[0] >> top == 1;
}

/* What a public key of some algorithm is made of (RFC 4880, 5.5.2). */
struct key_form {
	uint8_t algorithm;
	bool has_curve, has_kdf;
	unsigned int numbers;
};

/* NULL: none of version 4 that gpgv knows. */
static const struct key_form *
form_of(struct span body)
{
	static const struct key_form all[] = {
		{ 1, false, false, 2 }, /* RSA */
		{ 2, false, false, 2 }, { 3, false, false, 2 },
		{ 16, false, false, 3 }, /* Elgamal */
		{ 17, false, false, 4 }, /* DSA */
		{ 18, true, true, 1 },   /* ECDH (RFC 6637, 9) */
		{ 19, true, false, 1 },  /* ECDSA */
		{ 22, true, false, 1 },  /* EdDSA */
	};
	size_t i;

	if (body.len < KEY_HEAD_LEN || body.p[0] != 4)
		return NULL;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].algorithm == body.p[KEY_HEAD_LEN - 1])
			return &all[i];
	return NULL;
}

/* Its one spelling: gpgv names a key by what it read, we by the bytes. */
static bool
is_canonical(struct span body, const struct key_form *form)
{
	struct span head;
	unsigned int i;

	if (span_take(&body, KEY_HEAD_LEN, &head) != RB_OK ||
	    (form->has_curve && !skip_counted(&body)))
		return false;
	for (i = 0; i < form->numbers; i++)
		if (!skip_number(&body))
			return false;
	return (!form->has_kdf || skip_counted(&body)) && body.len == 0;
}

/* RFC 4880, 12.2. */
static enum rb_err
put_name(struct span body, char out[FINGERPRINT_LEN + 1])
{
	static const char digits[] = "0123456789ABCDEF";
	uint8_t head[] = { 0x99, 0, 0 }, sum[EVP_MAX_MD_SIZE];
	struct buf text = BUF_INIT;
	enum rb_err rc;
	size_t i;

	if (body.len > UINT16_MAX)
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

static enum rb_err
name_key(struct span body, const struct key_form *form, struct key_names *out)
{
	if (!is_canonical(body, form))
		return RB_EREFUSED;
	if (out->n == KEY_NAMES_MAX)
		return RB_ELIMIT;
	return put_name(body, out->list[out->n++]);
}

/* One packet behind the first. */
static enum rb_err
check_packet(unsigned int tag, struct span body, struct key_names *out)
{
	const struct key_form *form;

	switch (tag) {
	case OPENPGP_SIGNATURE:
	case OPENPGP_USER_ID:
	case OPENPGP_USER_ATTRIBUTE:
		return RB_OK;
	case OPENPGP_SUBKEY:
		/* One of a later time, which gpgv passes over, has no name. */
		form = form_of(body);
		return form == NULL ? RB_OK : name_key(body, form, out);
	default:
		return RB_EREFUSED;
	}
}

enum rb_err
key_name(struct span key, struct key_names *out)
{
	const struct key_form *form;
	struct span body;
	unsigned int tag;
	enum rb_err rc;

	out->n = 0;
	if ((rc = openpgp_packet_take(&key, &tag, &body)) != RB_OK)
		return rc;
	if (tag != OPENPGP_KEY)
		return RB_EFORMAT;
	if ((form = form_of(body)) == NULL)
		return RB_EREFUSED;
	rc = name_key(body, form, out);
	while (rc == RB_OK && key.len > 0)
		if ((rc = openpgp_packet_take(&key, &tag, &body)) == RB_OK)
			rc = check_packet(tag, body, out);
	return rc;
}

/* All that was added, one of each maintainer. */
struct keyring {
	struct buf keys; /* owned */
	struct key_names *names; /* owned */
	size_t n;
};

/* The maintainer in whose file a key or subkey stands already; NULL. */
static const char *
find_name(const struct keyring *k, const char *name)
{
	size_t i, m;

	for (i = 0; i < k->n; i++)
		for (m = 0; m < k->names[i].n; m++)
			if (strcmp(k->names[i].list[m], name) == 0)
				return k->names[i].list[0];
	return NULL;
}

/*
 * Whoever puts a copy of another's subkey into a file that is read before has
 * gpgv look for the signer there: the other's signatures would not count.
 */
static enum rb_err
check_names(const struct keyring *k, const struct key_names *names,
    const char *directory, struct fault *why)
{
	const char *other;
	size_t i, m;

	for (i = 0; i < names->n; i++) {
		other = find_name(k, names->list[i]);
		for (m = 0; m < i && other == NULL; m++)
			if (strcmp(names->list[m], names->list[i]) == 0)
				other = names->list[0];
		if (other != NULL)
			return fault_set(why, RB_EREFUSED,
			    "%s: key %s stands in %s.asc and again in %s.asc; "
			    "take it out of the one that it does not belong to",
			    directory, names->list[i], other, names->list[0]);
	}
	return RB_OK;
}

static enum rb_err
add_key(int dirfd, const char *directory, const char *fingerprint,
    struct keyring *k, struct fault *why)
{
	struct key_names *names = &k->names[k->n];
	struct buf text = BUF_INIT;
	char file[NAME_MAX_LEN];
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
	len = k->keys.len;
	if ((rc = key_parse(buf_span(&text), &k->keys)) == RB_OK)
		rc = key_name(span_of(k->keys.p + len, k->keys.len - len),
		    names);
	if (rc == RB_OK && strcmp(names->list[0], fingerprint) != 0)
		rc = RB_EREFUSED;
	if (rc != RB_OK) {
		rc = fault_set(why, rc,
		    "%s/%s is not the OpenPGP public key of that fingerprint "
		    "and nothing else, armoured or bare: write it by "
		    "gpg --export --armor %s",
		    directory, file, fingerprint);
		goto out;
	}
	if ((rc = check_names(k, names, directory, why)) == RB_OK)
		k->n++;
out:
	buf_clear(&text);
	return rc;
}

enum rb_err
keyring_make(const char *directory, const char *const *fingerprints, size_t n,
    int *out, struct fault *why)
{
	struct keyring k = { BUF_INIT, NULL, 0 };
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
	if ((k.names = calloc(n, sizeof(*k.names))) == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	for (i = 0; i < n; i++)
		if ((rc = add_key(dirfd, directory, fingerprints[i], &k,
			 why)) != RB_OK)
			goto out;
	rc = memory_file("keyring", buf_span(&k.keys), out);
out:
	fd_close(&dirfd);
	buf_clear(&k.keys);
	free(k.names);
	return rc;
}

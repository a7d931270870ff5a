/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/gpgv_status.h"

#include <string.h>

#include "common/base/enc.h"

/* RFC 4880, 9.4: the hashes that a signature may rest on. */
enum {
	HASH_SHA256 = 8,
	HASH_SHA384 = 9,
	HASH_SHA512 = 10,
};

/* "DETAILS", ERRSIG: why a signature could not be checked. */
enum {
	RC_UNKNOWN_ALGORITHM = 4,
	RC_NO_KEY = 9,
};

enum word {
	WORD_IGNORED, /* says nothing about whether to believe */
	WORD_TEXT,    /* a signed text starts */
	WORD_NEW,     /* a signature starts */
	WORD_GOOD,
	WORD_EXPIRED, /* good, but it or its key is too old */
	WORD_UNKNOWN, /* cannot be checked */
	WORD_BAD,
	WORD_DETAILS, /* of a signature that fits its text */
};

static const struct {
	const char *text;
	enum word word;
} words[] = {
	{ "PLAINTEXT", WORD_TEXT },
	{ "NEWSIG", WORD_NEW },
	{ "GOODSIG", WORD_GOOD },
	{ "EXPSIG", WORD_EXPIRED },
	{ "EXPKEYSIG", WORD_EXPIRED },
	{ "ERRSIG", WORD_UNKNOWN },
	{ "BADSIG", WORD_BAD },
	{ "REVKEYSIG", WORD_BAD },
	{ "VALIDSIG", WORD_DETAILS },
	{ "KEY_CONSIDERED", WORD_IGNORED },
	{ "KEYEXPIRED", WORD_IGNORED },    /* EXPKEYSIG says the same */
	{ "NO_PUBKEY", WORD_IGNORED },     /* ERRSIG says the same */
	{ "NOTATION_DATA", WORD_IGNORED },
	{ "NOTATION_FLAGS", WORD_IGNORED },
	{ "NOTATION_NAME", WORD_IGNORED },
	{ "PLAINTEXT_LENGTH", WORD_IGNORED },
	{ "POLICY_URL", WORD_IGNORED },
	{ "SIG_ID", WORD_IGNORED },
	{ "SIGEXPIRED", WORD_IGNORED },    /* EXPSIG says the same */
	{ "VERIFICATION_COMPLIANCE_MODE", WORD_IGNORED },
};

/* One signature while its lines pass by. */
struct signature {
	bool has_result; /* good, expired, unknown: exactly one of them */
	bool is_good;
	bool has_details;
	bool is_strong;
	struct gpgv_signature details;
};

struct reader {
	struct gpgv_status status;
	struct signature now;
	size_t ntexts;
	size_t npassed; /* not believed: gpgv may end with 1 or 2 */
};

static bool
fingerprint_is_valid(struct span s)
{
	size_t i;

	/* Keys of version 4 have 40 digits, those after it 64. */
	if (s.len != 40 && s.len != GPGV_FINGERPRINT_MAX)
		return false;
	for (i = 0; i < s.len; i++) {
		if (!(s.p[i] >= '0' && s.p[i] <= '9') &&
		    !(s.p[i] >= 'A' && s.p[i] <= 'F'))
			return false;
	}
	return true;
}

/* VALIDSIG: 7 is the hash, 8 the class (over a document), 9 the key. */
static enum rb_err
take_details(struct span args, struct signature *sig)
{
	struct span field[10];
	uint64_t hash;
	size_t n = 0;

	while (n < 10 && span_take_until(&args, ' ', &field[n]) == RB_OK)
		n++;
	if (n != 10 || args.len != 0 || !sig->has_result || sig->has_details ||
	    !fingerprint_is_valid(field[9]) ||
	    dec_parse(field[7], 255, &hash) != RB_OK ||
	    (!span_equal_str(field[8], "00") &&
		!span_equal_str(field[8], "01")))
		return RB_EFORMAT;
	sig->has_details = true;
	sig->is_strong = hash == HASH_SHA256 || hash == HASH_SHA384 ||
	    hash == HASH_SHA512;
	memcpy(sig->details.fingerprint, field[9].p, field[9].len);
	sig->details.fingerprint[field[9].len] = '\0';
	return RB_OK;
}

/* ERRSIG: 5 says why. */
static enum rb_err
check_unknown(struct span args)
{
	struct span field = SPAN_INIT;
	uint64_t why;
	size_t n;

	for (n = 0; n < 6; n++) {
		if (span_take_until(&args, ' ', &field) != RB_OK)
			return RB_EFORMAT;
	}
	if (dec_parse(field, 255, &why) != RB_OK ||
	    (why != RC_NO_KEY && why != RC_UNKNOWN_ALGORITHM))
		return RB_EFORMAT;
	return RB_OK;
}

/* Counts the signature that ends here. */
static enum rb_err
end_signature(struct reader *r)
{
	struct signature *sig = &r->now;

	if (r->status.nsignatures == 0)
		return RB_OK;
	if (!sig->has_result || (sig->is_good && !sig->has_details))
		return RB_EFORMAT;
	if (sig->is_good && sig->is_strong)
		r->status.valid[r->status.nvalid++] = sig->details;
	memset(sig, 0, sizeof(*sig));
	return RB_OK;
}

static enum rb_err
take_result(struct reader *r, enum word word, struct span args)
{
	if (r->status.nsignatures == 0 || r->now.has_result)
		return RB_EFORMAT;
	if (word == WORD_UNKNOWN && check_unknown(args) != RB_OK)
		return RB_EFORMAT;
	r->now.has_result = true;
	r->now.is_good = word == WORD_GOOD;
	if (word != WORD_GOOD)
		r->npassed++;
	return RB_OK;
}

static enum rb_err
take_word(struct reader *r, enum word word, struct span args)
{
	switch (word) {
	case WORD_IGNORED:
		return RB_OK;
	case WORD_TEXT:
		/* A second text would be read under the first's signature. */
		return r->ntexts++ == 0 && r->status.nsignatures == 0 ?
		    RB_OK :
		    RB_EFORMAT;
	case WORD_NEW:
		if (r->ntexts != 1 || end_signature(r) != RB_OK ||
		    r->status.nsignatures == GPGV_SIGNATURES_MAX)
			return RB_EFORMAT;
		r->status.nsignatures++;
		return RB_OK;
	case WORD_GOOD:
	case WORD_EXPIRED:
	case WORD_UNKNOWN:
		return take_result(r, word, args);
	case WORD_DETAILS:
		return take_details(args, &r->now);
	case WORD_BAD:
		return RB_EFORMAT;
	}
	return RB_EINTERNAL;
}

static enum rb_err
take_line(struct reader *r, struct span line)
{
	struct span name;
	size_t i;

	if (!span_starts(line, SPAN("[GNUPG:] ")))
		return RB_EFORMAT;
	line = span_of(line.p + 9, line.len - 9);
	if (span_take_until(&line, ' ', &name) != RB_OK)
		return RB_EFORMAT;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (span_equal_str(name, words[i].text))
			return take_word(r, words[i].word, line);
	}
	return RB_EFORMAT;
}

enum rb_err
gpgv_status_read(struct span status, uint32_t exit_status,
    struct gpgv_status *out, struct fault *why)
{
	struct reader r;
	struct span line;

	memset(&r, 0, sizeof(r));
	while (status.len > 0) {
		if (span_take_line(&status, &line) != RB_OK)
			return fault_set(why, RB_ESIG,
			    "gpgv's status ends in the middle of a line");
		if (take_line(&r, line) != RB_OK)
			return fault_set(why, RB_ESIG,
			    "gpgv said '%.*s': no signed text is taken on that",
			    line.len < 200 ? (int)line.len : 200,
			    (const char *)line.p);
	}
	if (r.ntexts != 1 || end_signature(&r) != RB_OK)
		return fault_set(why, RB_ESIG,
		    "gpgv did not say of one text and each signature what it "
		    "is");
	if (r.status.nvalid == 0)
		return fault_set(why, RB_ESIG,
		    "none of %zu signatures is by a known, current key over "
		    "SHA-256 or better; does the keyring hold the archive's "
		    "key?",
		    r.status.nsignatures);
	if (exit_status > 2 || (exit_status != 0 && r.npassed == 0))
		return fault_set(why, RB_ESIG,
		    "gpgv ended with status %u, which the signatures do not "
		    "explain",
		    exit_status);

	*out = r.status;
	return RB_OK;
}

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
	RC_DIGEST = 5, /* one that gpgv itself refuses */
	RC_NO_KEY = 9,
};

enum word {
	WORD_IGNORED, /* says nothing about whether to believe */
	WORD_TEXT,    /* a signed text starts */
	WORD_NEW,     /* a signature starts */
	WORD_GOOD,
	WORD_EXPIRED, /* good, but it is too old */
	WORD_EXPIRED_KEY,
	WORD_UNKNOWN, /* cannot be checked */
	WORD_BAD,
	WORD_REVOKED,
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
	{ "EXPKEYSIG", WORD_EXPIRED_KEY },
	{ "ERRSIG", WORD_UNKNOWN },
	{ "BADSIG", WORD_BAD },
	{ "REVKEYSIG", WORD_REVOKED },
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
	enum word result;
	uint64_t unknown_why; /* of an unknown one */
	bool has_details;
	bool is_strong;
	int64_t time;
	struct gpgv_signature details;
};

struct reader {
	bool is_detached; /* no text comes with it; bad is a result too */
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

/*
 * VALIDSIG: 2 is the time, 7 the hash, 8 the class (over a document), 9 the
 * primary key.
 */
static enum rb_err
take_details(struct span args, struct signature *sig)
{
	struct span field[10];
	uint64_t hash, time;
	size_t n = 0;

	while (n < 10 && span_take_until(&args, ' ', &field[n]) == RB_OK)
		n++;
	if (n != 10 || args.len != 0 || !sig->has_result || sig->has_details ||
	    !fingerprint_is_valid(field[9]) ||
	    dec_parse(field[2], UINT32_MAX, &time) != RB_OK ||
	    dec_parse(field[7], 255, &hash) != RB_OK ||
	    (!span_equal_str(field[8], "00") &&
		!span_equal_str(field[8], "01")))
		return RB_EFORMAT;
	sig->has_details = true;
	sig->time = (int64_t)time;
	sig->is_strong = hash == HASH_SHA256 || hash == HASH_SHA384 ||
	    hash == HASH_SHA512;
	memcpy(sig->details.fingerprint, field[9].p, field[9].len);
	sig->details.fingerprint[field[9].len] = '\0';
	return RB_OK;
}

/* ERRSIG: 5 says why. */
static enum rb_err
take_unknown(struct span args, struct signature *sig)
{
	struct span field = SPAN_INIT;
	size_t n;

	for (n = 0; n < 6; n++) {
		if (span_take_until(&args, ' ', &field) != RB_OK)
			return RB_EFORMAT;
	}
	return dec_parse(field, 255, &sig->unknown_why);
}

/* Counts the signature that ends here. */
static enum rb_err
end_signature(struct reader *r)
{
	struct signature *sig = &r->now;

	if (r->status.nsignatures == 0)
		return RB_OK;
	if (!sig->has_result || (sig->result == WORD_GOOD && !sig->has_details))
		return RB_EFORMAT;
	if (sig->result == WORD_GOOD && sig->is_strong)
		r->status.valid[r->status.nvalid++] = sig->details;
	if (!r->is_detached)
		memset(sig, 0, sizeof(*sig));
	return RB_OK;
}

static enum rb_err
take_result(struct reader *r, enum word word, struct span args)
{
	if (r->status.nsignatures == 0 || r->now.has_result)
		return RB_EFORMAT;
	if (word == WORD_UNKNOWN) {
		if (take_unknown(args, &r->now) != RB_OK)
			return RB_EFORMAT;
		if (!r->is_detached && r->now.unknown_why != RC_NO_KEY &&
		    r->now.unknown_why != RC_UNKNOWN_ALGORITHM)
			return RB_EFORMAT;
	}
	r->now.has_result = true;
	r->now.result = word;
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
		if (r->is_detached)
			return RB_EFORMAT;
		/* A second text would be read under the first's signature. */
		return r->ntexts++ == 0 && r->status.nsignatures == 0 ?
		    RB_OK :
		    RB_EFORMAT;
	case WORD_NEW:
		if (r->ntexts != (r->is_detached ? 0 : 1) ||
		    end_signature(r) != RB_OK ||
		    r->status.nsignatures == GPGV_SIGNATURES_MAX)
			return RB_EFORMAT;
		r->status.nsignatures++;
		return RB_OK;
	case WORD_GOOD:
	case WORD_EXPIRED:
	case WORD_EXPIRED_KEY:
	case WORD_UNKNOWN:
		return take_result(r, word, args);
	case WORD_DETAILS:
		return take_details(args, &r->now);
	case WORD_BAD:
	case WORD_REVOKED:
		return r->is_detached ? take_result(r, word, args) : RB_EFORMAT;
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

/* Nothing was signed at all: likelier than an attack, so it is told apart. */
static enum rb_err
refuse_line(const struct reader *r, struct span line, struct fault *why)
{
	if (r->ntexts == 0 && span_starts(line, SPAN("[GNUPG:] NODATA ")))
		return fault_set(why, RB_ESIG,
		    "it is not signed: gpgv found no signed text in it "
		    "(OpenPGP, clearsigned)");
	return fault_set(why, RB_ESIG,
	    "gpgv said '%.*s': no signed text is taken on that",
	    line.len < 200 ? (int)line.len : 200, (const char *)line.p);
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
			return refuse_line(&r, line, why);
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

/* What the one signature is; every line was understood. */
static enum gpgv_result
result_of(const struct signature *sig)
{
	switch (sig->result) {
	case WORD_GOOD:
		return sig->is_strong ? GPGV_GOOD : GPGV_WEAK;
	case WORD_EXPIRED:
		return GPGV_EXPIRED_SIGNATURE;
	case WORD_EXPIRED_KEY:
		/* An old key excuses no weak digest. */
		return sig->is_strong ? GPGV_EXPIRED_KEY : GPGV_WEAK;
	case WORD_REVOKED:
		return GPGV_REVOKED_KEY;
	case WORD_BAD:
		return GPGV_BAD;
	case WORD_UNKNOWN:
		if (sig->unknown_why == RC_NO_KEY)
			return GPGV_UNKNOWN_KEY;
		return sig->unknown_why == RC_DIGEST ? GPGV_WEAK : GPGV_UNCLEAR;
	case WORD_IGNORED:
	case WORD_TEXT:
	case WORD_NEW:
	case WORD_DETAILS:
		break;
	}
	return GPGV_UNCLEAR;
}

static enum gpgv_result
read_detached(struct reader *r, struct span status, uint32_t exit_status)
{
	enum gpgv_result result;
	struct span line;

	r->is_detached = true;
	while (status.len > 0) {
		if (span_take_line(&status, &line) != RB_OK ||
		    take_line(r, line) != RB_OK)
			return GPGV_UNCLEAR;
		/* The second would be read over the first. */
		if (r->status.nsignatures > 1)
			return GPGV_SEVERAL;
	}
	if (r->status.nsignatures != 1 || end_signature(r) != RB_OK)
		return GPGV_UNCLEAR;
	result = result_of(&r->now);
	if (exit_status > 2 || (exit_status != 0 && r->now.result == WORD_GOOD))
		return GPGV_UNCLEAR;
	/* Of these we must know by whom they are. */
	if (result <= GPGV_EXPIRED_SIGNATURE && !r->now.has_details &&
	    r->now.result != WORD_UNKNOWN)
		return GPGV_UNCLEAR;
	return result;
}

void
gpgv_detached_read(struct span status, uint32_t exit_status,
    struct gpgv_detached *out)
{
	struct reader r;

	memset(&r, 0, sizeof(r));
	memset(out, 0, sizeof(*out));
	out->result = read_detached(&r, status, exit_status);
	if (out->result <= GPGV_REVOKED_KEY && r.now.has_details) {
		out->signer = r.now.details;
		out->time = r.now.time;
	}
}

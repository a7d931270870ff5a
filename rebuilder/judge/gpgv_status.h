/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_GPGV_STATUS_H
#define RB_REBUILDER_GPGV_STATUS_H

#include "common/base/span.h"

/*
 * What gpgv said on its --status-fd about one signed text (doc/DETAILS of
 * GnuPG, "Format of the --status-fd output").
 */
#define GPGV_SIGNATURES_MAX 32
#define GPGV_FINGERPRINT_MAX 64

struct gpgv_signature {
	char fingerprint[GPGV_FINGERPRINT_MAX + 1]; /* of the primary key */
};

struct gpgv_status {
	size_t nsignatures; /* on the text, of any kind */
	struct gpgv_signature valid[GPGV_SIGNATURES_MAX];
	size_t nvalid;
};

/*
 * Accounts for every signature and every line.  RB_OK needs one text and at
 * least one valid signature: good, made by a key that is neither expired
 * nor revoked, over SHA-256 or better.  Beside it, signatures by unknown
 * keys, expired ones and weak ones are passed over; one bad signature, one
 * by a revoked key or one word that is not known here is RB_ESIG.
 * `exit_status` is gpgv's own and must fit.
 */
enum rb_err gpgv_status_read(struct span status, uint32_t exit_status,
    struct gpgv_status *out, struct fault *why) RB_CHECK;

/* One signature over a text of its own, as gpgv judged it. */
enum gpgv_result {
	GPGV_GOOD,              /* and over SHA-256 or better */
	GPGV_WEAK,              /* good, but over a lesser digest */
	GPGV_EXPIRED_KEY,       /* good, but its key is too old by now */
	GPGV_EXPIRED_SIGNATURE, /* good, but it was for a time only */
	GPGV_REVOKED_KEY,       /* by a key that is not to be used any more */
	GPGV_UNKNOWN_KEY,       /* of no key in the keyring */
	GPGV_BAD,               /* not over this text */
	GPGV_SEVERAL,           /* more than one signature */
	GPGV_UNCLEAR,           /* anything else */
};

struct gpgv_detached {
	enum gpgv_result result;
	/*
	 * For the first five results: the primary key, and when the
	 * signature says that it was made.  Empty and 0 for the others.
	 */
	struct gpgv_signature signer;
	int64_t time;
};

/*
 * The same for a detached signature.  All lines are accounted for as above;
 * what does not add up is GPGV_UNCLEAR, never good.
 */
void gpgv_detached_read(struct span status, uint32_t exit_status,
    struct gpgv_detached *out);

#endif

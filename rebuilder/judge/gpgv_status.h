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

#endif

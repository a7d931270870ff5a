/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_GPGV_H
#define RB_REBUILDER_GPGV_H

#include "common/base/err.h"

/*
 * Runs gpgv(1) in a jail of its own over an inline-signed text.  Nothing is
 * decided here: `payload` is what gpgv wrote as signed, `status` what it
 * said on --status-fd, both in memory, read only, for rebuilder-judge.
 */
struct gpgv_result {
	int payload, status; /* owned */
	unsigned int exit_status;
};

#define GPGV_RESULT_INIT { -1, -1, 0 }

void gpgv_result_clear(struct gpgv_result *r);

enum rb_err gpgv_run(int signed_text, const char *keyring,
    struct gpgv_result *out, struct fault *why) RB_CHECK;

#endif

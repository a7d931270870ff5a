/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_GPGV_H
#define RB_REBUILDER_GPGV_H

#include "common/base/buf.h"
#include "common/process/role.h"

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

/*
 * The same over a text and its detached signature, while the caller goes on:
 * there are many of them.
 */
struct gpgv_job {
	struct role role;
	int status; /* owned */
};

#define GPGV_JOB_INIT { ROLE_INIT, -1 }

/* Ends it, whatever it is at. */
void gpgv_job_clear(struct gpgv_job *j);

/*
 * `keyring`, a file of bare keys, and `payload` are borrowed until the job
 * has ended; nobody may write them meanwhile.
 */
enum rb_err gpgv_start(int keyring, int payload, struct span signature,
    struct gpgv_job *out, struct fault *why) RB_CHECK;
/*
 * Waits; appends what it said.  A gpgv that was killed, or had to be, by
 * what it read has an exit status above 128, as in a shell.
 */
enum rb_err gpgv_end(struct gpgv_job *j, struct buf *status,
    unsigned int *exit_status, struct fault *why) RB_CHECK;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/tag_signatures.h"

#include <unistd.h>

#include "common/process/msg.h"
#include "rebuilder/gpgv.h"

#define AT_ONCE_MAX 8
#define FIELD_MAX (256u * 1024 * 1024)

/* The window of candidates whose answers are still to come. */
struct window {
	struct {
		struct gpgv_job job; /* owned */
		bool asked;
	} slots[AT_ONCE_MAX];
	size_t first, n, max;
};

static void
window_init(struct window *w)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t i;

	w->first = w->n = 0;
	w->max = cpus < 1 ? 1 : cpus < AT_ONCE_MAX ? (size_t)cpus : AT_ONCE_MAX;
	for (i = 0; i < AT_ONCE_MAX; i++) {
		w->slots[i].job = (struct gpgv_job)GPGV_JOB_INIT;
		w->slots[i].asked = false;
	}
}

static void
window_clear(struct window *w)
{
	size_t i;

	for (i = 0; i < AT_ONCE_MAX; i++)
		gpgv_job_clear(&w->slots[i].job);
}

/* The oldest answer, in the order of the candidates. */
static enum rb_err
take_answer(struct window *w, struct buf *statuses, struct fault *why)
{
	struct buf status = BUF_INIT;
	unsigned int exit_status = 0;
	size_t i = w->first;
	enum rb_err rc = RB_OK;

	w->first = (w->first + 1) % AT_ONCE_MAX;
	w->n--;
	if (w->slots[i].asked)
		rc = gpgv_end(&w->slots[i].job, &status, &exit_status, why);
	if (rc != RB_OK ||
	    (rc = put_u8(statuses, w->slots[i].asked ? 1 : 0)) != RB_OK ||
	    (rc = put_u32(statuses, exit_status)) != RB_OK)
		goto out;
	rc = put_bytes(statuses, buf_span(&status));
out:
	buf_clear(&status);
	return rc;
}

static enum rb_err
take_signed(struct span *in, struct span *payload, struct span *signature)
{
	struct span passed;
	uint8_t number;
	enum rb_err rc;

	if ((rc = take_u8(in, &number)) != RB_OK || /* kind */
	    (rc = take_bytes(in, FIELD_MAX, &passed)) != RB_OK || /* ref */
	    (rc = take_bytes(in, FIELD_MAX, &passed)) != RB_OK || /* id */
	    (rc = take_bytes(in, FIELD_MAX, &passed)) != RB_OK || /* commit */
	    (rc = take_u8(in, &number)) != RB_OK || /* has_version */
	    (rc = take_bytes(in, FIELD_MAX, &passed)) != RB_OK || /* version */
	    (rc = take_bytes(in, FIELD_MAX, &passed)) != RB_OK || /* release */
	    (rc = take_bytes(in, FIELD_MAX, &passed)) != RB_OK || /* object */
	    (rc = take_bytes(in, FIELD_MAX, payload)) != RB_OK)
		return rc;
	return take_bytes(in, FIELD_MAX, signature);
}

enum rb_err
tag_signatures(int keyring, struct span candidates, struct buf *statuses,
    struct fault *why)
{
	struct window w;
	struct span payload, signature;
	size_t i, len = statuses->len;
	enum rb_err rc = RB_OK;

	window_init(&w);
	while (candidates.len > 0 && rc == RB_OK) {
		if (w.n == w.max &&
		    (rc = take_answer(&w, statuses, why)) != RB_OK)
			break;
		if ((rc = take_signed(&candidates, &payload, &signature)) !=
		    RB_OK)
			break;
		i = (w.first + w.n) % AT_ONCE_MAX;
		w.n++;
		w.slots[i].asked = signature.len != 0;
		if (w.slots[i].asked)
			rc = gpgv_start(keyring, payload, signature,
			    &w.slots[i].job, why);
	}
	while (rc == RB_OK && w.n > 0)
		rc = take_answer(&w, statuses, why);
	if (rc != RB_OK)
		statuses->len = len;
	window_clear(&w);
	return rc;
}

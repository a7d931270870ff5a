/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/tag_signatures.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/msg.h"
#include "rebuilder/gpgv.h"

/*
 * Half of the time goes into making a jail, and whoever makes one waits for
 * it; so each processor gets a thread that does nothing else.
 */
#define THREADS_MAX 8
#define FIELD_MAX (256u * 1024 * 1024)

/* One candidate and its answer. */
struct check {
	struct span payload, signature; /* empty: not to be asked about */
	struct buf status;              /* owned */
	unsigned int exit_status;
};

struct work {
	int keyring;
	struct check *list; /* owned */
	size_t n;
	atomic_size_t next;
	atomic_bool failed; /* and then rc and why are set, by one thread */
	enum rb_err rc;
	struct fault why;
};

static void
work_clear(struct work *w)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		buf_clear(&w->list[i].status);
	free(w->list);
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

static enum rb_err
take_candidates(struct span in, struct work *w)
{
	struct span rest = in, payload, signature;
	enum rb_err rc;
	size_t n = 0;

	while (rest.len > 0) {
		if ((rc = take_signed(&rest, &payload, &signature)) != RB_OK)
			return rc;
		n++;
	}
	w->list = calloc(n + 1, sizeof(*w->list));
	if (w->list == NULL)
		return RB_ENOMEM;
	for (; w->n < n; w->n++) {
		if ((rc = take_signed(&in, &w->list[w->n].payload,
			 &w->list[w->n].signature)) != RB_OK)
			return rc;
	}
	return RB_OK;
}

static enum rb_err
check(const struct work *w, struct check *c, struct fault *why)
{
	struct gpgv_job job = GPGV_JOB_INIT;
	int payload = -1;
	enum rb_err rc;

	if (c->signature.len == 0)
		return RB_OK;
	if ((rc = memory_file("payload", c->payload, &payload)) == RB_OK &&
	    (rc = gpgv_start(w->keyring, payload, c->signature, &job, why)) ==
		RB_OK)
		rc = gpgv_end(&job, &c->status, &c->exit_status, why);
	gpgv_job_clear(&job);
	fd_close(&payload);
	return rc;
}

/* Each thread takes what is next until nothing is left, or one failed. */
static void *
run(void *arg)
{
	struct fault why = FAULT_INIT;
	struct work *w = arg;
	enum rb_err rc;
	size_t i;

	while (!atomic_load(&w->failed) &&
	    (i = atomic_fetch_add(&w->next, 1)) < w->n) {
		rc = check(w, &w->list[i], &why);
		if (rc != RB_OK && !atomic_exchange(&w->failed, true)) {
			w->rc = rc;
			w->why = why;
		}
	}
	return NULL;
}

static size_t
processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (n < 1)
		return 1;
	return n < THREADS_MAX ? (size_t)n : THREADS_MAX;
}

/* This thread works too, so that it works with no other as well. */
static void
run_all(struct work *w)
{
	size_t n = 0, most = processors() - 1;
	pthread_t threads[THREADS_MAX];

	while (n < most && n + 1 < w->n &&
	    pthread_create(&threads[n], NULL, run, w) == 0)
		n++;
	(void)run(w);
	while (n > 0)
		(void)pthread_join(threads[--n], NULL);
}

static enum rb_err
put_answers(const struct work *w, struct buf *out)
{
	size_t i, len = out->len;
	enum rb_err rc = RB_OK;

	for (i = 0; i < w->n && rc == RB_OK; i++) {
		if ((rc = put_u8(out, w->list[i].signature.len != 0 ? 1 : 0)) ==
			RB_OK &&
		    (rc = put_u32(out, w->list[i].exit_status)) == RB_OK)
			rc = put_bytes(out, buf_span(&w->list[i].status));
	}
	if (rc != RB_OK)
		out->len = len;
	return rc;
}

enum rb_err
tag_signatures(int keyring, struct span candidates, struct buf *statuses,
    struct fault *why)
{
	struct work w;
	enum rb_err rc;

	memset(&w, 0, sizeof(w));
	w.keyring = keyring;
	if ((rc = take_candidates(candidates, &w)) != RB_OK)
		goto out;
	run_all(&w);
	rc = atomic_load(&w.failed) ? fault_set(why, w.rc, "%s", w.why.text) :
				      put_answers(&w, statuses);
out:
	work_clear(&w);
	return rc;
}

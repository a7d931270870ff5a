/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/job_alarms.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/note.h"
#include "common/process/msg.h"

#define BYTES_MAX (64 * 1024)

/* Of the two who read and write again: one process has a journal open. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static enum rb_err
key_of(const char *component, struct buf *out)
{
	return buf_printf(out, "alarms/%s", component);
}

enum rb_err
job_alarms_get(struct journal *j, const char *component, struct alarms *out)
{
	struct alarms a = ALARMS_INIT;
	struct buf key = BUF_INIT, value = BUF_INIT;
	struct span in;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = key_of(component, &key)) != RB_OK)
		goto out;
	rc = journal_read(j, JOURNAL_STATE, buf_span(&key), BYTES_MAX, &value);
	if (rc == RB_OK) {
		in = buf_span(&value);
		if ((rc = alarms_take(&in, &a)) == RB_OK)
			rc = take_end(in);
	}
	if (rc != RB_OK && rc != RB_ENOTFOUND)
		goto out;
	*out = a;
	a.n = 0; /* now the caller's */
	rc = RB_OK;
out:
	alarms_clear(&a);
	buf_clear(&key);
	buf_clear(&value);
	return rc;
}

static enum rb_err
put(struct journal *j, const char *component, const struct alarms *a)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	struct journal_write w = { JOURNAL_PUT, JOURNAL_STATE, SPAN_INIT,
		SPAN_INIT };
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = key_of(component, &key)) != RB_OK ||
	    (rc = alarms_put(&value, a)) != RB_OK)
		goto out;
	w.key = buf_span(&key);
	w.value = buf_span(&value);
	rc = journal_write(j, &w, 1);
out:
	buf_clear(&key);
	buf_clear(&value);
	return rc;
}

enum rb_err
job_alarms_raise(struct journal *j, const char *component, const char *sentence)
{
	struct alarms a = ALARMS_INIT;
	bool is_new = false;
	enum rb_err rc = RB_EINTERNAL;

	if (pthread_mutex_lock(&lock) != 0)
		abort();
	if ((rc = job_alarms_get(j, component, &a)) == RB_OK &&
	    (rc = alarms_add(&a, (int64_t)time(NULL), sentence, &is_new)) ==
		RB_OK &&
	    is_new)
		rc = put(j, component, &a);
	if (pthread_mutex_unlock(&lock) != 0)
		abort();
	if (is_new)
		note(NOTE_ALARM, "%s: %s", component, sentence);
	alarms_clear(&a);
	return rc;
}

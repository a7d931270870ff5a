/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/job_alarms.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/note.h"
#include "common/process/msg.h"

#define SENTENCE_LIMIT 1024
#define BYTES_MAX (64 * 1024)

/* Of the two who read and write again: one process has a journal open. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void
job_alarms_clear(struct job_alarms *a)
{
	while (a->n > 0)
		free(a->list[--a->n].sentence);
}

static enum rb_err
key_of(const char *component, struct buf *out)
{
	return buf_printf(out, "alarms/%s", component);
}

static enum rb_err
take_alarms(struct span in, struct job_alarms *a)
{
	uint64_t when = 0;
	uint8_t n = 0, i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u8(&in, &n)) != RB_OK)
		return rc;
	if (n > ALARMS_MAX)
		return RB_EFORMAT;
	for (i = 0; i < n; i++) {
		if ((rc = take_u64(&in, &when)) != RB_OK ||
		    (rc = take_text(&in, SENTENCE_LIMIT,
			 &a->list[i].sentence)) != RB_OK)
			return rc;
		a->list[i].time = (int64_t)when;
		a->n = (size_t)i + 1;
	}
	return take_end(in);
}

enum rb_err
job_alarms_get(struct journal *j, const char *component, struct job_alarms *out)
{
	struct job_alarms a = JOB_ALARMS_INIT;
	struct buf key = BUF_INIT, value = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = key_of(component, &key)) != RB_OK)
		goto out;
	rc = journal_read(j, JOURNAL_STATE, buf_span(&key), BYTES_MAX, &value);
	if (rc == RB_OK)
		rc = take_alarms(buf_span(&value), &a);
	if (rc != RB_OK && rc != RB_ENOTFOUND)
		goto out;
	*out = a;
	a.n = 0; /* now the caller's */
	rc = RB_OK;
out:
	job_alarms_clear(&a);
	buf_clear(&key);
	buf_clear(&value);
	return rc;
}

static enum rb_err
put(struct journal *j, const char *component, const struct job_alarms *a)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	struct journal_write w = { JOURNAL_PUT, JOURNAL_STATE, SPAN_INIT,
		SPAN_INIT };
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = key_of(component, &key)) != RB_OK ||
	    (rc = put_u8(&value, (uint8_t)a->n)) != RB_OK)
		goto out;
	for (i = 0; i < a->n; i++)
		if ((rc = put_u64(&value, (uint64_t)a->list[i].time)) !=
			RB_OK ||
		    (rc = put_text(&value, a->list[i].sentence)) != RB_OK)
			goto out;
	w.key = buf_span(&key);
	w.value = buf_span(&value);
	rc = journal_write(j, &w, 1);
out:
	buf_clear(&key);
	buf_clear(&value);
	return rc;
}

static enum rb_err
add(struct job_alarms *a, const char *sentence, bool *is_new)
{
	char *copy;
	size_t i;

	for (i = 0; i < a->n; i++) {
		if (strcmp(a->list[i].sentence, sentence) == 0) {
			*is_new = false;
			return RB_OK;
		}
	}
	if ((copy = strdup(sentence)) == NULL)
		return RB_ENOMEM;
	if (a->n == ALARMS_MAX) {
		free(a->list[0].sentence);
		memmove(&a->list[0], &a->list[1],
		    (ALARMS_MAX - 1) * sizeof(a->list[0]));
		a->n--;
	}
	a->list[a->n].time = (int64_t)time(NULL);
	a->list[a->n++].sentence = copy;
	*is_new = true;
	return RB_OK;
}

enum rb_err
job_alarms_raise(struct journal *j, const char *component, const char *sentence)
{
	struct job_alarms a = JOB_ALARMS_INIT;
	bool is_new = false;
	enum rb_err rc = RB_EINTERNAL;

	if (pthread_mutex_lock(&lock) != 0)
		abort();
	if ((rc = job_alarms_get(j, component, &a)) == RB_OK &&
	    (rc = add(&a, sentence, &is_new)) == RB_OK && is_new)
		rc = put(j, component, &a);
	if (pthread_mutex_unlock(&lock) != 0)
		abort();
	if (is_new)
		note(NOTE_ALARM, "%s: %s", component, sentence);
	job_alarms_clear(&a);
	return rc;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "rebuilder/index_read.h"
#include "rebuilder/job_alarms.h"
#include "rebuilder/metadata.h"

/* index: of every repository that a trip begins with. */

/* It was there: who hides it hides what was published in it. */
static enum rb_err
alarm_of_suite(struct trip *t, const struct repository *suite)
{
	struct fault text = FAULT_INIT;
	enum rb_err rc = RB_EINTERNAL;

	(void)fault_set(&text, RB_EREFUSED,
	    "suite %s was published at %s, which has none now (%s); take its "
	    "suffix out of published.suffixes if that is meant",
	    suite->suite, suite->uri, t->why.text);
	rc = job_alarms_raise(t->journal, t->of.component->name, text.text);
	return rc == RB_OK ? fault_set(&t->why, RB_EREFUSED, "%s", text.text) :
			     rc;
}

/*
 * A suite that its repository never had, such as -securitytesting of a new
 * distribution: nothing is published there yet.
 */
static enum rb_err
note_missing(struct trip *t, const struct repository *suite)
{
	struct buf text = BUF_INIT;
	bool was_there = false;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = metadata_was_there(t, suite, &was_there)) != RB_OK)
		return rc;
	if (was_there)
		return alarm_of_suite(t, suite);
	rc = buf_printf(&text, "%s has no suite %s yet: %s", suite->uri,
	    suite->suite, t->why.text);
	if (rc == RB_OK)
		rc = metadata_note(t, suite, "missing",
		    span_of_str(suite->suite), buf_span(&text));
	buf_clear(&text);
	return rc;
}

static void
drop_suite(struct trip *t, size_t i)
{
	repository_clear(&t->suites[i]);
	t->nsuites--;
	memmove(&t->suites[i], &t->suites[i + 1],
	    (t->nsuites - i) * sizeof(*t->suites));
}

enum rb_err
stage_index(struct trip *t)
{
	size_t i = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = index_read(t, &t->base)) != RB_OK)
		return rc;
	while (i < t->nsuites) {
		rc = index_read(t, &t->suites[i]);
		if (rc == RB_OK) {
			i++;
			continue;
		}
		if (rc != RB_ENOTFOUND ||
		    (rc = note_missing(t, &t->suites[i])) != RB_OK)
			return rc;
		/* With none there is nothing to compare with. */
		if (t->nsuites == 1)
			return RB_ENOTFOUND;
		drop_suite(t, i);
		t->why.text[0] = '\0';
	}
	return RB_OK;
}

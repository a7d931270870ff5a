/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "rebuilder/journal.h"

struct place {
	char path[64];
	struct journal *journal;
};

static int
make_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return -1;
	memcpy(p->path, "/tmp/test_journal.XXXXXX", 25);
	if (mkdtemp(p->path) == NULL ||
	    journal_open(p->path, &p->journal, NULL) != RB_OK)
		return -1;
	*state = p;
	return 0;
}

static int
remove_place(void **state)
{
	struct place *p = *state;
	char command[96];

	journal_close(&p->journal);
	snprintf(command, sizeof(command), "rm -rf %s", p->path);
	if (system(command) != 0)
		return -1;
	free(p);
	return 0;
}

static void
reopen(struct place *p)
{
	journal_close(&p->journal);
	assert_int_equal(journal_open(p->path, &p->journal, NULL), RB_OK);
}

static void
refuses_metadata_older_than_seen(void **state)
{
	struct place *p = *state;
	int64_t newest = -1;

	assert_int_equal(journal_newest(p->journal, "suite", &newest), RB_OK);
	assert_int_equal(newest, 0);
	assert_int_equal(journal_saw(p->journal, "suite", 1000), RB_OK);
	assert_int_equal(journal_saw(p->journal, "suite", 999), RB_ESTALE);
	assert_int_equal(journal_saw(p->journal, "suite", -1), RB_ESTALE);
	assert_int_equal(journal_saw(p->journal, "suite", 1000), RB_OK);
	reopen(p);
	assert_int_equal(journal_saw(p->journal, "suite", 999), RB_ESTALE);
	/* Another suite has a time of its own. */
	assert_int_equal(journal_saw(p->journal, "other", 5), RB_OK);
}

static void
counts_attempts_across_restarts(void **state)
{
	struct place *p = *state;
	struct digest file = { { 1 } }, other = { { 2 } };
	uint64_t n = 0;

	assert_int_equal(journal_attempt(p->journal, &file, &n), RB_OK);
	assert_int_equal(n, 1);
	reopen(p);
	assert_int_equal(journal_attempt(p->journal, &file, &n), RB_OK);
	assert_int_equal(n, 2);
	assert_int_equal(journal_attempt(p->journal, &other, &n), RB_OK);
	assert_int_equal(n, 1);
}

static void
recalls_what_was_remembered_and_nothing_else(void **state)
{
	struct place *p = *state;
	struct digest key = { { 3 } }, other = { { 4 } };
	struct buf value = BUF_INIT;

	assert_int_equal(journal_recall(p->journal, &key, &value),
	    RB_ENOTFOUND);
	assert_int_equal(journal_remember(p->journal, &key, SPAN("result")),
	    RB_OK);
	reopen(p);
	assert_int_equal(journal_recall(p->journal, &other, &value),
	    RB_ENOTFOUND);
	assert_int_equal(value.len, 0);
	assert_int_equal(journal_recall(p->journal, &key, &value), RB_OK);
	assert_true(span_equal_str(buf_span(&value), "result"));
	buf_clear(&value);
}

static enum rb_err
count(void *self, const char *target, bool again)
{
	size_t *n = self;

	if (strcmp(target, "deb:hello") == 0 && again)
		(*n)++;
	return RB_OK;
}

static void
keeps_jobs_until_they_end(void **state)
{
	struct place *p = *state;
	size_t n = 0;

	assert_int_equal(journal_job_add(p->journal, "deb:hello", true), RB_OK);
	assert_int_equal(journal_job_add(p->journal, "deb:hello", true), RB_OK);
	reopen(p);
	assert_int_equal(journal_jobs(p->journal, count, &n), RB_OK);
	assert_int_equal(n, 1);
	assert_int_equal(journal_job_end(p->journal, "deb:hello"), RB_OK);
	assert_int_equal(journal_job_end(p->journal, "deb:hello"), RB_OK);
	n = 0;
	assert_int_equal(journal_jobs(p->journal, count, &n), RB_OK);
	assert_int_equal(n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_metadata_older_than_seen),
		cmocka_unit_test(counts_attempts_across_restarts),
		cmocka_unit_test(recalls_what_was_remembered_and_nothing_else),
		cmocka_unit_test(keeps_jobs_until_they_end),
	};

	return cmocka_run_group_tests(tests, make_place, remove_place);
}

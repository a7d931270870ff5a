/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/db/db.h"
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

#define RACERS 4
#define RACES 40

struct racer {
	pthread_t thread;
	struct journal *journal;
	uint64_t attempts[RACES];
	bool is_good;
};

static void *
race(void *self)
{
	struct racer *r = self;
	struct digest file;
	size_t i;

	r->is_good = digest_of(SPAN("file"), &file) == RB_OK;
	for (i = 0; i < RACES; i++)
		r->is_good = journal_attempt(r->journal, &file,
				 &r->attempts[i]) == RB_OK &&
		    r->is_good;
	return NULL;
}

/* Two at once, and both could have got the same number. */
static void
numbers_each_attempt_once_whoever_asks(void **state)
{
	struct place *p = *state;
	struct racer racers[RACERS];
	bool is_taken[RACERS * RACES + 1] = { false };
	size_t i, k;

	for (i = 0; i < RACERS; i++) {
		racers[i].journal = p->journal;
		assert_int_equal(pthread_create(&racers[i].thread, NULL, race,
				     &racers[i]),
		    0);
	}
	for (i = 0; i < RACERS; i++) {
		assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
		assert_true(racers[i].is_good);
	}
	for (i = 0; i < RACERS; i++)
		for (k = 0; k < RACES; k++) {
			assert_in_range(racers[i].attempts[k], 1,
			    RACERS * RACES);
			assert_false(is_taken[racers[i].attempts[k]]);
			is_taken[racers[i].attempts[k]] = true;
		}
}

#define DATES 40

/* One of two who see dates of a suite, each in turn the newer one. */
struct watcher {
	pthread_t thread;
	pthread_barrier_t *together;
	struct journal *journal;
	int64_t first; /* 0 or 1 */
	bool is_good;
};

static void *
see(void *self)
{
	struct watcher *w = self;
	int64_t date, newest = 0;
	enum rb_err rc;

	w->is_good = true;
	for (date = 0; date < 2 * DATES; date += 2) {
		(void)pthread_barrier_wait(w->together);
		rc = journal_saw(w->journal, "raced", date + w->first + 1);
		if (rc != RB_OK && rc != RB_ESTALE)
			w->is_good = false;
		(void)pthread_barrier_wait(w->together);
		/* Whoever came last, the newer one counts. */
		if (journal_newest(w->journal, "raced", &newest) != RB_OK ||
		    newest != date + 2)
			w->is_good = false;
	}
	return NULL;
}

static void
never_sees_an_older_date_whoever_looks(void **state)
{
	struct place *p = *state;
	struct watcher both[2];
	pthread_barrier_t together;
	size_t i;

	assert_int_equal(pthread_barrier_init(&together, NULL, 2), 0);
	for (i = 0; i < 2; i++) {
		both[i].together = &together;
		both[i].journal = p->journal;
		both[i].first = (int64_t)i;
		assert_int_equal(pthread_create(&both[i].thread, NULL, see,
				     &both[i]),
		    0);
	}
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_join(both[i].thread, NULL), 0);
	assert_true(both[0].is_good && both[1].is_good);
	assert_int_equal(pthread_barrier_destroy(&together), 0);
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
put_in(struct journal *j, enum journal_deed deed, const char *key,
    struct span value)
{
	const struct journal_write w = { deed, JOURNAL_STATE, span_of_str(key),
		value };

	return journal_write(j, &w, 1);
}

static enum rb_err
collect(void *self, struct span key, struct span value)
{
	struct buf *out = self;

	assert_int_equal(buf_put(out, key), RB_OK);
	assert_int_equal(buf_put(out, value), RB_OK);
	return buf_put_str(out, ";");
}

static void
writes_all_of_a_list_or_nothing(void **state)
{
	struct place *p = *state;
	struct buf all = BUF_INIT, out = BUF_INIT;
	char long_key[600];
	struct journal_write list[] = {
		{ JOURNAL_PUT, JOURNAL_JOB, SPAN("a"), SPAN("1") },
		{ JOURNAL_PUT, JOURNAL_JOB, SPAN("ab"), SPAN("2") },
		{ JOURNAL_PUT, JOURNAL_JOB, SPAN("b"), SPAN("3") },
		{ JOURNAL_PUT, JOURNAL_JOB, SPAN_INIT, SPAN("4") },
	};

	memset(long_key, 'x', sizeof(long_key));
	/* LMDB takes no key of that length. */
	list[3].key = span_of(long_key, sizeof(long_key));
	assert_int_equal(journal_write(p->journal, list, 4), RB_EIO);
	assert_int_equal(journal_read(p->journal, JOURNAL_JOB, SPAN("a"), 10,
			     &out),
	    RB_ENOTFOUND);
	assert_int_equal(journal_write(p->journal, list, 3), RB_OK);
	reopen(p);
	assert_int_equal(journal_each(p->journal, JOURNAL_JOB, SPAN(""),
			     collect, &all),
	    RB_OK);
	assert_true(span_equal_str(buf_span(&all), "a1;ab2;b3;"));
	buf_reset(&all);
	assert_int_equal(journal_each(p->journal, JOURNAL_JOB, SPAN("a"),
			     collect, &all),
	    RB_OK);
	assert_true(span_equal_str(buf_span(&all), "a1;ab2;"));
	assert_int_equal(journal_read(p->journal, JOURNAL_JOB, SPAN("ab"), 0,
			     &out),
	    RB_ELIMIT);
	assert_int_equal(journal_read(p->journal, JOURNAL_JOB, SPAN("ab"), 1,
			     &out),
	    RB_OK);
	list[0].deed = list[1].deed = list[2].deed = JOURNAL_REMOVE;
	assert_int_equal(journal_write(p->journal, list, 3), RB_OK);
	assert_int_equal(journal_write(p->journal, list, 3), RB_OK);
	buf_reset(&all);
	assert_int_equal(journal_each(p->journal, JOURNAL_JOB, SPAN(""),
			     collect, &all),
	    RB_OK);
	assert_int_equal(all.len, 0);
	buf_clear(&all);
	buf_clear(&out);
}

static void
counts_and_refuses_to_count_what_is_no_number(void **state)
{
	static const uint8_t three[8] = { 0, 0, 0, 0, 0, 0, 0, 3 };
	struct place *p = *state;
	uint64_t n = 9;

	assert_int_equal(journal_number(p->journal, JOURNAL_STATE, SPAN("n"),
			     &n),
	    RB_OK);
	assert_int_equal(n, 0);
	assert_int_equal(put_in(p->journal, JOURNAL_COUNT, "n",
			     span_of(three, 8)),
	    RB_OK);
	assert_int_equal(put_in(p->journal, JOURNAL_COUNT, "n",
			     span_of(three, 8)),
	    RB_OK);
	reopen(p);
	assert_int_equal(journal_number(p->journal, JOURNAL_STATE, SPAN("n"),
			     &n),
	    RB_OK);
	assert_int_equal(n, 6);
	assert_int_equal(put_in(p->journal, JOURNAL_COUNT, "n", SPAN("3")),
	    RB_EFORMAT);
	assert_int_equal(put_in(p->journal, JOURNAL_PUT, "n", SPAN("six")),
	    RB_OK);
	assert_int_equal(put_in(p->journal, JOURNAL_COUNT, "n",
			     span_of(three, 8)),
	    RB_EFORMAT);
	assert_int_equal(journal_number(p->journal, JOURNAL_STATE, SPAN("n"),
			     &n),
	    RB_EFORMAT);
}

static void
finds_the_last_of_a_prefix(void **state)
{
	static const uint8_t last[] = { 'k', 0, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff };
	struct place *p = *state;
	struct buf key = BUF_INIT;

	assert_int_equal(journal_last(p->journal, JOURNAL_FOUND, SPAN("k\0"),
			     &key),
	    RB_ENOTFOUND);
	assert_int_equal(journal_write(p->journal,
			     (const struct journal_write[]){
				 { JOURNAL_PUT, JOURNAL_FOUND, SPAN("j"),
				     SPAN("") },
				 { JOURNAL_PUT, JOURNAL_FOUND,
				     SPAN("k\0"
					  "00000000"),
				     SPAN("") },
				 { JOURNAL_PUT, JOURNAL_FOUND,
				     SPAN("kk\0"
					  "0000000"),
				     SPAN("") },
			     },
			     3),
	    RB_OK);
	assert_int_equal(journal_last(p->journal, JOURNAL_FOUND, SPAN("k\0"),
			     &key),
	    RB_OK);
	assert_true(span_equal(buf_span(&key),
	    SPAN("k\0"
		 "00000000")));
	buf_reset(&key);
	assert_int_equal(journal_write(p->journal,
			     &(const struct journal_write){ JOURNAL_PUT,
				 JOURNAL_FOUND, span_of(last, sizeof(last)),
				 SPAN("") },
			     1),
	    RB_OK);
	assert_int_equal(journal_last(p->journal, JOURNAL_FOUND, SPAN("k\0"),
			     &key),
	    RB_OK);
	assert_true(span_equal(buf_span(&key), span_of(last, sizeof(last))));
	buf_reset(&key);
	assert_int_equal(journal_last(p->journal, JOURNAL_FOUND, SPAN("l"),
			     &key),
	    RB_ENOTFOUND);
	assert_int_equal(journal_last(p->journal, JOURNAL_FOUND, SPAN("a"),
			     &key),
	    RB_ENOTFOUND);
	buf_clear(&key);
}

/* Puts `key` into `table` of the journal's file, past the journal. */
static void
put_past(const struct place *p, const char *table, struct span key,
    struct span value)
{
	MDB_val k = db_val(key), v = db_val(value);
	MDB_env *env = NULL;
	MDB_txn *txn = NULL;
	MDB_dbi dbi;

	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_set_maxdbs(env, DB_TABLES_MAX), 0);
	assert_int_equal(mdb_env_open(env, p->path, MDB_NOTLS, 0600), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, table, MDB_CREATE, &dbi), 0);
	if (v.mv_size > 0)
		assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
	else
		assert_int_equal(mdb_del(txn, dbi, &k, NULL), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

/* Never as an empty one: its jobs were acknowledged. */
static void
refuses_a_journal_of_a_newer_version(void **state)
{
	struct place *p = *state;
	struct fault why = FAULT_INIT;

	assert_int_equal(put_in(p->journal, JOURNAL_PUT, "k", SPAN("v")),
	    RB_OK);
	journal_close(&p->journal);
	put_past(p, "meta", DB_SCHEMA_KEY, SPAN("2"));
	assert_int_equal(journal_open(p->path, &p->journal, &why), RB_EREFUSED);
	assert_non_null(strstr(why.text, "a newer version wrote it"));
	put_past(p, "meta", DB_SCHEMA_KEY, SPAN("1"));
	assert_int_equal(journal_open(p->path, &p->journal, NULL), RB_OK);
}

static void
opens_a_journal_from_before_it_had_a_schema(void **state)
{
	struct place *p = *state;
	struct buf out = BUF_INIT;

	assert_int_equal(put_in(p->journal, JOURNAL_PUT, "k", SPAN("v")),
	    RB_OK);
	journal_close(&p->journal);
	put_past(p, "meta", DB_SCHEMA_KEY, SPAN(""));
	assert_int_equal(journal_open(p->path, &p->journal, NULL), RB_OK);
	assert_int_equal(journal_read(p->journal, JOURNAL_STATE, SPAN("k"), 1,
			     &out),
	    RB_OK);
	assert_true(span_equal_str(buf_span(&out), "v"));
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_metadata_older_than_seen),
		cmocka_unit_test(counts_attempts_across_restarts),
		cmocka_unit_test(numbers_each_attempt_once_whoever_asks),
		cmocka_unit_test(never_sees_an_older_date_whoever_looks),
		cmocka_unit_test(recalls_what_was_remembered_and_nothing_else),
		cmocka_unit_test(writes_all_of_a_list_or_nothing),
		cmocka_unit_test(counts_and_refuses_to_count_what_is_no_number),
		cmocka_unit_test(finds_the_last_of_a_prefix),
		cmocka_unit_test(refuses_a_journal_of_a_newer_version),
		cmocka_unit_test(opens_a_journal_from_before_it_had_a_schema),
	};

	return cmocka_run_group_tests(tests, make_place, remove_place);
}

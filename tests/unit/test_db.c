/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A database is of one schema, which rises and never falls. */
#include "tests/unit/sample.h"

#include "common/db/db.h"

static const char *const tables[] = { "meta", "a", "b" };

static const struct db_plan first = { .tables = tables,
	.ntables = 2,
	.schema = 1,
	.what = "test",
	.data_mode = 0600,
	.lock_mode = 0600 };

static char *directory;

static int
set_up(void **state)
{
	(void)state;
	directory = sample_directory();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	sample_remove(directory);
	return 0;
}

/* Opens, and looks at "key" in table `i`. */
static void
has(const struct db_plan *plan, size_t i, const char *expected)
{
	struct fault why = FAULT_INIT;
	struct span found = SPAN_INIT;
	struct db db = DB_INIT;
	MDB_txn *txn = NULL;

	if (db_open(directory, true, plan, &db, &why) != RB_OK)
		fail_msg("%s", why.text);
	assert_int_equal(mdb_txn_begin(db.env, NULL, MDB_RDONLY, &txn), 0);
	assert_ok(db_get(txn, db.tables[i], SPAN("key"), &found));
	assert_true(span_equal_str(found, expected));
	mdb_txn_abort(txn);
	db_close(&db);
}

static void
put(const struct db_plan *plan, size_t i, const char *key, const char *value)
{
	struct db db = DB_INIT;
	MDB_txn *txn = NULL;

	assert_ok(db_open(directory, true, plan, &db, NULL));
	assert_int_equal(mdb_txn_begin(db.env, NULL, 0, &txn), 0);
	assert_ok(
	    db_put(txn, db.tables[i], span_of_str(key), span_of_str(value), 0));
	assert_int_equal(mdb_txn_commit(txn), 0);
	db_close(&db);
}

static void
refuses(const struct db_plan *plan, bool writes, enum rb_err expected,
    const char *words)
{
	struct fault why = FAULT_INIT;
	struct db db = DB_INIT;

	assert_int_equal(db_open(directory, writes, plan, &db, &why), expected);
	if (strstr(why.text, words) == NULL)
		fail_msg("no \"%s\" in: %s", words, why.text);
	assert_null(db.env);
}

static bool breaks;

/* 1 -> 2: what stands in "a" goes to "b"; 2 -> 3: with an end. */
static enum rb_err
upgrade(const struct db *db, MDB_txn *txn, unsigned int from)
{
	struct span found = SPAN_INIT;
	struct buf with = BUF_INIT;
	enum rb_err rc;

	if (from == 1) {
		rc = db_get(txn, db->tables[1], SPAN("key"), &found);
		if (rc == RB_OK)
			rc = db_put(txn, db->tables[2], SPAN("key"), found, 0);
		return rc;
	}
	assert_int_equal(from, 2);
	if (breaks)
		return RB_EIO;
	if ((rc = db_get(txn, db->tables[2], SPAN("key"), &found)) == RB_OK &&
	    (rc = buf_put(&with, found)) == RB_OK &&
	    (rc = buf_put_str(&with, ".")) == RB_OK)
		rc = db_put(txn, db->tables[2], SPAN("key"), buf_span(&with),
		    0);
	buf_clear(&with);
	return rc;
}

static struct db_plan
third(void)
{
	struct db_plan plan = first;

	plan.ntables = 3;
	plan.schema = 3;
	plan.upgrade = upgrade;
	return plan;
}

static void
refuses_a_newer_schema(void **state)
{
	const struct db_plan plan = third();

	(void)state;
	put(&plan, 1, "key", "x");
	refuses(&first, true, RB_EREFUSED,
	    "schema 3, and this program knows 1: a newer version wrote it");
	refuses(&first, false, RB_EREFUSED, "a newer version wrote it");
	has(&plan, 1, "x");
}

static void
refuses_what_is_no_schema(void **state)
{
	static const char *const wrong[] = { "", "0", "01", "-1", "x",
		"4294967296" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		put(&first, 0, "schema", wrong[i]);
		refuses(&first, true, RB_EREFUSED, "no version of this");
		sample_remove(directory);
		directory = sample_directory();
	}
}

/* Never taken for a new one: something stands in it. */
static void
refuses_a_database_that_lost_its_schema(void **state)
{
	struct db db = DB_INIT;
	MDB_txn *txn = NULL;
	MDB_val key = db_val(DB_SCHEMA_KEY);

	(void)state;
	put(&first, 1, "key", "x");
	assert_ok(db_open(directory, true, &first, &db, NULL));
	assert_int_equal(mdb_txn_begin(db.env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_del(txn, db.tables[0], &key, NULL), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	db_close(&db);
	refuses(&first, true, RB_EFORMAT, "no schema");
}

static void
an_older_schema_is_brought_up_once(void **state)
{
	const struct db_plan plan = third();

	(void)state;
	put(&first, 1, "key", "x");
	/* Who only reads waits for who writes. */
	refuses(&plan, false, RB_EREFUSED, "not brought it up yet");
	has(&plan, 2, "x.");
	has(&plan, 2, "x.");
	refuses(&first, true, RB_EREFUSED, "a newer version wrote it");
}

static void
an_upgrade_that_fails_leaves_the_old_schema(void **state)
{
	const struct db_plan plan = third();

	(void)state;
	put(&first, 1, "key", "x");
	breaks = true;
	refuses(&plan, true, RB_EIO, "cannot bring to schema 3");
	breaks = false;
	has(&first, 1, "x");
	has(&plan, 2, "x.");
}

static void
refuses_an_older_schema_that_nothing_brings_up(void **state)
{
	struct db_plan plan = third();

	(void)state;
	put(&first, 1, "key", "x");
	plan.upgrade = NULL;
	refuses(&plan, true, RB_EREFUSED, "schema 1, which this program");
	has(&first, 1, "x");
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(refuses_a_newer_schema),
		T(refuses_what_is_no_schema),
		T(refuses_a_database_that_lost_its_schema),
		T(refuses_an_older_schema_that_nothing_brings_up),
		T(an_older_schema_is_brought_up_once),
		T(an_upgrade_that_fails_leaves_the_old_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

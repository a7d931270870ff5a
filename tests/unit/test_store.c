/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/sample.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/db/db.h"
#include "common/store/store.h"

struct fixture {
	char *directory;
	struct store *store;
	struct key *key;
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->directory = sample_directory();
	assert_ok(store_open(f->directory, STORE_WRITE, &f->store, NULL));
	assert_ok(key_generate(&f->key));
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	store_close(&f->store);
	key_free(&f->key);
	sample_remove(f->directory);
	free(f);
	return 0;
}

/* Logs of builds alone, 100 kB each, pass 64 GiB within a year or two. */
static void
the_disk_ends_before_the_map(void **state)
{
	static const char *const tables[] = { "meta" };
	static const struct db_plan plan = { .tables = tables,
		.ntables = 1,
		.schema = 1,
		.what = "a test",
		.data_mode = 0600,
		.lock_mode = 0600 };
	const uint64_t largest_file = UINT64_C(16) << 40; /* of ext4 */
	struct db db = DB_INIT, reader = DB_INIT;
	char *directory = sample_directory();
	MDB_envinfo info;

	(void)state;
	assert_ok(db_open(directory, true, &plan, &db, NULL));
	assert_int_equal(mdb_env_info(db.env, &info), 0);
	assert_true(info.me_mapsize >= largest_file);
	assert_ok(db_open(directory, false, &plan, &reader, NULL));
	assert_int_equal(mdb_env_info(reader.env, &info), 0);
	assert_true(info.me_mapsize >= largest_file);
	db_close(&reader);
	db_close(&db);
	sample_remove(directory);
}

static struct store_txn *
begin(struct fixture *f, enum store_mode mode)
{
	struct store_txn *t = NULL;

	assert_ok(store_begin(f->store, mode, &t));
	return t;
}

static enum rb_err
append(struct fixture *f, struct store_txn *t, uint64_t index)
{
	struct buf leaf = sample_leaf(f->key, index);
	struct statement s;
	enum rb_err rc;

	sample_statement(index, &s);
	rc = store_append(t, index, buf_span(&leaf), &s);
	statement_clear(&s);
	buf_clear(&leaf);
	return rc;
}

static void
fill(struct fixture *f, uint64_t leaves)
{
	struct store_txn *t = begin(f, STORE_WRITE);
	uint64_t i, size;

	assert_ok(store_size(t, &size));
	for (i = size; i < leaves; i++)
		assert_ok(append(f, t, i));
	assert_ok(store_commit(&t));
}

static void
a_reader_finds_no_store_where_none_was_made(void **state)
{
	char *empty = sample_directory();
	struct fault why = FAULT_INIT;
	struct store *s = NULL;

	(void)state;
	assert_int_equal(store_open(empty, STORE_READ, &s, &why), RB_ENOTFOUND);
	assert_null(s);
	assert_non_null(strstr(why.text, empty));
	sample_remove(empty);
}

static void
refuses_another_schema(void **state)
{
	struct fixture *f = *state;
	const char *const tables[] = { "meta" };
	const struct db_plan other = { .tables = tables,
		.ntables = 1,
		.schema = STORE_SCHEMA + 1,
		.what = "served store",
		.data_mode = 0640,
		.lock_mode = 0660 };
	char *directory = sample_directory();
	struct fault why = FAULT_INIT;
	struct store *s = NULL;
	struct db db = DB_INIT;

	(void)f;
	assert_ok(db_open(directory, true, &other, &db, NULL));
	db_close(&db);
	assert_int_equal(store_open(directory, STORE_WRITE, &s, &why),
	    RB_EREFUSED);
	assert_non_null(strstr(why.text, "a newer version wrote it"));
	assert_int_equal(store_open(directory, STORE_READ, &s, &why),
	    RB_EREFUSED);
	assert_ok(store_discard(directory, &why));
	assert_ok(store_open(directory, STORE_WRITE, &s, &why));
	store_close(&s);
	sample_remove(directory);
}

static void
refuses_a_file_that_is_no_database(void **state)
{
	char *directory = sample_directory();
	uint8_t junk[8192];
	struct store *s = NULL;
	int dir;

	(void)state;
	memset(junk, 'x', sizeof(junk));
	dir = open(directory, O_RDONLY | O_DIRECTORY);
	assert_ok(file_replace_at(dir, "data.mdb", span_of(junk, sizeof(junk)),
	    0600));
	assert_int_equal(store_open(directory, STORE_WRITE, &s, NULL),
	    RB_EFORMAT);
	assert_ok(store_discard(directory, NULL));
	assert_ok(store_open(directory, STORE_WRITE, &s, NULL));
	store_close(&s);
	close(dir);
	sample_remove(directory);
}

static void
a_leaf_has_the_next_index_or_none(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = begin(f, STORE_WRITE);

	assert_int_equal(append(f, t, 1), RB_EREFUSED);
	assert_ok(append(f, t, 0));
	assert_int_equal(append(f, t, 0), RB_EREFUSED);
	assert_int_equal(append(f, t, 2), RB_EREFUSED);
	store_abort(&t);
	store_abort(&t);
}

static void
nothing_is_found_in_an_empty_store(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = begin(f, STORE_READ);
	const struct digest d = DIGEST_INIT;
	struct digest h = DIGEST_INIT;
	struct frontier front = FRONTIER_INIT;
	struct span s = SPAN_INIT;
	uint64_t n = 1, found[1];
	size_t count = 1;

	assert_ok(store_size(t, &n));
	assert_int_equal(n, 0);
	assert_ok(store_count(t, VERDICT_DIFFERS, &n));
	assert_int_equal(n, 0);
	assert_int_equal(store_leaf(t, 0, &s), RB_ENOTFOUND);
	assert_int_equal(store_hash(t, 0, 0, &h), RB_ENOTFOUND);
	assert_int_equal(store_hash(t, 99, 0, &h), RB_ENOTFOUND);
	assert_int_equal(store_checkpoint(t, &s), RB_ENOTFOUND);
	assert_int_equal(store_node_json(t, &s), RB_ENOTFOUND);
	assert_int_equal(store_blob(t, &d, &s), RB_ENOTFOUND);
	assert_ok(store_find_prefix(t, &d, 0, found, 1, &count));
	assert_int_equal(count, 0);
	assert_int_equal(store_find_prefix(t, &d, 257, found, 1, &count),
	    RB_ELIMIT);
	assert_ok(store_frontier(t, &front));
	assert_int_equal(front.n, 0);
	store_abort(&t);
}

/* The frontier, and thus the root, from leaves alone. */
static struct digest
root_of(struct store_txn *t, uint64_t size)
{
	struct frontier f = FRONTIER_INIT;
	struct digest h = DIGEST_INIT;
	struct span leaf = SPAN_INIT;
	uint64_t i;

	for (i = 0; i < size; i++) {
		assert_ok(store_leaf(t, i, &leaf));
		assert_ok(tree_leaf_hash(leaf, &h));
		assert_ok(frontier_append(&f, &h));
	}
	assert_ok(frontier_root(&f, &h));
	return h;
}

static void
every_leaf_of_every_size_can_be_proved(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = NULL;
	struct frontier front = FRONTIER_INIT;
	struct digest root, kept = DIGEST_INIT, leaf = DIGEST_INIT;
	struct tree_proof proof = TREE_PROOF_INIT;
	uint64_t size, i;

	for (size = 1; size <= 21; size++) {
		fill(f, size);
		t = begin(f, STORE_READ);
		root = root_of(t, size);
		assert_ok(store_frontier(t, &front));
		assert_ok(frontier_root(&front, &kept));
		assert_true(digest_equal(&root, &kept));
		for (i = 0; i < size; i++) {
			assert_ok(store_hash(t, 0, i, &leaf));
			assert_ok(tree_prove_inclusion(store_hash, t, size, i,
			    &proof));
			assert_ok(tree_verify_inclusion(&proof, size, i, &leaf,
			    &root));
		}
		store_abort(&t);
	}
}

static void
finds_by_bits_of_digest_and_package(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = NULL;
	struct statement s;
	struct digest key = DIGEST_INIT;
	uint64_t found[40];
	size_t n = 0, expected = 0;
	uint64_t i;

	fill(f, 40);
	t = begin(f, STORE_READ);
	sample_statement(17, &s);
	assert_ok(
	    store_find_prefix(t, &s.published.sha256, 256, found, 40, &n));
	assert_int_equal(n, 1);
	assert_int_equal(found[0], 17);
	assert_ok(
	    store_package_key("debian", "sample17", "1.0-1", "amd64", &key));
	assert_ok(store_find_package(t, &key, 256, found, 40, &n));
	assert_int_equal(n, 1);
	assert_int_equal(found[0], 17);
	/* Bits that end inside a byte. */
	for (i = 0; i < 40; i++) {
		struct statement other;

		sample_statement(i, &other);
		if ((other.published.sha256.b[0] ^ s.published.sha256.b[0]) >>
			5 ==
		    0)
			expected++;
		statement_clear(&other);
	}
	assert_ok(store_find_prefix(t, &s.published.sha256, 3, found, 40, &n));
	assert_int_equal(n, expected);
	assert_ok(store_find_prefix(t, &s.published.sha256, 0, found, 40, &n));
	assert_int_equal(n, 40);
	assert_ok(store_find_prefix(t, &s.published.sha256, 0, found, 7, &n));
	assert_int_equal(n, 7);
	assert_ok(store_count(t, s.verdict, &i));
	assert_int_equal(i, 10);
	statement_clear(&s);
	store_abort(&t);
}

static void
attempts_at_one_file_are_found_oldest_first(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = begin(f, STORE_WRITE);
	struct statement s;
	uint64_t found[4];
	size_t n = 0;

	sample_statement(0, &s);
	assert_ok(store_append(t, 0, SPAN("a"), &s));
	assert_ok(append(f, t, 1));
	assert_ok(store_append(t, 2, SPAN("b"), &s));
	assert_ok(store_find_prefix(t, &s.published.sha256, 256, found, 4, &n));
	assert_int_equal(n, 2);
	assert_int_equal(found[0], 0);
	assert_int_equal(found[1], 2);
	statement_clear(&s);
	store_abort(&t);
}

static void
package_keys_do_not_run_into_each_other(void **state)
{
	struct digest a = DIGEST_INIT, b = DIGEST_INIT;

	(void)state;
	assert_ok(store_package_key("ab", "c", "1", "x", &a));
	assert_ok(store_package_key("a", "bc", "1", "x", &b));
	assert_false(digest_equal(&a, &b));
}

/* What a crash leaves while a database is made is made again. */
static void
half_a_new_database_is_no_database(void **state)
{
	char *directory = sample_directory();
	int dir = open(directory, O_RDONLY | O_DIRECTORY);
	struct store *s = NULL;

	(void)state;
	assert_ok(file_replace_at(dir, "new.mdb", SPAN("half"), 0600));
	assert_int_equal(store_open(directory, STORE_READ, &s, NULL),
	    RB_ENOTFOUND);
	assert_ok(store_open(directory, STORE_WRITE, &s, NULL));
	assert_int_not_equal(faccessat(dir, "new.mdb", F_OK, 0), 0);
	store_close(&s);
	close(dir);
	sample_remove(directory);
}

static void
a_reader_keeps_its_moment(void **state)
{
	struct fixture *f = *state;
	struct store_txn *old, *new;
	struct span note = SPAN_INIT;
	uint64_t size = 0;

	fill(f, 3);
	old = begin(f, STORE_READ);
	fill(f, 5);
	new = begin(f, STORE_WRITE);
	assert_ok(store_put_checkpoint(new, SPAN("note")));
	assert_ok(store_commit(&new));
	assert_ok(store_size(old, &size));
	assert_int_equal(size, 3);
	assert_int_equal(store_checkpoint(old, &note), RB_ENOTFOUND);
	store_abort(&old);
}

static void
an_abort_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = begin(f, STORE_WRITE);
	struct digest d = DIGEST_INIT;
	struct span s = SPAN_INIT;
	uint64_t size = 1;

	assert_ok(append(f, t, 0));
	assert_ok(store_put_blob(t, &d, SPAN("blob")));
	store_abort(&t);
	t = begin(f, STORE_READ);
	assert_ok(store_size(t, &size));
	assert_int_equal(size, 0);
	assert_int_equal(store_blob(t, &d, &s), RB_ENOTFOUND);
	store_abort(&t);
}

static void
emptied_it_takes_leaf_zero_again(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t;
	uint64_t size = 1;

	fill(f, 6);
	t = begin(f, STORE_WRITE);
	assert_ok(store_put_checkpoint(t, SPAN("note")));
	assert_ok(store_empty(t));
	assert_ok(store_size(t, &size));
	assert_int_equal(size, 0);
	assert_ok(append(f, t, 0));
	assert_ok(store_commit(&t));
	store_close(&f->store);
	/* The schema is still there. */
	assert_ok(store_open(f->directory, STORE_READ, &f->store, NULL));
}

static void
a_reader_sees_that_its_files_are_gone(void **state)
{
	struct fixture *f = *state;

	assert_false(store_is_gone(f->store));
	assert_ok(store_discard(f->directory, NULL));
	assert_true(store_is_gone(f->store));
}

static void
readers_may_write_the_lock_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	struct stat data, lock;
	int dir = open(f->directory, O_RDONLY | O_DIRECTORY);

	assert_int_equal(fstatat(dir, "data.mdb", &data, 0), 0);
	assert_int_equal(fstatat(dir, "lock.mdb", &lock, 0), 0);
	assert_int_equal(data.st_mode & 07777, 0640);
	assert_int_equal(lock.st_mode & 07777, 0660);
	close(dir);
}

/*
 * A reader in a process of its own, with a transaction open: when it begun
 * it says so, and when `go` is closed it ends without ending that.
 */
static pid_t
fork_reader(struct fixture *f, int *go)
{
	struct store *s = NULL;
	struct store_txn *t = NULL;
	int ready[2], stop[2];
	char c = 0;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(stop), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(stop[1]);
		if (store_open(f->directory, STORE_READ, &s, NULL) != RB_OK ||
		    store_begin(s, STORE_READ, &t) != RB_OK ||
		    write(ready[1], "r", 1) != 1)
			_exit(1);
		_exit(read(stop[0], &c, 1) == 0 ? 0 : 1);
	}
	close(ready[1]);
	close(stop[0]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	*go = stop[1];
	return pid;
}

static void
end_reader(pid_t pid, int go)
{
	int status = 1;

	close(go);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
a_writer_forgets_readers_that_died(void **state)
{
	struct fixture *f = *state;
	const char *const tables[] = { "meta" };
	const struct db_plan plan = { .tables = tables,
		.ntables = 1,
		.schema = STORE_SCHEMA,
		.what = "store",
		.data_mode = 0640,
		.lock_mode = 0660 };
	struct db db = DB_INIT;
	int go[2], dead = 1;
	pid_t pid[2];

	fill(f, 1);
	store_close(&f->store);
	/* Who is last to leave would reset the lock: one stays. */
	pid[0] = fork_reader(f, &go[0]);
	pid[1] = fork_reader(f, &go[1]);
	end_reader(pid[1], go[1]);
	assert_ok(db_open(f->directory, true, &plan, &db, NULL));
	assert_int_equal(mdb_reader_check(db.env, &dead), 0);
	assert_int_equal(dead, 0);
	db_close(&db);
	end_reader(pid[0], go[0]);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_disk_ends_before_the_map),
		T(a_reader_finds_no_store_where_none_was_made),
		T(refuses_another_schema),
		T(refuses_a_file_that_is_no_database),
		T(a_leaf_has_the_next_index_or_none),
		T(nothing_is_found_in_an_empty_store),
		T(every_leaf_of_every_size_can_be_proved),
		T(finds_by_bits_of_digest_and_package),
		T(attempts_at_one_file_are_found_oldest_first),
		T(package_keys_do_not_run_into_each_other),
		cmocka_unit_test(half_a_new_database_is_no_database),
		T(a_reader_keeps_its_moment),
		T(an_abort_leaves_nothing),
		T(emptied_it_takes_leaf_zero_again),
		T(a_reader_sees_that_its_files_are_gone),
		T(readers_may_write_the_lock_and_nothing_else),
		T(a_writer_forgets_readers_that_died),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The power goes while a whole node is made, takes jobs and works on them:
 * what it said that it had done is done when it comes back.
 */
#include "tests/flow/archive_world.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/flow/power_cut.h"

#define RUNS 60 /* of all cuts, so many are tried */
#define RANDOM_CUTS 60

/* What the test saw done, for tape_mark. */
enum done {
	DONE_PAUSE,
	DONE_QUEUED,
	DONE_CANCELLED,
	DONE_VERDICTS, /* and behind it so many leaves */
};

static const char *const init_parts[] = { "fresh", NULL };
static const char *const init_programs[] = { "qubes-rebuilder", NULL };
static const char *const parts[] = { "signer", "attestor", "served",
	"rebuilder", NULL };
static const char *const programs[] = { "attestor", "attestor-signer",
	"attestor-publish", "rebuilder", "qubes-rebuilder", NULL };

static char root[96]; /* of the node */

static void
says(const char *app, const char *rest, const char *words)
{
	struct said said = archive_node(app, rest);

	if (said.status != 0 || strstr(said.text, words) == NULL)
		fail_msg("%s %s: no '%s': %s", app, rest, words, said.text);
}

/* Queued by somebody who does not wait for the end. */
static void
queue(const char *target)
{
	struct said said = archive_ask("exec 2>&1; timeout 1 "
				       "'%s/qubes-rebuilder' rebuild --again "
				       "-c %s/node/node.yml %s",
	    getenv("RB_BIN"), archive_world.directory, target);

	assert_int_equal(said.status, 124);
	says("why", target, "is paused");
}

static void
work(struct tape *t)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		(void)archive_rebuild(i == 0 ? "deb:tiny" : "deb:twin");
		tape_mark(t, DONE_VERDICTS + archive_world.leaves);
	}
	says("pause", "", "");
	tape_mark(t, DONE_PAUSE);
	queue("deb:twin");
	queue("deb:tiny");
	tape_mark(t, DONE_QUEUED);
	says("cancel", "deb:tiny", "1 job cancelled");
	tape_mark(t, DONE_CANCELLED);
}

/* Which of these the test had seen when the power went; leaves. */
static uint64_t
remember(const struct tape *t, size_t cut, bool done[DONE_VERDICTS])
{
	uint64_t leaves = 0;
	const struct event *e;
	size_t i;

	memset(done, 0, DONE_VERDICTS * sizeof(*done));
	for (i = 0; i < cut; i++) {
		e = tape_at(t, i);
		if (e->kind != EVENT_MARK)
			continue;
		if (e->offset < DONE_VERDICTS)
			done[e->offset] = true;
		else
			leaves = e->offset - DONE_VERDICTS;
	}
	return leaves;
}

static void
comes_back(const struct tape *t, size_t cut)
{
	bool done[DONE_VERDICTS];
	uint64_t leaves = remember(t, cut, done), size;

	archive_serve();
	if (done[DONE_PAUSE])
		says("status", "", "paused");
	if (done[DONE_QUEUED])
		says("why", "deb:twin", "is paused");
	if (done[DONE_CANCELLED])
		says("why", "deb:tiny", "cancelled");
	else if (done[DONE_QUEUED]) /* or on the way there */
		says("why", "deb:tiny", "deb:tiny: ");
	size = archive_log_size();
	if (size < leaves)
		fail_msg("%d verdicts were told, and the log has %d",
		    (int)leaves, (int)size);
	archive_depot_is_right();
	archive_serve_end();
}

static void
a_node_keeps_its_jobs_and_verdicts(void **state)
{
	unsigned int seed = (unsigned int)time(NULL), before;
	struct tape t;
	size_t *places, n, i, at;
	enum loss loss;

	(void)state;
	print_message("seed %u\n", seed);
	(void)snprintf(root, sizeof(root), "%s/node", archive_world.directory);
	tape_begin(&t, root, parts, programs);
	archive_serve();
	work(&t);
	archive_serve_end();
	tape_end(&t);
	places = power_cut_places(&t, RANDOM_CUTS, &seed, &n);
	print_message("%zu events, %zu cuts\n", t.nevents, n);
	for (i = 0; i < RUNS; i++) {
		at = places[i == 0 ? n - 1 : (size_t)rand_r(&seed) % n];
		loss = (enum loss)((unsigned int)rand_r(&seed) % LOSSES);
		before = seed;
		power_cut(&t, at, loss, &seed);
		print_message("cut %zu, loss %d, seed %u\n", at, (int)loss,
		    before);
		comes_back(&t, at);
	}
	free(places);
	tape_clear(&t);
}

static bool
is_there(const char *rest, off_t size)
{
	char path[160];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/fresh/%s",
	    archive_world.directory, rest);
	return stat(path, &st) == 0 && st.st_size >= size;
}

/* All of a node is behind its node.yml. */
static void
a_node_is_made_whole_or_not_at_all(void **state)
{
	static const struct {
		const char *name;
		off_t size;
	} whole[] = { { "keys/signing.key", 50 }, { "keys/signing.vkey", 50 },
		{ "signer/state", 8 }, { "attestor/truth", 0 }, { "served", 0 },
		{ "rebuilder/journal", 0 }, { "rebuilder/store", 0 },
		{ "machine", 0 }, { "run", 0 }, { "told/status", 0 },
		{ "told/release", 0 } };
	unsigned int seed = (unsigned int)time(NULL), loss;
	struct said said;
	struct tape t;
	size_t *places, n, i, k;
	char path[96];

	(void)state;
	print_message("seed %u\n", seed);
	(void)snprintf(path, sizeof(path), "%s/fresh", archive_world.directory);
	assert_int_equal(mkdir(path, 0755), 0);
	tape_begin(&t, archive_world.directory, init_parts, init_programs);
	said = archive_ask("exec '%s/qubes-rebuilder' init -n test.example/x "
			   "%s 2>&1",
	    getenv("RB_BIN"), path);
	assert_int_equal(said.status, 0);
	tape_mark(&t, 0);
	tape_end(&t);
	places = power_cut_places(&t, RANDOM_CUTS, &seed, &n);
	assert_true(n > 10);
	for (i = 0; i < n; i++) {
		for (loss = 0; loss < LOSSES; loss++) {
			power_cut(&t, places[i], loss, &seed);
			if (!is_there("node.yml", 1)) {
				assert_true(places[i] < t.nevents);
				continue;
			}
			for (k = 0; k < sizeof(whole) / sizeof(whole[0]); k++)
				if (!is_there(whole[k].name, whole[k].size))
					fail_msg("cut %zu: no %s", places[i],
					    whole[k].name);
		}
	}
	free(places);
	tape_clear(&t);
}

#define TEST(f) cmocka_unit_test_setup(f, archive_world_check)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_node_is_made_whole_or_not_at_all),
		TEST(a_node_keeps_its_jobs_and_verdicts),
	};

	return cmocka_run_group_tests(tests, archive_world_make,
	    archive_world_stop);
}

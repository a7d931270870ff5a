/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The power goes at any moment, and the disk has kept what was synced, or
 * more, or bits of it: the log goes on from there, with all that was ever
 * answered, and with no second checkpoint of any size.
 */
#include <time.h>
#include <unistd.h>

#include "common/attest/checkpoint.h"
#include "common/base/file.h"
#include "common/process/frames.h"
#include "tests/flow/attest_talk.h"
#include "tests/flow/power_cut.h"

#define VERDICTS 8
#define ANOTHER 100 /* a verdict that is new after the cut */
#define RANDOM_CUTS 60

static const char *const parts[] = { "signer", "attestor", "served", NULL };
static const char *const programs[] = { "attestor", "attestor-signer",
	"attestor-publish", NULL };

/* While it is recorded: leaves by index, as they were answered. */
static struct digest leaves[VERDICTS];

static int
set_up(void **state)
{
	struct fixture *f;

	if (geteuid() != 0)
		return 0;
	f = calloc(1, sizeof(*f));
	assert_non_null(f);
	f->sock = -1;
	attest_node_init(&f->node);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	return geteuid() != 0 ? 0 : talk_tear_down(state);
}

static void
forget(struct fixture *f)
{
	size_t i;

	for (i = 0; i <= STATEMENTS_MAX; i++)
		buf_clear(&f->seen.notes[i]);
	memset(&f->seen, 0, sizeof(f->seen));
}

static void
log_marked(struct fixture *f, struct tape *t, uint64_t n)
{
	assert_int_equal(verdict_log(f, n), n);
	leaves[n] = f->seen.leaves[n];
	tape_mark(t, n);
}

/* A node from its first start on, with a crash on its way. */
static void
record(struct fixture *f, struct tape *t)
{
	uint64_t n;

	tape_begin(t, f->node.directory, parts, programs);
	attest_node_start(&f->node);
	for (n = 0; n < VERDICTS; n++) {
		if (n == VERDICTS / 2) {
			attest_node_stop(&f->node);
			fd_close(&f->sock);
			attest_node_start(&f->node);
		}
		log_marked(f, t, n);
	}
	attest_node_stop(&f->node);
	fd_close(&f->sock);
	tape_end(t);
}

/* What the signer let out of its hands. */
static void
see_frame(struct fixture *f, const struct event *e)
{
	struct span in = span_of(tape_bytes(e), e->len), note = SPAN_INIT;
	struct digest root = DIGEST_INIT;
	uint64_t size = 0;
	uint32_t len = 0;
	uint16_t type = 0;

	assert_ok(take_u16(&in, &type));
	assert_ok(take_u32(&in, &len));
	if (type == SIGNER_STATE_IS) {
		assert_ok(take_u64(&in, &size));
		assert_ok(take_digest(&in, &root));
	} else if (type == SIGNER_APPENDED) {
		assert_ok(take_bytes(&in, MSG_BODY_MAX, &note));
	} else {
		return;
	}
	assert_ok(take_bytes(&in, CHECKPOINT_NOTE_MAX, &note));
	note_see(f, note);
}

/* What was known outside when the power went; how many verdicts were. */
static uint64_t
remember(struct fixture *f, const struct tape *t, size_t cut)
{
	const struct event *e;
	uint64_t known = 0;
	size_t i;

	forget(f);
	for (i = 0; i < cut; i++) {
		e = tape_at(t, i);
		if (e->kind == EVENT_SAID &&
		    strcmp(e->program, "attestor-signer") == 0)
			see_frame(f, e);
		if (e->kind != EVENT_MARK)
			continue;
		f->seen.is_logged[e->offset] = true;
		f->seen.leaves[e->offset] = leaves[e->offset];
		known = e->offset + 1;
	}
	return known;
}

/* Not by sending it again, which would make good what is lost. */
static void
is_logged(struct fixture *f, uint64_t n)
{
	struct buf bytes = sample_bytes(SAMPLE_NODE, n);
	struct digest statement = DIGEST_INIT, leaf = DIGEST_INIT;
	struct msg m, answer;
	struct span in;
	uint64_t index = 0;

	msg_init(&m, ATTEST_FIND);
	msg_init(&answer, 0);
	assert_ok(digest_of(buf_span(&bytes), &statement));
	assert_ok(put_digest(&m.body, &statement));
	for (;;) {
		if (f->sock < 0)
			f->sock = talk_connect(f);
		if (msg_call(f->sock, &m, &answer) == RB_OK)
			break;
		fd_close(&f->sock);
	}
	if (answer.type != ATTEST_LOGGED)
		fail_msg("verdict %d was answered and is lost", (int)n);
	in = buf_span(&answer.body);
	assert_ok(take_u64(&in, &index));
	assert_ok(take_digest(&in, &leaf));
	assert_int_equal(index, n);
	assert_true(digest_equal(&leaf, &leaves[n]));
	msg_clear(&answer);
	msg_clear(&m);
	buf_clear(&bytes);
}

static void
starts_again(struct fixture *f, uint64_t known)
{
	uint64_t n, size;

	attest_node_start(&f->node);
	for (n = 0; n < known; n++)
		is_logged(f, n);
	size = verdict_log(f, ANOTHER) + 1;
	served_check(f, size);
	assert_true(size > known);
	assert_int_equal(verdict_log(f, ANOTHER + 1), size);
	served_check(f, size + 1);
	attest_node_stop(&f->node);
	fd_close(&f->sock);
}

static void
a_power_cut_loses_and_forks_nothing(void **state)
{
	static const char *const names[LOSSES] = { "all", "nothing", "some" };
	struct fixture *f = *state;
	unsigned int seed = (unsigned int)time(NULL), before, loss;
	struct tape t;
	size_t *places, n, i;

	if (f == NULL) {
		skip();
		return;
	}
	print_message("seed %u\n", seed);
	record(f, &t);
	places = power_cut_places(&t, RANDOM_CUTS, &seed, &n);
	print_message("%zu events, %zu cuts\n", t.nevents, n);
	for (i = 0; i < n; i++) {
		for (loss = 0; loss < LOSSES; loss++) {
			before = seed;
			power_cut(&t, places[i], loss, &seed);
			print_message("cut %zu, %s of the unsynced is lost, "
				      "seed %u\n",
			    places[i], names[loss], before);
			starts_again(f, remember(f, &t, places[i]));
		}
	}
	free(places);
	tape_clear(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_power_cut_loses_and_forks_nothing, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

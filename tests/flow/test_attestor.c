/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attestor and its roles as they run in a node: what they take, what they
 * refuse, and that nothing that was answered is ever lost or forked,
 * whenever they are killed.
 */
#include "tests/unit/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "attestor/truth.h"
#include "common/attest/checkpoint.h"
#include "common/base/file.h"
#include "common/process/frames.h"
#include "common/process/node.h"
#include "common/process/msg.h"
#include "common/store/store.h"
#include "tests/flow/attest_node.h"

#define KILLS 30
#define STATEMENTS_MAX 256

/* What the node ever told anybody; none of it may change. */
struct seen {
	struct digest leaves[STATEMENTS_MAX]; /* by index */
	bool is_logged[STATEMENTS_MAX];
	struct buf notes[STATEMENTS_MAX + 1]; /* by size */
};

struct fixture {
	struct attest_node node;
	struct seen seen;
	int sock;
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->sock = -1;
	*state = f;
	attest_node_init(&f->node);
	attest_node_start(&f->node);
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;
	size_t i;

	fd_close(&f->sock);
	attest_node_clear(&f->node);
	for (i = 0; i <= STATEMENTS_MAX; i++)
		buf_clear(&f->seen.notes[i]);
	free(f);
	return 0;
}

/* The supervisor holds the listening socket, so somebody will accept. */
static int
connect_to(struct fixture *f)
{
	const struct timeval patience = { .tv_sec = 60 };
	struct node node = NODE_INIT;
	struct fault why = FAULT_INIT;
	int sock = -1;

	node.directory = f->node.directory;
	if (node_connect(&node, "attestor.sock", &sock, &why) != RB_OK)
		fail_msg("%s", why.text);
	/* Only so that a test that hangs fails. */
	assert_int_equal(setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience,
	    sizeof(patience)), 0);
	return sock;
}

static void
add_blob(struct msg *m, struct buf *kinds, uint8_t kind, struct buf bytes)
{
	int fd = -1;

	assert_ok(put_u8(kinds, kind));
	assert_ok(memory_file("blob", buf_span(&bytes), &fd));
	assert_ok(msg_add_fd(m, fd));
	buf_clear(&bytes);
}

static void
make_verdict(struct msg *m, uint64_t n)
{
	struct buf bytes = sample_bytes(SAMPLE_NODE, n), kinds = BUF_INIT;

	msg_init(m, ATTEST_VERDICT);
	assert_ok(put_bytes(&m->body, buf_span(&bytes)));
	add_blob(m, &kinds, BLOB_INPUTS, sample_inputs(n));
	add_blob(m, &kinds, BLOB_LOG, sample_log(n));
	if (n % 4 == 1)
		add_blob(m, &kinds, BLOB_DIFFERENCE, sample_difference(n));
	assert_ok(put_u8(&m->body, (uint8_t)kinds.len));
	assert_ok(buf_put(&m->body, buf_span(&kinds)));
	buf_clear(&kinds);
	buf_clear(&bytes);
}

static void
take_logged(struct fixture *f, const struct msg *answer, uint64_t *index)
{
	struct span in = buf_span(&answer->body);
	struct digest leaf = DIGEST_INIT;

	assert_ok(take_u64(&in, index));
	assert_ok(take_digest(&in, &leaf));
	assert_ok(take_end(in));
	assert_true(*index < STATEMENTS_MAX);
	if (f->seen.is_logged[*index])
		assert_true(digest_equal(&leaf, &f->seen.leaves[*index]));
	f->seen.is_logged[*index] = true;
	f->seen.leaves[*index] = leaf;
}

/* Sends until it is answered, as rebuilder does. */
static uint64_t
log_verdict(struct fixture *f, uint64_t n)
{
	struct msg m, answer;
	uint64_t index = UINT64_MAX;

	make_verdict(&m, n);
	msg_init(&answer, 0);
	for (;;) {
		if (f->sock < 0)
			f->sock = connect_to(f);
		if (msg_call(f->sock, &m, &answer) == RB_OK)
			break;
		fd_close(&f->sock);
	}
	if (answer.type != ATTEST_LOGGED)
		fail_msg("statement %d: frame %x: %.*s", (int)n, answer.type,
		    (int)answer.body.len - 4, (char *)answer.body.p + 4);
	take_logged(f, &answer, &index);
	msg_clear(&answer);
	msg_clear(&m);
	return index;
}

/* Sends what must be refused; the sentence must hold `about`. */
static void
assert_refused(struct fixture *f, struct msg *m, const char *about)
{
	struct span in;
	struct msg answer;
	char *text = NULL;

	msg_init(&answer, 0);
	if (f->sock < 0)
		f->sock = connect_to(f);
	assert_ok(msg_call(f->sock, m, &answer));
	assert_int_equal(answer.type, FRAME_REFUSED);
	in = buf_span(&answer.body);
	assert_ok(take_text(&in, FAULT_MAX, &text));
	if (strstr(text, about) == NULL)
		fail_msg("\"%s\" does not speak of %s", text, about);
	free(text);
	msg_clear(&answer);
	msg_clear(m);
}

static struct store_txn *
open_served(struct fixture *f, struct store **s)
{
	char *path = attest_node_path(&f->node, "served");
	struct fault why = FAULT_INIT;
	struct store_txn *t = NULL;

	if (store_open(path, STORE_READ, s, &why) != RB_OK)
		fail_msg("%s", why.text);
	assert_ok(store_begin(*s, STORE_READ, &t));
	free(path);
	return t;
}

/* Two notes of one size are one note. */
static void
see_note(struct fixture *f, struct span note)
{
	struct checkpoint cp;
	struct buf *seen;

	assert_ok(checkpoint_open(note, &f->node.vkey, &cp));
	assert_true(cp.size <= STATEMENTS_MAX);
	seen = &f->seen.notes[cp.size];
	if (seen->len == 0)
		assert_ok(buf_put(seen, note));
	assert_true(span_equal(buf_span(seen), note));
}

static void
see_served(struct fixture *f)
{
	struct store *s = NULL;
	struct store_txn *t = open_served(f, &s);
	struct span note = SPAN_INIT;

	assert_ok(store_checkpoint(t, &note));
	see_note(f, note);
	store_abort(&t);
	store_close(&s);
}

/* All that was ever said holds in what is served now. */
static void
check_served(struct fixture *f, uint64_t size)
{
	struct frontier front = FRONTIER_INIT;
	struct store *s = NULL;
	struct store_txn *t = open_served(f, &s);
	struct digest hash = DIGEST_INIT;
	struct span span = SPAN_INIT;
	struct checkpoint cp;
	uint64_t i, n = 0;

	assert_ok(store_checkpoint(t, &span));
	see_note(f, span);
	assert_ok(checkpoint_open(span, &f->node.vkey, &cp));
	assert_int_equal(cp.size, size);
	assert_ok(store_size(t, &n));
	assert_int_equal(n, size);
	for (i = 0; i <= size; i++) {
		assert_ok(frontier_root(&front, &hash));
		if (f->seen.notes[i].len != 0) {
			assert_ok(checkpoint_open(buf_span(&f->seen.notes[i]),
			    &f->node.vkey, &cp));
			assert_true(digest_equal(&cp.root, &hash));
		}
		if (i == size)
			break;
		assert_ok(store_leaf(t, i, &span));
		assert_ok(tree_leaf_hash(span, &hash));
		if (f->seen.is_logged[i])
			assert_true(digest_equal(&hash, &f->seen.leaves[i]));
		assert_ok(frontier_append(&front, &hash));
	}
	for (; i < STATEMENTS_MAX; i++)
		assert_false(f->seen.is_logged[i]);
	store_abort(&t);
	store_close(&s);
}

static void
assert_blob_served(struct store_txn *t, struct buf bytes)
{
	struct digest d = DIGEST_INIT;
	struct span found = SPAN_INIT;

	assert_ok(digest_of(buf_span(&bytes), &d));
	assert_ok(store_blob(t, &d, &found));
	assert_true(span_equal(found, buf_span(&bytes)));
	buf_clear(&bytes);
}

static void
a_verdict_is_logged_once_and_served(void **state)
{
	struct fixture *f = *state;
	struct store *s = NULL;
	struct store_txn *t;
	struct span json = SPAN_INIT;
	uint64_t i;

	for (i = 0; i < 6; i++)
		assert_int_equal(log_verdict(f, i), i);
	for (i = 0; i < 6; i++)
		assert_int_equal(log_verdict(f, i), i);
	check_served(f, 6);
	t = open_served(f, &s);
	assert_blob_served(t, sample_inputs(5));
	assert_blob_served(t, sample_log(3));
	assert_blob_served(t, sample_difference(5));
	assert_ok(store_node_json(t, &json));
	assert_non_null(memmem(json.p, json.len, SAMPLE_NODE,
	    strlen(SAMPLE_NODE)));
	assert_non_null(memmem(json.p, json.len, "\"namespace\"", 11));
	store_abort(&t);
	store_close(&s);
}

static void
refuses_what_is_no_statement_of_this_node(void **state)
{
	struct fixture *f = *state;
	struct buf bytes = sample_bytes("rebuilder.example/other", 0);
	struct msg m;

	msg_init(&m, ATTEST_VERDICT);
	assert_ok(put_bytes(&m.body, SPAN("{}")));
	assert_ok(put_u8(&m.body, 0));
	assert_refused(f, &m, "statement");

	msg_init(&m, ATTEST_VERDICT);
	assert_ok(put_bytes(&m.body, buf_span(&bytes)));
	assert_ok(put_u8(&m.body, 0));
	assert_refused(f, &m, "rebuilder.example/other");
	buf_clear(&bytes);

	assert_int_equal(log_verdict(f, 0), 0);
	check_served(f, 1);
}

static void
refuses_blobs_that_do_not_belong_there(void **state)
{
	struct fixture *f = *state;
	struct buf bytes = sample_bytes(SAMPLE_NODE, 0);
	struct msg m;
	int ends[2], fd = -1;

	/* Named, but missing. */
	msg_init(&m, ATTEST_VERDICT);
	assert_ok(put_bytes(&m.body, buf_span(&bytes)));
	assert_ok(put_u8(&m.body, 0));
	assert_refused(f, &m, "not handed over");
	/* Announced, but not there. */
	msg_init(&m, ATTEST_VERDICT);
	assert_ok(put_bytes(&m.body, buf_span(&bytes)));
	assert_ok(put_u8(&m.body, 1));
	assert_ok(put_u8(&m.body, BLOB_LOG));
	assert_refused(f, &m, "announces 1");
	/* Other bytes. */
	make_verdict(&m, 0);
	fd_close(&m.fds[1]);
	assert_ok(memory_file("other", SPAN("other\n"), &m.fds[1]));
	assert_refused(f, &m, "build log");
	/* Not named: only `differs` has a difference. */
	make_verdict(&m, 0);
	m.body.p[m.body.len - 1] = BLOB_DIFFERENCE;
	assert_refused(f, &m, "names none");
	make_verdict(&m, 0);
	m.body.p[m.body.len - 1] = 9;
	assert_refused(f, &m, "unknown kind");
	/* A pipe, which never ends. */
	make_verdict(&m, 0);
	assert_int_equal(pipe(ends), 0);
	fd_close(&m.fds[0]);
	m.fds[0] = ends[0];
	assert_refused(f, &m, "regular file");
	close(ends[1]);
	/* A byte more than a difference report may have. */
	make_verdict(&m, 1);
	fd_close(&m.fds[2]);
	m.fds[2] = memfd_create("large", MFD_CLOEXEC);
	assert_int_equal(ftruncate(m.fds[2], 4 * 1024 * 1024 + 1), 0);
	assert_refused(f, &m, "difference report");
	fd_close(&fd);
	buf_clear(&bytes);

	assert_int_equal(log_verdict(f, 1), 0);
	check_served(f, 1);
}

static void
a_stranger_frame_ends_that_connection_only(void **state)
{
	struct fixture *f = *state;
	struct msg m, answer;
	int stranger = connect_to(f);

	msg_init(&m, SIGNER_APPEND);
	msg_init(&answer, 0);
	assert_int_equal(msg_call(stranger, &m, &answer), RB_EPEER);
	close(stranger);
	stranger = connect_to(f);
	assert_int_equal(send(stranger, "x", 1, 0), 1);
	assert_int_equal(msg_recv(stranger, &answer), RB_EPEER);
	close(stranger);
	assert_int_equal(log_verdict(f, 0), 0);
	msg_clear(&m);
}

static void
mute_clients_block_nobody(void **state)
{
	struct fixture *f = *state;
	int mute[40];
	size_t i;

	for (i = 0; i < 40; i++)
		mute[i] = connect_to(f);
	assert_int_equal(log_verdict(f, 0), 0);
	for (i = 0; i < 40; i++)
		close(mute[i]);
	assert_int_equal(log_verdict(f, 1), 1);
}

static void
kill_at_random(struct fixture *f, unsigned int *seed)
{
	const struct timespec moment = { .tv_nsec = rand_r(seed) % 6000000 };
	pid_t victim = 0;

	/* Not waiting for anything: any instruction will do. */
	(void)nanosleep(&moment, NULL);
	switch (rand_r(seed) % 3) {
	case 0:
		victim = attest_node_attestor(&f->node);
		break;
	case 1:
		victim = attest_node_signer(&f->node);
		break;
	default:
		victim = attest_node_publisher(&f->node);
		break;
	}
	if (victim > 0)
		(void)kill(victim, SIGKILL);
}

static void
kills_at_any_moment_lose_and_fork_nothing(void **state)
{
	struct fixture *f = *state;
	unsigned int seed = (unsigned int)time(NULL);
	struct msg m;
	uint64_t n, logged = 0;

	print_message("seed %u\n", seed);
	assert_int_equal(log_verdict(f, logged++), 0);
	for (n = 0; n < KILLS; n++) {
		/* One is under way while they die, and is sent again. */
		if (f->sock < 0)
			f->sock = connect_to(f);
		make_verdict(&m, logged);
		if (msg_send(f->sock, &m) != RB_OK)
			fd_close(&f->sock);
		msg_clear(&m);
		kill_at_random(f, &seed);
		fd_close(&f->sock);
		assert_int_equal(log_verdict(f, logged), logged);
		logged++;
		see_served(f);
	}
	for (n = 0; n < logged; n++)
		assert_int_equal(log_verdict(f, n), n);
	check_served(f, logged);
}

static void
remove_served(struct fixture *f)
{
	char *path = attest_node_path(&f->node, "served");

	assert_ok(store_discard(path, NULL));
	free(path);
}

static void
what_is_served_is_made_again_from_the_truth(void **state)
{
	struct fixture *f = *state;
	struct store *s = NULL;
	struct store_txn *t;
	uint64_t i;

	for (i = 0; i < 7; i++)
		assert_int_equal(log_verdict(f, i), i);
	see_served(f);
	attest_node_stop(&f->node);
	fd_close(&f->sock);
	remove_served(f);
	attest_node_start(&f->node);
	assert_int_equal(log_verdict(f, 6), 6);
	check_served(f, 7);
	t = open_served(f, &s);
	assert_blob_served(t, sample_log(0));
	store_abort(&t);
	store_close(&s);
}

/* The served store of another log, longer than ours. */
static void
what_is_served_wrongly_is_replaced(void **state)
{
	struct fixture *f = *state;
	char *path = attest_node_path(&f->node, "served");
	struct store *s = NULL;
	struct store_txn *t = NULL;
	struct statement statement;
	uint64_t i;

	for (i = 0; i < 3; i++)
		assert_int_equal(log_verdict(f, i), i);
	attest_node_stop(&f->node);
	fd_close(&f->sock);
	assert_ok(store_open(path, STORE_WRITE, &s, NULL));
	assert_ok(store_begin(s, STORE_WRITE, &t));
	assert_ok(store_empty(t));
	for (i = 0; i < 5; i++) {
		sample_statement(i, &statement);
		assert_ok(store_append(t, i, SPAN("x"), &statement));
		statement_clear(&statement);
	}
	assert_ok(store_commit(&t));
	store_close(&s);
	attest_node_start(&f->node);
	assert_int_equal(log_verdict(f, 3), 3);
	check_served(f, 4);
	free(path);
}

static void
copy_file(struct fixture *f, const char *from, const char *to)
{
	char *a = attest_node_path(&f->node, from);
	char *b = attest_node_path(&f->node, to);
	struct buf bytes = BUF_INIT;
	int fd;

	assert_ok(file_read_at(AT_FDCWD, a, 1 << 26, &bytes));
	fd = open(b, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_ok(file_write_fd(fd, buf_span(&bytes)));
	fd_close(&fd);
	buf_clear(&bytes);
	free(a);
	free(b);
}

/* attestor ends, and its note speaks of `about`. */
static void
assert_will_not_start(struct fixture *f, const char *about)
{
	struct buf notes;
	char *path = attest_node_path(&f->node, "notes");
	struct msg m, answer;
	int sock;

	(void)unlink(path);
	attest_node_start(&f->node);
	sock = connect_to(f);
	make_verdict(&m, 99);
	msg_init(&answer, 0);
	/* The supervisor gives up, and the door closes unanswered. */
	assert_int_equal(msg_call(sock, &m, &answer), RB_EPEER);
	msg_clear(&m);
	close(sock);
	attest_node_stop(&f->node);
	notes = attest_node_notes(&f->node);
	if (strstr((char *)notes.p, about) == NULL)
		fail_msg("no note speaks of \"%s\":\n%s", about,
		    (char *)notes.p);
	buf_clear(&notes);
	free(path);
}

static void
a_backup_of_one_of_the_two_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(log_verdict(f, 0), 0);
	attest_node_stop(&f->node);
	fd_close(&f->sock);
	copy_file(f, "signer/state", "old-state");
	copy_file(f, "attestor/truth/data.mdb", "old-truth");
	attest_node_start(&f->node);
	assert_int_equal(log_verdict(f, 1), 1);
	assert_int_equal(log_verdict(f, 2), 2);
	attest_node_stop(&f->node);
	fd_close(&f->sock);
	copy_file(f, "signer/state", "new-state");
	copy_file(f, "attestor/truth/data.mdb", "new-truth");

	copy_file(f, "old-state", "signer/state");
	assert_will_not_start(f, "signed 1 leaves and attestor's truth holds 3");
	copy_file(f, "new-state", "signer/state");
	copy_file(f, "old-truth", "attestor/truth/data.mdb");
	assert_will_not_start(f, "signed 3 leaves and attestor's truth holds 1");
	/* Both old: a clone of the node, which only a witness could see. */
	copy_file(f, "new-truth", "attestor/truth/data.mdb");
	attest_node_start(&f->node);
	assert_int_equal(log_verdict(f, 3), 3);
	check_served(f, 4);
}

/* Who owns attestor talks to the signer like this. */
struct direct {
	int sock;
	pid_t pid;
};

static struct direct
direct_signer(struct fixture *f)
{
	const struct timeval patience = { .tv_sec = 60 };
	struct direct d;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    pair), 0);
	assert_int_equal(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO,
	    &patience, sizeof(patience)), 0);
	d.pid = attest_node_run(&f->node, "attestor-signer", pair[1]);
	d.sock = pair[0];
	close(pair[1]);
	return d;
}

static int
end_direct(struct direct *d)
{
	int status = -1;

	close(d->sock);
	assert_int_equal(waitpid(d->pid, &status, 0), d->pid);
	return status;
}

/* SIGNER_APPENDED's note goes to `note`; else RB_EREFUSED. */
static enum rb_err
direct_append(struct direct *d, uint64_t index, struct buf bytes,
    struct buf *note)
{
	struct span in, envelope = SPAN_INIT, n = SPAN_INIT;
	struct msg m, answer;
	enum rb_err rc = RB_EREFUSED;

	msg_init(&m, SIGNER_APPEND);
	msg_init(&answer, 0);
	assert_ok(put_u64(&m.body, index));
	assert_ok(put_bytes(&m.body, buf_span(&bytes)));
	assert_ok(msg_call(d->sock, &m, &answer));
	if (answer.type == SIGNER_APPENDED) {
		in = buf_span(&answer.body);
		assert_ok(take_bytes(&in, 1 << 16, &envelope));
		assert_ok(take_bytes(&in, 1 << 16, &n));
		buf_reset(note);
		assert_ok(buf_put(note, n));
		rc = RB_OK;
	} else {
		assert_int_equal(answer.type, FRAME_REFUSED);
	}
	buf_clear(&bytes);
	msg_clear(&m);
	msg_clear(&answer);
	return rc;
}

/* As attestor leaves it when it dies with statement `n` under way. */
static void
leave_pending(struct fixture *f, uint64_t n)
{
	char *path = attest_node_path(&f->node, "attestor/truth");
	struct truth_blob blobs[2] = { { DIGEST_INIT, sample_inputs(n) },
		{ DIGEST_INIT, sample_log(n) } };
	struct buf bytes = sample_bytes(SAMPLE_NODE, n);
	struct truth *truth = NULL;
	size_t i;

	for (i = 0; i < 2; i++)
		assert_ok(digest_of(buf_span(&blobs[i].bytes),
		    &blobs[i].digest));
	assert_ok(truth_open(path, &truth, NULL));
	assert_ok(truth_journal(truth, buf_span(&bytes), blobs, 2));
	truth_close(&truth);
	for (i = 0; i < 2; i++)
		buf_clear(&blobs[i].bytes);
	buf_clear(&bytes);
	free(path);
}

static void
a_crash_before_the_signature_is_finished(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(log_verdict(f, 0), 0);
	attest_node_stop(&f->node);
	fd_close(&f->sock);
	leave_pending(f, 4);
	attest_node_start(&f->node);
	assert_int_equal(log_verdict(f, 2), 2);
	assert_int_equal(log_verdict(f, 4), 1);
	check_served(f, 3);
}

static void
a_crash_behind_the_signature_is_finished(void **state)
{
	struct fixture *f = *state;
	struct buf note = BUF_INIT;
	struct direct d;

	assert_int_equal(log_verdict(f, 0), 0);
	attest_node_stop(&f->node);
	fd_close(&f->sock);
	leave_pending(f, 4);
	d = direct_signer(f);
	assert_ok(direct_append(&d, 1, sample_bytes(SAMPLE_NODE, 4), &note));
	see_note(f, buf_span(&note));
	assert_int_equal(end_direct(&d), 0);
	attest_node_start(&f->node);
	assert_int_equal(log_verdict(f, 4), 1);
	assert_int_equal(log_verdict(f, 2), 2);
	check_served(f, 3);
	buf_clear(&note);
}

static void
a_leaf_that_attestor_did_not_ask_for_stops_it(void **state)
{
	struct fixture *f = *state;
	struct buf note = BUF_INIT;
	struct direct d;

	assert_int_equal(log_verdict(f, 0), 0);
	attest_node_stop(&f->node);
	fd_close(&f->sock);
	d = direct_signer(f);
	assert_ok(direct_append(&d, 1, sample_bytes(SAMPLE_NODE, 4), &note));
	assert_int_equal(end_direct(&d), 0);
	assert_will_not_start(f, "signed 2 leaves and attestor's truth holds 1");
	leave_pending(f, 8);
	assert_will_not_start(f, "somebody else used the signer");
	buf_clear(&note);
}

static void
whoever_owns_attestor_cannot_fork_the_log(void **state)
{
	struct fixture *f = *state;
	struct buf note = BUF_INIT, again = BUF_INIT, junk = BUF_INIT;
	struct direct d;

	attest_node_stop(&f->node);
	d = direct_signer(f);
	assert_ok(direct_append(&d, 0, sample_bytes(SAMPLE_NODE, 0), &note));
	/* Another statement in its place; a gap; the past; other bytes. */
	assert_int_equal(direct_append(&d, 0, sample_bytes(SAMPLE_NODE, 1),
	    &again), RB_EREFUSED);
	assert_int_equal(direct_append(&d, 2, sample_bytes(SAMPLE_NODE, 1),
	    &again), RB_EREFUSED);
	assert_int_equal(direct_append(&d, UINT64_MAX,
	    sample_bytes(SAMPLE_NODE, 1), &again), RB_EREFUSED);
	assert_int_equal(direct_append(&d, 1,
	    sample_bytes("rebuilder.example/other", 1), &again), RB_EREFUSED);
	assert_ok(buf_put_str(&junk, "rebuilder.example/log\n1\nAAAA\n"));
	assert_int_equal(direct_append(&d, 1, junk, &again), RB_EREFUSED);
	/* The same again is the same answer, also of the next signer. */
	assert_ok(direct_append(&d, 0, sample_bytes(SAMPLE_NODE, 0), &again));
	assert_true(span_equal(buf_span(&note), buf_span(&again)));
	assert_int_equal(end_direct(&d), 0);
	d = direct_signer(f);
	assert_ok(direct_append(&d, 0, sample_bytes(SAMPLE_NODE, 0), &again));
	assert_true(span_equal(buf_span(&note), buf_span(&again)));
	assert_int_equal(direct_append(&d, 0, sample_bytes(SAMPLE_NODE, 1),
	    &again), RB_EREFUSED);
	assert_ok(direct_append(&d, 1, sample_bytes(SAMPLE_NODE, 1), &again));
	/* Leaf 0 is not the last one any more. */
	assert_int_equal(direct_append(&d, 0, sample_bytes(SAMPLE_NODE, 0),
	    &note), RB_EREFUSED);
	assert_int_equal(end_direct(&d), 0);
	buf_clear(&note);
	buf_clear(&again);
}

static void
the_signer_ends_at_a_frame_that_is_not_its_duty(void **state)
{
	struct fixture *f = *state;
	struct msg m, answer;
	struct direct d;

	attest_node_stop(&f->node);
	d = direct_signer(f);
	msg_init(&m, ATTEST_VERDICT);
	msg_init(&answer, 0);
	assert_int_equal(msg_call(d.sock, &m, &answer), RB_EPEER);
	assert_int_not_equal(end_direct(&d), 0);
}

static void
two_signers_do_not_live_at_once(void **state)
{
	struct fixture *f = *state;
	struct direct first, second;
	struct buf note = BUF_INIT;
	struct msg m, answer;
	char c;

	attest_node_stop(&f->node);
	first = direct_signer(f);
	assert_ok(direct_append(&first, 0, sample_bytes(SAMPLE_NODE, 0),
	    &note));
	second = direct_signer(f);
	msg_init(&m, SIGNER_STATE);
	msg_init(&answer, 0);
	assert_ok(msg_send(second.sock, &m));
	assert_ok(direct_append(&first, 1, sample_bytes(SAMPLE_NODE, 1),
	    &note));
	/* Silent as long as the first lives, and then it knows both leaves. */
	assert_int_equal(recv(second.sock, &c, 1, MSG_DONTWAIT | MSG_PEEK),
	    -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(end_direct(&first), 0);
	assert_ok(msg_recv(second.sock, &answer));
	assert_int_equal(answer.type, SIGNER_STATE_IS);
	assert_int_equal(answer.body.p[7], 2);
	msg_clear(&answer);
	assert_int_equal(end_direct(&second), 0);
	buf_clear(&note);
}

static void
a_lost_state_begins_no_second_log(void **state)
{
	struct fixture *f = *state;
	char *path = attest_node_path(&f->node, "signer/state");
	struct msg m, answer;
	struct direct d;

	attest_node_stop(&f->node);
	assert_int_equal(unlink(path), 0);
	d = direct_signer(f);
	msg_init(&m, SIGNER_STATE);
	msg_init(&answer, 0);
	assert_int_equal(msg_call(d.sock, &m, &answer), RB_EPEER);
	assert_int_not_equal(end_direct(&d), 0);
	assert_int_equal(access(path, F_OK), -1);
	free(path);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(refuses_what_is_no_statement_of_this_node),
		T(refuses_blobs_that_do_not_belong_there),
		T(a_stranger_frame_ends_that_connection_only),
		T(mute_clients_block_nobody),
		T(a_verdict_is_logged_once_and_served),
		T(whoever_owns_attestor_cannot_fork_the_log),
		T(the_signer_ends_at_a_frame_that_is_not_its_duty),
		T(two_signers_do_not_live_at_once),
		T(a_lost_state_begins_no_second_log),
		T(what_is_served_is_made_again_from_the_truth),
		T(what_is_served_wrongly_is_replaced),
		T(a_backup_of_one_of_the_two_is_refused),
		T(a_crash_before_the_signature_is_finished),
		T(a_crash_behind_the_signature_is_finished),
		T(a_leaf_that_attestor_did_not_ask_for_stops_it),
		T(kills_at_any_moment_lose_and_fork_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/flow/attest_talk.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/attest/checkpoint.h"
#include "common/base/file.h"
#include "common/process/frames.h"
#include "common/process/node.h"

int
talk_set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->sock = -1;
	*state = f;
	attest_node_init(&f->node);
	attest_node_start(&f->node);
	return 0;
}

int
talk_tear_down(void **state)
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
int
talk_connect(struct fixture *f)
{
	const struct timeval patience = { .tv_sec = 60 };
	struct node node = NODE_INIT;
	struct fault why = FAULT_INIT;
	struct buf notes;
	int sock = -1;

	node.directory = f->node.directory;
	if (node_connect(&node, "attestor.sock", &sock, &why) != RB_OK) {
		notes = attest_node_notes(&f->node);
		print_message("%s", (char *)notes.p);
		fail_msg("%s", why.text);
	}
	/* Only so that a test that hangs fails. */
	assert_int_equal(setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience,
			     sizeof(patience)),
	    0);
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

void
verdict_make(struct msg *m, uint64_t n)
{
	verdict_make_of(SAMPLE_NODE, m, n);
}

void
verdict_make_of(const char *node, struct msg *m, uint64_t n)
{
	struct buf bytes = sample_bytes(node, n), kinds = BUF_INIT;

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
uint64_t
verdict_log(struct fixture *f, uint64_t n)
{
	struct msg m, answer;
	uint64_t index = UINT64_MAX;

	verdict_make_of(f->name != NULL ? f->name : SAMPLE_NODE, &m, n);
	msg_init(&answer, 0);
	for (;;) {
		if (f->sock < 0)
			f->sock = talk_connect(f);
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

struct store_txn *
served_open(struct fixture *f, struct store **s)
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
void
note_see(struct fixture *f, struct span note)
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

void
served_see(struct fixture *f)
{
	struct store *s = NULL;
	struct store_txn *t = served_open(f, &s);
	struct span note = SPAN_INIT;

	assert_ok(store_checkpoint(t, &note));
	note_see(f, note);
	store_abort(&t);
	store_close(&s);
}

/* All that was ever said holds in what is served now. */
void
served_check(struct fixture *f, uint64_t size)
{
	struct frontier front = FRONTIER_INIT;
	struct store *s = NULL;
	struct store_txn *t = served_open(f, &s);
	struct digest hash = DIGEST_INIT;
	struct span span = SPAN_INIT;
	struct checkpoint cp;
	uint64_t i, n = 0;

	assert_ok(store_checkpoint(t, &span));
	note_see(f, span);
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

void
served_has_blob(struct store_txn *t, struct buf bytes)
{
	struct digest d = DIGEST_INIT;
	struct span found = SPAN_INIT;

	assert_ok(digest_of(buf_span(&bytes), &d));
	assert_ok(store_blob(t, &d, &found));
	assert_true(span_equal(found, buf_span(&bytes)));
	buf_clear(&bytes);
}

struct direct
direct_open(struct fixture *f)
{
	const struct timeval patience = { .tv_sec = 60 };
	struct direct d;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			     pair),
	    0);
	assert_int_equal(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience,
			     sizeof(patience)),
	    0);
	d.pid = attest_node_run(&f->node, "attestor-signer", pair[1]);
	d.sock = pair[0];
	close(pair[1]);
	return d;
}

int
direct_end(struct direct *d)
{
	int status = -1;

	close(d->sock);
	assert_int_equal(waitpid(d->pid, &status, 0), d->pid);
	return status;
}

/* SIGNER_APPENDED's note goes to `note`; else RB_EREFUSED. */
enum rb_err
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attestor-publish: the only process that writes the served store.
 *
 * It can reach the served store and one socket to attestor, and has no say:
 * it files what attestor sends.  It is a process of its own because LMDB's
 * lock is memory that httpd, which listens to the world, may write too:
 * pointers of a robust mutex among it.  Whoever owns httpd, and through that
 * lock this process, can change what this node serves, which every reader
 * verifies anyway, and can stop the node, which ends rather than go on
 * without it; they reach neither the truth, nor attestor, nor the signer, so
 * nothing false is signed and nothing signed is lost.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/attest/checkpoint.h"
#include "common/attest/envelope.h"
#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/frames.h"
#include "common/process/node.h"
#include "common/process/role.h"
#include "common/store/store.h"

/* Of one blob; attestor's own limits are lower or equal. */
#define BLOB_MAX (64 * 1024 * 1024)
#define NODE_JSON_MAX (32 * 1024)

struct self {
	struct store *store;   /* owned */
	struct store_txn *txn; /* owned; NULL between two commits */
};

static enum rb_err
send_done(int sock)
{
	struct msg m;
	enum rb_err rc;

	msg_init(&m, PUBLISH_DONE);
	rc = msg_send(sock, &m);
	msg_clear(&m);
	return rc;
}

static enum rb_err
writing(struct self *self)
{
	if (self->txn != NULL)
		return RB_OK;
	return store_begin(self->store, STORE_WRITE, &self->txn);
}

static enum rb_err
put_state(struct store_txn *t, struct buf *body)
{
	struct frontier f = FRONTIER_INIT;
	struct digest root = DIGEST_INIT;
	enum rb_err rc;

	if ((rc = store_frontier(t, &f)) == RB_OK)
		rc = frontier_root(&f, &root);
	/* Damaged: a root of zeros, which no tree has. */
	if (rc != RB_OK && rc != RB_ENOTFOUND && rc != RB_EFORMAT)
		return rc;
	if ((rc = put_u64(body, f.size)) != RB_OK)
		return rc;
	return put_digest(body, &root);
}

static enum rb_err
answer_state(void *arg, unsigned int *state, int sock, struct msg *question)
{
	struct self *self = arg;
	struct store_txn *t = NULL;
	struct msg m;
	enum rb_err rc;

	(void)state;
	msg_init(&m, PUBLISH_STATE_IS);
	if ((rc = take_end(buf_span(&question->body))) != RB_OK)
		goto out;
	if ((rc = store_begin(self->store, STORE_READ, &t)) != RB_OK)
		goto out;
	if ((rc = put_state(t, &m.body)) != RB_OK)
		goto out;
	rc = msg_send(sock, &m);
out:
	store_abort(&t);
	msg_clear(&m);
	return rc;
}

static enum rb_err
answer_empty(void *arg, unsigned int *state, int sock, struct msg *question)
{
	struct self *self = arg;
	enum rb_err rc;

	(void)state;
	if ((rc = take_end(buf_span(&question->body))) != RB_OK)
		return rc;
	if ((rc = writing(self)) != RB_OK)
		return rc;
	if ((rc = store_empty(self->txn)) != RB_OK)
		return rc;
	return send_done(sock);
}

static enum rb_err
answer_leaf(void *arg, unsigned int *state, int sock, struct msg *question)
{
	struct self *self = arg;
	struct span body = buf_span(&question->body), bytes = SPAN_INIT;
	struct envelope e = ENVELOPE_INIT;
	struct statement s;
	uint64_t index = 0;
	enum rb_err rc;

	(void)state;
	statement_init(&s);
	if ((rc = take_u64(&body, &index)) != RB_OK)
		goto out;
	if ((rc = take_bytes(&body, ENVELOPE_MAX, &bytes)) != RB_OK)
		goto out;
	if ((rc = take_end(body)) != RB_OK)
		goto out;
	if ((rc = envelope_parse(bytes, &e, NULL)) != RB_OK)
		goto out;
	if ((rc = statement_parse(buf_span(&e.payload), &s, NULL)) != RB_OK)
		goto out;
	if ((rc = writing(self)) != RB_OK)
		goto out;
	if ((rc = store_append(self->txn, index, bytes, &s)) != RB_OK)
		goto out;
	rc = send_done(sock);
out:
	envelope_clear(&e);
	statement_clear(&s);
	return rc;
}

static enum rb_err
answer_blob(void *arg, unsigned int *state, int sock, struct msg *question)
{
	struct self *self = arg;
	struct span body = buf_span(&question->body);
	struct digest name = DIGEST_INIT, is = DIGEST_INIT;
	struct buf bytes = BUF_INIT;
	enum rb_err rc;

	(void)state;
	if ((rc = take_digest(&body, &name)) != RB_OK)
		goto out;
	if ((rc = take_end(body)) != RB_OK)
		goto out;
	if (question->nfds != 1) {
		rc = RB_EFORMAT;
		goto out;
	}
	rc = file_read_fd(question->fds[0], BLOB_MAX, &bytes);
	if (rc != RB_OK)
		goto out;
	if ((rc = digest_of(buf_span(&bytes), &is)) != RB_OK)
		goto out;
	if (!digest_equal(&is, &name)) {
		rc = RB_EDIGEST;
		goto out;
	}
	if ((rc = writing(self)) != RB_OK)
		goto out;
	if ((rc = store_put_blob(self->txn, &name, buf_span(&bytes))) != RB_OK)
		goto out;
	rc = send_done(sock);
out:
	buf_clear(&bytes);
	return rc;
}

static enum rb_err
answer_commit(void *arg, unsigned int *state, int sock, struct msg *question)
{
	struct self *self = arg;
	struct span body = buf_span(&question->body);
	struct span note = SPAN_INIT, json = SPAN_INIT;
	enum rb_err rc;

	(void)state;
	if ((rc = take_bytes(&body, CHECKPOINT_NOTE_MAX, &note)) != RB_OK)
		return rc;
	if ((rc = take_bytes(&body, NODE_JSON_MAX, &json)) != RB_OK)
		return rc;
	if ((rc = take_end(body)) != RB_OK)
		return rc;
	if ((rc = writing(self)) != RB_OK)
		return rc;
	if (note.len != 0 &&
	    (rc = store_put_checkpoint(self->txn, note)) != RB_OK)
		return rc;
	if (json.len != 0 &&
	    (rc = store_put_node_json(self->txn, json)) != RB_OK)
		return rc;
	if ((rc = store_commit(&self->txn)) != RB_OK)
		return rc;
	return send_done(sock);
}

static const struct duty duties[] = {
	{ PUBLISH_STATE, ANY_STATE, answer_state },
	{ PUBLISH_EMPTY, ANY_STATE, answer_empty },
	{ PUBLISH_LEAF, ANY_STATE, answer_leaf },
	{ PUBLISH_BLOB, ANY_STATE, answer_blob },
	{ PUBLISH_COMMIT, ANY_STATE, answer_commit },
};

/* What cannot be opened is thrown away: attestor sends it all again. */
static enum rb_err
open_store(const char *directory, struct store **out, struct fault *why)
{
	enum rb_err rc;

	rc = store_open(directory, STORE_WRITE, out, why);
	if (rc != RB_EREFUSED && rc != RB_EFORMAT)
		return rc;
	note(NOTE_WARN, "%s; it is made anew", why->text);
	if ((rc = store_discard(directory, why)) != RB_OK)
		return rc;
	return store_open(directory, STORE_WRITE, out, why);
}

static enum rb_err
begin(struct self *self, const char *conf, struct fault *why)
{
	const struct jail jail = { .allow = JAIL_DB };
	struct node node = NODE_INIT;
	char *directory = NULL; /* owned */
	enum rb_err rc;

	if ((rc = node_read(conf, &node, NULL, 0, why)) != RB_OK)
		goto out;
	if ((rc = node_path(&node, "served", &directory)) != RB_OK)
		goto out;
	if ((rc = open_store(directory, &self->store, why)) != RB_OK)
		goto out;
	rc = jail_enter(&jail, why);
out:
	free(directory);
	node_clear(&node);
	return rc;
}

int
main(int argc, char **argv)
{
	struct self self = { NULL, NULL };
	struct fault why = FAULT_INIT;
	enum rb_err rc;
	int status = 1;

	note_open("attestor-publish");
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		puts("usage: attestor-publish -c node.yml\n"
		     "Writes what a node serves; started by attestor; see "
		     "attestor-publish(8).");
		return 0;
	}
	if (argc != 3 || strcmp(argv[1], "-c") != 0) {
		note(NOTE_ERROR, "usage: attestor-publish -c node.yml");
		return 2;
	}
	if ((rc = begin(&self, argv[2], &why)) != RB_OK)
		note(NOTE_ERROR, "%s",
		    why.text[0] != '\0' ? why.text : err_name(rc));
	else
		status = role_serve(ROLE_SOCKET, duties,
		    sizeof(duties) / sizeof(duties[0]), &self);
	store_abort(&self.txn);
	store_close(&self.store);
	return status;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attestor-signer: the only process that can read the signing key.
 *
 * It can reach the key (in locked memory), its own state file, and the one
 * connection to attestor.  It opens no file and no network once it is in its
 * jail, and nothing that it is sent is signed as it came: a request is
 * parsed as a statement of this node, written out again, and that is signed;
 * its hash is appended to a frontier that only this process writes, the root
 * is computed here, and both copies of the state are on the disk before a
 * signature leaves.
 *
 * Whoever owns attestor can therefore obtain false statements of this node,
 * in the log where everybody sees them; but no signature over anything that
 * is not such a statement, no checkpoint over a leaf that was not signed
 * here, no two checkpoints of one size, and not the key.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "attestor/memory_lock.h"
#include "attestor/signer_state.h"
#include "common/attest/checkpoint.h"
#include "common/attest/envelope.h"
#include "common/attest/statement.h"
#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/frames.h"
#include "common/process/node.h"
#include "common/process/role.h"

#define KEY_FILE_MAX 4096
/* How long to wait for a signer that is just ending. */
#define WAIT_SECONDS 20

struct self {
	struct node node;
	struct key *key;   /* owned */
	struct buf vkey;   /* owned: text */
	int state_fd;      /* owned */
	struct signer_state state;
};

#define SELF_INIT { NODE_INIT, NULL, BUF_INIT, -1, SIGNER_STATE_INIT }

static void
self_clear(struct self *self)
{
	key_free(&self->key);
	buf_clear(&self->vkey);
	fd_close(&self->state_fd);
	node_clear(&self->node);
}

/* The signed head of the log as it is now: the same bytes each time. */
static enum rb_err
sign_checkpoint(const struct self *self, struct digest *root, struct buf *note)
{
	struct checkpoint cp;
	enum rb_err rc;

	memset(&cp, 0, sizeof(cp));
	if (strlen(self->node.name) >= sizeof(cp.origin))
		return RB_ELIMIT;
	memcpy(cp.origin, self->node.name, strlen(self->node.name));
	cp.size = self->state.frontier.size;
	if ((rc = frontier_root(&self->state.frontier, &cp.root)) != RB_OK)
		return rc;
	*root = cp.root;
	return checkpoint_sign(&cp, self->key, note);
}

static enum rb_err
answer_state(void *arg, unsigned int *state, int sock, struct msg *question)
{
	struct self *self = arg;
	struct digest root = DIGEST_INIT;
	struct buf note = BUF_INIT;
	struct msg m;
	enum rb_err rc;

	(void)state;
	msg_init(&m, SIGNER_STATE_IS);
	if ((rc = take_end(buf_span(&question->body))) != RB_OK)
		goto out;
	if ((rc = sign_checkpoint(self, &root, &note)) != RB_OK)
		goto out;
	if ((rc = put_u64(&m.body, self->state.frontier.size)) != RB_OK)
		goto out;
	if ((rc = put_digest(&m.body, &root)) != RB_OK)
		goto out;
	if ((rc = put_bytes(&m.body, buf_span(&note))) != RB_OK)
		goto out;
	if ((rc = put_bytes(&m.body, buf_span(&self->vkey))) != RB_OK)
		goto out;
	rc = msg_send(sock, &m);
out:
	buf_clear(&note);
	msg_clear(&m);
	return rc;
}

/* The leaf that a statement of this node becomes. */
static enum rb_err
sign_statement(const struct self *self, struct span bytes, struct buf *leaf,
    struct fault *why)
{
	struct statement s;
	struct envelope e = ENVELOPE_INIT;
	struct buf again = BUF_INIT;
	enum rb_err rc;

	statement_init(&s);
	if ((rc = statement_parse(bytes, &s, why)) != RB_OK)
		goto out;
	if (strcmp(s.builder.node, self->node.name) != 0) {
		rc = fault_set(why, RB_EREFUSED,
		    "the statement is of node %s, and this key speaks for %s "
		    "alone",
		    s.builder.node, self->node.name);
		goto out;
	}
	if ((rc = statement_write(&s, &again, why)) != RB_OK)
		goto out;
	if ((rc = envelope_sign(self->key, buf_span(&again), &e)) != RB_OK)
		goto out;
	rc = envelope_write(&e, leaf);
out:
	buf_clear(&again);
	envelope_clear(&e);
	statement_clear(&s);
	return rc;
}

/* The leaf is the last one of the log, durably, or it is refused. */
static enum rb_err
append(struct self *self, uint64_t index, struct span leaf, struct fault *why)
{
	struct signer_state next = self->state;
	struct digest hash = DIGEST_INIT;
	uint64_t size = self->state.frontier.size;
	enum rb_err rc;

	if ((rc = tree_leaf_hash(leaf, &hash)) != RB_OK)
		return rc;
	/*
	 * Asked again by an attestor that did not get or keep the answer.
	 * Signatures are deterministic (RFC 8032, 5.1.6), so the same
	 * statement makes the same leaf and the same note.
	 */
	if (index + 1 == size && digest_equal(&hash, &self->state.last))
		return RB_OK;
	if (index != size)
		return fault_set(why, RB_EREFUSED,
		    "leaf %llu: the log has %llu leaves, and only the next one "
		    "can be appended",
		    (unsigned long long)index, (unsigned long long)size);
	if ((rc = signer_state_append(&next, &hash)) != RB_OK)
		return rc;
	if ((rc = signer_state_save(self->state_fd, &next)) != RB_OK) {
		note(NOTE_ERROR, "state: %s; nothing was signed",
		    strerror(errno));
		return rc;
	}
	self->state = next;
	return RB_OK;
}

static enum rb_err
send_refusal(int sock, const struct fault *why)
{
	struct msg m;
	enum rb_err rc;

	msg_init(&m, FRAME_REFUSED);
	if ((rc = put_text(&m.body, why->text)) == RB_OK)
		rc = msg_send(sock, &m);
	msg_clear(&m);
	return rc;
}

/* Not the statement's fault: the process must end. */
static bool
is_ours(enum rb_err rc)
{
	return rc == RB_ENOMEM || rc == RB_EIO || rc == RB_EINTERNAL;
}

static enum rb_err
answer_append(void *arg, unsigned int *state, int sock, struct msg *question)
{
	struct self *self = arg;
	struct span body = buf_span(&question->body), statement = SPAN_INIT;
	struct buf leaf = BUF_INIT, note = BUF_INIT;
	struct digest root = DIGEST_INIT;
	struct fault why = FAULT_INIT;
	struct msg m;
	uint64_t index = 0;
	enum rb_err rc;

	(void)state;
	msg_init(&m, SIGNER_APPENDED);
	if ((rc = take_u64(&body, &index)) != RB_OK)
		goto out;
	if ((rc = take_bytes(&body, STATEMENT_MAX, &statement)) != RB_OK)
		goto out;
	if ((rc = take_end(body)) != RB_OK)
		goto out;
	rc = sign_statement(self, statement, &leaf, &why);
	if (rc == RB_OK)
		rc = append(self, index, buf_span(&leaf), &why);
	if (rc != RB_OK) {
		if (!is_ours(rc))
			rc = send_refusal(sock, &why);
		goto out;
	}
	if ((rc = sign_checkpoint(self, &root, &note)) != RB_OK)
		goto out;
	if ((rc = put_bytes(&m.body, buf_span(&leaf))) != RB_OK)
		goto out;
	if ((rc = put_bytes(&m.body, buf_span(&note))) != RB_OK)
		goto out;
	rc = msg_send(sock, &m);
out:
	buf_clear(&leaf);
	buf_clear(&note);
	msg_clear(&m);
	return rc;
}

static const struct duty duties[] = {
	{ SIGNER_STATE, ANY_STATE, answer_state },
	{ SIGNER_APPEND, ANY_STATE, answer_append },
};

/* Everything below happens once, before the jail. */

static enum rb_err
open_below(const struct node *node, const char *rest, int flags, int *out,
    struct fault *why)
{
	char *path = NULL;
	enum rb_err rc;
	int fd;

	if ((rc = node_path(node, rest, &path)) != RB_OK)
		return rc;
	fd = open(path, flags | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		rc = fault_set(why, errno == ENOENT ? RB_ENOTFOUND : RB_EIO,
		    "%s: %s; qubes-rebuilder init makes it", path,
		    strerror(errno));
	else
		*out = fd;
	free(path);
	return rc;
}

static enum rb_err
read_key(struct self *self, struct key_public *public, struct fault *why)
{
	struct vkey v;
	struct buf pem = BUF_INIT;
	enum rb_err rc;
	int fd = -1;

	if ((rc = open_below(&self->node, "keys/signing.key", O_RDONLY, &fd,
		 why)) != RB_OK)
		goto out;
	/* In one piece, so that growing leaves no copy behind. */
	if ((rc = buf_reserve(&pem, KEY_FILE_MAX)) != RB_OK)
		goto out;
	if ((rc = file_read_fd(fd, KEY_FILE_MAX, &pem)) != RB_OK ||
	    (rc = key_read(buf_span(&pem), &self->key)) != RB_OK) {
		rc = fault_set(why, rc,
		    "keys/signing.key: not one Ed25519 key in PKCS#8 PEM, as "
		    "qubes-rebuilder init writes it");
		goto out;
	}
	key_public_of(self->key, public);
	if ((rc = vkey_make(self->node.name, VKEY_ED25519, public, &v)) !=
	    RB_OK) {
		rc = fault_set(why, rc, "node.name: %s cannot name a key",
		    self->node.name);
		goto out;
	}
	rc = vkey_write(&v, &self->vkey);
out:
	buf_wipe(&pem);
	fd_close(&fd);
	return rc;
}

/*
 * The lock makes one signer at a time: two would each sign their own leaf of
 * one index.  An old one ends with its connection, so waiting is short.
 */
static enum rb_err
open_state(struct self *self, const struct key_public *public,
    struct fault *why)
{
	struct signer_state begin = SIGNER_STATE_INIT;
	enum rb_err rc;

	if ((rc = open_below(&self->node, "signer/state", O_RDWR,
		 &self->state_fd, why)) != RB_OK)
		return rc;
	(void)alarm(WAIT_SECONDS);
	if (flock(self->state_fd, LOCK_EX) != 0)
		return fault_set(why, RB_EIO, "signer/state: lock: %s",
		    strerror(errno));
	(void)alarm(0);
	if ((rc = signer_state_begin(self->node.name, public, &begin)) != RB_OK)
		return rc;
	return signer_state_load(self->state_fd, &begin, &self->state, why);
}

static enum rb_err
begin(struct self *self, const char *conf, struct fault *why)
{
	const struct jail jail = { .allow = 0 };
	struct user_ids attestor;
	struct key_public public;
	enum rb_err rc;

	/* First: no page that ever held the key may reach a swap. */
	if ((rc = memory_lock(why)) != RB_OK)
		return rc;
	if ((rc = node_read(conf, &self->node, NULL, 0, why)) != RB_OK)
		return rc;
	if ((rc = user_find(self->node.user_attestor, &attestor, why)) != RB_OK)
		return rc;
	if ((rc = peer_is(ROLE_SOCKET, attestor.uid)) != RB_OK)
		return fault_set(why, rc,
		    "descriptor 3 is no connection from attestor (user %s): "
		    "started by qubes-rebuilder serve only",
		    self->node.user_attestor);
	if ((rc = read_key(self, &public, why)) != RB_OK)
		return rc;
	if ((rc = open_state(self, &public, why)) != RB_OK)
		return rc;
	return jail_enter(&jail, why);
}

int
main(int argc, char **argv)
{
	struct self self = SELF_INIT;
	struct fault why = FAULT_INIT;
	enum rb_err rc;
	int status = 1;

	note_open("attestor-signer");
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		puts("usage: attestor-signer -c node.yml\n"
		     "Signs statements and keeps the log's size; started by "
		     "qubes-rebuilder serve; see attestor-signer(8).");
		return 0;
	}
	if (argc != 3 || strcmp(argv[1], "-c") != 0) {
		note(NOTE_ERROR, "usage: attestor-signer -c node.yml");
		return 2;
	}
	if ((rc = begin(&self, argv[2], &why)) != RB_OK)
		note(rc == RB_ESTALE ? NOTE_ALARM : NOTE_ERROR, "%s",
		    why.text[0] != '\0' ? why.text : err_name(rc));
	else
		status = role_serve(ROLE_SOCKET, duties,
		    sizeof(duties) / sizeof(duties[0]), &self);
	self_clear(&self);
	return status;
}

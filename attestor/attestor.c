/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attestor: makes a signed, logged attestation of each verdict.
 *
 * It can reach the truth (its own LMDB), the connection to attestor-signer,
 * the socket of attestor-publish, and attestor.sock, on which it takes
 * statements from rebuilder.  It has no network, no key and no other file.
 *
 * Whoever owns it can have false statements of this node signed, each a leaf
 * of the log that everybody sees, can lose what is in the truth, and can
 * refuse to go on.  They cannot have anything else signed, nor a second
 * checkpoint of one size, nor a leaf taken back: the signer keeps count.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "attestor/log.h"
#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/frames.h"
#include "common/process/role.h"

#define CLIENTS_MAX 16

struct client {
	int fd;          /* owned; -1: free */
	uint64_t heard;  /* turn in which it last said something */
};

struct server {
	struct node node;
	struct log log;
	struct client clients[CLIENTS_MAX];
	uint64_t turn;
};

static void
server_init(struct server *s)
{
	size_t i;

	s->node = (struct node)NODE_INIT;
	log_init(&s->log);
	for (i = 0; i < CLIENTS_MAX; i++)
		s->clients[i] = (struct client){ -1, 0 };
	s->turn = 0;
}

static void
server_clear(struct server *s)
{
	size_t i;

	for (i = 0; i < CLIENTS_MAX; i++)
		fd_close(&s->clients[i].fd);
	log_clear(&s->log);
	node_clear(&s->node);
}

/* What no other statement could make better. */
static bool
is_ours(enum rb_err rc)
{
	return rc != RB_OK && rc != RB_EFORMAT && rc != RB_ELIMIT &&
	    rc != RB_EREFUSED;
}

/* Signer and truth that contradict each other are an alarm. */
static void
say(enum rb_err rc, const struct fault *why)
{
	bool is_alarm = rc == RB_ESTALE || rc == RB_ESIG || rc == RB_EDIGEST;

	note(is_alarm ? NOTE_ALARM : NOTE_ERROR, "%s",
	    why->text[0] != '\0' ? why->text : err_name(rc));
}

static enum rb_err
put_answer(struct msg *m, enum rb_err rc, uint64_t index,
    const struct digest *leaf, const struct fault *why)
{
	if (rc != RB_OK) {
		m->type = FRAME_REFUSED;
		return put_text(&m->body,
		    why->text[0] != '\0' ? why->text : err_name(rc));
	}
	m->type = ATTEST_LOGGED;
	if ((rc = put_u64(&m->body, index)) != RB_OK)
		return rc;
	return put_digest(&m->body, leaf);
}

/*
 * RB_OK: answered, also with a refusal.  RB_EPEER: this client is done with.
 * Anything else ends attestor.
 */
static enum rb_err
answer_verdict(struct server *s, int fd, const struct msg *question)
{
	struct submission submission;
	struct digest leaf = DIGEST_INIT;
	struct fault why = FAULT_INIT;
	struct msg m;
	uint64_t index = 0;
	enum rb_err rc;

	submission_init(&submission);
	msg_init(&m, 0);
	rc = submission_take(question, s->node.name, &submission, &why);
	/* A digest that does not fit is the sender's mistake here. */
	if (rc == RB_EDIGEST)
		rc = RB_EREFUSED;
	if (rc == RB_OK) {
		rc = log_append(&s->log, &submission, &index, &leaf, &why);
		/*
		 * A signer that is lost or breaks the protocol is not this
		 * client's doing.  The verdict stays pending: the next start
		 * asks the next signer for it.
		 */
		if (rc == RB_EPEER || rc == RB_EFORMAT || rc == RB_ETIME) {
			note(NOTE_ALARM, "%s; the verdict stays pending",
			    why.text[0] != '\0' ? why.text : err_name(rc));
			rc = RB_EINTERNAL;
			goto out;
		}
	}
	if (is_ours(rc)) {
		say(rc, &why);
		goto out;
	}
	if (rc != RB_OK)
		note(NOTE_WARN, "refused: %s", why.text);
	if ((rc = put_answer(&m, rc, index, &leaf, &why)) != RB_OK)
		goto out;
	/* Who does not read its answers is not waited for. */
	rc = msg_send(fd, &m) == RB_OK ? RB_OK : RB_EPEER;
out:
	submission_clear(&submission);
	msg_clear(&m);
	return rc;
}

/* As answer_verdict. */
static enum rb_err
answer_find(struct server *s, int fd, const struct msg *question)
{
	struct span in = buf_span(&question->body);
	struct digest statement = DIGEST_INIT, leaf = DIGEST_INIT;
	struct fault why = FAULT_INIT;
	struct msg m;
	uint64_t index = 0;
	enum rb_err rc;

	if (question->nfds != 0 || take_digest(&in, &statement) != RB_OK ||
	    take_end(in) != RB_OK)
		return RB_EPEER;
	msg_init(&m, ATTEST_UNKNOWN);
	rc = log_find(&s->log, &statement, &index, &leaf);
	if (rc == RB_OK)
		rc = put_answer(&m, RB_OK, index, &leaf, &why);
	if (rc != RB_OK && rc != RB_ENOTFOUND) {
		say(rc, &why);
		goto out;
	}
	rc = msg_send(fd, &m) == RB_OK ? RB_OK : RB_EPEER;
out:
	msg_clear(&m);
	return rc;
}

static enum rb_err
answer(struct server *s, struct client *c)
{
	struct msg question;
	enum rb_err rc;

	msg_init(&question, 0);
	rc = msg_recv(c->fd, &question);
	if (rc == RB_OK && question.type == ATTEST_VERDICT)
		rc = answer_verdict(s, c->fd, &question);
	else if (rc == RB_OK && question.type == ATTEST_FIND)
		rc = answer_find(s, c->fd, &question);
	else if (rc != RB_ENOMEM)
		rc = RB_EPEER;
	msg_clear(&question);
	if (rc == RB_EPEER) {
		fd_close(&c->fd);
		rc = RB_OK;
	}
	c->heard = s->turn;
	return rc;
}

/* With no room left, the client that was silent longest makes it. */
static struct client *
free_client(struct server *s)
{
	struct client *oldest = &s->clients[0];
	size_t i;

	for (i = 0; i < CLIENTS_MAX; i++) {
		if (s->clients[i].fd < 0)
			return &s->clients[i];
		if (s->clients[i].heard < oldest->heard)
			oldest = &s->clients[i];
	}
	fd_close(&oldest->fd);
	return oldest;
}

static void
accept_client(struct server *s)
{
	int fd;

	/* Never to wait for a client, neither to hear nor to answer it. */
	fd = accept4(ROLE_SOCKET, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		*free_client(s) = (struct client){ fd, s->turn };
}

enum { DOOR, SIGNER, PUBLISHER, CLIENTS };

/* Returns only when something ended that it cannot do without. */
static void
serve(struct server *s)
{
	struct pollfd polled[CLIENTS + CLIENTS_MAX];
	size_t i;

	for (;; s->turn++) {
		polled[DOOR] = (struct pollfd){ ROLE_SOCKET, POLLIN, 0 };
		polled[SIGNER] = (struct pollfd){ s->log.signing.sock, 0, 0 };
		polled[PUBLISHER] = (struct pollfd){ s->log.publishing.sock, 0,
			0 };
		for (i = 0; i < CLIENTS_MAX; i++)
			polled[CLIENTS + i] = (struct pollfd){ s->clients[i].fd,
				POLLIN, 0 };
		if (poll(polled, CLIENTS + CLIENTS_MAX, -1) < 0) {
			if (errno == EINTR)
				continue;
			note(NOTE_ERROR, "poll: %s", strerror(errno));
			return;
		}
		if (polled[SIGNER].revents != 0 ||
		    polled[PUBLISHER].revents != 0) {
			note(NOTE_ERROR, "%s ended",
			    polled[SIGNER].revents != 0 ? "attestor-signer" :
							  "attestor-publish");
			return;
		}
		for (i = 0; i < CLIENTS_MAX; i++) {
			if (polled[CLIENTS + i].revents != 0 &&
			    answer(s, &s->clients[i]) != RB_OK)
				return;
		}
		if (polled[DOOR].revents != 0)
			accept_client(s);
	}
}

/*
 * Who may connect is decided by the mode of the socket's file: in our own
 * user namespace every other user looks like nobody, so that we could not
 * ask later who it was.
 */
static enum rb_err
check_door(const struct user_ids *rebuilder, const struct user_ids *us,
    struct fault *why)
{
	struct sockaddr_un name;
	socklen_t len = sizeof(name);
	struct stat st;

	memset(&name, 0, sizeof(name));
	if (getsockname(ROLE_SOCKET, (struct sockaddr *)&name, &len) != 0 ||
	    name.sun_family != AF_UNIX || name.sun_path[0] != '/' ||
	    len > sizeof(name) || stat(name.sun_path, &st) != 0)
		return fault_set(why, RB_EREFUSED,
		    "descriptor 3 is not attestor.sock: attestor is started by "
		    "qubes-rebuilder serve");
	if ((st.st_mode & 0002) != 0 ||
	    ((st.st_mode & 0020) != 0 && st.st_gid != rebuilder->gid) ||
	    (st.st_uid != 0 && st.st_uid != us->uid &&
		st.st_uid != rebuilder->uid))
		return fault_set(why, RB_EREFUSED,
		    "%s: others than rebuilder could connect: it must belong "
		    "to root and rebuilder's group, with mode 0660",
		    name.sun_path);
	return RB_OK;
}

static enum rb_err
begin(struct server *s, const char *conf, struct fault *why)
{
	const struct jail jail = { .allow = JAIL_DB | JAIL_ACCEPT };
	struct user_ids rebuilder, us;
	enum rb_err rc;

	if (role_home() != RB_OK)
		return fault_set(why, RB_EIO, "cannot find my own directory");
	if ((rc = node_read(conf, &s->node, NULL, 0, why)) != RB_OK)
		return rc;
	if ((rc = user_find(s->node.user_rebuilder, &rebuilder, why)) != RB_OK)
		return rc;
	if ((rc = user_find(s->node.user_attestor, &us, why)) != RB_OK)
		return rc;
	if ((rc = check_door(&rebuilder, &us, why)) != RB_OK)
		return rc;
	if ((rc = log_open(&s->node, conf, &s->log, why)) != RB_OK)
		return rc;
	if ((rc = jail_enter(&jail, why)) != RB_OK)
		return rc;
	return log_begin(&s->log, why);
}

int
main(int argc, char **argv)
{
	struct server s;
	struct fault why = FAULT_INIT;
	enum rb_err rc;

	note_open("attestor");
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		puts("usage: attestor -c node.yml\n"
		     "Logs verdicts; started by qubes-rebuilder serve; see "
		     "attestor(8).");
		return 0;
	}
	if (argc != 3 || strcmp(argv[1], "-c") != 0) {
		note(NOTE_ERROR, "usage: attestor -c node.yml");
		return 2;
	}
	server_init(&s);
	if ((rc = begin(&s, argv[2], &why)) == RB_OK)
		serve(&s);
	else
		say(rc, &why);
	server_clear(&s);
	return 1;
}

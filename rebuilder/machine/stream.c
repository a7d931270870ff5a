/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What faces a node in another domain.  It can reach two ends of a stream
 * and the socket of the rebuilder-machine that it serves.  Who owns it owns
 * what the node's side may do anyway: have machines made.
 */
#include "rebuilder/machine/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/frames.h"
#include "common/process/jail.h"
#include "common/process/msg.h"
#include "common/process/role.h"
#include "rebuilder/machine/description.h"
#include "rebuilder/machine/relay.h"
#include "rebuilder/machine/wire.h"

/* A node that has connected knows what it wants. */
#define DESCRIPTION_MS 60000
/* Beyond the machine's time; rebuilder-machine itself keeps to that. */
#define ANSWER_MS 180000
#define CLOSE_MS 10000
#define MS_PER_S 1000
#define MEMORY_MAX (256u << 20)

enum { LAYER, INPUTS, LOG, OUTPUT };

struct question {
	struct buf text; /* of the description */
	struct description description;
};

static enum rb_err
take_description(void *context, enum wire_channel channel, struct span body)
{
	struct question *q = context;
	struct fault why = FAULT_INIT;

	if (channel != WIRE_DESCRIPTION || q->text.len != 0)
		return RB_EFORMAT;
	if (description_parse(body, &q->description, &why) != RB_OK) {
		note(NOTE_WARN, "%s", why.text);
		return RB_EFORMAT;
	}
	return buf_put(&q->text, body) == RB_OK ? RB_EREFUSED : RB_EFORMAT;
}

static enum rb_err
take_nothing(void *context, enum wire_channel channel, struct span body)
{
	(void)context;
	(void)channel;
	(void)body;
	return RB_EFORMAT;
}

/* A pipe between a port and rebuilder-machine. */
static enum rb_err
add_port(struct wire_port *port, enum wire_channel channel, bool is_source,
    uint64_t max, struct msg *m)
{
	int pipes[2] = { -1, -1 };
	enum rb_err rc = RB_EIO;

	if (pipe2(pipes, O_CLOEXEC) != 0 ||
	    fcntl(pipes[is_source ? 0 : 1], F_SETFL, O_NONBLOCK) != 0)
		goto out;
	if ((rc = msg_add_fd(m, pipes[is_source ? 1 : 0])) != RB_OK)
		goto out;
	*port = (struct wire_port){ .channel = channel,
		.is_source = is_source,
		.fd = pipes[is_source ? 0 : 1],
		.left = max };
	return RB_OK;
out:
	fd_close(&pipes[0]);
	fd_close(&pipes[1]);
	return rc;
}

/* The order is that of MACHINE_RUN. */
static enum rb_err
ask(const struct question *q, struct wire_port ports[4], int sock)
{
	struct msg m;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&m, MACHINE_RUN);
	if ((rc = put_bytes(&m.body, buf_span(&q->text))) == RB_OK &&
	    (rc = add_port(&ports[INPUTS], WIRE_INPUTS, false, UINT64_MAX,
		 &m)) == RB_OK &&
	    (rc = add_port(&ports[OUTPUT], WIRE_OUTPUT, true, 0, &m)) ==
		RB_OK &&
	    (rc = add_port(&ports[LOG], WIRE_LOG, true, 0, &m)) == RB_OK &&
	    q->description.has_layer)
		rc = add_port(&ports[LAYER], WIRE_LAYER, false,
		    q->description.layer_size, &m);
	ports[LAYER].wanted_by = WIRE_WANT_LAYER;
	ports[INPUTS].wanted_by = WIRE_WANT_INPUTS;
	if (rc == RB_OK)
		rc = msg_send(sock, &m);
	msg_clear(&m);
	return rc;
}

static enum rb_err
send_answer(struct wire *w, int sock)
{
	struct msg m;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&m, 0);
	if ((rc = msg_recv(sock, &m)) == RB_OK) {
		if (m.type == MACHINE_ENDED)
			rc = wire_put(w, WIRE_ENDED, buf_span(&m.body),
			    clock_now() + ANSWER_MS);
		else if (m.type == FRAME_REFUSED)
			rc = wire_put(w, WIRE_REFUSED, buf_span(&m.body),
			    clock_now() + ANSWER_MS);
		else
			rc = RB_EFORMAT;
	}
	msg_clear(&m);
	return rc;
}

/*
 * The answer was the last thing to be said, and the other side closes then.
 * Were we the first, what carries the stream might drop what it still has.
 */
static void
await_close(int in)
{
	struct pollfd fd = { in, POLLIN, 0 };

	(void)poll(&fd, 1, CLOSE_MS);
}

static enum rb_err
serve(struct wire *w, int sock)
{
	struct wire_port ports[4] = { { .fd = -1 }, { .fd = -1 }, { .fd = -1 },
		{ .fd = -1 } };
	struct question q = { BUF_INIT, DESCRIPTION_INIT };
	struct wire_talk talk = { .watch = -1,
		.until = clock_now() + DESCRIPTION_MS,
		.take = take_description,
		.context = &q,
		.until_closed = true };
	size_t which = 0, i;
	enum rb_err rc = RB_EPEER;

	if (wire_talk(w, &talk, &which) != WIRE_OVER)
		goto out;
	if ((rc = ask(&q, ports, sock)) != RB_OK)
		goto out;
	talk.ports = ports;
	talk.nports = sizeof(ports) / sizeof(ports[0]);
	talk.until = clock_now() + ANSWER_MS +
	    (int64_t)q.description.seconds * MS_PER_S;
	talk.take = take_nothing;
	talk.until_sources_end = true;
	rc = RB_EPEER;
	if (wire_talk(w, &talk, &which) == WIRE_OVER &&
	    (rc = send_answer(w, sock)) == RB_OK)
		await_close(w->in);
out:
	for (i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		fd_close(&ports[i].fd);
	buf_clear(&q.text);
	return rc;
}

static _Noreturn void
face(const struct user_ids *user, int sock)
{
	const struct jail jail = { .memory = MEMORY_MAX };
	struct wire w = WIRE_INIT;
	struct fault why = FAULT_INIT;
	enum rb_err rc = RB_EIO;

	if (setgroups(0, NULL) != 0 ||
	    setresgid(user->gid, user->gid, user->gid) != 0 ||
	    setresuid(user->uid, user->uid, user->uid) != 0)
		(void)fault_set(&why, rc, "cannot become users.rebuilder: %s",
		    strerror(errno));
	else if ((rc = jail_enter(&jail, &why)) == RB_OK &&
	    (rc = wire_open(&w, STDIN_FILENO, STDOUT_FILENO)) == RB_OK)
		rc = serve(&w, sock);
	if (rc != RB_OK)
		note(NOTE_WARN, "the stream ended without an answer (%s) %s",
		    err_name(rc), why.text);
	wire_clear(&w);
	_exit(rc == RB_OK ? 0 : 1);
}

enum rb_err
stream_serve(const struct node *node, struct fault *why)
{
	struct user_ids user = { 0, 0 };
	int socks[2] = { -1, -1 }, null = -1;
	pid_t pid;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = user_find(node->user_rebuilder, &user, why)) != RB_OK)
		return rc;
	rc = RB_EIO;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks) != 0 ||
	    (null = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1 ||
	    (pid = fork()) == -1)
		goto out;
	if (pid != 0) {
		fd_close(&socks[0]);
		face(&user, socks[1]);
	}
	/* The stream is the other one's alone, so that its end is seen. */
	if (dup2(null, STDIN_FILENO) == -1 || dup2(null, STDOUT_FILENO) == -1)
		goto out;
	if (socks[0] == ROLE_SOCKET)
		socks[0] = -1; /* there already */
	else if (dup3(socks[0], ROLE_SOCKET, O_CLOEXEC) == -1)
		goto out;
	rc = RB_OK;
out:
	if (rc != RB_OK)
		(void)fault_set(why, rc, "cannot serve a stream: %s",
		    strerror(errno));
	fd_close(&socks[0]);
	fd_close(&socks[1]);
	fd_close(&null);
	return rc;
}

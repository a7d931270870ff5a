/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/admin.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/msg.h"
#include "rebuilder/leash.h"

/* Who has connected and asked nothing yet; the others wait in the socket. */
#define CLIENTS_MAX 32
#define PATIENCE_SECONDS 5
#define STEP_MS 1000

struct client {
	int fd; /* owned */
	int64_t since;
};

struct clients {
	struct client list[CLIENTS_MAX];
	size_t n;
};

static void
drop(struct clients *c, size_t i)
{
	/* Who waits for a job hears through the job's duplicate. */
	fd_close(&c->list[i].fd);
	c->list[i] = c->list[--c->n];
}

/* False: the socket can be used no more. */
static bool
accept_one(int listening, struct clients *c)
{
	const struct timeval patience = { PATIENCE_SECONDS, 0 };
	int sock;

	sock = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	if (sock == -1) {
		switch (errno) {
		case EINTR:
		case ECONNABORTED:
		case EAGAIN:
			return true;
		case EMFILE:
		case ENFILE:
		case ENOMEM:
		case ENOBUFS:
			note(NOTE_ERROR, "admin.sock: %s", strerror(errno));
			/* Until somebody leaves. */
			(void)poll(NULL, 0, STEP_MS);
			return true;
		default:
			note(NOTE_ERROR, "admin.sock: %s", strerror(errno));
			return false;
		}
	}
	/*
	 * Only root can connect: the socket's mode says so.  From within our
	 * user namespace other users look all alike.
	 */
	if (setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience,
		sizeof(patience)) == -1 ||
	    setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &patience,
		sizeof(patience)) == -1) {
		fd_close(&sock);
		return true;
	}
	c->list[c->n++] = (struct client){ sock, steady_seconds() };
	return true;
}

static void
hear(struct client *client, const struct admin *a)
{
	struct msg m;

	msg_init(&m, 0);
	if (msg_recv(client->fd, &m) == RB_OK)
		admin_answer(client->fd, a, &m);
	msg_clear(&m);
}

int
admin_serve(int listening, const struct admin *a)
{
	struct clients c = { .n = 0 };
	struct pollfd p[1 + CLIENTS_MAX];
	size_t i;
	int r;

	for (;;) {
		p[0] = (struct pollfd){ c.n < CLIENTS_MAX ? listening : -1,
			POLLIN, 0 };
		for (i = 0; i < c.n; i++)
			p[1 + i] = (struct pollfd){ c.list[i].fd, POLLIN, 0 };
		r = poll(p, 1 + c.n, c.n > 0 ? STEP_MS : -1);
		if (r == -1 && errno != EINTR)
			return 1;
		if (r == -1)
			continue;
		/* Backwards: the last one takes the place of who leaves. */
		for (i = c.n; i-- > 0;) {
			if (p[1 + i].revents != 0)
				hear(&c.list[i], a);
			if (p[1 + i].revents != 0 ||
			    steady_seconds() - c.list[i].since >
				PATIENCE_SECONDS)
				drop(&c, i);
		}
		if (p[0].revents != 0 && !accept_one(listening, &c))
			return 1;
	}
}

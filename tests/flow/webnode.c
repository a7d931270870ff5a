/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/flow/webnode.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* False when the other side has gone. */
static bool
send_all(int fd, const void *p, size_t len)
{
	const char *at = p;
	ssize_t n;

	while (len != 0) {
		n = send(fd, at, len, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static void
send_answer(int fd, const char *status, const char *more, struct span body,
    size_t promised)
{
	char head[512];
	int n;

	n = snprintf(head, sizeof(head),
	    "HTTP/1.1 %s\r\nContent-Length: %zu"
	    "\r\nConnection: close\r\n%s\r\n",
	    status, promised, more);
	if (send_all(fd, head, (size_t)n))
		(void)send_all(fd, body.p, body.len);
}

static void
send_endlessly(int fd)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nConnection: close"
				   "\r\n\r\n";
	static char block[65536];

	memset(block, ' ', sizeof(block));
	if (!send_all(fd, head, sizeof(head) - 1))
		return;
	while (send_all(fd, block, sizeof(block)))
		;
}

static void
answer(struct webnode *w, int fd)
{
	struct span body = buf_span(&w->answer);
	char more[256];

	switch (w->manner) {
	case MANNER_HONEST:
		send_answer(fd, "200 OK", "", body, body.len);
		break;
	case MANNER_NOT_FOUND:
		send_answer(fd, "404 Not Found", "", SPAN("no"), 2);
		break;
	case MANNER_ERROR:
		send_answer(fd, "500 Oops", "", SPAN("no"), 2);
		break;
	case MANNER_REDIRECT:
		snprintf(more, sizeof(more), "Location: %s\r\n", w->to);
		send_answer(fd, "302 Found", more, SPAN(""), 0);
		break;
	case MANNER_GARBAGE:
		send_answer(fd, "200 OK", "", SPAN("{\"a\":\x1b[2J}"), 10);
		break;
	case MANNER_TRUNCATED:
		send_answer(fd, "200 OK", "", span_of(body.p, body.len / 2),
		    body.len);
		break;
	case MANNER_ENDLESS:
		send_endlessly(fd);
		break;
	case MANNER_SILENT:
		break;
	}
}

/* The path of "GET <path> HTTP/1.1", noted. */
static void
note_path(struct webnode *w, char *request)
{
	char *path = strchr(request, ' '), *end;
	size_t used = strlen(w->asked);

	if (path == NULL || (end = strchr(path + 1, ' ')) == NULL)
		return;
	*end = '\0';
	snprintf(w->asked + used, sizeof(w->asked) - used, "%s\n", path + 1);
}

/* A byte that says how many follow, and those, as text. */
static bool
take_text(int fd, char text[256])
{
	uint8_t len;

	memset(text, 0, 256);
	return recv(fd, &len, 1, MSG_WAITALL) == 1 &&
	    recv(fd, text, len, MSG_WAITALL) == len;
}

/* SOCKS 5 to a host by name, with user and password; RFC 1928, 1929. */
static bool
shake_hands(struct webnode *w, int fd)
{
	char text[256], user[256];
	size_t used = strlen(w->users);

	if (recv(fd, text, 1, MSG_WAITALL) != 1 || !take_text(fd, text) ||
	    memchr(text, 2, sizeof(text)) == NULL ||
	    !send_all(fd, "\x05\x02", 2) ||
	    recv(fd, text, 1, MSG_WAITALL) != 1 || !take_text(fd, user) ||
	    !take_text(fd, text) || !send_all(fd, "\x01\x00", 2) ||
	    recv(fd, text, 4, MSG_WAITALL) != 4 || text[3] != 3 ||
	    !take_text(fd, text) || recv(fd, text, 2, MSG_WAITALL) != 2)
		return false;
	snprintf(w->users + used, sizeof(w->users) - used, "%s\n", user);
	return send_all(fd, "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", 10);
}

static void *
serve(void *arg)
{
	struct webnode *w = arg;
	char request[4096];
	size_t len;
	ssize_t n;
	int fd;

	while ((fd = accept(w->fd, NULL, NULL)) != -1) {
		if (w->is_socks && !shake_hands(w, fd)) {
			close(fd);
			continue;
		}
		len = 0;
		do {
			n = recv(fd, request + len, sizeof(request) - 1 - len,
			    0);
			len += n > 0 ? (size_t)n : 0;
			request[len] = '\0';
		} while (n > 0 && strstr(request, "\r\n\r\n") == NULL);
		note_path(w, request);
		answer(w, fd);
		close(fd);
	}
	return NULL;
}

void
webnode_start(struct webnode *w, enum manner manner)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);

	memset(w, 0, sizeof(*w));
	w->manner = manner;
	memset(&address, 0, sizeof(address));
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_not_equal(w->fd, -1);
	assert_int_equal(bind(w->fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(w->fd, 64), 0);
	assert_int_equal(getsockname(w->fd, (struct sockaddr *)&address, &len),
	    0);
	w->port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&w->thread, NULL, serve, w), 0);
}

void
webnode_stop(struct webnode *w)
{
	if (w->port == 0)
		return;
	shutdown(w->fd, SHUT_RDWR); /* wakes accept */
	pthread_join(w->thread, NULL);
	close(w->fd);
	buf_clear(&w->answer);
	w->port = 0;
}

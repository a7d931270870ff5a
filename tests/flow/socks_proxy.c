/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/flow/socks_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void
take(int fd, void *p, size_t len)
{
	if (recv(fd, p, len, MSG_WAITALL) != (ssize_t)len)
		_exit(0);
}

static void
say(int fd, const char *p, size_t len)
{
	for (ssize_t n; len > 0; p += n, len -= (size_t)n) {
		if ((n = send(fd, p, len, MSG_NOSIGNAL)) <= 0)
			_exit(0);
	}
}

/* One length byte and so many bytes, as text without blanks. */
static void
take_string(int fd, char out[256])
{
	uint8_t len;

	take(fd, &len, 1);
	take(fd, out, len);
	out[len] = '\0';
	if (strlen(out) != len || strpbrk(out, " \n") != NULL)
		_exit(1);
}

static void
take_identity(int fd, struct socks_visit *v)
{
	uint8_t b[256];

	take(fd, b, 2);
	take(fd, b + 2, b[1]);
	if (b[0] != 5 || memchr(b + 2, 2, b[1]) == NULL) {
		say(fd, "\x05\xff", 2);
		_exit(0);
	}
	say(fd, "\x05\x02", 2);
	take(fd, b, 1);
	take_string(fd, v->user);
	take_string(fd, v->password);
	say(fd, "\x01\x00", 2);
}

static void
take_target(int fd, struct socks_visit *v)
{
	uint8_t b[16], family;

	take(fd, b, 4);
	if (b[1] != 1) /* CONNECT */
		_exit(1);
	family = b[3];
	(void)strcpy(v->kind, family == 3 ? "name" : "address");
	if (family == 3) {
		take_string(fd, v->host);
	} else {
		take(fd, b, family == 1 ? 4 : 16);
		if (inet_ntop(family == 1 ? AF_INET : AF_INET6, b, v->host,
			sizeof(v->host)) == NULL)
			_exit(1);
	}
	take(fd, b, 2);
	v->port = (uint16_t)(b[0] << 8 | b[1]);
}

static int
resolves(const struct socks_visit *v)
{
	size_t len = strlen(v->host);

	if (strcmp(v->kind, "address") == 0)
		return 1;
	return len > 5 && strcmp(v->host + len - 5, ".test") == 0 &&
	    strcmp(v->host, "absent.test") != 0;
}

static int
connect_outside(const struct socks_visit *v)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	int fd;

	if (!resolves(v))
		return -1;
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in.sin_port = htons(v->port);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(fd, (struct sockaddr *)&in, sizeof(in)) == -1)
		return -1;
	return fd;
}

static void
relay(int a, int b)
{
	struct pollfd p[2] = { { a, POLLIN, 0 }, { b, POLLIN, 0 } };
	static char bytes[65536];
	ssize_t n;
	int i;

	while (poll(p, 2, -1) > 0) {
		for (i = 0; i < 2; i++) {
			if (p[i].revents == 0)
				continue;
			n = recv(p[i].fd, bytes, sizeof(bytes), 0);
			if (n <= 0)
				_exit(0);
			say(p[1 - i].fd, bytes, (size_t)n);
		}
	}
}

static void
visit(int fd, int log, int outer)
{
	struct socks_visit v;
	int out;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	take_identity(fd, &v);
	take_target(fd, &v);
	(void)dprintf(log, "%s %s %s %s %u\n", v.user, v.password, v.kind,
	    v.host, v.port);
	if (setns(outer, CLONE_NEWNET) == -1)
		_exit(1);
	out = connect_outside(&v);
	if (out == -1) {
		say(fd, "\x05\x04\x00\x01\x00\x00\x00\x00\x00\x00", 10);
		_exit(0);
	}
	say(fd, "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", 10);
	relay(fd, out);
}

static void
serve(int listener, int log, int outer)
{
	int fd;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGCHLD, SIG_IGN);
	while ((fd = accept(listener, NULL, NULL)) != -1) {
		if (fork() == 0) {
			visit(fd, log, outer);
			_exit(0);
		}
		(void)close(fd);
	}
	_exit(1);
}

void
socks_proxy_start(struct socks_proxy *p, int outer)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), log[2];

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (listener == -1 ||
	    bind(listener, (struct sockaddr *)&in, len) == -1 ||
	    listen(listener, 64) == -1 ||
	    getsockname(listener, (struct sockaddr *)&in, &len) == -1 ||
	    pipe(log) == -1 || (p->pid = fork()) == -1)
		abort();
	if (p->pid == 0)
		serve(listener, log[1], outer);
	(void)close(listener);
	(void)close(log[1]);
	p->port = ntohs(in.sin_port);
	p->log = log[0];
}

void
socks_proxy_stop(struct socks_proxy *p)
{
	(void)kill(p->pid, SIGKILL);
	(void)waitpid(p->pid, NULL, 0);
	(void)close(p->log);
}

/* Up to the next blank or line break, which is taken too. */
static void
read_word(int fd, char *out, size_t cap)
{
	size_t len = 0;
	char c;

	while (len < cap && read(fd, &c, 1) == 1 && c != ' ' && c != '\n')
		out[len++] = c;
	if (len == cap)
		abort();
	out[len] = '\0';
}

int
socks_proxy_next(struct socks_proxy *p, struct socks_visit *out)
{
	struct pollfd ready = { p->log, POLLIN, 0 };
	char port[8];

	/* A line is written before its connection is granted. */
	if (poll(&ready, 1, 0) != 1)
		return 0;
	read_word(p->log, out->user, sizeof(out->user));
	read_word(p->log, out->password, sizeof(out->password));
	read_word(p->log, out->kind, sizeof(out->kind));
	read_word(p->log, out->host, sizeof(out->host));
	read_word(p->log, port, sizeof(port));
	out->port = (uint16_t)strtoul(port, NULL, 10);
	return 1;
}

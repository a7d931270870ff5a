/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/flow/archive_mirror.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MORE_LEN 100000
#define OBJECT_MAX (8 * 1024 * 1024)

/* One request and how it is to be answered. */
struct visit {
	int fd;
	char path[256];
	enum manner manner;
	char to[128];
};

static bool
send_all(int fd, const char *p, size_t len)
{
	ssize_t n;

	for (; len != 0; p += n, len -= (size_t)n) {
		if ((n = send(fd, p, len, MSG_NOSIGNAL)) <= 0)
			return false;
	}
	return true;
}

static void
answer(const struct visit *v, const char *status, const char *more,
    const char *body, size_t len, size_t promised)
{
	char head[512];
	int n;

	n = snprintf(head, sizeof(head),
	    "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n%s\r\n",
	    status, promised, more);
	if (send_all(v->fd, head, (size_t)n))
		(void)send_all(v->fd, body, len);
}

static void
answer_endlessly(const struct visit *v)
{
	static const char head[] =
	    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
	static char block[65536];

	if (!send_all(v->fd, head, sizeof(head) - 1))
		return;
	while (send_all(v->fd, block, sizeof(block)))
		continue;
}

/* The file's bytes with room for MORE_LEN behind them; NULL: none. */
static char *
read_object(const char *root, const char *path, size_t *len)
{
	char name[512], *bytes = NULL;
	FILE *f;

	(void)snprintf(name, sizeof(name), "%s%s", root, path);
	if ((f = fopen(name, "re")) == NULL)
		return NULL;
	if ((bytes = calloc(1, OBJECT_MAX + MORE_LEN)) == NULL)
		abort();
	*len = fread(bytes, 1, OBJECT_MAX, f);
	(void)fclose(f);
	return bytes;
}

static void
answer_file(const struct visit *v, char *bytes, size_t len)
{
	char more[512];
	size_t i;

	switch (v->manner) {
	case MANNER_HONEST:
		answer(v, "200 OK", "", bytes, len, len);
		break;
	case MANNER_MORE:
		answer(v, "200 OK", "", bytes, len + MORE_LEN, len + MORE_LEN);
		break;
	case MANNER_ENDLESS:
		answer_endlessly(v);
		break;
	case MANNER_CUT:
		answer(v, "200 OK", "", bytes, len / 2, len);
		break;
	case MANNER_LESS:
		answer(v, "200 OK", "", bytes, len / 2, len / 2);
		break;
	case MANNER_OTHER:
		for (i = 0; i < len; i++)
			bytes[i] = (char)(bytes[i] ^ 1);
		answer(v, "200 OK", "", bytes, len, len);
		break;
	case MANNER_EMPTY:
		answer(v, "200 OK", "", bytes, 0, 0);
		break;
	case MANNER_SILENT:
		break;
	case MANNER_HANG:
		while (recv(v->fd, more, sizeof(more), 0) > 0)
			;
		break;
	case MANNER_GONE:
		answer(v, "404 Not Found", "", "no", 2, 2);
		break;
	case MANNER_ERROR:
		answer(v, "500 Oops", "", "no", 2, 2);
		break;
	case MANNER_REDIRECT:
		(void)snprintf(more, sizeof(more), "Location: %s%s\r\n", v->to,
		    v->path);
		answer(v, "302 Found", more, "", 0, 0);
		break;
	case MANNER_REDIRECT_TO_FILE:
		answer(v, "302 Found", "Location: file:///etc/passwd\r\n", "",
		    0, 0);
		break;
	}
}

static void
look_up(struct mirror *m, struct visit *v)
{
	(void)pthread_mutex_lock(&m->lock);
	v->manner = MANNER_HONEST;
	if (m->manner != MANNER_HONEST && strstr(v->path, m->path) != NULL) {
		v->manner = m->manner;
		m->asked++;
	}
	memcpy(v->to, m->to, sizeof(v->to));
	(void)pthread_mutex_unlock(&m->lock);
}

/* "GET <path> HTTP/1.1" and headers that say nothing here. */
static bool
read_request(struct visit *v)
{
	char request[4096], *path, *end;
	size_t len = 0;
	ssize_t n;

	do {
		n = recv(v->fd, request + len, sizeof(request) - 1 - len, 0);
		if (n <= 0)
			return false;
		len += (size_t)n;
		request[len] = '\0';
	} while (strstr(request, "\r\n\r\n") == NULL);
	if ((path = strchr(request, ' ')) == NULL ||
	    (end = strchr(path + 1, ' ')) == NULL)
		return false;
	*end = '\0';
	(void)snprintf(v->path, sizeof(v->path), "%s", path + 1);
	return true;
}

static void *
serve(void *arg)
{
	struct mirror *m = arg;
	struct visit v;
	char *bytes;
	size_t len = 0;

	memset(&v, 0, sizeof(v));
	while ((v.fd = accept(m->fd, NULL, NULL)) != -1) {
		if (read_request(&v)) {
			look_up(m, &v);
			bytes = read_object(m->root, v.path, &len);
			if (bytes == NULL && v.manner != MANNER_REDIRECT)
				v.manner = MANNER_GONE;
			answer_file(&v, bytes, len);
			free(bytes);
		}
		(void)close(v.fd);
	}
	return NULL;
}

void
mirror_start(struct mirror *m, const char *root)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);

	memset(m, 0, sizeof(*m));
	(void)snprintf(m->root, sizeof(m->root), "%s", root);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	m->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (m->fd == -1 || bind(m->fd, (struct sockaddr *)&in, len) == -1 ||
	    listen(m->fd, 64) == -1 ||
	    getsockname(m->fd, (struct sockaddr *)&in, &len) == -1 ||
	    pthread_mutex_init(&m->lock, NULL) != 0)
		abort();
	m->port = ntohs(in.sin_port);
	if (pthread_create(&m->thread, NULL, serve, m) != 0)
		abort();
}

void
mirror_stop(struct mirror *m)
{
	if (m->port == 0)
		return;
	(void)shutdown(m->fd, SHUT_RDWR); /* wakes accept */
	(void)pthread_join(m->thread, NULL);
	(void)pthread_mutex_destroy(&m->lock);
	(void)close(m->fd);
	m->port = 0;
}

void
mirror_behave(struct mirror *m, enum manner manner, const char *path,
    const char *to)
{
	(void)pthread_mutex_lock(&m->lock);
	m->manner = manner;
	(void)snprintf(m->path, sizeof(m->path), "%s", path);
	(void)snprintf(m->to, sizeof(m->to), "%s", to);
	m->asked = 0;
	(void)pthread_mutex_unlock(&m->lock);
}

unsigned int
mirror_asked(struct mirror *m)
{
	unsigned int n;

	(void)pthread_mutex_lock(&m->lock);
	n = m->asked;
	(void)pthread_mutex_unlock(&m->lock);
	return n;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/command/sockets.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/enc.h"
#include "common/base/file.h"

#define BACKLOG 64
#define HTTP_BACKLOG 1024
#define TRIES_MAX 10
#define TRY_MILLISECONDS 100

/* What a program that has ended leaves lets nobody in any more. */
static bool
lets_in(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	bool is;

	is = fd != -1 &&
	    (connect(fd, (const struct sockaddr *)address, sizeof(*address)) ==
		    0 ||
		errno == EAGAIN);
	fd_close(&fd);
	return is;
}

/* Daemons of one who was killed take a moment to end. */
static bool
is_in_use(const struct sockaddr_un *address)
{
	unsigned int tries;

	for (tries = 0; tries < TRIES_MAX && lets_in(address); tries++)
		(void)poll(NULL, 0, TRY_MILLISECONDS);
	return tries == TRIES_MAX;
}

static enum rb_err
name_free(const char *path, struct sockaddr_un *address, struct fault *why)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(address->sun_path))
		return fault_set(why, RB_ELIMIT,
		    "%s: a socket's path may "
		    "have at most %zu bytes; use a shorter directory",
		    path, sizeof(address->sun_path) - 1);
	memcpy(address->sun_path, path, strlen(path));
	if (is_in_use(address))
		return fault_set(why, RB_EREFUSED,
		    "%s: somebody listens there: this node is running already; "
		    "stop it first",
		    path);
	return RB_OK;
}

enum rb_err
socket_check_free(const char *path, struct fault *why)
{
	struct sockaddr_un address;

	return name_free(path, &address, why);
}

enum rb_err
socket_listen_unix(const char *path, gid_t gid, int *out, struct fault *why)
{
	struct sockaddr_un address;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = name_free(path, &address, why)) != RB_OK)
		return rc;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return RB_EIO;
	if (unlink(path) == -1 && errno != ENOENT)
		goto fail;
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) ==
		-1 ||
	    chown(path, 0, gid) == -1 || chmod(path, 0660) == -1 ||
	    listen(fd, BACKLOG) == -1)
		goto fail;
	*out = fd;
	return RB_OK;
fail:
	rc = fault_set(why, RB_EIO, "%s: %s", path, strerror(errno));
	fd_close(&fd);
	return rc;
}

/* "127.0.0.1:8480" or "[::1]:8480" into host and port, owned. */
static enum rb_err
split(const char *address, char **host, char **port)
{
	const char *colon = strrchr(address, ':');
	struct span name;
	uint64_t number = 0;
	enum rb_err rc = RB_EINTERNAL;

	if (colon == NULL || colon == address || colon[1] == '\0')
		return RB_EFORMAT;
	name = span_of(address, (size_t)(colon - address));
	if (name.p[0] == '[' && name.p[name.len - 1] == ']')
		name = span_of(name.p + 1, name.len - 2);
	if ((rc = str_dup_span(name, host)) != RB_OK)
		return rc;
	/* getaddrinfo(3) takes what is left of it modulo 65536. */
	if (dec_parse(span_of_str(colon + 1), UINT16_MAX, &number) != RB_OK ||
	    number == 0)
		return RB_EFORMAT;
	return str_dup_span(span_of_str(colon + 1), port);
}

/* `*found` is of getaddrinfo(3), the caller's. */
static enum rb_err
find(const char *address, struct addrinfo **found, struct fault *why)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	char *host = NULL, *port = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = split(address, &host, &port)) != RB_OK ||
	    getaddrinfo(host, port, &hints, found) != 0)
		rc = rc == RB_ENOMEM ?
		    rc :
		    fault_set(why, RB_EFORMAT,
			"httpd.listen: \"%s\" is not ADDRESS:PORT with a "
			"numeric address and a port from 1 to 65535",
			address);
	if (rc == RB_OK && *found == NULL) /* as no answer has it */
		rc = RB_EINTERNAL;
	free(host);
	free(port);
	return rc;
}

enum rb_err
socket_check_address(const char *address, struct fault *why)
{
	struct addrinfo *found = NULL;
	enum rb_err rc = find(address, &found, why);

	if (found != NULL)
		freeaddrinfo(found);
	return rc;
}

static const char *
bind_advice(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "stop who has it, another node say, or change it in "
		       "node.yml";
	case EADDRNOTAVAIL:
		return "this computer has no such address: write one of its "
		       "own, or 0.0.0.0 for all";
	}
	return "change it in node.yml";
}

enum rb_err
socket_listen_tcp(const char *address, int *out, struct fault *why)
{
	struct addrinfo *found = NULL;
	const int yes = 1;
	int fd = -1, error;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = find(address, &found, why)) != RB_OK)
		return rc;
	fd = socket(found->ai_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == -1 ||
	    bind(fd, found->ai_addr, found->ai_addrlen) == -1 ||
	    listen(fd, HTTP_BACKLOG) == -1) {
		error = errno;
		rc = fault_set(why, RB_EIO, "httpd.listen: %s: %s; %s", address,
		    strerror(error), bind_advice(error));
		goto out;
	}
	*out = fd;
	fd = -1; /* now the caller's */
	rc = RB_OK;
out:
	freeaddrinfo(found);
	fd_close(&fd);
	return rc;
}

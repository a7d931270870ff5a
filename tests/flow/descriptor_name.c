/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/flow/descriptor_name.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/file.h"

#define INFO_MAX 4096

/* Behind the node's directory, or NULL: it lies elsewhere. */
static const char *
below(const struct whole_node *n, const char *path)
{
	size_t len = strlen(n->directory);

	return strncmp(path, n->directory, len) == 0 && path[len] == '/' ?
	    path + len + 1 :
	    NULL;
}

/* A socket's name below the node's directory, or NULL. */
static const char *
name_of(const struct whole_node *n, const struct sockaddr_un *a, socklen_t len)
{
	return len > offsetof(struct sockaddr_un, sun_path) &&
		a->sun_family == AF_UNIX ?
	    below(n, a->sun_path) :
	    NULL;
}

static char *
name_socket(const struct whole_node *n, int fd)
{
	struct sockaddr_un own, peer;
	socklen_t own_len = sizeof(own), peer_len = sizeof(peer),
		  len = sizeof(int);
	const char *name;
	char *out = NULL;
	int listens = 0, r;

	memset(&own, 0, sizeof(own));
	memset(&peer, 0, sizeof(peer));
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens,
			     &len),
	    0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &own_len), 0);
	if (getpeername(fd, (struct sockaddr *)&peer, &peer_len) != 0)
		peer_len = 0;
	if (own.sun_family == AF_INET)
		r = asprintf(&out, "%stcp", listens != 0 ? "listens " : "");
	else if ((name = name_of(n, &own, own_len)) != NULL)
		r = asprintf(&out, "%s %s", listens != 0 ? "listens" : "serves",
		    name);
	else if ((name = name_of(n, &peer, peer_len)) != NULL)
		r = asprintf(&out, "calls %s", name);
	else
		r = asprintf(&out, "%s",
		    own.sun_family == AF_UNIX ? "pair" : "a strange socket");
	assert_int_not_equal(r, -1);
	return out;
}

static const char *
access_of(pid_t pid, int number)
{
	struct buf info = BUF_INIT;
	char path[64];
	const char *at;
	long flags;

	(void)snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)pid,
	    number);
	assert_int_equal(file_read_at(AT_FDCWD, path, INFO_MAX, &info), RB_OK);
	assert_int_equal(buf_put_byte(&info, 0), RB_OK);
	assert_non_null(at = strstr((const char *)info.p, "flags:"));
	flags = strtol(at + strlen("flags:"), NULL, 8);
	buf_clear(&info);
	if ((flags & O_PATH) != 0)
		return "path";
	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		return "r";
	case O_WRONLY:
		return "w";
	default:
		return "rw";
	}
}

static void
read_link(pid_t pid, int number, char out[PATH_MAX])
{
	char path[64];
	ssize_t len;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, number);
	len = readlink(path, out, PATH_MAX - 1);
	assert_true(len > 0);
	out[len] = '\0';
}

static char *
name_file(const struct whole_node *n, pid_t pid, int number, const char *path)
{
	char notes[PATH_MAX], *programs, *out = NULL;
	const char *name = path;

	read_link(getpid(), n->notes, notes);
	assert_non_null(programs = realpath(getenv("RB_BIN"), NULL));
	if (below(n, path) != NULL)
		name = below(n, path);
	else if (strcmp(path, notes) == 0)
		name = "notes";
	else if (strcmp(path, "/dev/null") == 0)
		name = "null";
	else if (strcmp(path, programs) == 0)
		name = "programs";
	if (asprintf(&out, "%s %s", access_of(pid, number), name) == -1)
		fail();
	free(programs);
	return out;
}

char *
descriptor_name(const struct whole_node *n, pid_t pid, int number)
{
	char target[PATH_MAX], *out;
	int pidfd = -1, fd = -1;

	read_link(pid, number, target);
	if (strncmp(target, "anon_inode:", strlen("anon_inode:")) == 0) {
		assert_non_null(out = strdup(target));
		return out;
	}
	if (strncmp(target, "socket:", strlen("socket:")) != 0)
		return name_file(n, pid, number, target);
	pidfd = pidfd_open(pid, 0);
	fd = pidfd_getfd(pidfd, number, 0);
	assert_int_not_equal(fd, -1);
	out = name_socket(n, fd);
	fd_close(&fd);
	fd_close(&pidfd);
	return out;
}

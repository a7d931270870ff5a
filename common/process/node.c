/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/process/node.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/file.h"

/* The longest name of a signed note's key, and of a Linux user. */
#define NAME_LEN_MAX 255
#define PASSWD_MAX (64 * 1024)
/* For who listens to come round to us. */
#define CONNECT_SECONDS 60
#define SECTIONS_MAX 32
/* What the kernel shows of a user that a namespace does not know. */
#define UID_UNKNOWN 65534

static const struct conf_key node_keys[] = {
	{ "name", CONF_TEXT, offsetof(struct node, name), true, 0, 0 },
	{ "operator", CONF_TEXT, offsetof(struct node, operator_), false, 0,
	    0 },
	{ "directory", CONF_TEXT, offsetof(struct node, directory), true, 0,
	    0 },
};

static const struct conf_key user_keys[] = {
	{ "rebuilder", CONF_TEXT, offsetof(struct node, user_rebuilder), false,
	    0, 0 },
	{ "net", CONF_TEXT, offsetof(struct node, user_net), false, 0, 0 },
	{ "attestor", CONF_TEXT, offsetof(struct node, user_attestor), false, 0,
	    0 },
	{ "signer", CONF_TEXT, offsetof(struct node, user_signer), false, 0,
	    0 },
	{ "httpd", CONF_TEXT, offsetof(struct node, user_httpd), false, 0, 0 },
};

/* Sections that some program of a node reads; the others pass them by. */
static const char *const others[] = { "archive", "published", "rebuilder",
	"fetch", "machine", "attestor", "httpd", "release", "store" };

void
node_clear(struct node *node)
{
	free(node->name);
	free(node->operator_);
	free(node->directory);
	free(node->user_rebuilder);
	free(node->user_net);
	free(node->user_attestor);
	free(node->user_signer);
	free(node->user_httpd);
	*node = (struct node)NODE_INIT;
}

enum rb_err
node_defaults(struct node *node)
{
	const struct {
		char **field;
		const char *text;
	} defaults[] = {
		{ &node->operator_, "" },
		{ &node->user_rebuilder, "qubes-rebuilder" },
		{ &node->user_net, "qubes-rebuilder-net" },
		{ &node->user_attestor, "qubes-attestor" },
		{ &node->user_signer, "qubes-signer" },
		{ &node->user_httpd, "qubes-httpd" },
	};
	size_t i;

	for (i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		*defaults[i].field = strdup(defaults[i].text);
		if (*defaults[i].field == NULL)
			return RB_ENOMEM;
	}
	return RB_OK;
}

/*
 * The rule of key_name_is_valid, so that a node is not made under a name that
 * its own checkpoints could not carry: C2SP signed-note, "Format", here in
 * ASCII alone and without what JSON would escape.
 */
static bool
name_is_valid(const char *name)
{
	size_t len = strlen(name);
	size_t i;

	if (len == 0 || len > NAME_LEN_MAX)
		return false;
	for (i = 0; i < len; i++) {
		if (name[i] <= ' ' || name[i] > '~' || name[i] == '+' ||
		    name[i] == '"' || name[i] == '\\')
			return false;
	}
	return true;
}

static enum rb_err
node_check(const struct node *node, const char *path, struct fault *why)
{
	if (!name_is_valid(node->name))
		return fault_set(why, RB_EFORMAT,
		    "%s: node.name '%s' must be 1 to %d printable ASCII "
		    "characters without space, '+', '\"' and '\\', such "
		    "as rebuilder.example/log",
		    path, node->name, NAME_LEN_MAX);
	if (node->directory[0] != '/')
		return fault_set(why, RB_EFORMAT,
		    "%s: node.directory '%s' must be an absolute path", path,
		    node->directory);
	return RB_OK;
}

static bool
section_is_in(const char *name, const struct conf_section *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (strcmp(list[i].name, name) == 0)
			return true;
	}
	return false;
}

static enum rb_err
sections_make(struct node *node, const struct conf_section *extra,
    size_t nextra, struct conf_section list[SECTIONS_MAX], size_t *nlist)
{
	size_t n = 0, i;

	list[n++] = (struct conf_section){ "node", node_keys,
		sizeof(node_keys) / sizeof(node_keys[0]), node };
	list[n++] = (struct conf_section){ "users", user_keys,
		sizeof(user_keys) / sizeof(user_keys[0]), node };
	if (nextra > SECTIONS_MAX - n - sizeof(others) / sizeof(others[0]))
		return RB_EINTERNAL;
	for (i = 0; i < nextra; i++)
		list[n++] = extra[i];
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (!section_is_in(others[i], list, n))
			list[n++] = (struct conf_section){ others[i], NULL, 0,
				NULL };
	}
	*nlist = n;
	return RB_OK;
}

enum rb_err
node_read(const char *path, struct node *node, const struct conf_section *extra,
    size_t nextra, struct fault *why)
{
	struct conf_section list[SECTIONS_MAX];
	struct node read = NODE_INIT;
	struct buf yaml = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;
	size_t n = 0;

	if ((rc = file_read_at(AT_FDCWD, path, CONF_FILE_MAX, &yaml)) !=
	    RB_OK) {
		rc = fault_set(why, rc, "%s: cannot read the configuration: %s",
		    path, rc == RB_ELIMIT ? "it is too long" : strerror(errno));
		goto out;
	}
	if ((rc = node_defaults(&read)) != RB_OK)
		goto out;
	if ((rc = sections_make(&read, extra, nextra, list, &n)) != RB_OK)
		goto out;
	if ((rc = conf_parse(buf_span(&yaml), path, list, n, why)) != RB_OK)
		goto out;
	if ((rc = node_check(&read, path, why)) != RB_OK)
		goto out;

	*node = read;
	read = (struct node)NODE_INIT; /* now the caller's */
	rc = RB_OK;
out:
	buf_clear(&yaml);
	node_clear(&read);
	return rc;
}

enum rb_err
user_find(const char *name, struct user_ids *out, struct fault *why)
{
	struct passwd entry, *found = NULL;
	enum rb_err rc = RB_EINTERNAL;
	char *room = NULL;
	int r;

	room = malloc(PASSWD_MAX);
	if (room == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	r = getpwnam_r(name, &entry, room, PASSWD_MAX, &found);
	if (r != 0) {
		rc = fault_set(why, RB_EIO, "user '%s': %s", name, strerror(r));
		goto out;
	}
	if (found == NULL) {
		rc = fault_set(why, RB_ENOTFOUND,
		    "user '%s' does not exist: create it with 'useradd "
		    "--system --user-group --shell /usr/sbin/nologin %s'",
		    name, name);
		goto out;
	}

	out->uid = entry.pw_uid;
	out->gid = entry.pw_gid;
	rc = RB_OK;
out:
	free(room);
	return rc;
}

enum rb_err
node_path(const struct node *node, const char *rest, char **out)
{
	struct buf path = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = buf_printf(&path, "%s/%s", node->directory, rest)) != RB_OK)
		goto out;
	if (path.len >= PATH_MAX) {
		rc = RB_ELIMIT;
		goto out;
	}
	rc = str_dup_span(buf_span(&path), out);
out:
	buf_clear(&path);
	return rc;
}

enum rb_err
peer_is(int sock, uid_t uid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 ||
	    len != sizeof(peer))
		return RB_EIO;
	/* Even if somebody runs a program as that user: it could be anybody. */
	if (peer.uid == UID_UNKNOWN)
		return RB_EREFUSED;
	return peer.uid == uid || peer.uid == 0 ? RB_OK : RB_EREFUSED;
}

enum rb_err
node_connect(const struct node *node, const char *name, int *out,
    struct fault *why)
{
	const struct timeval patience = { CONNECT_SECONDS, 0 };
	const struct timeval endless = { 0, 0 };
	struct sockaddr_un address;
	enum rb_err rc = RB_EINTERNAL;
	int fd = -1;
	int r;

	memset(&address, 0, sizeof(address));
	address.sun_family = AF_UNIX;
	r = snprintf(address.sun_path, sizeof(address.sun_path), "%s/run/%s",
	    node->directory, name);
	if (r < 0 || (size_t)r >= sizeof(address.sun_path)) {
		rc = fault_set(why, RB_ELIMIT,
		    "%s/run/%s: longer than a socket's name may be: choose a "
		    "shorter node.directory",
		    node->directory, name);
		goto out;
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		rc = fault_set(why, RB_EIO, "%s: %s", address.sun_path,
		    strerror(errno));
		goto out;
	}
	/* For connect alone: a full queue must not hold us for ever. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
		sizeof(patience)) != 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &endless,
		sizeof(endless)) != 0) {
		rc = fault_set(why, RB_EPEER, "%s: %s: %s", address.sun_path,
		    strerror(errno),
		    errno == EACCES || errno == EPERM ? "run it as root" :
							"is the node running?");
		goto out;
	}

	*out = fd;
	fd = -1; /* now the caller's */
	rc = RB_OK;
out:
	fd_close(&fd);
	return rc;
}

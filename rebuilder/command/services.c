/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/command/services.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/role.h"
#include "rebuilder/command/sockets.h"

/* Of one service: who floods net.sock must not keep the signer away. */
#define CHILDREN_MAX 32
/* A daemon that is started so often within a minute is not coming back. */
#define STARTS_MAX 20
#define RESTART_MILLISECONDS 250

enum kind {
	DAEMON, /* one process, which gets the listening socket */
	ROLE,   /* one process for each connection, which gets that */
};

struct service {
	const char *program;
	enum kind kind;
	uid_t uid;         /* who it runs as */
	gid_t gid;
	uid_t peer;        /* ROLE: who may connect */
	int listening;     /* owned */
	char *after;       /* owned: file that must be there first, or NULL */
	struct role role;  /* DAEMON */
	int64_t since;     /* start of the minute that starts count in */
	unsigned int starts;
	struct role children[CHILDREN_MAX]; /* ROLE */
	size_t nchildren;
};

enum { ATTESTOR, SIGNER, NET, MACHINE, REBUILDER, HTTPD, NSERVICES };

struct services {
	const char *conf; /* borrowed */
	struct service list[NSERVICES];
	int signals; /* owned */
};

static enum rb_err
start(struct services *s, struct service *v, int sock, struct role *out)
{
	const char *args[] = { "-c", s->conf, NULL };
	struct role_start how = ROLE_START_INIT;

	how.program = v->program;
	how.args = args;
	how.uid = v->uid;
	how.gid = v->gid;
	how.sock = sock;
	return role_spawn(&how, out);
}

static void
accept_one(struct services *s, struct service *v)
{
	struct role role = ROLE_INIT;
	int sock = -1;

	sock = accept4(v->listening, NULL, NULL, SOCK_CLOEXEC);
	if (sock == -1)
		return;
	if (peer_is(sock, v->peer) != RB_OK)
		note(NOTE_ALARM, "%s: a stranger tried to connect", v->program);
	else if (v->nchildren == CHILDREN_MAX)
		note(NOTE_ERROR,
		    "%s: %d roles run already; the connection "
		    "is refused",
		    v->program, CHILDREN_MAX);
	else if (start(s, v, sock, &role) != RB_OK)
		note(NOTE_ERROR, "%s: cannot be started", v->program);
	else
		v->children[v->nchildren++] = role;
	fd_close(&sock);
}

/* What it serves is not there yet: another daemon makes it at its start. */
static bool
is_early(const struct service *v)
{
	return v->kind == DAEMON && v->role.pid == -1 && v->after != NULL &&
	    access(v->after, F_OK) != 0;
}

static int64_t
now_seconds(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) == -1)
		abort();
	return t.tv_sec;
}

/* Starts a daemon that does not run; false when it ends too often. */
static bool
keep_alive(struct services *s, struct service *v)
{
	int64_t now = now_seconds();

	if (v->kind != DAEMON || v->role.pid != -1 || is_early(v))
		return true;
	if (v->starts == 0 || now - v->since > 60) {
		v->since = now;
		v->starts = 0;
	}
	if (v->starts == STARTS_MAX)
		return false;
	v->starts++;
	if (start(s, v, v->listening, &v->role) != RB_OK)
		note(NOTE_ERROR, "%s: cannot be started", v->program);
	return true;
}

static bool
has_ended(const struct role *r)
{
	struct pollfd p = { r->pidfd, POLLIN, 0 };

	return r->pidfd != -1 && poll(&p, 1, 0) == 1;
}

/* Who ends by itself leaves a note of its own; who is killed can't. */
static void
say_end(const char *program, struct role *r)
{
	int status = 0, sig;

	if (role_wait(r, 1, &status) != RB_OK || !WIFSIGNALED(status))
		return;
	sig = WTERMSIG(status);
	note(NOTE_ALARM, "%s was killed by signal %d (%s)%s", program, sig,
	    strsignal(sig),
	    sig == SIGSYS ? ": it did what its jail forbids" : "");
}

/* True when a daemon is among those that ended. */
static bool
reap(struct service *v)
{
	bool daemon_ended = has_ended(&v->role);
	size_t i = 0;

	if (daemon_ended)
		say_end(v->program, &v->role);
	while (i < v->nchildren) {
		if (!has_ended(&v->children[i])) {
			i++;
			continue;
		}
		say_end(v->program, &v->children[i]);
		v->children[i] = v->children[--v->nchildren];
	}
	return daemon_ended;
}

/*
 * Kills: all of them keep what they promised on the disk at every moment,
 * and a machine's guests die with rebuilder-machine.
 */
static void
stop_all(struct services *s)
{
	struct service *v;
	size_t i;

	for (i = NSERVICES; i-- > 0;) {
		v = &s->list[i];
		role_clear(&v->role);
		while (v->nchildren > 0)
			role_clear(&v->children[--v->nchildren]);
	}
}

/* Some daemon waits to be started (again). */
static bool
is_incomplete(const struct services *s)
{
	size_t i;

	for (i = 0; i < NSERVICES; i++)
		if (s->list[i].kind == DAEMON && s->list[i].role.pid == -1)
			return true;
	return false;
}

/* Everything that may happen next; returns how many entries. */
static size_t
list_events(const struct services *s, struct pollfd *p)
{
	const struct service *v;
	size_t i, k, n = 0;

	p[n++] = (struct pollfd){ s->signals, POLLIN, 0 };
	for (i = 0; i < NSERVICES; i++) {
		v = &s->list[i];
		/* A daemon accepts for itself. */
		p[n++] = (struct pollfd){ v->kind == ROLE ? v->listening : -1,
			POLLIN, 0 };
	}
	for (i = 0; i < NSERVICES; i++) {
		v = &s->list[i];
		p[n++] = (struct pollfd){ v->role.pidfd, POLLIN, 0 };
		for (k = 0; k < v->nchildren; k++)
			p[n++] = (struct pollfd){ v->children[k].pidfd, POLLIN,
				0 };
	}
	return n;
}

enum rb_err
services_run(struct services *s, struct fault *why)
{
	struct pollfd p[1 + NSERVICES * (2 + CHILDREN_MAX)];
	size_t i;
	bool daemon_ended;

	for (;;) {
		for (i = 0; i < NSERVICES; i++) {
			if (!keep_alive(s, &s->list[i])) {
				stop_all(s);
				return fault_set(why, RB_EPEER,
				    "%s was started %d times within a minute; "
				    "its notes above say why it ends",
				    s->list[i].program, STARTS_MAX);
			}
		}
		if (poll(p, list_events(s, p),
			is_incomplete(s) ? RESTART_MILLISECONDS : -1) == -1 &&
		    errno != EINTR)
			return RB_EIO;
		if (p[0].revents != 0) {
			stop_all(s);
			return RB_OK;
		}
		for (i = 0; i < NSERVICES; i++)
			if (p[1 + i].revents != 0)
				accept_one(s, &s->list[i]);
		daemon_ended = false;
		for (i = 0; i < NSERVICES; i++)
			if (reap(&s->list[i]))
				daemon_ended = true;
		if (daemon_ended) /* never spin */
			poll(NULL, 0, RESTART_MILLISECONDS);
	}
}

static enum rb_err
listen_at(const struct node *node, const char *name, gid_t gid, int *out,
    struct fault *why)
{
	struct buf rest = BUF_INIT;
	char *path = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = buf_printf(&rest, "run/%s", name)) == RB_OK &&
	    (rc = buf_put_byte(&rest, 0)) == RB_OK &&
	    (rc = node_path(node, (const char *)rest.p, &path)) == RB_OK)
		rc = socket_listen_unix(path, gid, out, why);
	free(path);
	buf_clear(&rest);
	return rc;
}

static void
set(struct service *v, const char *program, enum kind kind,
    const struct user_ids *as, uid_t peer)
{
	v->program = program;
	v->kind = kind;
	v->uid = as->uid;
	v->gid = as->gid;
	v->peer = peer;
}

enum rb_err
services_open(const struct node *node, const struct owners *who,
    const char *conf, const char *listen_, struct services **out,
    struct fault *why)
{
	static const struct user_ids root = { 0, 0 };
	struct services *s = NULL;
	sigset_t stop;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return RB_ENOMEM;
	s->conf = conf;
	s->signals = -1;
	for (i = 0; i < NSERVICES; i++) {
		s->list[i].listening = -1;
		s->list[i].role = (struct role)ROLE_INIT;
	}
	set(&s->list[ATTESTOR], "attestor", DAEMON, &who->attestor, 0);
	set(&s->list[SIGNER], "attestor-signer", ROLE, &who->signer,
	    who->attestor.uid);
	set(&s->list[NET], "rebuilder-net", ROLE, &who->net,
	    who->rebuilder.uid);
	set(&s->list[MACHINE], "rebuilder-machine", ROLE, &root,
	    who->rebuilder.uid);
	set(&s->list[REBUILDER], "rebuilder", DAEMON, &who->rebuilder, 0);
	set(&s->list[HTTPD], "httpd", DAEMON, &who->httpd, 0);

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	if (sigprocmask(SIG_BLOCK, &stop, NULL) == -1 ||
	    (s->signals = signalfd(-1, &stop, SFD_CLOEXEC)) == -1) {
		rc = RB_EIO;
		goto out;
	}
	if ((rc = listen_at(node, "attestor.sock", who->rebuilder.gid,
		 &s->list[ATTESTOR].listening, why)) != RB_OK ||
	    (rc = listen_at(node, "signer.sock", who->attestor.gid,
		 &s->list[SIGNER].listening, why)) != RB_OK ||
	    (rc = listen_at(node, "net.sock", who->rebuilder.gid,
		 &s->list[NET].listening, why)) != RB_OK ||
	    (rc = listen_at(node, "machine.sock", who->rebuilder.gid,
		 &s->list[MACHINE].listening, why)) != RB_OK ||
	    (rc = listen_at(node, "admin.sock", 0,
		 &s->list[REBUILDER].listening, why)) != RB_OK ||
	    (rc = socket_listen_tcp(listen_, &s->list[HTTPD].listening, why)) !=
		RB_OK ||
	    (rc = node_path(node, "served/data.mdb", &s->list[HTTPD].after)) !=
		RB_OK)
		goto out;
	*out = s;
	s = NULL; /* now the caller's */
	rc = RB_OK;
out:
	services_close(&s);
	return rc;
}

void
services_close(struct services **s)
{
	size_t i;

	if (*s == NULL)
		return;
	stop_all(*s);
	for (i = 0; i < NSERVICES; i++)
		fd_close(&(*s)->list[i].listening);
	free((*s)->list[HTTPD].after);
	fd_close(&(*s)->signals);
	free(*s);
	*s = NULL;
}

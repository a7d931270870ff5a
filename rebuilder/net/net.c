/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rebuilder-net: the only part of the rebuilder that has the network.
 *
 * It can reach hosts over http and https, the files that tell how to resolve
 * names and whom TLS trusts, and the descriptors that it was given to fill.
 * Nothing that it says is believed: what it brings counts only when its
 * bytes have a signed digest.  Whoever owns it can keep files away from the
 * rebuilder, waste its disk up to the limits, and see what is fetched; he
 * reaches no other file, no key, no other process and no verdict.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/note.h"
#include "common/process/frames.h"
#include "common/process/node.h"
#include "common/process/role.h"
#include "rebuilder/net/net_fetch.h"
#include "rebuilder/net/net_pack.h"
#include "rebuilder/net/net_url.h"

/* A stack for each thread that resolves a name or fetches a pack; TLS. */
#define MEMORY_MAX (2ull * 1024 * 1024 * 1024)
#define FILES_MAX (FETCH_QUEUE_MAX + 256)
#define PROXY_MAX 512

enum { NEW, SET_UP };

struct self {
	struct fetcher *fetcher; /* owned */
	struct packer *packer;   /* owned */
	int sock;                /* borrowed */
};

static enum rb_err
send_done(void *arg, const struct fetch_result *r)
{
	struct self *self = arg;
	struct msg m;
	enum rb_err rc;

	msg_init(&m, NET_DONE);
	if ((rc = put_u32(&m.body, r->id)) == RB_OK &&
	    (rc = put_u8(&m.body, (uint8_t)r->outcome)) == RB_OK &&
	    (rc = put_u64(&m.body, r->len)) == RB_OK &&
	    (rc = put_text(&m.body, r->detail.text)) == RB_OK)
		rc = msg_send(self->sock, &m);
	msg_clear(&m);
	return rc;
}

static enum rb_err
take_setup(void *arg, unsigned int *state, int sock, struct msg *question)
{
	struct span in = buf_span(&question->body);
	struct fault why = FAULT_INIT;
	struct self *self = arg;
	char *proxy = NULL;
	enum rb_err rc = RB_EINTERNAL;

	(void)sock;
	if ((rc = take_text(&in, PROXY_MAX, &proxy)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		goto out;
	if ((rc = fetcher_set_proxy(self->fetcher, proxy, &why)) != RB_OK) {
		note(NOTE_ERROR, "%s", why.text);
		goto out;
	}
	if ((rc = packer_set_proxy(self->packer, proxy)) != RB_OK)
		goto out;
	*state = SET_UP;
out:
	free(proxy);
	return rc;
}

static enum rb_err
take_fetch(void *arg, unsigned int *state, int sock, struct msg *question)
{
	struct fetch_request r = FETCH_REQUEST_INIT;
	struct span in = buf_span(&question->body);
	struct self *self = arg;
	enum rb_err rc = RB_EINTERNAL;

	(void)state;
	(void)sock;
	if (question->nfds != 1)
		return RB_EFORMAT;
	if ((rc = take_u32(&in, &r.id)) != RB_OK ||
	    (rc = take_u64(&in, &r.max)) != RB_OK ||
	    (rc = take_u64(&in, &r.have)) != RB_OK ||
	    (rc = take_text(&in, NET_URL_MAX, &r.url)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK ||
	    (rc = msg_take_fd(question, 0, &r.fd)) != RB_OK)
		goto out;
	if (r.max > INT64_MAX || r.have > INT64_MAX) {
		rc = RB_ELIMIT;
		goto out;
	}
	rc = fetcher_add(self->fetcher, &r);
out:
	fetch_request_clear(&r);
	return rc;
}

static enum rb_err
take_refs(struct span *in, struct pack_request *r)
{
	enum rb_err rc;
	uint16_t n, i;

	if ((rc = take_u16(in, &n)) != RB_OK)
		return rc;
	if (n == 0 || n > PACK_REFS_MAX)
		return RB_EFORMAT;
	if ((r->refs = calloc(n, sizeof(*r->refs))) == NULL)
		return RB_ENOMEM;
	r->nrefs = n;
	for (i = 0; i < n; i++) {
		if ((rc = take_text(in, NET_URL_MAX, &r->refs[i])) != RB_OK)
			return rc;
	}
	return RB_OK;
}

static enum rb_err
take_pack(void *arg, unsigned int *state, int sock, struct msg *question)
{
	struct pack_request r = PACK_REQUEST_INIT;
	struct span in = buf_span(&question->body);
	struct self *self = arg;
	enum rb_err rc = RB_EINTERNAL;

	(void)state;
	(void)sock;
	if (question->nfds != 1)
		return RB_EFORMAT;
	if ((rc = take_u32(&in, &r.id)) != RB_OK ||
	    (rc = take_u64(&in, &r.max)) != RB_OK ||
	    (rc = take_text(&in, NET_URL_MAX, &r.url)) != RB_OK ||
	    (rc = take_refs(&in, &r)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK ||
	    (rc = msg_take_fd(question, 0, &r.fd)) != RB_OK)
		goto out;
	if (r.max > INT64_MAX) {
		rc = RB_ELIMIT;
		goto out;
	}
	rc = packer_add(self->packer, &r);
out:
	pack_request_clear(&r);
	return rc;
}

static const struct duty duties[] = {
	{ NET_SETUP, STATE(NEW), take_setup },
	{ NET_FETCH, STATE(SET_UP), take_fetch },
	{ NET_PACK, STATE(SET_UP), take_pack },
};

/* As role_serve, for one frame, between the steps of downloads. */
static enum rb_err
take_question(struct self *self, unsigned int *state)
{
	struct msg question;
	enum rb_err rc;
	size_t i;

	msg_init(&question, 0);
	if ((rc = msg_recv(self->sock, &question)) != RB_OK)
		goto out;
	rc = RB_EREFUSED;
	for (i = 0; i < sizeof(duties) / sizeof(duties[0]); i++) {
		if (duties[i].type == question.type &&
		    (duties[i].states & STATE(*state)) != 0)
			rc = duties[i].answer(self, state, self->sock,
			    &question);
	}
	if (rc != RB_OK)
		note(NOTE_ERROR, "frame 0x%04x in state %u: %s", question.type,
		    *state, err_name(rc));
out:
	msg_clear(&question);
	return rc;
}

/* Until rebuilder goes away; then downloads under way are given up. */
static enum rb_err
serve(struct self *self)
{
	unsigned int state = NEW;
	struct pollfd p[2];
	enum rb_err rc;

	p[0].fd = self->sock;
	p[1].fd = packer_fd(self->packer);
	p[1].events = POLLIN;
	for (;;) {
		if ((rc = fetcher_step(self->fetcher)) != RB_OK ||
		    (rc = packer_step(self->packer)) != RB_OK)
			return rc;
		p[0].events = fetcher_count(self->fetcher) +
			    packer_count(self->packer) <
			FETCH_QUEUE_MAX ?
		    POLLIN :
		    0;
		if ((rc = fetcher_wait(self->fetcher, p, 2)) != RB_OK)
			return rc;
		if (poll(p, 1, 0) == -1 && errno != EINTR)
			return RB_EIO;
		if ((p[0].revents & POLLIN) != 0)
			rc = take_question(self, &state);
		else if ((p[0].revents & (POLLHUP | POLLERR)) != 0)
			rc = RB_EPEER;
		if (rc != RB_OK)
			return rc == RB_EPEER ? RB_OK : rc;
	}
}

/*
 * systemd-resolved and others replace the file that /etc/resolv.conf points
 * at, and a jail is on the file that was there: allow its directory.
 */
static const char *
resolver_directory(char path[PATH_MAX])
{
	char *slash;

	if (realpath("/etc/resolv.conf", path) == NULL)
		return "/etc/resolv.conf"; /* absent: skipped */
	if (strncmp(path, "/run/", 5) == 0) {
		slash = strrchr(path, '/');
		*slash = '\0';
	}
	return path;
}

static enum rb_err
confine(struct fault *why)
{
	char resolver[PATH_MAX];
	const struct jail_path paths[] = {
		{ "/etc/resolv.conf", JAIL_READ, 1 },
		{ resolver_directory(resolver), JAIL_READ, 1 },
		{ "/etc/hosts", JAIL_READ, 1 },
		{ "/etc/nsswitch.conf", JAIL_READ, 1 },
		{ "/etc/gai.conf", JAIL_READ, 1 },
		{ "/etc/host.conf", JAIL_READ, 1 },
		{ "/etc/ssl", JAIL_READ, 1 },
		{ "/usr/lib/ssl", JAIL_READ, 1 },
		{ "/usr/share/ca-certificates", JAIL_READ, 1 },
		{ "/usr/local/share/ca-certificates", JAIL_READ, 1 },
	};
	const struct jail jail = {
		.allow = JAIL_NET | JAIL_THREADS | JAIL_FILES,
		.paths = paths,
		.npaths = sizeof(paths) / sizeof(paths[0]),
		.memory = MEMORY_MAX,
		.files = FILES_MAX,
	};

	return jail_enter(&jail, why);
}

static enum rb_err
check_peer(const char *conf, struct fault *why)
{
	struct node node = NODE_INIT;
	struct user_ids ids;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = node_read(conf, &node, NULL, 0, why)) != RB_OK ||
	    (rc = user_find(node.user_rebuilder, &ids, why)) != RB_OK)
		goto out;
	if ((rc = peer_is(ROLE_SOCKET, ids.uid)) != RB_OK)
		(void)fault_set(why, rc,
		    "descriptor 3 is no connection from user %s",
		    node.user_rebuilder);
out:
	node_clear(&node);
	return rc;
}

int
main(int argc, char **argv)
{
	const struct fetch_limits limits = FETCH_LIMITS;
	const struct pack_limits pack_limits = PACK_LIMITS;
	struct self self = { NULL, NULL, ROLE_SOCKET };
	struct fault why = FAULT_INIT;
	enum rb_err rc;

	note_open("rebuilder-net");
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		puts("usage: rebuilder-net -c node.yml\n"
		     "Downloads for rebuilder; started by qubes-rebuilder "
		     "serve; see rebuilder-net(8).");
		return 0;
	}
	if (argc != 3 || strcmp(argv[1], "-c") != 0) {
		note(NOTE_ERROR, "usage: rebuilder-net -c node.yml");
		return 2;
	}
	/* libcurl leaves it to us: a server that hangs up is no reason to. */
	(void)signal(SIGPIPE, SIG_IGN);
	if ((rc = check_peer(argv[2], &why)) == RB_OK &&
	    (rc = fetcher_new(&limits, send_done, &self, &self.fetcher)) ==
		RB_OK &&
	    (rc = packer_new(&pack_limits, send_done, &self, &self.packer)) ==
		RB_OK &&
	    (rc = confine(&why)) == RB_OK)
		rc = serve(&self);
	if (rc != RB_OK)
		note(NOTE_ERROR, "%s",
		    why.text[0] != '\0' ? why.text : err_name(rc));
	packer_free(&self.packer);
	fetcher_free(&self.fetcher);
	return rc == RB_OK ? 0 : 1;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/net/net_receive.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rebuilder/net/net_bare.h"
#include "rebuilder/net/net_smart.h"

struct receiver {
	const struct pack_request *request;
	struct fetch_result result;
	struct pull pull;
	struct smart smart;
	struct bare bare;
	git_repository *repo;          /* owned */
	git_remote *remote;            /* owned */
	git_remote_head *ids;          /* owned: objects asked for by id */
	const git_remote_head **wants; /* owned array */
};

enum rb_err
receive_begin(void)
{
	static const int levels[] = { GIT_CONFIG_LEVEL_SYSTEM,
		GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL,
		GIT_CONFIG_LEVEL_PROGRAMDATA };
	size_t i;

	if (git_libgit2_init() < 0)
		return RB_EIO;
	/* No configuration but ours, should it ever look for one. */
	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "") !=
		    0)
			return RB_ENOMEM;
	}
	return RB_OK;
}

/* Ends it; the first rule that is broken counts. */
static void RB_PRINTF(3, 4)
    rule(struct receiver *r, enum net_outcome outcome, const char *fmt, ...)
{
	char text[FAULT_MAX];
	va_list args;

	if (r->result.outcome != NET_OK)
		return;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	r->result.outcome = outcome;
	(void)fault_set(&r->result.detail, RB_OK, "%.300s: %s", r->request->url,
	    text);
}

static bool
begins(const char *text, const char *with)
{
	return strncasecmp(text, with, strlen(with)) == 0;
}

/* Where git(1) would go and we do not. */
static bool
url_is_fetched(struct receiver *r)
{
	const char *url = r->request->url;

	if (begins(url, "git:") || begins(url, "ssh:") ||
	    begins(url, "git+ssh:") || begins(url, "ssh+git:") ||
	    strstr(url, "://") == NULL) {
		rule(r, NET_FORBIDDEN,
		    "only http and https are fetched; name the https:// URL "
		    "of the same repository");
		return false;
	}
	if (strpbrk(url, "?#") != NULL) {
		rule(r, NET_FORBIDDEN,
		    "the URL of a repository has no ? and no #");
		return false;
	}
	return true;
}

static bool
is_object_id(const char *ref)
{
	return strlen(ref) == GIT_OID_HEXSZ &&
	    strspn(ref, "0123456789abcdef") == GIT_OID_HEXSZ;
}

static bool
refs_are_valid(struct receiver *r)
{
	const struct pack_request *q = r->request;
	size_t i;
	int valid;

	for (i = 0; i < q->nrefs; i++) {
		if (is_object_id(q->refs[i]))
			continue;
		if (git_reference_name_is_valid(&valid, q->refs[i]) != 0 ||
		    valid == 0) {
			rule(r, NET_FORBIDDEN,
			    "'%.100s' is no name of a reference", q->refs[i]);
			return false;
		}
	}
	return true;
}

static enum rb_err
open_pull(struct receiver *r, const struct pack_limits *limits,
    const char *proxy, int cancel)
{
	size_t len = strlen(r->request->url);
	char *url;

	while (len > 0 && r->request->url[len - 1] == '/')
		len--;
	if (asprintf(&url, "%.*s" GIT_REFS_SUFFIX, (int)len, r->request->url) <
	    0)
		return RB_ENOMEM;
	return pull_open(&limits->request, proxy, url, cancel,
	    pull_now() + (uint64_t)limits->seconds * 1000, &r->pull);
}

static enum rb_err
open_all(struct receiver *r, const struct pack_limits *limits,
    const char *proxy, int cancel)
{
	enum rb_err rc;

	if ((rc = open_pull(r, limits, proxy, cancel)) != RB_OK ||
	    (rc = bare_open(&r->bare, &r->repo)) != RB_OK)
		return rc;
	smart_init(&r->smart, &r->pull, r->request->max, &r->bare.len);
	if (git_remote_create_anonymous(&r->remote, r->repo, r->request->url) !=
	    0)
		return RB_ENOMEM;
	r->ids = calloc(r->request->nrefs, sizeof(*r->ids));
	r->wants = calloc(r->request->nrefs, sizeof(*r->wants));
	return r->ids != NULL && r->wants != NULL ? RB_OK : RB_ENOMEM;
}

/* What libgit2 calls an error, told by whoever caused it. */
static enum rb_err
explain(struct receiver *r, const char *doing)
{
	const struct fetch_result *t = &r->pull.transfer->result;
	const git_error *e = git_error_last();

	if (r->smart.rc != RB_OK && r->smart.rc != RB_EREFUSED)
		return r->smart.rc;
	if (r->smart.is_flooded)
		rule(r, NET_TOO_LARGE,
		    "the server sends more beside the pack than the %llu "
		    "bytes that it may",
		    (unsigned long long)r->smart.around);
	if (r->bare.outcome == NET_TOO_LARGE ||
	    (t->outcome == NET_TOO_LARGE && r->pull.transfer->post.len != 0))
		rule(r, NET_TOO_LARGE,
		    "the pack has more than the %llu bytes that are wanted",
		    (unsigned long long)r->bare.max);
	if (r->bare.outcome == NET_UNWRITTEN)
		rule(r, NET_UNWRITTEN, "cannot store the pack: %s",
		    strerror(r->bare.error));
	if (r->result.outcome == NET_OK && t->outcome != NET_OK) {
		r->result.outcome = t->outcome;
		r->result.detail = t->detail;
	}
	if (e != NULL && e->klass == GIT_ERROR_NOMEMORY)
		return RB_ENOMEM;
	rule(r, NET_FAILED, "while %s: %.200s", doing,
	    e != NULL && e->message != NULL ? e->message :
					      "not git's protocol");
	return RB_OK;
}

static enum rb_err
connect_to(struct receiver *r)
{
	git_remote_connect_options o;

	if (git_remote_connect_options_init(&o,
		GIT_REMOTE_CONNECT_OPTIONS_VERSION) != 0)
		return RB_EINTERNAL;
	o.callbacks.transport = smart_transport;
	o.callbacks.payload = &r->smart;
	o.follow_redirects = GIT_REMOTE_REDIRECT_NONE; /* our matter */
	if (git_remote_connect_ext(r->remote, GIT_DIRECTION_FETCH, &o) == 0)
		return RB_OK;
	return explain(r, "reading the list of references");
}

static const git_remote_head *
find(const git_remote_head **heads, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (strcmp(heads[i]->name, name) == 0)
			return heads[i];
	}
	return NULL;
}

static enum rb_err
choose(struct receiver *r)
{
	const struct pack_request *q = r->request;
	const git_remote_head **heads = NULL;
	size_t i, n = 0;

	if (git_remote_ls(&heads, &n, r->remote) != 0)
		return explain(r, "reading the list of references");
	for (i = 0; i < q->nrefs; i++) {
		if (is_object_id(q->refs[i])) {
			(void)git_oid_fromstr(&r->ids[i].oid, q->refs[i]);
			r->wants[i] = &r->ids[i];
		} else if ((r->wants[i] = find(heads, n, q->refs[i])) == NULL) {
			rule(r, NET_ABSENT, "the repository has no %.200s",
			    q->refs[i]);
			return RB_OK;
		}
	}
	return RB_OK;
}

/* Nothing is ours yet, so the pack must hold all that the wants lead to. */
static enum rb_err
download(struct receiver *r)
{
	git_transport *t = r->smart.transport;
	git_indexer_progress progress;

	if (t->negotiate_fetch(t, r->repo, r->wants, r->request->nrefs) != 0)
		return explain(r, "asking for the pack");
	if (t->download_pack(t, r->repo, &progress) != 0 || !r->bare.is_whole)
		return explain(r, "receiving the pack");
	if (r->bare.len == 0)
		rule(r, NET_FAILED, "the server sends no pack");
	return RB_OK;
}

static void
clear(struct receiver *r)
{
	git_remote_free(r->remote);
	git_repository_free(r->repo);
	pull_clear(&r->pull);
	free(r->wants);
	free(r->ids);
}

enum rb_err
pack_receive(const struct pack_limits *limits, const char *proxy, int cancel,
    const struct pack_request *request, struct fetch_result *out)
{
	struct receiver r = { .request = request,
		.pull = PULL_INIT,
		.bare = { .fd = request->fd, .max = request->max } };
	enum rb_err rc = RB_EINTERNAL;

	r.result.id = request->id;
	if (!url_is_fetched(&r) || !refs_are_valid(&r)) {
		rc = RB_OK;
		goto out;
	}
	if (ftruncate(request->fd, 0) == -1) {
		rule(&r, NET_UNWRITTEN, "cannot store the pack: %s",
		    strerror(errno));
		rc = RB_OK;
		goto out;
	}
	if ((rc = open_all(&r, limits, proxy, cancel)) != RB_OK)
		goto out;
	if ((rc = connect_to(&r)) == RB_OK && r.result.outcome == NET_OK)
		rc = choose(&r);
	if (rc == RB_OK && r.result.outcome == NET_OK)
		rc = download(&r);
out:
	r.result.len = r.bare.len;
	if (rc == RB_OK)
		*out = r.result;
	clear(&r);
	return rc;
}

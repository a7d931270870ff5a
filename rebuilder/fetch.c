/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "rebuilder/leash.h"
#include "rebuilder/net_client.h"
#include "rebuilder/trip.h"

#define UNDER_WAY_MAX 16
#define TRIES_MAX 4
/* Between two looks at a file that another trip is fetching. */
#define OTHERS_MILLISECONDS 200
#define OTHERS_WAITS_MAX 9000

/* The state of one listing on its way in. */
struct haul {
	const struct fetch_context *c;
	struct listing *l;
	int sock;
	int *fds;       /* partial files; -1: not under way */
	uint8_t *tries; /* in the present place */
	size_t *places;
	enum rb_err *wrong; /* worst outcome of the places before */
	bool *ended;
	size_t under_way, done;
};

/* RB_EREFUSED: another trip is fetching the very same file. */
static enum rb_err
start_one(struct haul *h, size_t i)
{
	struct listed *item = &h->l->list[i];
	uint64_t have = 0;
	char *url = NULL;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	rc = depot_part(h->c->depot, &item->sha256, &fd, &have);
	if (rc == RB_EREFUSED)
		return rc;
	if (rc != RB_OK)
		return fault_set(h->c->why, rc,
		    "%s: cannot write into the depot; is its disk full?",
		    item->path);
	if (have > item->size) {
		if (ftruncate(fd, 0) == -1) {
			fd_close(&fd);
			return RB_EIO;
		}
		have = 0;
	}
	h->fds[i] = fd;
	h->tries[i]++;
	h->under_way++;
	if ((rc = listed_url(item, h->places[i], &url)) == RB_OK)
		rc = net_fetch(h->sock, (uint32_t)i, item->size, have, url, fd);
	free(url);
	return rc;
}

static void
end_one(struct haul *h, size_t i)
{
	h->ended[i] = true;
	h->done++;
}

static enum rb_err
blame_bytes(struct haul *h, size_t i)
{
	char *url = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = listed_url(&h->l->list[i], h->places[i], &url)) == RB_OK)
		rc = fault_set(h->c->why, RB_EDIGEST,
		    "%s: the mirror sent bytes that are not those of the "
		    "signed index",
		    url);
	free(url);
	return rc;
}

/*
 * What one place had to say: RB_OK when the file is ours now, RB_ENOTFOUND
 * when it has none.  `*again`: it may be asked once more.  Only here a file
 * becomes ours.
 */
static enum rb_err
judge_one(struct haul *h, const struct net_done *d, bool *again)
{
	enum rb_err rc = RB_EINTERNAL;

	*again = false;
	switch (d->outcome) {
	case NET_OK:
		rc = depot_keep(h->c->depot, &h->l->list[d->id].sha256,
		    h->fds[d->id]);
		if (rc == RB_EDIGEST) {
			*again = true;
			rc = blame_bytes(h, d->id);
		}
		break;
	case NET_ABSENT:
		rc = RB_ENOTFOUND;
		break;
	case NET_FAILED:
		*again = true;
		rc = fault_set(h->c->why, RB_EREFUSED, "%s", d->detail);
		break;
	case NET_TOO_LARGE:
	case NET_FORBIDDEN:
		rc = fault_set(h->c->why, RB_EREFUSED, "%s", d->detail);
		break;
	case NET_UNWRITTEN:
		rc = fault_set(h->c->why, RB_EIO, "%s", d->detail);
		break;
	}
	return rc;
}

/* Asks again, there or elsewhere, or ends with what was worst. */
static enum rb_err
finish_one(struct haul *h, const struct net_done *d)
{
	struct listed *item = &h->l->list[d->id];
	char *url = NULL;
	bool again = false;
	enum rb_err rc = RB_EINTERNAL;

	h->under_way--;
	rc = judge_one(h, d, &again);
	fd_close(&h->fds[d->id]);
	if (rc == RB_OK) {
		end_one(h, d->id);
		return RB_OK;
	}
	if (rc != RB_ENOTFOUND && rc != RB_EREFUSED && rc != RB_EDIGEST)
		return rc;
	if (again && h->tries[d->id] < TRIES_MAX)
		return RB_OK;
	if (rc != RB_ENOTFOUND)
		h->wrong[d->id] = rc;
	rc = listed_url(item, h->places[d->id] + 1, &url);
	free(url);
	if (rc == RB_OK) {
		h->places[d->id]++;
		h->tries[d->id] = 0;
		return RB_OK;
	}
	if (rc != RB_ENOTFOUND || h->wrong[d->id] != RB_OK)
		return rc != RB_ENOTFOUND ? rc : h->wrong[d->id];
	item->is_absent = true;
	end_one(h, d->id);
	return RB_OK;
}

/*
 * Starts what may be started.  A file that another trip is fetching is left
 * for later: waiting for it here, while it waits for one of ours, would
 * stop both.
 */
static enum rb_err
start_some(struct haul *h)
{
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	for (i = 0; i < h->l->n && h->under_way < UNDER_WAY_MAX; i++) {
		if (h->ended[i] || h->fds[i] != -1)
			continue;
		if (depot_has(h->c->depot, &h->l->list[i].sha256)) {
			end_one(h, i);
			continue;
		}
		rc = start_one(h, i);
		if (rc != RB_OK && rc != RB_EREFUSED)
			return rc;
	}
	return RB_OK;
}

static enum rb_err
haul_all(struct haul *h, const char *stage)
{
	struct net_done d = { 0, NET_OK, NULL };
	unsigned int waits = 0;
	enum rb_err rc = RB_EINTERNAL;

	for (;;) {
		if ((rc = start_some(h)) != RB_OK)
			return rc;
		if (h->done == h->l->n) {
			/* What a second try mended needs no sentence. */
			h->c->why->text[0] = '\0';
			return RB_OK;
		}
		if (h->under_way == 0) {
			if (waits++ == OTHERS_WAITS_MAX)
				return fault_set(h->c->why, RB_ETIME,
				    "a file that another job fetches does "
				    "not arrive; ask again");
			rc = leash_wait(-1, OTHERS_MILLISECONDS);
			if (rc != RB_ETIME || (rc = leash_check()) != RB_OK)
				return rc;
			continue;
		}
		waits = 0;
		if ((rc = net_take_done(h->sock, h->fds, h->l->n, &d)) != RB_OK)
			return fault_set(h->c->why, rc,
			    "rebuilder-net went silent (%s)", err_name(rc));
		if (d.id >= h->l->n || h->fds[d.id] == -1) {
			free(d.detail);
			return fault_set(h->c->why, RB_EPEER,
			    "rebuilder-net answered a question that was not "
			    "asked");
		}
		rc = finish_one(h, &d);
		free(d.detail);
		if (rc != RB_OK)
			return rc;
		if (h->c->ear != NULL)
			h->c->ear->stage(h->c->ear->self, stage, h->done,
			    h->l->n, "");
	}
}

/* Right bytes of another size: what the archive signed cannot be true. */
static enum rb_err
check_sizes(const struct fetch_context *c, const struct listing *l)
{
	const struct listed *item;
	uint64_t size = 0;
	int fd = -1;
	size_t i;
	enum rb_err rc = RB_OK;

	for (i = 0; i < l->n && rc == RB_OK; i++) {
		item = &l->list[i];
		if (item->is_absent)
			continue;
		if ((rc = depot_get(c->depot, &item->sha256, &fd)) != RB_OK)
			return rc;
		rc = file_size(fd, &size);
		fd_close(&fd);
		if (rc == RB_OK && size != item->size)
			rc = fault_set(c->why, RB_EDIGEST,
			    "%s%s: the signed index says %llu bytes, but those "
			    "of the digest that it names are %llu",
			    item->from == NULL ? "" : item->from->uri,
			    item->path, (unsigned long long)item->size,
			    (unsigned long long)size);
	}
	return rc;
}

enum rb_err
fetch_listing(const struct fetch_context *c, struct listing *l,
    const char *stage)
{
	struct haul h = { c, l, -1, NULL, NULL, NULL, NULL, NULL, 0, 0 };
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if (l->n == 0)
		return RB_OK;
	h.fds = malloc(l->n * sizeof(*h.fds));
	h.tries = calloc(l->n, sizeof(*h.tries));
	h.places = calloc(l->n, sizeof(*h.places));
	h.wrong = calloc(l->n, sizeof(*h.wrong));
	h.ended = calloc(l->n, sizeof(*h.ended));
	if (h.fds == NULL || h.tries == NULL || h.places == NULL ||
	    h.wrong == NULL || h.ended == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	for (i = 0; i < l->n; i++) {
		h.fds[i] = -1;
		if (depot_has(c->depot, &l->list[i].sha256))
			end_one(&h, i);
	}
	if (h.done != l->n &&
	    ((rc = net_open(c, &h.sock)) != RB_OK ||
		(rc = haul_all(&h, stage)) != RB_OK))
		goto out;
	rc = check_sizes(c, l);
out:
	for (i = 0; h.fds != NULL && i < l->n; i++)
		fd_close(&h.fds[i]);
	free(h.fds);
	free(h.tries);
	free(h.places);
	free(h.wrong);
	free(h.ended);
	fd_close(&h.sock);
	return rc;
}

enum rb_err
fetch_url(const struct fetch_context *c, const char *url, uint64_t max,
    int *out)
{
	struct net_done d = { 0, NET_OK, NULL };
	int sock = -1, fd = -1;
	unsigned int tries;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = net_open(c, &sock)) != RB_OK)
		goto out;
	for (tries = 0; tries < TRIES_MAX; tries++) {
		fd_close(&fd);
		free(d.detail);
		d.detail = NULL;
		if ((rc = depot_scratch(c->depot, &fd)) != RB_OK ||
		    (rc = net_fetch(sock, 0, max, 0, url, fd)) != RB_OK)
			goto out;
		if ((rc = net_take_done(sock, &fd, 1, &d)) != RB_OK) {
			fault_set(c->why, rc,
			    "rebuilder-net went silent "
			    "(%s)",
			    err_name(rc));
			goto out;
		}
		if (d.outcome != NET_FAILED)
			break;
	}
	if (d.outcome != NET_OK) {
		rc = fault_set(c->why,
		    d.outcome == NET_ABSENT ? RB_ENOTFOUND : RB_EIO, "%s",
		    d.detail);
		goto out;
	}
	/* rebuilder-net may hold this file still. */
	rc = depot_copy(c->depot, fd, max, out);
out:
	free(d.detail);
	fd_close(&fd);
	fd_close(&sock);
	return rc;
}

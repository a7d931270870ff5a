/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/fetch_git.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/file.h"
#include "rebuilder/ask.h"
#include "rebuilder/leash.h"
#include "rebuilder/net_client.h"

/* So many adverts lie in memory at once, whatever servers send. */
#define UNDER_WAY_MAX 16
#define TRIES_MAX 3
/*
 * When so long nobody answers, those who were asked are waited for no more.
 * A server that is alive takes a moment; behind a proxy, some.
 */
#define SILENCE_SECONDS 30

void
adverts_clear(struct advert *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		fd_close(&list[i].fd);
}

/* Where smart HTTP servers say which refs they have (gitprotocol-http). */
static enum rb_err
advert_url(const struct advert *a, struct buf *out)
{
	size_t len = strlen(a->url);
	enum rb_err rc = RB_EINTERNAL;

	while (len > 0 && a->url[len - 1] == '/')
		len--;
	if ((rc = buf_put(out, span_of(a->url, len))) != RB_OK ||
	    (rc = buf_put_str(out, "/info/refs?service=git-upload-pack")) !=
		RB_OK)
		return rc;
	return buf_put_byte(out, 0);
}

/* rebuilder-net may hold the file still: ours is a sealed copy. */
static enum rb_err
take_copy(struct advert *a, int *fd)
{
	struct buf bytes = BUF_INIT;
	enum rb_err rc = RB_EIO;

	if (lseek(*fd, 0, SEEK_SET) == -1)
		goto out;
	if ((rc = file_read_fd(*fd, ADVERTISEMENT_MAX, &bytes)) != RB_OK ||
	    (rc = digest_of(buf_span(&bytes), &a->sha256)) != RB_OK)
		goto out;
	rc = memory_file("advertisement", buf_span(&bytes), &a->fd);
out:
	buf_clear(&bytes);
	fd_close(fd);
	return rc;
}

struct asking {
	struct advert *list;
	size_t n, next, under_way;
	int *fds;         /* being filled; -1: not under way */
	unsigned int *tries;
	int sock; /* -1: not yet, or not any more */
};

static enum rb_err
ask(struct asking *x, size_t i)
{
	struct buf url = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	x->tries[i]++;
	if ((x->fds[i] = memfd_create("advertisement", MFD_CLOEXEC)) == -1) {
		rc = RB_EIO;
		goto out;
	}
	if ((rc = advert_url(&x->list[i], &url)) != RB_OK ||
	    (rc = net_fetch(x->sock, (uint32_t)i, ADVERTISEMENT_MAX, 0,
		 (const char *)url.p, x->fds[i])) != RB_OK)
		goto out;
	x->under_way++;
out:
	buf_clear(&url);
	return rc;
}

static enum rb_err
hear(struct asking *x)
{
	struct net_done d = { 0, NET_OK, NULL };
	struct advert *a;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = net_take_done(x->sock, x->fds, x->n, &d)) != RB_OK)
		return rc;
	if (d.id >= x->n || x->fds[d.id] == -1) {
		rc = RB_EPEER;
		goto out;
	}
	x->under_way--;
	a = &x->list[d.id];
	if (d.outcome == NET_OK) {
		rc = take_copy(a, &x->fds[d.id]);
		goto out;
	}
	fd_close(&x->fds[d.id]);
	if (d.outcome == NET_FAILED && x->tries[d.id] < TRIES_MAX) {
		rc = ask(x, d.id);
		goto out;
	}
	rc = d.outcome == NET_UNWRITTEN ? RB_EIO : RB_OK;
	(void)fault_set(&a->why, RB_EREFUSED, "%s", d.detail);
out:
	free(d.detail);
	return rc;
}

/* Whoever was asked keeps silent; rebuilder-net ends with its socket. */
static void
give_up(struct asking *x)
{
	size_t i;

	for (i = 0; i < x->next; i++) {
		if (x->fds[i] == -1)
			continue;
		(void)fault_set(&x->list[i].why, RB_EREFUSED,
		    "%s: no answer within %d seconds", x->list[i].url,
		    SILENCE_SECONDS);
		fd_close(&x->fds[i]);
	}
	x->under_way = 0;
	fd_close(&x->sock);
}

static enum rb_err
step(const struct fetch_context *c, struct asking *x)
{
	enum rb_err rc = RB_EINTERNAL;

	if (x->sock == -1 && (rc = net_open(c, &x->sock)) != RB_OK)
		return rc;
	if (x->next < x->n && x->under_way < UNDER_WAY_MAX)
		return ask(x, x->next++);
	if ((rc = ask_wait(x->sock, SILENCE_SECONDS)) == RB_ETIME) {
		give_up(x);
		return leash_check();
	}
	return rc == RB_OK ? hear(x) : rc;
}

enum rb_err
fetch_adverts(const struct fetch_context *c, struct advert *list, size_t n)
{
	struct asking x = { list, n, 0, 0, NULL, NULL, -1 };
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	for (i = 0; i < n; i++)
		list[i].fd = -1;
	x.fds = malloc((n + 1) * sizeof(*x.fds));
	x.tries = calloc(n + 1, sizeof(*x.tries));
	if (x.fds == NULL || x.tries == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	for (i = 0; i < n; i++)
		x.fds[i] = -1;
	while (x.next < n || x.under_way > 0) {
		if ((rc = step(c, &x)) != RB_OK) {
			if (c->why->text[0] == '\0')
				fault_set(c->why, rc, "asking git servers: %s",
				    err_name(rc));
			goto out;
		}
	}
	rc = RB_OK;
out:
	for (i = 0; x.fds != NULL && i < n; i++)
		fd_close(&x.fds[i]);
	if (rc != RB_OK)
		adverts_clear(list, n);
	free(x.fds);
	free(x.tries);
	fd_close(&x.sock);
	return rc;
}

enum rb_err
fetch_pack(const struct fetch_context *c, const char *url,
    const char *const *refs, size_t n, int *out)
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
		    (rc = net_pack(sock, 0, PACK_BYTES_MAX, url, refs, n,
			 fd)) != RB_OK ||
		    (rc = net_take_done(sock, &fd, 1, &d)) != RB_OK) {
			fault_set(c->why, rc, "%s: rebuilder-net: %s", url,
			    err_name(rc));
			goto out;
		}
		if (d.outcome != NET_FAILED)
			break;
	}
	if (d.outcome == NET_OK)
		rc = depot_copy(c->depot, fd, PACK_BYTES_MAX, out);
	else
		rc = fault_set(c->why,
		    d.outcome == NET_UNWRITTEN ? RB_EIO : RB_EREFUSED, "%s",
		    d.detail);
out:
	free(d.detail);
	fd_close(&fd);
	fd_close(&sock);
	return rc;
}

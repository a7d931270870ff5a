/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/net/net_fetch.h"

#include <stdlib.h>
#include <string.h>

#include "rebuilder/net/net_transfer.h"

/* Sleeps end by themselves so that slow servers are noticed. */
#define WAIT_MILLISECONDS 1000

struct fetcher {
	struct fetch_limits limits;
	fetch_done done;
	void *self;
	char *proxy;              /* owned */
	CURLM *multi;             /* owned */
	struct transfer *waiting; /* owned list, the oldest first */
	struct transfer *active;  /* owned list; in `multi` */
	size_t nwaiting, nactive;
};

static void
push_back(struct transfer **list, struct transfer *t)
{
	while (*list != NULL)
		list = &(*list)->next;
	t->next = NULL;
	*list = t;
}

static void
take_out(struct transfer **list, struct transfer *t)
{
	while (*list != t)
		list = &(*list)->next;
	*list = t->next;
	t->next = NULL;
}

enum rb_err
fetcher_new(const struct fetch_limits *limits, fetch_done done, void *self,
    struct fetcher **out)
{
	struct fetcher *f = calloc(1, sizeof(*f));
	enum rb_err rc = RB_ENOMEM;

	if (f == NULL)
		return RB_ENOMEM;
	f->limits = *limits;
	f->done = done;
	f->self = self;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (f->proxy = strdup("")) == NULL ||
	    (f->multi = curl_multi_init()) == NULL ||
	    curl_multi_setopt(f->multi, CURLMOPT_PIPELINING,
		CURLPIPE_NOTHING) != CURLM_OK)
		goto out;

	*out = f;
	f = NULL; /* now the caller's */
	rc = RB_OK;
out:
	fetcher_free(&f);
	return rc;
}

static void
free_list(struct fetcher *f, struct transfer **list)
{
	struct transfer *t;

	while ((t = *list) != NULL) {
		*list = t->next;
		/* Not in it (yet) is no harm. */
		(void)curl_multi_remove_handle(f->multi, t->easy);
		transfer_free(&t);
	}
}

void
fetcher_free(struct fetcher **f)
{
	if (*f == NULL)
		return;
	free_list(*f, &(*f)->waiting);
	free_list(*f, &(*f)->active);
	if ((*f)->multi != NULL)
		(void)curl_multi_cleanup((*f)->multi);
	free((*f)->proxy);
	free(*f);
	*f = NULL;
}

/* socks5h: names are resolved behind the proxy, never here. */
static bool
proxy_is_valid(const char *proxy)
{
	static const char scheme[] = "socks5h://";
	const char *rest = proxy + sizeof(scheme) - 1;

	if (proxy[0] == '\0')
		return true;
	return strncmp(proxy, scheme, sizeof(scheme) - 1) == 0 &&
	    *rest != '\0' && strpbrk(rest, "@/?# ") == NULL;
}

enum rb_err
fetcher_set_proxy(struct fetcher *f, const char *proxy, struct fault *why)
{
	char *copy;

	if (!proxy_is_valid(proxy))
		return fault_set(why, RB_EREFUSED,
		    "proxy '%s': write socks5h://host:port, without user or "
		    "path",
		    proxy);
	if (f->waiting != NULL || f->active != NULL)
		return RB_EINTERNAL; /* they borrow the one before */
	if ((copy = strdup(proxy)) == NULL)
		return RB_ENOMEM;
	free(f->proxy);
	f->proxy = copy;
	return RB_OK;
}

enum rb_err
fetcher_add(struct fetcher *f, struct fetch_request *r)
{
	struct transfer *t = NULL;
	enum rb_err rc;

	if ((rc = transfer_new(&f->limits, f->proxy, r, &t)) != RB_OK)
		return rc;
	push_back(&f->waiting, t);
	f->nwaiting++;
	return RB_OK;
}

size_t
fetcher_count(const struct fetcher *f)
{
	return f->nwaiting + f->nactive;
}

/* Tells and forgets a transfer that stands in no list. */
static enum rb_err
tell(struct fetcher *f, struct transfer *t)
{
	enum rb_err rc = f->done(f->self, &t->result);

	transfer_free(&t);
	return rc;
}

static unsigned int
count_at(const struct fetcher *f, const char *place)
{
	const struct transfer *t;
	unsigned int n = 0;

	for (t = f->active; t != NULL; t = t->next)
		n += strcmp(t->url.place, place) == 0;
	return n;
}

static enum rb_err
start(struct fetcher *f, struct transfer *t)
{
	enum rb_err rc;

	take_out(&f->waiting, t);
	f->nwaiting--;
	if (t->has_ended) /* its URL was forbidden */
		return tell(f, t);
	if ((rc = transfer_start(t)) == RB_OK &&
	    curl_multi_add_handle(f->multi, t->easy) != CURLM_OK)
		rc = RB_ENOMEM;
	if (rc != RB_OK) {
		transfer_free(&t);
		return rc;
	}
	push_back(&f->active, t);
	f->nactive++;
	return RB_OK;
}

/* The oldest ones first, past those whose server is busy with others. */
static enum rb_err
start_waiting(struct fetcher *f)
{
	struct transfer *t, *next;
	enum rb_err rc;

	for (t = f->waiting; t != NULL; t = next) {
		next = t->next;
		if (!t->has_ended &&
		    (f->nactive >= f->limits.together ||
			count_at(f, t->url.place) >= f->limits.per_place))
			continue;
		if ((rc = start(f, t)) != RB_OK)
			return rc;
	}
	return RB_OK;
}

static enum rb_err
end_active(struct fetcher *f, struct transfer *t, CURLcode code)
{
	bool is_over = true;
	enum rb_err rc;

	/* Asked while libcurl still knows the answer. */
	rc = transfer_end(t, code, &is_over);
	(void)curl_multi_remove_handle(f->multi, t->easy);
	take_out(&f->active, t);
	f->nactive--;
	if (rc == RB_OK && is_over)
		return tell(f, t);
	/* Another request, which may be to another server: in the queue. */
	t->next = f->waiting;
	f->waiting = t;
	f->nwaiting++;
	return rc;
}

enum rb_err
fetcher_step(struct fetcher *f)
{
	struct transfer *t = NULL;
	const CURLMsg *m;
	int running, left;
	enum rb_err rc;

	if ((rc = start_waiting(f)) != RB_OK)
		return rc;
	if (curl_multi_perform(f->multi, &running) != CURLM_OK)
		return RB_EINTERNAL;
	while ((m = curl_multi_info_read(f->multi, &left)) != NULL) {
		if (m->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t) !=
			CURLE_OK)
			return RB_EINTERNAL;
		if ((rc = end_active(f, t, m->data.result)) != RB_OK)
			return rc;
	}
	return start_waiting(f);
}

enum rb_err
fetcher_wait(struct fetcher *f, const struct pollfd *p, size_t n)
{
	struct curl_waitfd extra[FETCH_POLLS_MAX];
	size_t i;

	if (n > FETCH_POLLS_MAX)
		return RB_EINTERNAL;
	/* poll(2) also reports a peer that is gone, whatever is asked for. */
	for (i = 0; i < n; i++)
		extra[i] = (struct curl_waitfd){ p[i].fd, p[i].events, 0 };
	return curl_multi_poll(f->multi, extra, (unsigned int)n,
		   WAIT_MILLISECONDS, NULL) == CURLM_OK ?
	    RB_OK :
	    RB_EIO;
}

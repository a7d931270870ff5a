/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/net/net_pull.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Sleeps end by themselves so that slow servers are noticed. */
#define WAIT_MILLISECONDS 1000

static const char list_suffix[] = GIT_REFS_SUFFIX;
static const char post_suffix[] = "/git-upload-pack";

uint64_t
pull_now(void)
{
	struct timespec t = { 0, 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* One chunk at a time: libcurl waits while it is read. */
static size_t
take_chunk(struct transfer *t, struct span s)
{
	struct pull *p = t->taker;

	if (p->len != 0) {
		p->is_paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	if (s.len > sizeof(p->bytes) || !transfer_has_room(t, s.len))
		return 0;
	memcpy(p->bytes, s.p, s.len);
	p->from = 0;
	p->len = s.len;
	t->result.len += s.len;
	return s.len;
}

enum rb_err
pull_open(const struct fetch_limits *limits, const char *proxy, char *url,
    int cancel, uint64_t deadline, struct pull *out)
{
	struct fetch_request r = FETCH_REQUEST_INIT;
	enum rb_err rc;

	r.url = url;
	*out = (struct pull)PULL_INIT;
	if ((rc = transfer_new(limits, proxy, &r, &out->transfer)) != RB_OK)
		return rc;
	out->cancel = cancel;
	out->deadline = deadline;
	if ((out->multi = curl_multi_init()) == NULL) {
		pull_clear(out);
		return RB_ENOMEM;
	}
	return RB_OK;
}

static void
leave(struct pull *p)
{
	if (p->is_under_way)
		(void)curl_multi_remove_handle(p->multi, p->transfer->easy);
	p->is_under_way = false;
}

void
pull_clear(struct pull *p)
{
	leave(p);
	transfer_free(&p->transfer);
	if (p->multi != NULL)
		(void)curl_multi_cleanup(p->multi);
	p->multi = NULL;
}

static enum rb_err
start(struct pull *p)
{
	enum rb_err rc;

	p->transfer->take = take_chunk;
	p->transfer->taker = p;
	if ((rc = transfer_start(p->transfer)) != RB_OK)
		return rc;
	if (curl_multi_add_handle(p->multi, p->transfer->easy) != CURLM_OK)
		return RB_ENOMEM;
	p->is_under_way = true;
	p->is_paused = false;
	return RB_OK;
}

enum rb_err
pull_get(struct pull *p, uint64_t max)
{
	p->transfer->request.max = max;
	return p->transfer->has_ended ? RB_OK : start(p);
}

/* The same place, wherever the first request was led. */
static enum rb_err
make_url(struct transfer *t, char **out)
{
	size_t len = strlen(t->url.text), n = sizeof(list_suffix) - 1;
	char *url;

	if (len < n || strcmp(t->url.text + len - n, list_suffix) != 0) {
		t->has_ended = false;
		transfer_rule(t, NET_FORBIDDEN,
		    "a redirect leads here, which is no list of references "
		    "(...%s)",
		    list_suffix);
		return RB_EREFUSED;
	}
	if ((url = malloc(len - n + sizeof(post_suffix))) == NULL)
		return RB_ENOMEM;
	memcpy(url, t->url.text, len - n);
	memcpy(url + len - n, post_suffix, sizeof(post_suffix));
	*out = url;
	return RB_OK;
}

enum rb_err
pull_post(struct pull *p, struct span post, uint64_t max)
{
	struct transfer *t = p->transfer;
	char *url = NULL;
	enum rb_err rc;

	if (!t->has_ended || t->result.outcome != NET_OK || p->is_under_way)
		return RB_EINTERNAL;
	if ((rc = make_url(t, &url)) != RB_OK ||
	    (rc = transfer_post(t, url, post)) != RB_OK)
		goto out;
	t->request.max = max;
	p->len = 0;
	rc = start(p);
out:
	free(url);
	return rc;
}

static enum rb_err
end(struct pull *p, CURLcode code)
{
	bool is_over = false;
	enum rb_err rc;

	/* Asked while libcurl still knows the answer. */
	rc = transfer_end(p->transfer, code, &is_over);
	leave(p);
	if (rc != RB_OK || is_over)
		return rc;
	return start(p); /* where it was redirected to */
}

/* Bytes go where take_chunk puts them. */
static enum rb_err
move_bytes(struct pull *p)
{
	const CURLMsg *m;
	CURLcode code;
	int running, left;

	if (p->is_paused) {
		/* Calls take_chunk with what libcurl had to keep. */
		p->is_paused = false;
		code = curl_easy_pause(p->transfer->easy, CURLPAUSE_CONT);
		if (code != CURLE_OK)
			return end(p, code);
		if (p->len != 0)
			return RB_OK;
	}
	if (curl_multi_perform(p->multi, &running) != CURLM_OK)
		return RB_EINTERNAL;
	m = curl_multi_info_read(p->multi, &left);
	return m == NULL ? RB_OK : end(p, m->data.result);
}

static enum rb_err
wait_for_bytes(struct pull *p)
{
	struct curl_waitfd extra = { p->cancel, CURL_WAIT_POLLIN, 0 };
	struct pollfd cancel = { p->cancel, POLLIN, 0 };

	if (curl_multi_poll(p->multi, &extra, 1, WAIT_MILLISECONDS, NULL) !=
	    CURLM_OK)
		return RB_EIO;
	return poll(&cancel, 1, 0) == 1 ? RB_EPEER : RB_OK;
}

enum rb_err
pull_read(struct pull *p, void *to, size_t cap, size_t *len)
{
	struct transfer *t = p->transfer;
	enum rb_err rc;
	size_t n;

	while (p->len == 0 && p->is_under_way) {
		if (pull_now() >= p->deadline) {
			leave(p);
			transfer_rule(t, NET_FAILED,
			    "no whole pack in the time that one may take");
			break;
		}
		if ((rc = move_bytes(p)) != RB_OK)
			return rc;
		if (p->len == 0 && p->is_under_way &&
		    (rc = wait_for_bytes(p)) != RB_OK)
			return rc;
	}
	/* What came before a failure is of no use. */
	if (!p->is_under_way && t->result.outcome != NET_OK)
		return RB_EREFUSED;
	n = p->len < cap ? p->len : cap;
	memcpy(to, p->bytes + p->from, n);
	p->from += n;
	p->len -= n;
	*len = n;
	return RB_OK;
}

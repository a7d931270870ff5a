/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/net/net_transfer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/base/enc.h"
#include "common/base/file.h"

void
fetch_request_clear(struct fetch_request *r)
{
	free(r->url);
	fd_close(&r->fd);
	*r = (struct fetch_request)FETCH_REQUEST_INIT;
}

static enum rb_err
make_secret(char out[33])
{
	struct buf hex = BUF_INIT;
	uint8_t bytes[16];
	enum rb_err rc;

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return RB_EIO;
	if ((rc = hex_write(span_of(bytes, sizeof(bytes)), &hex)) == RB_OK) {
		memcpy(out, hex.p, 32);
		out[32] = '\0';
	}
	buf_clear(&hex);
	return rc;
}

enum rb_err
transfer_new(const struct fetch_limits *limits, const char *proxy,
    struct fetch_request *request, struct transfer **out)
{
	struct transfer *t = calloc(1, sizeof(*t));
	struct fault why = FAULT_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if (t == NULL)
		return RB_ENOMEM;
	t->request = *request;
	*request = (struct fetch_request)FETCH_REQUEST_INIT; /* now ours */
	t->limits = limits;
	t->proxy = proxy;
	t->url = (struct net_url)NET_URL_INIT;
	t->result.id = t->request.id;
	t->result.len = t->request.have;
	t->take = transfer_store;
	if ((t->easy = curl_easy_init()) == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	if (proxy[0] != '\0' &&
	    ((rc = make_secret(t->secret[0])) != RB_OK ||
		(rc = make_secret(t->secret[1])) != RB_OK))
		goto out;
	rc = net_url_parse(t->request.url, &t->url, &why);
	if (rc == RB_EREFUSED) {
		t->has_ended = true;
		t->result.outcome = NET_FORBIDDEN;
		t->result.detail = why;
		rc = RB_OK;
	}
	if (rc != RB_OK)
		goto out;

	*out = t;
	t = NULL; /* now the caller's */
out:
	transfer_free(&t);
	return rc;
}

void
transfer_free(struct transfer **t)
{
	if (*t == NULL)
		return;
	curl_easy_cleanup((*t)->easy);
	curl_slist_free_all((*t)->headers);
	net_url_clear(&(*t)->url);
	fetch_request_clear(&(*t)->request);
	free(*t);
	*t = NULL;
}

static enum rb_err
add_header(struct transfer *t, const char *line)
{
	struct curl_slist *longer = curl_slist_append(t->headers, line);

	if (longer == NULL)
		return RB_ENOMEM;
	t->headers = longer;
	return RB_OK;
}

enum rb_err
transfer_post(struct transfer *t, const char *url, struct span post)
{
	static const char *const headers[] = {
		"Content-Type: application/x-git-upload-pack-request",
		"Accept: application/x-git-upload-pack-result",
		"Expect:", /* no waiting for leave to speak */
	};
	struct net_url to = NET_URL_INIT;
	enum rb_err rc;
	size_t i;

	if ((rc = net_url_parse(url, &to, &t->result.detail)) != RB_OK)
		return rc;
	net_url_clear(&t->url);
	t->url = to;
	for (i = 0;
	    t->post.len == 0 && i < sizeof(headers) / sizeof(headers[0]); i++) {
		if ((rc = add_header(t, headers[i])) != RB_OK)
			return rc;
	}
	t->post = post;
	t->result.len = 0;
	t->is_from_start = true;
	t->has_ended = false;
	return RB_OK;
}

void
transfer_rule(struct transfer *t, enum net_outcome outcome, const char *fmt,
    ...)
{
	char rule[FAULT_MAX];
	va_list args;

	if (t->has_ended)
		return;
	va_start(args, fmt);
	(void)vsnprintf(rule, sizeof(rule), fmt, args);
	va_end(args);
	t->has_ended = true;
	t->result.outcome = outcome;
	(void)fault_set(&t->result.detail, RB_OK, "%.300s: %s",
	    t->url.text != NULL ? t->url.text : t->request.url, rule);
}

bool
transfer_rewind(struct transfer *t)
{
	if (t->result.len != 0 && ftruncate(t->request.fd, 0) == -1) {
		transfer_rule(t, NET_UNWRITTEN, "cannot store it: %s",
		    strerror(errno));
		return false;
	}
	t->result.len = 0;
	return true;
}

long
transfer_status(const struct transfer *t)
{
	long status = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* How far off the server is that answered the first request. */
static enum reach
first_reach(const struct transfer *t)
{
	const char *address = NULL;
	enum reach reach;

	if (t->url.is_literal)
		return t->url.reach;
	/* Behind a proxy nobody here knows what a name is. */
	if (t->proxy[0] != '\0' ||
	    curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_IP, &address) !=
		CURLE_OK ||
	    address == NULL || reach_parse(address, &reach) != RB_OK)
		return REACH_WORLD;
	return reach;
}

static enum rb_err
follow(struct transfer *t)
{
	struct net_url to = NET_URL_INIT;
	struct fault why = FAULT_INIT;
	const char *text = NULL;
	enum rb_err rc;

	if (curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &text) !=
		CURLE_OK ||
	    text == NULL) {
		transfer_rule(t, NET_FAILED, "the server redirects to nowhere");
		return RB_OK;
	}
	/* Whoever wants it may have it, but not what we say. */
	if (t->post.len != 0) {
		transfer_rule(t, NET_FORBIDDEN,
		    "the server redirects a POST: only the list of references "
		    "may lead elsewhere");
		return RB_OK;
	}
	if (t->redirects == FETCH_REDIRECTS_MAX) {
		transfer_rule(t, NET_FORBIDDEN, "more than %d redirects",
		    FETCH_REDIRECTS_MAX);
		return RB_OK;
	}
	if (t->redirects == 0)
		t->reach = first_reach(t);
	rc = net_url_parse(text, &to, &why);
	if (rc == RB_OK)
		rc = net_url_check_redirect(&t->url, t->reach, &to, &why);
	if (rc == RB_EREFUSED) {
		transfer_rule(t, NET_FORBIDDEN, "redirect: %s", why.text);
		rc = RB_OK;
		goto out;
	}
	if (rc != RB_OK)
		goto out;
	net_url_clear(&t->url);
	t->url = to;
	to = (struct net_url)NET_URL_INIT; /* now the transfer's */
	t->redirects++;
out:
	net_url_clear(&to);
	return rc;
}

/* The server cannot resume: once more, from the first byte. */
static void
start_over(struct transfer *t)
{
	if (t->is_from_start)
		transfer_rule(t, NET_FAILED,
		    "the server answers %ld, a part, to a request for the "
		    "whole",
		    transfer_status(t));
	else if (transfer_rewind(t))
		t->is_from_start = true;
}

/* An answer came, whole or as much as is wanted of it. */
static enum rb_err
judge_answer(struct transfer *t)
{
	long status = transfer_status(t);

	switch (status) {
	case 200:
		if (t->has_body || transfer_rewind(t)) /* an empty object */
			transfer_rule(t, NET_OK, "%s", "");
		return RB_OK;
	case 206:
		if (t->is_from_start || t->range != RANGE_RIGHT)
			start_over(t);
		else
			transfer_rule(t, NET_OK, "%s", "");
		return RB_OK;
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		return follow(t);
	case 404:
	case 410:
		transfer_rule(t, NET_ABSENT,
		    "the server has no such object (%ld)", status);
		return RB_OK;
	case 416:
		if (t->range == RANGE_COMPLETE && !t->is_from_start)
			transfer_rule(t, NET_OK, "%s", "");
		else
			start_over(t);
		return RB_OK;
	default:
		transfer_rule(t, NET_FAILED, "the server answers %ld", status);
		return RB_OK;
	}
}

/* Without effect where a rule has ended the transfer already. */
static void
judge_failure(struct transfer *t, CURLcode code)
{
	if (t->has_bad_address && code == CURLE_COULDNT_CONNECT)
		transfer_rule(t, NET_FORBIDDEN,
		    "a redirect leads here, into this machine or its network");
	else if (code == CURLE_FILESIZE_EXCEEDED)
		transfer_rule(t, NET_TOO_LARGE,
		    "the server has more than the %llu bytes that are wanted",
		    (unsigned long long)t->request.max);
	else if (code == CURLE_OPERATION_TIMEDOUT)
		transfer_rule(t, NET_FAILED,
		    "no connection for %u s, below %u bytes/s for %u s, or "
		    "not all in %u s (%s)",
		    t->limits->connect_seconds, t->limits->slow_rate,
		    t->limits->slow_seconds, t->limits->seconds, t->error);
	else
		transfer_rule(t, NET_FAILED, "%s",
		    t->error[0] != '\0' ? t->error : curl_easy_strerror(code));
}

enum rb_err
transfer_end(struct transfer *t, CURLcode code, bool *is_over)
{
	enum rb_err rc = RB_OK;

	/* on_body stops at what it does not want; the status says why. */
	if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && !t->has_ended))
		rc = judge_answer(t);
	else
		judge_failure(t, code);
	if (rc != RB_OK)
		return rc;
	if (t->has_ended && t->result.outcome == NET_OK)
		t->result.detail = (struct fault)FAULT_INIT;
	*is_over = t->has_ended;
	return RB_OK;
}

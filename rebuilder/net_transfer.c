/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/net_transfer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/enc.h"
#include "common/base/file.h"
#include "rebuilder/net_range.h"

/* The same for all nodes of all versions: nothing to tell them apart by. */
#define USER_AGENT "qubes-rebuilder"

void
fetch_request_clear(struct fetch_request *r)
{
	free(r->url);
	fd_close(&r->fd);
	*r = (struct fetch_request)FETCH_REQUEST_INIT;
}

/* Ends the download; the first rule that is broken counts. */
static void RB_PRINTF(3, 4)
end(struct transfer *t, enum net_outcome outcome, const char *fmt, ...)
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
	if ((t->easy = curl_easy_init()) == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	if ((rc = make_secret(t->secret[0])) != RB_OK ||
	    (rc = make_secret(t->secret[1])) != RB_OK)
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
	net_url_clear(&(*t)->url);
	fetch_request_clear(&(*t)->request);
	free(*t);
	*t = NULL;
}

/* Where a redirect may not lead, no connection is made. */
static curl_socket_t
on_socket(void *self, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *t = self;

	(void)purpose;
	if (t->redirects > 0 && t->proxy[0] == '\0' &&
	    reach_of(&address->addr) < t->reach) {
		t->has_bad_address = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC,
	    address->protocol);
}

/* Only from where our file ends to the end of the object; only once. */
static void
take_range(struct transfer *t, struct span value)
{
	struct content_range r;

	while (value.len > 0 && (value.p[0] == ' ' || value.p[0] == '\t'))
		value = span_of(value.p + 1, value.len - 1);
	if (t->range != RANGE_NONE || content_range_parse(value, &r) != RB_OK)
		t->range = RANGE_WRONG;
	else if (!r.has_range)
		t->range = r.total == t->result.len ? RANGE_COMPLETE :
		    RANGE_WRONG;
	else if (r.first != t->result.len ||
	    (r.has_total && r.total != r.last + 1))
		t->range = RANGE_WRONG;
	else
		t->range = RANGE_RIGHT;
}

static size_t
on_header(char *p, size_t size, size_t n, void *self)
{
	static const char name[] = "content-range:";
	struct transfer *t = self;
	struct span line = span_of(p, n * size);

	t->header_len += line.len;
	if (t->header_len > FETCH_HEADER_MAX) {
		end(t, NET_FAILED, "the server sent more than %d bytes of "
		    "headers", FETCH_HEADER_MAX);
		return 0;
	}
	while (line.len > 0 && (line.p[line.len - 1] == '\r' ||
	    line.p[line.len - 1] == '\n'))
		line.len--;
	if (line.len >= sizeof(name) - 1 && strncasecmp(
	    (const char *)line.p, name, sizeof(name) - 1) == 0)
		take_range(t, span_of(line.p + sizeof(name) - 1,
		    line.len - (sizeof(name) - 1)));
	return n * size;
}

/* Forgets what was there: the server sends the object from its start. */
static bool
rewind_file(struct transfer *t)
{
	if (t->result.len != 0 && ftruncate(t->request.fd, 0) == -1) {
		end(t, NET_FAILED, "cannot store it: %s", strerror(errno));
		return false;
	}
	t->result.len = 0;
	return true;
}

static bool
store(struct transfer *t, struct span s)
{
	ssize_t done;

	if (s.len > t->request.max || t->result.len > t->request.max - s.len) {
		end(t, NET_TOO_LARGE, "the server sends more than the %llu "
		    "bytes that are wanted",
		    (unsigned long long)t->request.max);
		return false;
	}
	while (s.len > 0) {
		done = pwrite(t->request.fd, s.p, s.len, (off_t)t->result.len);
		if (done == -1 && errno == EINTR)
			continue;
		if (done <= 0) {
			end(t, NET_FAILED, "cannot store it: %s",
			    strerror(errno));
			return false;
		}
		t->result.len += (uint64_t)done;
		s = span_of(s.p + done, s.len - (size_t)done);
	}
	return true;
}

static long
status_of(const struct transfer *t)
{
	long status = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static size_t
on_body(char *p, size_t size, size_t n, void *self)
{
	struct transfer *t = self;
	long status = status_of(t);
	size_t len = size * n;

	if (status == 200) {
		/* It ignored the range, or there was none. */
		if (!t->has_body && !rewind_file(t))
			return 0;
	} else if (status == 206) {
		/* transfer_end tells what to do about a wrong one. */
		if (t->is_from_start || t->range != RANGE_RIGHT)
			return 0;
	} else {
		/* A page that explains an error: dropped, and soon cut off. */
		t->header_len += len;
		return t->header_len > FETCH_HEADER_MAX ? 0 : len;
	}
	t->has_body = true;
	return store(t, span_of(p, len)) ? len : 0;
}

/* Options in a row: the first failure sticks. */
struct options {
	CURL *easy;
	CURLcode code;
};

static void
set_long(struct options *o, CURLoption option, long value)
{
	if (o->code == CURLE_OK)
		o->code = curl_easy_setopt(o->easy, option, value);
}

static void
set_text(struct options *o, CURLoption option, const char *value)
{
	if (o->code == CURLE_OK)
		o->code = curl_easy_setopt(o->easy, option, value);
}

static void
set_limits(struct transfer *t, struct options *o)
{
	set_long(o, CURLOPT_CONNECTTIMEOUT, (long)t->limits->connect_seconds);
	set_long(o, CURLOPT_LOW_SPEED_TIME, (long)t->limits->slow_seconds);
	set_long(o, CURLOPT_LOW_SPEED_LIMIT, (long)t->limits->slow_rate);
	if (o->code == CURLE_OK && t->request.max <= INT64_MAX)
		o->code = curl_easy_setopt(t->easy, CURLOPT_MAXFILESIZE_LARGE,
		    (curl_off_t)t->request.max);
	/* Plain HTTP/1.1: less code of others' for bytes of others'. */
	set_long(o, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	set_long(o, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	set_long(o, CURLOPT_HTTP_CONTENT_DECODING, 0);
	/* Redirects are ours to follow: transfer_end. */
	set_long(o, CURLOPT_FOLLOWLOCATION, 0);
	set_long(o, CURLOPT_NETRC, CURL_NETRC_IGNORED);
	set_long(o, CURLOPT_NOSIGNAL, 1);
	/* A connection of another download was checked by other rules. */
	set_long(o, CURLOPT_FRESH_CONNECT, t->redirects > 0);
}

static void
set_callbacks(struct transfer *t, struct options *o)
{
	if (o->code == CURLE_OK)
		o->code = curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETFUNCTION,
		    on_socket);
	if (o->code == CURLE_OK)
		o->code = curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETDATA, t);
	if (o->code == CURLE_OK)
		o->code = curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION,
		    on_header);
	if (o->code == CURLE_OK)
		o->code = curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
	if (o->code == CURLE_OK)
		o->code = curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION,
		    on_body);
	if (o->code == CURLE_OK)
		o->code = curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	if (o->code == CURLE_OK)
		o->code = curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER,
		    t->error);
	if (o->code == CURLE_OK)
		o->code = curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
}

enum rb_err
transfer_start(struct transfer *t)
{
	struct options o = { t->easy, CURLE_OK };
	char range[32];

	t->header_len = 0;
	t->range = RANGE_NONE;
	t->has_body = t->has_bad_address = false;
	t->error[0] = '\0';
	curl_easy_reset(t->easy);
	set_text(&o, CURLOPT_URL, t->url.text);
	set_text(&o, CURLOPT_PROTOCOLS_STR, "http,https");
	set_text(&o, CURLOPT_USERAGENT, USER_AGENT);
	/* "" also keeps libcurl from looking into the environment. */
	set_text(&o, CURLOPT_PROXY, t->proxy);
	if (t->proxy[0] != '\0') {
		set_text(&o, CURLOPT_PROXYUSERNAME, t->secret[0]);
		set_text(&o, CURLOPT_PROXYPASSWORD, t->secret[1]);
	}
	if (t->result.len != 0 && !t->is_from_start) {
		(void)snprintf(range, sizeof(range), "%llu-",
		    (unsigned long long)t->result.len);
		set_text(&o, CURLOPT_RANGE, range);
	} else {
		t->is_from_start = true;
	}
	set_limits(t, &o);
	set_callbacks(t, &o);
	return o.code == CURLE_OK ? RB_OK : RB_ENOMEM;
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
	    CURLE_OK || address == NULL ||
	    reach_parse(address, &reach) != RB_OK)
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
	    CURLE_OK || text == NULL) {
		end(t, NET_FAILED, "the server redirects to nowhere");
		return RB_OK;
	}
	if (t->redirects == FETCH_REDIRECTS_MAX) {
		end(t, NET_FORBIDDEN, "more than %d redirects",
		    FETCH_REDIRECTS_MAX);
		return RB_OK;
	}
	if (t->redirects == 0)
		t->reach = first_reach(t);
	rc = net_url_parse(text, &to, &why);
	if (rc == RB_OK)
		rc = net_url_check_redirect(&t->url, t->reach, &to, &why);
	if (rc == RB_EREFUSED) {
		end(t, NET_FORBIDDEN, "redirect: %s", why.text);
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
		end(t, NET_FAILED, "the server answers %ld, a part, to a "
		    "request for the whole", status_of(t));
	else if (rewind_file(t))
		t->is_from_start = true;
}

/* An answer came, whole or as much as is wanted of it. */
static enum rb_err
judge_answer(struct transfer *t)
{
	long status = status_of(t);

	switch (status) {
	case 200:
		if (t->has_body || rewind_file(t)) /* an empty object */
			end(t, NET_OK, "%s", "");
		return RB_OK;
	case 206:
		if (t->is_from_start || t->range != RANGE_RIGHT)
			start_over(t);
		else
			end(t, NET_OK, "%s", "");
		return RB_OK;
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		return follow(t);
	case 404:
	case 410:
		end(t, NET_ABSENT, "the server has no such object (%ld)",
		    status);
		return RB_OK;
	case 416:
		if (t->range == RANGE_COMPLETE && !t->is_from_start)
			end(t, NET_OK, "%s", "");
		else
			start_over(t);
		return RB_OK;
	default:
		end(t, NET_FAILED, "the server answers %ld", status);
		return RB_OK;
	}
}

/* Without effect where a rule has ended the transfer already. */
static void
judge_failure(struct transfer *t, CURLcode code)
{
	if (t->has_bad_address && code == CURLE_COULDNT_CONNECT)
		end(t, NET_FORBIDDEN, "a redirect leads here, into this "
		    "machine or its network");
	else if (code == CURLE_FILESIZE_EXCEEDED)
		end(t, NET_TOO_LARGE, "the server has more than the %llu "
		    "bytes that are wanted",
		    (unsigned long long)t->request.max);
	else if (code == CURLE_OPERATION_TIMEDOUT)
		end(t, NET_FAILED, "no connection for %u s, or below %u "
		    "bytes/s for %u s (%s)", t->limits->connect_seconds,
		    t->limits->slow_rate, t->limits->slow_seconds, t->error);
	else
		end(t, NET_FAILED, "%s", t->error[0] != '\0' ? t->error :
		    curl_easy_strerror(code));
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

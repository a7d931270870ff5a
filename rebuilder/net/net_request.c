/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One request of a transfer: how it is put, and its answer as it comes in. */
#include "rebuilder/net/net_transfer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rebuilder/net/net_range.h"

/* The same for all nodes of all versions: nothing to tell them apart by. */
#define USER_AGENT "qubes-rebuilder"
/* Forges send a browser's page to whoever does not begin like git(1). */
#define GIT_USER_AGENT "git/2.0 (qubes-rebuilder)"

/* A list of references in few reads; libcurl's own choice is a quarter. */
#define BUFFER_SIZE (64 * 1024)

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
	bool is_first;

	while (value.len > 0 && (value.p[0] == ' ' || value.p[0] == '\t'))
		value = span_of(value.p + 1, value.len - 1);
	is_first = t->range == RANGE_NONE;
	t->range = RANGE_WRONG;
	if (!is_first || content_range_parse(value, &r) != RB_OK)
		return;
	if (!r.has_range && r.total == t->result.len)
		t->range = RANGE_COMPLETE;
	if (r.has_range && r.first == t->result.len &&
	    (!r.has_total || r.total == r.last + 1))
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
		transfer_rule(t, NET_FAILED,
		    "the server sent more than %d bytes of headers",
		    FETCH_HEADER_MAX);
		return 0;
	}
	while (line.len > 0 &&
	    (line.p[line.len - 1] == '\r' || line.p[line.len - 1] == '\n'))
		line.len--;
	if (line.len >= sizeof(name) - 1 &&
	    strncasecmp((const char *)line.p, name, sizeof(name) - 1) == 0)
		take_range(t,
		    span_of(line.p + sizeof(name) - 1,
			line.len - (sizeof(name) - 1)));
	return n * size;
}

bool
transfer_has_room(struct transfer *t, size_t len)
{
	if (len <= t->request.max && t->result.len <= t->request.max - len)
		return true;
	transfer_rule(t, NET_TOO_LARGE,
	    "the server sends more than the %llu bytes that are wanted",
	    (unsigned long long)t->request.max);
	return false;
}

size_t
transfer_store(struct transfer *t, struct span s)
{
	size_t len = s.len;
	ssize_t done;

	if (!transfer_has_room(t, s.len))
		return 0;
	while (s.len > 0) {
		done = pwrite(t->request.fd, s.p, s.len, (off_t)t->result.len);
		if (done == -1 && errno == EINTR)
			continue;
		if (done <= 0) {
			transfer_rule(t, NET_UNWRITTEN, "cannot store it: %s",
			    strerror(errno));
			return 0;
		}
		t->result.len += (uint64_t)done;
		s = span_of(s.p + done, s.len - (size_t)done);
	}
	return len;
}

static size_t
on_body(char *p, size_t size, size_t n, void *self)
{
	struct transfer *t = self;
	long status = transfer_status(t);
	size_t len = size * n;

	if (status == 200) {
		/* It ignored the range, or there was none. */
		if (!t->has_body && !transfer_rewind(t))
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
	return t->take(t, span_of(p, len));
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
	set_long(o, CURLOPT_TIMEOUT, (long)t->limits->seconds);
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
	set_long(o, CURLOPT_BUFFERSIZE, BUFFER_SIZE);
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

static bool
is_for_git(const struct transfer *t)
{
	static const char suffix[] = GIT_REFS_SUFFIX;
	size_t len = strlen(t->url.text), n = sizeof(suffix) - 1;

	return t->post.len != 0 ||
	    (len > n && strcmp(t->url.text + len - n, suffix) == 0);
}

static void
set_post(struct transfer *t, struct options *o)
{
	if (t->post.len == 0)
		return;
	set_long(o, CURLOPT_POST, 1);
	set_text(o, CURLOPT_POSTFIELDS, (const char *)t->post.p);
	set_long(o, CURLOPT_POSTFIELDSIZE, (long)t->post.len);
	if (o->code == CURLE_OK)
		o->code = curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER,
		    t->headers);
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
	set_text(&o, CURLOPT_USERAGENT,
	    is_for_git(t) ? GIT_USER_AGENT : USER_AGENT);
	set_post(t, &o);
	/* "" also keeps libcurl from looking into the environment. */
	set_text(&o, CURLOPT_PROXY, t->proxy);
	set_text(&o, CURLOPT_NOPROXY, "");
	if (t->proxy[0] != '\0') {
		/* Users, and nothing of Kerberos. */
		set_long(&o, CURLOPT_SOCKS5_AUTH, (long)CURLAUTH_BASIC);
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

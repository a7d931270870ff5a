/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "httpd/serve.h"

#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

#include "common/base/enc.h"
#include "common/base/note.h"
#include "httpd/evidence.h"
#include "httpd/guard.h"
#include "httpd/unpack.h"

#define UNPACK_BLOCK (64 * 1024)
#define BODY_TOO_LARGE \
	"the body is too large: send at most 1000 digests in one request"

struct server {
	struct site *site; /* borrowed */
	struct guard guard;
	struct MHD_Daemon *daemon; /* owned */
};

/* One request on its way, from its first line until its answer is sent. */
struct visit {
	char *target;     /* owned: as it came, nothing decoded */
	bool is_known;    /* the first call of several is over */
	struct buf body;  /* owned */
	size_t discarded; /* bytes of the body past the limit */
};

/* What an answer keeps while it is sent. */
struct parcel {
	struct guard *guard; /* borrowed */
	uint64_t held;
	struct buf body;       /* owned */
	struct unpack *unpack; /* owned; instead of body */
};

static void
parcel_free(void *cls)
{
	struct parcel *p = cls;

	guard_release(p->guard, p->held);
	unpack_free(&p->unpack);
	buf_clear(&p->body);
	free(p);
}

static ssize_t
parcel_read(void *cls, uint64_t position, char *out, size_t max)
{
	struct parcel *p = cls;
	size_t len = 0;
	enum rb_err rc;

	(void)position; /* always the next */
	rc = unpack_take(p->unpack, (uint8_t *)out, max, &len);
	if (rc != RB_OK) {
		note(NOTE_WARN, "a stored log cannot be unpacked: %s",
		    err_name(rc));
		return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	return len == 0 ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)len;
}

/* Takes over the body of `a`, also when it fails. */
static enum rb_err
parcel_new(struct guard *guard, struct answer *a, struct parcel **out)
{
	struct parcel *p = NULL;
	enum rb_err rc = RB_ENOMEM;

	if ((p = calloc(1, sizeof(*p))) == NULL)
		goto out;
	p->guard = guard;
	if ((rc = guard_hold(guard, a->body.len)) != RB_OK)
		goto out;
	p->held = a->body.len;
	p->body = a->body;
	a->body = (struct buf)BUF_INIT; /* now the parcel's */
	if (a->coding == CODING_UNPACK && a->status == MHD_HTTP_OK &&
	    (rc = unpack_new(&p->body, &p->unpack)) != RB_OK)
		goto out;

	*out = p;
	p = NULL; /* now the caller's */
	rc = RB_OK;
out:
	if (p != NULL)
		parcel_free(p);
	return rc;
}

/* NULL: no memory; the parcel is gone in any case. */
static struct MHD_Response *
response_new(struct parcel *p)
{
	struct MHD_Response *r;

	if (p->unpack != NULL)
		r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN,
		    UNPACK_BLOCK, parcel_read, p, parcel_free);
	else
		r = MHD_create_response_from_buffer_with_free_callback_cls(
		    p->body.len, p->body.p, parcel_free, p);
	if (r == NULL)
		parcel_free(p);
	return r;
}

static enum MHD_Result
response_queue(struct MHD_Connection *c, const struct answer *a,
    struct parcel *p)
{
	struct headers headers;
	struct MHD_Response *r;
	enum MHD_Result result = MHD_NO;
	size_t i;

	answer_headers(a, &headers);
	if ((r = response_new(p)) == NULL)
		return MHD_NO;
	for (i = 0; i < headers.n; i++) {
		if (MHD_add_response_header(r, headers.list[i].name,
			headers.list[i].value) != MHD_YES)
			goto out;
	}
	result = MHD_queue_response(c, a->status, r);
out:
	MHD_destroy_response(r);
	return result;
}

static struct guest *
guest_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info;

	info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return info == NULL ? NULL : info->socket_context;
}

static void
guest_extend(struct server *s, struct MHD_Connection *c, int64_t seconds)
{
	struct guest *guest = guest_of(c);

	if (guest != NULL)
		guard_set_due(&s->guard, guest, guard_now() + seconds);
}

/* The last word on a request; MHD_NO ends the connection without one. */
static enum MHD_Result
send_answer(struct server *s, struct MHD_Connection *c,
    const struct request *rq, struct answer *a)
{
	struct parcel *p = NULL;
	enum rb_err rc;

	rc = parcel_new(&s->guard, a, &p);
	if (rc == RB_ELIMIT) {
		rc = site_refuse(s->site, rq, MHD_HTTP_SERVICE_UNAVAILABLE,
		    "this node is sending too much already: ask again later",
		    a);
		/* Only large answers have to wait for others. */
		if (rc == RB_OK)
			rc = parcel_new(&s->guard, a, &p);
	}
	if (rc != RB_OK)
		return MHD_NO;
	metrics_count(&s->site->metrics, a->status);
	guest_extend(s, c, GUARD_ANSWER_SECONDS);
	return response_queue(c, a, p);
}

static enum method
method_of(const char *name)
{
	if (strcmp(name, MHD_HTTP_METHOD_GET) == 0)
		return METHOD_GET;
	if (strcmp(name, MHD_HTTP_METHOD_HEAD) == 0)
		return METHOD_HEAD;
	if (strcmp(name, MHD_HTTP_METHOD_POST) == 0)
		return METHOD_POST;
	return METHOD_OTHER;
}

static const char *
header_of(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

static void
request_of(struct MHD_Connection *c, const struct visit *visit,
    const char *method, struct request *out)
{
	out->method = method_of(method);
	out->target = span_of_str(visit->target);
	out->body = buf_span(&visit->body);
	out->takes_html = header_takes_html(header_of(c, "Accept"));
	out->takes_zstd = header_takes_zstd(header_of(c, "Accept-Encoding"));
	out->if_none_match = header_of(c, "If-None-Match");
}

static enum MHD_Result
refuse_body(struct server *s, struct MHD_Connection *c,
    const struct visit *visit, const char *method)
{
	struct answer a = ANSWER_INIT;
	enum MHD_Result result = MHD_NO;
	struct request rq;

	request_of(c, visit, method, &rq);
	if (site_refuse(s->site, &rq, MHD_HTTP_CONTENT_TOO_LARGE,
		BODY_TOO_LARGE, &a) == RB_OK)
		result = send_answer(s, c, &rq, &a);
	answer_clear(&a);
	return result;
}

static enum MHD_Result
answer_request(struct server *s, struct MHD_Connection *c,
    const struct visit *visit, const char *method)
{
	struct answer a = ANSWER_INIT;
	enum MHD_Result result = MHD_NO;
	struct request rq;

	request_of(c, visit, method, &rq);
	if (site_answer(s->site, &rq, &a) == RB_OK)
		result = send_answer(s, c, &rq, &a);
	else
		note(NOTE_ERROR, "out of memory for an answer");
	answer_clear(&a);
	return result;
}

/* Bytes of a body; false when there were far too many. */
static bool
visit_take(struct visit *visit, struct span bytes)
{
	if (bytes.len > EVIDENCE_BODY_MAX - visit->body.len ||
	    visit->discarded > 0) {
		visit->discarded += bytes.len;
		return visit->discarded <= SERVE_DISCARD_MAX;
	}
	return buf_put(&visit->body, bytes) == RB_OK;
}

/* More is said to come than is worth reading to the end. */
static bool
body_is_hopeless(struct MHD_Connection *c)
{
	const char *length = header_of(c, "Content-Length");
	uint64_t n;

	return length != NULL &&
	    dec_parse(span_of_str(length), SERVE_DISCARD_MAX, &n) != RB_OK;
}

/* Callbacks of the library, in the order in which it calls them. */

static void
on_connection(void *cls, struct MHD_Connection *c, void **context,
    enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo *info;
	struct server *s = cls;
	struct guest *guest = *context;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		guard_leave(&s->guard, &guest);
		*context = NULL;
		return;
	}
	info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info == NULL ||
	    guard_enter(&s->guard, info->connect_fd, guard_now(), &guest) !=
		RB_OK) {
		note(NOTE_WARN, "a connection is served without a deadline");
		return;
	}
	*context = guest;
}

/* The target before anything is cut off or decoded. */
static void *
on_target(void *cls, const char *target, struct MHD_Connection *c)
{
	struct visit *visit = calloc(1, sizeof(*visit));

	(void)cls;
	(void)c;
	if (visit == NULL)
		return NULL;
	visit->target = strdup(target);
	return visit;
}

/* Decoding is route's, by its own rules. */
static size_t
on_unescape(void *cls, struct MHD_Connection *c, char *text)
{
	(void)cls;
	(void)c;
	return strlen(text);
}

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *c, const char *url,
    const char *method, const char *version, const char *data, size_t *len,
    void **context)
{
	struct visit *visit = *context;
	struct server *s = cls;

	(void)url;
	(void)version;
	if (visit == NULL || visit->target == NULL)
		return MHD_NO;
	/* An answer given on the first call would end the connection. */
	if (!visit->is_known) {
		visit->is_known = true;
		if (body_is_hopeless(c))
			return refuse_body(s, c, visit, method);
		return MHD_YES;
	}
	if (*len > 0) {
		if (!visit_take(visit, span_of(data, *len)))
			return MHD_NO;
		*len = 0;
		return MHD_YES;
	}
	if (visit->discarded > 0)
		return refuse_body(s, c, visit, method);
	return answer_request(s, c, visit, method);
}

static void
on_completed(void *cls, struct MHD_Connection *c, void **context,
    enum MHD_RequestTerminationCode why)
{
	struct visit *visit = *context;

	(void)why;
	guest_extend(cls, c, GUARD_REQUEST_SECONDS);
	if (visit == NULL)
		return;
	buf_clear(&visit->body);
	free(visit->target);
	free(visit);
	*context = NULL;
}

enum rb_err
server_start(struct site *site, int listener, unsigned int threads,
    struct server **out)
{
	struct server *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return RB_ENOMEM;
	s->site = site;
	s->guard = (struct guard)GUARD_INIT;
	/* MHD_USE_ITC is for MHD_quiesce_daemon, below. */
	s->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD |
		MHD_USE_ITC,
	    0, NULL, NULL, on_request, s, MHD_OPTION_LISTEN_SOCKET,
	    (MHD_socket)listener,
	    /* For the library a pool has at least two. */
	    MHD_OPTION_THREAD_POOL_SIZE, threads > 1 ? threads : 0,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned int)SERVE_CONNECTIONS_MAX,
	    MHD_OPTION_PER_IP_CONNECTION_LIMIT,
	    (unsigned int)SERVE_PER_ADDRESS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
	    (unsigned int)SERVE_IDLE_SECONDS,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SERVE_HEADER_MAX,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_CONNECTION,
	    on_connection, s, MHD_OPTION_URI_LOG_CALLBACK, on_target, s,
	    MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, s,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_END);
	if (s->daemon == NULL) {
		free(s);
		return RB_EIO;
	}
	*out = s;
	return RB_OK;
}

void
server_tend(struct server *s)
{
	size_t n = guard_end_late(&s->guard, guard_now());

	atomic_fetch_add(&s->site->metrics.late, n);
}

void
server_stop(struct server **s)
{
	if (*s == NULL)
		return;
	/*
	 * Left to itself the library shuts the listening socket down, for
	 * everybody who holds it: the next httpd could not be reached on it.
	 */
	(void)MHD_quiesce_daemon((*s)->daemon);
	MHD_stop_daemon((*s)->daemon);
	free(*s);
	*s = NULL;
}

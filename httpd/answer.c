/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "httpd/answer.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define STATUS_OK 200
#define STATUS_NOT_MODIFIED 304
#define STATUS_UNAVAILABLE 503

#define POLICY_PAGE \
	"default-src 'none'; style-src 'self'; base-uri 'none'; " \
	"form-action 'none'; frame-ancestors 'none'"
#define POLICY_DATA "default-src 'none'; frame-ancestors 'none'; sandbox"

/* A weight is nothing when it is 0, 0., 0.0, 0.00 or 0.000. */
static bool
weight_is_zero(struct span weight)
{
	size_t i;

	if (weight.len == 0 || weight.p[0] != '0')
		return false;
	for (i = 1; i < weight.len; i++) {
		if (weight.p[i] != '.' && weight.p[i] != '0')
			return false;
	}
	return true;
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static struct span
trimmed(struct span s)
{
	while (s.len > 0 && is_blank(s.p[0]))
		s = span_of(s.p + 1, s.len - 1);
	while (s.len > 0 && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

/* Looks for one word of a list like "text/html, a/b;q=0.9" (RFC 9110, 12.5). */
static bool
list_takes(const char *list, const char *word)
{
	struct span rest, item, name, param;
	bool takes;

	if (list == NULL)
		return false;
	rest = span_of_str(list);
	while (span_take_until(&rest, ',', &item) == RB_OK) {
		if (span_take_until(&item, ';', &name) != RB_OK)
			continue;
		name = trimmed(name);
		if (name.len != strlen(word) ||
		    strncasecmp((const char *)name.p, word, name.len) != 0)
			continue;
		takes = true;
		while (span_take_until(&item, ';', &param) == RB_OK) {
			param = trimmed(param);
			if (span_starts(param, SPAN("q=")) &&
			    weight_is_zero(span_of(param.p + 2, param.len - 2)))
				takes = false;
		}
		return takes;
	}
	return false;
}

bool
header_takes_zstd(const char *accept_encoding)
{
	return list_takes(accept_encoding, "zstd");
}

bool
header_takes_html(const char *accept)
{
	return list_takes(accept, "text/html");
}

void
answer_clear(struct answer *a)
{
	buf_clear(&a->body);
}

/* Two codings of one body are two bodies: RFC 9110, 8.8.3. */
static void
etag_write(const struct answer *a, char *out, size_t cap)
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(&a->tag, hex);
	snprintf(out, cap, "\"%s%s\"", hex,
	    a->coding == CODING_ZSTD ? "-zstd" : "");
}

/* Our tags hold no quote, so that one found with its quotes is whole. */
static bool
etag_is_known(const struct answer *a, const char *if_none_match)
{
	char etag[DIGEST_HEX_LEN + 16];

	if (if_none_match == NULL)
		return false;
	etag_write(a, etag, sizeof(etag));
	return strcmp(if_none_match, "*") == 0 ||
	    strstr(if_none_match, etag) != NULL;
}

enum rb_err
answer_finish(struct answer *a, const struct request *rq)
{
	enum rb_err rc;

	if (a->status != STATUS_OK || a->life == ANSWER_NEVER_KEEP)
		return RB_OK;
	if (!a->is_tagged) {
		if ((rc = digest_of(buf_span(&a->body), &a->tag)) != RB_OK)
			return rc;
		a->is_tagged = true;
	}
	if (!etag_is_known(a, rq->if_none_match))
		return RB_OK;
	a->status = STATUS_NOT_MODIFIED;
	buf_clear(&a->body);
	return RB_OK;
}

static void
headers_add(struct headers *out, const char *name, const char *value)
{
	out->list[out->n].name = name;
	out->list[out->n].value = value;
	out->n++;
}

static const char *
life_value(enum answer_life life)
{
	switch (life) {
	case ANSWER_NEVER_KEEP:
		return "no-store";
	case ANSWER_ASK_AGAIN:
		return "no-cache";
	case ANSWER_KEEP:
		return "public, max-age=31536000, immutable";
	case ANSWER_KEEP_HOUR:
		return "public, max-age=3600";
	}
	return "no-store";
}

void
answer_headers(const struct answer *a, struct headers *out)
{
	out->n = 0;
	if (a->type != NULL)
		headers_add(out, "Content-Type", a->type);
	headers_add(out, "Cache-Control", life_value(a->life));
	/*
	 * Logs and reports are what hostile builds wrote: whatever a browser
	 * makes of them, it may load and run nothing.
	 */
	headers_add(out, "X-Content-Type-Options", "nosniff");
	headers_add(out, "Content-Security-Policy",
	    a->is_page ? POLICY_PAGE : POLICY_DATA);
	headers_add(out, "Referrer-Policy", "no-referrer");
	if (!a->is_page)
		headers_add(out, "Access-Control-Allow-Origin", "*");
	if (a->is_tagged) {
		etag_write(a, out->etag, sizeof(out->etag));
		headers_add(out, "ETag", out->etag);
	}
	if (a->coding != CODING_NONE)
		headers_add(out, "Vary", "Accept-Encoding");
	else if (a->status >= 400)
		headers_add(out, "Vary", "Accept");
	if (a->coding == CODING_ZSTD && a->status == STATUS_OK)
		headers_add(out, "Content-Encoding", "zstd");
	if (a->allow != NULL)
		headers_add(out, "Allow", a->allow);
	if (a->status == STATUS_UNAVAILABLE)
		headers_add(out, "Retry-After", "10");
}

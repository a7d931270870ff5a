/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_HTTPD_ANSWER_H
#define RB_HTTPD_ANSWER_H

#include "common/base/digest.h"

/*
 * A request and its answer without the HTTP library: what is said and which
 * headers go with it is decided here, and can be tested without a socket.
 */
enum method { METHOD_GET, METHOD_HEAD, METHOD_POST, METHOD_OTHER };

struct request {
	enum method method;
	struct span target;
	struct span body;
	bool takes_html;           /* a person reads the error */
	bool takes_zstd;
	const char *if_none_match; /* borrowed; NULL: the header is absent */
};

/* Accept-Encoding and Accept as they came, NULL when they are absent. */
bool header_takes_zstd(const char *accept_encoding);
bool header_takes_html(const char *accept);

enum answer_life {
	ANSWER_NEVER_KEEP, /* errors, and answers to a POST */
	ANSWER_ASK_AGAIN,  /* may be kept, but asked for again by its ETag */
	ANSWER_KEEP,       /* immutable: will never be anything else */
	ANSWER_KEEP_HOUR,
};

enum answer_coding {
	CODING_NONE,
	CODING_ZSTD,   /* the body is a zstd frame and is sent as one */
	CODING_UNPACK, /* the body is a zstd frame, unpacked while sent */
};

struct answer {
	unsigned int status;
	const char *type; /* of the content; static */
	enum answer_life life;
	enum answer_coding coding;
	bool is_page;      /* HTML that may load our style sheet */
	bool is_tagged;    /* `tag` is set: the body has an ETag */
	struct digest tag; /* of the body's bytes as stored */
	const char *allow; /* static: the methods of this path; or NULL */
	struct buf body;   /* owned */
};

#define ANSWER_INIT \
	{ 0, NULL, ANSWER_NEVER_KEEP, CODING_NONE, false, false, DIGEST_INIT, \
		NULL, BUF_INIT }

void answer_clear(struct answer *a);

/*
 * Last step of every answer: an answer of 200 that may be kept gets its
 * ETag, and becomes 304 without a body when the client has it already.
 */
enum rb_err answer_finish(struct answer *a, const struct request *rq) RB_CHECK;

struct header {
	const char *name;  /* static */
	const char *value; /* static, or in `store` */
};
#define ANSWER_HEADERS_MAX 12

struct headers {
	struct header list[ANSWER_HEADERS_MAX];
	size_t n;
	char etag[DIGEST_HEX_LEN + 16];
};

/* The values may point into `out`: do not copy it. */
void answer_headers(const struct answer *a, struct headers *out);

#endif

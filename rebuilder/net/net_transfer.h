/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_NET_TRANSFER_H
#define RB_REBUILDER_NET_TRANSFER_H

#include <curl/curl.h>

#include "rebuilder/net/net_fetch.h"
#include "rebuilder/net/net_url.h"

/* What a git repository adds to its URL for the list of its references. */
#define GIT_REFS_SUFFIX "/info/refs?service=git-upload-pack"

/*
 * One download: a first request, and further ones when the server redirects
 * or cannot resume.  Each request is a life of `easy` in a multi handle
 * between transfer_start and transfer_end.
 */
enum transfer_range {
	RANGE_NONE,     /* no Content-Range yet */
	RANGE_RIGHT,    /* from where the file ends to the object's end */
	RANGE_COMPLETE, /* the object ends where the file ends */
	RANGE_WRONG,
};

struct transfer;
/* As CURLOPT_WRITEFUNCTION; after a rule that ends the transfer, 0. */
typedef size_t (*transfer_take)(struct transfer *t, struct span s);

struct transfer {
	struct transfer *next;
	struct fetch_request request;
	const struct fetch_limits *limits; /* borrowed */
	const char *proxy;                 /* borrowed */
	char secret[2][33]; /* user and password: a circuit of its own */
	struct net_url url; /* of the present request */
	unsigned int redirects;
	enum reach reach;   /* of the first server, once it redirected */
	bool is_from_start; /* do not resume (any more) */
	CURL *easy;         /* owned */
	struct curl_slist *headers; /* owned */
	/* What becomes of the object's bytes; transfer_new: request.fd. */
	transfer_take take;
	void *taker;        /* borrowed, for `take` */
	struct span post;   /* borrowed: what the request says; empty: GET */

	/* Of the present request: */
	size_t header_len;
	enum transfer_range range;
	bool has_body;      /* the first byte of it was taken */
	bool has_bad_address;
	bool has_ended;     /* by a rule: `result` says which */
	char error[CURL_ERROR_SIZE];

	struct fetch_result result; /* result.len: of the file now */
};

/*
 * Takes the request over.  A URL that a rule forbids is no error: the
 * transfer has then ended before it started.
 */
enum rb_err transfer_new(const struct fetch_limits *limits, const char *proxy,
    struct fetch_request *request, struct transfer **out) RB_CHECK;
void transfer_free(struct transfer **t);

/*
 * After a download that ended well: a POST to a URL that follows from the
 * last one, under the same identity and rules.  `post` stays the caller's.
 */
enum rb_err transfer_post(struct transfer *t, const char *url, struct span post)
    RB_CHECK;

/* Makes `easy` ready for the next request. */
enum rb_err transfer_start(struct transfer *t) RB_CHECK;
/* The request ended so.  Whether the download did; else start it again. */
enum rb_err transfer_end(struct transfer *t, CURLcode code, bool *is_over)
    RB_CHECK;

/* Between net_transfer.c and net_request.c: */

/* Ends the download; only the first rule that is broken counts. */
void transfer_rule(struct transfer *t, enum net_outcome outcome,
    const char *fmt, ...) RB_PRINTF(3, 4);
/* Room for `len` more bytes; else the rule is broken. */
bool transfer_has_room(struct transfer *t, size_t len);
/* A transfer_take, into request.fd. */
size_t transfer_store(struct transfer *t, struct span s);
/* Forgets what is in the file; false when that cannot be done. */
bool transfer_rewind(struct transfer *t);
/* Of the present answer. */
long transfer_status(const struct transfer *t);

#endif

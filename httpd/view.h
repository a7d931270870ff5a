/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_HTTPD_VIEW_H
#define RB_HTTPD_VIEW_H

#include "common/attest/checkpoint.h"
#include "common/store/store.h"

/*
 * What one request sees: one transaction and the checkpoint in it.  Every
 * proof of an answer leads to that checkpoint, and no leaf that it does not
 * cover is shown.
 */
struct view {
	struct store_txn *txn;  /* owned */
	struct span note;       /* the signed checkpoint; borrowed from txn */
	struct checkpoint head; /* the same, read */
};

#define VIEW_INIT \
	{ \
		NULL, SPAN_INIT, \
		{ \
			{ 0 }, 0, DIGEST_INIT \
		} \
	}

/* A store without a checkpoint gives a head of size 0 and an empty note. */
enum rb_err view_open(struct store *s, struct view *out) RB_CHECK;
void view_close(struct view *v);

/* RB_ENOTFOUND, with a sentence, for a leaf that the checkpoint leaves out. */
enum rb_err view_leaf(const struct view *v, uint64_t index,
    struct span *envelope, struct fault *why) RB_CHECK;
/* The statement inside a leaf.  `out` must be clear. */
enum rb_err view_statement(const struct view *v, uint64_t index,
    struct statement *out, struct fault *why) RB_CHECK;

#endif

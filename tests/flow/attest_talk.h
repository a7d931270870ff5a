/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FLOW_ATTEST_TALK_H
#define TESTS_FLOW_ATTEST_TALK_H

#include "common/process/msg.h"
#include "common/store/store.h"
#include "tests/flow/attest_node.h"
#include "tests/unit/sample.h"

/*
 * What the flow tests of attestor share: a running node, what rebuilder says
 * to it, and a memory of all that it ever answered or showed.
 */
#define STATEMENTS_MAX 8192

/* None of this may ever change. */
struct seen {
	struct digest leaves[STATEMENTS_MAX]; /* by index */
	bool is_logged[STATEMENTS_MAX];
	struct buf notes[STATEMENTS_MAX + 1]; /* by size */
};

struct fixture {
	struct attest_node node;
	const char *name; /* in statements; NULL: SAMPLE_NODE */
	struct seen seen;
	int sock; /* to attestor; -1: none */
};

int talk_set_up(void **state);
int talk_tear_down(void **state);

/* A new connection to attestor.sock. */
int talk_connect(struct fixture *f);
/*
 * Sample statement `n` with all blobs that it names, the second as another
 * node; the caller clears.
 */
void verdict_make(struct msg *m, uint64_t n);
void verdict_make_of(const char *node, struct msg *m, uint64_t n);
/* Sends it until it is answered, as rebuilder does; its index. */
uint64_t verdict_log(struct fixture *f, uint64_t n);

/* Remembers a note; another one of its size fails the test. */
void note_see(struct fixture *f, struct span note);
/* The same with what is served now. */
void served_see(struct fixture *f);
/*
 * What is served has `size` leaves, all that were ever answered among them,
 * and every note ever seen is one over its first leaves.
 */
void served_check(struct fixture *f, uint64_t size);
/* A reader's transaction; the caller aborts and closes. */
struct store_txn *served_open(struct fixture *f, struct store **s);
/* Clears `bytes`. */
void served_has_blob(struct store_txn *t, struct buf bytes);

/* Who owns attestor talks to the signer like this. */
struct direct {
	int sock;
	pid_t pid;
};

/* While the node is stopped. */
struct direct direct_open(struct fixture *f);
/* Its exit status. */
int direct_end(struct direct *d);
/* RB_OK: the note is in `note`; RB_EREFUSED.  Clears `bytes`. */
enum rb_err direct_append(struct direct *d, uint64_t index, struct buf bytes,
    struct buf *note);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_ATTESTOR_PUBLISHING_H
#define RB_ATTESTOR_PUBLISHING_H

#include "common/attest/tree.h"

/*
 * attestor's side of attestor-publish.  An error means that it is lost, or
 * that the served store cannot be written: the caller ends, and starts anew
 * from the truth.
 */
struct publishing {
	int sock; /* owned; the process ends with it, or with us */
};

#define PUBLISHING_INIT { -1 }

/* What is served now. */
struct publishing_state {
	uint64_t size;
	struct digest root; /* all zero: damaged */
};

/* Before the jail. `conf` is the path of node.yml. */
enum rb_err publishing_open(const char *conf, struct publishing *out,
    struct publishing_state *state, struct fault *why) RB_CHECK;
void publishing_clear(struct publishing *p);

/* All up to publishing_commit is seen at once by readers. */
enum rb_err publishing_empty(struct publishing *p) RB_CHECK;
enum rb_err publishing_leaf(struct publishing *p, uint64_t index,
    struct span envelope) RB_CHECK;
enum rb_err publishing_blob(struct publishing *p, const struct digest *d,
    struct span bytes) RB_CHECK;
/* Empty spans leave what is served. */
enum rb_err publishing_commit(struct publishing *p, struct span note,
    struct span node_json) RB_CHECK;

#endif

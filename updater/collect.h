/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_UPDATER_COLLECT_H
#define RB_UPDATER_COLLECT_H

#include "updater/policy.h"
#include "updater/sift.h"

/*
 * Asks every node of a policy for the same paths, all nodes at once, and
 * keeps what `sift` keeps.  A node that is slow, dead or sends what is no
 * evidence is given up after its first failure and harms nobody else.
 */
#define COLLECT_ANSWER_MAX BUNDLE_ANSWER_MAX
#define COLLECT_NODE_SECONDS 300

struct collect {
	const struct policy *policy; /* borrowed */
	const struct roster *roster; /* borrowed */
	char **paths;                /* borrowed; "/evidence/prefix/ab" */
	size_t npaths;
	/*
	 * Borrowed; "socks5h://host:port", or "" for none, whatever the
	 * environment says.  Each node is asked under a name of its own, new
	 * at each run, for which Tor makes circuits of their own.
	 */
	const char *proxy;
};

/* What came from one node. */
struct collected {
	size_t nanswers;  /* of npaths */
	size_t nkept, nstrangers; /* pieces of evidence */
	/* The other node that answered in its place, or "". */
	char stranger[KEY_NAME_MAX + 1];
	bool was_full;    /* it said more than a bundle has room for */
	struct fault why; /* empty unless it was given up */
};

/*
 * `reports` has one for each node.  An error is this machine's, never a
 * node's.
 */
enum rb_err collect(const struct collect *task, struct bundle *to,
    struct collected *reports, struct fault *why) RB_CHECK;

#endif

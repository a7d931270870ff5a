/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_COMMAND_READY_H
#define RB_COMMAND_READY_H

#include "rebuilder/command/layout.h"

/*
 * What must be so before the first daemon of a node starts, whoever starts
 * them: `serve`, or systemd after `prepare`.
 */
struct ready {
	struct node node;
	struct owners who;
	char *listen; /* owned; httpd.listen */
	uint64_t threads;
};

void ready_init(struct ready *r);
void ready_clear(struct ready *r);

/*
 * As root: reads node.yml whole, checks what a daemon would refuse again and
 * again, and mends the directories.  `out` must be fresh of ready_init.
 */
enum rb_err ready_make(const char *conf, struct ready *out, struct fault *why)
    RB_CHECK;

/* httpd.listen of node.yml alone, as it stands there; owned by the caller. */
enum rb_err ready_listen(const char *conf, char **out, struct fault *why)
    RB_CHECK;

#endif

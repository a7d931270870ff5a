/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_COMMAND_LAYOUT_H
#define RB_COMMAND_LAYOUT_H

#include "common/process/node.h"

/* The users of a node, looked up. */
struct owners {
	struct user_ids rebuilder, net, attestor, signer, httpd;
};

enum rb_err owners_find(const struct node *node, struct owners *out,
    struct fault *why) RB_CHECK;

/*
 * Makes the directories below node->directory, each with the owner and mode
 * that common/process/node.h promises.  What is there already is mended.
 */
enum rb_err layout_make(const struct node *node, const struct owners *who,
    struct fault *why) RB_CHECK;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_STREAM_H
#define RB_REBUILDER_STREAM_H

#include "common/process/node.h"

/*
 * The other end of the far driver: a question comes on descriptor 0, its
 * answer leaves on 1.  This process goes into a jail, as the user
 * `users.rebuilder`, takes the frames apart and ends with the answer; what
 * returns is a new one, which is asked over descriptor 3, as by rebuilder.
 */
enum rb_err stream_serve(const struct node *node, struct fault *why) RB_CHECK;

#endif

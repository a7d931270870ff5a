/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_COMMAND_ASKING_H
#define RB_COMMAND_ASKING_H

#include "common/process/msg.h"

/*
 * One question to a running node at its admin.sock.  The socket is the
 * caller's, for what may come behind the answer.
 */
enum rb_err asking_send(const char *conf, const struct msg *question, int *sock,
    struct fault *why) RB_CHECK;
/* FRAME_REFUSED comes back as RB_EREFUSED with its sentence. */
enum rb_err asking_recv(int sock, uint16_t expected, struct msg *answer,
    struct fault *why) RB_CHECK;
/* Both, and the end of it. */
enum rb_err asking_call(const char *conf, const struct msg *question,
    uint16_t expected, struct msg *answer, struct fault *why) RB_CHECK;

/* u16 n, n times text. */
enum rb_err asking_put_texts(struct buf *out, char *const *list, int n)
    RB_CHECK;

#endif

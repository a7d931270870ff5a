/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_PROCESS_MSG_H
#define RB_PROCESS_MSG_H

#include "common/base/digest.h"

/*
 * Frames between processes of one machine: one SOCK_SEQPACKET datagram is
 * one frame: type (u16), length of the body (u32), body; descriptors travel
 * beside it (SCM_RIGHTS) and arrive with close-on-exec set.  All numbers
 * are big endian.  What does not fit goes through a descriptor.
 */
#define MSG_BODY_MAX (64 * 1024)
#define MSG_FDS_MAX 16

struct msg {
	uint16_t type;
	struct buf body;        /* owned */
	int fds[MSG_FDS_MAX];   /* owned; unused ones are -1 */
	size_t nfds;
};

/* Sets everything to "nothing" (fds are not zero-initialisable). */
void msg_init(struct msg *m, uint16_t type);
/* Frees the body and closes every descriptor still held. */
void msg_clear(struct msg *m);
/* Hands one descriptor over to the message. RB_ELIMIT past MSG_FDS_MAX. */
enum rb_err msg_add_fd(struct msg *m, int fd) RB_CHECK;
/* Takes descriptor `i` out of the message; the caller owns it. */
enum rb_err msg_take_fd(struct msg *m, size_t i, int *out) RB_CHECK;

/* The message stays the caller's.  RB_EPEER when the other side is gone. */
enum rb_err msg_send(int sock, const struct msg *m) RB_CHECK;
/*
 * `m` must be clear.  RB_EPEER at end of stream, RB_EFORMAT for a frame
 * that is not one (truncated, wrong length, too many descriptors).
 */
enum rb_err msg_recv(int sock, struct msg *m) RB_CHECK;
/* Sends and waits for one answer. */
enum rb_err msg_call(int sock, const struct msg *question, struct msg *answer)
    RB_CHECK;

/* Fields of a body: put appends, take cuts off the front. */
enum rb_err put_u8(struct buf *b, uint8_t v) RB_CHECK;
enum rb_err put_u16(struct buf *b, uint16_t v) RB_CHECK;
enum rb_err put_u32(struct buf *b, uint32_t v) RB_CHECK;
enum rb_err put_u64(struct buf *b, uint64_t v) RB_CHECK;
enum rb_err put_digest(struct buf *b, const struct digest *d) RB_CHECK;
/* u32 length, bytes. */
enum rb_err put_bytes(struct buf *b, struct span s) RB_CHECK;
enum rb_err put_text(struct buf *b, const char *s) RB_CHECK;

enum rb_err take_u8(struct span *in, uint8_t *out) RB_CHECK;
enum rb_err take_u16(struct span *in, uint16_t *out) RB_CHECK;
enum rb_err take_u32(struct span *in, uint32_t *out) RB_CHECK;
enum rb_err take_u64(struct span *in, uint64_t *out) RB_CHECK;
enum rb_err take_digest(struct span *in, struct digest *out) RB_CHECK;
enum rb_err take_bytes(struct span *in, size_t max, struct span *out) RB_CHECK;
/* Owned, terminated; RB_EFORMAT when it holds bytes below 0x20 or 0x7f. */
enum rb_err take_text(struct span *in, size_t max, char **out) RB_CHECK;
/* RB_EFORMAT unless everything was taken. */
enum rb_err take_end(struct span in) RB_CHECK;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/process/msg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "common/base/file.h"

#define HEAD_LEN 6
#define FRAME_MAX (HEAD_LEN + MSG_BODY_MAX)

/* Aligned room for the descriptors beside a frame. */
union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(int) * MSG_FDS_MAX)];
};

void
msg_init(struct msg *m, uint16_t type)
{
	size_t i;

	m->type = type;
	m->body = (struct buf)BUF_INIT;
	m->nfds = 0;
	for (i = 0; i < MSG_FDS_MAX; i++)
		m->fds[i] = -1;
}

void
msg_clear(struct msg *m)
{
	size_t i;

	for (i = 0; i < m->nfds; i++)
		fd_close(&m->fds[i]);
	buf_clear(&m->body);
	msg_init(m, 0);
}

enum rb_err
msg_add_fd(struct msg *m, int fd)
{
	if (m->nfds == MSG_FDS_MAX)
		return RB_ELIMIT;
	m->fds[m->nfds++] = fd;
	return RB_OK;
}

enum rb_err
msg_take_fd(struct msg *m, size_t i, int *out)
{
	if (i >= m->nfds || m->fds[i] < 0)
		return RB_EFORMAT;
	*out = m->fds[i];
	m->fds[i] = -1;
	return RB_OK;
}

/* Beside the frame, all of them: a hole would shift the others. */
static enum rb_err
control_put(const struct msg *m, union control *control, struct msghdr *h)
{
	struct cmsghdr *c;
	size_t i;

	if (m->nfds == 0)
		return RB_OK;
	for (i = 0; i < m->nfds; i++) {
		if (m->fds[i] < 0)
			return RB_EINTERNAL;
	}
	h->msg_control = control->room;
	h->msg_controllen = CMSG_SPACE(sizeof(int) * m->nfds);
	c = CMSG_FIRSTHDR(h);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * m->nfds);
	memcpy(CMSG_DATA(c), m->fds, sizeof(int) * m->nfds);
	return RB_OK;
}

static bool
errno_is_gone(int e)
{
	return e == EPIPE || e == ECONNRESET || e == ENOTCONN;
}

enum rb_err
msg_send(int sock, const struct msg *m)
{
	union control control;
	struct msghdr h;
	struct iovec parts[2];
	struct buf head = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;
	ssize_t r;

	if (m->body.len > MSG_BODY_MAX)
		return RB_ELIMIT;
	memset(&h, 0, sizeof(h));
	memset(&control, 0, sizeof(control));
	if ((rc = put_u16(&head, m->type)) != RB_OK)
		goto out;
	if ((rc = put_u32(&head, (uint32_t)m->body.len)) != RB_OK)
		goto out;
	parts[0] = (struct iovec){ head.p, head.len };
	parts[1] = (struct iovec){ m->body.p, m->body.len };
	h.msg_iov = parts;
	h.msg_iovlen = 2;
	if ((rc = control_put(m, &control, &h)) != RB_OK)
		goto out;

	do
		r = sendmsg(sock, &h, MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		rc = errno_is_gone(errno) ? RB_EPEER : RB_EIO;
	else
		rc = (size_t)r == HEAD_LEN + m->body.len ? RB_OK : RB_EIO;
out:
	buf_clear(&head);
	return rc;
}

/*
 * Descriptors first: they are ours as soon as they arrived, whatever is
 * wrong with the frame, and leak unless somebody holds them.
 */
static enum rb_err
control_take(struct msghdr *h, struct msg *out)
{
	enum rb_err rc = RB_OK;
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(h); c != NULL; c = CMSG_NXTHDR(h, c)) {
		size_t n, i;
		int fd;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
			rc = RB_EFORMAT;
			continue;
		}
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (msg_add_fd(out, fd) != RB_OK) {
				fd_close(&fd);
				rc = RB_EFORMAT;
			}
		}
	}
	return rc;
}

static enum rb_err
frame_parse(struct span frame, struct msg *out)
{
	struct span body = SPAN_INIT;
	uint16_t type = 0;
	uint32_t len = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u16(&frame, &type)) != RB_OK)
		return rc;
	if ((rc = take_u32(&frame, &len)) != RB_OK)
		return rc;
	if ((rc = span_take(&frame, len, &body)) != RB_OK)
		return rc;
	if ((rc = take_end(frame)) != RB_OK)
		return rc;
	if ((rc = buf_put(&out->body, body)) != RB_OK)
		return rc;
	out->type = type;
	return RB_OK;
}

enum rb_err
msg_recv(int sock, struct msg *m)
{
	union control control;
	struct msghdr h;
	struct iovec part;
	struct msg in;
	enum rb_err rc = RB_EINTERNAL;
	uint8_t *frame = NULL;
	ssize_t r;

	msg_init(&in, 0);
	memset(&h, 0, sizeof(h));
	memset(&control, 0, sizeof(control));
	frame = malloc(FRAME_MAX);
	if (frame == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	part = (struct iovec){ frame, FRAME_MAX };
	h.msg_iov = &part;
	h.msg_iovlen = 1;
	h.msg_control = control.room;
	h.msg_controllen = sizeof(control.room);

	do
		r = recvmsg(sock, &h, MSG_CMSG_CLOEXEC);
	while (r < 0 && errno == EINTR);
	if (r < 0) {
		rc = errno_is_gone(errno) ? RB_EPEER : RB_EIO;
		goto out;
	}
	if ((rc = control_take(&h, &in)) != RB_OK)
		goto out;
	/* An empty datagram looks the same, and is no frame either. */
	if (r == 0) {
		rc = RB_EPEER;
		goto out;
	}
	if ((h.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
		rc = RB_EFORMAT;
		goto out;
	}
	if ((rc = frame_parse(span_of(frame, (size_t)r), &in)) != RB_OK)
		goto out;

	*m = in;
	msg_init(&in, 0); /* now the caller's */
	rc = RB_OK;
out:
	free(frame);
	msg_clear(&in);
	return rc;
}

enum rb_err
msg_call(int sock, const struct msg *question, struct msg *answer)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = msg_send(sock, question)) != RB_OK)
		return rc;
	return msg_recv(sock, answer);
}

static enum rb_err
put_number(struct buf *b, uint64_t v, size_t len)
{
	uint8_t bytes[8];
	size_t i;

	for (i = 0; i < len; i++)
		bytes[i] = (uint8_t)(v >> (8 * (len - 1 - i)));
	return buf_put(b, span_of(bytes, len));
}

static enum rb_err
take_number(struct span *in, size_t len, uint64_t *out)
{
	struct span bytes = SPAN_INIT;
	enum rb_err rc = RB_EINTERNAL;
	uint64_t v = 0;
	size_t i;

	if ((rc = span_take(in, len, &bytes)) != RB_OK)
		return rc;
	for (i = 0; i < len; i++)
		v = v << 8 | bytes.p[i];
	*out = v;
	return RB_OK;
}

enum rb_err
put_u8(struct buf *b, uint8_t v)
{
	return put_number(b, v, 1);
}

enum rb_err
take_u8(struct span *in, uint8_t *out)
{
	enum rb_err rc = RB_EINTERNAL;
	uint64_t v = 0;

	if ((rc = take_number(in, 1, &v)) == RB_OK)
		*out = (uint8_t)v;
	return rc;
}

enum rb_err
put_u16(struct buf *b, uint16_t v)
{
	return put_number(b, v, 2);
}

enum rb_err
take_u16(struct span *in, uint16_t *out)
{
	enum rb_err rc = RB_EINTERNAL;
	uint64_t v = 0;

	if ((rc = take_number(in, 2, &v)) == RB_OK)
		*out = (uint16_t)v;
	return rc;
}

enum rb_err
put_u32(struct buf *b, uint32_t v)
{
	return put_number(b, v, 4);
}

enum rb_err
take_u32(struct span *in, uint32_t *out)
{
	enum rb_err rc = RB_EINTERNAL;
	uint64_t v = 0;

	if ((rc = take_number(in, 4, &v)) == RB_OK)
		*out = (uint32_t)v;
	return rc;
}

enum rb_err
put_u64(struct buf *b, uint64_t v)
{
	return put_number(b, v, 8);
}

enum rb_err
take_u64(struct span *in, uint64_t *out)
{
	return take_number(in, 8, out);
}

enum rb_err
put_digest(struct buf *b, const struct digest *d)
{
	return buf_put(b, digest_span(d));
}

enum rb_err
take_digest(struct span *in, struct digest *out)
{
	struct span bytes = SPAN_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = span_take(in, DIGEST_LEN, &bytes)) == RB_OK)
		memcpy(out->b, bytes.p, DIGEST_LEN);
	return rc;
}

enum rb_err
put_bytes(struct buf *b, struct span s)
{
	enum rb_err rc = RB_EINTERNAL;
	size_t start = b->len;

	if (s.len > UINT32_MAX)
		return RB_ELIMIT;
	if ((rc = put_u32(b, (uint32_t)s.len)) != RB_OK)
		return rc;
	if ((rc = buf_put(b, s)) != RB_OK)
		b->len = start;
	return rc;
}

enum rb_err
take_bytes(struct span *in, size_t max, struct span *out)
{
	struct span rest = *in;
	struct span bytes = SPAN_INIT;
	enum rb_err rc = RB_EINTERNAL;
	uint32_t len = 0;

	if ((rc = take_u32(&rest, &len)) != RB_OK)
		return rc;
	if (len > max)
		return RB_ELIMIT;
	if ((rc = span_take(&rest, len, &bytes)) != RB_OK)
		return rc;
	*in = rest;
	*out = bytes;
	return RB_OK;
}

enum rb_err
put_text(struct buf *b, const char *s)
{
	return put_bytes(b, span_of_str(s));
}

enum rb_err
take_text(struct span *in, size_t max, char **out)
{
	struct span rest = *in;
	struct span text = SPAN_INIT;
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if ((rc = take_bytes(&rest, max, &text)) != RB_OK)
		return rc;
	for (i = 0; i < text.len; i++) {
		if (text.p[i] < 0x20 || text.p[i] == 0x7f)
			return RB_EFORMAT;
	}
	if ((rc = str_dup_span(text, out)) != RB_OK)
		return rc;
	*in = rest;
	return RB_OK;
}

enum rb_err
take_end(struct span in)
{
	return in.len == 0 ? RB_OK : RB_EFORMAT;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/msg.h"

/*
 * What is accepted as a frame is sent again as the same bytes, and every
 * field taken from a body is put again as the same bytes.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool claim)
{
	if (!claim)
		abort();
}

/* Takes one field, chosen by `kind`, and puts it into `out`. */
static enum rb_err
field_again(struct span *in, uint8_t kind, struct buf *out)
{
	struct span bytes = SPAN_INIT;
	struct digest d = DIGEST_INIT;
	enum rb_err rc = RB_EINTERNAL;
	char *text = NULL;
	uint64_t v64 = 0;
	uint32_t v32 = 0;
	uint16_t v16 = 0;
	uint8_t v8 = 0;

	switch (kind % 7) {
	case 0:
		rc = take_u8(in, &v8);
		return rc == RB_OK ? put_u8(out, v8) : rc;
	case 1:
		rc = take_u16(in, &v16);
		return rc == RB_OK ? put_u16(out, v16) : rc;
	case 2:
		rc = take_u32(in, &v32);
		return rc == RB_OK ? put_u32(out, v32) : rc;
	case 3:
		rc = take_u64(in, &v64);
		return rc == RB_OK ? put_u64(out, v64) : rc;
	case 4:
		rc = take_digest(in, &d);
		return rc == RB_OK ? put_digest(out, &d) : rc;
	case 5:
		rc = take_bytes(in, 1000, &bytes);
		return rc == RB_OK ? put_bytes(out, bytes) : rc;
	case 6:
		rc = take_text(in, 1000, &text);
		if (rc == RB_OK)
			rc = put_text(out, text);
		free(text);
		return rc;
	}
	return rc;
}

/* The first byte of each field says what follows. */
static void
try_fields(struct span in)
{
	struct buf out = BUF_INIT;
	uint8_t kind = 0;

	for (;;) {
		struct span before;

		if (take_u8(&in, &kind) != RB_OK)
			break;
		before = in;
		buf_reset(&out);
		if (field_again(&in, kind, &out) != RB_OK) {
			check(span_equal(in, before));
			break;
		}
		check(out.len == before.len - in.len);
		check(span_equal(buf_span(&out), span_of(before.p, out.len)));
	}
	buf_clear(&out);
}

static void
try_frame(struct span in)
{
	static uint8_t again[MSG_BODY_MAX + 7];
	int pair[2] = { -1, -1 };
	struct msg m;

	check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	msg_init(&m, 0);
	if (in.len != 0 && write(pair[0], in.p, in.len) == (ssize_t)in.len &&
	    msg_recv(pair[1], &m) == RB_OK) {
		check(msg_send(pair[1], &m) == RB_OK);
		check(read(pair[0], again, sizeof(again)) == (ssize_t)in.len);
		check(span_equal(span_of(again, in.len), in));
		try_fields(buf_span(&m.body));
	}
	msg_clear(&m);
	fd_close(&pair[0]);
	fd_close(&pair[1]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_frame(span_of(data, size));
	try_fields(span_of(data, size));
	return 0;
}

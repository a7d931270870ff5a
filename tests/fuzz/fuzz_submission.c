/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What rebuilder sends: a frame that is taken holds a statement that is
 * spelled as we would, of our node, and every blob is what its digest says.
 * Two bytes say how long the frame is (big endian); what follows it is the one
 * blob beside it.
 */
#include <stdlib.h>
#include <string.h>

#include "attestor/submission.h"
#include "common/base/file.h"
#include "common/process/frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define CHECK(claim) \
	do { \
		if (!(claim)) \
			abort(); \
	} while (0)

static void
check(const struct submission *s)
{
	struct buf again = BUF_INIT;
	struct digest d;
	size_t i;

	CHECK(statement_write(&s->statement, &again, NULL) == RB_OK);
	CHECK(span_equal(buf_span(&again), buf_span(&s->bytes)));
	CHECK(strcmp(s->statement.builder.node, "rebuilder.example/log") == 0);
	for (i = 0; i < s->nblobs; i++) {
		CHECK(digest_of(buf_span(&s->blobs[i].bytes), &d) == RB_OK);
		CHECK(digest_equal(&d, &s->blobs[i].digest));
	}
	buf_clear(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct submission s;
	struct span rest = span_of(data, len), frame;
	struct msg m;
	uint16_t frame_len;
	int fd = -1;

	if (take_u16(&rest, &frame_len) != RB_OK ||
	    span_take(&rest, frame_len, &frame) != RB_OK)
		return 0;
	msg_init(&m, ATTEST_VERDICT);
	CHECK(buf_put(&m.body, frame) == RB_OK);
	if (rest.len != 0) {
		CHECK(memory_file("blob", rest, &fd) == RB_OK);
		CHECK(msg_add_fd(&m, fd) == RB_OK);
	}
	submission_init(&s);
	if (submission_take(&m, "rebuilder.example/log", &s, NULL) == RB_OK)
		check(&s);
	submission_clear(&s);
	msg_clear(&m);
	return 0;
}

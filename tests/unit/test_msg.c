/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "common/process/msg.h"

static int pair[2] = { -1, -1 };

static int
setup(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
}

static int
teardown(void **state)
{
	(void)state;
	fd_close(&pair[0]);
	fd_close(&pair[1]);
	return 0;
}

static size_t
descriptors_count(void)
{
	size_t n = 0;
	int fd;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Any bytes, with any number of copies of descriptor 0 beside them. */
static void
send_raw(struct span frame, size_t nfds)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int) * 64)];
	} control;
	struct iovec part = { (void *)(uintptr_t)frame.p, frame.len };
	struct msghdr h;
	struct cmsghdr *c;
	int fds[64];

	memset(&h, 0, sizeof(h));
	memset(&control, 0, sizeof(control));
	memset(fds, 0, sizeof(fds));
	h.msg_iov = &part;
	h.msg_iovlen = 1;
	if (nfds != 0) {
		h.msg_control = control.room;
		h.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
		c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * nfds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * nfds);
	}
	assert_int_equal(sendmsg(pair[0], &h, 0), (ssize_t)frame.len);
}

static void
refuses_what_is_no_frame(void **state)
{
	static const struct {
		const char *why;
		struct span frame;
		size_t nfds;
	} cases[] = {
		{ "one byte", SPAN("\x01"), 0 },
		{ "head cut", SPAN("\x00\x01\x00\x00\x00"), 0 },
		{ "body cut", SPAN("\x00\x01\x00\x00\x00\x02x"), 0 },
		{ "body longer", SPAN("\x00\x01\x00\x00\x00\x01xy"), 0 },
		{ "length of all memory", SPAN("\x00\x01\xff\xff\xff\xffxy"),
		    0 },
		{ "little endian", SPAN("\x01\x00\x01\x00\x00\x00x"), 0 },
		{ "descriptors beside nonsense", SPAN("?"), 3 },
		{ "too many descriptors", SPAN("\x00\x01\x00\x00\x00\x00"),
		    17 },
		{ "far too many descriptors", SPAN("\x00\x01\x00\x00\x00\x00"),
		    64 },
	};
	size_t before = descriptors_count();
	struct msg m;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		msg_init(&m, 7);
		send_raw(cases[i].frame, cases[i].nfds);
		if (msg_recv(pair[1], &m) != RB_EFORMAT)
			fail_msg("accepts: %s", cases[i].why);
		assert_int_equal(m.type, 7);
		assert_int_equal(m.nfds, 0);
		/* A sender of nonsense must not fill our table. */
		assert_int_equal(descriptors_count(), before);
	}
}

static void
refuses_a_frame_that_is_too_long(void **state)
{
	uint8_t *big;
	struct msg m;

	(void)state;
	big = calloc(1, MSG_BODY_MAX + 7);
	assert_non_null(big);
	big[3] = 1; /* length 0x010001 */
	big[5] = 1;
	send_raw(span_of(big, MSG_BODY_MAX + 7), 0);
	msg_init(&m, 0);
	assert_int_equal(msg_recv(pair[1], &m), RB_EFORMAT);

	assert_int_equal(buf_put(&m.body, span_of(big, MSG_BODY_MAX + 1)),
	    RB_OK);
	assert_int_equal(msg_send(pair[0], &m), RB_ELIMIT);
	msg_clear(&m);
	free(big);
}

static void
carries_the_longest_body(void **state)
{
	struct msg out, in;
	uint8_t *big;

	(void)state;
	big = malloc(MSG_BODY_MAX);
	assert_non_null(big);
	memset(big, 'b', MSG_BODY_MAX);
	msg_init(&out, 0xfedc);
	msg_init(&in, 0);
	assert_int_equal(buf_put(&out.body, span_of(big, MSG_BODY_MAX)), RB_OK);
	assert_int_equal(msg_send(pair[0], &out), RB_OK);
	assert_int_equal(msg_recv(pair[1], &in), RB_OK);
	assert_int_equal(in.type, 0xfedc);
	assert_true(span_equal(buf_span(&in.body), span_of(big, MSG_BODY_MAX)));
	msg_clear(&out);
	msg_clear(&in);
	free(big);
}

static void
carries_descriptors_in_their_order(void **state)
{
	size_t before = descriptors_count();
	struct msg out, in;
	char byte;
	size_t i;
	int fd;

	(void)state;
	msg_init(&out, 1);
	msg_init(&in, 0);
	for (i = 0; i < MSG_FDS_MAX; i++) {
		byte = (char)('a' + i);
		assert_int_equal(memory_file("t", span_of(&byte, 1), &fd),
		    RB_OK);
		assert_int_equal(msg_add_fd(&out, fd), RB_OK);
	}
	assert_int_equal(msg_add_fd(&out, 0), RB_ELIMIT);
	assert_int_equal(msg_send(pair[0], &out), RB_OK);
	msg_clear(&out);
	assert_int_equal(msg_recv(pair[1], &in), RB_OK);
	assert_int_equal(in.nfds, MSG_FDS_MAX);
	assert_int_equal(in.body.len, 0);
	for (i = 0; i < MSG_FDS_MAX; i++) {
		assert_int_equal(fcntl(in.fds[i], F_GETFD), FD_CLOEXEC);
		assert_int_equal(pread(in.fds[i], &byte, 1, 0), 1);
		assert_int_equal(byte, 'a' + (int)i);
	}

	assert_int_equal(msg_take_fd(&in, 3, &fd), RB_OK);
	assert_int_equal(msg_take_fd(&in, 3, &fd), RB_EFORMAT);
	assert_int_equal(msg_take_fd(&in, MSG_FDS_MAX, &fd), RB_EFORMAT);
	/* A frame with a hole would give the others wrong places. */
	assert_int_equal(msg_send(pair[0], &in), RB_EINTERNAL);
	msg_clear(&in);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	fd_close(&fd);
	assert_int_equal(descriptors_count(), before);
	msg_clear(&in);
}

static void
says_when_the_other_side_is_gone(void **state)
{
	struct msg m;

	(void)state;
	msg_init(&m, 1);
	fd_close(&pair[0]);
	assert_int_equal(msg_send(pair[1], &m), RB_EPEER);
	assert_int_equal(msg_recv(pair[1], &m), RB_EPEER);
	assert_int_equal(msg_recv(-1, &m), RB_EIO);
	assert_int_equal(msg_send(-1, &m), RB_EIO);
	msg_clear(&m);
}

static void
fields_come_back_as_they_went(void **state)
{
	struct buf b = BUF_INIT;
	struct digest d = { { 1, 2, 3 } }, d2 = DIGEST_INIT;
	struct span in, bytes = SPAN_INIT;
	char *text = NULL;
	uint8_t v8 = 0;
	uint16_t v16 = 0;
	uint32_t v32 = 0;
	uint64_t v64 = 0;

	(void)state;
	assert_int_equal(put_u8(&b, 0xfe), RB_OK);
	assert_int_equal(put_u16(&b, 0xfedc), RB_OK);
	assert_int_equal(put_u32(&b, 0xfedcba98), RB_OK);
	assert_int_equal(put_u64(&b, UINT64_C(0xfedcba9876543210)), RB_OK);
	assert_memory_equal(b.p,
	    "\xfe\xfe\xdc\xfe\xdc\xba\x98"
	    "\xfe\xdc\xba\x98\x76\x54\x32\x10",
	    15);
	assert_int_equal(put_digest(&b, &d), RB_OK);
	assert_int_equal(put_bytes(&b, SPAN("\0x")), RB_OK);
	assert_int_equal(put_text(&b, ""), RB_OK);
	assert_int_equal(put_text(&b, "text"), RB_OK);

	in = buf_span(&b);
	assert_int_equal(take_u8(&in, &v8), RB_OK);
	assert_int_equal(take_u16(&in, &v16), RB_OK);
	assert_int_equal(take_u32(&in, &v32), RB_OK);
	assert_int_equal(take_u64(&in, &v64), RB_OK);
	assert_int_equal(v8, 0xfe);
	assert_int_equal(v16, 0xfedc);
	assert_int_equal(v32, 0xfedcba98);
	assert_true(v64 == UINT64_C(0xfedcba9876543210));
	assert_int_equal(take_digest(&in, &d2), RB_OK);
	assert_true(digest_equal(&d, &d2));
	assert_int_equal(take_bytes(&in, 2, &bytes), RB_OK);
	assert_true(span_equal(bytes, SPAN("\0x")));
	assert_int_equal(take_text(&in, 0, &text), RB_OK);
	assert_string_equal(text, "");
	free(text);
	assert_int_equal(take_end(in), RB_EFORMAT);
	assert_int_equal(take_text(&in, 4, &text), RB_OK);
	assert_string_equal(text, "text");
	free(text);
	assert_int_equal(take_end(in), RB_OK);
	buf_clear(&b);
}

static void
a_failed_take_takes_nothing(void **state)
{
	static const struct {
		const char *why;
		struct span in;
		enum rb_err rc;
	} texts[] = {
		{ "no length", SPAN("\0\0\0"), RB_EFORMAT },
		{ "cut", SPAN("\0\0\0\2a"), RB_EFORMAT },
		{ "over the limit", SPAN("\0\0\0\6abcdef"), RB_ELIMIT },
		{ "all memory", SPAN("\xff\xff\xff\xff"), RB_ELIMIT },
		{ "zero byte", SPAN("\0\0\0\1\0"), RB_EFORMAT },
		{ "line feed", SPAN("\0\0\0\2a\n"), RB_EFORMAT },
		{ "escape", SPAN("\0\0\0\2\x1b["), RB_EFORMAT },
		{ "delete", SPAN("\0\0\0\1\x7f"), RB_EFORMAT },
	};
	struct span in;
	struct digest d = DIGEST_INIT;
	char *text = NULL;
	uint64_t v64 = 42;
	uint16_t v16 = 42;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		in = texts[i].in;
		if (take_text(&in, 5, &text) != texts[i].rc)
			fail_msg("accepts: %s", texts[i].why);
		assert_true(span_equal(in, texts[i].in));
		assert_null(text);
	}
	in = SPAN("1234567");
	assert_int_equal(take_u64(&in, &v64), RB_EFORMAT);
	assert_int_equal(take_digest(&in, &d), RB_EFORMAT);
	assert_int_equal(in.len, 7);
	in = SPAN("1");
	assert_int_equal(take_u16(&in, &v16), RB_EFORMAT);
	assert_true(v64 == 42 && v16 == 42);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(refuses_what_is_no_frame, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    refuses_a_frame_that_is_too_long, setup, teardown),
		cmocka_unit_test_setup_teardown(carries_the_longest_body, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    carries_descriptors_in_their_order, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    says_when_the_other_side_is_gone, setup, teardown),
		cmocka_unit_test(fields_come_back_as_they_went),
		cmocka_unit_test(a_failed_take_takes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

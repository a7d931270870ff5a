/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "rebuilder/machine/relay.h"
#include "rebuilder/machine/wire.h"

#define LONG_MS 60000
#define SHORT_MS 50
#define TEXT_MAX (1024 * 1024)

/* One side of a wire, and what is at its other end. */
struct side {
	struct wire wire;
	int to, from; /* the other end's */
	int in, out;
	struct wire_port ports[2]; /* a log that comes, inputs that go */
	int log, inputs;           /* their other ends */
	size_t taken;
};

static enum rb_err
take(void *context, enum wire_channel channel, struct span body)
{
	struct side *s = context;

	if (channel != WIRE_ENDED || !span_equal(body, SPAN("end")))
		return RB_EFORMAT;
	s->taken++;
	return RB_EREFUSED;
}

static void
side_open(struct side *s)
{
	int in[2], out[2], log[2], inputs[2];

	memset(s, 0, sizeof(*s));
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(pipe2(log, O_CLOEXEC), 0);
	assert_int_equal(pipe2(inputs, O_CLOEXEC | O_NONBLOCK), 0);
	s->wire = (struct wire)WIRE_INIT;
	assert_int_equal(wire_open(&s->wire, in[0], out[1]), RB_OK);
	s->in = in[0];
	s->out = out[1];
	s->to = in[1];
	s->from = out[0];
	s->log = log[0];
	s->inputs = inputs[1];
	s->ports[0] =
	    (struct wire_port){ .channel = WIRE_LOG, .fd = log[1], .left = 10 };
	s->ports[1] = (struct wire_port){ .channel = WIRE_INPUTS,
		.is_source = true,
		.fd = inputs[0] };
}

static void
side_close(struct side *s)
{
	wire_clear(&s->wire);
	fd_close(&s->in);
	fd_close(&s->out);
	fd_close(&s->to);
	fd_close(&s->from);
	fd_close(&s->log);
	fd_close(&s->inputs);
	fd_close(&s->ports[0].fd);
	fd_close(&s->ports[1].fd);
}

static enum wire_end
talk(struct side *s, int64_t ms)
{
	struct wire_talk t = { .ports = s->ports,
		.nports = 2,
		.watch = -1,
		.until = clock_now() + ms,
		.take = take,
		.context = s };
	size_t which = 0;

	return wire_talk(&s->wire, &t, &which);
}

static void
expect(int fd, struct span text)
{
	struct buf b = BUF_INIT;

	assert_int_equal(file_read_fd(fd, TEXT_MAX, &b), RB_OK);
	assert_true(span_equal(buf_span(&b), text));
	buf_clear(&b);
}

static void
refuses_what_is_no_frame_of_the_other_side(void **state)
{
	static const struct {
		const char *why;
		struct span bytes;
		enum wire_end end;
	} cases[] = {
		{ "nothing", SPAN(""), WIRE_GONE },
		{ "half a header", SPAN("\5\0\0"), WIRE_GONE },
		{ "half a body", SPAN("\5\0\0\0\2x"), WIRE_GONE },
		{ "longer than frames are", SPAN("\5\0\1\0\1"), WIRE_BROKEN },
		{ "as long as 32 bits can say", SPAN("\5\377\377\377\377"),
		    WIRE_BROKEN },
		{ "no channel", SPAN("\0\0\0\0\0"), WIRE_BROKEN },
		{ "a channel of ours", SPAN("\3\0\0\0\1x"), WIRE_BROKEN },
		{ "an unknown channel", SPAN("\11\0\0\0\1x"), WIRE_BROKEN },
		{ "after its end", SPAN("\5\0\0\0\0\5\0\0\0\1x"), WIRE_BROKEN },
		{ "ended twice", SPAN("\5\0\0\0\0\5\0\0\0\0"), WIRE_BROKEN },
		{ "an end that is none", SPAN("\7\0\0\0\3xxx"), WIRE_BROKEN },
		{ "a log over its limit", SPAN("\5\0\0\0\13abcdefghijk"),
		    WIRE_FULL },
		{ "two of them", SPAN("\5\0\0\0\1a\5\0\0\0\12bcdefghijk"),
		    WIRE_FULL },
	};
	struct side s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum wire_end end;

		side_open(&s);
		assert_int_equal(file_write_fd(s.to, cases[i].bytes), RB_OK);
		fd_close(&s.to);
		end = talk(&s, LONG_MS);
		if (end != cases[i].end)
			fail_msg("%s: %d", cases[i].why, (int)end);
		assert_int_equal(s.taken, 0);
		fd_close(&s.ports[0].fd);
		/* What fits came through. */
		if (end == WIRE_FULL)
			expect(s.log, SPAN("abcdefghij"));
		side_close(&s);
	}
}

static void
ends_in_time(void **state)
{
	struct side s;

	(void)state;
	side_open(&s);
	assert_int_equal(talk(&s, SHORT_MS), WIRE_LATE);
	/* In the middle of a frame, too. */
	assert_int_equal(file_write_fd(s.to, SPAN("\5\0\0")), RB_OK);
	assert_int_equal(talk(&s, SHORT_MS), WIRE_LATE);
	side_close(&s);
}

static void
keeps_frames_whole(void **state)
{
	struct side s;

	(void)state;
	side_open(&s);
	assert_int_equal(file_write_fd(s.to,
			     SPAN("\5\0\0\0\2ab\5\0\0\0\1c\5\0\0\0\0"
				  "\7\0\0\0\3end\5")),
	    RB_OK);
	assert_int_equal(file_write_fd(s.inputs, SPAN("xyz")), RB_OK);
	assert_int_equal(talk(&s, LONG_MS), WIRE_OVER);
	assert_int_equal(s.taken, 1);
	expect(s.log, SPAN("abc"));
	/* What was begun before the end goes out before the next. */
	assert_int_equal(wire_put(&s.wire, WIRE_ENDED, SPAN("ok"),
			     clock_now() + LONG_MS),
	    RB_OK);
	fd_close(&s.out);
	expect(s.from, SPAN("\3\0\0\0\3xyz\7\0\0\0\2ok"));
	side_close(&s);
}

static void
sends_only_what_is_wanted(void **state)
{
	struct side s;

	(void)state;
	side_open(&s);
	s.ports[1].channel = WIRE_LAYER;
	s.ports[1].wanted_by = WIRE_WANT_LAYER;
	assert_int_equal(file_write_fd(s.inputs, SPAN("xyz")), RB_OK);
	assert_int_equal(talk(&s, SHORT_MS), WIRE_LATE);
	assert_int_equal(file_write_fd(s.to, SPAN("\4\0\0\0\0")), RB_OK);
	assert_int_equal(talk(&s, SHORT_MS), WIRE_LATE);
	assert_int_equal(file_write_fd(s.inputs, SPAN("more")), RB_OK);
	assert_int_equal(talk(&s, SHORT_MS), WIRE_LATE);
	fd_close(&s.out);
	expect(s.from, SPAN("\2\0\0\0\3xyz"));
	side_close(&s);
	/* Twice at once is not how that is done. */
	side_open(&s);
	s.ports[1].channel = WIRE_LAYER;
	s.ports[1].wanted_by = WIRE_WANT_LAYER;
	assert_int_equal(file_write_fd(s.to, SPAN("\4\0\0\0\0\4\0\0\0\0")),
	    RB_OK);
	assert_int_equal(talk(&s, SHORT_MS), WIRE_BROKEN);
	side_close(&s);
}

static void
takes_only_what_it_wanted(void **state)
{
	struct side s;

	(void)state;
	side_open(&s);
	s.ports[0].channel = WIRE_LAYER;
	s.ports[0].wanted_by = WIRE_WANT_LAYER;
	fd_close(&s.inputs);
	/* It wants one, which comes, and then the next. */
	assert_int_equal(talk(&s, SHORT_MS), WIRE_LATE);
	assert_int_equal(file_write_fd(s.to, SPAN("\2\0\0\0\2ab")), RB_OK);
	assert_int_equal(talk(&s, SHORT_MS), WIRE_LATE);
	fd_close(&s.out);
	expect(s.from, SPAN("\4\0\0\0\0\3\0\0\0\0\4\0\0\0\0"));
	side_close(&s);
	side_open(&s);
	s.ports[0].channel = WIRE_LAYER;
	s.ports[0].wanted_by = WIRE_WANT_LAYER;
	/* Nobody is there who could want one. */
	fd_close(&s.ports[0].fd);
	assert_int_equal(file_write_fd(s.to, SPAN("\2\0\0\0\2ab")), RB_OK);

	assert_int_equal(talk(&s, LONG_MS), WIRE_BROKEN);
	side_close(&s);
}

static void
goes_on_when_nobody_takes_any_more(void **state)
{
	struct side s;

	(void)state;
	side_open(&s);
	fd_close(&s.log);
	assert_int_equal(file_write_fd(s.to,
			     SPAN("\5\0\0\0\2ab\5\0\0\0\1c\7\0\0\0\3end")),
	    RB_OK);
	assert_int_equal(talk(&s, LONG_MS), WIRE_OVER);
	side_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_no_frame_of_the_other_side),
		cmocka_unit_test(ends_in_time),
		cmocka_unit_test(takes_only_what_it_wanted),
		cmocka_unit_test(sends_only_what_is_wanted),
		cmocka_unit_test(goes_on_when_nobody_takes_any_more),
		cmocka_unit_test(keeps_frames_whole),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
